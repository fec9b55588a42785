//! What a question may take, and what goes wrong with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::error::ReadError;

/// What a question may take. Shared by its threads.
#[derive(Debug)]
pub struct Control {
    /// Set it to stop the question.
    cancelled: Arc<AtomicBool>,
    deadline: Option<Instant>,
    memory: usize,
    used: AtomicUsize,
    threads: usize,
    chunk: Option<u64>,
}

/// A question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The events could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Whoever asked went away.
    #[error("the question was cancelled")]
    Cancelled,
    /// It takes too long.
    #[error("the question takes too long: ask for a shorter range or for fewer events")]
    TooLong,
    /// It takes too much memory.
    #[error(
        "the question takes too much memory: ask for a shorter range, fewer events or a breakdown with fewer values"
    )]
    TooLarge,
    /// The product did not say what it knows of this field.
    #[error("nothing is known of {0}: it has to be resolved before the question is run")]
    Unresolved(String),
    /// The target is no number of this question's answer.
    #[error("there is no such number in the answer: {0}")]
    NoTarget(&'static str),
}

impl Control {
    /// Two threads, 512 MB for what is folded and no end.
    pub fn new() -> Self {
        Self {
            cancelled: Arc::default(),
            deadline: None,
            memory: 512 << 20,
            used: AtomicUsize::new(0),
            threads: 2,
            chunk: None,
        }
    }

    /// At most so long from now.
    #[must_use]
    pub fn time(self, time: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(time), ..self }
    }

    /// At most about so many bytes for what is gathered, and for what is read while it is looked at.
    #[must_use]
    pub fn memory(self, bytes: usize) -> Self {
        Self { memory: bytes, ..self }
    }

    /// On so many threads, at least one.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// Reads about so many rows at a time, instead of as many as suit the threads.
    #[must_use]
    pub fn chunk(self, rows: u64) -> Self {
        Self { chunk: Some(rows), ..self }
    }

    /// What stops the question when it is set.
    pub fn cancel(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancelled)
    }

    pub(super) const fn thread_count(&self) -> usize {
        self.threads
    }

    pub(super) const fn chunk_rows(&self) -> Option<u64> {
        self.chunk
    }

    /// Whether to go on.
    pub(super) fn check(&self) -> Result<(), QueryError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(QueryError::Cancelled);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(QueryError::TooLong);
        }
        if self.used.load(Ordering::Relaxed) > self.memory {
            return Err(QueryError::TooLarge);
        }
        Ok(())
    }

    /// So much more is held until the question ends.
    pub(super) fn hold(&self, bytes: usize) -> Result<(), QueryError> {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        self.check()
    }

    /// How much is held.
    pub(super) fn held(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// So much was let go.
    pub(super) fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}
