//! What an organisation says of a provider: whom it may speak for, and as what.

use std::collections::BTreeSet;

use base::{Code, Personal, Problem, ProblemResult};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::authority::Role;

/// How many of each an organisation may name.
const MOST: usize = 50;
const LONGEST: usize = 200;
/// What is asked for in any case.
const SCOPES: [&str; 3] = ["openid", "email", "profile"];

/// What the organisation says of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Scopes to ask for beside `openid`, `email` and `profile`.
    scopes: Vec<String>,
    /// The domains of addresses that the provider is the authority for: only who has such an address becomes a member by its word, and a
    /// member of this organisation alone is linked by it.
    domains: Vec<String>,
    /// Whether a second factor that the provider says it asked for counts as one here.
    pub(super) trusts_mfa: bool,
    /// The claim that says what a new member may do: its name, or a JSON pointer (`/realm_access/roles`).
    #[schema(required)]
    role_claim: Option<String>,
    /// The first rule whose value the claim has decides.
    role_rules: Vec<RoleRule>,
    /// What a new member may do whom no rule is about; null lets none of them in.
    #[schema(required)]
    default_role: Option<Role>,
}

/// What a new member may do whose claim has a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleRule {
    value: String,
    role: Role,
}

impl Settings {
    /// Brings texts into their one form, and checks what can be.
    ///
    /// # Errors
    /// 422 at the field.
    pub(super) fn checked(mut self) -> ProblemResult<Self> {
        self.domains = self.domains.iter().map(|domain| domain.trim().to_ascii_lowercase()).collect();
        self.role_claim = self.role_claim.map(|claim| claim.trim().to_owned()).filter(|claim| !claim.is_empty());
        check_list("scopes", &self.scopes, "a scope, such as groups", is_scope)?;
        check_list("domains", &self.domains, "a domain, such as example.org", is_domain)?;
        if self.role_claim.as_ref().is_some_and(|claim| claim.len() > LONGEST) {
            return Err(wrong("/settings/role_claim", "give the name of a claim, or a JSON pointer"));
        }
        if self.role_claim.is_none() && !self.role_rules.is_empty() {
            return Err(wrong("/settings/role_claim", "say which claim the rules are about"));
        }
        if self.role_rules.len() > MOST {
            return Err(wrong("/settings/role_rules", format!("give at most {MOST}")));
        }
        for (index, rule) in self.role_rules.iter().enumerate() {
            if rule.value.is_empty() || rule.value.len() > LONGEST {
                return Err(wrong(format!("/settings/role_rules/{index}/value"), "give the value of the claim"));
            }
            if rule.role == Role::Owner {
                return Err(wrong(format!("/settings/role_rules/{index}/role"), NO_OWNERS));
            }
        }
        if self.default_role == Some(Role::Owner) {
            return Err(wrong("/settings/default_role", NO_OWNERS));
        }
        if self.domains.is_empty() && (self.default_role.is_some() || !self.role_rules.is_empty()) {
            return Err(wrong(
                "/settings/domains",
                "name the domains of the addresses with which one becomes a member",
            ));
        }
        Ok(self)
    }

    /// What is asked for.
    pub(super) fn scope(&self) -> String {
        let own = self.scopes.iter().map(String::as_str);
        let mut seen = BTreeSet::new();
        SCOPES.into_iter().chain(own).filter(|scope| seen.insert(*scope)).collect::<Vec<_>>().join(" ")
    }

    /// Whether the provider is the authority for an address.
    pub(super) fn speaks_for(&self, email: &Personal<String>) -> bool {
        let domain = email.open().trim().rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        domain.is_some_and(|domain| self.domains.contains(&domain))
    }

    /// Whether what a new member may do depends on a claim that is not among these.
    pub(super) fn lacks_role_claim(&self, claims: &Map<String, Value>) -> bool {
        self.role_claim.as_ref().is_some_and(|claim| claim_at(claims, claim).is_none())
    }

    /// Whether the rules let somebody in with these claims who works here already. Where there is neither a rule nor a role for
    /// everybody else, they keep nobody out but new members.
    pub(super) fn admits(&self, claims: &Map<String, Value>) -> bool {
        (self.role_rules.is_empty() && self.default_role.is_none()) || self.role_of(claims).is_some()
    }

    /// What a new member with these claims may do; nothing if they are to be refused.
    pub(super) fn role_of(&self, claims: &Map<String, Value>) -> Option<Role> {
        let said = self.role_claim.as_ref().and_then(|claim| claim_at(claims, claim));
        let has = |rule: &&RoleRule| match said {
            Some(Value::String(text)) => *text == rule.value,
            Some(Value::Array(texts)) => texts.iter().any(|text| text.as_str() == Some(rule.value.as_str())),
            _ => false,
        };
        self.role_rules.iter().find(has).map(|rule| rule.role).or(self.default_role)
    }
}

