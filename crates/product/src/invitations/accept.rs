//! Accepting: somebody new gets an account; who has one joins with its password, or, having a second factor, from a session
//! that has just proven it. Until then the invitation waits.

use axum::http::HeaderMap;
use base::id::{MemberId, SessionId};
use base::{Code, Problem, ProblemResult};
use serde_json::json;

use super::api::Acceptance;
use super::{Invitation, of_link, store, take};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Actor, Age, Proven, SystemTx};
use crate::problem::store_failed;
use crate::sessions::{self, Begun, Level, ProofKind};
use crate::sign_ins::{self, Origin, Outcome};
use crate::{members, organisations, second_factors};

/// Accepts an invitation. Of whom has to prove a second factor first, the session that begins is elsewhere, and half.
pub(super) async fn accept(app: &App, from: &Origin<'_>, acceptance: &Acceptance) -> ProblemResult<Begun> {
    let invitation = of_link(app, &acceptance.token).await?;
    let Some(account) = members::account(app, &invitation.email).await? else {
        return as_somebody_new(app, from, acceptance, &invitation).await;
    };
    match session_of(app, from.headers, account.id).await? {
        Some(session) => in_session(app, from, acceptance, &invitation, (account.id, session)).await,
        None => with_password(app, from, acceptance, &invitation).await,
    }
}

/// Only the link's holder makes us hash, and nobody waits for a transaction meanwhile.
async fn as_somebody_new(
    app: &App,
    from: &Origin<'_>,
    acceptance: &Acceptance,
    invitation: &Invitation,
) -> ProblemResult<Begun> {
    let called = organisations::name_of(app, invitation.organisation).await?;
    let new = members::prepare(app, &invitation.email, &acceptance.name, &acceptance.password, &called).await?;
    let mut tx = SystemTx::begin(app).await?;
    take(app, &mut tx, &acceptance.token, invitation.id).await?;
    let member = members::insert(app, &mut tx, invitation.organisation, invitation.role, new).await?;
    record(app, &mut tx, invitation, member).await?;
    let begun = sessions::begin(app, &mut tx, member, invitation.organisation, from.headers, Level::Password).await?;
    tx.commit().await?;
    Ok(begun)
}

async fn with_password(
    app: &App,
    from: &Origin<'_>,
    acceptance: &Acceptance,
    invitation: &Invitation,
) -> ProblemResult<Begun> {
    let place = app.passwords.queue()?;
    let (account, attempt) =
        sessions::prove_password(app, place, from, &invitation.email, &acceptance.password).await?;
    let mut tx = SystemTx::begin(app).await?;
    let refused = || Problem::new(Code::InvalidCredentials);
    if !members::holds_password(app, &mut tx.0, account.id, &account.password).await? {
        return Err(refused());
    }
    let organisation = if second_factors::has_factor(&mut tx.0, account.id).await? {
        // Who is suspended everywhere has no session to prove anything in.
        members::begins_in(&mut tx, account.id).await?.ok_or_else(refused)?
    } else {
        join(app, &mut tx, acceptance, invitation, account.id).await?;
        invitation.organisation
    };
    sessions::forget_attempts(&mut tx, &attempt).await?;
    sign_ins::note(app, &mut tx, from, Some(account.id), ProofKind::Password, Outcome::Right).await?;
    let begun = sessions::begin(app, &mut tx, account.id, organisation, from.headers, Level::Password).await?;
    tx.commit().await?;
    Ok(begun)
}

/// The session goes on in the organisation that was joined.
async fn in_session(
    app: &App,
    from: &Origin<'_>,
    acceptance: &Acceptance,
    invitation: &Invitation,
    (member, id): (MemberId, SessionId),
) -> ProblemResult<Begun> {
    let refused = || Problem::new(Code::Unauthenticated).detail("sign in");
    let token = sessions::cookie_of(from.headers, sessions::COOKIE).ok_or_else(refused)?;
    let mut tx = SystemTx::begin(app).await?;
    members::lock(app, &mut tx.0, member).await?;
    join(app, &mut tx, acceptance, invitation, member).await?;
    if store::move_session(&mut tx.0, id, member, invitation.organisation).await.map_err(store_failed)? == 0 {
        return Err(refused());
    }
    tx.commit().await?;
    Ok(Begun { token, id })
}

/// The request's session, if it is this account's and has proven its second factor lately. One over an identity provider is good
/// for that provider's organisation only.
async fn session_of(app: &App, headers: &HeaderMap, account: MemberId) -> ProblemResult<Option<SessionId>> {
    let found = match sessions::identify(app, headers).await {
        Err(problem) if problem.code == Code::Unauthenticated => return Ok(None),
        other => other?,
    };
    let (Actor::Member(member, session), Some(standing)) = (found.actor, found.standing) else { return Ok(None) };
    let proven = standing.factors.level() > Level::Password
        && standing.began.provider.is_none()
        && standing.allows(Proven::OwnFactor, Age::Recently, app.clock.now()).is_ok();
    Ok((proven && member == account).then_some(session))
}

/// Lets whoever has an account work in the organisation too.
async fn join(
    app: &App,
    tx: &mut SystemTx,
    acceptance: &Acceptance,
    invitation: &Invitation,
    member: MemberId,
) -> ProblemResult<()> {
    take(app, tx, &acceptance.token, invitation.id).await?;
    members::refuse_address_said(&mut tx.0, member).await?;
    members::join(app, tx, invitation.organisation, invitation.role, member).await?;
    record(app, tx, invitation, member).await
}

async fn record(app: &App, tx: &mut SystemTx, invitation: &Invitation, member: MemberId) -> ProblemResult<()> {
    let entry = Entry {
        action: "invitation.accept",
        object: invitation.id.to_string(),
        detail: json!({"member": member, "role": invitation.role.name()}),
        environment: None,
        by: By::System(invitation.organisation),
    };
    audit::record(app, &mut tx.0, entry).await
}
