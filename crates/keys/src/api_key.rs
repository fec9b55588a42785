//! API keys as text, and random tokens.
//!
//! A key is `pfe_`, `pfs_` or `pfk_` and 56 characters of base 32 (RFC 4648's alphabet in lower case, no padding): 32
//! random bytes, then 3 bytes of checksum, so that a mistyped or cut key is refused without a look-up and a scanner
//! for leaked secrets can tell a real one. The checksum is the beginning of SHA-256 (label ‖ prefix ‖ random bytes).

use crate::SecretKey;
use crate::aead::Aad;
use crate::hash;
use aws_lc_rs::digest;
use base::{Rng, Secret};
use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;
use zeroize::Zeroize;

const CHECKSUM_LEN: usize = 3;
const TEXT_LEN: usize = 4 + 56;
const HINT_LEN: usize = 4 + 6;
const CHECKSUM_LABEL: &[u8] = b"pilotfish/api-key/v1";

#[allow(clippy::expect_used, reason = "a constant specification, made whole by every test of this module")]
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().expect("a valid alphabet")
});

/// Whose key it is, and so which door takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiKeyKind {
    /// An environment's key in a browser, public: edge.
    Browser,
    /// An environment's key on a server, secret: edge.
    Server,
    /// A key of the REST api.
    Api,
}

impl ApiKeyKind {
    /// What the text starts with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Browser => "pfe_",
            Self::Server => "pfs_",
            Self::Api => "pfk_",
        }
    }
}

/// Not the text of an API key: another shape, or its checksum does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an api key, or mistyped")]
pub struct ApiKeyError;

/// An API key in clear.
pub struct ApiKey {
    kind: ApiKeyKind,
    random: SecretKey,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[secret]", self.kind.prefix())
    }
}

impl ApiKey {
    /// A new random key.
    pub fn generate(kind: ApiKeyKind, rng: &dyn Rng) -> Self {
        Self { kind, random: Secret::new(rng.bytes()) }
    }

    /// Reads a key that somebody sent.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        if text.len() != TEXT_LEN {
            return Err(ApiKeyError);
        }
        let kinds = [ApiKeyKind::Browser, ApiKeyKind::Server, ApiKeyKind::Api];
        let kind = kinds.into_iter().find(|kind| text.starts_with(kind.prefix())).ok_or(ApiKeyError)?;
        let bytes = BASE32.decode(&text.as_bytes()[4..]).map(Secret::new).map_err(|_| ApiKeyError)?;
        let (random, sum) = bytes.expose().split_first_chunk::<32>().ok_or(ApiKeyError)?;
        if !hash::equal(sum, &checksum(kind, random)) {
            return Err(ApiKeyError);
        }
        Ok(Self { kind, random: Secret::new(*random) })
    }

    /// Which kind it is.
    pub fn kind(&self) -> ApiKeyKind {
        self.kind
    }

    /// The text, to be shown once.
    pub fn text(&self) -> Secret<String> {
        let mut bytes = [0; 32 + CHECKSUM_LEN];
        bytes[..32].copy_from_slice(self.random.expose());
        bytes[32..].copy_from_slice(&checksum(self.kind, self.random.expose()));
        let mut text = String::with_capacity(TEXT_LEN);
        text.push_str(self.kind.prefix());
        BASE32.encode_append(&bytes, &mut text);
        bytes.zeroize();
        Secret::new(text)
    }

    /// The beginning of the text, by which people know a key again: prefix and 6 characters.
    pub fn hint(&self) -> String {
        self.text().expose()[..HINT_LEN].to_owned()
    }

    /// The key as it is stored and looked up: `key` is the API-key hashing key.
    pub fn hash(&self, key: &SecretKey) -> [u8; 32] {
        let fields = Aad::new("pilotfish/api-key-hash/v1").text(self.kind.prefix()).bytes(self.random.expose());
        hash::keyed(key, &fields)
    }
}

fn checksum(kind: ApiKeyKind, random: &[u8; 32]) -> [u8; CHECKSUM_LEN] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(CHECKSUM_LABEL);
    context.update(kind.prefix().as_bytes());
    context.update(random);
    let mut sum = [0; CHECKSUM_LEN];
    sum.copy_from_slice(&context.finish().as_ref()[..CHECKSUM_LEN]);
    sum
}

/// A random token of 256 bits as 52 characters, for sessions, devices and one-time links.
pub fn random_token(rng: &dyn Rng) -> Secret<String> {
    let bytes: SecretKey = Secret::new(rng.bytes());
    Secret::new(BASE32.encode(bytes.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededRng;
    use proptest::prelude::*;

    #[test]
    fn a_key_reads_back_and_a_mistyped_one_does_not() {
        for kind in [ApiKeyKind::Browser, ApiKeyKind::Server, ApiKeyKind::Api] {
            let key = ApiKey::generate(kind, &SeededRng::new(1));
            let text = key.text().expose().clone();
            assert_eq!(text.len(), 60);
            let hashing = Secret::new([1; 32]);
            let read = ApiKey::parse(&text).unwrap();
            assert_eq!((read.kind(), read.hash(&hashing)), (kind, key.hash(&hashing)));
            for at in 0..text.len() {
                let mut wrong = text.clone().into_bytes();
                wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
                assert!(ApiKey::parse(std::str::from_utf8(&wrong).unwrap()).is_err(), "position {at}");
            }
            assert!(ApiKey::parse(&text[..59]).is_err());
            assert!(ApiKey::parse(&format!("{text}a")).is_err());
        }
    }

    #[test]
    fn the_same_bytes_as_another_kind_have_another_hash() {
        let hash = |kind| ApiKey::generate(kind, &SeededRng::new(1)).hash(&Secret::new([1; 32]));
        assert_ne!(hash(ApiKeyKind::Browser), hash(ApiKeyKind::Server));
    }

    #[test]
    fn a_key_does_not_print() {
        let key = ApiKey::generate(ApiKeyKind::Api, &SeededRng::new(1));
        assert_eq!(format!("{key:?}"), "pfk_[secret]");
        assert!(key.text().expose().starts_with(&key.hint()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(pf[esk]_)?\\PC{0,60}") {
            prop_assert!(ApiKey::parse(&text).is_err());
        }
    }
}
