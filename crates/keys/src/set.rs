//! The keys of this process: wrapped records from storage, unwrapped once, at hand without asking the provider.
//!
//! The set keeps no database: storage hands it records with [`KeySet::load`], and whatever [`KeySet::mint`],
//! [`KeySet::promote`] and [`KeySet::destroy`] return is stored first and then given to [`KeySet::load`]. So a set
//! never uses a key that is not durable.
//!
//! A process holds only the kinds that it was granted; a record of another kind is listed and stays wrapped.

use crate::{Answer, KeyKind, KeyProvider, KeyState, Owner, ProviderError, SecretKey, WrappedKey, wrapped};
use base::{Clock, Rng, Secret};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Which kinds of keys a process may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grants(u64);

impl Grants {
    /// Every kind.
    pub const fn all() -> Self {
        Self(u64::MAX)
    }

    /// These kinds and no other.
    pub fn only(kinds: &[KeyKind]) -> Self {
        Self(kinds.iter().fold(0, |bits, kind| bits | 1 << kind.code()))
    }

    /// What an edge may hold: nothing that opens personal data or member data.
    pub fn edge() -> Self {
        use KeyKind::{ApiKeyHash, EventLog, Identity, Index, KeyringFile, MainStoreFile, MessageHash};
        Self::only(&[MainStoreFile, KeyringFile, EventLog, Index, MessageHash, ApiKeyHash, Identity])
    }

    /// Whether this kind is among them.
    pub const fn allows(self, kind: KeyKind) -> bool {
        self.0 >> kind.code() & 1 == 1
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// This process may not hold keys of this kind.
    #[error("this process was not granted {kind} keys")]
    NotGranted {
        /// The kind that was asked for.
        kind: KeyKind,
    },
    /// The root key does not wrap keys of this kind.
    #[error("{kind} keys are not wrapped by the root key")]
    NotWrapped {
        /// The kind that was asked for.
        kind: KeyKind,
    },
    /// A kind of organisations' keys was asked for an environment, or the like.
    #[error("{owner} can't own {kind} keys")]
    WrongOwner {
        /// The kind that was asked for.
        kind: KeyKind,
        /// The owner that was given.
        owner: Owner,
    },
    /// None was made, or it was not loaded.
    #[error("there is no {kind} key of {owner}")]
    Missing {
        /// The kind that was asked for.
        kind: KeyKind,
        /// Whose.
        owner: Owner,
    },
    /// Keys there are, but not this version.
    #[error("there is no version {version} of the {kind} key of {owner}")]
    UnknownVersion {
        /// The kind that was asked for.
        kind: KeyKind,
        /// Whose.
        owner: Owner,
        /// The version that was asked for.
        version: u32,
    },
    /// This version is gone for good.
    #[error("version {version} of the {kind} key of {owner} was destroyed")]
    Destroyed {
        /// The kind that was asked for.
        kind: KeyKind,
        /// Whose.
        owner: Owner,
        /// The version that was asked for.
        version: u32,
    },
    /// The primary version is in use.
    #[error("version {version} of the {kind} key of {owner} is the primary one: promote another first")]
    Primary {
        /// The kind that was asked for.
        kind: KeyKind,
        /// Whose.
        owner: Owner,
        /// The version that was asked for.
        version: u32,
    },
    /// The provider failed.
    #[error("the {kind} key of {owner}: {source}")]
    Provider {
        /// The kind of the key.
        kind: KeyKind,
        /// Whose.
        owner: Owner,
        /// What the provider said.
        source: ProviderError,
    },
}

struct Entry {
    record: WrappedKey,
    secret: Option<SecretKey>,
}

type Ring = BTreeMap<u32, Entry>;

/// The versions of a key that are not destroyed, as they are at one moment.
#[derive(Debug)]
pub struct HeldKeys {
    /// The version of the primary key.
    pub version: u32,
    /// The primary key.
    pub primary: SecretKey,
    /// The others, newest first: one that takes over, or that another took over from.
    pub others: Vec<(u32, SecretKey)>,
}

/// The keys that this process holds.
pub struct KeySet {
    provider: Arc<dyn KeyProvider>,
    grants: Grants,
    rings: RwLock<HashMap<(KeyKind, Owner), Ring>>,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySet").field("provider", &self.provider.name()).finish_non_exhaustive()
    }
}

