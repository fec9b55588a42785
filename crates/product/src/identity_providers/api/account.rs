//! `/account/identities`: one's own identities at providers.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base::id::{IdentityId, IdentityProviderId};
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::state::Purpose;
use super::super::{identities, provider, store};
use super::sign_in::Offered;
use super::{ChosenProvider, Redirection, redirection};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Can, OwnAccount, SecureAccount, SystemTx};
use crate::extract::Json;
use crate::members::{self, WorksAs};
use crate::problem::store_failed;
use crate::sessions;

/// One's own identity at a provider.
#[derive(Serialize, ToSchema)]
struct Identity {
    id: IdentityId,
    provider: IdentityProviderId,
    /// What the provider is called.
    name: String,
    /// The organisation to which it lets one in.
    organisation: String,
    linked_at: Timestamp,
    #[schema(required)]
    last_used_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
struct Identities {
    data: Vec<Identity>,
    /// Providers of the organisation that the session is in, with which none is linked.
    can_link: Vec<Offered>,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, begin_link)).routes(routes!(unlink))
}

/// Over which identity providers do I sign in?
#[utoipa::path(get, path = "/account/identities", tag = "account", operation_id = "list_identities",
    responses((status = 200, body = Identities)))]
async fn list(Can { caller, .. }: Can<OwnAccount>, State(app): State<Arc<App>>) -> ProblemResult<JsonBody<Identities>> {
    let (member, _) = caller.member()?;
    let own = identities::own(&app.main, member).await.map_err(store_failed)?;
    let reader = caller.organisation_reader(&app);
    let here = store::of_organisation(reader.db(), reader.organisation()).await.map_err(store_failed)?;
    let is_linked = |id: IdentityProviderId| own.iter().any(|identity| identity.provider == id);
    let can_link = here.into_iter().filter(|provider| !is_linked(provider.id)).map(Offered::from).collect();
    let data = own.into_iter().map(|identity| Identity {
        id: identity.id,
        provider: identity.provider,
        name: identity.provider_name,
        organisation: identity.organisation_name,
        linked_at: identity.created_at,
        last_used_at: identity.last_used_at,
    });
    Ok(JsonBody(Identities { data: data.collect(), can_link }))
}

/// Begin to link an identity at a provider of an organisation where one works.
#[utoipa::path(post, path = "/account/identities", tag = "account", operation_id = "begin_link_identity",
    request_body = ChosenProvider,
    responses((status = 201, body = Redirection), (status = 404, description = "not_found")))]
async fn begin_link(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(ChosenProvider { identity_provider }): Json<ChosenProvider>,
) -> ProblemResult<Response> {
    let (member, session) = caller.member()?;
    let provider = provider(&app, identity_provider).await?;
    let mut tx = SystemTx::begin(&app).await?;
    let works = members::works_as(&mut tx, member, provider.organisation).await?;
    drop(tx);
    if !matches!(works, WorksAs::Active(_)) {
        return Err(super::super::missing());
    }
    redirection(&app, &headers, &provider, Purpose::Link(member, session)).await
}

/// Remove an identity. One's sessions over its provider end.
#[utoipa::path(delete, path = "/account/identities/{id}", tag = "account", operation_id = "unlink_identity",
    params(("id" = String, Path)), responses((status = 204), (status = 409, description = "conflict")))]
async fn unlink(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<StatusCode> {
    let missing = || Problem::new(Code::NotFound).detail("you have no such identity");
    let id: IdentityId = id.parse().map_err(|_| missing())?;
    let (member, _) = caller.member()?;
    let mut tx = caller.begin_account(&app).await?;
    let provider = identities::remove(&mut tx.0, member, id).await.map_err(store_failed)?.ok_or_else(missing)?;
    if !members::can_sign_in(&mut tx, member).await? {
        let detail = "you would have nothing left to sign in with: choose a password first";
        return Err(Problem::new(Code::Conflict).detail(detail));
    }
    sessions::end_over(&app, &mut tx.0, provider, Some(member)).await?;
    let (object, by, detail) = (member.to_string(), By::Caller(&caller), json!({"provider": provider}));
    let entry = Entry { action: "account.unlink_identity", object, detail, environment: None, by };
    audit::record(&app, &mut tx.0, entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
