//! `GET /sign-in`: what the page offers to who is not signed in.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use base::ProblemResult;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::identity_providers;
use crate::identity_providers::api::Offered;

/// What the sign-in page offers.
#[derive(Serialize, ToSchema)]
struct SignInOffer {
    /// Whether a link can be mailed to who has forgotten their password; without a mail server the operator makes one.
    mail: bool,
    /// The identity providers of the only organisation, if there is but one. Another's are on the page of its own.
    identity_providers: Vec<Offered>,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(offer))
}

/// How can one sign in here?
#[utoipa::path(get, path = "/sign-in", tag = "sessions", operation_id = "get_sign_in", security(()),
    responses((status = 200, body = SignInOffer)))]
async fn offer(State(app): State<Arc<App>>) -> ProblemResult<JsonBody<SignInOffer>> {
    let identity_providers = identity_providers::api::offered(&app).await?;
    Ok(JsonBody(SignInOffer { mail: app.mailer.is_some(), identity_providers }))
}
