//! By what a copy of a message is recognised: a keyed hash of its id. While the key turns a message has a hash under each of its
//! versions; it is stored under the primary one, and a copy may be here under any.
//!
//! The old version lives for as long as copies are recognised ([`COPIES_RECOGNISED`]) after the new one took over, so that none
//! is taken for a new message. Outside of a turn there is one version, and one hash.

use std::time::Duration;

use base::ProblemResult;
use base::id::EnvironmentId;
use keys::{KeyKind, Owner, hash};

use crate::App;
use crate::problem::internal;

/// The log's window of de-duplication.
pub(crate) const COPIES_RECOGNISED: Duration = events::DUPLICATE_WINDOW;

/// A message's hashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MessageHash {
    /// Under the primary version of the key.
    pub(crate) primary: [u8; 16],
    /// Under the others; empty but while the key turns.
    pub(crate) others: Vec<[u8; 16]>,
}

impl MessageHash {
    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = [u8; 16]> {
        std::iter::once(self.primary).chain(self.others.iter().copied())
    }
}

/// Hashes message ids of an environment.
pub(crate) struct MessageHasher {
    environment: EnvironmentId,
    primary: hash::Hasher,
    others: Vec<hash::Hasher>,
}

impl MessageHasher {
    pub(crate) fn of(app: &App, environment: EnvironmentId) -> ProblemResult<Self> {
        let held = app.keys.held(KeyKind::MessageHash, Owner::Environment(environment)).map_err(internal)?;
        let others = held.others.iter().map(|(_, key)| hash::Hasher::new(key)).collect();
        Ok(Self { environment, primary: hash::Hasher::new(&held.primary), others })
    }

    pub(crate) fn hash(&self, id: &str) -> MessageHash {
        let of = |hasher: &hash::Hasher| hasher.message_hash(self.environment, id);
        MessageHash { primary: of(&self.primary), others: self.others.iter().map(of).collect() }
    }
}
