//! `POST /api/v1/segments/preview`.

use std::sync::Arc;

use axum::Json as JsonAnswer;
use axum::extract::State;
use base::{Code, Problem, ProblemResult};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use targeting::{Place, Rule};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::preview;
use crate::App;
use crate::authority::{Can, EditContent};
use crate::delivery;
use crate::extract::Json;

/// Whom to count.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SegmentPreviewBody {
    /// An audience; everybody if it is null or absent.
    #[serde(default)]
    #[schema(value_type = Option<Rule>)]
    audience: Option<Value>,
}

/// How many people an audience matches now.
#[derive(Serialize, ToSchema)]
struct SegmentPreview {
    /// People whom it matches; an estimate if `sampled`.
    count: u64,
    /// People of whom it is not known now: a browser decides it on the page, or it has not been worked out yet. Not among
    /// `count`.
    unknown: u64,
    /// Everybody.
    total: u64,
    /// How many people were looked at.
    looked_at: u64,
    /// Whether that was a part of them only.
    sampled: bool,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(preview))
}

/// Count the people whom an audience matches now. At most 20,000 are looked at; of more an even sample.
#[utoipa::path(post, path = "/segments/preview", tag = "segments", operation_id = "preview_segment",
    request_body = SegmentPreviewBody,
    responses((status = 200, body = SegmentPreview), (status = 422, description = "invalid_value"),
        (status = 429, description = "too_many_requests")))]
async fn preview(
    Can { caller, .. }: Can<EditContent>,
    State(app): State<Arc<App>>,
    Json(body): Json<SegmentPreviewBody>,
) -> ProblemResult<JsonAnswer<SegmentPreview>> {
    let environment = caller.environment()?;
    let refused = |errors| Problem { errors, ..Problem::new(Code::InvalidValue) };
    let audience = match &body.audience {
        None => Rule::All([].into()),
        Some(audience) => Rule::parse(audience, Place::Audience, "/audience").map_err(refused)?,
    };
    let classes = delivery::classes(&app, environment).await?;
    let problems = audience.check(|field| classes.of(field), "/audience");
    if !problems.is_empty() {
        return Err(refused(problems));
    }
    let _place = app.previews.enter()?;
    let found = preview::count(&app, environment, audience).await?;
    Ok(JsonAnswer(SegmentPreview {
        count: found.matching,
        unknown: found.unknown,
        total: found.people,
        looked_at: found.looked_at,
        sampled: found.sampled,
    }))
}