const NO_OWNERS: &str = "owners are made by owners: give another role";

fn claim_at<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    let Some(rest) = name.strip_prefix('/') else { return claims.get(name) };
    let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let mut parts = rest.split('/').map(unescape);
    let first = claims.get(&parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(&part))
}

fn check_list(name: &str, texts: &[String], what: &str, good: fn(&str) -> bool) -> ProblemResult<()> {
    if texts.len() > MOST {
        return Err(wrong(format!("/settings/{name}"), format!("give at most {MOST}")));
    }
    match texts.iter().position(|text| !good(text)) {
        Some(index) => Err(wrong(format!("/settings/{name}/{index}"), format!("give {what}"))),
        None => Ok(()),
    }
}

/// RFC 6749, section 3.3.
fn is_scope(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

fn wrong(pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidValue).field(pointer, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(value: Value) -> Settings {
        let mut whole = json!(Settings::default());
        whole.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    fn claims(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_then_the_default_or_nobody() {
        let mut settings = settings(json!({
            "role_claim": "groups", "role_rules": [{"value": "writers", "role": "editor"}, {"value": "it", "role": "admin"}],
        }));
        let role = |settings: &Settings, value: Value| settings.role_of(&claims(&value));
        assert_eq!(role(&settings, json!({"groups": ["it", "writers"]})), Some(Role::Editor));
        assert_eq!(role(&settings, json!({"groups": "it"})), Some(Role::Admin));
        for other in [json!({}), json!({"groups": []}), json!({"groups": "IT"}), json!({"groups": {"it": true}})] {
            assert_eq!(role(&settings, other), None);
        }
        assert!(settings.admits(&claims(&json!({"groups": "it"}))) && !settings.admits(&claims(&json!({}))));
        settings.default_role = Some(Role::Viewer);
        assert_eq!(role(&settings, json!({"groups": "nothing"})), Some(Role::Viewer));
        assert!(settings.admits(&claims(&json!({}))));
        let by_invitation = Settings::default();
        assert!(role(&by_invitation, json!({})).is_none() && by_invitation.admits(&claims(&json!({}))));
    }

    #[test]
    fn a_claim_is_named_as_it_stands_or_by_a_pointer() {
        let said = claims(&json!({"https://example.org/roles": ["a"], "realm_access": {"roles": ["b"], "x/y": "c"}}));
        assert_eq!(claim_at(&said, "https://example.org/roles"), Some(&json!(["a"])));
        assert_eq!(claim_at(&said, "/realm_access/roles"), Some(&json!(["b"])));
        assert_eq!(claim_at(&said, "/realm_access/x~1y"), Some(&json!("c")));
        assert_eq!(claim_at(&said, "realm_access.roles"), None);
    }

    #[test]
    fn what_cannot_be_is_refused_at_its_field() {
        for (value, pointer) in [
            (json!({"default_role": "owner"}), "/settings/default_role"),
            (
                json!({"role_claim": "g", "role_rules": [{"value": "a", "role": "owner"}]}),
                "/settings/role_rules/0/role",
            ),
            (
                json!({"role_claim": "g", "role_rules": [{"value": "", "role": "viewer"}]}),
                "/settings/role_rules/0/value",
            ),
            (json!({"role_rules": [{"value": "a", "role": "viewer"}]}), "/settings/role_claim"),
            (json!({"domains": ["example.org", "@example.org"]}), "/settings/domains/1"),
            (json!({"domains": ["localhost"]}), "/settings/domains/0"),
            (json!({"scopes": ["two words"]}), "/settings/scopes/0"),
            (json!({"default_role": "viewer"}), "/settings/domains"),
            (json!({"role_claim": "g", "role_rules": [{"value": "a", "role": "viewer"}]}), "/settings/domains"),
        ] {
            let refused = settings(value).checked().unwrap_err();
            assert_eq!(refused.errors[0].pointer, pointer);
        }
        let good = settings(json!({"domains": [" Example.ORG "], "scopes": ["groups", "email"]})).checked().unwrap();
        assert_eq!(good.scope(), "openid email profile groups");
        assert!(good.speaks_for(&Personal::new("Ana@EXAMPLE.org".to_owned())));
        assert!(!good.speaks_for(&Personal::new("ana@sub.example.org".to_owned())));
        assert!(!good.speaks_for(&Personal::new("ana@evil.org@example.org.evil".to_owned())));
    }
}
