//! The file keys of the embedded stores turn: the next key is made, everybody who uses the store ends and whoever comes
//! waits, a copy of the file gets the new key and takes its place, and everybody goes on.
//!
//! Which key a file has is known by opening it: whatever was interrupted between the file and the note of it is noted at the
//! next start (`store::embedded`).

use std::time::Duration;

use ::store::{Db, StoreError, embedded};
use base::ProblemResult;
use keys::{KeyKind, KeyState, Owner, WrappedKey};

use super::{Turned, record};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};

/// The kinds, which turn in this way and no other.
pub(super) const KINDS: [KeyKind; 2] = [KeyKind::MainStoreFile, KeyKind::KeyringFile];
/// A copy of so many bytes is read, sealed and written in less than the 30 seconds after which a door gives a request up, on a
/// disk and processor that do 100 MB a second.
pub(super) const LARGEST_BY_ITSELF: u64 = 1 << 30;
/// How often it is tried: for a long read nobody is kept waiting.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// Makes a version newer than this one, unless it is there.
pub(super) async fn begin(app: &App, kind: KeyKind, after: u32) -> ProblemResult<()> {
    if ring(app, kind).last().is_some_and(|newest| newest.version > after) {
        return Ok(());
    }
    let (clock, rng) = (app.clock.as_ref(), app.rng.as_ref());
    embedded::mint_next(app.data(), &app.keys, kind, clock, rng).await.map_err(store_failed)
}

/// Gives each store the newest key that was made for it.
pub(super) async fn finish(app: &App) -> ProblemResult<()> {
    for (kind, db) in KINDS.into_iter().zip([&app.main, &app.keyring]) {
        let Some(next) = ring(app, kind).pop().filter(|newest| newest.state == KeyState::Enabled) else { continue };
        let (old, key) = app.keys.primary(kind, Owner::Installation).map_err(internal)?;
        let new = app.keys.version(kind, Owner::Installation, next.version).map_err(internal)?;
        rekey(db, &key, &new).await?;
        let noted = embedded::note_rekeyed(app.data(), &app.keys, kind, next.version, app.rng.as_ref()).await;
        noted.map_err(store_failed)?;
        let mut tx = SystemTx::begin(app).await?;
        record(app, &mut tx.0, kind.name(), next.version, KeyState::Primary).await?;
        record(app, &mut tx.0, kind.name(), old, KeyState::Destroyed).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Whether a store's file is so large that only the operator has it get another key, at a time of their choice.
pub(super) fn takes_long(app: &App, kind: KeyKind) -> bool {
    let Some(path) = embedded::path(app.data(), kind) else { return false };
    // Of no file nothing takes long: over PostgreSQL there is none.
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    let takes_long = bytes > app.rotation.largest_by_itself;
    if takes_long {
        tracing::warn!(
            %kind,
            bytes,
            "a store file is due for another key and too large to get it by itself: requests wait meanwhile, and those \
             that wait longer than 30 seconds fail; run pilotfish keys rotate --kind {kind} --now when that suits"
        );
    }
    takes_long
}

/// How a store's key stands.
pub(super) fn stands(app: &App, kind: KeyKind) -> Turned {
    let version = ring(app, kind).last().map_or(0, |newest| newest.version);
    Turned { kind, owner: Owner::Installation.to_string(), version, kept: Vec::new() }
}

/// The versions of a store's key that are not destroyed, oldest first; none over PostgreSQL.
fn ring(app: &App, kind: KeyKind) -> Vec<WrappedKey> {
    let mut records = app.keys.records();
    records.retain(|key| key.kind == kind && key.state != KeyState::Destroyed);
    records
}

async fn rekey(db: &Db, old: &keys::SecretKey, new: &keys::SecretKey) -> ProblemResult<()> {
    for _ in 1..TRIES {
        match db.rekey(old, new).await {
            Err(StoreError::Contended) => tokio::time::sleep(PAUSE).await,
            other => return other.map_err(store_failed),
        }
    }
    db.rekey(old, new).await.map_err(store_failed)
}
