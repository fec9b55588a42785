//! Events: the ingest log, where an event is when its sender is told that it is kept; [`parts`], into which it is sealed
//! for questions; the questions ([`query`]); and the [`engine`] that answers them from both.
//!
//! There is one log per edge and environment, under `log/<edge>/<environment>/` in the data folder: append-only files of sealed
//! frames ([`docs/formats/event-log.md`] has every byte). The way of an event:
//!
//! 1. A [`Batch`] is encoded as events are added to it. [`EventLog::append`] claims its message ids against copies
//!    ([`dedupe`]), packs larger batches, and queues it; a full queue refuses at once.
//! 2. The environment's writer ([`writer`]) takes everything that waits, seals it into frames, and makes one write and
//!    one `fdatasync`.
//! 3. Only then the frames enter the index, the claims are settled and the waiters answered.
//!
//! Invariants:
//! - An append that answers `Stored` is on disk. One that fails may be there or not: after a restart its copies are
//!   told apart, and meanwhile nothing shows it.
//! - Sequences have no gaps. A file ends where the next begins: what an earlier file holds beyond was never
//!   acknowledged.
//! - A file is written by the process that began it, until the first failure; never after a restart.
//! - What is cut or broken is kept and reported, never skipped in silence ([`Report`]).
//!
//! Several processes may share the data folder. Each edge appends to its own folder; everybody else, other edges too,
//! follows its files up to the durable offset that it publishes ([`others`]).
//!
//! Functions that read block on files: call them from blocking threads. Times are microseconds, as everywhere.

mod again;
mod batch;
mod columns;
mod counters;
mod dedupe;
mod disk;
mod encoding;
mod engine;
mod error;
mod format;
mod index;
mod inspect;
mod log;
mod log_keys;
mod names;
mod open;
mod options;
mod others;
mod pack;
mod parts;
mod query;
mod queue;
mod read;
mod record;
mod recover;
mod report;
mod scan;
mod submit;
mod trimmed;
mod view;
mod writer;

#[cfg(test)]
mod tests;

pub use again::{Again, Remembered};
pub use batch::Batch;
pub use columns::{
    Coded, Column, ColumnSet, Columns, NO_CODE, NO_NUMBER, Properties, Property, Sealed, Source, Split, Stretch,
    TailRun, Wanted,
};
pub use counters::Counters;
pub use encoding::{Head, Plain, TooDeep};
pub use engine::{EmbeddedEngine, EngineParts, EventEngine};
pub use error::{AppendError, OpenError, ReadError};
pub use log_keys::{LogKeyError, LogKeys, sealed_with};
pub use open::{EventLog, verify, verify_again};
pub use options::{DUPLICATE_WINDOW, Options};
pub use parts::{
    EnvironmentParts, Erase, PartError, PartFinding, PartFindingKind, PartKeyError, PartKeys, PartOptions, PartReader,
    Parts, PartsReport, RememberedParts, Rewritten, Sealing, Snapshot, TrimLook, Trimming, parts_sealed_with,
    verify_parts, verify_parts_again,
};
pub use query::{
    Aliases, Answer, Bar, Breakdown, By, Cohort, Condition, Control, Count, Funnel, FunnelAnswer, FunnelGroup,
    FunnelStep, Group, Interval, Known, Match, Measure, Mode, Needs, NumberSet, Order, Page, PeoplePage, Point, Query,
    QueryError, Range, Retention, RetentionAnswer, Selection, Series, SeriesAnswer, Subject, Target, Timeline, Trend,
    TrendAnswer,
};
pub use read::Following;
pub use record::{Arrival, Cursor, CursorError, DeviceKind, Event, Kind, LogId};
pub use report::{Finding, FindingKind, LogReport, Report};
pub use submit::Outcome;
pub use trimmed::Trimmed;
pub use view::LogView;
