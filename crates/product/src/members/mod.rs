//! Members: the people who work here. A member signs in with one address and one password, and works in one or several
//! organisations, with a role in each: a membership. Addresses and names are sealed under the key of one of these
//! organisations; an address is found again by a keyed hash; passwords are Argon2id hashes with a keyed pepper.
//!
//! Invariants: an organisation keeps an owner who may work; whoever's role changes, is suspended or removed has no session
//! left there when the change is durable; a member without any membership is forgotten, with all that was theirs.

pub(crate) mod api;
mod credentials;
mod new_password;
mod password;
pub(crate) mod reseal;
mod store;
mod team;
#[cfg(test)]
mod tests;
pub(crate) mod tidy;

use ::store::{StoreError, Tx};
use base::id::{MemberId, OrganisationId};
use base::{Code, Personal, Problem, ProblemResult, Secret};
use keys::{Aad, KeyKind, Owner, hash};

use crate::App;
use crate::authority::{OrganisationReader, Role, SystemTx};
use crate::hashed::Hashes;
use crate::problem::store_failed;
use crate::{devices, email_changes, identity_providers, passkeys, password_resets, sealed, second_factors};

pub(crate) use credentials::{
    Account, PreparedPassword, account, account_in, holds_password, is_password, prepare_password, set_password,
    upgrade_password,
};
pub(crate) use new_password::{About, check_new};
pub(crate) use password::{Passwords, Place};

/// Characters of the longest name that somebody or something may have.
const LONGEST_NAME: usize = 100;

/// A member, opened.
pub(crate) struct Member {
    pub(crate) email: Personal<String>,
    pub(crate) name: Personal<String>,
}

/// How a member works in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorksAs {
    Nobody,
    Suspended,
    Active(Role),
}

/// A member who can be inserted: checked, and the password hashed.
pub(crate) struct Prepared<'a> {
    email: &'a Personal<String>,
    name: &'a Personal<String>,
    password: PreparedPassword,
}

/// Checks a new member of an organisation of this name and hashes the password. It takes a while, so no transaction may be
/// open.
///
/// # Errors
/// 422 if the address or the name is not one or the password is too weak; 429 if too many hash at this moment.
pub(crate) async fn prepare<'a>(
    app: &App,
    email: &'a Personal<String>,
    name: &'a Personal<String>,
    password: &Secret<String>,
    organisation: &str,
) -> ProblemResult<Prepared<'a>> {
    check_email(email)?;
    check_name("/name", name.open())?;
    check_new(password, &About::new(email, name).of_organisation(organisation))?;
    Ok(Prepared { email, name, password: credentials::hashed(app, password).await? })
}

/// Holds a member until the transaction ends: whoever else changes what they sign in with waits.
///
/// # Errors
/// 404 if they are gone.
pub(crate) async fn lock(app: &App, tx: &mut Tx, id: MemberId) -> ProblemResult<()> {
    let held = store::lock(tx, app.main.engine(), id).await.map_err(store_failed)?;
    held.then_some(()).ok_or_else(|| Problem::new(Code::NotFound))
}

/// A member who can be inserted on the word of an identity provider: without a password. The address was checked.
pub(crate) fn said_by_provider<'a>(email: &'a Personal<String>, name: &'a Personal<String>) -> Prepared<'a> {
    // No pepper has this version: none is kept for it.
    let password = PreparedPassword { hash: String::new(), pepper_version: 0, does_alone: true };
    Prepared { email, name, password }
}

/// Inserts a member of an organisation. The address must not be another member's.
pub(crate) async fn insert(
    app: &App,
    tx: &mut SystemTx,
    organisation: OrganisationId,
    role: Role,
    member: Prepared<'_>,
) -> ProblemResult<MemberId> {
    let Prepared { email, name, password } = member;
    let address_said = password.hash.is_empty();
    let id = MemberId::new(app.clock.as_ref(), app.rng.as_ref());
    let taken = || Problem::new(Code::Conflict).detail("somebody else took this address a moment ago; try again");
    let index = email_index(app, email)?;
    // The unique index says it of one version of the key only.
    if index.all.len() > 1 && store::is_taken(&mut tx.0, &index.all).await.map_err(store_failed)? {
        return Err(taken());
    }
    let owner = Owner::Organisation(organisation);
    let seal = |field, value: &Personal<String>| {
        sealed::seal(app, KeyKind::Organisation, owner, &context(id, field), value.open().as_bytes())
    };
    let row = store::NewMember {
        id,
        organisation,
        email_index: index.primary,
        index_version: index.version,
        email: seal("email", email)?,
        name: seal("name", name)?,
        password,
        address_said,
        created_at: app.clock.now(),
    };
    store::insert(&mut tx.0, &row).await.map_err(|error| match error {
        StoreError::Conflict => taken(),
        other => store_failed(other),
    })?;
    join(app, tx, organisation, role, id).await?;
    Ok(id)
}

