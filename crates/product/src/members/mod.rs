//! Members: the people who work here. Their addresses and names are sealed under the organisation's key; an address is
//! found again by a keyed hash; passwords are Argon2id hashes with a keyed pepper.

mod password;
mod store;

use base::id::{MemberId, OrganisationId};
use base::{Code, Personal, Problem, ProblemResult, Secret};
use keys::{Aad, KeyKind, Owner, hash};

use crate::App;
use crate::authority::{Role, SystemTx};
use crate::problem::{internal, store_failed};
use crate::sealed;

pub(crate) use password::Passwords;
pub(crate) use password::check_new;

/// A member, opened.
pub(crate) struct Member {
    pub(crate) email: Personal<String>,
    pub(crate) name: Personal<String>,
}

/// What signing in needs to know.
pub(crate) struct Account {
    pub(crate) id: MemberId,
    pub(crate) organisation: OrganisationId,
    pub(crate) password: String,
    pub(crate) pepper_version: u32,
}

/// Makes a member. The address must not be another member's.
///
/// # Errors
/// 422 if the address is not one or the password is too weak.
pub(crate) async fn create(
    app: &App,
    tx: &mut SystemTx,
    organisation: OrganisationId,
    role: Role,
    email: &Personal<String>,
    name: &Personal<String>,
    password: &Secret<String>,
) -> ProblemResult<MemberId> {
    check_email(email)?;
    check_new(password)?;
    let id = MemberId::new(app.clock.as_ref(), app.rng.as_ref());
    let (pepper_version, hashed) = app.passwords.hash(app, password).await?;
    let owner = Owner::Organisation(organisation);
    let seal = |field, value: &Personal<String>| {
        sealed::seal(app, KeyKind::Organisation, owner, &context(id, field), value.open().as_bytes())
    };
    let row = store::NewMember {
        id,
        organisation,
        email_index: email_index(app, email)?,
        email: seal("email", email)?,
        name: seal("name", name)?,
        role,
        password: hashed,
        pepper_version,
        created_at: app.clock.now(),
    };
    store::insert(&mut tx.0, &row).await.map_err(store_failed)?;
    Ok(id)
}

/// A member of an organisation.
pub(crate) async fn get(app: &App, organisation: OrganisationId, id: MemberId) -> ProblemResult<Member> {
    let row = store::get(&app.main, organisation, id)
        .await
        .map_err(store_failed)?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let open = |field, value: &[u8]| {
        let owner = Owner::Organisation(organisation);
        sealed::open_text(app, KeyKind::Organisation, owner, &context(id, field), value).map(Personal::new)
    };
    Ok(Member { email: open("email", &row.email)?, name: open("name", &row.name)? })
}

/// The account of an address.
pub(crate) async fn account(app: &App, email: &Personal<String>) -> ProblemResult<Option<Account>> {
    store::account(&app.main, &email_index(app, email)?).await.map_err(store_failed)
}

/// By what an account is found, and its attempts are counted: known or not.
pub(crate) fn email_index(app: &App, email: &Personal<String>) -> ProblemResult<[u8; 32]> {
    let (_, key) = app.keys.primary(KeyKind::MemberIndex, Owner::Installation).map_err(internal)?;
    let normalised = hash::normalised_email(email.open());
    Ok(hash::keyed(&key, &Aad::new("pilotfish/member-email/v1").text(&normalised)))
}

fn context(id: MemberId, field: &str) -> Aad {
    Aad::new("pilotfish/member/v1").bytes(&id.bytes()).text(field)
}

/// Whether an address can be a member's.
pub(crate) fn check_email(email: &Personal<String>) -> ProblemResult<()> {
    let text = email.open().trim();
    let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains(char::is_whitespace)
    });
    if well_formed && text.len() <= 254 {
        return Ok(());
    }
    Err(Problem::new(Code::InvalidValue).field("/email", "give an e-mail address, such as ana@example.org"))
}
