//! Parts: the log's events, sorted by person and time, in encrypted column files that questions read.
//!
//! Under `parts/<environment>/` in the data folder ([`docs/formats/parts.md`] has every byte): a manifest, and Parquet
//! files with modular encryption, each of one time slice. One process writes ([`Parts`], under a lock), any number reads
//! ([`PartReader`]). The way of an event:
//!
//! 1. [`Parts::seal_due`] takes what lies in the logs of every edge behind what was sealed last ([`tail`]), drops copies
//!    that another edge had first ([`duplicates`]), and writes a part a slice.
//! 2. [`Parts::compact_due`] merges the parts of a slice while they are small.
//! 3. [`Parts::erase`] and [`Parts::retain`] hide at once, then rewrite what holds the events.
//! 4. [`Parts::trim_due`] lets go of log files once what they hold is in parts.
//!
//! Every step writes and syncs its files, then commits them with a new manifest, then removes what that names no more.
//!
//! Invariants:
//! - Each acknowledged event is in the parts once if its log is sealed up to it, and else in the log's tail: whoever
//!   takes a [`Snapshot`] and the tail behind it sees it exactly once.
//! - A crash at any moment leaves the state before or after. Files that no manifest names were never committed; who
//!   writes next removes them.
//! - Nothing is in clear on disk but ids and key versions.
//!
//! Functions here block on files: call them from blocking threads.

mod compact;
mod duplicates;
mod erase;
mod error;
mod format;
mod keys;
mod left_out;
mod manifest;
mod note;
mod options;
mod read;
mod reseal;
mod row;
mod schema;
mod seal;
mod snapshot;
mod source;
mod store;
mod tail;
mod trim;
mod verify;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use base::id::EnvironmentId;

pub use erase::{Erase, Rewritten};
pub use error::PartError;
pub use keys::{PartKeyError, PartKeys, parts_sealed_with};
pub use options::PartOptions;
pub use seal::Sealing;
pub(crate) use snapshot::Hides;
pub use snapshot::{PartReader, Snapshot};
pub use store::Parts;
pub use trim::{TrimLook, Trimming};
pub use verify::{
    EnvironmentParts, PartFinding, PartFindingKind, PartsReport, RememberedParts, verify_parts, verify_parts_again,
};

/// How the files of parts end.
const SUFFIX: &str = ".part";

/// A slice of time: a week. The weeks are counted from 1970-01-01.
const SLICE: i64 = 7 * 86_400_000_000;
/// The slice of events whose time is so far from when they were received that they would make slices of their own.
const ELSEWHEN: i64 = i64::MIN;
/// How far that is.
const FAR: u64 = 366 * 86_400_000_000;

/// The folder of an environment's parts.
fn folder(data: &Path, environment: EnvironmentId) -> PathBuf {
    data.join("parts").join(environment.to_string())
}

/// The name of a part's file.
fn file_name(part: format::PartId) -> String {
    format!("{:032x}{SUFFIX}", u128::from_be_bytes(part))
}

/// Into which slice an event belongs.
fn slice(time: i64, received: i64) -> i64 {
    if time.abs_diff(received) > FAR { ELSEWHEN } else { time.div_euclid(SLICE) }
}
