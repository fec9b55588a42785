//! AES-256-GCM over bytes, nothing more: the one place of this crate that touches the cipher.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base::Secret;

/// Bytes of a nonce.
pub(crate) const NONCE: usize = 12;
/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// The bytes were not made with this key, nonce and context, or were changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("does not authenticate")]
pub(crate) struct Unauthentic;

/// A key that seals and opens. The caller guarantees that no nonce is used twice.
pub(crate) struct Key(LessSafeKey);

impl Key {
    pub(crate) fn new(key: &Secret<[u8; 32]>) -> Result<Self, Unauthentic> {
        UnboundKey::new(&AES_256_GCM, key.expose()).map(|key| Self(LessSafeKey::new(key))).map_err(|_| Unauthentic)
    }

    /// Turns `buffer[from..]` into its ciphertext and appends the tag.
    pub(crate) fn seal_tail(
        &self,
        nonce: [u8; NONCE],
        context: &[u8],
        buffer: &mut Vec<u8>,
        from: usize,
    ) -> Result<(), Unauthentic> {
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut buffer[from..])
            .map_err(|_| Unauthentic)?;
        buffer.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// The plaintext of ciphertext and tag.
    pub(crate) fn open(&self, nonce: [u8; NONCE], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unauthentic> {
        let mut buffer = sealed.to_vec();
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut buffer)
            .map_err(|_| Unauthentic)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}
