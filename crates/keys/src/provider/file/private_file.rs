//! Files of a key provider that only its own user may touch, outside the data folder; each is whole or absent.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base::Rng;
use rustix::fs::FlockOperation;

use super::checks;
use crate::provider::ProviderError;

/// No file of keys is longer.
const MAX_LEN: u64 = 1 << 20;

/// Makes a folder that only this user may look into; one that others may, or that lies inside the data folder, is refused.
pub fn folder(path: &Path, data_folder: &Path) -> Result<(), ProviderError> {
    checks::outside(path, data_folder)?;
    checks::make_folders(path)?;
    checks::outside(path, data_folder)?;
    checks::private_folder(path)
}

/// What a file holds; `None` if it is not there. One that others may touch is refused.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, ProviderError> {
    let Some(file) = checks::open_private(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let read = file.take(MAX_LEN).read_to_end(&mut bytes);
    read.map_err(|source| ProviderError::Io { path: path.to_owned(), source })?;
    Ok(Some(bytes))
}

/// Writes a file, durably; refuses to replace one.
pub fn write_new(path: &Path, bytes: &[u8], rng: &dyn Rng) -> Result<(), ProviderError> {
    checks::write_new(path, bytes, rng)
}

/// Puts other bytes in a file's place, durably, and overwrites those that were there. Nobody else may be writing it.
pub fn replace(path: &Path, bytes: &[u8], rng: &dyn Rng) -> Result<(), ProviderError> {
    // What a symbolic link names is replaced, not the link.
    let path = path.canonicalize().map_err(|source| ProviderError::Io { path: path.to_owned(), source })?;
    checks::remove_drafts(&path)?;
    checks::replace(&path, bytes, rng)
}

/// Keeps other processes from changing what is in a folder until it is dropped.
pub fn lock(folder: &Path) -> Result<File, ProviderError> {
    let failed = |source| ProviderError::Io { path: folder.to_owned(), source };
    let file = File::open(folder).map_err(failed)?;
    rustix::fs::flock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    Ok(file)
}
