//! When events are sealed into parts, and parts merged. The defaults suit everything but tests.

use std::time::Duration;

use crate::options::DUPLICATE_WINDOW;

/// Limits of an environment's parts.
#[derive(Debug, Clone)]
pub struct PartOptions {
    /// The log is sealed once so many events wait …
    pub seal_rows: usize,
    /// … or so many bytes of them, unpacked, …
    pub seal_bytes: usize,
    /// … or the oldest that waits was received so long ago.
    pub seal_age: Duration,
    /// No more than about so many events may wait to be sealed; beyond, appends are refused.
    pub most_waiting: u64,
    /// A copy from another edge's log is recognised for so long after the first was received. As long as the log's own window.
    pub duplicate_window: Duration,
    /// Rows of a group within a part: what is skipped or read at once. Of what is in no part as many are sorted at once.
    pub group_rows: usize,
    /// A part with so many rows is merged no more.
    pub whole_rows: u64,
    /// So many parts of one slice are merged though they are small.
    pub merge_parts: usize,
    /// How many properties get a column of their own.
    pub property_columns: usize,
}

impl Default for PartOptions {
    fn default() -> Self {
        Self {
            seal_rows: 256 << 10,
            seal_bytes: 128 << 20,
            seal_age: Duration::from_mins(5),
            most_waiting: 1 << 20,
            duplicate_window: DUPLICATE_WINDOW,
            group_rows: 64 << 10,
            whole_rows: 768 << 10,
            merge_parts: 4,
            property_columns: 64,
        }
    }
}
