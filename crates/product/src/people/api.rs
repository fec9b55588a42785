//! `/people`: lists, exact search, profiles, reveals.
//!
//! A personal attribute stands among `attributes` as `{"personal": true}`, and its name under `personal`. A profile that an
//! API key reads shows the values, if the key's role may read them; a member sees them after asking for them (`reveal`).
//! Either way one person's values are shown on the record, and lists never show any.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use ::store::keyring::SubjectKind;
use axum::Json;
use axum::extract::{Path, State};
use base::id::{CompanyId, EnvironmentId, PersonId};
use base::{Code, Personal, Problem, ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::record::{AttributeSet, PersonRow};
use super::{PersonRef, find, search, store};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Actor, Caller, Can, ReadPeople, ReadPersonal};
use crate::extract::{Json as JsonBody, Query};
use crate::problem::store_failed;

/// A person.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonView {
    id: PersonId,
    /// The customer's id; null for somebody who was never identified.
    #[schema(required)]
    external_id: Option<String>,
    identified: bool,
    /// Every attribute. A personal one is `{"personal": true}` unless it is shown.
    #[schema(value_type = HashMap<String, Value>)]
    attributes: Map<String, Value>,
    /// The names of those that are personal.
    personal: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    company: Option<PersonCompany>,
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
}

/// The company that a person acts for.
#[derive(Serialize, ToSchema)]
struct PersonCompany {
    id: CompanyId,
    #[schema(required)]
    external_id: Option<String>,
}

/// A page of people, seen last first.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeoplePage {
    pub(crate) data: Vec<PersonView>,
    /// Give it back for the next page; null at the end.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
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
    /// The customer's id of one person, exactly.
    q: Option<String>,
}

/// Whom to search for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SearchBody {
    /// An e-mail address, compared without regard to case.
    #[schema(value_type = String)]
    email: Personal<String>,
}

/// Values that were asked for.
#[derive(Serialize, ToSchema)]
struct Revealed {
    /// The personal attributes with their values.
    #[schema(value_type = HashMap<String, Value>)]
    attributes: BTreeMap<String, Value>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(search_people))
        .routes(routes!(get))
        .routes(routes!(reveal))
}

/// A place in a list that is ordered by when somebody was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) Timestamp, pub(crate) u64);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}-{:x}", self.0.micros(), self.1)
    }
}

impl FromStr for Place {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let parts = text.split_once('-').and_then(|(seen, number)| {
            Some(Self(
                Timestamp(i64::from_str_radix(seen, 16).ok()?),
                u64::from_str_radix(number, 16).ok().filter(|number| i64::try_from(*number).is_ok())?,
            ))
        });
        parts.ok_or_else(|| Problem::new(Code::InvalidValue).field("/cursor", "give next_cursor of an earlier page"))
    }
}

/// How many a page has.
pub(crate) fn page_size(limit: Option<usize>) -> ProblemResult<usize> {
    match limit.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit),
        _ => Err(Problem::new(Code::InvalidValue).field("/limit", "give a number from 1 to 200")),
    }
}

/// List people, seen last first.
#[utoipa::path(get, path = "/people", tag = "people", operation_id = "list_people", params(ListQuery), responses((status = 200, body = PeoplePage)))]
async fn list(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> ProblemResult<Json<PeoplePage>> {
    let environment = caller.environment()?;
    let limit = page_size(query.limit)?;
    let before = query.cursor.as_deref().map(Place::from_str).transpose()?;
    if let Some(wanted) = &query.q {
        let rows = match find(&app, environment, wanted).await? {
            Some(person) => vec![super::row(&app, &person).await.map_err(store_failed)?],
            None => Vec::new(),
        };
        return Ok(Json(PeoplePage { data: views(&app, environment, rows).await?, next_cursor: None }));
    }
    super::write_seen(&app).await?;
    let before = before.map(|Place(seen, number)| (seen, number));
    let mut rows = store::page(caller.reader(&app)?, before, limit + 1).await.map_err(store_failed)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let next_cursor = last.map(|row| Place(row.last_seen_at, row.number).to_string());
    Ok(Json(PeoplePage { data: views(&app, environment, rows).await?, next_cursor }))
}

/// Search people by exact e-mail address.
#[utoipa::path(
    post, path = "/people/search", tag = "people", request_body = SearchBody,
    responses((status = 200, body = PeoplePage))
)]
async fn search_people(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<SearchBody>,
) -> ProblemResult<Json<PeoplePage>> {
    let environment = caller.environment()?;
    let mut rows = Vec::new();
    for person in search::by_email(&app, environment, &body.email).await? {
        rows.push(super::row(&app, &person).await.map_err(store_failed)?);
    }
    Ok(Json(PeoplePage { data: views(&app, environment, rows).await?, next_cursor: None }))
}

