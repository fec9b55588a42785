//! The value itself, for a caller who may read it: looked for in what people wrote lately and in the attributes of those
//! who were here last, opened by the same functions as everywhere, on the record.

use base::{Personal, ProblemResult};
use serde::Serialize;
use serde_json::{Value, json};
use store::keyring::SubjectKind;
use targeting::ContentKind;
use utoipa::ToSchema;

use crate::App;
use crate::answers::{self, AnswerRow};
use crate::audit::{self, By, Entry};
use crate::authority::Caller;
use crate::content::model::{Body, Definition};
use crate::content::store::{self as contents, Content};
use crate::people::{self, Openers};
use crate::problem::store_failed;

/// How many answers, and how many people, are looked through: the newest.
const NEWEST: u32 = 200;

/// A value that holds the text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Opened {
    /// What it is.
    field: String,
    /// Whose it is: the customer's id, or ours of somebody who is not identified.
    person: String,
    value: String,
}

/// The newest value that holds the text.
pub(super) async fn find(app: &App, caller: &Caller, text: &str) -> ProblemResult<Option<Opened>> {
    let opened = match in_answers(app, caller, text).await? {
        Some(opened) => Some(opened),
        None => in_people(app, caller, text).await?,
    };
    let mut tx = caller.begin(app).await?;
    let entry = Entry {
        action: "demo.search_personal",
        object: caller.environment()?.to_string(),
        detail: json!({"answers": NEWEST, "people": NEWEST, "found": opened.is_some()}),
        environment: Some(caller.environment()?),
        by: By::Caller(caller),
    };
    audit::record(app, tx.tx(), entry).await?;
    tx.commit().await.map_err(store_failed)?;
    Ok(opened)
}

async fn in_answers(app: &App, caller: &Caller, text: &str) -> ProblemResult<Option<Opened>> {
    let environment = caller.environment()?;
    let mut rows: Vec<(AnswerRow, Content)> = Vec::new();
    for survey in surveys(app, caller).await? {
        let newest = answers::newest(caller.reader(app)?, survey.id, false, NEWEST).await.map_err(store_failed)?;
        rows.extend(newest.into_iter().map(|row| (row, survey.clone())));
    }
    rows.sort_by_key(|(row, _)| std::cmp::Reverse(row.updated_at));
    rows.truncate(NEWEST as usize);
    let people: Vec<u64> = rows.iter().flat_map(|(row, _)| row.writers()).collect();
    let openers = Openers::load(app, environment, SubjectKind::Person, &people).await?;
    for (row, survey) in rows {
        for (question, sealed) in &row.texts {
            let field = answers::text_field(row.id, question);
            let writer = row.writer_of(sealed);
            let value = openers.open_text(writer, &field, answers::TEXT_VERSION, sealed).map(Personal::into_open);
            if let Some(value) = value.filter(|value| value.contains(text)) {
                let field = format!("Answer to “{}”", asked(&survey, question));
                return Ok(Some(Opened { field, person: name(app, caller, row.person).await?, value }));
            }
        }
    }
    Ok(None)
}

async fn surveys(app: &App, caller: &Caller) -> ProblemResult<Vec<Content>> {
    let page = contents::Page { kind: ContentKind::Survey, deleted_since: None, before: None, limit: NEWEST };
    contents::list(caller.reader(app)?, &page).await
}

/// The words of a question, as it was published last.
fn asked(survey: &Content, question: &str) -> String {
    let definition = survey.published.as_ref().map_or(&survey.draft, |published| &published.definition);
    match Definition::parse(survey.id.kind(), definition, "").map(|definition| definition.body) {
        Ok(Body::Survey(body)) => {
            body.question(question).map_or_else(|| question.to_owned(), |found| found.text.clone())
        }
        _ => question.to_owned(),
    }
}

async fn in_people(app: &App, caller: &Caller, text: &str) -> ProblemResult<Option<Opened>> {
    for (person, values) in people::newest_personal_values(app, caller.environment()?, NEWEST as usize).await? {
        for (attribute, value) in values {
            let value = match value.into_open() {
                Value::String(value) => value,
                value => value.to_string(),
            };
            if value.contains(text) {
                let field = format!("Attribute “{attribute}”");
                return Ok(Some(Opened { field, person: name(app, caller, person).await?, value }));
            }
        }
    }
    Ok(None)
}

async fn name(app: &App, caller: &Caller, person: u64) -> ProblemResult<String> {
    let environment = caller.environment()?;
    let names = people::outside_ids(app, environment, SubjectKind::Person, &[person]).await?;
    if let Some(name) = names.into_values().next() {
        return Ok(name);
    }
    let rows = people::rows_of(caller.reader(app)?, &[person]).await.map_err(store_failed)?;
    let id = rows.first().map(|row| base::id::PersonId(uuid::Uuid::from_bytes(row.id)).to_string());
    Ok(id.unwrap_or_default())
}
