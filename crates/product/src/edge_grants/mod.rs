//! Edges without the root key: a *grant* lets one of them hold the keys that taking in events and delivering content need, and
//! no other. Its key lies in the edge's bundle; what the key opens is sealed for it in the main store, by whoever holds the
//! root key, and the edge follows it from there ([`Held`]).
//!
//! Invariants:
//! - Nothing is sealed for a grant that opens personal or member data ([`keys::Grants::edge`]).
//! - A version of a key is sealed for every grant before anybody seals or hashes with it.
//! - A revoked grant has nothing sealed for it, and its key is destroyed.

mod held;
mod leaf;
mod seal;
mod store;
#[cfg(test)]
mod tests;

use ::store::{Scope, StoreError, key_records};
use base::id::EdgeGrantId;
use base::{Code, Problem, ProblemResult, Timestamp};
use keys::{GrantKey, KeyKind, KeyState, Owner, WrappedKey};
use serde::Serialize;
use serde_json::json;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};
use crate::{key_rotation, organisations};

pub(crate) use held::Held;
pub use leaf::GrantedLeaf;
pub(crate) use seal::{forget, renew_certificates, seal_missing, seal_missing_in};

const SECONDS_PER_DAY: u64 = 86_400;

/// A grant that is made and not yet kept: its bundle is written first.
#[must_use = "it is thrown away unless it is committed"]
pub struct Pending {
    tx: SystemTx,
    record: WrappedKey,
    key: GrantKey,
}

impl Pending {
    /// What the bundle holds.
    pub const fn key(&self) -> &GrantKey {
        &self.key
    }

    /// Keeps it.
    pub async fn commit(self, app: &App) -> ProblemResult<()> {
        self.tx.commit().await?;
        app.keys.load([self.record]).await.map_err(internal)
    }
}

/// A grant, for people.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its id, as its bundle has it.
    pub id: EdgeGrantId,
    /// The version of the kind `edge_grant` that is its key.
    pub key_version: u32,
    /// For which names its certificate is, besides those of its own machine.
    pub hosts: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many days ago.
    pub age_days: u64,
    /// When its certificate was made.
    pub certificate_issued_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Makes a grant, up to the commit. Its certificate is for these names, if a local authority lies in this data folder.
///
/// # Errors
/// 409 if another is made at the same moment.
pub async fn prepare(app: &App, hosts: Vec<String>) -> ProblemResult<Pending> {
    app.reload_keys().await.map_err(internal)?;
    let now = app.clock.now();
    let mut tx = SystemTx::begin(app).await?;
    // In the order of whoever makes an environment, so that neither waits for the other.
    key_rotation::hold_root(app, &mut tx.0).await?;
    seal::hold(app, &mut tx.0).await?;
    let (kind, owner) = (KeyKind::EdgeGrant, Owner::Installation);
    let minted = app.keys.mint(kind, owner, app.clock.as_ref(), app.rng.as_ref()).await.map_err(internal)?;
    // Grants are beside each other: none of them takes another's place.
    let record = WrappedKey { state: KeyState::Enabled, ..minted };
    key_records::insert(&mut tx.0, &record).await.map_err(|error| match error {
        StoreError::Conflict => Problem::new(Code::Conflict).detail("another grant was made at this moment: try again"),
        other => store_failed(other),
    })?;
    let id = EdgeGrantId::new(app.clock.as_ref(), app.rng.as_ref());
    let grant = store::Grant { id, key_version: record.version, hosts, created_at: now, revoked_at: None };
    store::insert(&mut tx.0, &grant).await.map_err(store_failed)?;
    seal_missing_in(app, &mut tx).await?;
    let secret = app.keys.provider().unwrap(&record.context(), &record.bytes).await.map_err(internal)?;
    let key = GrantKey::new(id, secret);
    seal::renew_leaf(app, &mut tx.0, &grant, &key).await?;
    write_down(app, &mut tx, "edge_grant.create", id, record.version).await?;
    Ok(Pending { tx, record, key })
}

/// Every grant there ever was, the oldest first.
pub async fn list(app: &App) -> ProblemResult<Vec<Listed>> {
    let mut listed = Vec::new();
    for grant in store::all(app.main.read(Scope::System)).await.map_err(store_failed)? {
        let leaf = store::leaf(app.main.read(Scope::System), grant.id).await.map_err(store_failed)?;
        listed.push(Listed {
            id: grant.id,
            key_version: grant.key_version,
            hosts: grant.hosts,
            created_at: grant.created_at,
            age_days: app.clock.now().since(grant.created_at).as_secs() / SECONDS_PER_DAY,
            certificate_issued_at: leaf.map(|leaf| leaf.issued_at),
            revoked_at: grant.revoked_at,
        });
    }
    Ok(listed)
}

/// Ends a grant: its edge ends within seconds, and its bundle opens nothing any more. What that edge has read of keys stays
/// good until those keys turn.
///
/// # Errors
/// 404 if there is no such grant, or it was revoked before.
pub async fn revoke(app: &App, id: EdgeGrantId) -> ProblemResult<()> {
    app.reload_keys().await.map_err(internal)?;
    let mut tx = SystemTx::begin(app).await?;
    seal::hold(app, &mut tx.0).await?;
    let found = store::find(&mut tx.0, id).await.map_err(store_failed)?;
    let grant = found
        .filter(|grant| grant.revoked_at.is_none())
        .ok_or_else(|| Problem::new(Code::NotFound).detail(format!("there is no grant {id} that could be revoked")))?;
    let version = grant.key_version;
    let destroyed = app.keys.destroy(KeyKind::EdgeGrant, Owner::Installation, version).map_err(internal)?;
    key_records::set_state(&mut tx.0, &destroyed).await.map_err(store_failed)?;
    store::revoke(&mut tx.0, id, app.clock.now()).await.map_err(store_failed)?;
    write_down(app, &mut tx, "edge_grant.revoke", id, version).await?;
    tx.commit().await?;
    app.keys.load([destroyed]).await.map_err(internal)
}

async fn write_down(
    app: &App,
    tx: &mut SystemTx,
    action: &'static str,
    id: EdgeGrantId,
    version: u32,
) -> ProblemResult<()> {
    let organisation = organisations::first(app).await?.organisation;
    let entry = Entry {
        action,
        object: id.to_string(),
        detail: json!({ "version": version }),
        environment: None,
        by: By::System(organisation),
    };
    audit::record(app, &mut tx.0, entry).await
}
