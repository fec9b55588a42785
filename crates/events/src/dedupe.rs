//! Which messages are here already. The first acknowledged copy wins, whatever a later copy says or when it is timed.
//!
//! Held in memory, rebuilt from the log at start: a map per day of receipt from message hash to fingerprint and second
//! of receipt, dropped as a whole when the window has passed it by. This module is the seam where the event engine puts
//! filters with an exact check.
//!
//! Invariants: a message is claimed by at most one batch at a time; a copy that meets a claim shares the fate of the
//! claim's batch; a failed batch leaves no trace here.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use base::Timestamp;

use crate::queue::Fate;

/// What de-duplication goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) hash: [u8; 16],
    pub(crate) received: i64,
    pub(crate) fingerprint: u32,
}

/// What a claim met.
pub(crate) enum Claim {
    /// Nothing: the message is the claimant's to write.
    New,
    /// A copy that was acknowledged, or stands earlier in the same batch.
    Duplicate,
    /// A copy that is being written.
    InFlight(Fate),
}

#[derive(Clone, Copy)]
struct Seen {
    fingerprint: u32,
    /// Seconds since 1970.
    received: u32,
}

struct InFlight {
    fingerprint: u32,
    fate: Fate,
}

type Day = HashMap<[u8; 16], Seen, BuildHasherDefault<Prefix>>;

/// Message hashes are keyed hashes: their own first bytes spread as well as any hash of them.
#[derive(Default)]
struct Prefix(u64);

impl Hasher for Prefix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(prefix) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*prefix);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

/// The messages of one log.
pub(crate) struct Dedupe {
    window: i64,
    days: BTreeMap<i64, Day>,
    in_flight: HashMap<[u8; 16], InFlight, BuildHasherDefault<Prefix>>,
    conflicts: u64,
    duplicates: u64,
}

impl Dedupe {
    pub(crate) fn new(window: Duration) -> Self {
        Self {
            window: i64::try_from(window.as_secs()).unwrap_or(i64::MAX),
            days: BTreeMap::new(),
            in_flight: HashMap::default(),
            conflicts: 0,
            duplicates: 0,
        }
    }

    /// Claims a message for the batch of this fate; copies of it may also be known by these other hashes.
    pub(crate) fn claim(&mut self, message: Message, known_as: &[(usize, [u8; 16])], batch: &Fate) -> Claim {
        let others = known_as.iter().map(|(_, hash)| Message { hash: *hash, ..message });
        let Some((claim, first)) = std::iter::once(message).chain(others).find_map(|copy| self.met(copy, batch)) else {
            let flying = InFlight { fingerprint: message.fingerprint, fate: batch.clone() };
            self.in_flight.insert(message.hash, flying);
            return Claim::New;
        };
        self.duplicates += 1;
        self.conflicts += u64::from(first != message.fingerprint);
        claim
    }

    /// A copy that is here or on its way, and its fingerprint.
    fn met(&self, message: Message, batch: &Fate) -> Option<(Claim, u32)> {
        if let Some(seen) = self.seen(message) {
            return Some((Claim::Duplicate, seen.fingerprint));
        }
        let flying = self.in_flight.get(&message.hash).filter(|flying| flying.fate.has_not_failed())?;
        let same_batch = flying.fate.same(batch);
        let claim = if same_batch { Claim::Duplicate } else { Claim::InFlight(flying.fate.clone()) };
        Some((claim, flying.fingerprint))
    }

    fn seen(&self, message: Message) -> Option<Seen> {
        let received = seconds(message.received);
        let seen = self.days.values().rev().find_map(|day| day.get(&message.hash))?;
        (i64::from(seen.received).saturating_add(self.window) > received).then_some(*seen)
    }

    /// The message is durable.
    pub(crate) fn settle(&mut self, message: Message) {
        self.in_flight.remove(&message.hash);
        self.remember(message);
    }

    /// The message of an earlier run.
    pub(crate) fn remember(&mut self, message: Message) {
        let received = seconds(message.received);
        let seen =
            Seen { fingerprint: message.fingerprint, received: u32::try_from(received.max(0)).unwrap_or(u32::MAX) };
        self.days.entry(received.div_euclid(DAY)).or_default().insert(message.hash, seen);
    }

    /// The message was not acknowledged.
    pub(crate) fn release(&mut self, message: Message) {
        self.in_flight.remove(&message.hash);
    }

    /// Drops what the window has passed by.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let oldest = now.seconds().saturating_sub(self.window).div_euclid(DAY);
        while self.days.first_key_value().is_some_and(|(day, _)| *day < oldest) {
            self.days.pop_first();
        }
    }

    /// Duplicates and, of these, conflicts so far.
    pub(crate) const fn counts(&self) -> (u64, u64) {
        (self.duplicates, self.conflicts)
    }
}

const DAY: i64 = 86_400;

const fn seconds(micros: i64) -> i64 {
    micros.div_euclid(1_000_000)
}
