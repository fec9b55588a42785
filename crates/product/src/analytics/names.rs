//! `GET /events/names`: what an environment's events, their properties and the attributes of people and companies are called, for
//! whoever writes a question. Names only: they were refused at the edge if they looked personal.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base::ProblemResult;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::attributes::{Known, Scope};
use crate::authority::{Can, ReadInsights};

/// Every name that was ever seen, in alphabetical order.
#[derive(Serialize, ToSchema)]
struct Names {
    events: Vec<String>,
    /// Of events.
    properties: Vec<Named>,
    /// Attributes of people.
    person: Vec<Named>,
    /// Attributes of companies.
    company: Vec<Named>,
}

/// A property or attribute.
#[derive(Serialize, ToSchema)]
struct Named {
    name: String,
    /// Whether its values are sealed, so that no question can be asked about it.
    personal: bool,
}

/// The operations of this feature.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(names))
}

/// What are events, properties and attributes called here?
#[utoipa::path(get, path = "/events/names", tag = "events", operation_id = "list_names", responses((status = 200, body = Names)))]
async fn names(Can { caller, .. }: Can<ReadInsights>, State(app): State<Arc<App>>) -> ProblemResult<Json<Names>> {
    let known = app.attributes.of(&app, caller.environment()?).await?;
    Ok(Json(Names {
        events: named(&known, Scope::EventName).into_iter().map(|named| named.name).collect(),
        properties: named(&known, Scope::Event),
        person: named(&known, Scope::Person),
        company: named(&known, Scope::Company),
    }))
}

fn named(known: &Known, scope: Scope) -> Vec<Named> {
    let mut named: Vec<Named> =
        known.names(scope).map(|(name, personal)| Named { name: name.to_owned(), personal }).collect();
    named.sort_by(|one, other| one.name.cmp(&other.name));
    named
}
