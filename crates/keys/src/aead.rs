//! AES-256-GCM, and authenticated data that can be read in one way only.
//!
//! [`seal`] draws a random nonce; a key that seals more than 2^32 values that way must be replaced first. Whoever
//! seals without end under one key (the event log) takes [`AeadKey`] and counts nonces itself.

use crate::SecretKey;
use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, Nonce, UnboundKey};
use base::{Rng, Secret};

/// Bytes of a nonce.
pub const NONCE_LEN: usize = 12;
/// Bytes of an authentication tag.
pub const TAG_LEN: usize = 16;
/// By how much [`seal`] makes a value longer.
pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// The bytes were not sealed with this key and this authenticated data, or were changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed bytes do not open: wrong key, wrong context, or changed bytes")]
pub struct OpenError;

/// Authenticated data: a label that names the use, then fields, each preceded by its length (u32, big endian), so
/// that no two lists of fields make the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aad(Vec<u8>);

impl Aad {
    /// Starts with the label of this use; give every use its own, as `pilotfish/log-frame/v1`.
    pub fn new(label: &str) -> Self {
        Self(Vec::with_capacity(96)).text(label)
    }

    /// Adds a field of bytes.
    ///
    /// # Panics
    /// If the field has 4 GiB or more.
    #[must_use]
    pub fn bytes(mut self, field: &[u8]) -> Self {
        let Ok(length) = u32::try_from(field.len()) else { panic!("a field of authenticated data is too long") };
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(field);
        self
    }

    /// Adds a field of text.
    #[must_use]
    pub fn text(self, field: &str) -> Self {
        self.bytes(field.as_bytes())
    }

    /// Adds a number as 1 byte.
    #[must_use]
    pub fn u8(self, field: u8) -> Self {
        self.bytes(&[field])
    }

    /// Adds a number as 4 bytes, big endian.
    #[must_use]
    pub fn u32(self, field: u32) -> Self {
        self.bytes(&field.to_be_bytes())
    }

    /// Adds a number as 8 bytes, big endian.
    #[must_use]
    pub fn u64(self, field: u64) -> Self {
        self.bytes(&field.to_be_bytes())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A key made ready, for whoever seals often.
pub struct AeadKey(LessSafeKey);

impl std::fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl AeadKey {
    /// Makes a key ready.
    ///
    /// # Panics
    /// Never: the key has the length that the cipher wants.
    pub fn new(key: &SecretKey) -> Self {
        let Ok(key) = UnboundKey::new(&AES_256_GCM, key.expose()) else { panic!("AES-256 takes 32 bytes") };
        Self(LessSafeKey::new(key))
    }

    /// Encrypts in place and appends the tag. A nonce must never be used twice under one key.
    ///
    /// # Panics
    /// If the value has 64 GiB or more.
    pub fn seal_with_nonce(&self, nonce: [u8; NONCE_LEN], aad: &Aad, value: &mut Vec<u8>) {
        let tag = self.seal_in_place(nonce, aad, value);
        value.extend_from_slice(&tag);
    }

    /// Encrypts a part of a larger buffer in place and returns the tag. A nonce must never be used twice under one key.
    ///
    /// # Panics
    /// If the value has 64 GiB or more.
    pub fn seal_in_place(&self, nonce: [u8; NONCE_LEN], aad: &Aad, value: &mut [u8]) -> [u8; TAG_LEN] {
        let aad = aws_lc_rs::aead::Aad::from(aad.as_bytes());
        let sealed = self.0.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, value);
        let Ok(tag) = sealed else { panic!("a value is too long to be sealed") };
        let mut bytes = [0; TAG_LEN];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Opens ciphertext and tag in place; the value is what is returned.
    pub fn open_with_nonce<'b>(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &Aad,
        sealed: &'b mut [u8],
    ) -> Result<&'b mut [u8], OpenError> {
        let aad = aws_lc_rs::aead::Aad::from(aad.as_bytes());
        self.0.open_in_place(Nonce::assume_unique_for_key(nonce), aad, sealed).map_err(|_| OpenError)
    }

    /// As [`seal`].
    pub fn seal(&self, aad: &Aad, plain: &[u8], rng: &dyn Rng) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = rng.bytes();
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self.seal_in_place(nonce, aad, &mut sealed[NONCE_LEN..]);
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// As [`open`].
    pub fn open(&self, aad: &Aad, sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(OpenError)?;
        let mut plain = rest.to_vec();
        let length = self.open_with_nonce(*nonce, aad, &mut plain)?.len();
        plain.truncate(length);
        Ok(Secret::new(plain))
    }
}

/// Seals a value under a random nonce: nonce (12) ‖ ciphertext ‖ tag (16).
pub fn seal(key: &SecretKey, aad: &Aad, plain: &[u8], rng: &dyn Rng) -> Vec<u8> {
    AeadKey::new(key).seal(aad, plain, rng)
}

/// Opens what [`seal`] made with the same key and authenticated data.
pub fn open(key: &SecretKey, aad: &Aad, sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
    AeadKey::new(key).open(aad, sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededRng;
    use proptest::prelude::*;

    fn key() -> SecretKey {
        Secret::new([7; 32])
    }

    #[test]
    fn fields_cannot_be_moved_over_their_border() {
        assert_ne!(Aad::new("a").text("bc").text("d"), Aad::new("a").text("b").text("cd"));
        assert_ne!(Aad::new("ab").text("c"), Aad::new("a").text("bc"));
        assert_ne!(Aad::new("a").text("").text("b"), Aad::new("a").text("b").text(""));
    }

    #[test]
    fn a_counted_nonce_opens_in_place() {
        let (key, aad) = (AeadKey::new(&key()), Aad::new("test"));
        let mut value = b"frame".to_vec();
        key.seal_with_nonce([1; 12], &aad, &mut value);
        assert_eq!(value.len(), 5 + TAG_LEN);
        assert_eq!(key.open_with_nonce([2; 12], &aad, &mut value.clone()), Err(OpenError));
        assert_eq!(key.open_with_nonce([1; 12], &aad, &mut value).unwrap(), b"frame");
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_no_flipped_bit_does(plain: Vec<u8>, seed: u64, at: prop::sample::Index, bit in 0_u8..8) {
            let aad = Aad::new("test").text("field");
            let mut sealed = seal(&key(), &aad, &plain, &SeededRng::new(seed));
            let opened = open(&key(), &aad, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plain);
            prop_assert!(open(&key(), &Aad::new("test").text("other"), &sealed).is_err());
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&key(), &aad, &sealed).is_err());
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            prop_assert!(open(&key(), &Aad::new("test"), &bytes).is_err());
        }
    }
}
