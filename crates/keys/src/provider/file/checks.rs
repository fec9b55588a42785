//! What a key file must be before it is trusted, and how one is written so that it is whole or absent.

use crate::provider::ProviderError;
use base::Rng;
use rustix::fs::{Mode, OFlags};
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Rights that nobody but the owner may have.
const OTHERS: u32 = 0o077;
/// What the name of a file that is being written has before its random end.
const DRAFT: &str = ".new-";

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ProviderError + '_ {
    move |source| ProviderError::Io { path: path.to_owned(), source }
}

/// Opens a regular file that only its owner may touch, to read and to write in place; `None` if there is none.
/// Never waits, as for the other end of a pipe.
pub(in crate::provider) fn open_private(path: &Path) -> Result<Option<File>, ProviderError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(None),
        Err(rustix::io::Errno::NXIO) => return Err(ProviderError::NotAFile { path: path.to_owned() }),
        Err(error) => return Err(io(path)(error.into())),
    };
    let metadata = file.metadata().map_err(io(path))?;
    if !metadata.is_file() {
        return Err(ProviderError::NotAFile { path: path.to_owned() });
    }
    refuse_others(path, &metadata)?;
    Ok(Some(file))
}

/// Refuses a folder that is another user's or on which others have a right. One that is not there is left to whoever needs it.
pub(in crate::provider) fn private_folder(path: &Path) -> Result<(), ProviderError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => refuse_others(path, &metadata),
        Ok(_) => Err(ProviderError::Malformed { path: path.to_owned(), reason: "expected a folder".to_owned() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io(path)(error)),
    }
}

fn refuse_others(path: &Path, metadata: &Metadata) -> Result<(), ProviderError> {
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != rustix::process::geteuid().as_raw() {
        return Err(ProviderError::OwnedByAnother { path: path.to_owned(), owner });
    }
    if mode & OTHERS == 0 { Ok(()) } else { Err(ProviderError::ReadableByOthers { path: path.to_owned(), mode }) }
}

/// Refuses a path that really lies inside the data folder, whatever symbolic links say.
pub(in crate::provider) fn outside(path: &Path, data_folder: &Path) -> Result<(), ProviderError> {
    let (path, data_folder) = (real(path)?, real(data_folder)?);
    if path.starts_with(&data_folder) { Err(ProviderError::InsideDataFolder { path, data_folder }) } else { Ok(()) }
}

/// Refuses two folders that are really one, or one inside the other.
pub(in crate::provider) fn apart(one: &Path, other: &Path) -> Result<(), ProviderError> {
    let (one, other) = (real(one)?, real(other)?);
    if one.starts_with(&other) || other.starts_with(&one) {
        let reason = format!("it is not apart from {}", other.display());
        return Err(ProviderError::Malformed { path: one, reason });
    }
    Ok(())
}

/// The real path; of what does not exist yet, the real path of the deepest folder that does, and the rest.
fn real(path: &Path) -> Result<PathBuf, ProviderError> {
    let absolute = std::path::absolute(path).map_err(io(path))?;
    for ancestor in absolute.ancestors() {
        match ancestor.canonicalize() {
            Ok(real) => return Ok(absolute.strip_prefix(ancestor).map_or(real.clone(), |rest| join(real, rest))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(io(path)(error)),
        }
    }
    Ok(absolute)
}

/// Joins without a trailing separator when there is nothing to join.
fn join(real: PathBuf, rest: &Path) -> PathBuf {
    if rest.as_os_str().is_empty() { real } else { real.join(rest) }
}

/// Makes a folder and those above it, for the owner only; leaves existing ones alone.
pub(in crate::provider) fn make_folders(path: &Path) -> Result<(), ProviderError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io(path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Writes a file, mode 0600, that is either not there or whole and durable; refuses to replace anything.
pub(in crate::provider) fn write_new(path: &Path, bytes: &[u8], rng: &dyn Rng) -> Result<(), ProviderError> {
    let draft = draft_of(path, rng);
    let written = write_draft(&draft, bytes).and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(ProviderError::AlreadyExists { path: path.to_owned() })
        }
        other => other.map_err(io(path)),
    });
    let removed = std::fs::remove_file(&draft).map_err(io(&draft));
    written?;
    removed?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Replaces a file by one that is whole and durable before it takes the other's place, and then overwrites what the former
/// one held, unless it has another name.
pub(in crate::provider) fn replace(path: &Path, bytes: &[u8], rng: &dyn Rng) -> Result<(), ProviderError> {
    let mut former = OpenOptions::new().write(true).open(path);
    if former.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        // Its owner may have made it read-only, which is no reason to leave its bytes behind.
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(io(path))?;
        former = OpenOptions::new().write(true).open(path);
    }
    let former = former.map_err(io(path))?;
    let draft = draft_of(path, rng);
    let placed = write_draft(&draft, bytes).and_then(|()| std::fs::rename(&draft, path).map_err(io(path)));
    placed.inspect_err(|_| {
        // Whatever is left of it goes with the next replacement.
        let _ = std::fs::remove_file(&draft);
    })?;
    path.parent().map_or(Ok(()), sync_folder)?;
    let metadata = former.metadata().map_err(io(path))?;
    if metadata.nlink() == 0 {
        let zeros = vec![0; usize::try_from(metadata.len()).unwrap_or(0)];
        former.write_all_at(&zeros, 0).and_then(|()| former.sync_all()).map_err(io(path))?;
    }
    Ok(())
}

/// Removes what interrupted writings of a file left beside it. Nobody may be writing it.
pub(in crate::provider) fn remove_drafts(path: &Path) -> Result<(), ProviderError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in std::fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let found = entry.file_name();
        let random = found.to_str().and_then(|found| found.strip_prefix(name)?.strip_prefix(DRAFT));
        if random.is_some_and(|random| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            std::fs::remove_file(entry.path()).map_err(io(&entry.path()))?;
        }
    }
    Ok(())
}

fn draft_of(path: &Path, rng: &dyn Rng) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!("{DRAFT}{}", crate::hex::encode(&rng.bytes::<8>())));
    PathBuf::from(draft)
}

fn write_draft(draft: &Path, bytes: &[u8]) -> Result<(), ProviderError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft).map_err(io(draft))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(draft))
}

fn sync_folder(folder: &Path) -> Result<(), ProviderError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(io(folder))
}
