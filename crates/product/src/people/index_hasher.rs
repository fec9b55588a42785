//! Index keys of an environment, while their key turns and otherwise.
//!
//! A look asks for the hashes under every version at once, since an entry may lie under any of them. Entries are written
//! under the version that the keyring says, which a transaction holds until it ends: two processes of which one does not know
//! a newer version yet never write the same id under two. What is remembered in memory goes by the primary version's hash.

use std::collections::HashMap;

use ::store::Tx;
use ::store::keyring::{self, IndexKey};
use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use keys::hash::{self, namespace};
use keys::{KeyKind, Owner};

use super::Who;
use super::identity::{Claim, Id};
use crate::App;
use crate::problem::{internal, store_failed};

/// Makes index keys of an environment.
pub(super) struct IndexHasher {
    environment: EnvironmentId,
    version: u32,
    key: hash::Hasher,
    /// Of the other versions; none but while the key turns.
    others: Vec<(u32, hash::Hasher)>,
}

/// What entries are written with until a transaction ends.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) version: u32,
    key: &'a hash::Hasher,
}

impl Writing<'_> {
    pub(super) fn hash(&self, namespace: &str, value: &str) -> [u8; 16] {
        self.key.blind_index(namespace, value)
    }
}

impl IndexHasher {
    pub(super) fn of(app: &App, environment: EnvironmentId) -> ProblemResult<Self> {
        let held = app.keys.held(KeyKind::Index, Owner::Environment(environment)).map_err(internal)?;
        let others = held.others.iter().map(|(version, key)| (*version, hash::Hasher::new(key))).collect();
        Ok(Self { environment, version: held.version, key: hash::Hasher::new(&held.primary), others })
    }

    /// The hash under the primary version: what is remembered goes by it.
    pub(super) fn hash(&self, namespace: &str, value: &str) -> [u8; 16] {
        self.key.blind_index(namespace, value)
    }

    /// The hashes under all versions.
    pub(super) fn all(&self, namespace: &str, value: &str) -> Vec<[u8; 16]> {
        let others = self.others.iter().map(|(_, key)| key);
        std::iter::once(&self.key).chain(others).map(|key| key.blind_index(namespace, value)).collect()
    }

    /// What entries are written with from now until the transaction ends; `None` if this process does not hold that version
    /// yet: then [`not_held_yet`] says what to do.
    pub(super) async fn writing(&self, app: &App, tx: &mut Tx) -> ProblemResult<Option<Writing<'_>>> {
        let version = keyring::index_version(tx, app.keyring.engine(), self.environment).await.map_err(store_failed)?;
        Ok(self.under(version))
    }

    /// What entries are written with under a version, if this process holds it.
    pub(super) fn under(&self, version: u32) -> Option<Writing<'_>> {
        let other = || self.others.iter().find(|(other, _)| *other == version).map(|(_, key)| key);
        let key = if version == self.version { Some(&self.key) } else { other() };
        key.map(|key| Writing { version, key })
    }

    pub(super) fn id<'a>(&self, namespace: &'static str, value: &'a str) -> Id<'a> {
        Id { namespace, hash: self.hash(namespace, value), value }
    }

    pub(super) fn claim<'a>(&self, who: &Who<'a>) -> Claim<'a> {
        let user = |value| self.id(namespace::EXTERNAL_ID, value);
        let anonymous = |value| self.id(namespace::ANONYMOUS_ID, value);
        Claim {
            anonymous: who.anonymous.map(anonymous),
            user: who.user.map(user),
            previous: who.previous.map(|value| (anonymous(value), user(value))),
        }
    }

    /// What the keyring is asked to find these ids.
    pub(super) fn asked<'a>(&self, ids: impl Iterator<Item = Id<'a>>) -> Asked {
        let (mut keys, mut under_others) = (Vec::new(), HashMap::new());
        for id in ids {
            keys.push(IndexKey { namespace: id.namespace.into(), hash: id.hash });
            for (_, other) in &self.others {
                let hash = other.blind_index(id.namespace, id.value);
                keys.push(IndexKey { namespace: id.namespace.into(), hash });
                under_others.insert(hash, id.hash);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Asked { keys, under_others }
    }
}

/// The keys that ids are found by.
pub(super) struct Asked {
    pub(super) keys: Vec<IndexKey>,
    /// Of the hashes under other versions the one under the primary version.
    under_others: HashMap<[u8; 16], [u8; 16]>,
}

impl Asked {
    /// The hash under the primary version of what was found by any.
    pub(super) fn id_of(&self, found: &IndexKey) -> [u8; 16] {
        self.under_others.get(&found.hash).copied().unwrap_or(found.hash)
    }
}

/// Entries are written under a version that this process did not hold: it does now, and what was under way is to be done
/// again. Nothing may be open.
pub(super) async fn not_held_yet(app: &App) -> Problem {
    match app.reload_keys().await {
        Ok(()) => Problem::new(Code::StorageContended).retry_after(1),
        Err(error) => internal(error),
    }
}
