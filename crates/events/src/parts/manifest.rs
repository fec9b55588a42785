//! The manifest: which parts there are, up to where each log is in them, what events are called, who is erased.
//!
//! One encrypted file, replaced as a whole: written beside, synced, renamed, and its folder synced. Whoever reads it sees
//! one state or the next, never half of one.
//!
//! Invariant: an event is in the parts named here if and only if its sequence is at or below what its log is sealed up
//! to, but for duplicates, erased people and what retention took.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use base::Rng;
use base::id::EnvironmentId;
use keys::KeyKind;
use serde::{Deserialize, Serialize};

use super::error::PartError;
use super::format::{PartId, Sealed};
use super::keys::PartKeys;
use super::left_out::LeftOut;
use super::row::Row;
use crate::disk;

/// Its file's name.
pub(crate) const MANIFEST: &str = "manifest";
/// The name under which the next one is written.
pub(crate) const NEXT: &str = "manifest.next";

/// The manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// One more at each change.
    pub(crate) generation: u64,
    pub(crate) parts: Vec<PartEntry>,
    /// Up to which sequence each log is in the parts.
    pub(crate) sealed: BTreeMap<u64, u64>,
    /// The names of events; each one's place is its code, for good.
    pub(crate) names: Vec<String>,
    pub(crate) erased: Erased,
    /// Events timed before are gone.
    pub(crate) retained: Option<i64>,
    /// How often somebody was erased: parts that say the same were rewritten since.
    pub(crate) erasures: u64,
    /// Copies that two logs both had and of which one was dropped.
    pub(crate) duplicates: u64,
    /// Events that were taken from logs so far: those in parts, the copies, and those that are [gone](Self::gone). A manifest from
    /// before this was counted begins with what it has.
    #[serde(default)]
    pub(crate) taken: Option<u64>,
    /// Events that were erased, or retained no more.
    #[serde(default)]
    pub(crate) gone: u64,
    /// Of the log files that are still there. One that was sealed before this was kept counts for nothing here.
    #[serde(default)]
    pub(crate) left_out: LeftOut,
}

/// Who is erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Erased {
    /// With every event.
    pub(crate) whole: BTreeSet<u64>,
    /// With their personal properties only.
    pub(crate) personal: BTreeSet<u64>,
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartEntry {
    pub(crate) id: PartId,
    pub(crate) slice: i64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
    pub(crate) key_version: u32,
    pub(crate) bounds: Bounds,
    /// The codes of its events' names.
    pub(crate) names: Vec<u32>,
    /// The logs that its events came by.
    pub(crate) logs: Vec<u64>,
    /// The manifest's `erasures` when it was written or looked through.
    pub(crate) erasures: u64,
}

/// From what to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bounds {
    pub(crate) people: (u64, u64),
    pub(crate) time: (i64, i64),
    pub(crate) received: (i64, i64),
}

impl Bounds {
    /// Those of one event.
    pub(crate) const fn of(row: &Row<'_>) -> Self {
        Self { people: (row.person, row.person), time: (row.time, row.time), received: (row.received, row.received) }
    }

    /// What covers both.
    pub(crate) fn with(&self, other: &Self) -> Self {
        Self {
            people: (self.people.0.min(other.people.0), self.people.1.max(other.people.1)),
            time: (self.time.0.min(other.time.0), self.time.1.max(other.time.1)),
            received: (self.received.0.min(other.received.0), self.received.1.max(other.received.1)),
        }
    }
}

impl Erased {
    /// Whether somebody with a number in these bounds is.
    pub(crate) fn touches(&self, (first, last): (u64, u64)) -> bool {
        let within = |people: &BTreeSet<u64>| people.range(first..=last).next().is_some();
        within(&self.whole) || within(&self.personal)
    }
}

impl Manifest {
    /// How many events are in the parts.
    pub(crate) fn rows(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// How many events were taken from logs.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.unwrap_or_else(|| self.rows() + self.duplicates + self.gone)
    }

    /// Whether an event is to be in no part: its person is erased, or it is too old.
    pub(crate) fn lets_go_of(&self, person: u64, time: i64) -> bool {
        self.retained.is_some_and(|before| time < before) || self.erased.whole.contains(&person)
    }

    /// Another event is in no part, or no more, that came by this frame.
    pub(crate) fn let_go(&mut self, log: u64, sequence: u64) {
        self.gone += 1;
        self.left_out.add(log, sequence);
    }

    /// Whether a part may hold what is erased or retained no more.
    pub(crate) fn is_due(&self, part: &PartEntry) -> bool {
        let erased = part.erasures < self.erasures && self.erased.touches(part.bounds.people);
        erased || self.retained.is_some_and(|before| part.bounds.time.0 < before)
    }

    /// Reads it; `None` if there is none.
    pub(crate) fn load(
        folder: &Path,
        environment: EnvironmentId,
        keys: &dyn PartKeys,
    ) -> Result<Option<Self>, PartError> {
        let path = folder.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(PartError::storage(&path))?,
        };
        let version = Sealed::key_version(environment, &bytes).map_err(|error| PartError::damaged(&path, error))?;
        let key = keys.version(KeyKind::Dictionary, environment, version)?;
        let content = Sealed::open(&bytes, &key).map_err(|error| PartError::damaged(&path, error))?;
        serde_json::from_slice(&content).map(Some).map_err(|error| PartError::damaged(&path, error))
    }

    /// Puts it in the place of the one before, durably.
    pub(crate) fn store(
        &self,
        folder: &Path,
        environment: EnvironmentId,
        keys: &dyn PartKeys,
        rng: &dyn Rng,
    ) -> Result<(), PartError> {
        let (path, next) = (folder.join(MANIFEST), folder.join(NEXT));
        let key = keys.primary(KeyKind::Dictionary, environment)?;
        let write = || {
            let content = serde_json::to_vec(self)?;
            let bytes = Sealed::seal(environment, &key, &content, rng)?;
            let file = disk::open_or_create(&next)?;
            file.set_len(0)?;
            disk::write_whole_at(&file, &bytes, 0)?;
            file.sync_all()?;
            fs::rename(&next, &path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(PartError::storage(&path))
    }
}
