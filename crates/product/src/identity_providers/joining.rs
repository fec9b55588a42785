//! Which member it is whom a provider names: the one whose identity it is; else, if the provider is the authority for the address,
//! the one of this organisation whose address it is; else a new one.
//!
//! Whoever configures a provider is not told which addresses have an account elsewhere: nothing is looked up of addresses that the
//! provider is no authority for, and whoever is not let in is told the same.

use ::store::StoreError;
use base::id::MemberId;
use base::{Code, Personal, Problem, ProblemResult};
use keys::{Aad, hash};
use serde_json::{Map, Value, json};

use super::former;
use super::identities::{self, LinkedBy};
use super::store::Provider;
use crate::audit::{self, By, Entry};
use crate::authority::{Role, SystemTx};
use crate::members::{self, WorksAs};
use crate::problem::store_failed;
use crate::sign_ins::jobs::{Notice, tell};
use crate::{App, mail};

/// Characters of a name that are kept.
const LONGEST_NAME: usize = 100;
/// How many letters an organisation's providers may cause in a day to addresses that nobody has proven.
const MOST_TO_UNPROVEN: u64 = 100;
/// How many an organisation's providers may cause to one address.
const MOST_TO_ADDRESS: u64 = 5;

/// The subject of a token that was verified.
pub(super) fn subject(claims: &Map<String, Value>) -> ProblemResult<&str> {
    claims.get("sub").and_then(Value::as_str).ok_or_else(|| Problem::new(Code::IdentityNotAccepted))
}

/// Which member it is, who may work in the provider's organisation.
///
/// # Errors
/// 403 `identity_not_linked` with what to do.
pub(super) async fn member(
    app: &App,
    tx: &mut SystemTx,
    provider: &Provider,
    claims: &Map<String, Value>,
) -> ProblemResult<MemberId> {
    let index = identities::index(app, provider.id, subject(claims)?)?;
    let known = identities::member_of(&mut tx.0, provider.id, &index.all).await.map_err(store_failed)?;
    if let Some(member) = known {
        // Whoever removes them or changes their role holds them too, so that the session is ended by that or does not begin.
        members::lock(app, &mut tx.0, member).await?;
        return match members::works_as(tx, member, provider.organisation).await? {
            WorksAs::Active(_) => Ok(member),
            WorksAs::Suspended => Err(refused("you may not work in this organisation at this time: ask its admins")),
            WorksAs::Nobody => Err(left()),
        };
    }
    let email = address(provider, claims).ok_or_else(no_address)?;
    if !provider.settings.speaks_for(&email) {
        return Err(not_let_in());
    }
    match members::account_in(app, tx, &email).await? {
        Some(account) if provider.settings.admits(claims) => by_address(app, tx, provider, claims, account.id).await,
        Some(_) => Err(not_let_in()),
        None => join(app, tx, provider, claims, &email).await,
    }
}

/// Refuses to link an identity of somebody who works here that the organisation does not let its provider speak for. They are signed
/// in, so they are told what it is.
///
/// # Errors
/// 403 `identity_not_linked` with what to do.
pub(super) fn refuse_unless_linkable(provider: &Provider, claims: &Map<String, Value>) -> ProblemResult<()> {
    let email = address(provider, claims).ok_or_else(no_address)?;
    if !provider.settings.speaks_for(&email) {
        return Err(refused(
            "the address that the provider says is yours is of none of the domains that the organisation names for it: sign in there \
             with another account, or have an admin name its domain",
        ));
    }
    if !provider.settings.admits(claims) {
        return Err(refused(
            "the organisation's rules do not let this identity in: sign in there with another account, or have an admin look at the \
             rules",
        ));
    }
    Ok(())
}

/// Links a new identity of a member, and tells them.
///
/// # Errors
/// 409 if the member has another one there.
pub(super) async fn link(
    app: &App,
    tx: &mut SystemTx,
    provider: &Provider,
    claims: &Map<String, Value>,
    member: MemberId,
    by: LinkedBy,
) -> ProblemResult<()> {
    let taken = || Problem::new(Code::Conflict).detail("another identity of this provider is linked: remove it first");
    if identities::has(&mut tx.0, provider.id, member).await.map_err(store_failed)? {
        return Err(taken());
    }
    let identity = identities::new(app, provider, member, subject(claims)?, by)?;
    identities::insert(&mut tx.0, &identity).await.map_err(|error| match error {
        StoreError::Conflict => taken(),
        other => store_failed(other),
    })?;
    told(app, tx, provider, member).await
}

