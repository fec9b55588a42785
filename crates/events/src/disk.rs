//! The few things that the log asks of a file system, each with the guarantee that the log builds on.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// A folder is shared with its group if it has the set-group-id bit and the group may read it. An operator says so for a
/// folder of an edge's logs; what is made in it is then readable by the group as well, and never writable.
const SHARED: u32 = 0o2050;

/// Writes all of it in one call. A short write is a failure: on a file it means that the device, quota or limit is
/// full, and the log never writes on behind a write that went wrong.
pub(crate) fn write_whole_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    loop {
        match file.write_at(bytes, offset) {
            Ok(written) if written == bytes.len() => return Ok(()),
            Ok(written) => {
                let text = format!("only {written} of {} bytes were written", bytes.len());
                return Err(io::Error::new(io::ErrorKind::StorageFull, text));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes a file that was not there, readable by the owner only, or by the group of a shared folder.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    share(path, &file, 0o640)?;
    Ok(file)
}

/// Opens or makes a small file to be overwritten in place.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o040 == 0 {
        share(path, &file, 0o640)?;
    }
    Ok(file)
}

/// Makes a folder and those above it.
pub(crate) fn create_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_folders(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.and_then(|()| share(path, &File::open(path)?, 0o2750)),
    }
}

/// Gives what was just made in a shared folder to its group as well.
fn share(path: &Path, made: &File, shared: u32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if fs::metadata(folder)?.permissions().mode() & SHARED == SHARED {
        made.set_permissions(fs::Permissions::from_mode(shared))?;
    }
    Ok(())
}

/// Makes the entries of a folder, and of those above it up to `root`, durable.
pub(crate) fn sync_folders(path: &Path, root: &Path) -> io::Result<()> {
    for folder in path.ancestors() {
        File::open(folder)?.sync_all()?;
        if folder == root {
            break;
        }
    }
    Ok(())
}

/// The names in a folder, sorted; none if it is not there.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