impl KeySet {
    /// An empty set over a provider.
    pub fn new(provider: Arc<dyn KeyProvider>, grants: Grants) -> Self {
        Self { provider, grants, rings: RwLock::default() }
    }

    /// The provider under this set.
    pub fn provider(&self) -> &Arc<dyn KeyProvider> {
        &self.provider
    }

    /// Takes records from storage, or one that changed there. A destroyed record drops its secret, and is never another
    /// thing again; a primary one makes the primary before it an enabled one. The provider is asked only about what is new
    /// or was wrapped anew.
    pub async fn load(&self, records: impl IntoIterator<Item = WrappedKey>) -> Result<(), KeyError> {
        for record in records {
            if self.has(&record) {
                continue;
            }
            let secret = self.unwrap(&record).await?;
            let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
            let ring = rings.entry((record.kind, record.owner)).or_default();
            if record.state == KeyState::Primary {
                for entry in ring.values_mut().filter(|entry| entry.record.state == KeyState::Primary) {
                    entry.record.state = KeyState::Enabled;
                }
            }
            ring.insert(record.version, Entry { record, secret });
        }
        Ok(())
    }

    /// Whether this record, or its destruction, is known.
    fn has(&self, record: &WrappedKey) -> bool {
        let rings = self.read();
        let entry = rings.get(&(record.kind, record.owner)).and_then(|ring| ring.get(&record.version));
        entry.is_some_and(|entry| entry.record == *record || entry.record.state == KeyState::Destroyed)
    }

    async fn unwrap(&self, record: &WrappedKey) -> Result<Option<SecretKey>, KeyError> {
        if record.state == KeyState::Destroyed || !self.grants.allows(record.kind) {
            return Ok(None);
        }
        let (kind, owner) = (record.kind, record.owner);
        check(kind, owner)?;
        let secret = self.provider.unwrap(&record.context(), &record.bytes).await;
        secret.map(Some).map_err(|source| KeyError::Provider { kind, owner, source })
    }

    /// Makes a new random key: version 1 as the primary one, later ones enabled, to be promoted once every process
    /// knows them. Store the record, then [`load`](Self::load) it.
    pub async fn mint(
        &self,
        kind: KeyKind,
        owner: Owner,
        clock: &dyn Clock,
        rng: &dyn Rng,
    ) -> Result<WrappedKey, KeyError> {
        check(kind, owner)?;
        if !self.grants.allows(kind) {
            return Err(KeyError::NotGranted { kind });
        }
        let newest =
            self.read().get(&(kind, owner)).and_then(|ring| ring.last_key_value().map(|(version, _)| *version));
        let version = newest.unwrap_or(0) + 1;
        let state = if newest.is_none() { KeyState::Primary } else { KeyState::Enabled };
        let secret = Secret::new(rng.bytes());
        let wrapped = self.provider.wrap(&wrapped::context(kind, owner, version), &secret).await;
        let bytes = wrapped.map_err(|source| KeyError::Provider { kind, owner, source })?;
        Ok(WrappedKey { kind, owner, version, state, created_at: clock.now(), bytes })
    }

    /// Makes an enabled version the primary one. The answer is the records that change, the former primary's first.
    pub fn promote(&self, kind: KeyKind, owner: Owner, version: u32) -> Result<Vec<WrappedKey>, KeyError> {
        let rings = self.read();
        let ring = rings.get(&(kind, owner)).ok_or(KeyError::Missing { kind, owner })?;
        let chosen = ring.get(&version).ok_or(KeyError::UnknownVersion { kind, owner, version })?;
        if chosen.record.state == KeyState::Destroyed {
            return Err(KeyError::Destroyed { kind, owner, version });
        }
        let former = ring.values().filter(|e| e.record.state == KeyState::Primary && e.record.version != version);
        let mut changed: Vec<_> =
            former.map(|entry| WrappedKey { state: KeyState::Enabled, ..entry.record.clone() }).collect();
        changed.push(WrappedKey { state: KeyState::Primary, ..chosen.record.clone() });
        Ok(changed)
    }

