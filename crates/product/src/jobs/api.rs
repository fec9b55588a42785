//! `GET /jobs/{id}`.

use std::sync::Arc;

use ::jobs::{Progress, State as JobState};
use axum::Json;
use axum::extract::{Path, State};
use base::id::JobId;
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::authority::{Can, ReadJobs};
use crate::problem::store_failed;

/// How far a job is.
#[derive(Serialize, ToSchema)]
struct JobWire {
    id: JobId,
    /// What it does, `noun.verb`.
    kind: String,
    state: JobState,
    progress: Progress,
    /// What came of it; null until it is completed.
    #[schema(value_type = Option<Value>, required)]
    result: Option<Value>,
    /// A code that says why it was given up, or why the last try failed.
    #[schema(required)]
    error: Option<String>,
    created_at: Timestamp,
    #[schema(required)]
    finished_at: Option<Timestamp>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// How far is a job?
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", operation_id = "get_job", params(("id" = String, Path)),
    responses((status = 200, body = JobWire)))]
async fn get(
    Can { caller, .. }: Can<ReadJobs>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<Json<JobWire>> {
    let missing = || Problem::new(Code::NotFound);
    let id: JobId = id.parse().map_err(|_| missing())?;
    let job = super::get(caller.reader(&app)?, id).await.map_err(store_failed)?.ok_or_else(missing)?;
    Ok(Json(JobWire {
        id: job.id,
        kind: job.kind,
        state: job.state,
        progress: job.progress,
        result: job.result,
        error: job.error,
        created_at: job.created_at,
        finished_at: job.finished_at,
    }))
}