/// Get a person, by the customer's id or by ours.
#[utoipa::path(
    get, path = "/people/{external_id}", tag = "people", operation_id = "get_person", params(("external_id" = String, Path)),
    responses((status = 200, body = PersonView), (status = 404, description = "not_found"))
)]
async fn get(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Path(external_id): Path<String>,
) -> ProblemResult<Json<PersonView>> {
    let environment = caller.environment()?;
    super::write_seen(&app).await?;
    let person = one(&app, environment, &external_id).await?;
    let row = super::row(&app, &person).await.map_err(store_failed)?;
    let attributes = row.attributes.clone();
    let mut view = views(&app, environment, vec![row]).await?.pop().ok_or(Problem::new(Code::NotFound))?;
    if matches!(caller.actor(), Actor::ApiKey(_)) && caller.role().reads_personal() {
        let shown = show(&app, &caller, &person, &attributes).await?;
        view.attributes.extend(shown);
    }
    Ok(Json(view))
}

/// Show a person's personal values. It is put on record.
#[utoipa::path(
    post, path = "/people/{external_id}/reveal", tag = "people", operation_id = "reveal_person", params(("external_id" = String, Path)),
    responses((status = 200, body = Revealed), (status = 404, description = "not_found"))
)]
async fn reveal(
    Can { caller, .. }: Can<ReadPersonal>,
    State(app): State<Arc<App>>,
    Path(external_id): Path<String>,
) -> ProblemResult<Json<Revealed>> {
    let person = one(&app, caller.environment()?, &external_id).await?;
    let row = super::row(&app, &person).await.map_err(store_failed)?;
    let attributes = show(&app, &caller, &person, &row.attributes).await?;
    Ok(Json(Revealed { attributes }))
}

/// The person of a path: by the customer's id, or by ours.
///
/// # Errors
/// 404.
pub(crate) async fn one(app: &App, environment: EnvironmentId, id: &str) -> ProblemResult<PersonRef> {
    if let Some(person) = find(app, environment, id).await? {
        return Ok(person);
    }
    let missing = || Problem::new(Code::NotFound).detail("there is no such person");
    let id: PersonId = id.parse().map_err(|_| missing())?;
    super::by_id(app, environment, id).await?.ok_or_else(missing)
}

/// Opens personal values, on the record.
async fn show(
    app: &App,
    caller: &Caller,
    person: &PersonRef,
    attributes: &AttributeSet,
) -> ProblemResult<BTreeMap<String, Value>> {
    let values = search::personal_values(app, person, attributes).await?;
    if !values.is_empty() {
        let names: Vec<&String> = values.keys().collect();
        record_look(app, caller, person, json!({"attributes": names})).await?;
    }
    Ok(values.into_iter().map(|(name, value)| (name, value.into_open())).collect())
}

/// Records a look at one person's personal values.
pub(crate) async fn record_look(app: &App, caller: &Caller, person: &PersonRef, detail: Value) -> ProblemResult<()> {
    let mut tx = caller.begin(app).await?;
    let entry = Entry {
        action: "person.read_personal",
        object: person.person_id().to_string(),
        detail,
        environment: Some(person.environment),
        by: By::Caller(caller),
    };
    audit::record(app, tx.tx(), entry).await?;
    tx.commit().await.map_err(store_failed)
}

/// People as they are shown, personal values masked.
pub(crate) async fn views(
    app: &App,
    environment: EnvironmentId,
    rows: Vec<PersonRow>,
) -> ProblemResult<Vec<PersonView>> {
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    let ids = search::outside_ids(app, environment, SubjectKind::Person, &numbers).await?;
    let mut companies: Vec<u64> = rows.iter().filter_map(|row| row.company).collect();
    companies.sort_unstable();
    companies.dedup();
    let companies = crate::companies::shown(app, environment, &companies).await?;
    let view = |row: PersonRow| PersonView {
        id: PersonId(uuid::Uuid::from_bytes(row.id)),
        external_id: ids.get(&row.number).cloned(),
        identified: row.identified,
        personal: row.attributes.outcomes.keys().cloned().collect(),
        attributes: masked(row.attributes),
        company: row
            .company
            .and_then(|number| companies.get(&number))
            .map(|(id, external_id)| PersonCompany { id: *id, external_id: external_id.clone() }),
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Attributes as they are shown to whoever may not read personal ones.
pub(crate) fn masked(set: AttributeSet) -> Map<String, Value> {
    let mut attributes = set.values;
    attributes.extend(set.outcomes.into_keys().map(|name| (name, json!({"personal": true}))));
    attributes
}
