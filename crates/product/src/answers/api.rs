//! `POST /v1/answers`, on the edge.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::store::Scope;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base::{Code, Problem, ProblemResult, Timestamp};
use events::{Event, Kind};
use keys::{ApiKeyKind, KeyKind, Owner, hash};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::model::Answers;
use super::store::{self, AnswerRow, Encounter};
use super::{TEXT_VERSION, text_field};
use crate::App;
use crate::content::model::{Body, ContentId, Definition};
use crate::content::store as contents;
use crate::ingest::{self, EdgeRequest, Text, edge_body, preflighted};
use crate::people::{self, PersonRef, Who};
use crate::problem::{internal, store_failed};
use crate::surveys::model::Survey;
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
    let survey = survey(&app, environment, content, given.version).await?;
    let answers = Answers::check(&survey, std::mem::take(&mut given.answers), given.complete)?;
    let who = Who { anonymous: anonymous.as_deref(), user: user.as_deref(), previous: None };
    let person = people::resolve(&app, environment, who).await?;
    let stated = given.timestamp.as_deref().filter(|_| key.kind == ApiKeyKind::Server);
    let at = ingest::happened(stated, None, app.clock.now())
        .map_err(|error| Problem::new(Code::InvalidValue).field("/timestamp", error.to_string()))?;
    let row = sealed(&app, &person, &given, answers, at)?;
    if write(&app, &person, content, &row).await? && row.complete {
        tell(&app, &person, content, row).await?;
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], r#"{"success":true}"#).into_response())
}

/// The version that was answered, whether or not it is live still.
async fn survey(
    app: &App,
    environment: base::id::EnvironmentId,
    content: ContentId,
    version: u64,
) -> ProblemResult<Survey> {
    let reader = app.main.read(Scope::Environment(environment));
    let found = contents::version(reader, environment, content, version).await.map_err(store_failed)?;
    let definition = found.and_then(|definition| Definition::parse(content.kind(), &definition, "").ok());
    match definition.map(|definition| definition.body) {
        Some(Body::Survey(survey)) => Ok(survey),
        _ => Err(Problem::new(Code::NotFound).detail("there is no such survey in this version")),
    }
}

fn sealed(
    app: &App,
    person: &PersonRef,
    given: &Submission<'_>,
    answers: Answers,
    at: Timestamp,
) -> ProblemResult<AnswerRow> {
    let mut texts = BTreeMap::new();
    for (question, text) in answers.texts {
        let field = text_field(given.id, &question);
        texts.insert(question, people::seal(app, person, &field, TEXT_VERSION, text.open().as_bytes())?);
    }
    Ok(AnswerRow {
        id: given.id,
        version: given.version,
        person: person.number(),
        root: person.number(),
        plain: answers.plain,
        texts,
        complete: given.complete,
        updated_at: at,
    })
}

/// Writes the answer, the encounter, and that the person has seen the survey. False if a complete answer is there and this
/// one is an earlier part of it that came late.
///
/// # Errors
/// 409 if the id is another person's or of another survey or version.
async fn write(app: &App, person: &PersonRef, content: ContentId, row: &AnswerRow) -> ProblemResult<bool> {
    let environment = person.environment;
    let mut tx = app.main.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
    let (mut rows, roots) =
        people::hold_whole(&mut tx, app.main.engine(), environment, &[row.person]).await.map_err(store_failed)?;
    let whole = roots.get(&row.person).copied().unwrap_or(row.person);
    if let Some(owner) = store::owner(&mut tx, environment, row.id).await.map_err(store_failed)? {
        if owner.person != whole || owner.content != content.uuid() || owner.version != row.version {
            return Err(Problem::new(Code::Conflict).detail("this id belongs to another answer"));
        }
        if owner.complete && !row.complete {
            return Ok(false);
        }
    }
    store::put(&mut tx, environment, content, row).await.map_err(store_failed)?;
    let met = Encounter { person: whole, at: row.updated_at, completed: row.complete, ..Encounter::default() };
    store::meet(&mut tx, environment, content, &met).await.map_err(store_failed)?;
    for known in &mut rows {
        let seen = known.seen_mut(&content.to_string());
        seen.version = seen.version.max(Some(row.version));
        seen.shown_at = seen.shown_at.or(Some(row.updated_at));
        if row.complete {
            seen.completed_at = seen.completed_at.max(Some(row.updated_at));
        }
    }
    people::update(&mut tx, environment, &rows).await.map_err(store_failed)?;
    tx.commit().await.map_err(store_failed)?;
    Ok(true)
}

/// Puts the answer, without what was written, into the log: once, however often it is sent.
async fn tell(app: &App, person: &PersonRef, content: ContentId, row: AnswerRow) -> ProblemResult<()> {
    let environment = person.environment;
    let (_, key) = app.keys.primary(KeyKind::MessageHash, Owner::Environment(environment)).map_err(internal)?;
    let mut properties = row.plain;
    properties.insert("version".to_owned(), row.version.into());
    let event = Event {
        person: row.person,
        company: people::standing(app, environment, row.person).and_then(|standing| standing.company),
        time: row.updated_at,
        received: app.clock.now(),
        message: hash::message_hash(&key, environment, &format!("answer:{}", row.id)),
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
    ingest::append(app, environment, vec![event]).await?;
    Ok(())
}
