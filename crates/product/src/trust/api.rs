//! `GET /trust`, for people, and `GET /trust.json`, for programs: on the dashboard's origin, for anybody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base::ProblemResult;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::html;
use super::page::{self, TrustPage};
use crate::App;
use crate::doors::page_headers;
use crate::problem::internal;
use crate::static_files::missing;

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(read_json))
}

/// Every promise and how it fares, as a page.
#[utoipa::path(get, path = "/trust", tag = "trust", operation_id = "trust_page", security(()),
    responses((status = 200, content_type = "text/html", body = String)))]
async fn read(State(app): State<Arc<App>>) -> ProblemResult<Response> {
    let shell = assets::get(assets::Package::Dashboard, "trust.html").ok_or_else(missing)?;
    let shell = String::from_utf8(shell.bytes.into_owned()).map_err(internal)?;
    let page = html::fill(&shell, &page::page(&app).await?);
    // There is no script: nothing needs the nonce that a page's policy names.
    let nonce = data_encoding::BASE64URL_NOPAD.encode(&app.rng.bytes::<16>());
    Ok((page_headers(&nonce), page).into_response())
}

/// Every promise and how it fares.
#[utoipa::path(get, path = "/trust.json", tag = "trust", operation_id = "trust", security(()),
    responses((status = 200, body = TrustPage)))]
async fn read_json(State(app): State<Arc<App>>) -> ProblemResult<Json<TrustPage>> {
    Ok(Json(page::page(&app).await?))
}
