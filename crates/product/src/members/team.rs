//! What becomes of a membership: another role, suspended and back, removed, handed over. Each function holds whoever else
//! changes the same organisation's memberships, then whom it is about and who asks, looks at who asks as they stand at this
//! moment, and ends the sessions that the change is about, all on one transaction. Whoever signs in as one of them at this moment,
//! or is linked with an identity, was held up before and sees what has become of them, or is done and loses it.

use std::collections::BTreeSet;

use ::store::dialect;
use base::id::MemberId;
use base::{Code, Problem, ProblemResult};
use serde_json::json;

use super::store::{self, Membership};
use super::{lock, refuse_address_said, tidy};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, ManageMembers, OrganisationTx, Permission as _, Role};
use crate::problem::store_failed;
use crate::{identity_providers, invitations, sessions};

/// Gives somebody another role; their sessions in this organisation end.
pub(super) async fn set_role(app: &App, caller: &Caller, id: MemberId, role: Role) -> ProblemResult<()> {
    let mut tx = begin(app, caller).await?;
    let (by, of) = both(app, &mut tx, caller, id).await?;
    refuse_unless_owner(app, caller, by, role == Role::Owner, "only an owner makes owners")?;
    if of.role == role {
        return Ok(());
    }
    keep_an_owner(&mut tx, of).await?;
    if role == Role::Owner {
        make_owner(&mut tx, id).await?;
    } else {
        store::set_role(&mut tx, id, role).await.map_err(store_failed)?;
    }
    withdraw(&mut tx, id).await?;
    end_sessions(app, &mut tx, caller, id).await?;
    let detail = json!({"from": of.role.name(), "to": role.name()});
    record(app, &mut tx, caller, "member.set_role", id, detail).await?;
    tx.commit().await
}

/// Suspends somebody, or lets them work again. Whoever is suspended has no session here from then on.
pub(super) async fn set_suspended(app: &App, caller: &Caller, id: MemberId, suspended: bool) -> ProblemResult<()> {
    let mut tx = begin(app, caller).await?;
    let (by, of) = both(app, &mut tx, caller, id).await?;
    if by.member == id {
        return Err(Problem::new(Code::Conflict).detail("nobody suspends themselves: have another admin do it"));
    }
    if of.suspended_at.is_some() == suspended {
        return Ok(());
    }
    if suspended {
        keep_an_owner(&mut tx, of).await?;
    }
    let at = suspended.then(|| app.clock.now());
    store::set_suspended(&mut tx, id, at).await.map_err(store_failed)?;
    withdraw(&mut tx, id).await?;
    end_sessions(app, &mut tx, caller, id).await?;
    let action = if suspended { "member.suspend" } else { "member.resume" };
    record(app, &mut tx, caller, action, id, json!({})).await?;
    tx.commit().await
}

/// Ends a membership: somebody else's, or one's own.
pub(super) async fn remove(app: &App, caller: &Caller, id: MemberId) -> ProblemResult<()> {
    let mut tx = begin(app, caller).await?;
    let (by, of) = both(app, &mut tx, caller, id).await?;
    keep_an_owner(&mut tx, of).await?;
    store::remove(&mut tx, id).await.map_err(store_failed)?;
    withdraw(&mut tx, id).await?;
    // Identities before sessions, as whoever unlinks one or removes a provider.
    identity_providers::forget_here(app, &mut tx, id).await?;
    sessions::end_in(app, tx.tx(), id, caller.organisation(), None).await?;
    tidy::enqueue(app, tx.tx(), id).await?;
    let action = if by.member == id { "member.leave" } else { "member.remove" };
    record(app, &mut tx, caller, action, id, json!({"role": of.role.name()})).await?;
    tx.commit().await
}

/// Makes somebody the owner in the caller's place, who becomes an admin and keeps this one session.
pub(super) async fn hand_over(app: &App, caller: &Caller, id: MemberId) -> ProblemResult<()> {
    let mut tx = begin(app, caller).await?;
    let (by, of) = both(app, &mut tx, caller, id).await?;
    refuse_unless_owner(app, caller, by, true, "only an owner hands the organisation over")?;
    if by.member == id {
        return Err(Problem::new(Code::Conflict).detail("name somebody else: this is the owner already"));
    }
    if of.suspended_at.is_some() {
        return Err(Problem::new(Code::Conflict).detail("this member is suspended: let them work again first"));
    }
    make_owner(&mut tx, id).await?;
    keep_a_way_in(&mut tx, by).await?;
    store::set_role(&mut tx, by.member, Role::Admin).await.map_err(store_failed)?;
    withdraw(&mut tx, by.member).await?;
    for member in [id, by.member] {
        end_sessions(app, &mut tx, caller, member).await?;
    }
    record(app, &mut tx, caller, "organisation.hand_over", id, json!({})).await?;
    tx.commit().await
}

