//! What is found by a keyed hash, while its hashing key turns: a look asks for the hash under every version at once, and
//! whoever finds an older one writes the newest in its place.

use base::ProblemResult;
use keys::{KeyKind, Owner, SecretKey};

use crate::App;
use crate::problem::internal;

/// One value's hashes under every version of an installation's key.
pub(crate) struct Hashes<const N: usize> {
    /// The primary version.
    pub(crate) version: u32,
    /// The hash under it.
    pub(crate) primary: [u8; N],
    /// The hashes under all versions, newest first.
    pub(crate) all: Vec<[u8; N]>,
}

impl<const N: usize> Hashes<N> {
    /// Hashes a value under every version.
    pub(crate) fn of(app: &App, kind: KeyKind, hash: impl Fn(&SecretKey) -> [u8; N]) -> ProblemResult<Self> {
        let (version, key) = app.keys.primary(kind, Owner::Installation).map_err(internal)?;
        let usable = app.keys.usable(kind, Owner::Installation).map_err(internal)?;
        Ok(Self { version, primary: hash(&key), all: usable.iter().map(|(_, key)| hash(key)).collect() })
    }
}
