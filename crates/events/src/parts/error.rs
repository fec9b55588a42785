//! What can go wrong with parts, as callers can act on it.

use std::io;
use std::path::{Path, PathBuf};

use super::keys::PartKeyError;
use crate::error::OpenError;
use crate::trimmed::MarkError;

/// Parts could not be read or written. Nothing that was there is lost by it: what was not committed is as if it had not
/// been tried.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// Another process writes parts of this environment.
    #[error("the parts in {} are being written by another process", .0.display())]
    Locked(PathBuf),
    /// A key is not to be had.
    #[error(transparent)]
    Key(#[from] PartKeyError),
    /// The operating system refused.
    #[error("cannot use {}: {source}", path.display())]
    Storage { path: PathBuf, source: io::Error },
    /// A file is not as it was written. Restore it from a backup.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// The event log could not be read.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// The log ends before what was sealed of it.
    #[error(
        "the log {log:016x} ends at frame {last}, though frames up to {sealed} of it are in parts: it was lost, or an older \
         copy of it was put back. Put its files back, or start that edge under another name (--edge-name)"
    )]
    Behind { log: u64, sealed: u64, last: u64 },
    /// The log begins behind what was sealed last.
    #[error(
        "the log {log:016x} begins at frame {first}, but only frames up to {sealed} are in parts: restore its files"
    )]
    Gap { log: u64, sealed: u64, first: u64 },
}

impl From<MarkError> for PartError {
    fn from(error: MarkError) -> Self {
        match error {
            MarkError::Storage { path, source } => Self::Storage { path, source },
            MarkError::Key { path, source } => Self::Key(PartKeyError(format!("{}: {source}", path.display()))),
            MarkError::Damaged { path, reason } => Self::Damaged { path, reason },
        }
    }
}

impl PartError {
    pub(crate) fn storage(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Storage { path, source }
    }

    pub(crate) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }
}
