//! Where the keys of parts come from.

use std::io;
use std::path::Path;

use base::Secret;
use base::id::EnvironmentId;
use keys::{KeyError, KeyKind, KeySet, Owner};

use super::format::{KeyNote, Sealed};
use super::manifest::MANIFEST;
use crate::disk;

/// An environment's keys in versions: `part` seals the keys of part files, `dictionary` the manifest with its names.
///
/// Called from blocking threads: when a file is begun or opened, never per event.
pub trait PartKeys: Send + Sync + 'static {
    /// The version that new files are sealed under, and its key.
    fn primary(&self, kind: KeyKind, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), PartKeyError>;

    /// The key of one version.
    fn version(
        &self,
        kind: KeyKind,
        environment: EnvironmentId,
        version: u32,
    ) -> Result<Secret<[u8; 32]>, PartKeyError>;
}

/// The key is not to be had; says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no key for the parts: {0}")]
pub struct PartKeyError(pub String);

impl From<KeyError> for PartKeyError {
    fn from(error: KeyError) -> Self {
        Self(error.to_string())
    }
}

impl PartKeys for KeySet {
    fn primary(&self, kind: KeyKind, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), PartKeyError> {
        Ok(Self::primary(self, kind, Owner::Environment(environment))?)
    }

    fn version(
        &self,
        kind: KeyKind,
        environment: EnvironmentId,
        version: u32,
    ) -> Result<Secret<[u8; 32]>, PartKeyError> {
        Ok(Self::version(self, kind, Owner::Environment(environment), version)?)
    }
}

/// How many files of an environment's parts in this data folder are sealed under this version of its `part` or
/// `dictionary` key.
pub fn parts_sealed_with(data: &Path, kind: KeyKind, environment: EnvironmentId, version: u32) -> io::Result<u64> {
    let folder = super::folder(data, environment);
    let mut sealed = 0;
    for name in disk::names(&folder)? {
        let path = folder.join(&name);
        let found = match kind {
            KeyKind::Part if name.ends_with(super::SUFFIX) => KeyNote::of_file(&path)?.map(|note| note.key_version),
            KeyKind::Dictionary if name.starts_with(MANIFEST) => Sealed::key_version_of(&path)?,
            _ => None,
        };
        sealed += u64::from(found == Some(version));
    }
    Ok(sealed)
}
