//! The data folder: who may use it, and its lock.
//!
//! Over the embedded store one process at a time has the folder, under an exclusive lock; over PostgreSQL each process
//! takes a shared one. The lock is the kernel's, so it ends with its process, however that ends.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::{StoreError, StoreResult};

/// The data folder, locked for as long as this lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// How the folder is shared with other processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody else: the embedded store.
    Exclusive,
    /// Other roles, over PostgreSQL.
    Shared,
}

impl DataFolder {
    /// Makes the folder if it is missing (mode 0700) and takes the lock.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it.
    pub fn open(path: &Path, sharing: Sharing) -> StoreResult<Self> {
        let failed = |source| StoreError::Io { path: path.display().to_string(), source };
        if !path.exists() {
            std::fs::create_dir_all(path).map_err(failed)?;
            std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
        }
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock")).map_err(failed)?;
        let operation = match sharing {
            Sharing::Exclusive => FlockOperation::NonBlockingLockExclusive,
            Sharing::Shared => FlockOperation::NonBlockingLockShared,
        };
        match flock(&lock, operation) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { path: path.display().to_string() }),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes a small file so that it is there whole or not at all, and survives a crash (mode 0600).
pub fn write_durably(path: &Path, bytes: &[u8]) -> StoreResult<()> {
    let failed = |source| StoreError::Io { path: path.display().to_string(), source };
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let mut file = file.create(true).truncate(true).write(true).open(&temporary).map_err(failed)?;
    std::io::Write::write_all(&mut file, bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_exclusive_user_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path(), Sharing::Exclusive).unwrap();
        assert!(matches!(DataFolder::open(folder.path(), Sharing::Shared), Err(StoreError::Locked { .. })));
        drop(first);
        let _shared = DataFolder::open(folder.path(), Sharing::Shared).unwrap();
        DataFolder::open(folder.path(), Sharing::Shared).unwrap();
    }
}
