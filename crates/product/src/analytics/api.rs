//! `POST /query`, and `POST /query/people`: who is behind a number of an answer.

use std::sync::Arc;

use axum::Json as JsonAnswer;
use axum::extract::State;
use base::{Code, Problem, ProblemResult, Timestamp};
use events::{Answer, Query, Target};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask;
use super::question;
use super::question::shape::Question as QuestionShape;
use crate::App;
use crate::authority::{Can, ReadInsights, ReadPeople};
use crate::companies;
use crate::companies::api::CompanyView;
use crate::extract::Json;
use crate::people;
use crate::people::api::{PersonView, page_size, views};
use crate::problem::store_failed;

/// The answer to a question, and what exactly was asked.
#[derive(Serialize, ToSchema)]
struct Answered {
    /// From this moment.
    from: Timestamp,
    /// To this moment, which is not within.
    to: Timestamp,
    /// In whose time days begin: an IANA name.
    zone: String,
    #[serde(flatten)]
    answer: Answer,
}

/// Which number of which answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BehindBody {
    #[schema(value_type = QuestionShape)]
    question: Value,
    of: Target,
    /// Of an earlier page.
    #[serde(default)]
    cursor: Option<String>,
    /// 1 to 200; 50 unless given.
    #[serde(default)]
    limit: Option<usize>,
}

/// Some of those behind a number, masked as lists are.
#[derive(Serialize, ToSchema)]
struct Behind {
    people: Vec<PersonView>,
    /// Of a funnel by company; empty otherwise.
    companies: Vec<CompanyView>,
    /// How many they are.
    total: u64,
    /// Give it back for the next page; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// The operations of this feature.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(query)).routes(routes!(behind))
}

/// Ask a question about events. What was acknowledged before it came is in the answer.
#[utoipa::path(post, path = "/query", tag = "analytics", operation_id = "ask", request_body = QuestionShape,
    responses((status = 200, body = Answered), (status = 422, description = "invalid_value, query_too_large"),
        (status = 429, description = "too_many_requests")))]
async fn query(
    Can { caller, .. }: Can<ReadInsights>,
    State(app): State<Arc<App>>,
    Json(body): Json<Value>,
) -> ProblemResult<JsonAnswer<Answered>> {
    let environment = caller.environment()?;
    let question = question::read(&app, environment, &body, "").await?;
    let (range, zone) = (question.query.range(), question.zone_name.clone());
    let answer = ask::answer(&app, environment, question).await?;
    Ok(JsonAnswer(Answered { from: Timestamp(range.from), to: Timestamp(range.to), zone, answer }))
}

/// List the people behind a number of an answer; of a funnel by company the companies.
#[utoipa::path(post, path = "/query/people", tag = "analytics", operation_id = "list_behind", request_body = BehindBody,
    responses((status = 200, body = Behind), (status = 422, description = "invalid_value, query_too_large"),
        (status = 429, description = "too_many_requests")))]
async fn behind(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Json(body): Json<BehindBody>,
) -> ProblemResult<JsonAnswer<Behind>> {
    let environment = caller.environment()?;
    let limit = page_size(body.limit)?;
    let after = body.cursor.as_deref().map(parse_cursor).transpose()?;
    let question = question::read(&app, environment, &body.question, "/question").await?;
    let by_company = matches!(&question.query, Query::Funnel(funnel) if funnel.by == events::By::Company);
    let page = ask::people(&app, environment, question, body.of, (after, limit)).await?;
    let next_cursor = page.numbers.last().filter(|_| page.more).map(|last| format!("{last:x}"));
    let reader = caller.reader(&app)?;
    let (mut people, mut companies) = (Vec::new(), Vec::new());
    if by_company {
        let rows = companies::store::rows_of(reader, &page.numbers).await.map_err(store_failed)?;
        companies = companies::api::views(&app, environment, rows).await?;
    } else {
        people::write_seen(&app).await?;
        let rows = people::rows_of(reader, &page.numbers).await.map_err(store_failed)?;
        people = views(&app, environment, rows).await?;
    }
    Ok(JsonAnswer(Behind { people, companies, total: page.count, next_cursor }))
}

fn parse_cursor(text: &str) -> ProblemResult<u64> {
    u64::from_str_radix(text, 16)
        .map_err(|_| Problem::new(Code::InvalidValue).field("/cursor", "give next_cursor of an earlier page"))
}
