//! `/reports`.

use std::sync::Arc;

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base::id::ReportId;
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::change::{self, Written};
use super::store::{self, Chart, Report};
use crate::App;
use crate::analytics::question;
use crate::analytics::question::shape::Question;
use crate::authority::{Caller, Can, EditReports, ReadInsights};
use crate::extract::{Json, Query};
use crate::people::api::page_size;
use crate::problem::{internal, store_failed};

const MAX_NAME: usize = 200;

/// A question that the team keeps.
#[derive(Serialize, ToSchema)]
#[schema(as = Report)]
struct ReportView {
    id: ReportId,
    name: String,
    #[schema(value_type = Question)]
    question: Value,
    chart: Chart,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    deleted_at: Option<Timestamp>,
}

/// Reports, newest first.
#[derive(Serialize, ToSchema)]
struct ReportList {
    data: Vec<ReportView>,
    /// Give it back for the next page; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A report to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    /// 1 to 200 characters.
    name: String,
    #[schema(value_type = Question)]
    question: Value,
    #[serde(default)]
    #[schema(required = false)]
    chart: Chart,
}

/// Which reports.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Of an earlier page.
    cursor: Option<String>,
    /// 1 to 200; 50 unless given.
    limit: Option<usize>,
    /// Those that were deleted in the last 30 days, instead of the others.
    #[serde(default)]
    deleted: bool,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete)).routes(routes!(restore))
}

/// List saved questions, newest first.
#[utoipa::path(get, path = "/reports", tag = "analytics", operation_id = "list_reports", params(ListQuery),
    responses((status = 200, body = ReportList)))]
async fn list(
    Can { caller, .. }: Can<ReadInsights>,
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> ProblemResult<JsonAnswer<ReportList>> {
    let limit = page_size(query.limit)?;
    let cursor = query.cursor.as_deref().map(str::parse).transpose();
    let before =
        cursor.map_err(|_| Problem::new(Code::InvalidValue).field("/cursor", "give next_cursor of an earlier page"))?;
    let deleted_since = query.deleted.then(|| app.clock.now().minus(change::RESTORABLE));
    let more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let mut found = store::list(caller.reader(&app)?, deleted_since, before, more).await.map_err(store_failed)?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| is_more).map(|last| last.id.to_string());
    Ok(JsonAnswer(ReportList { data: found.into_iter().map(view).collect(), next_cursor }))
}

/// Save a question.
#[utoipa::path(post, path = "/reports", tag = "analytics", operation_id = "create_report", request_body = ReportBody,
    responses((status = 201, body = ReportView), (status = 422, description = "invalid_value")))]
async fn create(
    Can { caller, .. }: Can<EditReports>,
    State(app): State<Arc<App>>,
    Json(body): Json<ReportBody>,
) -> ProblemResult<Response> {
    let written = written(&app, &caller, body).await?;
    let report = change::create(&app, &caller, written).await?;
    Ok((StatusCode::CREATED, shown(report)?).into_response())
}

/// Get a saved question.
#[utoipa::path(get, path = "/reports/{id}", tag = "analytics", operation_id = "get_report", params(("id" = String, Path)),
    responses((status = 200, body = ReportView), (status = 404, description = "not_found")))]
async fn get(
    Can { caller, .. }: Can<ReadInsights>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<Response> {
    let found = store::get(caller.reader(&app)?, parse_id(&id)?).await.map_err(store_failed)?;
    shown(found.filter(|report| report.deleted_at.is_none()).ok_or_else(|| Problem::new(Code::NotFound))?)
}

/// Replace a saved question. With `If-Match`, only if it is what was read.
#[utoipa::path(put, path = "/reports/{id}", tag = "analytics", operation_id = "replace_report", params(("id" = String, Path)),
    request_body = ReportBody,
    responses((status = 200, body = ReportView), (status = 404, description = "not_found"),
        (status = 409, description = "conflict"), (status = 422, description = "invalid_value")))]
async fn replace(
    Can { caller, .. }: Can<EditReports>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<ReportBody>,
) -> ProblemResult<Response> {
    let id = parse_id(&id)?;
    let written = written(&app, &caller, body).await?;
    shown(change::replace(&app, &caller, id, &headers, written).await?)
}

/// Delete a saved question. It can be restored for 30 days.
#[utoipa::path(delete, path = "/reports/{id}", tag = "analytics", operation_id = "delete_report", params(("id" = String, Path)),
    responses((status = 204), (status = 404, description = "not_found"), (status = 409, description = "conflict")))]
async fn delete(
    Can { caller, .. }: Can<EditReports>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> ProblemResult<StatusCode> {
    change::delete(&app, &caller, parse_id(&id)?, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a deleted question.
#[utoipa::path(post, path = "/reports/{id}/restore", tag = "analytics", operation_id = "restore_report",
    params(("id" = String, Path)),
    responses((status = 200, body = ReportView), (status = 404, description = "not_found"), (status = 409, description = "conflict")))]
async fn restore(
    Can { caller, .. }: Can<EditReports>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> ProblemResult<Response> {
    shown(change::restore(&app, &caller, parse_id(&id)?, &headers).await?)
}

/// Checks what a member writes.
async fn written(app: &App, caller: &Caller, body: ReportBody) -> ProblemResult<Written> {
    let name = body.name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        let detail = format!("give a name of 1 to {MAX_NAME} characters");
        return Err(Problem::new(Code::InvalidValue).field("/name", detail));
    }
    question::read(app, caller.environment()?, &body.question, "/question").await?;
    Ok(Written { name: name.to_owned(), question: body.question, chart: body.chart })
}

fn parse_id(text: &str) -> ProblemResult<ReportId> {
    text.parse().map_err(|_| Problem::new(Code::NotFound))
}

fn view(report: Report) -> ReportView {
    ReportView {
        id: report.id,
        name: report.name,
        question: report.question,
        chart: report.chart,
        created_at: report.created_at,
        updated_at: report.updated_at,
        deleted_at: report.deleted_at,
    }
}

fn shown(report: Report) -> ProblemResult<Response> {
    let etag = HeaderValue::try_from(change::etag(&report)).map_err(internal)?;
    Ok(([(header::ETAG, etag)], JsonAnswer(view(report))).into_response())
}
