//! Where the log's keys come from.

use base::Secret;
use base::id::EnvironmentId;
use keys::{KeyError, KeyKind, KeySet, Owner};

/// The environment's `event_log` key, in versions: it seals the keys of files, and nothing else.
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
