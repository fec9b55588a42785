//! Values sealed under a key of the key set: version of the key (u32, big endian), then nonce, ciphertext and tag.
//! What belongs to a person or company is sealed to that person's own key instead.

use base::{ProblemResult, Secret};
use keys::{Aad, KeyKind, Owner, aead};

use crate::App;
use crate::problem::internal;

/// The version does not stand in these bytes, or they do not open.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value does not open")]
struct Broken;

/// Seals a value under the newest key of a kind and owner.
pub(crate) fn seal(app: &App, kind: KeyKind, owner: Owner, context: &Aad, value: &[u8]) -> ProblemResult<Vec<u8>> {
    let (version, key) = app.keys.primary(kind, owner).map_err(internal)?;
    let mut sealed = version.to_be_bytes().to_vec();
    sealed.extend(aead::seal(&key, context, value, app.rng.as_ref()));
    Ok(sealed)
}

/// The version of the key that a value is sealed under.
pub(crate) fn version_of(sealed: &[u8]) -> Option<u32> {
    sealed.first_chunk().map(|version| u32::from_be_bytes(*version))
}

/// Opens a value that [`seal`] made.
pub(crate) fn open(
    app: &App,
    kind: KeyKind,
    owner: Owner,
    context: &Aad,
    sealed: &[u8],
) -> ProblemResult<Secret<Vec<u8>>> {
    let (version, rest) = sealed.split_first_chunk::<4>().ok_or_else(|| internal(Broken))?;
    let key = app.keys.version(kind, owner, u32::from_be_bytes(*version)).map_err(internal)?;
    aead::open(&key, context, rest).map_err(internal)
}

/// As [`open`], for text.
pub(crate) fn open_text(app: &App, kind: KeyKind, owner: Owner, context: &Aad, sealed: &[u8]) -> ProblemResult<String> {
    let bytes = open(app, kind, owner, context, sealed)?;
    String::from_utf8(bytes.expose().clone()).map_err(|_| internal(Broken))
}
