//! Organisations, their apps and environments: the tenants.
//!
//! An environment is the tenant of everything that end users produce: it has its own keys, its own tokens, its own data,
//! and no query crosses. Every app begins with `production`, where a browser may name a user only with a signed
//! identity token, and `staging`, where it need not.

pub(crate) mod api;
mod security;
mod store;
#[cfg(test)]
mod tests;

use ::store::Tx;
use base::id::{AppId, EnvironmentId, OrganisationId};
use base::{Code, Problem, ProblemResult, Secret};
use keys::{Aad, ApiKey, ApiKeyKind, KeyKind, Owner, random_token};

use crate::App;
use crate::authority::{OrganisationReader, SystemTx, TenantReader};
use crate::problem::{internal, store_failed};
use crate::{edge_grants, key_rotation, sealed};

/// The kinds of keys that every environment has from its first moment.
const ENVIRONMENT_KEYS: &[KeyKind] = &[
    KeyKind::EventLog,
    KeyKind::Part,
    KeyKind::Dictionary,
    KeyKind::Index,
    KeyKind::MessageHash,
    KeyKind::Identity,
    KeyKind::Inbox,
];

/// A new environment with its credentials in clear, which are shown once.
pub struct NewEnvironment {
    /// Its id.
    pub id: EnvironmentId,
    /// `production` or `staging`.
    pub name: &'static str,
    /// For browsers; public.
    pub browser_key: Secret<String>,
    /// For servers; `None` until one is made for somebody who is shown it.
    pub server_key: Option<Secret<String>>,
    /// What the customer's server signs identity tokens with.
    pub identity_secret: Secret<String>,
}

/// A new organisation with its first app.
pub struct NewOrganisation {
    /// The organisation.
    pub id: OrganisationId,
    /// Its first app.
    pub app: AppId,
    /// The app's environments.
    pub environments: Vec<NewEnvironment>,
}

/// An environment with what it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tenant {
    pub(crate) organisation: OrganisationId,
    pub(crate) app: AppId,
    pub(crate) environment: EnvironmentId,
}

/// Makes an organisation, an app and its two environments, with all their keys.
pub(crate) async fn create(app: &App, tx: &mut SystemTx, name: &str) -> ProblemResult<NewOrganisation> {
    let (clock, rng) = (app.clock.as_ref(), app.rng.as_ref());
    let id = OrganisationId::new(clock, rng);
    mint(app, tx, &[KeyKind::Organisation], Owner::Organisation(id)).await?;
    store::insert_organisation(&mut tx.0, id, name, clock.now()).await.map_err(store_failed)?;
    let new_app = AppId::new(clock, rng);
    store::insert_app(&mut tx.0, new_app, id, "App", clock.now()).await.map_err(store_failed)?;
    let mut environments = Vec::new();
    for (name, identity_required) in [("production", true), ("staging", false)] {
        environments.push(create_environment(app, tx, id, new_app, name, identity_required).await?);
    }
    Ok(NewOrganisation { id, app: new_app, environments })
}

async fn create_environment(
    app: &App,
    tx: &mut SystemTx,
    organisation: OrganisationId,
    of: AppId,
    name: &'static str,
    identity_required: bool,
) -> ProblemResult<NewEnvironment> {
    let rng = app.rng.as_ref();
    let id = EnvironmentId::new(app.clock.as_ref(), rng);
    key_rotation::hold_root(app, &mut tx.0).await?;
    app.keys.provider().create_environment(id).await.map_err(internal)?;
    mint(app, tx, ENVIRONMENT_KEYS, Owner::Environment(id)).await?;
    edge_grants::seal_missing_in(app, tx).await?;
    let identity_secret = random_token(rng);
    let sealed = sealed::seal(
        app,
        KeyKind::Identity,
        Owner::Environment(id),
        &identity_context(id),
        identity_secret.expose().as_bytes(),
    )?;
    let environment = store::EnvironmentRow { id, organisation, app: of, name: name.to_owned(), identity_required };
    store::insert_environment(&mut tx.0, &environment, &sealed, app.clock.now()).await.map_err(store_failed)?;
    let browser = ApiKey::generate(ApiKeyKind::Browser, rng);
    add_key(app, &mut tx.0, organisation, id, &browser).await?;
    Ok(NewEnvironment { id, name, browser_key: browser.text(), server_key: None, identity_secret })
}

