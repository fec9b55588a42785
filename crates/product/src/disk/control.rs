//! The positive control: a file in which the text does stand, for as long as it takes to find it there.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::Needles;
use super::scan;

/// A plain file; gone when dropped.
struct Control(PathBuf);

impl Drop for Control {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::error!(%error, file = %self.0.display(), "the control file of a disk search was not removed");
        }
    }
}

/// Writes the text to a new file in this folder, counts it there with the same search, and removes the file.
pub(crate) fn find(folder: &Path, name: &str, text: &str, needles: &Needles) -> io::Result<(PathBuf, u64)> {
    let path = folder.join(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let control = Control(path);
    file.write_all(text.as_bytes())?;
    drop(file);
    let (_, found) = scan::count(File::open(&control.0)?, needles, 1 << 20)?;
    Ok((control.0.clone(), found))
}
