//! Invitations: how somebody comes to work in an organisation. Whoever has the link joins, under the address that was invited:
//! it is mailed there, or, without a mail server, shown once to the inviter, who brings it to them.
//!
//! Whether an address has an account already is nobody's business: inviting answers the same, and accepting asks for the
//! same. Who has no account makes one with the password that they give; of whom has one it must be the password, and who has a
//! second factor proves it first.
//!
//! Invariants: a link is good once, for a week and for as long as its inviter may invite; only its newest one is, by a keyed
//! hash; an organisation has one invitation of an address.

mod accept;
pub(crate) mod api;
pub(crate) mod jobs;
pub(crate) mod reseal;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ::store::Tx;
use base::id::{InvitationId, MemberId, OrganisationId};
use base::{Code, Personal, Problem, ProblemResult, Secret, Timestamp};
use keys::{Aad, KeyKind, Owner, hash, random_token};
use serde_json::json;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, OrganisationTx, Role, SystemTx};
use crate::hashed::Hashes;
use crate::problem::store_failed;
use crate::{mail, members, sealed, sessions};

use accept::accept;

/// How long a link is good.
const LIFE: Duration = Duration::from_hours(7 * 24);
const PURPOSE: &str = "invitation";
/// How many may wait in an organisation: enough for a team, too few to flood people's letterboxes.
const MOST: usize = 200;
/// How many letters an inviter may cause in a day.
const MOST_BY_MEMBER: u64 = 100;
/// How many an organisation may send to an address in a day.
const MOST_TO_ADDRESS: u64 = 5;

/// An invitation that waits.
struct Invitation {
    id: InvitationId,
    organisation: OrganisationId,
    email: Personal<String>,
    role: Role,
    created_at: Timestamp,
    expires_at: Timestamp,
    sent_at: Option<Timestamp>,
}

/// Invites somebody; with the link, if no mail server brings it.
async fn invite(
    app: &App,
    caller: &Caller,
    email: Personal<String>,
    role: Role,
) -> ProblemResult<(Invitation, Option<Secret<String>>)> {
    members::check_email(&email)?;
    if role == Role::Owner {
        if caller.role() != Role::Owner {
            return Err(Problem::new(Code::Forbidden).detail("only an owner invites owners"));
        }
        caller.acts_as_owner(app)?;
    }
    if members::works_here(app, caller.organisation_reader(app), &email).await? {
        return Err(Problem::new(Code::Conflict).detail("this address is a member's of this organisation"));
    }
    let (by, _) = caller.member()?;
    let mut tx = begin(app, caller).await?;
    withdraw_earlier(app, &mut tx, &email).await?;
    let (id, now) = (InvitationId::new(app.clock.as_ref(), app.rng.as_ref()), app.clock.now());
    let (organisation, expires_at) = (tx.organisation(), now.plus(LIFE));
    let invitation = Invitation { id, organisation, email, role, created_at: now, expires_at, sent_at: None };
    store::insert(tx.tx(), &invitation, &seal(app, &invitation)?, by).await.map_err(store_failed)?;
    let link = if app.mailer.is_some() {
        count(app, &mut tx, by, &invitation.email).await?;
        jobs::enqueue(app, tx.tx(), id).await?;
        None
    } else {
        Some(make_link(app, tx.tx(), id).await?.link)
    };
    let detail = json!({"role": role.name(), "mailed": link.is_none()});
    record(app, &mut tx, caller, "invitation.create", id, detail).await?;
    tx.commit().await?;
    Ok((invitation, link))
}

/// Opens the transaction of an invitation. Nobody else invites or changes this organisation's memberships until it ends; the
/// caller still has their role.
async fn begin(app: &App, caller: &Caller) -> ProblemResult<OrganisationTx> {
    let mut tx = caller.begin_organisation(app).await?;
    let (engine, organisation) = (tx.engine(), tx.organisation());
    ::store::dialect::lock(tx.tx(), engine, "memberships", &organisation.bytes()).await.map_err(store_failed)?;
    sessions::still_works(tx.tx(), caller).await?;
    Ok(tx)
}

/// Counts the letter.
///
/// # Errors
/// 429.
async fn count(app: &App, tx: &mut OrganisationTx, by: MemberId, to: &Personal<String>) -> ProblemResult<()> {
    let organisation = tx.organisation().bytes();
    let by = Aad::new("pilotfish/invitation-by/v1").bytes(&organisation).bytes(&by.bytes());
    let to = Aad::new("pilotfish/invitation-to/v1").bytes(&organisation).text(&hash::normalised_email(to.open()));
    mail::count(app, tx.tx(), &by, MOST_BY_MEMBER).await?;
    mail::count(app, tx.tx(), &to, MOST_TO_ADDRESS).await
}

