//! `POST /api/v1/installation/identity-secret/reveal`: what the customer's server signs identity tokens with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base::ProblemResult;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Can, ManageEnvironment};
use crate::problem::{internal, store_failed};

/// A secret: keep it on the server that signs.
#[derive(Serialize, ToSchema)]
struct IdentitySecret {
    /// The HS256 key, as the bytes of this text.
    identity_secret: String,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(reveal))
}

/// Show an environment's identity secret. The look is recorded.
#[utoipa::path(
    post, path = "/installation/identity-secret/reveal", tag = "installation", operation_id = "reveal_identity_secret",
    responses((status = 200, body = IdentitySecret))
)]
async fn reveal(
    Can { caller, .. }: Can<ManageEnvironment>,
    State(app): State<Arc<App>>,
) -> ProblemResult<Json<IdentitySecret>> {
    let environment = caller.environment()?;
    let secret = super::secret(&app, caller.reader(&app)?).await?;
    let identity_secret = String::from_utf8(secret.expose().clone()).map_err(internal)?;
    let mut tx = caller.begin(&app).await?;
    let entry = Entry {
        action: "identity_secret.reveal",
        object: environment.to_string(),
        detail: json!({}),
        environment: Some(environment),
        by: By::Caller(&caller),
    };
    audit::record(&app, tx.tx(), entry).await?;
    tx.commit().await.map_err(store_failed)?;
    Ok(Json(IdentitySecret { identity_secret }))
}
