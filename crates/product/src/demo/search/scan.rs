//! Reading files to their last byte, a piece at a time.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::needles::Needles;

/// How much is looked at at once.
const PIECE: usize = 1 << 20;
/// Where this process writes its log: its output, if that goes to a file.
const OUTPUTS: [&str; 2] = ["/proc/self/fd/1", "/proc/self/fd/2"];

/// What was read and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) found: u64,
}

/// Reads every file below a folder, and the log.
///
/// # Errors
/// A file that is there and cannot be read. One that is removed meanwhile is not there.
pub(super) fn everything(folder: &Path, needles: &Needles) -> io::Result<Scanned> {
    let mut scanned = Scanned::default();
    let mut seen = HashSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            match std::fs::symlink_metadata(&path) {
                Ok(about) if about.is_dir() => folders.push(path),
                Ok(about) if about.is_file() => one(&path, needles, &mut seen, &mut scanned)?,
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    for output in OUTPUTS.map(PathBuf::from) {
        if std::fs::metadata(&output).is_ok_and(|about| about.is_file()) {
            one(&output, needles, &mut seen, &mut scanned)?;
        }
    }
    Ok(scanned)
}

/// Reads one file, unless it was read under another name.
fn one(path: &Path, needles: &Needles, seen: &mut HashSet<(u64, u64)>, scanned: &mut Scanned) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let about = file.metadata()?;
    if seen.insert((about.dev(), about.ino())) {
        let (bytes, found) = count(file, needles, PIECE)?;
        scanned.files += 1;
        scanned.bytes += bytes;
        scanned.found += found;
    }
    Ok(())
}

/// How many bytes there are, and how often the needles stand in them.
///
/// From piece to piece as many bytes are kept as a needle may lack its last one of; never what an occurrence that was
/// counted stands in, so that none is counted twice.
pub(super) fn count(mut from: impl Read, needles: &Needles, piece: usize) -> io::Result<(u64, u64)> {
    let (mut bytes, mut found) = (0, 0);
    let mut buffer: Vec<u8> = Vec::with_capacity(piece + needles.longest());
    loop {
        let read = from.by_ref().take(piece as u64).read_to_end(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, found));
        }
        bytes += read as u64;
        let (here, end) = needles.count(&buffer);
        found += here;
        buffer.drain(..end.max(buffer.len().saturating_sub(needles.longest() - 1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_size_of_pieces_changes_nothing(
            texts in proptest::collection::vec(prop_oneof!["[ab]{1,6}", "needle", "6e6565646c65"], 0..30), piece in 1..40_usize
        ) {
            let bytes = texts.concat().into_bytes();
            let needles = Needles::of("needle").unwrap();
            let whole = (bytes.len() as u64, needles.count(&bytes).0);
            prop_assert_eq!(count(bytes.as_slice(), &needles, piece).unwrap(), whole);
            let expected = texts.iter().filter(|text| text.len() > 6 || *text == "needle").count() as u64;
            prop_assert_eq!(whole.1, expected);
        }
    }

    #[test]
    fn what_lies_across_two_pieces_is_found_once() {
        let needles = Needles::of("needle").unwrap();
        for at in 0..=20 {
            let bytes = [vec![b'.'; at], b"needle".to_vec(), vec![b'.'; 20 - at]].concat();
            assert_eq!(count(bytes.as_slice(), &needles, 10).unwrap(), (26, 1), "at {at}");
        }
    }

    #[test]
    fn every_file_is_read_and_an_unreadable_one_is_an_error() {
        // The output of this very run is read too: it must not hold what is looked for.
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(below.join("one"), "a zq-unprinted-71").unwrap();
        std::fs::write(folder.path().join("two"), "enEtdW5wcmludGVkLTcx").unwrap();
        std::fs::hard_link(folder.path().join("two"), folder.path().join("again")).unwrap();
        let scanned = everything(folder.path(), &Needles::of("zq-unprinted-71").unwrap()).unwrap();
        assert_eq!(scanned.found, 2, "the second name of a file is no second file");
        assert!(scanned.files >= 2 && scanned.bytes >= 16);
        assert!(everything(&folder.path().join("nowhere"), &Needles::of("zq-unprinted-71").unwrap()).is_err());
    }
}
