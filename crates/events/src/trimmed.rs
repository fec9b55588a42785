//! Up to where the logs of an environment were trimmed: a small file beside the parts that hold what was in them.
//!
//! Whoever writes parts decides ([`Parts::trim_due`](crate::Parts::trim_due)) and writes this mark, durably; only then files
//! go, removed by whoever may write into their folder. So a frame that is not there is known to be trimmed if the mark is at
//! or above it, and lost if not. The mark lies with the parts, since it vouches for them: where they are lost, it is, and
//! what was trimmed is named as lost.
//!
//! Sealed under the environment's `event_log` key, which every edge has.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use base::Rng;
use base::id::EnvironmentId;
use keys::aead::{self, Aad};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::disk;
use crate::format::{Bytes, FileName};
use crate::inspect::Folder;
use crate::log_keys::{LogKeyError, LogKeys};

/// The mark's file …
pub(crate) const FILE_NAME: &str = "trimmed";
/// … the next one on its way …
pub(crate) const NEXT: &str = "trimmed.next";
/// … and one that was ahead of the parts.
pub(crate) const ASIDE: &str = "trimmed.ahead";

const MAGIC: &[u8; 8] = b"PFTRM\r\n\x1a";
const VERSION: u16 = 1;
const LABEL: &str = "pilotfish/log-trimmed/v1";
const ENVELOPE: usize = 8 + 2 + 16 + 4;

/// What was trimmed of a log: it is in parts only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trimmed {
    /// Every frame up to this sequence.
    pub upto: u64,
    /// How many events were in them.
    pub events: u64,
}

/// What was trimmed of an environment's logs, by their edges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    logs: BTreeMap<String, Trimmed>,
}

/// Why a mark cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MarkError {
    #[error("cannot use {}: {source}", path.display())]
    Storage { path: PathBuf, source: io::Error },
    #[error("cannot open {}: {source}", path.display())]
    Key { path: PathBuf, source: LogKeyError },
    #[error("{} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
}

/// What tells one mark from the next without reading it.
pub(crate) type Stamp = (u64, u64, i64, i64);

impl Mark {
    /// Where an environment's lies.
    pub(crate) fn path(data: &Path, environment: EnvironmentId) -> PathBuf {
        folder(data, environment).join(FILE_NAME)
    }

