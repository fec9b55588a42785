//! Whose a store is: a random number that the main store, the keyring and, beside embedded stores, `store-keys.json`
//! have in common, so that one that was lost, swapped or mixed up is noticed before it is used.
//!
//! The main store's is written first and the keyring's second, both before the installation itself. So a keyring that
//! has an identity is proof that its main store has, or had, the same.

use base::Rng;
use serde::{Deserialize, Serialize};

use crate::{Db, Scope, StoreError, StoreResult, sql};

/// The identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity([u8; 16]);

impl Identity {
    /// A new one.
    pub fn new(rng: &dyn Rng) -> Self {
        Self(rng.bytes())
    }
}

impl Serialize for Identity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("the identity is not 32 hexadecimal digits"))
    }
}

/// Refuses stores that are not of one installation. `made` says whether the main store holds an installation; `expected`
/// is what lies beside embedded stores.
///
/// # Errors
/// [`StoreError::Foreign`] with the store that is missing or another's.
pub async fn check(main: &Db, keyring: &Db, expected: Option<Identity>) -> StoreResult<()> {
    // In this order, against another process that makes the installation at this moment: each implies the next.
    let made = sql("SELECT id FROM installation").fetch_optional(main.read(Scope::System)).await?.is_some();
    let in_keyring = read(keyring).await?;
    let in_main = read(main).await?;
    let lost = |store| Err(StoreError::Foreign { store });
    match (in_main, in_keyring) {
        (Some(main), _) if expected.is_some_and(|expected| expected != main) => lost("the main store"),
        (_, Some(keyring)) if expected.is_some_and(|expected| expected != keyring) => lost("the keyring"),
        (None, Some(_)) => lost("the main store"),
        (Some(main), Some(keyring)) if main != keyring => lost("the keyring"),
        (_, None) if made => lost("the keyring"),
        _ => Ok(()),
    }
}

/// Whether this store has been given to an installation.
pub async fn is_given(db: &Db) -> StoreResult<bool> {
    Ok(read(db).await?.is_some())
}

/// Gives both stores the same identity: the one that the main store has, or this one.
///
/// # Errors
/// [`StoreError::Foreign`] if the keyring is another installation's.
pub async fn give(main: &Db, keyring: &Db, identity: Identity) -> StoreResult<()> {
    let identity = write(main, identity).await?;
    if write(keyring, identity).await? == identity {
        return Ok(());
    }
    Err(StoreError::Foreign { store: "the keyring" })
}

async fn read(db: &Db) -> StoreResult<Option<Identity>> {
    let row = sql("SELECT identity FROM store_identity").fetch_optional(db.read(Scope::System)).await?;
    row.map(|row| row.get("identity").map(Identity)).transpose()
}

/// Writes it unless there is one; the one that is there then.
async fn write(db: &Db, identity: Identity) -> StoreResult<Identity> {
    let mut tx = db.begin(Scope::System).await?;
    sql("INSERT INTO store_identity (id, identity) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
        .bind(identity.0)
        .execute(&mut tx)
        .await?;
    let there = sql("SELECT identity FROM store_identity").fetch_one(&mut tx).await?.get("identity").map(Identity)?;
    tx.commit().await?;
    Ok(there)
}
