//! Reading files to their last byte, a piece at a time.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::Needles;

/// How much is looked at at once.
const PIECE: usize = 1 << 20;
/// Where this process writes its log: its output, if that goes to a file.
const OUTPUTS: [&str; 2] = ["/proc/self/fd/1", "/proc/self/fd/2"];

/// How files begin that are no Pilotfish's unless encrypted, in which case they begin otherwise: SQLite, Parquet.
const PLAIN_HEADERS: [&[u8]; 2] = [b"SQLite format 3\0", b"PAR1"];

/// What was read and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// Files that were read, now or when they were seen last.
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) found: u64,
    /// Files that begin as an unencrypted database or column file does.
    pub(crate) plain: u64,
}

/// Files that were read and held nothing, as they were then. They are not read again until they change: of a folder that
/// only grows, each byte is read about once.
#[derive(Debug, Default)]
pub(crate) struct Remembered(HashMap<(u64, u64), About>);

/// What changes with a file's content: its length and when the kernel last changed it, which nobody can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct About {
    length: u64,
    changed: (i64, i64),
}

/// One reading of all files.
struct Reading<'a> {
    needles: &'a Needles,
    remembered: &'a mut Remembered,
    stopped: &'a dyn Fn() -> bool,
    seen: HashSet<(u64, u64)>,
    scanned: Scanned,
}

/// Reads every file below a folder, and the log, but for those that are remembered.
///
/// # Errors
/// A file that is there and cannot be read. One that is removed meanwhile is not there.
pub(crate) fn everything(folder: &Path, needles: &Needles, remembered: &mut Remembered) -> io::Result<Scanned> {
    everything_unless(folder, needles, remembered, &|| false)
}

/// The same, for somebody who may lose interest.
///
/// # Errors
/// Also if `stopped`, which is asked before each piece, says so: what was read until then is remembered.
pub(crate) fn everything_unless(
    folder: &Path,
    needles: &Needles,
    remembered: &mut Remembered,
    stopped: &dyn Fn() -> bool,
) -> io::Result<Scanned> {
    let mut reading = Reading { needles, remembered, stopped, seen: HashSet::new(), scanned: Scanned::default() };
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            match std::fs::symlink_metadata(&path) {
                Ok(about) if about.is_dir() => folders.push(path),
                Ok(about) if about.is_file() => reading.one(&path)?,
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    for output in OUTPUTS.map(PathBuf::from) {
        if std::fs::metadata(&output).is_ok_and(|about| about.is_file()) {
            reading.one(&output)?;
        }
    }
    let Reading { seen, scanned, .. } = reading;
    remembered.0.retain(|file, _| seen.contains(file));
    Ok(scanned)
}

/// Reads until it is told to stop, which is an error.
struct Stoppable<'a, R> {
    from: R,
    stopped: &'a dyn Fn() -> bool,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.stopped)() { Err(io::Error::other("the reading was stopped")) } else { self.from.read(buffer) }
    }
}

impl Reading<'_> {
    /// Reads one file, unless it was read under another name, or before and has not changed.
    fn one(&mut self, path: &Path) -> io::Result<()> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let about = file.metadata()?;
        let id = (about.dev(), about.ino());
        let about = About { length: about.len(), changed: (about.ctime(), about.ctime_nsec()) };
        if !self.seen.insert(id) {
            return Ok(());
        }
        self.scanned.files += 1;
        if self.remembered.0.get(&id) == Some(&about) {
            self.scanned.bytes += about.length;
            return Ok(());
        }
        let mut header = Vec::new();
        file.by_ref().take(16).read_to_end(&mut header)?;
        let plain = PLAIN_HEADERS.iter().any(|plain| header.starts_with(plain));
        let rest = Stoppable { from: file, stopped: self.stopped };
        let (bytes, found) = count(header.as_slice().chain(rest), self.needles, PIECE)?;
        self.scanned.bytes += bytes;
        self.scanned.found += found;
        self.scanned.plain += u64::from(plain);
        if found == 0 && !plain {
            self.remembered.0.insert(id, about);
        } else {
            self.remembered.0.remove(&id);
        }
        Ok(())
    }
}

/// How many bytes there are, and how often the needles stand in them.
///
/// From piece to piece as many bytes are kept as a needle may lack its last one of; never what an occurrence that was
/// counted stands in, so that none is counted twice.
pub(crate) fn count(mut from: impl Read, needles: &Needles, piece: usize) -> io::Result<(u64, u64)> {
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
    fn a_reading_that_is_stopped_ends_within_a_file_and_remembers_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("large"), vec![b'.'; 40 * PIECE]).unwrap();
        let needles = Needles::of("zq-unprinted-72").unwrap();
        let (asked, mut remembered) = (std::cell::Cell::new(0), Remembered::default());
        let stopped = || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        };
        assert!(everything_unless(folder.path(), &needles, &mut remembered, &stopped).is_err());
        assert_eq!((asked.get(), remembered.0.len()), (4, 0));
        everything(folder.path(), &needles, &mut remembered).unwrap();
        assert!(!remembered.0.is_empty());
        everything_unless(folder.path(), &needles, &mut remembered, &|| false).unwrap();
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
        let needles = Needles::of("zq-unprinted-71").unwrap();
        let scanned = everything(folder.path(), &needles, &mut Remembered::default()).unwrap();
        assert_eq!(scanned.found, 2, "the second name of a file is no second file");
        assert!(scanned.files >= 2 && scanned.bytes >= 16);
        assert!(everything(&folder.path().join("nowhere"), &needles, &mut Remembered::default()).is_err());
    }

    #[test]
    fn a_file_is_read_again_when_it_changes_and_as_long_as_something_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (needles, mut remembered) = (Needles::of("zq-unprinted-72").unwrap(), Remembered::default());
        let mut found = |text: &str| {
            std::fs::write(folder.path().join("one"), text).unwrap();
            everything(folder.path(), &needles, &mut remembered).unwrap()
        };
        assert_eq!(found("nothing is here").found, 0);
        assert_eq!(found("zq-unprinted-72").found, 1);
        let again = everything(folder.path(), &needles, &mut remembered).unwrap();
        assert_eq!(again.found, 1, "what was found is found again");
        std::fs::write(folder.path().join("two"), b"SQLite format 3\0 and more").unwrap();
        assert_eq!(everything(folder.path(), &needles, &mut remembered).unwrap().plain, 1);
    }
}
