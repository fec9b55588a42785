//! Known devices: a browser from which a member has signed in whole keeps a token in the cookie `__Host-pilotfish_device`. Whoever
//! guesses at the member's password elsewhere uses up the account's allowance, not the device's, so that its member
//! still gets in. It proves nothing else: password and second factor are asked for as everywhere.
//!
//! Stored is a keyed hash; the member sees their devices and can have one forgotten. One that was not used for 180 days is.

pub(crate) mod api;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ::store::{StoreResult, Tx};
use axum::http::{HeaderMap, HeaderValue};
use base::id::{DeviceId, MemberId};
use base::{ProblemResult, Secret, Timestamp};
use keys::{KeyKind, Owner, hash, random_token};

use crate::App;
use crate::authority::SystemTx;
use crate::hashed::Hashes;
use crate::problem::{internal, store_failed};
use crate::sessions;

const COOKIE: &str = "__Host-pilotfish_device";
const PURPOSE: &str = "device";
const LIFE: Duration = Duration::from_hours(180 * 24);

/// A device that a member has signed in from.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) id: DeviceId,
    pub(crate) member: MemberId,
}

/// Which known device a request comes from.
pub(crate) async fn of(app: &App, headers: &HeaderMap) -> ProblemResult<Option<Known>> {
    let Some(token) = sessions::cookie_of(headers, COOKIE) else { return Ok(None) };
    let hashes = hashes(app, &token)?;
    store::find(&app.main, &hashes.all, app.clock.now().minus(LIFE)).await.map_err(store_failed)
}

/// Remembers that a member signed in whole from this device; the cookie to set. A browser is known to one member at a time: its
/// cookie takes the place of another's.
pub(crate) async fn remember(
    app: &App,
    tx: &mut SystemTx,
    member: MemberId,
    known: Option<Known>,
    headers: &HeaderMap,
) -> ProblemResult<HeaderValue> {
    let token = random_token(app.rng.as_ref());
    let (key_version, key) = app.keys.primary(KeyKind::Session, Owner::Installation).map_err(internal)?;
    let row = store::NewDevice {
        id: DeviceId::new(app.clock.as_ref(), app.rng.as_ref()),
        member,
        hash: hash::token_hash(&key, PURPOSE, token.expose()),
        key_version,
        device: sessions::device(headers),
        now: app.clock.now(),
    };
    match known.filter(|known| known.member == member) {
        // Another token each time: a copied cookie ends with the next signing in.
        Some(known) => store::renew(&mut tx.0, known.id, &row).await,
        None => store::insert(&mut tx.0, &row).await,
    }
    .map_err(store_failed)?;
    let text =
        format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", token.expose(), LIFE.as_secs());
    let mut value = HeaderValue::try_from(text).map_err(internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether a member has signed in from any device that is still known.
pub(crate) async fn has_any(tx: &mut SystemTx, member: MemberId) -> ProblemResult<bool> {
    store::has_any(&mut tx.0, member).await.map_err(store_failed)
}

fn hashes(app: &App, token: &Secret<String>) -> ProblemResult<Hashes<32>> {
    Hashes::of(app, KeyKind::Session, |key| hash::token_hash(key, PURPOSE, token.expose()))
}

/// How many devices that are known are so by a hash under this version of the session key.
pub(crate) async fn hashed_with(tx: &mut SystemTx, version: u32, now: Timestamp) -> ProblemResult<u64> {
    store::hashed_with(&mut tx.0, version, now.minus(LIFE)).await.map_err(store_failed)
}

/// Forgets a member's devices.
pub(crate) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    store::forget_of(tx, member).await
}

/// Forgets devices that were not used for long.
pub(crate) async fn forget_old(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::forget_before(&mut tx.0, app.clock.now().minus(LIFE)).await.map_err(store_failed)?;
    tx.commit().await
}
