//! The root key file as this process knows it: read again whenever it is another file than the one that was read, so that
//! every process which shares the provider wraps under the newest version and knows all of them.
//!
//! A change is a new file that takes the old one's place whole; the old one's bytes are then overwritten. Whoever changes
//! it holds the lock of the folder of erasable keys.

use super::{checks, root_key};
use crate::provider::file::root_key::RootKeys;
use crate::provider::{ProviderError, RootVersion};
use crate::{KeyState, SecretKey};
use base::Rng;
use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Where the root key's versions are.
pub(super) enum Root {
    /// In a file.
    File(RootFile),
    /// With somebody else.
    Held(HeldRoot),
}

/// The versions of a root key that another provider keeps, as it knows them. Copies show the same.
#[derive(Clone)]
pub struct HeldRoot(Arc<RwLock<Arc<RootKeys>>>);

impl HeldRoot {
    /// Shows these.
    pub fn new(keys: RootKeys) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(keys))))
    }

    /// Shows others from now on.
    pub fn set(&self, keys: RootKeys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Every version, oldest first.
    pub fn versions(&self) -> Vec<RootVersion> {
        self.current().versions()
    }

    /// The version to wrap with.
    pub fn primary(&self) -> RootVersion {
        self.current().primary().0
    }

    fn current(&self) -> Arc<RootKeys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Root {
    /// The versions as they are now.
    pub(super) fn current(&self) -> Result<Arc<RootKeys>, ProviderError> {
        match self {
            Self::File(file) => file.current(),
            Self::Held(held) => Ok(held.current()),
        }
    }

    /// The key of a version, unless it was destroyed.
    pub(super) fn version(&self, number: u32, provider: impl Fn() -> String) -> Result<SecretKey, ProviderError> {
        let known = match self {
            Self::File(file) => file.known().0,
            Self::Held(held) => held.current(),
        };
        let keys = if known.version(number).is_some() { known } else { self.current()? };
        match keys.version(number) {
            Some((KeyState::Destroyed, _)) => Err(ProviderError::RootVersionDestroyed { version: number }),
            Some((_, Some(key))) => Ok(key.clone()),
            _ => Err(ProviderError::UnknownRootVersion { provider: provider(), version: number }),
        }
    }

    /// Puts other versions in the file's place. The caller holds the lock. Whoever keeps the root key elsewhere changes it there.
    pub(super) fn replace(&self, keys: &RootKeys, folder: &Path, rng: &dyn Rng) -> Result<(), ProviderError> {
        match self {
            Self::File(file) => file.replace(keys, rng),
            Self::Held(_) => {
                let source =
                    std::io::Error::new(ErrorKind::Unsupported, "the root key of this folder is kept elsewhere");
                Err(ProviderError::Io { path: folder.to_owned(), source })
            }
        }
    }
}

/// The file, and what was read of it last.
pub(super) struct RootFile {
    path: PathBuf,
    read: RwLock<Read>,
}

struct Read {
    stamp: Stamp,
    keys: Arc<RootKeys>,
}

/// Tells one file from another that took its place.
type Stamp = (u64, u64, u64, i64, i64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

impl RootFile {
    /// Reads the file, or says why it must not be used.
    pub(super) fn open(path: &Path) -> Result<Self, ProviderError> {
        Ok(Self { path: path.to_owned(), read: RwLock::new(read(path)?) })
    }

    /// What the file holds now. Of a file that is gone: what it held.
    fn current(&self) -> Result<Arc<RootKeys>, ProviderError> {
        let now = std::fs::metadata(&self.path).ok().map(|metadata| stamp(&metadata));
        let known = self.known();
        if now.is_none_or(|now| now == known.1) {
            return Ok(known.0);
        }
        // Its bytes may have been overwritten under our eyes, since another one took its place.
        let read = read(&self.path).or_else(|_| read(&self.path))?;
        let keys = Arc::clone(&read.keys);
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(keys)
    }

    /// Puts other versions in the file's place. The caller holds the lock.
    fn replace(&self, keys: &RootKeys, rng: &dyn Rng) -> Result<(), ProviderError> {
        // What a symbolic link names is replaced, not the link.
        let failed = |source| ProviderError::Io { path: self.path.clone(), source };
        let path = self.path.canonicalize().map_err(failed)?;
        checks::remove_drafts(&path)?;
        checks::replace(&path, keys.text().expose().as_bytes(), rng)?;
        self.current().map(drop)
    }

    fn known(&self) -> (Arc<RootKeys>, Stamp) {
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&read.keys), read.stamp)
    }
}

fn read(path: &Path) -> Result<Read, ProviderError> {
    let file: File = checks::open_private(path)?.ok_or_else(|| ProviderError::Missing { path: path.to_owned() })?;
    let stamp = stamp(&file.metadata().map_err(|source| ProviderError::Io { path: path.to_owned(), source })?);
    let text = root_key::read(file, path)?;
    let keys =
        RootKeys::parse(text.expose()).map_err(|reason| ProviderError::Malformed { path: path.to_owned(), reason })?;
    Ok(Read { stamp, keys: Arc::new(keys) })
}
