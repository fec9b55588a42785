//! `POST /v1/answers`, on the edge.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base::{Code, Problem, ProblemResult};
use events::{Event, Kind};
use keys::ApiKeyKind;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::model::Answers;
use super::store::AnswerRow;
use super::take::{Given, Sender, Taken, take};
use crate::App;
use crate::content::model::{Body, ContentId};
use crate::content::published;
use crate::ingest::{self, EdgeRequest, MessageHasher, Text, edge_body, preflighted};
use crate::people::{self, PersonRef, Who};
use crate::problem::store_failed;
use crate::retry::retrying;
use crate::{extract, identity_tokens};

/// What a browser sends. What else stands in it (the key, the token) has been read already.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submission<'a> {
    #[serde(default, borrow)]
    anonymous_id: Text<'a>,
    #[serde(default, borrow)]
    user_id: Text<'a>,
    /// Made by the browser, random.
    id: Uuid,
    content: String,
    version: u64,
    answers: Map<String, Value>,
    #[serde(default)]
    complete: bool,
    /// When it was given: a server's key may bring in earlier answers. A browser's are of now.
    #[serde(default)]
    timestamp: Option<String>,
}

/// The operations of this feature.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/answers", preflighted(post(submit)))
}

async fn submit(State(app): State<Arc<App>>, request: Request) -> ProblemResult<Response> {
    let EdgeRequest { key, body, token, .. } = edge_body(&app, request).await?;
    let mut given: Submission<'_> = extract::parse(&body)?;
    let anonymous = ingest::id_of_request("/anonymousId", &given.anonymous_id)?;
    let user = ingest::id_of_request("/userId", &given.user_id)?;
    identity_tokens::admit(&app, &key, user.as_deref(), token.as_deref()).await?;
    let content: ContentId = given.content.parse().map_err(|()| Problem::new(Code::NotFound))?;
    let environment = key.environment;
    let version = published::version(&app, environment, content, given.version).await.map_err(store_failed)?;
    let missing = || Problem::new(Code::NotFound).detail("no survey of this id and version was published here");
    let version = version.ok_or_else(missing)?;
    let Body::Survey(survey) = &version.body else { return Err(missing()) };
    let answers = Answers::check(survey, std::mem::take(&mut given.answers), given.complete)?;
    let who = Who { anonymous: anonymous.as_deref(), user: user.as_deref(), previous: None };
    let person = people::resolve(&app, environment, who).await?;
    let stated = given.timestamp.as_deref().filter(|_| key.kind == ApiKeyKind::Server);
    let sender = match key.kind {
        ApiKeyKind::Server if stated.is_some() => Sender::Import,
        ApiKeyKind::Server => Sender::Server,
        _ => Sender::Page,
    };
    let at = ingest::happened(stated, None, app.clock.now())
        .map_err(|error| Problem::new(Code::InvalidValue).field("/timestamp", error.to_string()))?;
    let (id, until_next) = (given.id, version.until_next_impression());
    let (version, complete) = (given.version, given.complete);
    let given = Given { id, content, version, until_next, answers, complete, at, sender };
    let kept_as = match retrying(&app, || take(&app, &person, &given)).await? {
        Taken::Unchanged(id) => id,
        Taken::Written(row) => {
            let id = row.id;
            if row.complete {
                tell(&app, &person, content, row).await?;
            }
            id
        }
    };
    let mut body = json!({"success": true});
    if kept_as != id {
        body["id"] = kept_as.to_string().into();
    }
    Ok(axum::Json(body).into_response())
}

/// Puts the answer, without what was written, into the log: once, however often it is sent.
async fn tell(app: &App, person: &PersonRef, content: ContentId, row: AnswerRow) -> ProblemResult<()> {
    let environment = person.environment;
    let hash = MessageHasher::of(app, environment)?.hash(&format!("answer:{}", row.id));
    let mut properties = row.plain;
    properties.insert("version".to_owned(), row.version.into());
    let event = Event {
        person: row.person,
        company: people::standing(app, environment, row.person).and_then(|standing| standing.company),
        time: row.updated_at,
        received: app.clock.now(),
        message: hash.primary,
        kind: Kind::Answer,
        name: "$answer".to_owned(),
        session: None,
        path: None,
        device: None,
        content: Some(content.to_string()),
        step: None,
        properties,
        sealed: BTreeMap::new(),
    };
    let mut batch = events::Batch::from(vec![event]);
    for other in hash.others {
        batch.known_as(other);
    }
    ingest::append(app, environment, batch).await?;
    Ok(())
}
