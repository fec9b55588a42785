//! Wrapped keys turn: mint, promote, move, destroy. What each kind has to move, and what still needs an old version, is
//! the business of the feature that seals or hashes with it.

use ::store::{Engine, StoreError, key_records};
use base::{ProblemResult, Timestamp};
use keys::{KeyKind, KeyState, Owner, WrappedKey};

use super::{Kept, Turned, hold_root, record, settle, settle_if_shared, store_file, way};
use crate::authority::SystemTx;
use crate::ingest::COPIES_RECOGNISED;
use crate::problem::{internal, store_failed};
use crate::{
    App, api_keys, devices, doors, edge_grants, edge_keys, email_changes, event_log, identity_providers,
    identity_tokens, installation, invitations, members, parts, password_resets, people, second_factors, sessions,
};

/// Makes a version newer than this one, unless it is there. It is sealed for edges' grants in the same transaction: whichever
/// process promotes it, edges have it before.
pub(super) async fn begin(app: &App, kind: KeyKind, owner: Owner, after: u32) -> ProblemResult<()> {
    app.reload_keys().await.map_err(internal)?;
    if ring(app, kind, owner).last().is_some_and(|newest| newest.version > after) {
        return Ok(());
    }
    let mut tx = SystemTx::begin(app).await?;
    hold_root(app, &mut tx.0).await?;
    let key = app.keys.mint(kind, owner, app.clock.as_ref(), app.rng.as_ref()).await.map_err(internal)?;
    match key_records::insert(&mut tx.0, &key).await {
        // Another process was quicker; its version is as good.
        Err(StoreError::Conflict) => {
            drop(tx);
            return app.reload_keys().await.map_err(internal);
        }
        other => other.map_err(store_failed)?,
    }
    edge_grants::seal_missing_in(app, &mut tx).await?;
    tx.commit().await?;
    app.keys.load([key]).await.map_err(internal)
}

/// Brings every wrapped key as far as it can go.
pub(super) async fn finish(app: &App) -> ProblemResult<()> {
    let pending: Vec<WrappedKey> = rings(app).into_iter().filter_map(|ring| above_primary(&ring)).collect();
    if !pending.is_empty() {
        // A look that began before a version was there does not ask for it: it ends before anything is found by it alone.
        let looked_up = [KeyKind::Index, KeyKind::MessageHash];
        if pending.iter().any(|key| looked_up.contains(&key.kind)) {
            settle(app).await;
        } else {
            settle_if_shared(app).await;
        }
        for key in &pending {
            promote(app, key).await?;
        }
    }
    let turning: Vec<_> = rings(app).into_iter().filter(|ring| ring.len() > 1).collect();
    let mut unneeded = Vec::new();
    for ring in &turning {
        if let Some(newest) = ring.last() {
            move_over(app, newest.kind, newest.owner).await?;
        }
    }
    for old in turning.iter().flat_map(|ring| &ring[..ring.len() - 1]) {
        let mut tx = SystemTx::begin(app).await?;
        if needed(app, &mut tx, old).await? == 0 {
            unneeded.push(old.clone());
        }
    }
    if !unneeded.is_empty() {
        settle(app).await;
        for old in &unneeded {
            destroy(app, old).await?;
        }
    }
    Ok(())
}

/// How a key stands.
pub(super) async fn stands(app: &App, kind: KeyKind, owner: Owner) -> ProblemResult<Turned> {
    let ring = ring(app, kind, owner);
    let mut kept = Vec::new();
    let mut tx = SystemTx::begin(app).await?;
    for old in &ring[..ring.len().saturating_sub(1)] {
        kept.push(Kept { version: old.version, needed_by: needed(app, &mut tx, old).await? });
    }
    let version = ring.last().map_or(0, |newest| newest.version);
    Ok(Turned { kind, owner: owner.to_string(), version, kept })
}

/// The versions of a key that are not destroyed, oldest first.
fn ring(app: &App, kind: KeyKind, owner: Owner) -> Vec<WrappedKey> {
    rings(app).into_iter().find(|ring| (ring[0].kind, ring[0].owner) == (kind, owner)).unwrap_or_default()
}

/// The same of every key that turns; none is empty.
fn rings(app: &App) -> Vec<Vec<WrappedKey>> {
    let mut records = app.keys.records();
    records.retain(|key| key.state != KeyState::Destroyed && way(key.kind).turns);
    records.retain(|key| !store_file::KINDS.contains(&key.kind));
    records.chunk_by(|one, other| (one.kind, one.owner) == (other.kind, other.owner)).map(<[_]>::to_vec).collect()
}

/// The newest version, if it was made and not yet promoted.
fn above_primary(ring: &[WrappedKey]) -> Option<WrappedKey> {
    ring.last().filter(|newest| newest.state == KeyState::Enabled).cloned()
}

/// What a key is called in records.
fn name(key: &WrappedKey) -> String {
    format!("{} of {}", key.kind, key.owner)
}

async fn promote(app: &App, key: &WrappedKey) -> ProblemResult<()> {
    let changed = app.keys.promote(key.kind, key.owner, key.version).map_err(internal)?;
    let mut tx = SystemTx::begin(app).await?;
    for record in &changed {
        key_records::set_state(&mut tx.0, record).await.map_err(store_failed)?;
    }
    key_records::note_promoted(&mut tx.0, key, app.clock.now()).await.map_err(store_failed)?;
    record(app, &mut tx.0, &name(key), key.version, KeyState::Primary).await?;
    tx.commit().await?;
    app.keys.load(changed).await.map_err(internal)
}