    /// The record of a version without its bytes. The primary version is refused.
    pub fn destroy(&self, kind: KeyKind, owner: Owner, version: u32) -> Result<WrappedKey, KeyError> {
        let rings = self.read();
        let ring = rings.get(&(kind, owner)).ok_or(KeyError::Missing { kind, owner })?;
        let entry = ring.get(&version).ok_or(KeyError::UnknownVersion { kind, owner, version })?;
        if entry.record.state == KeyState::Primary {
            return Err(KeyError::Primary { kind, owner, version });
        }
        Ok(WrappedKey { state: KeyState::Destroyed, bytes: Vec::new(), ..entry.record.clone() })
    }

    /// The key to seal and hash with now, and its version.
    pub fn primary(&self, kind: KeyKind, owner: Owner) -> Result<(u32, SecretKey), KeyError> {
        self.allowed(kind, owner)?;
        let rings = self.read();
        let primary = rings
            .get(&(kind, owner))
            .and_then(|ring| ring.values().find(|entry| entry.record.state == KeyState::Primary))
            .and_then(|entry| Some((entry.record.version, entry.secret.clone()?)));
        primary.ok_or(KeyError::Missing { kind, owner })
    }

    /// Every version that is not destroyed.
    pub fn held(&self, kind: KeyKind, owner: Owner) -> Result<HeldKeys, KeyError> {
        self.allowed(kind, owner)?;
        let (mut found, mut others) = (None, Vec::new());
        let rings = self.read();
        let ring = rings.get(&(kind, owner)).ok_or(KeyError::Missing { kind, owner })?;
        for (version, entry) in ring.iter().rev() {
            let Some(secret) = &entry.secret else { continue };
            match entry.record.state {
                KeyState::Primary => found = Some((*version, secret.clone())),
                _ => others.push((*version, secret.clone())),
            }
        }
        let (version, primary) = found.ok_or(KeyError::Missing { kind, owner })?;
        Ok(HeldKeys { version, primary, others })
    }

    /// The key of a version, to open with.
    pub fn version(&self, kind: KeyKind, owner: Owner, version: u32) -> Result<SecretKey, KeyError> {
        self.allowed(kind, owner)?;
        let rings = self.read();
        let ring = rings.get(&(kind, owner)).ok_or(KeyError::Missing { kind, owner })?;
        let entry = ring.get(&version).ok_or(KeyError::UnknownVersion { kind, owner, version })?;
        entry.secret.clone().ok_or(KeyError::Destroyed { kind, owner, version })
    }

    /// Every key that is not destroyed, newest first: to look a hash up that may be older than a rotation.
    pub fn usable(&self, kind: KeyKind, owner: Owner) -> Result<Vec<(u32, SecretKey)>, KeyError> {
        self.allowed(kind, owner)?;
        let rings = self.read();
        let ring = rings.get(&(kind, owner)).ok_or(KeyError::Missing { kind, owner })?;
        Ok(ring.iter().rev().filter_map(|(version, entry)| Some((*version, entry.secret.clone()?))).collect())
    }

    /// Every record, for listings and for re-wrapping, ordered by kind, owner and version.
    pub fn records(&self) -> Vec<WrappedKey> {
        let mut records: Vec<_> =
            self.read().values().flat_map(BTreeMap::values).map(|entry| entry.record.clone()).collect();
        records.sort_by_key(|record| (record.kind, record.owner, record.version));
        records
    }

    fn allowed(&self, kind: KeyKind, owner: Owner) -> Result<(), KeyError> {
        check(kind, owner)?;
        if self.grants.allows(kind) { Ok(()) } else { Err(KeyError::NotGranted { kind }) }
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<(KeyKind, Owner), Ring>> {
        self.rings.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(kind: KeyKind, owner: Owner) -> Result<(), KeyError> {
    if !kind.is_wrapped() {
        return Err(KeyError::NotWrapped { kind });
    }
    if kind.owner_kind() != owner.kind() {
        return Err(KeyError::WrongOwner { kind, owner });
    }
    Ok(())
}

/// Wraps a key anew under the provider's primary root key; the same record otherwise.
pub fn rewrap(provider: &dyn KeyProvider, record: WrappedKey) -> Answer<'_, WrappedKey> {
    Box::pin(async move {
        if record.state == KeyState::Destroyed {
            return Ok(record);
        }
        let context = record.context();
        let secret = provider.unwrap(&context, &record.bytes).await?;
        let bytes = provider.wrap(&context, &secret).await?;
        Ok(WrappedKey { bytes, ..record })
    })
}
