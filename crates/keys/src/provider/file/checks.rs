//! What a key file must be before it is trusted, and how one is written so that it is whole or absent.

use crate::provider::ProviderError;
use base::Rng;
use rustix::fs::{Mode, OFlags};
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Rights that nobody but the owner may have.
const OTHERS: u32 = 0o077;

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ProviderError + '_ {
    move |source| ProviderError::Io { path: path.to_owned(), source }
}

/// Opens a regular file that only its owner may touch, to read and to write in place; `None` if there is none.
/// Never waits, as for the other end of a pipe.
pub(super) fn open_private(path: &Path) -> Result<Option<File>, ProviderError> {
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
pub(super) fn private_folder(path: &Path) -> Result<(), ProviderError> {
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
pub(super) fn outside(path: &Path, data_folder: &Path) -> Result<(), ProviderError> {
    let (path, data_folder) = (real(path)?, real(data_folder)?);
    if path.starts_with(&data_folder) { Err(ProviderError::InsideDataFolder { path, data_folder }) } else { Ok(()) }
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
pub(super) fn make_folders(path: &Path) -> Result<(), ProviderError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io(path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Writes a file, mode 0600, that is either not there or whole and durable; refuses to replace anything.
pub(super) fn write_new(path: &Path, bytes: &[u8], rng: &dyn Rng) -> Result<(), ProviderError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".new-{}", crate::hex::encode(&rng.bytes::<8>())));
    let draft = PathBuf::from(draft);
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

fn write_draft(draft: &Path, bytes: &[u8]) -> Result<(), ProviderError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft).map_err(io(draft))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(draft))
}

fn sync_folder(folder: &Path) -> Result<(), ProviderError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(io(folder))
}
