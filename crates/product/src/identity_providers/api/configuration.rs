//! `/organisation/identity-providers`: which providers the organisation has.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::id::IdentityProviderId;
use base::{Code, Problem, ProblemResult, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::address::Address;
use super::super::model::Settings;
use super::super::store::{self, Provider};
use super::super::{identities, missing, redirect_uri, seal_secret, token};
use super::requirement::refuse_unproven;
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, Can, ManageSecurity, OrganisationTx, ReadSecurity};
use crate::extract::Json;
use crate::problem::store_failed;
use crate::{members, sessions};

/// How many an organisation may have.
const MOST: usize = 20;
const LONGEST_CLIENT: usize = 500;
const LONGEST_SECRET: usize = 2_000;

/// An identity provider of the organisation.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityProvider)]
struct ProviderWire {
    id: IdentityProviderId,
    /// What stands on its button.
    name: String,
    issuer: String,
    client_id: String,
    settings: Settings,
    created_at: Timestamp,
    /// When somebody last signed in over it, as the client that it has now.
    #[schema(required)]
    last_used_at: Option<Timestamp>,
    /// How many members have an identity there.
    members: u64,
    /// What it is to be told: the only address that it may send people back to.
    redirect_uri: String,
}

#[derive(Serialize, ToSchema)]
struct IdentityProviders {
    data: Vec<ProviderWire>,
}

/// An identity provider that is added. Its issuer stays: whoever it names is somebody else at another one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewIdentityProvider {
    name: String,
    /// As the provider writes it: `https://…`, without `/.well-known/openid-configuration`.
    issuer: String,
    client_id: String,
    #[schema(value_type = String, format = Password)]
    client_secret: Secret<String>,
    #[serde(default)]
    settings: Settings,
}

/// What becomes of one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangedIdentityProvider {
    name: String,
    client_id: String,
    /// Left out, it stays as it is.
    #[schema(value_type = Option<String>, format = Password, nullable = false)]
    client_secret: Option<Secret<String>>,
    settings: Settings,
}

/// Whether a provider answers as it should. Whether it takes client id and secret shows when somebody signs in.
#[derive(Serialize, ToSchema)]
struct ProviderTest {
    /// What is wrong; null if nothing is.
    #[schema(required)]
    problem: Option<String>,
    /// How many keys it publishes by which tokens can be verified here.
    usable_keys: usize,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(get, set, remove)).routes(routes!(test))
}

/// Over which identity providers do members sign in?
#[utoipa::path(get, path = "/organisation/identity-providers", tag = "organisation",
    operation_id = "list_identity_providers", responses((status = 200, body = IdentityProviders)))]
async fn list(
    Can { caller, .. }: Can<ReadSecurity>,
    State(app): State<Arc<App>>,
) -> ProblemResult<JsonBody<IdentityProviders>> {
    let reader = caller.organisation_reader(&app);
    let providers = store::of_organisation(reader.db(), reader.organisation()).await.map_err(store_failed)?;
    let counts = identities::counts(reader.db(), reader.organisation()).await.map_err(store_failed)?;
    let data = providers.into_iter().map(|provider| wire(&app, provider, &counts)).collect();
    Ok(JsonBody(IdentityProviders { data }))
}

/// Look at an identity provider.
#[utoipa::path(get, path = "/organisation/identity-providers/{id}", tag = "organisation",
    operation_id = "get_identity_provider", params(("id" = String, Path)), responses((status = 200, body = ProviderWire)))]
async fn get(
    Can { caller, .. }: Can<ReadSecurity>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<JsonBody<ProviderWire>> {
    let provider = read(&app, &caller, &id).await?;
    answer(&app, &caller, provider).await
}

/// Add an identity provider. Nobody is asked yet: test it.
#[utoipa::path(post, path = "/organisation/identity-providers", tag = "organisation",
    operation_id = "add_identity_provider", request_body = NewIdentityProvider,
    responses((status = 201, body = ProviderWire), (status = 409, description = "conflict"),
              (status = 422, description = "invalid_value")))]
