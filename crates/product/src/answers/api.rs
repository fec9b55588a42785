//! `POST /v1/answers`, on the edge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ::store::dialect;
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

use super::encounters::{self, Encounter, Shown};
use super::model::Answers;
use super::store::{self, AnswerRow};
use super::{TEXT_VERSION, tallies, text_field};
use crate::App;
use crate::authority::TenantTx;
use crate::content::model::{Body, ContentId};
use crate::content::published;
use crate::ingest::{self, EdgeRequest, Text, edge_body, preflighted};
use crate::people::{self, PersonRef, Who};
use crate::problem::{internal, store_failed};
use crate::retry::retrying;
use crate::{extract, identity_tokens};

/// How often one person may answer a survey that is shown whenever its trigger fires.
const MOST_A_DAY: u64 = 20;
const A_DAY: Duration = Duration::from_hours(24);

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
    let Some(Body::Survey(survey)) = version.as_deref().map(|version| &version.body) else {
        return Err(Problem::new(Code::NotFound).detail("no survey of this id and version was published here"));
    };
    let mut answers = Answers::check(survey, std::mem::take(&mut given.answers), given.complete)?;
    let cleared = std::mem::take(&mut answers.cleared);
    let who = Who { anonymous: anonymous.as_deref(), user: user.as_deref(), previous: None };
    let person = people::resolve(&app, environment, who).await?;
    let stated = given.timestamp.as_deref().filter(|_| key.kind == ApiKeyKind::Server);
    let at = ingest::happened(stated, None, app.clock.now())
        .map_err(|error| Problem::new(Code::InvalidValue).field("/timestamp", error.to_string()))?;
    let row = sealed(&app, &person, &given, answers, at)?;
    let written = retrying(&app, || write(&app, &person, content, &row, &cleared)).await?;
    if written && row.complete {
        tell(&app, &person, content, row).await?;
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], r#"{"success":true}"#).into_response())
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
/// 409 if the id is another person's or of another survey or version, or if the person has answered as often as the survey
/// was shown to them.
async fn write(
    app: &App,
    person: &PersonRef,
    content: ContentId,
    row: &AnswerRow,
    cleared: &BTreeSet<String>,
) -> ProblemResult<bool> {
    let mut tx = TenantTx::begin(app, person).await.map_err(store_failed)?;
    let engine = tx.engine();
    // Two people may send the same id at once; the rows of people are held after this, by whoever has the id.
    dialect::lock(tx.tx(), engine, "answer", row.id.as_bytes()).await.map_err(store_failed)?;
    let (mut rows, roots) = people::hold_whole(&mut tx, &[row.person]).await.map_err(store_failed)?;
    let whole = roots.get(&row.person).copied().unwrap_or(row.person);
    let earlier = store::find(&mut tx, row.id).await.map_err(store_failed)?;
    let mut met = Encounter { person: whole, at: row.updated_at, completed: row.complete, ..Encounter::default() };
    let mut now = match &earlier {
        Some((of, earlier)) if earlier.person != whole || *of != content.uuid() || earlier.version != row.version => {
            return Err(Problem::new(Code::Conflict).detail("this id belongs to another answer"));
        }
        Some((_, earlier)) if earlier.complete && !row.complete => return Ok(false),
        Some((_, earlier)) => row.clone().after(earlier, cleared),
        None => {
            let shown = make_room(&mut tx, content, whole, row.updated_at).await?;
            // The first one: new, whenever the next can be.
            met.shown = (!shown).then(Shown::default);
            row.clone()
        }
    };
    now.person = whole;
    store::put(&mut tx, content, &now).await.map_err(store_failed)?;
    encounters::meet(&mut tx, content, &met).await.map_err(store_failed)?;
    for known in &mut rows {
        let seen = known.seen_mut(&content.to_string());
        seen.version = seen.version.max(Some(row.version));
        seen.shown_at = seen.shown_at.or(Some(row.updated_at));
        if row.complete {
            seen.completed_at = seen.completed_at.max(Some(row.updated_at));
        }
    }
    people::update(&mut tx, &rows).await.map_err(store_failed)?;
    // Last, since everybody who answers this survey waits for these rows.
    let earlier = earlier.as_ref().map(|(_, earlier)| earlier);
    tallies::change(&mut tx, content, earlier, &now).await.map_err(store_failed)?;
    tx.commit().await.map_err(store_failed)?;
    Ok(true)
}

/// Whether the survey is known to have been shown to this person, who may answer it once more.
///
/// # Errors
/// 409 if they have answered each time that it was shown, or too often today.
async fn make_room(tx: &mut TenantTx, content: ContentId, person: u64, at: Timestamp) -> ProblemResult<bool> {
    let answered = store::answered(tx, content, person, at.minus(A_DAY)).await.map_err(store_failed)?;
    let shown = encounters::showings(tx, content, person).await.map_err(store_failed)?.count;
    if answered.ever >= shown.max(1) {
        return Err(Problem::new(Code::Conflict).detail(
            "this person has answered this survey as often as it was shown to them: another answer needs another \
             $shown, when the survey's frequency allows it",
        ));
    }
    if answered.since >= MOST_A_DAY {
        return Err(Problem::new(Code::Conflict)
            .detail(format!("this person has answered this survey {MOST_A_DAY} times within a day")));
    }
    Ok(shown > 0)
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
        message: hash::Hasher::new(&key).message_hash(environment, &format!("answer:{}", row.id)),
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
