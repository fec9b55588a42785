//! What this process remembers of people: whom an id leads to, how they stand, when they were seen. All of it can be
//! dropped at any time, and is when somebody is erased.

use std::sync::Arc;
use std::time::Duration;

use ::store::keyring::Subject;
use base::id::EnvironmentId;
use base::{Clock, Rng};
use keys::SenderCache;
use moka::sync::Cache;

use super::presence::Presence;

/// Ids that are remembered.
const IDS: u64 = 200_000;
/// People whose encapsulated secrets are at hand.
const SENDERS: usize = 50_000;
/// Another process may have merged somebody: what it did is seen after so long.
const FOR: Duration = Duration::from_mins(1);

/// An id within an environment: its keyed hash tells namespaces apart.
type IdOf = (EnvironmentId, [u8; 16]);

/// What this process remembers.
pub(crate) struct People {
    ids: Cache<IdOf, Subject>,
    /// Values that are indexed already, by subject number.
    indexed: Cache<(EnvironmentId, u64, [u8; 16]), ()>,
    /// The one indexed value of an attribute.
    only: Cache<(EnvironmentId, u64, String), [u8; 16]>,
    pub(super) presence: Presence,
    pub(super) senders: SenderCache,
}

impl People {
    /// Remembers nothing yet.
    pub(crate) fn new(clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self {
            ids: Cache::builder().max_capacity(IDS).time_to_live(FOR).build(),
            indexed: Cache::builder().max_capacity(IDS).time_to_live(FOR).build(),
            only: Cache::builder().max_capacity(IDS).time_to_live(FOR).build(),
            presence: Presence::new(IDS, FOR),
            senders: SenderCache::new(SENDERS, clock, rng),
        }
    }

    pub(super) fn get(&self, environment: EnvironmentId, hash: &[u8; 16]) -> Option<Subject> {
        self.ids.get(&(environment, *hash))
    }

    pub(super) fn remember(&self, environment: EnvironmentId, hash: [u8; 16], subject: Subject) {
        self.ids.insert((environment, hash), subject);
    }

    pub(super) fn is_indexed(&self, environment: EnvironmentId, number: u64, hash: [u8; 16]) -> bool {
        self.indexed.contains_key(&(environment, number, hash))
    }

    pub(super) fn remember_indexed(&self, environment: EnvironmentId, number: u64, hash: [u8; 16]) {
        self.indexed.insert((environment, number, hash), ());
    }

    /// Whether this is known to be the one value of an attribute that is indexed.
    pub(super) fn is_only_index(&self, environment: EnvironmentId, number: u64, name: &str, hash: [u8; 16]) -> bool {
        self.only.get(&(environment, number, name.to_owned())) == Some(hash)
    }

    pub(super) fn remember_only_index(
        &self,
        environment: EnvironmentId,
        number: u64,
        name: &str,
        hash: Option<[u8; 16]>,
    ) {
        let key = (environment, number, name.to_owned());
        match hash {
            Some(hash) => self.only.insert(key, hash),
            None => self.only.invalidate(&key),
        }
        self.indexed.invalidate_all();
    }

    /// Wipes secrets that are too old. Called by the timer.
    pub(crate) fn sweep(&self) {
        self.senders.sweep();
    }
}
