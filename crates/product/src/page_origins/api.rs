//! `GET /api/v1/installation`: the tag for an environment's pages, and whether a page with it has been heard.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base::{ProblemResult, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store;
use crate::App;
use crate::authority::{Can, ReadEnvironment};
use crate::organisations;
use crate::static_files::missing;

/// How to install, and whether it worked.
#[derive(Serialize, ToSchema)]
struct Installation {
    /// The script element, with the current version's path and hash.
    tag: String,
    /// Where the tag loads the SDK from.
    sdk_url: String,
    /// `sha384-…` of that file.
    integrity: String,
    /// When a page was first heard.
    #[schema(required)]
    first_seen_at: Option<Timestamp>,
    /// When a page was last heard.
    #[schema(required)]
    last_seen_at: Option<Timestamp>,
    /// The origins that were heard, the last first.
    origins: Vec<String>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(installation))
}

/// How is the SDK installed, and does a page speak to us?
#[utoipa::path(get, path = "/installation", tag = "installation", operation_id = "get_installation", responses((status = 200, body = Installation)))]
async fn installation(
    Can { caller, .. }: Can<ReadEnvironment>,
    State(app): State<Arc<App>>,
) -> ProblemResult<Json<Installation>> {
    let reader = caller.reader(&app)?;
    let (path, integrity) = app.sdk.current().ok_or_else(missing)?;
    let key = organisations::browser_key(reader).await?;
    let sdk_url = format!("{}{path}", app.urls.edge);
    let tag = format!(
        "<script async src=\"{sdk_url}\" integrity=\"{integrity}\" crossorigin=\"anonymous\" data-key=\"{key}\"></script>"
    );
    let heard = store::all(reader).await?;
    Ok(Json(Installation {
        tag,
        sdk_url,
        integrity: integrity.to_owned(),
        first_seen_at: heard.iter().map(|heard| heard.first).min(),
        last_seen_at: heard.first().map(|heard| heard.last),
        origins: heard.into_iter().map(|heard| heard.origin).collect(),
    }))
}