/// Withdraws the invitations of an address that wait, and those that are out of date.
async fn withdraw_earlier(app: &App, tx: &mut OrganisationTx, email: &Personal<String>) -> ProblemResult<()> {
    let organisation = tx.organisation();
    let rows = store::of_organisation(tx.tx(), organisation).await.map_err(store_failed)?;
    let (wanted, mut waiting) = (hash::normalised_email(email.open()), 0);
    for row in rows {
        let invitation = open(app, row)?;
        let is_earlier = hash::normalised_email(invitation.email.open()) == wanted;
        if is_earlier || invitation.expires_at <= app.clock.now() {
            store::delete(tx, invitation.id).await.map_err(store_failed)?;
        } else {
            waiting += 1;
        }
    }
    if waiting < MOST {
        return Ok(());
    }
    Err(Problem::new(Code::Conflict).detail(format!("{MOST} invitations wait already: withdraw some first")))
}

/// A link that was made, and by what it is found.
struct NewLink {
    link: Secret<String>,
    hash: [u8; 32],
}

/// Makes an invitation's link; the one before it ends. The token is in the fragment, which browsers do not send.
async fn make_link(app: &App, tx: &mut Tx, id: InvitationId) -> ProblemResult<NewLink> {
    let token = random_token(app.rng.as_ref());
    let hashes = hashes(app, &token)?;
    store::set_link(tx, id, &hashes.primary, hashes.version).await.map_err(store_failed)?;
    let link = Secret::new(format!("{}/invitation#token={}", app.urls.dashboard, token.expose()));
    Ok(NewLink { link, hash: hashes.primary })
}

/// The invitation of a link.
///
/// # Errors
/// 403 `link_invalid`, the same for a wrong, a used, a withdrawn and an old one.
async fn of_link(app: &App, token: &Secret<String>) -> ProblemResult<Invitation> {
    let hashes = hashes(app, token)?;
    let row = store::by_hash(&app.main, &hashes.all, app.clock.now()).await.map_err(store_failed)?;
    open(app, row.ok_or_else(invalid)?)
}

/// Takes an invitation, once.
async fn take(app: &App, tx: &mut SystemTx, token: &Secret<String>, id: InvitationId) -> ProblemResult<()> {
    let hashes = hashes(app, token)?;
    if store::take(&mut tx.0, id, &hashes.all).await.map_err(store_failed)? == 0 {
        return Err(invalid());
    }
    Ok(())
}

fn invalid() -> Problem {
    Problem::new(Code::LinkInvalid).detail("ask whoever invited you for a new invitation")
}

fn hashes(app: &App, token: &Secret<String>) -> ProblemResult<Hashes<32>> {
    Hashes::of(app, KeyKind::Session, |key| hash::token_hash(key, PURPOSE, token.expose()))
}

/// Withdraws what a member has invited to an organisation: for whoever takes the right to it from them, on the same
/// transaction and after it.
pub(crate) async fn forget_by(tx: &mut Tx, organisation: OrganisationId, member: MemberId) -> ProblemResult<()> {
    store::delete_by(tx, organisation, member).await.map(drop).map_err(store_failed)
}

/// How many links that would be taken are known by a hash under this version of the session key.
pub(crate) async fn hashed_with(tx: &mut SystemTx, version: u32, now: Timestamp) -> ProblemResult<u64> {
    store::hashed_with(&mut tx.0, version, now).await.map_err(store_failed)
}

/// Forgets the invitations that nobody can accept any more.
pub(crate) async fn forget_old(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::forget_before(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await
}

fn context(id: InvitationId) -> Aad {
    Aad::new("pilotfish/invitation/v1").bytes(&id.bytes()).text("email")
}

fn seal(app: &App, invitation: &Invitation) -> ProblemResult<Vec<u8>> {
    let owner = Owner::Organisation(invitation.organisation);
    let email = invitation.email.open().trim();
    sealed::seal(app, KeyKind::Organisation, owner, &context(invitation.id), email.as_bytes())
}

fn open(app: &App, row: store::Row) -> ProblemResult<Invitation> {
    let store::Row { id, organisation, email, role, created_at, expires_at, sent_at } = row;
    let owner = Owner::Organisation(organisation);
    let email = Personal::new(sealed::open_text(app, KeyKind::Organisation, owner, &context(id), &email)?);
    Ok(Invitation { id, organisation, email, role, created_at, expires_at, sent_at })
}

async fn record(
    app: &App,
    tx: &mut OrganisationTx,
    caller: &Caller,
    action: &'static str,
    of: InvitationId,
    detail: serde_json::Value,
) -> ProblemResult<()> {
    let entry = Entry { action, object: of.to_string(), detail, environment: None, by: By::Caller(caller) };
    audit::record(app, tx.tx(), entry).await
}
