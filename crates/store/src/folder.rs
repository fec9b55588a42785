//! The data folder: who may use it, and its lock.
//!
//! Over the embedded store one process at a time has the folder, under an exclusive lock; over PostgreSQL each process
//! takes a shared one. The lock is the kernel's, so it ends with its process, however that ends.
//!
//! A folder with the set-group-id bit that its group may read is *shared*: the operator means roles that run as users of
//! their own. Of what is made in it the few files that all of them need are then readable by the group, never writable. Any
//! other folder is its owner's alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base::Rng;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

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
    /// [`StoreError::Locked`] if another process has it, [`StoreError::WritableByOthers`] if others may change it.
    pub fn open(path: &Path, sharing: Sharing) -> StoreResult<Self> {
        let failed = |source| StoreError::Io { path: path.display().to_string(), source };
        if !path.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        }
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o022 != 0 {
            return Err(StoreError::WritableByOthers { path: path.display().to_string(), mode });
        }
        let lock = open_lock(&path.join("lock")).map_err(failed)?;
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

    /// Makes a folder in it that only the owner may enter, also where the data folder is shared, unless it is there.
    pub fn keep_private(&self, name: &str) -> StoreResult<()> {
        match DirBuilder::new().mode(0o700).create(self.path.join(name)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(StoreError::Io { path: self.path.join(name).display().to_string(), source: error })
            }
            _ => Ok(()),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Opens a file to be locked, making it if it is not there. Whoever may only read it can lock it as well.
pub fn open_lock(path: &Path) -> std::io::Result<File> {
    match OpenOptions::new().read(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let lock = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
            share_file(path, &lock)?;
            Ok(lock)
        }
        other => other,
    }
}

/// Writes a small file so that it is there whole or not at all, and survives a crash (mode 0600). Replaces what is there.
pub fn write_durably(path: &Path, bytes: &[u8], rng: &dyn Rng) -> StoreResult<()> {
    write(path, bytes, rng, false, |draft| std::fs::rename(draft, path))
}

/// As [`write_durably`], for a file that the other roles need: in a shared folder its group may read it.
pub fn write_durably_for_all(path: &Path, bytes: &[u8], rng: &dyn Rng) -> StoreResult<()> {
    write(path, bytes, rng, true, |draft| std::fs::rename(draft, path))
}

/// Lets the group of a shared folder read a file in it, which this process made.
fn share_file(path: &Path, file: &File) -> std::io::Result<()> {
    const SHARED: u32 = 0o2050;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if std::fs::metadata(folder)?.permissions().mode() & SHARED == SHARED {
        file.set_permissions(std::fs::Permissions::from_mode(0o640))?;
    }
    Ok(())
}

/// As [`write_durably`], and refuses to replace anything.
pub fn write_new_durably(path: &Path, bytes: &[u8], rng: &dyn Rng) -> StoreResult<()> {
    write(path, bytes, rng, false, |draft| match renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE) {
        // Not every file system can; a second name for the file does the same.
        Err(Errno::INVAL | Errno::NOSYS) => std::fs::hard_link(draft, path).and_then(|()| std::fs::remove_file(draft)),
        other => other.map_err(std::io::Error::from),
    })
}

/// Removes a file or a folder with all that is in it, durably. Does nothing if it is not there.
pub fn remove_durably(path: &Path) -> StoreResult<()> {
    let failed = |source| StoreError::Io { path: path.display().to_string(), source };
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other.and_then(|()| sync_folder_of(path)).map_err(failed),
    }
}

fn write(
    path: &Path,
    bytes: &[u8],
    rng: &dyn Rng,
    for_all: bool,
    place: impl FnOnce(&Path) -> std::io::Result<()>,
) -> StoreResult<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".new-{}", data_encoding::HEXLOWER.encode(&rng.bytes::<8>())));
    let draft = PathBuf::from(draft);
    let written = write_draft(&draft, bytes, for_all).and_then(|()| place(&draft)).and_then(|()| sync_folder_of(path));
    written.map_err(|source| {
        // It is only a draft: that it cannot be removed changes nothing of the failure.
        let _ = std::fs::remove_file(&draft);
        StoreError::Io { path: path.display().to_string(), source }
    })
}

fn write_draft(draft: &Path, bytes: &[u8], for_all: bool) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(draft)?;
    if for_all {
        share_file(draft, &file)?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
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

    #[test]
    fn a_folder_that_others_may_write_into_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o770, 0o707, 0o1777] {
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = DataFolder::open(folder.path(), Sharing::Exclusive).unwrap_err();
            assert!(matches!(refused, StoreError::WritableByOthers { .. }), "{mode:o}: {refused}");
        }
    }

    #[test]
    fn the_group_reads_what_all_roles_need_in_a_shared_folder_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let rng = base::SeededRng::new(1);
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        for (shared, readable) in [(0o750, 0o600), (0o2700, 0o600), (0o2750, 0o640)] {
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(shared)).unwrap();
            for name in ["lock", "all", "own"] {
                remove_durably(&folder.path().join(name)).unwrap();
            }
            let opened = DataFolder::open(folder.path(), Sharing::Shared).unwrap();
            write_durably_for_all(&folder.path().join("all"), b"certificate", &rng).unwrap();
            write_durably(&folder.path().join("own"), b"keys", &rng).unwrap();
            assert_eq!(["lock", "all", "own"].map(mode), [readable, readable, 0o600], "{shared:o}");
            opened.keep_private("log").unwrap();
            assert_eq!(mode("log"), 0o700);
            std::fs::remove_dir(folder.path().join("log")).unwrap();
        }
    }

    #[test]
    fn a_new_file_is_whole_private_and_never_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let rng = base::SeededRng::new(1);
        write_new_durably(&path, b"first", &rng).unwrap();
        write_new_durably(&path, b"second", &rng).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        write_durably(&path, b"third", &rng).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"third");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }
}
