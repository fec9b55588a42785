//! `GET /people/{external_id}/content/{id}/why`: the decision for one person and one piece of content, written down. It is
//! made by what makes it for `sync`, so it cannot tell another story. Personal values are in no trace.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use base::{Code, Problem, ProblemResult};
use serde::Serialize;
use serde_json::Value;
use targeting::{Content, Explanation, Status};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::facts::Person;
use super::rulesets::rule;
use crate::App;
use crate::authority::{Can, ReadPeople};
use crate::content::model::ContentId;
use crate::content::store as contents;
use crate::people;
use crate::problem::{internal, store_failed};

/// Whether somebody is shown something, and how that came about.
#[derive(Serialize, ToSchema)]
struct Why {
    /// Whether it is delivered, and nothing known here keeps it from being shown.
    shown: bool,
    /// What decided it.
    reason: targeting::Reason,
    /// A tree: each node has `kind`, `outcome` and `parts`.
    #[schema(value_type = targeting::Trace)]
    trace: Value,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(why))
}

/// Why is somebody shown a survey or flow, or why not?
#[utoipa::path(get, path = "/people/{external_id}/content/{id}/why", tag = "people", operation_id = "explain_delivery",
    params(("external_id" = String, Path), ("id" = String, Path)), responses((status = 200, body = Why)))]
async fn why(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Path((external_id, id)): Path<(String, String)>,
) -> ProblemResult<Json<Why>> {
    let missing = |detail: &str| Problem::new(Code::NotFound).detail(detail);
    let environment = caller.environment()?;
    let id: ContentId = id.parse().map_err(|()| missing("there is no such survey or flow"))?;
    let content = contents::get(caller.reader(&app)?, id).await?.filter(|content| content.deleted_at.is_none());
    let content = content.ok_or_else(|| missing("there is no such survey or flow"))?;
    let person = people::api::one(&app, environment, &external_id).await?;
    let row = people::row(&app, &person).await.map_err(store_failed)?;
    let live = app.rulesets.live(environment);
    let content = compiled(content).ok_or_else(|| missing("its draft has no rules that could be asked yet"))?;
    let person = Person { row: &row, live: &live, device: None, now: app.clock.now() };
    let Explanation { shown, reason, trace } = content.explain(&person, &person.seen(&content));
    let trace = serde_json::to_value(trace).map_err(internal)?;
    Ok(Json(Why { shown, reason, trace }))
}

/// Its rules: of the published version, or of the draft if there is none.
fn compiled(content: contents::Content) -> Option<Content> {
    let draft = contents::Published { version: 0, at: content.updated_at, definition: content.draft };
    let status = if content.published.is_some() { content.status } else { Status::Draft };
    rule(content.id, status, content.published.as_ref().unwrap_or(&draft))
}
