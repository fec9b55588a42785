//! `/password-resets`, on the dashboard only.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use base::{Personal, ProblemResult, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::jobs;
use crate::App;
use crate::extract::Json;
use crate::members;
use crate::sessions::{self, Peer};

/// Who has forgotten their password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Forgotten {
    #[schema(value_type = String)]
    email: Personal<String>,
}

/// It was heard; whether somebody has this address is not said.
#[derive(Serialize, ToSchema)]
struct Heard {}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reset {
    /// From the link.
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
    /// The new password.
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(complete))
}

/// Ask for a link to choose a new password with, by mail. The answer is the same whether or not somebody has this address.
#[utoipa::path(post, path = "/password-resets", tag = "sessions", operation_id = "ask_for_password_reset", security(()),
    request_body = Forgotten,
    responses((status = 202, body = Heard), (status = 429, description = "too_many_requests")))]
async fn ask(
    State(app): State<Arc<App>>,
    peer: Peer,
    method: Method,
    headers: HeaderMap,
    Json(Forgotten { email }): Json<Forgotten>,
) -> ProblemResult<(StatusCode, JsonBody<Heard>)> {
    sessions::refuse_cross_site(&app, &method, &headers)?;
    let from = sessions::origin(&app, &peer, &headers).await?;
    sessions::count_reset(&app, &email, &from).await?;
    if app.mailer.is_some() {
        let account = members::account(&app, &email).await?;
        jobs::enqueue(&app, account.map(|account| account.id)).await?;
    }
    Ok((StatusCode::ACCEPTED, JsonBody(Heard {})))
}

/// Choose a new password, by a link. Every session of the member ends.
#[utoipa::path(post, path = "/password-resets/complete", tag = "sessions", operation_id = "complete_password_reset",
    security(()), request_body = Reset,
    responses((status = 204), (status = 403, description = "link_invalid"), (status = 422, description = "invalid_value")))]
async fn complete(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
    Json(Reset { token, password }): Json<Reset>,
) -> ProblemResult<StatusCode> {
    sessions::refuse_cross_site(&app, &method, &headers)?;
    super::complete(&app, &token, &password).await?;
    Ok(StatusCode::NO_CONTENT)
}