/// Lets a member work in another organisation. Who works there already keeps their role.
pub(crate) async fn join(
    app: &App,
    tx: &mut SystemTx,
    organisation: OrganisationId,
    role: Role,
    member: MemberId,
) -> ProblemResult<()> {
    store::join(&mut tx.0, organisation, member, role, app.clock.now()).await.map(drop).map_err(store_failed)
}

/// How a member works in an organisation.
pub(crate) async fn works_as(
    tx: &mut SystemTx,
    member: MemberId,
    organisation: OrganisationId,
) -> ProblemResult<WorksAs> {
    store::works_as(&mut tx.0, member, organisation).await.map_err(store_failed)
}

/// Whether a member works in other organisations than one, or is suspended there.
pub(crate) async fn works_elsewhere(
    tx: &mut SystemTx,
    member: MemberId,
    organisation: OrganisationId,
) -> ProblemResult<bool> {
    store::works_elsewhere(&mut tx.0, member, organisation).await.map_err(store_failed)
}

/// Whether a member has a password.
pub(crate) async fn has_password(tx: &mut Tx, member: MemberId) -> ProblemResult<bool> {
    store::has_password(tx, member).await.map_err(store_failed)
}

/// Whether a member has something to sign in with: a password, a passkey or an identity at a provider. A one-time code or a security
/// key proves somebody who has signed in already.
pub(crate) async fn can_sign_in(tx: &mut SystemTx, member: MemberId) -> ProblemResult<bool> {
    Ok(has_password(&mut tx.0, member).await?
        || passkeys::has_passkey(&mut tx.0, member).await?
        || identity_providers::has_identity(tx, member).await?)
}

/// The address's owner gives a member whom only a provider spoke for a new password, by a link that was brought there. The provider's
/// identities and devices go; second factors stay, so that a letterbox alone is not enough for an account that has one. As long
/// as one of that time is left, it may be somebody else's who waited for the address's owner, and the account stays what it is.
pub(crate) async fn address_proven(tx: &mut SystemTx, member: MemberId) -> ProblemResult<()> {
    if is_address_said(&mut tx.0, member).await? {
        identity_providers::forget_of(&mut tx.0, member).await.map_err(store_failed)?;
        devices::forget_of(&mut tx.0, member).await.map_err(store_failed)?;
        if !second_factors::has_factor(&mut tx.0, member).await? {
            store::set_address_proven(&mut tx.0, member).await.map_err(store_failed)?;
        }
    }
    Ok(())
}

/// Whether it is a provider's word alone that a member's account is its address's owner's.
pub(crate) async fn is_address_said(tx: &mut Tx, member: MemberId) -> ProblemResult<bool> {
    store::is_address_said(tx, member).await.map_err(store_failed)
}

/// Refuses what a provider's word is not enough for: whom only one speaks for works in its organisation alone and is no owner.
/// Whoever configures it could be them.
///
/// # Errors
/// 409.
pub(crate) async fn refuse_address_said(tx: &mut Tx, member: MemberId) -> ProblemResult<()> {
    if !is_address_said(tx, member).await? {
        return Ok(());
    }
    Err(Problem::new(Code::Conflict).detail(
        "only an identity provider vouches for this account: whose it is first removes its second factors, if there are any, and \
         chooses a new password by a link that is mailed to its address",
    ))
}

/// A member of the reader's organisation.
pub(crate) async fn get(app: &App, reader: OrganisationReader<'_>, id: MemberId) -> ProblemResult<Member> {
    let row = store::get(reader, id).await.map_err(store_failed)?.ok_or_else(|| Problem::new(Code::NotFound))?;
    open(app, &row)
}

/// Whether an address is one of the reader's organisation's members'.
pub(crate) async fn works_here(
    app: &App,
    reader: OrganisationReader<'_>,
    email: &Personal<String>,
) -> ProblemResult<bool> {
    store::works_here(reader, &email_index(app, email)?.all).await.map_err(store_failed)
}

/// Whether somebody has an address.
pub(crate) async fn is_taken(app: &App, tx: &mut Tx, email: &Personal<String>) -> ProblemResult<bool> {
    store::is_taken(tx, &email_index(app, email)?.all).await.map_err(store_failed)
}

/// The organisation in which a member who signs in begins: of those where they may work, the one of their latest session.
pub(crate) async fn begins_in(tx: &mut SystemTx, member: MemberId) -> ProblemResult<Option<OrganisationId>> {
    store::begins_in(&mut tx.0, member).await.map_err(store_failed)
}

/// A member's address, for a letter; nothing if they are gone.
pub(crate) async fn address(app: &App, tx: &mut SystemTx, id: MemberId) -> ProblemResult<Option<Personal<String>>> {
    let row = store::sealed(&mut tx.0, id).await.map_err(store_failed)?;
    row.map(|row| open(app, &row).map(|member| member.email)).transpose()
}

