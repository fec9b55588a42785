//! One log among those of a data folder, for whoever follows it.

use std::io;
use std::sync::Arc;

use base::id::EnvironmentId;

use crate::error::ReadError;
use crate::log::Log;
use crate::read::{self, Following};
use crate::record::LogId;

/// A log, as far as this process has read it.
#[derive(Clone)]
pub struct LogView(pub(crate) Arc<Log>);

impl LogView {
    /// Which log it is.
    pub fn id(&self) -> LogId {
        self.0.id
    }

    /// Whose events are in it.
    pub fn environment(&self) -> EnvironmentId {
        self.0.folder.environment
    }

    /// Whether another process appends to it.
    pub fn is_other(&self) -> bool {
        self.0.of_others
    }

    /// The sequence of the last frame that is durable; 0 if there is none.
    pub fn durable(&self) -> u64 {
        self.0.index().last()
    }

    /// The sequence of the last frame that there was when this process opened the log to append to it; 0 of a log that
    /// began since. Whatever is appended gets larger ones.
    pub fn ended(&self) -> u64 {
        self.0.ended
    }

    /// How many events came after a frame, and in how many bytes of their files.
    pub fn waiting(&self, after: u64) -> (u64, u64) {
        self.0.index().waiting(after)
    }

    /// How many events came between two frames; nothing if this process does not know all of these.
    pub fn between(&self, after: u64, before: u64) -> Option<u64> {
        self.0.index().between(after, before)
    }

    /// What came after a frame, of these names: frame by frame until there are `limit` events or more, or it has looked far
    /// enough for once.
    ///
    /// # Errors
    /// [`ReadError::Trimmed`] if some of it was trimmed.
    pub fn follow(&self, after: u64, names: &[&str], limit: usize) -> Result<Following, ReadError> {
        match read::follow(&self.0, after, names, limit) {
            // Its file has gone since memory knew of it: if that is because it was trimmed, that is what is said.
            Err(ReadError::Storage { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                self.0.forget_trimmed()?;
                read::follow(&self.0, after, names, limit)
            }
            other => other,
        }
    }
}

impl std::fmt::Debug for LogView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogView").field(&self.id()).finish()
    }
}
