//! How far people came in a flow.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use base::ProblemResult;
use serde::Serialize;
use targeting::ContentKind;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::answers;
use crate::authority::{Can, ReadInsights};
use crate::content::api::{find, parse_id};
use crate::content::model::{Body, Definition};

/// How far people came.
#[derive(Serialize, ToSchema)]
struct FlowResults {
    /// People who were shown it.
    shown: u64,
    /// People who came to the end.
    completed: u64,
    /// People who closed it and never came to the end.
    dismissed: u64,
    /// The steps as they were published last.
    steps: Vec<StepResults>,
}

/// One step.
#[derive(Serialize, ToSchema)]
struct StepResults {
    id: String,
    title: String,
    /// People who reached it, ever.
    reached: u64,
}

/// The operations that flows alone have.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(results))
}

/// How far people came in a flow.
#[utoipa::path(get, path = "/flows/{id}/results", tag = "flows", operation_id = "get_flow_results",
    params(("id" = String, Path)), responses((status = 200, body = FlowResults)))]
async fn results(
    Can { caller, .. }: Can<ReadInsights>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<Json<FlowResults>> {
    let id = parse_id(ContentKind::Flow, &id)?;
    let reader = caller.reader(&app)?;
    let content = find(&app, &caller, id).await?;
    let definition = content.published.map_or(content.draft, |published| published.definition);
    let body = Definition::parse(id.kind(), &definition, "").map(|definition| definition.body);
    let mut reached = answers::steps(reader, id).await?;
    let steps = match body {
        Ok(Body::Flow(flow)) => flow.steps,
        _ => Vec::new(),
    };
    let steps = steps.into_iter().map(|step| {
        let reached = reached.remove(&step.id).unwrap_or(0);
        StepResults { id: step.id, title: step.title, reached }
    });
    let figures = answers::figures(reader, &[id]).await?.remove(&id).unwrap_or_default();
    Ok(Json(FlowResults {
        shown: figures.shown,
        completed: figures.completed,
        dismissed: figures.dismissed,
        steps: steps.collect(),
    }))
}
