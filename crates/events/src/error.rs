//! What can go wrong, as callers can act on it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::encoding::TooDeep;
use crate::log_keys::LogKeyError;
use crate::parts::PartError;
use crate::trimmed::MarkError;

/// An append was not acknowledged. Unless it says that nothing was written, the events may turn out durable: sending
/// them again with the same message ids stores each of them once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// More waits than may wait. Nothing was written.
    #[error("the event log has more to write than it may hold: try again in {retry_after:?}")]
    Overloaded { retry_after: Duration },
    /// The device or quota is full.
    #[error("no space left for the event log")]
    NoSpace,
    /// A write or sync failed, or came up short.
    #[error("the event log could not be written: {0}")]
    Storage(Arc<str>),
    /// The environment's key is not to be had. Nothing was written.
    #[error(transparent)]
    Key(#[from] LogKeyError),
    /// A property is nested too deeply. Nothing was written.
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
    /// An event or a batch is larger than a block may be. Nothing was written.
    #[error("an event or batch is larger than the event log takes")]
    TooLarge,
    /// The log is shutting down. Nothing was written.
    #[error("the event log is shutting down")]
    Closed,
    /// This process only reads. Nothing was written.
    #[error("this process does not append to an event log")]
    ReadOnly,
}

impl AppendError {
    pub(crate) fn storage(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::NoSpace,
            _ => Self::Storage(error.to_string().into()),
        }
    }
}

/// The log could not be opened at all. Damage within files is not this: it is in the report.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Edge names are folder names.
    #[error("an edge's name is 1 to 64 of a-z, 0-9, - and _, not \"{0}\"")]
    EdgeName(String),
    /// Another process appends here.
    #[error(
        "the event log {} is in use by another process: each edge of a data folder needs a name of its own (--edge-name)",
        .0.display()
    )]
    Locked(PathBuf),
    /// The operating system refused.
    #[error("cannot use {}: {source}", path.display())]
    Storage { path: PathBuf, source: io::Error },
}

impl ReadError {
    /// Whether it may be that files were trimmed while they were asked for: newer parts have what was in them.
    pub(crate) fn may_be_trimmed(&self) -> bool {
        match self {
            Self::Trimmed { .. } => true,
            Self::Storage { source, .. } => source.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }
}

impl From<MarkError> for ReadError {
    fn from(error: MarkError) -> Self {
        match error {
            MarkError::Storage { path, source } => Self::Storage { path, source },
            MarkError::Key { path, source } => Self::Key { path, source },
            MarkError::Damaged { path, reason } => Self::Part(PartError::Damaged { path, reason }),
        }
    }
}

/// Events could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot read {}: {source}", path.display())]
    Storage { path: PathBuf, source: io::Error },
    /// The key of a file is not to be had: another process may have made it a moment ago.
    #[error("cannot open {}: {source}", path.display())]
    Key { path: PathBuf, source: LogKeyError },
    /// A frame that was whole is so no more.
    #[error("frame {sequence} at byte {offset} of {} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, sequence: u64, offset: u64, reason: String },
    /// What is asked for was trimmed from the log.
    #[error("frames up to {upto} of the log {log:016x} were trimmed: what they held is in parts only")]
    Trimmed { log: u64, upto: u64 },
    /// A part could not be read.
    #[error(transparent)]
    Part(#[from] PartError),
    /// More events wait to be sealed into parts than are held in memory to answer from.
    #[error("{events} events are not sealed into parts yet")]
    Unsealed { events: u64 },
}