    /// Reads an environment's; nothing is trimmed where there is none.
    pub(crate) fn load(data: &Path, environment: EnvironmentId, keys: &dyn LogKeys) -> Result<Self, MarkError> {
        let path = Self::path(data, environment);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(MarkError::Storage { path, source }),
            Ok(bytes) => bytes,
        };
        let damaged = |reason: &str| MarkError::Damaged { path: path.clone(), reason: reason.to_owned() };
        let (of, version) =
            head(&bytes).ok_or_else(|| damaged("it does not begin as a trim mark of this version does"))?;
        if of != environment {
            return Err(damaged("it belongs to another environment"));
        }
        let key = keys.version(environment, version);
        let key = key.map_err(|source| MarkError::Key { path: path.clone(), source })?;
        let (clear, sealed) = bytes.split_at(ENVELOPE);
        let opened = aead::open(&key, &Aad::new(LABEL).bytes(clear), sealed);
        let opened = opened.map_err(|_| damaged("it does not authenticate: wrong key or changed bytes"))?;
        serde_json::from_slice(opened.expose()).map_err(|error| damaged(&error.to_string()))
    }

    /// Puts it in the place of the one before, durably.
    pub(crate) fn store(
        &self,
        data: &Path,
        environment: EnvironmentId,
        keys: &dyn LogKeys,
        rng: &dyn Rng,
    ) -> Result<(), MarkError> {
        let (folder, path) = (folder(data, environment), Self::path(data, environment));
        loop {
            let primary = keys.primary(environment);
            let (version, key) = primary.map_err(|source| MarkError::Key { path: path.clone(), source })?;
            let write = || {
                let mut bytes = Vec::with_capacity(256);
                bytes.extend_from_slice(MAGIC);
                bytes.extend_from_slice(&VERSION.to_le_bytes());
                bytes.extend_from_slice(&environment.bytes());
                bytes.extend_from_slice(&version.to_le_bytes());
                let sealed = aead::seal(&key, &Aad::new(LABEL).bytes(&bytes), &serde_json::to_vec(self)?, rng);
                bytes.extend_from_slice(&sealed);
                let next = disk::open_or_create(&folder.join(NEXT))?;
                next.set_len(0)?;
                disk::write_whole_at(&next, &bytes, 0)?;
                next.sync_all()?;
                fs::rename(folder.join(NEXT), &path)?;
                File::open(&folder)?.sync_all()
            };
            write().map_err(|source| MarkError::Storage { path: path.clone(), source })?;
            // A key that another one took over from meanwhile may be looked for and destroyed: nothing appears under it behind that.
            let now = keys.primary(environment);
            if now.map_err(|source| MarkError::Key { path: path.clone(), source })?.0 == version {
                return Ok(());
            }
        }
    }

    /// What was trimmed of an edge's log.
    pub(crate) fn of(&self, edge: &str) -> Trimmed {
        self.logs.get(edge).copied().unwrap_or_default()
    }

    /// The logs of which something was trimmed.
    pub(crate) fn logs(&self) -> impl Iterator<Item = (&str, Trimmed)> {
        self.logs.iter().map(|(edge, trimmed)| (edge.as_str(), *trimmed))
    }

    /// Another file's frames are to go, up to this one.
    pub(crate) fn add(&mut self, edge: &str, upto: u64, events: u64) {
        let trimmed = self.logs.entry(edge.to_owned()).or_default();
        trimmed.upto = trimmed.upto.max(upto);
        trimmed.events += events;
    }

    /// Under which version of the key this or the next one of an environment is sealed.
    pub(crate) fn key_versions(data: &Path, environment: EnvironmentId) -> io::Result<Vec<u32>> {
        let mut versions = Vec::new();
        for name in [FILE_NAME, NEXT] {
            match fs::read(folder(data, environment).join(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => versions.extend(head(&other?).map(|(_, version)| version)),
            }
        }
        Ok(versions)
    }

    /// What tells whether it has changed since it was read.
    pub(crate) fn stamp(data: &Path, environment: EnvironmentId) -> Result<Option<Stamp>, MarkError> {
        let path = Self::path(data, environment);
        match fs::metadata(&path) {
            Ok(file) => Ok(Some((file.ino(), file.len(), file.ctime(), file.ctime_nsec()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(MarkError::Storage { path, source }),
        }
    }
}

fn folder(data: &Path, environment: EnvironmentId) -> PathBuf {
    data.join("parts").join(environment.to_string())
}

/// Whose it is, and the version of the key; nothing if it is no mark.
fn head(bytes: &[u8]) -> Option<(EnvironmentId, u32)> {
    let mut reader = Bytes(bytes);
    if reader.array::<8>()? != *MAGIC || u16::from_le_bytes(reader.array()?) != VERSION {
        return None;
    }
    Some((EnvironmentId(Uuid::from_bytes(reader.array()?)), u32::from_le_bytes(reader.array()?)))
}

/// Which of a log's files, in their order, hold nothing but frames up to `upto`. The last is not among them: nobody knows
/// where it ends, and where the log goes on.
pub(crate) fn below(files: &[FileName], upto: u64) -> usize {
    files.windows(2).take_while(|pair| pair[0].first <= upto && pair[1].first <= upto.saturating_add(1)).count()
}

/// Removes a log's files that hold nothing but frames up to `upto`, durably. How many; whoever may not leaves them to the
/// folder's owner.
pub(crate) fn remove_below(folder: &Folder, upto: u64) -> io::Result<u64> {
    let mut files: Vec<_> = disk::names(&folder.path)?.iter().filter_map(|name| FileName::parse(name)).collect();
    files.sort_unstable();
    files.truncate(below(&files, upto));
    remove(folder, &files)
}

/// Removes files that the mark is behind, durably. How many; whoever may not leaves them to the folder's owner.
pub(crate) fn remove(folder: &Folder, files: &[FileName]) -> io::Result<u64> {
    if files.is_empty() {
        return Ok(0);
    }
    match settle(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(0),
        other => other?,
    }
    let mut removed = 0;
    for name in files {
        match fs::remove_file(folder.path.join(name.to_string())) {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            Err(error) => return Err(error),
        }
    }
    if removed > 0 {
        File::open(&folder.path)?.sync_all()?;
    }
    Ok(removed)
}

/// Makes the mark that was read durable: whoever wrote it may have ended before it was.
fn settle(Folder { root, environment, .. }: &Folder) -> io::Result<()> {
    File::open(Mark::path(root, *environment))?.sync_all()?;
    File::open(folder(root, *environment))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use base::{Secret, SeededRng};

    use super::*;

    struct Keys;

    impl LogKeys for Keys {
        fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
            Ok((2, self.version(environment, 2)?))
        }

        fn version(&self, _: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
            u8::try_from(version)
                .map(|version| Secret::new([version; 32]))
                .map_err(|error| LogKeyError(error.to_string()))
        }
    }

    #[test]
    fn a_mark_is_written_and_read_as_the_format_tells() {
        let data = tempfile::tempdir().unwrap();
        let environment: EnvironmentId = "env_00000000000000000000000001".parse().unwrap();
        let mut mark = Mark::default();
        mark.add("edge", 1, 2);
        assert_eq!(Mark::load(data.path(), environment, &Keys).unwrap(), Mark::default(), "nothing is trimmed yet");
        disk::create_folders(&folder(data.path(), environment)).unwrap();
        mark.store(data.path(), environment, &Keys, &SeededRng::new(42)).unwrap();
        let bytes = fs::read(Mark::path(data.path(), environment)).unwrap();
        let mut written = String::new();
        for line in bytes.chunks(32) {
            for byte in line {
                write!(written, "{byte:02x}").unwrap();
            }
            written.push('\n');
        }
        assert_eq!(written, include_str!("../tests/vectors/log-trimmed.hex"), "the format changed");
        assert_eq!(Mark::load(data.path(), environment, &Keys).unwrap(), mark);
        let other: EnvironmentId = "env_00000000000000000000000002".parse().unwrap();
        disk::create_folders(&folder(data.path(), other)).unwrap();
        fs::write(Mark::path(data.path(), other), &bytes).unwrap();
        assert!(matches!(Mark::load(data.path(), other, &Keys), Err(MarkError::Damaged { .. })), "another's");
    }

    #[test]
    fn only_files_that_hold_nothing_else_are_below() {
        let files = [(1, 0), (5, 0), (9, 0), (9, 1), (12, 0)].map(|(first, attempt)| FileName { first, attempt });
        for (upto, count) in [(0, 0), (3, 0), (4, 1), (7, 1), (8, 2), (10, 3), (11, 4), (99, 4)] {
            assert_eq!(below(&files, upto), count, "{upto}");
        }
    }
}