async fn add(
    Can { caller, .. }: Can<ManageSecurity>,
    State(app): State<Arc<App>>,
    Json(new): Json<NewIdentityProvider>,
) -> ProblemResult<(StatusCode, JsonBody<ProviderWire>)> {
    let NewIdentityProvider { name, issuer, client_id, client_secret, settings } = new;
    let issuer = issuer.trim().to_owned();
    check(&name, &client_id, Some(&client_secret))?;
    Address::of_discovery(&app, &issuer).ok_or_else(|| {
        let detail =
            "give the issuer as the provider writes it: https://… (http:// only for this machine, from this machine)";
        Problem::new(Code::InvalidValue).field("/issuer", detail)
    })?;
    let settings = settings.checked()?;
    let (id, organisation) = (IdentityProviderId::new(app.clock.as_ref(), app.rng.as_ref()), caller.organisation());
    let client_secret = seal_secret(&app, organisation, id, &client_secret)?;
    let (name, client_id, created_at) = (name.trim().to_owned(), client_id.trim().to_owned(), app.clock.now());
    let provider =
        Provider { id, organisation, name, issuer, client_id, client_secret, settings, created_at, last_used_at: None };
    let mut tx = begin(&app, &caller).await?;
    let others = store::of_organisation(tx.tx(), organisation).await.map_err(store_failed)?;
    if others.len() >= MOST {
        return Err(
            Problem::new(Code::Conflict).detail(format!("there are {MOST} identity providers: remove one first"))
        );
    }
    store::insert(&mut tx, &provider).await.map_err(store_failed)?;
    record(&app, &mut tx, &caller, "identity_provider.create", &provider).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, JsonBody(wire(&app, provider, &[]))))
}

/// Change an identity provider. Sessions that began over it go on. As another client nobody has signed in over it yet.
#[utoipa::path(put, path = "/organisation/identity-providers/{id}", tag = "organisation",
    operation_id = "set_identity_provider", params(("id" = String, Path)), request_body = ChangedIdentityProvider,
    responses((status = 200, body = ProviderWire), (status = 409, description = "conflict"),
              (status = 422, description = "invalid_value")))]
async fn set(
    Can { caller, .. }: Can<ManageSecurity>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Json(changed): Json<ChangedIdentityProvider>,
) -> ProblemResult<JsonBody<ProviderWire>> {
    let before = read(&app, &caller, &id).await?;
    check(&changed.name, &changed.client_id, changed.client_secret.as_ref())?;
    let client_secret = match &changed.client_secret {
        Some(secret) => seal_secret(&app, before.organisation, before.id, secret)?,
        None => before.client_secret.clone(),
    };
    let (name, client_id) = (changed.name.trim().to_owned(), changed.client_id.trim().to_owned());
    let mut provider = Provider { name, client_id, client_secret, settings: changed.settings.checked()?, ..before };
    let mut tx = begin(&app, &caller).await?;
    let now = store::find(tx.tx(), provider.id).await.map_err(store_failed)?.ok_or_else(missing)?;
    if now.client_id != provider.client_id {
        refuse_without(&mut tx, &caller, provider.id).await?;
        identities::unused(tx.tx(), provider.id).await.map_err(store_failed)?;
        store::unused(tx.tx(), provider.id).await.map_err(store_failed)?;
        provider.last_used_at = None;
    }
    store::update(&mut tx, &provider).await.map_err(store_failed)?;
    record(&app, &mut tx, &caller, "identity_provider.update", &provider).await?;
    tx.commit().await?;
    answer(&app, &caller, provider).await
}

/// Remove an identity provider, with the identities that members have there. Sessions that began over it end.
#[utoipa::path(delete, path = "/organisation/identity-providers/{id}", tag = "organisation",
    operation_id = "remove_identity_provider", params(("id" = String, Path)),
    responses((status = 204), (status = 409, description = "conflict")))]
async fn remove(
    Can { caller, .. }: Can<ManageSecurity>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<StatusCode> {
    let provider = read(&app, &caller, &id).await?;
    let mut tx = begin(&app, &caller).await?;
    refuse_without(&mut tx, &caller, provider.id).await?;
    identities::forget_at(tx.tx(), provider.id).await.map_err(store_failed)?;
    sessions::end_over(&app, tx.tx(), provider.id, None).await?;
    if store::delete(&mut tx, provider.id).await.map_err(store_failed)? == 0 {
        return Err(missing());
    }
    record(&app, &mut tx, &caller, "identity_provider.delete", &provider).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask an identity provider what it says of itself, ten times a minute at most.
#[utoipa::path(post, path = "/organisation/identity-providers/{id}/test", tag = "organisation",
    operation_id = "test_identity_provider", params(("id" = String, Path)),
    responses((status = 200, body = ProviderTest), (status = 429, description = "too_many_requests")))]
