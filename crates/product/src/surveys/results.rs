//! What came back to a survey. Scores and choices are figures; what somebody wrote is sealed to them and is opened only
//! when a caller who may read personal data asks for it, on the record.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use base::id::{EnvironmentId, PersonId};
use base::{ProblemResult, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::keyring::SubjectKind;
use targeting::ContentKind;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::Survey;
use super::tally::{self, QuestionResults};
use crate::App;
use crate::answers::{self, AnswerRow};
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, Can, ReadInsights, ReadPersonalInBulk, TenantReader};
use crate::content::api::{find, parse_id};
use crate::content::model::{Body, ContentId, Definition};
use crate::demo;
use crate::people::{self, Openers};
use crate::problem::store_failed;

/// How many answers are shown one by one.
const LATEST: u32 = 50;
/// In how many answers the texts are opened.
const TEXTS: u32 = 200;

/// What came back.
#[derive(Serialize, ToSchema)]
struct SurveyResults {
    /// People who were shown it.
    shown: u64,
    /// People who answered at least one question.
    started: u64,
    /// People who came to the end.
    completed: u64,
    /// People who closed it and never came to the end.
    dismissed: u64,
    questions: Vec<QuestionResults>,
    /// The latest, newest first. Free texts only where they were asked to be revealed.
    answers: Vec<AnswerWire>,
}

/// One time that somebody answered.
#[derive(Serialize, ToSchema)]
struct AnswerWire {
    id: String,
    at: Timestamp,
    /// Who: the customer's id, or ours of somebody who is not identified.
    #[schema(required)]
    person: Option<String>,
    /// Who, by our id: what a dashboard's own address names.
    #[schema(required)]
    person_id: Option<PersonId>,
    complete: bool,
    /// The questions to which somebody wrote something, whether it is shown here or not.
    written: Vec<String>,
    /// Question -> score, choice, choices or text.
    #[schema(value_type = HashMap<String, GivenAnswer>)]
    answers: Map<String, Value>,
}

/// A score, a choice or a text; or choices.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape of a value that is kept as JSON")]
enum GivenAnswer {
    Score(u8),
    Text(String),
    Choices(Vec<String>),
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct TextWire {
    text: String,
    at: Timestamp,
    /// Who: the customer's id, or ours of somebody who is not identified.
    #[schema(required)]
    person: Option<String>,
    /// Who, by our id.
    #[schema(required)]
    person_id: Option<PersonId>,
}

/// The operations that surveys alone have.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(results)).routes(routes!(reveal))
}

/// What came back to a survey, without what people wrote.
#[utoipa::path(get, path = "/surveys/{id}/results", tag = "surveys", operation_id = "get_survey_results",
    params(("id" = String, Path)), responses((status = 200, body = SurveyResults)))]
async fn results(
    Can { caller, .. }: Can<ReadInsights>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<Json<SurveyResults>> {
    let id = parse_id(ContentKind::Survey, &id)?;
    let gathered = gather(&app, &caller, id).await?;
    demo::results_were_seen(&app, &caller, gathered.latest.first().map(|row| row.updated_at)).await?;
    Ok(Json(gathered.shown(&app, None).await?))
}

/// What came back to a survey, with the latest texts in clear. That somebody looked is recorded.
#[utoipa::path(post, path = "/surveys/{id}/results/reveal", tag = "surveys", operation_id = "reveal_survey_results",
    params(("id" = String, Path)), responses((status = 200, body = SurveyResults)))]