/// Makes a server key for an environment; the key is shown this once.
pub(crate) async fn add_server_key(
    app: &App,
    tx: &mut Tx,
    organisation: OrganisationId,
    environment: EnvironmentId,
) -> ProblemResult<Secret<String>> {
    let key = ApiKey::generate(ApiKeyKind::Server, app.rng.as_ref());
    add_key(app, tx, organisation, environment, &key).await?;
    Ok(key.text())
}

async fn add_key(
    app: &App,
    tx: &mut Tx,
    organisation: OrganisationId,
    environment: EnvironmentId,
    key: &ApiKey,
) -> ProblemResult<()> {
    let (key_version, hashing) = app.keys.primary(KeyKind::ApiKeyHash, Owner::Installation).map_err(internal)?;
    // A browser key is public; of a server key its first characters tell it from others.
    let (kind, shown) = match key.kind() {
        ApiKeyKind::Browser => ("browser", key.text().expose().clone()),
        _ => ("server", key.hint()),
    };
    let row = store::NewKey { organisation, environment, kind, hash: key.hash(&hashing), key_version, shown };
    store::insert_key(tx, &row, app.clock.now()).await.map_err(store_failed)?;
    Ok(())
}

/// Ends an environment's key. An edge that has seen it lately takes it for another half minute.
pub(crate) async fn revoke_key(app: &App, tx: &mut SystemTx, hash: &[u8; 32]) -> ProblemResult<()> {
    store::revoke_key(&mut tx.0, hash, app.clock.now()).await.map(drop).map_err(store_failed)
}

/// `production` of the first app of the first organisation: what a new installation has.
pub(crate) async fn first(app: &App) -> ProblemResult<Tenant> {
    store::first(&app.main).await.map_err(store_failed)
}

/// The installation's first organisation, whose owner is the operator: asked for once.
pub(crate) async fn first_id(app: &App, tx: &mut SystemTx) -> ProblemResult<OrganisationId> {
    if let Some(id) = app.first_organisation.get() {
        return Ok(*id);
    }
    let id = store::first_id(&mut tx.0).await.map_err(store_failed)?;
    Ok(*app.first_organisation.get_or_init(|| id))
}

/// What an organisation is called.
pub(crate) async fn name_of(app: &App, id: OrganisationId) -> ProblemResult<String> {
    store::name_of(&app.main, id).await.map_err(store_failed)
}

/// Calls an organisation and its app something else.
pub(crate) async fn rename(tx: &mut SystemTx, of: &Tenant, name: &str) -> ProblemResult<()> {
    store::rename(&mut tx.0, of.organisation, of.app, name).await.map_err(store_failed)
}

/// What an environment's identity secret is sealed to.
pub(crate) fn identity_context(id: EnvironmentId) -> Aad {
    Aad::new("pilotfish/identity-secret/v1").bytes(&id.bytes())
}

/// Makes the first version of each kind, durable with the transaction.
pub(crate) async fn mint(app: &App, tx: &mut SystemTx, kinds: &[KeyKind], owner: Owner) -> ProblemResult<()> {
    key_rotation::hold_root(app, &mut tx.0).await?;
    for kind in kinds {
        let key = app.keys.mint(*kind, owner, app.clock.as_ref(), app.rng.as_ref()).await.map_err(internal)?;
        ::store::key_records::insert(&mut tx.0, &key).await.map_err(store_failed)?;
        app.keys.load([key]).await.map_err(internal)?;
    }
    Ok(())
}

/// Whose an environment is.
pub(crate) async fn of_environment(tx: &mut Tx, environment: EnvironmentId) -> ProblemResult<Option<OrganisationId>> {
    store::organisation_of(tx, environment).await.map_err(store_failed)
}

/// Whether an environment is an organisation's.
pub(crate) async fn owns(app: &App, organisation: OrganisationId, environment: EnvironmentId) -> ProblemResult<bool> {
    store::owns(&app.main, organisation, environment).await.map_err(store_failed)
}

/// Whether the reader's organisation is the installation's first, whose owner is the operator.
pub(crate) async fn is_first(reader: OrganisationReader<'_>) -> ProblemResult<bool> {
    store::is_first(reader).await.map_err(store_failed)
}

/// The public key of the reader's environment, for tags.
pub(crate) async fn browser_key(reader: TenantReader<'_>) -> ProblemResult<String> {
    store::browser_key(reader).await.map_err(store_failed)?.ok_or_else(|| Problem::new(Code::NotFound))
}
