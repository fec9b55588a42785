//! How often what happened since the log was opened.

/// Counts since the log was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Events acknowledged as stored.
    pub accepted: u64,
    /// Copies of events that were there.
    pub duplicates: u64,
    /// Of these, copies with other content: their sender gives one message id to several messages.
    pub conflicts: u64,
    /// Appends refused because too much waited.
    pub overloaded: u64,
    /// Writes with their syncs that succeeded.
    pub groups: u64,
    /// Groups whose write or sync failed.
    pub failures: u64,
}
