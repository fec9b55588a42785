//! The root key turns: the provider makes a new version and wraps what is its own anew, then every wrapped key of the
//! stores is wrapped anew, and when nothing is under the old version, the provider destroys it.
//!
//! Whoever wraps a key holds the root key on the transaction that stores it ([`super::hold_root`]), and the destruction
//! holds it alone: a key that was wrapped under the old version is found by the last look or does not exist.

use ::store::{Scope, StoreResult, dialect, embedded, key_records};
use base::{Code, Problem, ProblemResult};
use keys::{KeyKind, KeyState, Owner, RootVersion, WrappedHeader, WrappedKey, rewrap};

use super::{Kept, Turned, intend, record, settle_if_shared, slowly};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};

pub(super) const PURPOSE: &str = "root_key";
/// How often keys that somebody wrapped meanwhile are wrapped anew before it is left to the next look.
const ROUNDS: usize = 5;

/// Makes a version newer than this one, unless it is there.
pub(super) async fn begin(app: &App, after: u32) -> ProblemResult<()> {
    let newest = slowly(app, move |provider| provider.rotate_root(after)).await?;
    let mut tx = SystemTx::begin(app).await?;
    record(app, &mut tx.0, KeyKind::Root.name(), newest.version, KeyState::Primary).await?;
    tx.commit().await
}

/// Moves everything to the newest version and destroys the older ones. Does nothing if there is none.
pub(super) async fn finish(app: &App) -> ProblemResult<()> {
    let (newest, older) = versions(app).await?;
    if older.is_empty() {
        return Ok(());
    }
    settle_if_shared(app).await;
    let mut announced = false;
    for _ in 0..ROUNDS {
        slowly(app, |provider| provider.rewrap_own()).await?;
        rewrap_stored(app, newest).await?;
        if !announced {
            announce(app, &older).await?;
            announced = true;
        }
        let mut tx = SystemTx::begin(app).await?;
        dialect::lock(&mut tx.0, app.main.engine(), PURPOSE, &[]).await.map_err(store_failed)?;
        let stored = key_records::all(&mut tx.0).await.map_err(store_failed)?;
        if stored.iter().any(|key| is_older(key, newest)) {
            continue;
        }
        for version in older {
            // The provider looks once more at what is its own.
            slowly(app, move |provider| provider.destroy_root(version)).await?;
            record(app, &mut tx.0, KeyKind::Root.name(), version, KeyState::Destroyed).await?;
        }
        return tx.commit().await;
    }
    Err(Problem::new(Code::StorageContended)
        .detail("keys were made all the time; the next look goes on")
        .retry_after(60))
}

/// Writes down, durably, what is about to be destroyed: its bytes may be gone, and what is written after that lost.
async fn announce(app: &App, older: &[u32]) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    for version in older {
        intend(app, &mut tx.0, KeyKind::Root.name(), *version).await?;
    }
    tx.commit().await
}

/// How the root key stands.
pub(super) async fn stands(app: &App) -> ProblemResult<Turned> {
    let (newest, older) = versions(app).await?;
    let kept = older.into_iter().map(|version| Kept { version, needed_by: 1 }).collect();
    Ok(Turned { kind: KeyKind::Root, owner: Owner::Installation.to_string(), version: newest, kept })
}

/// The primary version, and those before it that are not destroyed.
async fn versions(app: &App) -> ProblemResult<(u32, Vec<u32>)> {
    let versions = app.keys.provider().root_versions().await.map_err(internal)?;
    let with = |state| versions.iter().filter(move |root: &&RootVersion| root.state == state).map(|root| root.version);
    Ok((with(KeyState::Primary).max().unwrap_or(0), with(KeyState::Enabled).collect()))
}

fn is_older(key: &WrappedKey, newest: u32) -> bool {
    key.state != KeyState::Destroyed
        && WrappedHeader::parse(&key.bytes).is_none_or(|header| header.root_version != newest)
}

/// Wraps every stored key anew that is not under the newest version.
async fn rewrap_stored(app: &App, newest: u32) -> ProblemResult<()> {
    let provider = app.keys.provider().as_ref();
    if let Some(of_stores) = rewrap_embedded(app, newest).await.map_err(store_failed)? {
        app.keys.load(of_stores).await.map_err(internal)?;
    }
    let stored = key_records::all(app.main.read(Scope::System)).await.map_err(store_failed)?;
    let mut pairs = Vec::new();
    for key in stored.into_iter().filter(|key| is_older(key, newest)) {
        pairs.push((key.clone(), rewrap(provider, key).await.map_err(internal)?));
    }
    let mut tx = SystemTx::begin(app).await?;
    for (before, anew) in &pairs {
        key_records::rewrap(&mut tx.0, before, &anew.bytes).await.map_err(store_failed)?;
    }
    tx.commit().await?;
    app.keys.load(pairs.into_iter().map(|(_, anew)| anew)).await.map_err(internal)
}

/// The file keys of embedded stores, which lie beside them.
async fn rewrap_embedded(app: &App, newest: u32) -> StoreResult<Option<Vec<WrappedKey>>> {
    let kinds = [KeyKind::MainStoreFile, KeyKind::KeyringFile];
    let records = app.keys.records();
    if !records.iter().any(|key| kinds.contains(&key.kind) && is_older(key, newest)) {
        return Ok(None);
    }
    embedded::rewrap(app.data(), app.keys.provider().as_ref(), app.rng.as_ref()).await.map(Some)
}
