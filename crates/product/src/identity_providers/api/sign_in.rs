//! `/sign-in/{organisation}` and `/sessions/oidc`: signing in over a provider, and proving once more who one is.

use std::sync::Arc;

use ::store::Scope;
use axum::Json as JsonBody;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base::id::{IdentityProviderId, OrganisationId};
use base::{Code, Problem, ProblemResult};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::complete::{self, Back, Done};
use super::super::provider;
use super::super::state::Purpose;
use super::super::store::{self, Provider};
use super::{ChosenProvider, Redirection, redirection};
use crate::App;
use crate::authority::{Can, OwnSession};
use crate::extract::Json;
use crate::problem::store_failed;
use crate::sessions::{self, CurrentSession, Peer, ProofKind};

/// A provider as the sign-in page shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = OfferedProvider)]
pub(crate) struct Offered {
    id: IdentityProviderId,
    name: String,
}

/// How one signs in to an organisation. An organisation without providers and one that is not there look alike.
#[derive(Serialize, ToSchema)]
struct OrganisationOffer {
    identity_providers: Vec<Offered>,
    /// Whether they must be used.
    required: bool,
}

impl From<Provider> for Offered {
    fn from(provider: Provider) -> Self {
        Self { id: provider.id, name: provider.name }
    }
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(offer))
        .routes(routes!(begin))
        .routes(routes!(come_back))
        .routes(routes!(begin_proof))
}

/// The providers of the only organisation; none if there are several, which nobody is to know of.
pub(crate) async fn offered(app: &App) -> ProblemResult<Vec<Offered>> {
    match store::only_organisation(&app.main).await.map_err(store_failed)? {
        Some(organisation) => of(app, organisation).await,
        None => Ok(Vec::new()),
    }
}

async fn of(app: &App, organisation: OrganisationId) -> ProblemResult<Vec<Offered>> {
    let providers = store::of_organisation(app.main.read(Scope::System), organisation).await.map_err(store_failed)?;
    Ok(providers.into_iter().map(Offered::from).collect())
}

/// How does one sign in to an organisation?
#[utoipa::path(get, path = "/sign-in/{organisation}", tag = "sessions", operation_id = "get_organisation_sign_in",
    security(()), params(("organisation" = String, Path)), responses((status = 200, body = OrganisationOffer)))]
async fn offer(
    State(app): State<Arc<App>>,
    Path(organisation): Path<String>,
) -> ProblemResult<JsonBody<OrganisationOffer>> {
    let Ok(organisation) = organisation.parse::<OrganisationId>() else {
        return Ok(JsonBody(OrganisationOffer { identity_providers: Vec::new(), required: false }));
    };
    let identity_providers = of(&app, organisation).await?;
    let required = store::is_required(app.main.read(Scope::System), organisation).await.map_err(store_failed)?;
    Ok(JsonBody(OrganisationOffer { identity_providers, required }))
}

/// Begin to sign in over an identity provider.
#[utoipa::path(post, path = "/sessions/oidc", tag = "sessions", operation_id = "begin_sign_in_over_provider", security(()),
    request_body = ChosenProvider,
    responses((status = 201, body = Redirection), (status = 404, description = "not_found")))]
async fn begin(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
    Json(ChosenProvider { identity_provider }): Json<ChosenProvider>,
) -> ProblemResult<Response> {
    sessions::refuse_cross_site(&app, &method, &headers)?;
    let provider = provider(&app, identity_provider).await?;
    redirection(&app, &headers, &provider, Purpose::SignIn).await
}

/// Come back from an identity provider: to sign in (201), or to what was begun with a session (200).
#[utoipa::path(post, path = "/sessions/oidc/callback", tag = "sessions", operation_id = "come_back_from_provider",
    security(()), request_body = Back,
    responses((status = 200, body = CurrentSession), (status = 201, body = CurrentSession),
              (status = 401, description = "identity_not_accepted"),
              (status = 403, description = "mfa_required: the cookie is set, prove a second factor; identity_not_linked, \
                                            identity_provider_refused, invalid_proof"),
              (status = 409, description = "conflict"), (status = 429, description = "too_many_requests")))]
async fn come_back(
    State(app): State<Arc<App>>,
    peer: Peer,
    method: Method,
    headers: HeaderMap,
    Json(back): Json<Back>,
) -> ProblemResult<Response> {
    sessions::refuse_cross_site(&app, &method, &headers)?;
    let from = sessions::origin(&app, &peer, &headers).await?;
    match complete::complete(&app, &from, &back).await? {
        Done::SignedIn(begun) => CurrentSession::begun(&app, &from, &begun).await,
        Done::Proven(session, token) => {
            let body = JsonBody(sessions::read(&app, session.id).await?);
            match token {
                Some(token) => {
                    let cookie = [(header::SET_COOKIE, sessions::cookie(&token)?)];
                    Ok((StatusCode::OK, cookie, body).into_response())
                }
                None => Ok((StatusCode::OK, body).into_response()),
            }
        }
    }
}

/// Begin to prove once more who one is, at the identity provider over which one signed in.
#[utoipa::path(post, path = "/sessions/current/proofs/oidc", tag = "sessions", operation_id = "begin_proof_over_provider",
    responses((status = 201, body = Redirection), (status = 403, description = "invalid_proof")))]
async fn begin_proof(
    Can { caller, .. }: Can<OwnSession>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> ProblemResult<Response> {
    let (member, session) = caller.member()?;
    let standing = caller.standing()?;
    let may = standing.next().contains(&ProofKind::IdentityProvider);
    let Some(id) = standing.began.provider.filter(|_| may) else {
        return Err(Problem::new(Code::InvalidProof).detail("this proof cannot be given now; see next of the session"));
    };
    let provider = provider(&app, id).await?;
    redirection(&app, &headers, &provider, Purpose::Prove(member, session)).await
}