/// Destroys a version, unless something needs it after all.
async fn destroy(app: &App, key: &WrappedKey) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    if needed(app, &mut tx, key).await? > 0 {
        return Ok(());
    }
    let destroyed = app.keys.destroy(key.kind, key.owner, key.version).map_err(internal)?;
    edge_grants::forget(app, &mut tx.0, &destroyed).await?;
    key_records::set_state(&mut tx.0, &destroyed).await.map_err(store_failed)?;
    record(app, &mut tx.0, &name(key), key.version, KeyState::Destroyed).await?;
    tx.commit().await?;
    app.keys.load([destroyed]).await.map_err(internal)
}

/// Moves to the newest version what can be moved without its owner.
async fn move_over(app: &App, kind: KeyKind, owner: Owner) -> ProblemResult<()> {
    match (kind, owner) {
        (KeyKind::ApiKeyHash, _) => edge_keys::rehash_public(app).await,
        (KeyKind::MemberIndex, _) => {
            members::reseal::indexes(app).await?;
            identity_providers::reseal::indexes(app).await
        }
        (KeyKind::Organisation, Owner::Organisation(id)) => {
            members::reseal::organisation(app, id).await?;
            invitations::reseal::organisation(app, id).await?;
            identity_providers::reseal::organisation(app, id).await
        }
        (KeyKind::SecondFactor, _) => second_factors::reseal::all(app).await,
        (KeyKind::Identity, Owner::Environment(id)) => identity_tokens::reseal(app, id).await,
        (KeyKind::Index, Owner::Environment(id)) => people::reindex(app, id).await,
        (KeyKind::Part | KeyKind::Dictionary, Owner::Environment(id)) => parts::reseal(app, id).await,
        (KeyKind::LocalAuthority | KeyKind::Acme, _) => doors::reseal(app, kind).await,
        _ => Ok(()),
    }
}

/// By how many things an old version is still needed.
async fn needed(app: &App, tx: &mut SystemTx, key: &WrappedKey) -> ProblemResult<u64> {
    let (version, now) = (key.version, app.clock.now());
    Ok(match (key.kind, key.owner) {
        (KeyKind::EventLog, Owner::Environment(id)) => {
            // Over PostgreSQL there may be files that only another host sees.
            let unseen = u64::from(app.main.engine() == Engine::Postgres);
            unseen + event_log::sealed_with(app, id, version).await?
        }
        (KeyKind::Part | KeyKind::Dictionary, Owner::Environment(id)) => {
            let unseen = u64::from(app.main.engine() == Engine::Postgres);
            unseen + parts::sealed_with(app, key.kind, id, version).await?
        }
        (KeyKind::Pepper, _) => members::reseal::peppered_with(tx, version).await?,
        (KeyKind::Session, _) => {
            installation::hashed_with(tx, version, now).await?
                + devices::hashed_with(tx, version, now).await?
                + email_changes::hashed_with(tx, version, now).await?
                + invitations::hashed_with(tx, version, now).await?
                + password_resets::hashed_with(tx, version, now).await?
                + sessions::hashed_with(tx, version, now).await?
        }
        (KeyKind::ApiKeyHash, _) => {
            api_keys::hashed_with(tx, version, now).await? + edge_keys::hashed_with(tx, version).await?
        }
        (KeyKind::AddressHash, _) => counted(app, key, now),
        (KeyKind::MemberIndex, _) => {
            members::reseal::indexed_with(tx, version).await?
                + identity_providers::reseal::indexed_with(tx, version).await?
                + counted(app, key, now)
        }
        (KeyKind::Organisation, Owner::Organisation(id)) => {
            let members = members::reseal::sealed_with(tx, id, version).await?;
            members
                + invitations::reseal::sealed_with(tx, id, version).await?
                + email_changes::sealed_with(tx, id, version).await?
                + identity_providers::reseal::sealed_with(tx, id, version).await?
        }
        (KeyKind::SecondFactor, _) => second_factors::reseal::sealed_with(tx, version).await?,
        (KeyKind::Identity, Owner::Environment(id)) => identity_tokens::sealed_with(tx, id, version).await?,
        (KeyKind::Index, Owner::Environment(id)) => people::indexed_with(app, id, version).await?,
        (KeyKind::MessageHash, _) => recognised_by(app, tx, key, now).await?,
        (KeyKind::LocalAuthority | KeyKind::Acme, _) => doors::sealed_with(app, key.kind, version).await?,
        // Nobody knows: it stays.
        _ => 1,
    })
}

/// One, as long as attempts to sign in that were counted under this version may still count.
fn counted(app: &App, key: &WrappedKey, now: Timestamp) -> u64 {
    let newest = ring(app, key.kind, key.owner).last().map_or(now, |newest| newest.created_at);
    u64::from(now.since(newest) <= sessions::ATTEMPTS_COUNT_FOR + app.rotation.settle)
}

/// One, as long as copies of messages that were hashed with this version are recognised.
async fn recognised_by(app: &App, tx: &mut SystemTx, key: &WrappedKey, now: Timestamp) -> ProblemResult<u64> {
    let next = key_records::promoted_at(&mut tx.0, key.kind, key.owner, key.version + 1).await.map_err(store_failed)?;
    let is_over = |since: Timestamp| now.since(since) > COPIES_RECOGNISED + app.rotation.settle;
    Ok(u64::from(!next.is_some_and(is_over)))
}
