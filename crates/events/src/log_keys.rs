//! Where the log's keys come from.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use base::Secret;
use base::id::EnvironmentId;
use keys::{KeyError, KeyKind, KeySet, Owner};

use crate::disk;
use crate::format::Header;
use crate::trimmed::Mark;

/// The environment's `event_log` key, in versions: it seals the keys of files and the mark of what was trimmed.
///
/// Called from blocking threads: when a log is opened and when a file is begun, never per event.
pub trait LogKeys: Send + Sync + 'static {
    /// The version that new files are sealed under, and its key.
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError>;

    /// The key of one version.
    fn version(&self, environment: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError>;
}

/// The key is not to be had; says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no event log key: {0}")]
pub struct LogKeyError(pub String);

impl From<KeyError> for LogKeyError {
    fn from(error: KeyError) -> Self {
        Self(error.to_string())
    }
}

impl LogKeys for KeySet {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        Ok(Self::primary(self, KeyKind::EventLog, Owner::Environment(environment))?)
    }

    fn version(&self, environment: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        Ok(Self::version(self, KeyKind::EventLog, Owner::Environment(environment), version)?)
    }
}

/// More bytes than a header has.
const HEADER: u64 = 4_096;

/// How many files of an environment's logs in this data folder are sealed under this version of its key; those that were
/// cut and kept aside are among them, and so is the mark of what was trimmed.
pub fn sealed_with(data: &Path, environment: EnvironmentId, version: u32) -> io::Result<u64> {
    let folder = data.join("log");
    let mut sealed = Mark::key_versions(data, environment)?.into_iter().filter(|of| *of == version).count() as u64;
    for edge in disk::names(&folder)? {
        let mut folders = vec![folder.join(edge).join(environment.to_string())];
        while let Some(folder) = folders.pop() {
            if !folder.is_dir() {
                continue;
            }
            for path in disk::names(&folder)?.into_iter().map(|name| folder.join(name)) {
                if path.is_dir() {
                    folders.push(path);
                } else if header(&path)?.is_some_and(|header| header.key_version == version) {
                    sealed += 1;
                }
            }
        }
    }
    Ok(sealed)
}

/// What a file says of itself; nothing if it is none of the log's, is gone, or was cut within its header.
fn header(path: &Path) -> io::Result<Option<Header>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?.take(HEADER).read_to_end(&mut bytes)?,
    };
    Ok(Header::read(&bytes).ok().map(|(header, _)| header))
}