/// Opens the transaction of a change. Nobody else changes this organisation's memberships until it ends.
async fn begin(app: &App, caller: &Caller) -> ProblemResult<OrganisationTx> {
    let mut tx = caller.begin_organisation(app).await?;
    let (engine, organisation) = (tx.engine(), tx.organisation());
    dialect::lock(tx.tx(), engine, "memberships", &organisation.bytes()).await.map_err(store_failed)?;
    Ok(tx)
}

/// Who asks and whom it is about, as they stand now and until the transaction ends. Owners are changed by owners only.
async fn both(
    app: &App,
    tx: &mut OrganisationTx,
    caller: &Caller,
    id: MemberId,
) -> ProblemResult<(Membership, Membership)> {
    let missing = || Problem::new(Code::NotFound).detail("no such member works here");
    let (asks, _) = caller.member()?;
    let by = store::membership(tx, asks).await.map_err(store_failed)?;
    let by = by.filter(|by| by.suspended_at.is_none()).ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let of = store::membership(tx, id).await.map_err(store_failed)?.ok_or_else(missing)?;
    if by.member != id && !ManageMembers::ROLES.contains(&by.role) {
        return Err(Problem::new(Code::Forbidden).detail("owners and admins do this"));
    }
    refuse_unless_owner(app, caller, by, of.role == Role::Owner, "only an owner changes an owner")?;
    // In one order, whoever changes the same two in another organisation.
    for member in BTreeSet::from([asks, id]) {
        lock(app, tx.tx(), member).await?;
    }
    Ok((by, of))
}

/// What only an owner does, needs one, who has proven something of their own.
fn refuse_unless_owner(
    app: &App,
    caller: &Caller,
    by: Membership,
    needed: bool,
    detail: &'static str,
) -> ProblemResult<()> {
    if !needed {
        return Ok(());
    }
    if by.role != Role::Owner {
        return Err(Problem::new(Code::Forbidden).detail(detail));
    }
    caller.acts_as_owner(app)
}

/// Refuses to take away the last owner who may work, or who gets in should the identity provider fail.
async fn keep_an_owner(tx: &mut OrganisationTx, of: Membership) -> ProblemResult<()> {
    let counts = of.role == Role::Owner && of.suspended_at.is_none();
    if counts && store::owners_but(tx, of.member).await.map_err(store_failed)? == 0 {
        return Err(Problem::new(Code::LastOwner).detail("hand the organisation over first"));
    }
    keep_a_way_in(tx, of).await
}

async fn keep_a_way_in(tx: &mut OrganisationTx, of: Membership) -> ProblemResult<()> {
    let organisation = tx.organisation();
    identity_providers::keep_a_way_in(tx.tx(), of.member, Some(organisation)).await
}

/// Makes somebody an owner. Nobody is one by an identity provider's word.
async fn make_owner(tx: &mut OrganisationTx, id: MemberId) -> ProblemResult<()> {
    refuse_address_said(tx.tx(), id).await?;
    identity_providers::forget_linked_by_provider(tx, id).await?;
    store::set_role(tx, id, Role::Owner).await.map(drop).map_err(store_failed)
}

/// Ends the invitations that a member gave: they stand for what that member might do then.
async fn withdraw(tx: &mut OrganisationTx, of: MemberId) -> ProblemResult<()> {
    let organisation = tx.organisation();
    invitations::forget_by(tx.tx(), organisation, of).await
}

/// Ends a member's sessions in this organisation, but for the one that asks.
async fn end_sessions(app: &App, tx: &mut OrganisationTx, caller: &Caller, of: MemberId) -> ProblemResult<()> {
    let (_, own) = caller.member()?;
    sessions::end_in(app, tx.tx(), of, caller.organisation(), Some(own)).await
}

async fn record(
    app: &App,
    tx: &mut OrganisationTx,
    caller: &Caller,
    action: &'static str,
    of: MemberId,
    detail: serde_json::Value,
) -> ProblemResult<()> {
    let entry = Entry { action, object: of.to_string(), detail, environment: None, by: By::Caller(caller) };
    audit::record(app, tx.tx(), entry).await
}