/// Tells a member of a link, if there is a mail server: each is told, or nothing is linked. To addresses that nobody has proven only
/// so many letters go in a day, and who comes after that is not told: an admin names the domains, and could have letters sent to anybody.
///
/// # Errors
/// 429.
async fn told(app: &App, tx: &mut SystemTx, provider: &Provider, member: MemberId) -> ProblemResult<()> {
    if app.mailer.is_none() {
        return Ok(());
    }
    let Some(email) = members::address(app, tx, member).await? else { return Ok(()) };
    let organisation = provider.organisation.bytes();
    let by = Aad::new("pilotfish/identity-by/v1").bytes(&organisation);
    let to = Aad::new("pilotfish/identity-to/v1").bytes(&organisation).text(&hash::normalised_email(email.open()));
    if !members::is_address_said(&mut tx.0, member).await? {
        mail::count(app, &mut tx.0, &to, MOST_TO_ADDRESS).await?;
    } else if !(mail::is_within(app, &mut tx.0, &by, MOST_TO_UNPROVEN).await?
        && mail::is_within(app, &mut tx.0, &to, MOST_TO_ADDRESS).await?)
    {
        return Ok(());
    }
    tell(app, tx, Some(member), Notice::LinkedIdentity {}).await
}

/// Links a member who is found by their address: one of this organisation alone, and no owner. Whoever configures a provider must
/// not come to be somebody who may more than they.
async fn by_address(
    app: &App,
    tx: &mut SystemTx,
    provider: &Provider,
    claims: &Map<String, Value>,
    member: MemberId,
) -> ProblemResult<MemberId> {
    members::lock(app, &mut tx.0, member).await?;
    let works = members::works_as(tx, member, provider.organisation).await?;
    let is_known_here = matches!(works, WorksAs::Active(role) if role != Role::Owner);
    let is_alone = !members::works_elsewhere(tx, member, provider.organisation).await?;
    if !(is_known_here && is_alone) {
        return Err(not_let_in());
    }
    link(app, tx, provider, claims, member, LinkedBy::Address).await?;
    record(app, tx, provider, "account.link_identity", member, json!({"provider": provider.id, "by": "address"}))
        .await?;
    Ok(member)
}

/// Makes a member whom nobody knew, if the settings have a role for them. Who has left comes back by an invitation.
async fn join(
    app: &App,
    tx: &mut SystemTx,
    provider: &Provider,
    claims: &Map<String, Value>,
    email: &Personal<String>,
) -> ProblemResult<MemberId> {
    let role = provider.settings.role_of(claims).ok_or_else(not_let_in)?;
    let known_by =
        [members::email_index(app, email)?.all, identities::index(app, provider.id, subject(claims)?)?.all].concat();
    if former::is_one(&mut tx.0, provider.organisation, &known_by, app.clock.now()).await.map_err(store_failed)? {
        return Err(left());
    }
    let name = name(claims, email);
    let member = members::insert(app, tx, provider.organisation, role, members::said_by_provider(email, &name)).await?;
    link(app, tx, provider, claims, member, LinkedBy::Joining).await?;
    let detail = json!({"provider": provider.id, "role": role.name()});
    record(app, tx, provider, "member.join_over_provider", member, detail).await?;
    Ok(member)
}

async fn record(
    app: &App,
    tx: &mut SystemTx,
    provider: &Provider,
    action: &'static str,
    of: MemberId,
    detail: Value,
) -> ProblemResult<()> {
    let by = By::System(provider.organisation);
    let entry = Entry { action, object: of.to_string(), detail, environment: None, by };
    audit::record(app, &mut tx.0, entry).await
}

/// The address, if the provider has verified it or is the authority for its domain.
fn address(provider: &Provider, claims: &Map<String, Value>) -> Option<Personal<String>> {
    let email = Personal::new(claims.get("email")?.as_str()?.trim().to_owned());
    let verified = match claims.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(text)) => text == "true",
        Some(_) => false,
        None => provider.settings.speaks_for(&email),
    };
    (verified && members::check_email(&email).is_ok()).then_some(email)
}

/// What somebody is called; at least what stands before the `@`.
fn name(claims: &Map<String, Value>, email: &Personal<String>) -> Personal<String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let both = || Some(format!("{} {}", text("given_name")?, text("family_name")?));
    let local = || email.open().split('@').next().unwrap_or_default().to_owned();
    let name = text("name").map(str::to_owned).or_else(both).unwrap_or_else(local);
    let kept: String = name.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
    Personal::new(if kept.trim().is_empty() { local() } else { kept.trim().to_owned() })
}

fn no_address() -> Problem {
    refused("the provider says no address of yours that it has verified: have an admin look at its settings")
}

/// What is said whether or not there is an account.
fn not_let_in() -> Problem {
    refused(
        "this identity is linked with no account: if you have one, sign in to it as until now and link this identity on its page; \
         if not, ask an admin of the organisation to invite you",
    )
}

fn left() -> Problem {
    refused("you do not work in this organisation any more: ask its admins to invite you again")
}

pub(super) fn refused(detail: &'static str) -> Problem {
    Problem::new(Code::IdentityNotLinked).detail(detail)
}
