//! `/people/{external_id}/events`, `/companies/{external_id}/events`, `/events/counts`.

use std::sync::Arc;
use std::time::Duration;

use ::store::keyring::SubjectKind;
use axum::Json;
use axum::extract::{Path, State};
use base::id::{EnvironmentId, EventId};
use base::{Code, Problem, ProblemResult, Timestamp};
use events::{Cursor, Event, EventEngine as _, Kind, Known, Page, Subject, Timeline};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authority::{Actor, Caller, Can, ReadPeople, ReadPersonal};
use crate::companies;
use crate::extract::Query;
use crate::ingest::{property_field, property_version};
use crate::people::api::page_size;
use crate::people::{self, Openers};
use crate::{App, analytics};

/// An event.
#[derive(Serialize, ToSchema)]
struct EventView {
    id: EventId,
    #[schema(value_type = EventType)]
    r#type: &'static str,
    /// The event's name; null for what is not a track event.
    #[schema(required)]
    event: Option<String>,
    time: Timestamp,
    /// Every property. A personal one is `{"personal": true}` unless it is shown.
    #[schema(value_type = HashMap<String, Value>)]
    properties: Map<String, Value>,
    /// The names of those that are personal.
    personal: Vec<String>,
    /// Where and with what.
    #[schema(value_type = EventContext)]
    context: Map<String, Value>,
}

/// Where and with what something happened; what is not known is absent.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of a map that is filled name by name")]
struct EventContext {
    #[schema(required = false)]
    path: String,
    #[schema(required = false)]
    device: String,
    #[schema(required = false)]
    browser: String,
    #[schema(required = false)]
    system: String,
    #[schema(required = false)]
    locale: String,
    #[schema(required = false)]
    host: String,
    #[schema(required = false)]
    referrer: String,
    #[schema(required = false)]
    library: String,
    /// The survey or flow that it is about.
    #[schema(required = false)]
    content: String,
    /// The step or question of it.
    #[schema(required = false)]
    step: String,
}

/// What kind of event.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the names that `events::Kind` is written with")]
enum EventType {
    Track,
    Identify,
    Page,
    Screen,
    Group,
    Alias,
    Answer,
}

/// A page of events, newest first.
#[derive(Serialize, ToSchema)]
struct EventsPage {
    data: Vec<EventView>,
    /// Give it back for the next page; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// Of an earlier page.
    cursor: Option<String>,
    /// 1 to 200; 50 unless given.
    limit: Option<usize>,
}

/// From when to when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RangeQuery {
    /// From this moment; 30 days before `to` unless given.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// To this moment, which is not within; now unless given.
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
}

/// How often what happened on which day.
#[derive(Serialize, ToSchema)]
struct CountsPage {
    data: Vec<CountView>,
}

/// How often something happened on a day.
#[derive(Serialize, ToSchema)]
struct CountView {
    event: String,
    /// In UTC, as 2026-10-01.
    day: String,
    count: u64,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(of_person))
        .routes(routes!(reveal))
        .routes(routes!(of_company))
        .routes(routes!(counts))
}

/// List a person's events, newest first.
#[utoipa::path(
    get, path = "/people/{external_id}/events", tag = "events", operation_id = "list_events_of_person", params(("external_id" = String, Path), PageQuery),
    responses((status = 200, body = EventsPage), (status = 404, description = "not_found"))
)]
async fn of_person(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Path(external_id): Path<String>,
    Query(query): Query<PageQuery>,
) -> ProblemResult<Json<EventsPage>> {
    let shows = matches!(caller.actor(), Actor::ApiKey(_)) && caller.role().reads_personal();
    page_of_person(&app, &caller, &external_id, &query, shows).await
}

/// Show the personal properties of a page of a person's events. It is put on record.
#[utoipa::path(
    post, path = "/people/{external_id}/events/reveal", tag = "events", operation_id = "reveal_events_of_person", params(("external_id" = String, Path), PageQuery),
    responses((status = 200, body = EventsPage), (status = 404, description = "not_found"))
)]
async fn reveal(
    Can { caller, .. }: Can<ReadPersonal>,
    State(app): State<Arc<App>>,
    Path(external_id): Path<String>,
    Query(query): Query<PageQuery>,
) -> ProblemResult<Json<EventsPage>> {
    page_of_person(&app, &caller, &external_id, &query, true).await
}

