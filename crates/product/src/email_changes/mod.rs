//! Another address for a member: they name it, a link is mailed there, and with it they make it theirs, signed in: a stranger
//! who gets the letter ties nothing to the account. The old address is told when it is asked for, and every session ends when it
//! is done.
//!
//! Asking answers the same whether or not somebody has the address; who has it is told by a letter, and nothing comes of it.
//! A link is good once and for a day, and no longer than the member's password and address; only the newest one is, by a keyed
//! hash.

pub(crate) mod api;
pub(crate) mod jobs;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ::store::{StoreResult, Tx};
use base::id::{MemberId, OrganisationId};
use base::{Code, Personal, Problem, ProblemResult, Secret, Timestamp};
use keys::{Aad, KeyKind, Owner, hash, random_token};
use serde_json::json;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, SystemTx};
use crate::hashed::Hashes;
use crate::problem::store_failed;
use crate::sign_ins::jobs::{Notice, tell};
use crate::{mail, members, sealed, sessions};

/// How long a link is good.
const LIFE: Duration = Duration::from_hours(24);
const PURPOSE: &str = "email_change";
/// How many letters a member may cause in a day.
const MOST_BY_MEMBER: u64 = 5;
/// How many an address may be sent in a day, whoever asks.
const MOST_TO_ADDRESS: u64 = 10;

/// Notes which address a member wants, and has a link mailed there.
async fn ask(app: &App, caller: &Caller, email: &Personal<String>) -> ProblemResult<()> {
    members::check_email(email)?;
    if app.mailer.is_none() {
        return Err(Problem::new(Code::MailUnavailable).detail("without a mail server nobody can prove an address"));
    }
    let (member, _) = caller.member()?;
    let mut tx = caller.begin_account(app).await?;
    count(app, &mut tx.0, member, email).await?;
    let home = members::home(&mut tx, member).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let sealed_email = seal(app, home, member, email)?;
    let expires_at = app.clock.now().plus(LIFE);
    store::set(&mut tx.0, member, home, &sealed_email, expires_at).await.map_err(store_failed)?;
    jobs::enqueue(app, &mut tx.0, member).await?;
    tell(app, &mut tx, Some(member), Notice::EmailChange {}).await?;
    let (object, by) = (member.to_string(), By::Caller(caller));
    let entry = Entry { action: "account.ask_for_email", object, detail: json!({}), environment: None, by };
    audit::record(app, &mut tx.0, entry).await?;
    tx.commit().await
}

/// Counts the letter.
///
/// # Errors
/// 429.
async fn count(app: &App, tx: &mut Tx, member: MemberId, email: &Personal<String>) -> ProblemResult<()> {
    let by = Aad::new("pilotfish/email-change-by/v1").bytes(&member.bytes());
    let to = Aad::new("pilotfish/email-change-to/v1").text(&hash::normalised_email(email.open()));
    mail::count(app, tx, &by, MOST_BY_MEMBER).await?;
    mail::count(app, tx, &to, MOST_TO_ADDRESS).await
}

/// Makes a link's address the caller's, who asked for it. All their sessions end.
///
/// # Errors
/// 403 `link_invalid`, also where it is another member's or somebody else took the address meanwhile.
async fn confirm(app: &App, caller: &Caller, token: &Secret<String>) -> ProblemResult<()> {
    let invalid = || Problem::new(Code::LinkInvalid).detail("ask for the change again");
    let (member, _) = caller.member()?;
    let hashes = hashes(app, token)?;
    let mut tx = caller.begin_account(app).await?;
    let row = store::of_link(&mut tx.0, &hashes.all, app.clock.now()).await.map_err(store_failed)?;
    let row = row.filter(|row| row.member == member).ok_or_else(invalid)?;
    if store::take(&mut tx.0, member, &hashes.all).await.map_err(store_failed)? == 0 {
        return Err(invalid());
    }
    if !members::set_email(app, &mut tx, member, &open(app, &row)?).await? {
        return Err(invalid());
    }
    sessions::end_all(app, &mut tx.0, member, None).await?;
    let (object, by) = (member.to_string(), By::Caller(caller));
    let entry = Entry { action: "account.set_email", object, detail: json!({}), environment: None, by };
    audit::record(app, &mut tx.0, entry).await?;
    tx.commit().await
}

/// Makes the link of what a member wants; the one before it ends. Nothing if they want something else by now. The token is in
/// the fragment, which browsers do not send.
async fn make_link(app: &App, tx: &mut SystemTx, of: &store::Row) -> ProblemResult<Option<Secret<String>>> {
    let token = random_token(app.rng.as_ref());
    let hashes = hashes(app, &token)?;
    let made = store::set_link(&mut tx.0, of, &hashes.primary, hashes.version).await.map_err(store_failed)?;
    let link = || Secret::new(format!("{}/email#token={}", app.urls.dashboard, token.expose()));
    Ok((made > 0).then(link))
}

fn hashes(app: &App, token: &Secret<String>) -> ProblemResult<Hashes<32>> {
    Hashes::of(app, KeyKind::Session, |key| hash::token_hash(key, PURPOSE, token.expose()))
}

fn context(member: MemberId) -> Aad {
    Aad::new("pilotfish/email-change/v1").bytes(&member.bytes())
}

fn seal(app: &App, by: OrganisationId, member: MemberId, email: &Personal<String>) -> ProblemResult<Vec<u8>> {
    let bytes = email.open().trim().as_bytes();
    sealed::seal(app, KeyKind::Organisation, Owner::Organisation(by), &context(member), bytes)
}

fn open(app: &App, row: &store::Row) -> ProblemResult<Personal<String>> {
    let owner = Owner::Organisation(row.sealed_by);
    sealed::open_text(app, KeyKind::Organisation, owner, &context(row.member), &row.email).map(Personal::new)
}

/// How many links that would be taken are known by a hash under this version of the session key.
pub(crate) async fn hashed_with(tx: &mut SystemTx, version: u32, now: Timestamp) -> ProblemResult<u64> {
    store::hashed_with(&mut tx.0, version, now).await.map_err(store_failed)
}

/// How many addresses are sealed under this version of an organisation's key: it stays for as long as a link is good.
pub(crate) async fn sealed_with(tx: &mut SystemTx, organisation: OrganisationId, version: u32) -> ProblemResult<u64> {
    let rows = store::sealed_by(&mut tx.0, organisation).await.map_err(store_failed)?;
    Ok(rows.iter().filter(|email| sealed::version_of(email) == Some(version)).count() as u64)
}

/// Forgets what a member asked for.
pub(crate) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    store::forget_of(tx, member).await
}

/// Forgets what nobody can confirm any more, and what was counted on other days.
pub(crate) async fn forget_old(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::forget_before(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    mail::forget_counts(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await
}
