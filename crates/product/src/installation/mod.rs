//! The installation: made once, by `init` or by the first `serve`, and given its owner once, by `init` or by the one-time
//! set-up link.

pub(crate) mod api;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole_tests;

use std::time::Duration;

use ::store::{Db, Engine, StoreError, key_records};
use base::id::EnvironmentId;
use base::{Code, Personal, Problem, ProblemResult, Secret, Timestamp};
use keys::{KeyKind, Owner, hash, random_token};
use serde_json::json;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Role, SystemTx};
use crate::hashed::Hashes;
use crate::organisations::{self, NewOrganisation};
use crate::problem::{internal, store_failed};
use crate::{api_keys, key_rotation, members};

/// The kinds of keys that the installation has from its first moment.
const INSTALLATION_KEYS: &[KeyKind] = &[
    KeyKind::Pepper,
    KeyKind::Session,
    KeyKind::ApiKeyHash,
    KeyKind::AddressHash,
    KeyKind::MemberIndex,
    KeyKind::LocalAuthority,
    KeyKind::AuditSigning,
    KeyKind::Acme,
    KeyKind::SecondFactor,
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

impl FirstOwner {
    /// Whether an owner can be made of it.
    ///
    /// # Errors
    /// 422 if the address is not one or the password is too weak.
    pub fn check(&self) -> ProblemResult<()> {
        members::check_email(&self.email)?;
        members::check_new(&self.password, &members::About::new(&self.email, &self.name))
    }
}

/// What was made, with the credentials that are shown this once.
pub struct Installed {
    /// The first organisation.
    pub organisation: NewOrganisation,
    /// May do everything in the organisation; expires after 90 days. `None` if nobody is there to be shown it.
    pub api_key: Option<Secret<String>>,
}

/// An installation that is made and not yet kept.
#[must_use = "it is thrown away unless it is committed"]
pub struct Pending {
    tx: SystemTx,
    installed: Installed,
}

impl Pending {
    /// Keeps it.
    pub async fn commit(self, app: &App) -> ProblemResult<Installed> {
        self.tx.commit().await?;
        app.finish_making().map_err(store_failed)?;
        Ok(self.installed)
    }
}

/// Whether something has been made here.
pub async fn exists(app: &App) -> ProblemResult<bool> {
    store::exists(&app.main).await.map_err(store_failed)
}

/// Whether something has been made in two `PostgreSQL` databases, whatever their schema: then the root key that wraps
/// their keys must exist.
pub async fn made_before(main: &Secret<String>, keyring: &Secret<String>) -> Result<bool, StoreError> {
    for url in [main, keyring] {
        let db = Db::connect_postgres(url).await?;
        let given = store::is_given(&db).await;
        db.close().await;
        if given? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes the installation, and its owner if one is given. Only who gives an owner is there to be shown credentials, so
/// without one none are made but the browsers' keys, which are public.
///
/// # Errors
/// 409 if something is here already, also when another process makes it at the same moment.
pub async fn create(app: &App, owner: Option<&FirstOwner>) -> ProblemResult<Installed> {
    prepare(app, owner).await?.commit(app).await
}

/// As [`create`], up to the commit.
pub async fn prepare(app: &App, owner: Option<&FirstOwner>) -> ProblemResult<Pending> {
    app.give_stores().await.map_err(store_failed)?;
    let mut tx = SystemTx::begin(app).await?;
    if !store::insert(&mut tx.0, app.clock.now()).await.map_err(store_failed)? {
        return Err(Problem::new(Code::AlreadySetUp));
    }
    organisations::mint(app, &mut tx, INSTALLATION_KEYS, Owner::Installation).await?;
    let organisation = organisations::create(app, &mut tx, "My organisation").await?;
    let mut installed = Installed { organisation, api_key: None };
    if let Some(FirstOwner { email, name, password }) = owner {
        let id = installed.organisation.id;
        // The pepper is as new as the installation, which nobody else waits for: the hash may be made here.
        let prepared = members::prepare(app, email, name, password, "").await?;
        members::insert(app, &mut tx, id, Role::Owner, prepared).await?;
        installed.api_key = Some(api_keys::create(app, &mut tx, id, Role::Owner).await?);
        for environment in &mut installed.organisation.environments {
            environment.server_key = Some(organisations::add_server_key(app, &mut tx.0, id, environment.id).await?);
        }
    }
    record(app, &mut tx, installed.organisation.id, "installation.create").await?;
    Ok(Pending { tx, installed })
}

/// Makes the installation unless it is there, whoever makes it, and the keys of kinds that an earlier release did not have; then
/// this process holds its keys. An edge without the root key has opened only because its grant, and so its installation, is there.
///
/// # Errors
/// 503 if it is not there and this process is not the databases' owner.
pub async fn ensure(app: &App) -> ProblemResult<()> {
    if !app.has_root_key() {
        return Ok(());
    }
    if !exists(app).await? {
        if !::store::may_migrate(&app.main).await.map_err(store_failed)? {
            let nothing =
                "nothing is installed in these databases yet: run pilotfish init as their owner (docs/roles.md)";
            return Err(Problem::new(Code::StorageUnavailable).detail(nothing));
        }
        match create(app, None).await {
            Err(problem) if problem.code == Code::AlreadySetUp => {}
            other => return other.map(|_| ()),
        }
    }
    if app.keys.primary(KeyKind::LocalAuthority, Owner::Installation).is_err() {
        app.reload_keys().await.map_err(internal)?;
    }
    // Of roles that run apart only the worker may make keys.
    if app.duties.worker || app.main.engine() == Engine::Sqlite { mint_missing(app).await } else { Ok(()) }
}

/// Makes the keys of kinds that are new in this release.
async fn mint_missing(app: &App) -> ProblemResult<()> {
    let has = |kind: KeyKind| app.keys.records().iter().any(|key| key.kind == kind);
    for kind in INSTALLATION_KEYS.iter().copied().filter(|kind| !has(*kind)) {
        let mut tx = SystemTx::begin(app).await?;
        key_rotation::hold_root(app, &mut tx.0).await?;
        let key = app.keys.mint(kind, Owner::Installation, app.clock.as_ref(), app.rng.as_ref()).await;
        let key = key.map_err(internal)?;
        match key_records::insert(&mut tx.0, &key).await {
            // Another process was quicker.
            Err(StoreError::Conflict) => {
                drop(tx);
                app.reload_keys().await.map_err(internal)?;
            }
            other => {
                other.map_err(store_failed)?;
                tx.commit().await?;
                app.keys.load([key]).await.map_err(internal)?;
            }
        }
    }
    Ok(())
}

/// Makes another key for the customer's back end at the api: good for everything in the first organisation.
pub async fn issue_api_key(app: &App) -> ProblemResult<Secret<String>> {
    let mut tx = SystemTx::begin(app).await?;
    let organisation = store::first_organisation(&mut tx.0).await.map_err(store_failed)?;
    let key = api_keys::create(app, &mut tx, organisation, Role::Owner).await?;
    record(app, &mut tx, organisation, "api_key.issue").await?;
    tx.commit().await?;
    Ok(key)
}

/// Makes another server key for an environment.
///
/// # Errors
/// 404 if there is no such environment.
pub async fn issue_server_key(app: &App, environment: EnvironmentId) -> ProblemResult<Secret<String>> {
    let mut tx = SystemTx::begin(app).await?;
    let found = organisations::of_environment(&mut tx.0, environment).await?;
    let organisation = found.ok_or_else(|| {
        Problem::new(Code::NotFound).detail(format!("there is no environment {environment} in this installation"))
    })?;
    let key = organisations::add_server_key(app, &mut tx.0, organisation, environment).await?;
    let entry = Entry {
        action: "server_key.create",
        object: environment.to_string(),
        detail: json!({}),
        environment: Some(environment),
        by: By::System(organisation),
    };
    audit::record(app, &mut tx.0, entry).await?;
    tx.commit().await?;
    Ok(key)
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
    let hashes = token_hashes(app, &token)?;
    let (hash, version) = (&hashes.primary, hashes.version);
    store::set_setup_token(&mut tx.0, hash, version, expires).await.map_err(store_failed)?;
    tx.commit().await?;
    Ok(Some(Secret::new(format!("{}/setup#token={}", app.urls.dashboard, token.expose()))))
}

fn token_hashes(app: &App, token: &Secret<String>) -> ProblemResult<Hashes<32>> {
    Hashes::of(app, KeyKind::Session, |key| hash::token_hash(key, SETUP_PURPOSE, token.expose()))
}

/// How many set-up links that would be taken are known by a hash under this version of the session key.
pub(crate) async fn hashed_with(tx: &mut SystemTx, version: u32, now: Timestamp) -> ProblemResult<u64> {
    store::hashed_with(&mut tx.0, version, now).await.map_err(store_failed)
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
