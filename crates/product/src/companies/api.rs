//! `/companies`: list, profile, people. Shaped like people.

use std::str::FromStr as _;
use std::sync::Arc;

use ::store::keyring::SubjectKind;
use axum::Json;
use axum::extract::{Path, State};
use base::id::{CompanyId, EnvironmentId};
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, CompanyRow};
use crate::App;
use crate::authority::{Can, ReadPeople};
use crate::extract::Query;
use crate::people::api::{PeoplePage, Place, masked, page_size};
use crate::people::{self, CompanyRef};
use crate::problem::store_failed;

/// A company.
#[derive(Serialize, ToSchema)]
pub(crate) struct CompanyView {
    id: CompanyId,
    /// The customer's id.
    #[schema(required)]
    external_id: Option<String>,
    /// Every attribute; a personal one is `{"personal": true}`.
    #[schema(value_type = HashMap<String, Value>)]
    attributes: Map<String, Value>,
    /// The names of those that are personal.
    personal: Vec<String>,
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
}

/// A page of companies, seen last first.
#[derive(Serialize, ToSchema)]
struct CompaniesPage {
    data: Vec<CompanyView>,
    /// Give it back for the next page; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Of an earlier page.
    cursor: Option<String>,
    /// 1 to 200; 50 unless given.
    limit: Option<usize>,
    /// The customer's id of one company, exactly.
    q: Option<String>,
}

/// Which page of a company's people.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PeopleQuery {
    /// Of an earlier page.
    cursor: Option<String>,
    /// 1 to 200; 50 unless given.
    limit: Option<usize>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(list_people))
}

/// List companies, seen last first.
#[utoipa::path(
    get, path = "/companies", tag = "companies", operation_id = "list_companies", params(ListQuery), responses((status = 200, body = CompaniesPage))
)]
async fn list(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> ProblemResult<Json<CompaniesPage>> {
    let environment = caller.environment()?;
    let limit = page_size(query.limit)?;
    let before = query.cursor.as_deref().map(Place::from_str).transpose()?;
    let before = before.map(|Place(seen, number)| (seen, number));
    let reader = caller.reader(&app)?;
    if let Some(wanted) = &query.q {
        let found = people::find_company(&app, environment, wanted).await?;
        let numbers: Vec<u64> = found.iter().map(CompanyRef::number).collect();
        let rows = store::rows_of(reader, &numbers).await.map_err(store_failed)?;
        return Ok(Json(CompaniesPage { data: views(&app, environment, rows).await?, next_cursor: None }));
    }
    let mut rows = store::page(reader, before, limit + 1).await.map_err(store_failed)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let next_cursor = last.map(|row| Place(row.last_seen_at, row.number).to_string());
    Ok(Json(CompaniesPage { data: views(&app, environment, rows).await?, next_cursor }))
}

/// Get a company, by the customer's id or by ours.
#[utoipa::path(
    get, path = "/companies/{external_id}", tag = "companies", operation_id = "get_company", params(("external_id" = String, Path)),
    responses((status = 200, body = CompanyView), (status = 404, description = "not_found"))
)]
async fn get(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Path(external_id): Path<String>,
) -> ProblemResult<Json<CompanyView>> {
    let environment = caller.environment()?;
    let company = one(&app, environment, &external_id).await?;
    let reader = caller.reader(&app)?;
    let rows = store::rows_of(reader, &[company.number()]).await.map_err(store_failed)?;
    views(&app, environment, rows).await?.pop().map(Json).ok_or_else(missing)
}

/// List the people who act for a company, seen last first.
#[utoipa::path(
    get, path = "/companies/{external_id}/people", tag = "companies", operation_id = "list_people_of_company",
    params(("external_id" = String, Path), PeopleQuery),
    responses((status = 200, body = PeoplePage), (status = 404, description = "not_found"))
)]
async fn list_people(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Path(external_id): Path<String>,
    Query(query): Query<PeopleQuery>,
) -> ProblemResult<Json<PeoplePage>> {
    let environment = caller.environment()?;
    let limit = page_size(query.limit)?;
    let before = query.cursor.as_deref().map(Place::from_str).transpose()?;
    let company = one(&app, environment, &external_id).await?;
    let reader = caller.reader(&app)?;
    let places = store::people_page(reader, company.number(), before, limit + 1);
    let mut places = places.await.map_err(store_failed)?;
    let more = places.len() > limit;
    places.truncate(limit);
    let next_cursor = places.last().filter(|_| more).map(Place::to_string);
    let numbers: Vec<u64> = places.iter().map(|Place(_, number)| *number).collect();
    let mut rows = people::rows_of(reader, &numbers).await.map_err(store_failed)?;
    rows.sort_by_key(|row| numbers.iter().position(|number| *number == row.number));
    Ok(Json(PeoplePage { data: people::api::views(&app, environment, rows).await?, next_cursor }))
}

/// The company of a path: by the customer's id, or by ours.
///
/// # Errors
/// 404.
pub(crate) async fn one(app: &App, environment: EnvironmentId, id: &str) -> ProblemResult<CompanyRef> {
    if let Some(company) = people::find_company(app, environment, id).await? {
        return Ok(company);
    }
    let id: CompanyId = id.parse().map_err(|_| missing())?;
    people::company_by_id(app, environment, id).await?.ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::new(Code::NotFound).detail("there is no such company")
}

pub(crate) async fn views(
    app: &App,
    environment: EnvironmentId,
    rows: Vec<CompanyRow>,
) -> ProblemResult<Vec<CompanyView>> {
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    let ids = people::outside_ids(app, environment, SubjectKind::Company, &numbers).await?;
    let view = |row: CompanyRow| CompanyView {
        id: CompanyId(uuid::Uuid::from_bytes(row.id)),
        external_id: ids.get(&row.number).cloned(),
        personal: row.attributes.outcomes.keys().cloned().collect(),
        attributes: masked(row.attributes),
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
    };
    Ok(rows.into_iter().map(view).collect())
}
