//! `POST /sessions` and `DELETE /sessions/current`, on the dashboard only.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json as JsonBody};
use base::id::MemberId;
use base::{Code, Personal, Problem, ProblemResult, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{attempts, store};
use crate::App;
use crate::authority::{Actor, Can, ReadOrganisation, SystemTx};
use crate::extract::Json;
use crate::members;
use crate::problem::store_failed;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    #[schema(value_type = String)]
    email: Personal<String>,
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

/// A session has begun; its cookie is in the answer's headers.
#[derive(Serialize, ToSchema)]
struct SignedIn {
    member: MemberId,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(sign_in)).routes(routes!(sign_out))
}

/// Sign in.
#[utoipa::path(
    post, path = "/sessions", tag = "sessions", security(()), request_body = Credentials,
    responses((status = 201, body = SignedIn), (status = 401, description = "invalid_credentials"),
              (status = 429, description = "too_many_requests"))
)]
async fn sign_in(
    State(app): State<Arc<App>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    method: Method,
    headers: HeaderMap,
    Json(credentials): Json<Credentials>,
) -> ProblemResult<Response> {
    super::refuse_cross_site(&app, &method, &headers)?;
    let Credentials { email, password } = credentials;
    // A place in the queue first: who finds none has not been counted.
    let place = app.passwords.queue()?;
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(peer))| peer.ip());
    let attempt = attempts::count(&app, members::email_index(&app, &email)?, address).await?;
    let refused = || Problem::new(Code::InvalidCredentials);
    let Some(account) = members::account(&app, &email).await? else {
        app.passwords.verify_nothing(&app, place, &password).await?;
        return Err(refused());
    };
    if !app.passwords.verify(&app, place, &password, &account.password, account.pepper_version).await? {
        return Err(refused());
    }
    members::upgrade_password(&app, &account, &password).await?;
    let mut tx = SystemTx::begin(&app).await?;
    attempts::forget(&mut tx, &attempt).await?;
    let token = super::begin(&app, &mut tx, account.id, account.organisation).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, super::cookie(&token)?)], JsonBody(SignedIn { member: account.id }))
        .into_response())
}

/// Sign out.
#[utoipa::path(delete, path = "/sessions/current", tag = "sessions", responses((status = 204)))]
async fn sign_out(Can { caller, .. }: Can<ReadOrganisation>, State(app): State<Arc<App>>) -> ProblemResult<Response> {
    let Actor::Member(_, session) = caller.actor() else {
        return Err(Problem::new(Code::NotFound));
    };
    let mut tx = SystemTx::begin(&app).await?;
    store::end(&mut tx.0, session, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, super::forget())]).into_response())
}
