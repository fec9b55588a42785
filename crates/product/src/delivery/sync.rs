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
use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use serde::Deserialize;
use serde_json::{Map, Value};
use store::keyring::SubjectKind;

use super::decide::{answer, decide};
use super::facts::{Device, Person};
use crate::App;
use crate::attributes::Sighting;
use crate::ingest::{self, EdgeRequest, Text, edge_body, preflighted};
use crate::people::{self, AttributeSet, PersonRef, PersonRow, Who};
use crate::problem::store_failed;
use crate::{extract, identity_tokens};

/// What a browser sends. Page and locale stay with it: what depends on them is decided there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sync<'a> {
    #[serde(default, borrow)]
    anonymous_id: Text<'a>,
    #[serde(default, borrow)]
    user_id: Text<'a>,
    #[serde(default)]
    traits: Option<Map<String, Value>>,
    #[serde(default, borrow)]
    company: Option<Company<'a>>,
    #[serde(default)]
    device: Option<Device>,
}

#[derive(Deserialize)]
struct Company<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(default)]
    traits: Option<Map<String, Value>>,
}

/// What is said of the person, with ids as every path of the edge takes them.
struct Said {
    anonymous: Option<String>,
    user: Option<String>,
    traits: Map<String, Value>,
    company: Option<(String, Map<String, Value>)>,
}

impl Said {
    fn of(asked: &mut Sync<'_>) -> ProblemResult<Self> {
        let company = match asked.company.take() {
            None => None,
            Some(company) => {
                let id = ingest::id_of_request("/company/id", &company.id)?;
                let id = id.ok_or_else(|| Problem::new(Code::InvalidValue).field("/company/id", "name a company"))?;
                Some((id, company.traits.unwrap_or_default()))
            }
        };
        Ok(Self {
            anonymous: ingest::id_of_request("/anonymousId", &asked.anonymous_id)?,
            user: ingest::id_of_request("/userId", &asked.user_id)?,
            traits: asked.traits.take().unwrap_or_default(),
            company,
        })
    }
}

/// The operations of this feature.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/sync", preflighted(post(sync)))
}

async fn sync(State(app): State<Arc<App>>, request: Request) -> ProblemResult<Response> {
    let EdgeRequest { key, body, token, .. } = edge_body(&app, request).await?;
    let mut asked: Sync<'_> = extract::parse(&body)?;
    let said = Said::of(&mut asked)?;
    let admitted = identity_tokens::admit(&app, &key, said.user.as_deref(), token.as_deref()).await?;
    if let Some((company, _)) = &said.company {
        admitted.check_company(company)?;
    }
    let who = Who { anonymous: said.anonymous.as_deref(), user: said.user.as_deref(), previous: None };
    let person = people::resolve(&app, key.environment, who).await?;
    let now = app.clock.now();
    people::touch(&app, key.environment, [(person.number(), now)].into_iter());
    let row = known(&app, &person, said, key.kind.into()).await?;
    let live = app.rulesets.live(key.environment);
    let person = Person { row: &row, live: &live, device: asked.device.as_ref(), now };
    let body = answer(&live, &decide(&live, &person));
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

/// The person's row, with what the request says of them.
async fn known(app: &App, person: &PersonRef, said: Said, sighting: Sighting) -> ProblemResult<PersonRow> {
    let row = people::row(app, person).await.map_err(store_failed)?;
    let (environment, kind) = (person.environment, SubjectKind::Person);
    let says_nothing = holds(app, environment, (kind, row.number), &row.attributes, &said.traits)?
        && match &said.company {
            None => true,
            Some((id, traits)) => {
                let found = people::find_company(app, environment, id).await?.map(|company| company.number());
                match row.company.filter(|company| found == Some(*company)) {
                    Some(company) => {
                        let company = (SubjectKind::Company, company);
                        holds(app, environment, company, &row.company_attributes, traits)?
                    }
                    None => false,
                }
            }
        };
    if says_nothing {
        return Ok(row);
    }
    let own: Vec<&str> = [&said.anonymous, &said.user].into_iter().filter_map(|id| id.as_deref()).collect();
    let company = said.company.as_ref().map(|(id, traits)| (id.as_str(), traits.clone()));
    ingest::update(app, *person, said.traits, company, &own, sighting).await?;
    people::row(app, person).await.map_err(store_failed)
}

/// Whether these values are known already; of a personal one, whether it was written here a short while ago.
fn holds(
    app: &App,
    environment: EnvironmentId,
    of: (SubjectKind, u64),
    known: &AttributeSet,
    said: &Map<String, Value>,
) -> ProblemResult<bool> {
    for (name, value) in said {
        if known.values.get(name) != Some(value) && !people::is_unchanged(app, environment, of, known, name, value)? {
            return Ok(false);
        }
    }
    Ok(true)
}