async fn test(
    Can { caller, .. }: Can<ManageSecurity>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<JsonBody<ProviderTest>> {
    let provider = read(&app, &caller, &id).await?;
    app.providers.count_test(provider.organisation)?;
    Ok(JsonBody(match app.providers.test(&app, &provider.issuer).await {
        Err(error) => ProviderTest { problem: Some(error.to_string()), usable_keys: 0 },
        Ok(keys) => {
            let usable_keys = keys.iter().filter(|key| token::is_usable(key)).count();
            let none = || "it publishes no key of RS256, PS256, ES256 or EdDSA".to_owned();
            ProviderTest { problem: (usable_keys == 0).then(none), usable_keys }
        }
    }))
}

/// Refuses to do without a provider if members must sign in over one and no other is known to work.
async fn refuse_without(tx: &mut OrganisationTx, caller: &Caller, id: IdentityProviderId) -> ProblemResult<()> {
    let organisation = tx.organisation();
    if store::is_required(tx.tx(), organisation).await.map_err(store_failed)? {
        refuse_unproven(tx, caller, Some(id)).await?;
    }
    Ok(())
}

/// Opens the transaction of a change. Nobody else changes this organisation's providers until it ends; the caller still has their
/// role.
pub(super) async fn begin(app: &App, caller: &Caller) -> ProblemResult<OrganisationTx> {
    let mut tx = caller.begin_organisation(app).await?;
    let (engine, organisation) = (tx.engine(), tx.organisation());
    store::lock(tx.tx(), engine, organisation).await.map_err(store_failed)?;
    sessions::still_works(tx.tx(), caller).await?;
    Ok(tx)
}

async fn read(app: &App, caller: &Caller, id: &str) -> ProblemResult<Provider> {
    let id = id.parse().map_err(|_| missing())?;
    store::get(caller.organisation_reader(app), id).await.map_err(store_failed)?.ok_or_else(missing)
}

async fn answer(app: &App, caller: &Caller, provider: Provider) -> ProblemResult<JsonBody<ProviderWire>> {
    let reader = caller.organisation_reader(app);
    let counts = identities::counts(reader.db(), reader.organisation()).await.map_err(store_failed)?;
    Ok(JsonBody(wire(app, provider, &counts)))
}

fn wire(app: &App, provider: Provider, counts: &[(IdentityProviderId, u64)]) -> ProviderWire {
    let members = counts.iter().find(|(id, _)| *id == provider.id).map_or(0, |(_, count)| *count);
    let Provider { id, name, issuer, client_id, settings, created_at, last_used_at, .. } = provider;
    let redirect_uri = redirect_uri(app, id);
    ProviderWire { id, name, issuer, client_id, settings, created_at, last_used_at, members, redirect_uri }
}

fn check(name: &str, client_id: &str, secret: Option<&Secret<String>>) -> ProblemResult<()> {
    members::check_name("/name", name)?;
    let is_text = |text: &str, most| (1..=most).contains(&text.trim().len()) && !text.contains(char::is_control);
    if !is_text(client_id, LONGEST_CLIENT) {
        return Err(Problem::new(Code::InvalidValue).field("/client_id", "give the client id that the provider made"));
    }
    if secret.is_some_and(|secret| !is_text(secret.expose(), LONGEST_SECRET)) {
        let detail = "give the client secret that the provider made";
        return Err(Problem::new(Code::InvalidValue).field("/client_secret", detail));
    }
    Ok(())
}

async fn record(
    app: &App,
    tx: &mut OrganisationTx,
    caller: &Caller,
    action: &'static str,
    of: &Provider,
) -> ProblemResult<()> {
    let detail: Value = json!({"issuer": of.issuer, "client_id": of.client_id, "settings": of.settings});
    let entry = Entry { action, object: of.id.to_string(), detail, environment: None, by: By::Caller(caller) };
    audit::record(app, tx.tx(), entry).await
}
