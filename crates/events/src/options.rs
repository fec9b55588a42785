//! Limits of a log. The defaults suit everything but tests.

use std::time::Duration;

/// A copy of a message is recognised for so long after the first was received.
pub const DUPLICATE_WINDOW: Duration = Duration::from_hours(7 * 24);

/// When files, groups and queues are full.
#[derive(Debug, Clone)]
pub struct Options {
    /// A file is followed by another once it has so many bytes …
    pub roll_bytes: u64,
    /// … or is so old.
    pub roll_age: Duration,
    /// Bytes that may wait per environment; beyond, appends are refused.
    pub queue_bytes: usize,
    /// Bytes (before compression) that one write and sync takes at most.
    pub group_bytes: usize,
    /// Bytes (before compression) after which a block is closed. One block is what a reader unpacks for one event.
    pub block_bytes: usize,
    /// A writer with nothing to do ends after so long.
    pub idle: Duration,
    /// For how long a copy is recognised: see [`DUPLICATE_WINDOW`].
    pub duplicate_window: Duration,
    /// What a refused sender is told to wait.
    pub retry_after: Duration,
    /// Zstandard's level.
    pub level: i32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            roll_bytes: 64 << 20,
            roll_age: Duration::from_hours(24),
            queue_bytes: 32 << 20,
            group_bytes: 8 << 20,
            block_bytes: 64 << 10,
            idle: Duration::from_secs(30),
            duplicate_window: DUPLICATE_WINDOW,
            retry_after: Duration::from_secs(1),
            level: 1,
        }
    }
}