/// A page of a person's events; if it is to show personal values and has any, that is recorded.
async fn page_of_person(
    app: &App,
    caller: &Caller,
    external_id: &str,
    query: &PageQuery,
    shows: bool,
) -> ProblemResult<Json<EventsPage>> {
    let environment = caller.environment()?;
    let person = people::api::one(app, environment, external_id).await?;
    let numbers = people::group(app, &person).await?;
    let page = read(app, environment, Subject::Person(numbers.clone()), query).await?;
    let personal = page.events.iter().filter(|(_, event)| !event.sealed.is_empty()).count();
    let openers = if shows && personal > 0 {
        people::api::record_look(app, caller, &person, json!({"events": personal})).await?;
        Some(Openers::load(app, environment, SubjectKind::Person, &numbers).await?)
    } else {
        None
    };
    let next_cursor = page.next.map(|next| next.to_string());
    let data = page.events.into_iter().map(|(_, event)| view(event, openers.as_ref())).collect();
    Ok(Json(EventsPage { data, next_cursor }))
}

/// List what people did for a company, newest first; personal values masked.
#[utoipa::path(
    get, path = "/companies/{external_id}/events", tag = "events", operation_id = "list_events_of_company", params(("external_id" = String, Path), PageQuery),
    responses((status = 200, body = EventsPage), (status = 404, description = "not_found"))
)]
async fn of_company(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Path(external_id): Path<String>,
    Query(query): Query<PageQuery>,
) -> ProblemResult<Json<EventsPage>> {
    let environment = caller.environment()?;
    let company = companies::api::one(&app, environment, &external_id).await?;
    let page = read(&app, environment, Subject::Company(company.number()), &query).await?;
    let next_cursor = page.next.map(|next| next.to_string());
    Ok(Json(EventsPage { data: page.events.into_iter().map(|(_, event)| view(event, None)).collect(), next_cursor }))
}

/// Count events by name and day.
#[utoipa::path(get, path = "/events/counts", tag = "events", operation_id = "count_events", params(RangeQuery), responses((status = 200, body = CountsPage)))]
async fn counts(
    Can { caller, .. }: Can<ReadPeople>,
    State(app): State<Arc<App>>,
    Query(query): Query<RangeQuery>,
) -> ProblemResult<Json<CountsPage>> {
    let environment = caller.environment()?;
    // Now is within: an event that is acknowledged in this microsecond counts.
    let to = query.to.unwrap_or_else(|| app.clock.now().plus(Duration::from_micros(1)));
    let from = query.from.unwrap_or_else(|| to.minus(Duration::from_hours(30 * 24)));
    let counts =
        analytics::page(&app, environment, move |engine, control| engine.counts(environment, from..to, control));
    let counts = counts.await?;
    let data = counts.into_iter().map(|count| CountView {
        event: count.event.to_string(),
        day: count.day.to_string().chars().take(10).collect(),
        count: count.count,
    });
    Ok(Json(CountsPage { data: data.collect() }))
}

async fn read(app: &App, environment: EnvironmentId, of: Subject, query: &PageQuery) -> ProblemResult<Page> {
    let limit = page_size(query.limit)?;
    let before: Option<Cursor> =
        match &query.cursor {
            Some(text) => Some(text.parse().map_err(|_| {
                Problem::new(Code::InvalidValue).field("/cursor", "give next_cursor of an earlier page")
            })?),
            None => None,
        };
    let timeline = Timeline { of, names: None, before, limit };
    // Every number that they have or had is given.
    let known = Known::new(TimeZone::UTC, app.clock.now());
    analytics::page(app, environment, move |engine, control| engine.timeline(environment, &timeline, &known, control))
        .await
}

fn view(event: Event, openers: Option<&Openers>) -> EventView {
    let mut context = Map::new();
    let own = [
        ("path", event.path),
        ("device", event.device.map(|device| device.as_str().to_owned())),
        ("content", event.content),
        ("step", event.step),
    ];
    context.extend(own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    let mut properties = Map::new();
    for (name, value) in event.properties {
        match name.strip_prefix('$') {
            Some(of_ours) => context.insert(of_ours.to_owned(), value),
            None => properties.insert(name, value),
        };
    }
    let personal: Vec<String> = event.sealed.keys().cloned().collect();
    for (name, sealed) in event.sealed {
        let version = property_version(event.message);
        let shown =
            openers.and_then(|openers| openers.open_json(event.person, &property_field(&name), version, &sealed));
        properties.insert(name, shown.map_or_else(|| json!({"personal": true}), base::Personal::into_open));
    }
    EventView {
        id: EventId(uuid::Uuid::from_bytes(event.message)),
        r#type: event.kind.as_str(),
        event: (event.kind == Kind::Track).then_some(event.name),
        time: event.time,
        properties,
        personal,
        context,
    }
}
