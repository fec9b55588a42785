//! ID tokens: what must hold of one before anything that it says is believed (OpenID Connect Core, 3.1.3.7).
//!
//! The library verifies the signature, under a key that the issuer published and by the one algorithm that the key is for; it would
//! look at times and audiences by rules and a clock of its own, so these are looked at here.

use std::time::Duration;

use base::{Secret, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

/// What a token may be signed by: nothing that is verified with a secret, and not `none`.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
/// By how much clocks may differ.
const LEEWAY: Duration = Duration::from_mins(1);
/// How old a token may be that answers a state of ours.
const OLDEST: Duration = Duration::from_mins(10);
const LONGEST: usize = 16 * 1024;
/// OpenID Connect Core, section 2.
const LONGEST_SUBJECT: usize = 255;

/// Why a token is not believed. It stands in the log, never what the token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is no signed token of a size that is read")]
    Malformed,
    #[error("it is signed by another algorithm than RS256, PS256, ES256 and EdDSA, or asks for what is not known")]
    Algorithm,
    #[error("no published key verifies it")]
    Signature,
    #[error("it is another issuer's")]
    Issuer,
    #[error("it is for somebody else")]
    Audience,
    #[error("it answers another request")]
    Nonce,
    #[error("it names nobody")]
    Subject,
    #[error("it is out of date, or from the future")]
    Time,
    #[error("it does not say that its subject proved who they are since they were asked")]
    Proof,
}

/// What a token must be.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
    /// Since when its subject must have proven who they are, where that was asked for.
    pub(super) proven_since: Option<Timestamp>,
}

/// A token that nobody has verified, and what it says of how to.
pub(super) struct Unverified<'a> {
    token: &'a Secret<String>,
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl<'a> Unverified<'a> {
    /// Reads which key and algorithm a token asks for.
    pub(super) fn read(token: &'a Secret<String>) -> Result<Self, Refused> {
        if token.expose().len() > LONGEST {
            return Err(Refused::Malformed);
        }
        // An algorithm that the library does not know, `none` for one, is no header.
        let header = jsonwebtoken::decode_header(token.expose()).map_err(|_| Refused::Malformed)?;
        let is_jwt = header.typ.as_ref().is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
        if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() || !is_jwt {
            return Err(Refused::Algorithm);
        }
        Ok(Self { token, algorithm: header.alg, key_id: header.kid })
    }

    /// Whether a key may be the one: for this algorithm, for signatures, and of the name that the token gives.
    pub(super) fn fits(&self, key: &Jwk) -> bool {
        let is_named = self.key_id.as_ref().is_none_or(|wanted| key.common.key_id.as_ref() == Some(wanted));
        is_named && signs_by(key, self.algorithm)
    }

    /// What the token says, if it is what was expected and one of these keys signed it.
    pub(super) fn verify(&self, keys: &[Jwk], expected: &Expected<'_>) -> Result<Map<String, Value>, Refused> {
        let mut validation = Validation::new(self.algorithm);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let signed = keys.iter().filter(|key| self.fits(key)).find_map(|key| {
            let key = DecodingKey::from_jwk(key).ok()?;
            jsonwebtoken::decode::<Map<String, Value>>(self.token.expose(), &key, &validation).ok()
        });
        let claims = signed.ok_or(Refused::Signature)?.claims;
        check(&claims, expected)?;
        Ok(claims)
    }
}

/// Whether a key is for signatures by an algorithm.
fn signs_by(key: &Jwk, algorithm: Algorithm) -> bool {
    let of_kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256) => true,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    let common = &key.common;
    of_kind
        && common.key_algorithm.is_none_or(|own| own == KeyAlgorithm::from(algorithm))
        && common.public_key_use.as_ref().is_none_or(|own| *own == PublicKeyUse::Signature)
}

/// Whether any token that a key signed could be verified.
pub(super) fn is_usable(key: &Jwk) -> bool {
    ALGORITHMS.into_iter().any(|algorithm| signs_by(key, algorithm))
}

fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), Refused> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let holds = |condition: bool, refused: Refused| if condition { Ok(()) } else { Err(refused) };
    holds(text("iss") == Some(expected.issuer), Refused::Issuer)?;
    holds(is_for(claims, expected.client_id), Refused::Audience)?;
    let nonce = text("nonce").unwrap_or_default();
    holds(keys::hash::equal(nonce.as_bytes(), expected.nonce.as_bytes()), Refused::Nonce)?;
    holds(text("sub").is_some_and(|sub| (1..=LONGEST_SUBJECT).contains(&sub.len())), Refused::Subject)?;
    let time = |name: &str| claims.get(name).map(|value| seconds(value).ok_or(Refused::Time)).transpose();
    let (earliest, latest) = (expected.now.minus(LEEWAY), expected.now.plus(LEEWAY));
    holds(time("exp")?.is_some_and(|exp| exp > earliest), Refused::Time)?;
    let oldest = earliest.minus(OLDEST);
    holds(time("iat")?.is_some_and(|iat| iat <= latest && iat >= oldest), Refused::Time)?;
    holds(time("nbf")?.is_none_or(|nbf| nbf <= latest), Refused::Time)?;
    let Some(since) = expected.proven_since else { return Ok(()) };
    let proven = time("auth_time")?.is_some_and(|at| at >= since.minus(LEEWAY) && at <= latest);
    holds(proven, Refused::Proof)
}

/// Whether a token is for this client alone.
fn is_for(claims: &Map<String, Value>, client_id: &str) -> bool {
    let alone = match claims.get("aud") {
        Some(Value::String(audience)) => audience == client_id,
        Some(Value::Array(audiences)) => matches!(audiences.as_slice(), [one] if one.as_str() == Some(client_id)),
        _ => false,
    };
    alone && claims.get("azp").is_none_or(|party| party.as_str() == Some(client_id))
}

/// A time in seconds since 1970, which may have a fraction.
fn seconds(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
    #[allow(clippy::cast_possible_truncation, reason = "it lies within the range")]
    Some(Timestamp::from_seconds(seconds as i64))
}
