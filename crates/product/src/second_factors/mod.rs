//! Second factors: one-time codes of an authenticator app (TOTP, RFC 6238) and recovery codes for when it is lost.
//!
//! Invariants: a one-time code is good once, whatever clock it was made by; a recovery code is good once; both are looked at
//! only after the attempt was counted; setting up, changing or removing a factor ends every other session of the member; a
//! member without a second factor has a password that is long enough to be the only one.

pub(crate) mod api;
mod recovery;
pub(crate) mod reseal;
mod store;
#[cfg(test)]
mod tests;
mod totp;

use ::store::{Executor, Scope, StoreResult, Tx};
use base::id::MemberId;
use base::{Code, Problem, ProblemResult, Timestamp};
use serde_json::json;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, SystemTx};
use crate::problem::store_failed;
use crate::{identity_providers, members, sessions};

pub(crate) use recovery::take as take_recovery_code;
pub(crate) use totp::take as take_totp;

/// Since when a member has one-time codes.
pub(crate) async fn totp_since(app: &App, member: MemberId) -> ProblemResult<Option<Timestamp>> {
    store::totp_since(&app.main, member).await.map_err(store_failed)
}

/// How many recovery codes a member has left.
pub(crate) async fn codes_left(app: &App, member: MemberId) -> ProblemResult<u64> {
    store::codes_left(app.main.read(Scope::System), member).await.map_err(store_failed)
}

/// Forgets what a member had.
pub(crate) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<()> {
    store::forget_of(tx, member).await
}

/// A factor was added: other sessions end, and whoever has no recovery codes gets some, which are shown this once.
pub(crate) async fn added(
    app: &App,
    tx: &mut SystemTx,
    caller: &Caller,
    action: &'static str,
) -> ProblemResult<Vec<String>> {
    let (member, _) = caller.member()?;
    let has_codes = store::codes_left(&mut tx.0, member).await.map_err(store_failed)? > 0;
    let codes = if has_codes { Vec::new() } else { recovery::renew(app, tx, member).await? };
    store::has_since(&mut tx.0, member, app.clock.now()).await.map_err(store_failed)?;
    changed(app, tx, caller, action).await?;
    Ok(codes.iter().map(|code| code.expose().clone()).collect())
}

/// A factor was removed: other sessions end. What no second factor is left for goes too: recovery codes stand in for one.
///
/// # Errors
/// 409 if nothing is left to sign in with, or if it was the last one and the password is too short to be all that its member
/// signs in with, or no other owner gets in should a required identity provider fail.
pub(crate) async fn removed(app: &App, tx: &mut SystemTx, caller: &Caller, action: &'static str) -> ProblemResult<()> {
    let (member, _) = caller.member()?;
    if !members::can_sign_in(tx, member).await? {
        let detail = "you would have nothing left to sign in with: choose a password first";
        return Err(Problem::new(Code::Conflict).detail(detail));
    }
    if !store::has_factor(&mut tx.0, member).await.map_err(store_failed)? {
        refuse_short_password(tx, member).await?;
        identity_providers::keep_a_way_in(&mut tx.0, member, None).await?;
        store::remove_codes(&mut tx.0, member).await.map_err(store_failed)?;
        store::has_no_more(&mut tx.0, member).await.map_err(store_failed)?;
    }
    changed(app, tx, caller, action).await
}

/// Whether a member has a second factor.
pub(crate) async fn has_factor(on: impl Executor, member: MemberId) -> ProblemResult<bool> {
    store::has_factor(on, member).await.map_err(store_failed)
}

/// Ends what the change of a factor ends, and records it.
async fn changed(app: &App, tx: &mut SystemTx, caller: &Caller, action: &'static str) -> ProblemResult<()> {
    let (member, session) = caller.member()?;
    sessions::end_all(app, &mut tx.0, member, Some(session)).await?;
    let (object, by) = (member.to_string(), By::Caller(caller));
    audit::record(app, &mut tx.0, Entry { action, object, detail: json!({}), environment: None, by }).await
}

/// Refuses to leave a member with a password alone that is too short for it.
async fn refuse_short_password(tx: &mut SystemTx, member: MemberId) -> ProblemResult<()> {
    if store::password_does_alone(&mut tx.0, member).await.map_err(store_failed)? {
        return Ok(());
    }
    let detail =
        "your password is too short to be all that you sign in with: choose one of 15 characters or more first";
    Err(Problem::new(Code::Conflict).detail(detail))
}
