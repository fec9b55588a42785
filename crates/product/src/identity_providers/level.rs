//! What a provider says of how somebody proved who they are, where the organisation trusts it with that: `amr` (RFC 8176) and
//! `acr`.

use serde_json::{Map, Value};

use crate::sessions::Level;

/// More than one factor.
const MFA: [&str; 3] =
    ["mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor", "https://refeds.org/profile/mfa"];
/// What cannot be given to a forged page (OpenID Connect Extended Authentication Profile).
const PHISHING_RESISTANT: [&str; 2] = ["phr", "phrh"];

/// The level of a session that begins with these claims.
pub(super) fn of(claims: &Map<String, Value>, trusted: bool) -> Level {
    let methods = claims.get("amr").and_then(Value::as_array).into_iter().flatten();
    let said: Vec<&str> = methods.chain(claims.get("acr")).filter_map(Value::as_str).collect();
    let says = |wanted: &[&str]| said.iter().any(|one| wanted.contains(one));
    if trusted && says(&PHISHING_RESISTANT) {
        Level::PhishingResistant
    } else if trusted && says(&MFA) {
        Level::Mfa
    } else {
        Level::Password
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_second_factor_counts_if_the_provider_says_so_and_is_trusted_with_it() {
        let level = |value: Value, trusted| of(value.as_object().unwrap(), trusted);
        for (claims, expected) in [
            (json!({"amr": ["pwd", "mfa"]}), Level::Mfa),
            (json!({"acr": "https://refeds.org/profile/mfa"}), Level::Mfa),
            (json!({"acr": "phr"}), Level::PhishingResistant),
            (json!({"amr": ["phrh", "mfa"]}), Level::PhishingResistant),
            (json!({"amr": ["pwd"]}), Level::Password),
            (json!({"amr": "mfa"}), Level::Password),
            (json!({"acr": "1"}), Level::Password),
            (json!({}), Level::Password),
        ] {
            assert_eq!(level(claims.clone(), true), expected, "{claims}");
            assert_eq!(level(claims, false), Level::Password);
        }
    }
}
