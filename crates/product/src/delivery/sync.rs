//! `POST /v1/sync`, on the edge: who is there, and where → what may be shown.
//!
//! The usual request costs memory and one row. Only what the request says anew of the person is written, and then the row
//! is read once more, so that the answer already goes by it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base::ProblemResult;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::decide::{answer, decide};
use super::facts::{Device, Person};
use crate::App;
use crate::attributes::Sighting;
use crate::ingest::{self, EdgeRequest, edge_body, preflighted};
use crate::people::{self, AttributeSet, PersonRef, PersonRow, Who};
use crate::problem::store_failed;
use crate::{extract, identity_tokens};

/// What a browser sends. Page and locale stay with it: what depends on them is decided there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sync {
    #[serde(default)]
    anonymous_id: Option<String>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    traits: Option<Map<String, Value>>,
    #[serde(default)]
    company: Option<Company>,
    #[serde(default)]
    device: Option<Device>,
}

#[derive(Deserialize)]
struct Company {
    id: String,
    #[serde(default)]
    traits: Option<Map<String, Value>>,
}

/// The operations of this feature.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/sync", preflighted(post(sync)))
}

async fn sync(State(app): State<Arc<App>>, request: Request) -> ProblemResult<Response> {
    let EdgeRequest { key, body, token, .. } = edge_body(&app, request).await?;
    let mut asked: Sync = extract::parse(&body)?;
    let admitted = identity_tokens::admit(&app, &key, asked.user_id.as_deref(), token.as_deref()).await?;
    if let Some(company) = &asked.company {
        admitted.check_company(&company.id)?;
    }
    let who = Who { anonymous: asked.anonymous_id.as_deref(), user: asked.user_id.as_deref(), previous: None };
    let person = people::resolve(&app, key.environment, who).await?;
    let now = app.clock.now();
    people::touch(&app, key.environment, [(person.number(), now)].into_iter());
    let row = known(&app, &person, &mut asked, key.kind.into()).await?;
    let live = app.rulesets.live(key.environment);
    let person = Person { row: &row, live: &live, device: asked.device.as_ref(), now };
    let body = answer(&live, &decide(&live, &person));
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

/// The person's row, with what the request says of them.
async fn known(app: &App, person: &PersonRef, asked: &mut Sync, sighting: Sighting) -> ProblemResult<PersonRow> {
    let row = people::row(app, person).await.map_err(store_failed)?;
    let traits = asked.traits.take().unwrap_or_default();
    let company = asked.company.take().map(|company| (company.id, company.traits.unwrap_or_default()));
    let says_nothing = holds(&row.attributes, &traits)
        && match &company {
            None => true,
            Some((id, traits)) => {
                let found = people::find_company(app, person.environment, id).await?;
                found.is_some_and(|found| row.company == Some(found.number())) && holds(&row.company_attributes, traits)
            }
        };
    if says_nothing {
        return Ok(row);
    }
    let own: Vec<&str> = [&asked.anonymous_id, &asked.user_id].into_iter().filter_map(|id| id.as_deref()).collect();
    let company = company.as_ref().map(|(id, traits)| (id.as_str(), traits.clone()));
    ingest::update(app, *person, traits, company, &own, sighting).await?;
    people::row(app, person).await.map_err(store_failed)
}

/// Whether these values are known already. Of personal ones nobody can tell here.
fn holds(known: &AttributeSet, said: &Map<String, Value>) -> bool {
    said.iter().all(|(name, value)| known.values.get(name) == Some(value))
}
