//! Keyed hashes: blind indexes, message ids, API keys, tokens, addresses.
//!
//! All are HMAC-SHA256 over a label and length-prefixed fields ([`Aad`]), so that no hash of one use or place is ever
//! one of another. Blind indexes, message ids and addresses are cut to 16 bytes.

use crate::SecretKey;
use crate::aead::Aad;
use aws_lc_rs::{constant_time, digest, hmac};
use base::id::EnvironmentId;
use std::net::IpAddr;

/// Namespaces of blind indexes. An attribute's is `attribute:` and its name.
pub mod namespace {
    /// The customer's id of a person.
    pub const EXTERNAL_ID: &str = "external_id";
    /// The customer's id of a company.
    pub const COMPANY_ID: &str = "company_id";
    /// A browser's device credential.
    pub const ANONYMOUS_ID: &str = "anonymous_id";
    /// An e-mail address, normalised by [`normalised_email`](super::normalised_email).
    pub const EMAIL: &str = "email";
}

/// A key that is made ready once for many hashes, which halves what each of them takes.
pub struct Hasher(hmac::Key);

impl Hasher {
    /// Makes a key ready.
    pub fn new(key: &SecretKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// HMAC-SHA256 of labelled fields, for uses that have no function of their own here.
    pub fn keyed(&self, fields: &Aad) -> [u8; 32] {
        let tag = hmac::sign(&self.0, fields.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    fn keyed_16(&self, fields: &Aad) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.keyed(fields)[..16]);
        bytes
    }

    /// By what a value is found without being stored: the key is the environment's index key.
    pub fn blind_index(&self, namespace: &str, value: &str) -> [u8; 16] {
        self.keyed_16(&Aad::new("pilotfish/blind-index/v1").text(namespace).text(value))
    }

    /// By what a repeated message is recognised: the key is the environment's message hash key.
    pub fn message_hash(&self, environment: EnvironmentId, message_id: &str) -> [u8; 16] {
        self.keyed_16(&Aad::new("pilotfish/message-hash/v1").bytes(&environment.bytes()).text(message_id))
    }
}

/// As [`Hasher::keyed`], once.
pub fn keyed(key: &SecretKey, fields: &Aad) -> [u8; 32] {
    Hasher::new(key).keyed(fields)
}

/// An e-mail address as it is indexed: without white space around it, in lower case.
pub fn normalised_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A session's, device's or one-time token as it is stored: `key` is the session key, `purpose` names the use.
pub fn token_hash(key: &SecretKey, purpose: &str, token: &str) -> [u8; 32] {
    keyed(key, &Aad::new("pilotfish/token-hash/v1").text(purpose).text(token))
}

/// A recovery code as it is stored: without a key, since its 80 random bits cannot be guessed and it may lie for years.
pub fn recovery_code_hash(member: &[u8], code: &str) -> [u8; 32] {
    let fields = Aad::new("pilotfish/recovery-code/v1").bytes(member).text(code);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, fields.as_bytes()).as_ref());
    bytes
}

/// Where a member signed in from, as it is kept: the prefix only (/24 of IPv4, /48 of IPv6), hashed.
pub fn address_hash(key: &SecretKey, address: IpAddr) -> [u8; 16] {
    let aad = Aad::new("pilotfish/address-hash/v1");
    let fields = match address.to_canonical() {
        IpAddr::V4(address) => aad.u8(4).bytes(&address.octets()[..3]),
        IpAddr::V6(address) => aad.u8(6).bytes(&address.octets()[..6]),
    };
    Hasher::new(key).keyed_16(&fields)
}

/// Compares without telling by its time where the difference is.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Secret;

    #[test]
    fn a_hash_belongs_to_its_use_and_place() {
        let key = Secret::new([1; 32]);
        let index = Hasher::new(&key).blind_index(namespace::EMAIL, "ana@example.org");
        assert_ne!(index, Hasher::new(&key).blind_index(namespace::EXTERNAL_ID, "ana@example.org"));
        assert_ne!(index, Hasher::new(&Secret::new([2; 32])).blind_index(namespace::EMAIL, "ana@example.org"));
        assert_ne!(Hasher::new(&key).blind_index("a", "bc"), Hasher::new(&key).blind_index("ab", "c"));
        assert_ne!(token_hash(&key, "session", "t"), token_hash(&key, "device", "t"));
    }

    #[test]
    fn an_email_is_found_however_it_was_written() {
        assert_eq!(normalised_email(" Ana@Example.ORG "), "ana@example.org");
    }

    #[test]
    fn addresses_of_one_prefix_are_one() {
        let hash = |text: &str| address_hash(&Secret::new([1; 32]), text.parse().unwrap());
        assert_eq!(hash("192.0.2.1"), hash("192.0.2.200"));
        assert_eq!(hash("192.0.2.1"), hash("::ffff:192.0.2.9"));
        assert_ne!(hash("192.0.2.1"), hash("192.0.3.1"));
        assert_eq!(hash("2001:db8:1::1"), hash("2001:db8:1:ffff::1"));
        assert_ne!(hash("2001:db8:1::1"), hash("2001:db8:2::1"));
    }

    #[test]
    fn only_equal_bytes_are_equal() {
        assert!(equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"abd"));
        assert!(!equal(b"abc", b"abcd"));
    }
}
