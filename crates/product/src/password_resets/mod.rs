//! Forgotten passwords: whoever asks is mailed a link to the member's address, with which a new password is chosen. Or the
//! operator has one made: `pilotfish members reset-link`.
//!
//! Asking says nothing of whether an address has an account: the same is counted, written and answered. A link is good once and
//! for half an hour, and no longer than the member's password and address; only the newest one is, by a keyed hash. A new
//! password ends every session of the member.

pub(crate) mod api;
pub(crate) mod jobs;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base::id::MemberId;
use base::{Code, Personal, Problem, ProblemResult, Secret, Timestamp};
use keys::{KeyKind, hash, random_token};
use serde_json::json;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::SystemTx;
use crate::hashed::Hashes;
use crate::members;
use crate::problem::store_failed;

/// How long a link is good.
const LIFE: Duration = Duration::from_mins(30);
/// How long after a letter none is sent again: its link stays good.
const PAUSE: Duration = Duration::from_mins(5);
const PURPOSE: &str = "password_reset";

/// A link that was made, and by what it is found.
struct NewLink {
    link: Secret<String>,
    hash: [u8; 32],
}

/// Makes a member's link; the one before it ends. The token is in the fragment, which browsers do not send.
async fn make_link(app: &App, tx: &mut SystemTx, member: MemberId) -> ProblemResult<NewLink> {
    let token = random_token(app.rng.as_ref());
    let hashes = hashes(app, &token)?;
    let expires_at = app.clock.now().plus(LIFE);
    store::set_link(&mut tx.0, member, &hashes.primary, hashes.version, expires_at).await.map_err(store_failed)?;
    let link = Secret::new(format!("{}/reset#token={}", app.urls.dashboard, token.expose()));
    Ok(NewLink { link, hash: hashes.primary })
}

/// Makes the link of an address's member, for the operator.
///
/// # Errors
/// 404 if no member has this address.
pub async fn link_for_operator(app: &App, email: &Personal<String>) -> ProblemResult<Secret<String>> {
    let missing = || Problem::new(Code::NotFound).detail("no member has this address");
    let account = members::account(app, email).await?.ok_or_else(missing)?;
    let mut tx = SystemTx::begin(app).await?;
    members::lock(app, &mut tx.0, account.id).await?;
    let NewLink { link, .. } = make_link(app, &mut tx, account.id).await?;
    record(app, &mut tx, account.id, "member.issue_reset_link").await?;
    tx.commit().await?;
    Ok(link)
}

/// Gives the member of a link a new password.
async fn complete(app: &App, token: &Secret<String>, password: &Secret<String>) -> ProblemResult<()> {
    let hashes = hashes(app, token)?;
    let found = store::of_link(&app.main, &hashes.all, app.clock.now()).await.map_err(store_failed)?;
    let member = found.ok_or_else(invalid)?;
    // Only the link's holder makes us hash, and nobody waits for a transaction meanwhile.
    let new = members::prepare_password(app, member, password).await?;
    let mut tx = SystemTx::begin(app).await?;
    members::lock(app, &mut tx.0, member).await?;
    if store::take(&mut tx.0, member, &hashes.all).await.map_err(store_failed)? == 0 {
        return Err(invalid());
    }
    members::address_proven(&mut tx, member).await?;
    members::set_password(app, &mut tx, member, new, None).await?;
    record(app, &mut tx, member, "member.reset_password").await?;
    tx.commit().await
}

fn invalid() -> Problem {
    Problem::new(Code::LinkInvalid).detail("ask for a new link")
}

fn hashes(app: &App, token: &Secret<String>) -> ProblemResult<Hashes<32>> {
    Hashes::of(app, KeyKind::Session, |key| hash::token_hash(key, PURPOSE, token.expose()))
}

/// How many links that would be taken are known by a hash under this version of the session key.
pub(crate) async fn hashed_with(tx: &mut SystemTx, version: u32, now: Timestamp) -> ProblemResult<u64> {
    store::hashed_with(&mut tx.0, version, now).await.map_err(store_failed)
}

/// Forgets a member's link.
pub(crate) async fn forget_of(tx: &mut ::store::Tx, member: MemberId) -> ::store::StoreResult<u64> {
    store::forget_of(tx, member).await
}

/// Forgets the links that are out of date.
pub(crate) async fn forget_old(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::forget_before(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await
}

/// Records what happened, where the member's name and address belong.
async fn record(app: &App, tx: &mut SystemTx, member: MemberId, action: &'static str) -> ProblemResult<()> {
    let home = members::home(tx, member).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let by = By::System(home);
    let entry = Entry { action, object: member.to_string(), detail: json!({}), environment: None, by };
    audit::record(app, &mut tx.0, entry).await
}