/// The same, for a letter with a link: the member is held until the transaction ends.
pub(crate) async fn hold_address(
    app: &App,
    tx: &mut SystemTx,
    id: MemberId,
) -> ProblemResult<Option<Personal<String>>> {
    let there = store::lock(&mut tx.0, app.main.engine(), id).await.map_err(store_failed)?;
    if there { address(app, tx, id).await } else { Ok(None) }
}

/// The organisation whose key seals what is a member's: where what happens to them is recorded.
pub(crate) async fn home(tx: &mut SystemTx, id: MemberId) -> ProblemResult<Option<OrganisationId>> {
    let row = store::sealed(&mut tx.0, id).await.map_err(store_failed)?;
    Ok(row.map(|row| row.sealed_by))
}

/// What of a member is sealed; nobody seals it under another organisation's key until the transaction ends.
async fn held(app: &App, tx: &mut Tx, id: MemberId) -> ProblemResult<store::SealedMember> {
    lock(app, tx, id).await?;
    store::sealed(tx, id).await.map_err(store_failed)?.ok_or_else(|| Problem::new(Code::NotFound))
}

fn open(app: &App, row: &store::SealedMember) -> ProblemResult<Member> {
    let owner = Owner::Organisation(row.sealed_by);
    let open = |field, value: &[u8]| {
        sealed::open_text(app, KeyKind::Organisation, owner, &context(row.id, field), value).map(Personal::new)
    };
    Ok(Member { email: open("email", &row.email)?, name: open("name", &row.name)? })
}

/// Forgets the links by which a member's password or address could be changed.
async fn forget_links(tx: &mut Tx, id: MemberId) -> ProblemResult<()> {
    email_changes::forget_of(tx, id).await.map_err(store_failed)?;
    password_resets::forget_of(tx, id).await.map(drop).map_err(store_failed)
}

/// Writes a member's address, and forgets what was mailed to the old one; false if somebody else has it.
pub(crate) async fn set_email(
    app: &App,
    tx: &mut SystemTx,
    id: MemberId,
    email: &Personal<String>,
) -> ProblemResult<bool> {
    let index = email_index(app, email)?;
    if store::is_taken(&mut tx.0, &index.all).await.map_err(store_failed)? {
        return Ok(false);
    }
    let row = held(app, &mut tx.0, id).await?;
    let owner = Owner::Organisation(row.sealed_by);
    let sealed = sealed::seal(app, KeyKind::Organisation, owner, &context(id, "email"), email.open().as_bytes())?;
    match store::set_email(&mut tx.0, id, &sealed, &index).await {
        // Somebody took it at this moment.
        Err(StoreError::Conflict) => return Ok(false),
        other => other.map_err(store_failed)?,
    };
    forget_links(&mut tx.0, id).await?;
    Ok(true)
}

/// Writes what a member is called.
async fn set_name(app: &App, tx: &mut SystemTx, id: MemberId, name: &Personal<String>) -> ProblemResult<()> {
    let row = held(app, &mut tx.0, id).await?;
    let owner = Owner::Organisation(row.sealed_by);
    let sealed = sealed::seal(app, KeyKind::Organisation, owner, &context(id, "name"), name.open().trim().as_bytes())?;
    store::set_name(&mut tx.0, id, &sealed).await.map(drop).map_err(store_failed)
}

/// By what an account is found, and its attempts are counted: known or not.
pub(crate) fn email_index(app: &App, email: &Personal<String>) -> ProblemResult<Hashes<32>> {
    let normalised = hash::normalised_email(email.open());
    let context = Aad::new("pilotfish/member-email/v1").text(&normalised);
    Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, &context))
}

fn context(id: MemberId, field: &str) -> Aad {
    Aad::new("pilotfish/member/v1").bytes(&id.bytes()).text(field)
}

/// Whether a text is a name: of somebody, or of an organisation.
///
/// # Errors
/// 422 at `pointer`.
pub(crate) fn check_name(pointer: &'static str, name: &str) -> ProblemResult<()> {
    let length = name.trim().chars().count();
    if (1..=LONGEST_NAME).contains(&length) && !name.contains(char::is_control) {
        return Ok(());
    }
    let detail = format!("give a name of 1 to {LONGEST_NAME} characters, without line breaks and other controls");
    Err(Problem::new(Code::InvalidValue).field(pointer, detail))
}

/// Whether an address can be a member's.
pub(crate) fn check_email(email: &Personal<String>) -> ProblemResult<()> {
    let text = email.open().trim();
    let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(|c: char| c.is_whitespace() || c.is_control())
    });
    if well_formed && text.len() <= 254 {
        return Ok(());
    }
    Err(Problem::new(Code::InvalidValue).field("/email", "give an e-mail address, such as ana@example.org"))
}
