//! `/account/email` and `/email-confirmations`, on the dashboard only.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use base::{Personal, ProblemResult, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::authority::{Can, OwnAccount, SecureAccount};
use crate::extract::Json;

/// Another address for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEmail {
    #[schema(value_type = String)]
    email: Personal<String>,
}

/// It was heard; whether somebody has this address is not said.
#[derive(Serialize, ToSchema)]
struct EmailHeard {}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    /// From the link.
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(confirm))
}

/// Ask for another address: a link is mailed there, and the old one is told.
#[utoipa::path(post, path = "/account/email", tag = "account", operation_id = "ask_for_account_email",
    request_body = NewEmail,
    responses((status = 202, body = EmailHeard), (status = 409, description = "mail_unavailable"),
              (status = 429, description = "too_many_requests")))]
async fn ask(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
    Json(NewEmail { email }): Json<NewEmail>,
) -> ProblemResult<(StatusCode, JsonBody<EmailHeard>)> {
    super::ask(&app, &caller, &email).await?;
    Ok((StatusCode::ACCEPTED, JsonBody(EmailHeard {})))
}

/// Make an address one's own, by its link: only who asked for it can. Every session of the member ends.
#[utoipa::path(post, path = "/email-confirmations", tag = "account", operation_id = "confirm_account_email",
    request_body = Confirmation,
    responses((status = 204), (status = 403, description = "link_invalid, also of whom the link is not")))]
async fn confirm(
    Can { caller, .. }: Can<OwnAccount>,
    State(app): State<Arc<App>>,
    Json(Confirmation { token }): Json<Confirmation>,
) -> ProblemResult<StatusCode> {
    super::confirm(&app, &caller, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}
