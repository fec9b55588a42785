//! The installation: made once, by `init` or by the first `serve`, and given its owner once, by `init` or by the one-time
//! set-up link.

pub(crate) mod api;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ::store::{Db, StoreError};
use base::{Code, Personal, Problem, ProblemResult, Secret};
use keys::{KeyKind, Owner, hash, random_token};
use serde_json::json;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Role, SystemTx};
use crate::organisations::{self, NewOrganisation};
use crate::problem::{internal, store_failed};
use crate::{api_keys, members};

/// The kinds of keys that the installation has from its first moment.
const INSTALLATION_KEYS: &[KeyKind] = &[
    KeyKind::Pepper,
    KeyKind::Session,
    KeyKind::ApiKeyHash,
    KeyKind::AddressHash,
    KeyKind::MemberIndex,
    KeyKind::LocalAuthority,
    KeyKind::AuditSigning,
];

const SETUP_LINK_LIFE: Duration = Duration::from_hours(24);
const SETUP_PURPOSE: &str = "setup";

/// The first owner.
pub struct FirstOwner {
    /// Their address.
    pub email: Personal<String>,
    /// Their name.
    pub name: Personal<String>,
    /// Their password.
    pub password: Secret<String>,
}

/// What was made, with the credentials that are shown this once.
pub struct Installed {
    /// The first organisation.
    pub organisation: NewOrganisation,
    /// May do everything in the organisation; expires after 90 days.
    pub api_key: Secret<String>,
}

/// Whether something has been made here.
pub async fn exists(app: &App) -> ProblemResult<bool> {
    store::exists(&app.main).await.map_err(store_failed)
}

/// Whether something has been made in a `PostgreSQL` main store, whatever its schema: then the root key that wraps its
/// keys must exist.
pub async fn made_before(database: &Secret<String>) -> Result<bool, StoreError> {
    let db = Db::connect_postgres(database).await?;
    let made = store::has_tables(&db).await;
    db.close().await;
    made
}

/// Makes the installation, and its owner if one is given.
///
/// # Errors
/// 409 if something is here already.
pub async fn create(app: &App, owner: Option<&FirstOwner>) -> ProblemResult<Installed> {
    let mut tx = SystemTx::begin(app).await?;
    if !store::insert(&mut tx.0, app.clock.now()).await.map_err(store_failed)? {
        return Err(Problem::new(Code::AlreadySetUp));
    }
    organisations::mint(app, &mut tx, INSTALLATION_KEYS, Owner::Installation).await?;
    let organisation = organisations::create(app, &mut tx, "My organisation").await?;
    let api_key = api_keys::create(app, &mut tx, organisation.id, Role::Owner).await?;
    if let Some(owner) = owner {
        let FirstOwner { email, name, password } = owner;
        // The pepper is as new as the installation, which nobody else waits for: the hash may be made here.
        let owner = members::prepare(app, email, name, password).await?;
        members::insert(app, &mut tx, organisation.id, Role::Owner, owner).await?;
    }
    record(app, &mut tx, organisation.id, "installation.create").await?;
    tx.commit().await?;
    Ok(Installed { organisation, api_key })
}

/// A link that lets whoever has it become the owner, once, within a day. `None` if there is an owner. A new link ends the
/// one before it. The token is in the fragment, which browsers do not send: it reaches no log.
pub async fn setup_link(app: &App) -> ProblemResult<Option<Secret<String>>> {
    if store::has_owner(&app.main).await.map_err(store_failed)? {
        return Ok(None);
    }
    let token = random_token(app.rng.as_ref());
    let mut tx = SystemTx::begin(app).await?;
    let expires = app.clock.now().plus(SETUP_LINK_LIFE);
    store::set_setup_token(&mut tx.0, &token_hash(app, &token)?, expires).await.map_err(store_failed)?;
    tx.commit().await?;
    Ok(Some(Secret::new(format!("{}/setup#token={}", app.urls.dashboard, token.expose()))))
}

fn token_hash(app: &App, token: &Secret<String>) -> ProblemResult<[u8; 32]> {
    let (_, key) = app.keys.primary(KeyKind::Session, Owner::Installation).map_err(internal)?;
    Ok(hash::token_hash(&key, SETUP_PURPOSE, token.expose()))
}

async fn record(
    app: &App,
    tx: &mut SystemTx,
    organisation: base::id::OrganisationId,
    action: &'static str,
) -> ProblemResult<()> {
    let entry = Entry {
        action,
        object: organisation.to_string(),
        detail: json!({}),
        environment: None,
        by: By::System(organisation),
    };
    audit::record(app, &mut tx.0, entry).await
}
