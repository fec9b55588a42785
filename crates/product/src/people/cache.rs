//! What this process remembers of people: whom an id leads to, how they stand, when they were seen. All of it can be
//! dropped at any time, and is when somebody is erased.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::store::keyring::{Subject, SubjectKind};
use base::id::EnvironmentId;
use base::{Clock, Rng, Timestamp};
use keys::{MAX_SENDER_AGE, SenderCache, hash};
use moka::sync::Cache;

use super::presence::Presence;
use super::recent::Recent;

/// Ids that are remembered.
const IDS: usize = 200_000;
/// Values and indexes that are remembered.
const VALUES: u64 = 200_000;
/// People whose encapsulated secrets are at hand.
const SENDERS: usize = 50_000;
/// Another process may have merged somebody: what it did is seen after so long.
const FOR: Duration = Duration::from_mins(1);

/// An id within an environment: its keyed hash tells namespaces apart.
type IdOf = (EnvironmentId, [u8; 16]);

/// A personal value: whose, and the attribute's name.
pub(super) type ValueOf = (EnvironmentId, SubjectKind, u64, String);

/// What this process remembers.
pub(crate) struct People {
    ids: Recent<IdOf, Subject>,
    epoch: AtomicU64,
    /// Values that are indexed already, by subject number.
    indexed: Cache<(EnvironmentId, u64, [u8; 16]), ()>,
    /// The one indexed value of an attribute, and when it was written.
    only: Cache<(EnvironmentId, u64, String), ([u8; 16], Timestamp)>,
    /// Keyed hashes of personal values that were written a short while ago, and when their event was.
    written: Cache<ValueOf, ([u8; 32], Timestamp)>,
    pub(super) presence: Presence,
    pub(super) senders: SenderCache,
}

impl People {
    /// Remembers nothing yet.
    pub(crate) fn new(clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self {
            ids: Recent::new(IDS, FOR),
            epoch: AtomicU64::new(0),
            indexed: Cache::builder().max_capacity(VALUES).time_to_live(FOR).build(),
            only: Cache::builder().max_capacity(VALUES).time_to_live(FOR).build(),
            written: Cache::builder().max_capacity(VALUES).time_to_live(MAX_SENDER_AGE).build(),
            presence: Presence::new(IDS, FOR),
            senders: SenderCache::new(SENDERS, clock, rng),
        }
    }

    pub(super) fn get(&self, environment: EnvironmentId, hash: &[u8; 16], now: Instant) -> Option<Subject> {
        self.ids.get_at(&(environment, *hash), now)
    }

    /// Counts the times that this process changed whom ids lead to.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Somebody was made or merged: what was read before is not remembered any more.
    pub(super) fn next_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Remembers what was written, or what was read at an epoch that still lasts. A look at what is remembered does not
    /// make it last longer.
    pub(super) fn remember(&self, environment: EnvironmentId, hash: [u8; 16], subject: Subject, read_at: Option<u64>) {
        if read_at.is_none_or(|epoch| epoch == self.epoch()) {
            self.ids.insert((environment, hash), subject);
        }
    }

    pub(super) fn is_indexed(&self, environment: EnvironmentId, number: u64, hash: [u8; 16]) -> bool {
        self.indexed.contains_key(&(environment, number, hash))
    }

    pub(super) fn remember_indexed(&self, environment: EnvironmentId, number: u64, hash: [u8; 16]) {
        self.indexed.insert((environment, number, hash), ());
    }

    /// Whether this is known to be the one value of an attribute that is indexed, and nobody has written another since:
    /// the attribute was written last when this process wrote it.
    pub(super) fn is_only_index(
        &self,
        environment: EnvironmentId,
        number: u64,
        name: &str,
        (hash, written): ([u8; 16], Option<i64>),
    ) -> bool {
        let only = self.only.get(&(environment, number, name.to_owned()));
        only.is_some_and(|(known, at)| known == hash && Some(at.micros()) == written)
    }

    /// The one indexed value was written once more.
    pub(super) fn still_only_index(
        &self,
        environment: EnvironmentId,
        number: u64,
        name: &str,
        only: ([u8; 16], Timestamp),
    ) {
        self.only.insert((environment, number, name.to_owned()), only);
    }

    pub(super) fn remember_only_index(
        &self,
        environment: EnvironmentId,
        number: u64,
        name: &str,
        only: Option<([u8; 16], Timestamp)>,
    ) {
        let key = (environment, number, name.to_owned());
        match only {
            Some(only) => self.only.insert(key, only),
            None => self.only.invalidate(&key),
        }
        self.indexed.invalidate_all();
    }

    /// Remembers a personal value that was written.
    pub(super) fn remember_written(&self, of: ValueOf, hash: [u8; 32], at: Timestamp) {
        self.written.insert(of, (hash, at));
    }

    /// Whether the value that this process wrote at that time was this one. Nothing is known for longer than whoever owns
    /// this process could open the value anyway.
    pub(super) fn was_written(&self, of: &ValueOf, hash: &[u8; 32], at: i64) -> bool {
        self.written.get(of).is_some_and(|(known, written)| written.micros() == at && hash::equal(&known, hash))
    }

    /// Wipes secrets that are too old. Called by the timer.
    pub(crate) fn sweep(&self) {
        self.senders.sweep();
    }
}