async fn reveal(
    Can { caller, .. }: Can<ReadPersonalInBulk>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<Json<SurveyResults>> {
    let id = parse_id(ContentKind::Survey, &id)?;
    let mut gathered = gather(&app, &caller, id).await?;
    gathered.written = answers::newest(caller.reader(&app)?, id, true, TEXTS).await.map_err(store_failed)?;
    let both = gathered.latest.iter().chain(&gathered.written);
    let mut people: Vec<u64> = both.flat_map(AnswerRow::writers).collect();
    people.sort_unstable();
    people.dedup();
    let mut tx = caller.begin(&app).await?;
    let entry = Entry {
        action: "answers.reveal",
        object: id.to_string(),
        detail: json!({"answers": gathered.written.len()}),
        environment: Some(caller.environment()?),
        by: By::Caller(&caller),
    };
    audit::record(&app, tx.tx(), entry).await?;
    tx.commit().await.map_err(store_failed)?;
    let openers = Openers::load(&app, gathered.environment, SubjectKind::Person, &people).await?;
    Ok(Json(gathered.shown(&app, Some(&openers)).await?))
}

/// The figures, and the latest answers as they are stored.
struct Gathered {
    environment: EnvironmentId,
    results: SurveyResults,
    latest: Vec<AnswerRow>,
    /// Of those in which somebody wrote something: only where it was asked to be revealed.
    written: Vec<AnswerRow>,
}

async fn gather(app: &App, caller: &Caller, id: ContentId) -> ProblemResult<Gathered> {
    let environment = caller.environment()?;
    let survey = survey_of(app, caller, id).await?;
    let reader = caller.reader(app)?;
    let tallies = answers::tallies(reader, id).await?;
    let latest = answers::newest(reader, id, false, LATEST).await.map_err(store_failed)?;
    let figures = answers::figures(reader, &[id]).await?.remove(&id).unwrap_or_default();
    let started = answers::started(reader, id).await?;
    let results = SurveyResults {
        shown: figures.shown,
        started,
        completed: figures.completed,
        dismissed: figures.dismissed,
        questions: tally::questions(&survey, &tallies),
        answers: Vec::new(),
    };
    Ok(Gathered { environment, results, latest, written: Vec::new() })
}

/// The questions as they were published last, or as the draft has them.
async fn survey_of(app: &App, caller: &Caller, id: ContentId) -> ProblemResult<Survey> {
    let content = find(app, caller, id).await?;
    let definition = content.published.map_or(content.draft, |published| published.definition);
    match Definition::parse(id.kind(), &definition, "").map(|definition| definition.body) {
        Ok(Body::Survey(survey)) => Ok(survey),
        _ => Err(base::Problem::new(base::Code::NotFound)),
    }
}

impl Gathered {
    /// As a client sees it; texts only if they can be opened.
    async fn shown(mut self, app: &App, openers: Option<&Openers>) -> ProblemResult<SurveyResults> {
        let people = names(app, self.environment, self.latest.iter().chain(&self.written)).await?;
        for row in self.latest {
            let texts = opened(&row, openers).map(|(question, text)| (question.clone(), text.into())).collect();
            let mut answers: Map<String, Value> = texts;
            answers.extend(row.plain);
            let Name { person, person_id } = people.get(&row.person).cloned().unwrap_or_default();
            let (id, at, complete) = (row.id.to_string(), row.updated_at, row.complete);
            let written = row.texts.into_keys().collect();
            self.results.answers.push(AnswerWire { id, at, person, person_id, complete, written, answers });
        }
        if openers.is_some() {
            let mut texts: HashMap<String, Vec<TextWire>> = HashMap::new();
            for row in &self.written {
                for (question, text) in opened(row, openers) {
                    let Name { person, person_id } = people.get(&row.person).cloned().unwrap_or_default();
                    let wire = TextWire { text, at: row.updated_at, person, person_id };
                    texts.entry(question.clone()).or_default().push(wire);
                }
            }
            for question in self.results.questions.iter_mut().filter(|question| question.is_text()) {
                question.texts = Some(texts.remove(&question.id).unwrap_or_default());
            }
        }
        Ok(self.results)
    }
}

/// What somebody wrote, as far as it can be opened.
fn opened<'a>(row: &'a AnswerRow, openers: Option<&'a Openers>) -> impl Iterator<Item = (&'a String, String)> {
    row.texts.iter().filter_map(move |(question, sealed)| {
        let field = answers::text_field(row.id, question);
        let text = openers?.open_text(row.writer_of(sealed), &field, answers::TEXT_VERSION, sealed)?;
        Some((question, text.into_open()))
    })
}

/// What somebody is called.
#[derive(Clone, Default)]
struct Name {
    /// The customer's id, or ours.
    person: Option<String>,
    person_id: Option<PersonId>,
}

/// What these people are called.
async fn names(
    app: &App,
    environment: EnvironmentId,
    rows: impl Iterator<Item = &AnswerRow>,
) -> ProblemResult<HashMap<u64, Name>> {
    let mut numbers: Vec<u64> = rows.map(|row| row.person).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let reader = TenantReader::new(app, environment);
    let people = people::rows_of(reader, &numbers).await.map_err(store_failed)?;
    let mut outside = people::outside_ids(app, environment, SubjectKind::Person, &numbers).await?;
    let name = |row: people::PersonRow| {
        let id = PersonId(Uuid::from_bytes(row.id));
        let person = outside.remove(&row.number).unwrap_or_else(|| id.to_string());
        (row.number, Name { person: Some(person), person_id: Some(id) })
    };
    Ok(people.into_iter().map(name).collect())
}
