//! SQL of answers.

use base::Timestamp;
use data_encoding::BASE64;
use keys::SealedHeader;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use store::{Row, StoreError, StoreResult, sql};
use uuid::Uuid;

use crate::authority::{InTenant, TenantTx};
use crate::content::model::ContentId;

const COLUMNS: &str = "id, version, person_number, answers, texts, complete, updated_at";

/// One time that somebody answered.
#[derive(Debug, Clone)]
pub(crate) struct AnswerRow {
    pub(crate) id: Uuid,
    pub(crate) version: u64,
    /// Whose it is; never somebody who was merged. A text is sealed to who wrote it: its header says to whom.
    pub(crate) person: u64,
    pub(crate) plain: Map<String, Value>,
    /// Question -> sealed text.
    pub(crate) texts: BTreeMap<String, Vec<u8>>,
    pub(crate) complete: bool,
    pub(crate) updated_at: Timestamp,
}

impl AnswerRow {
    /// To whom one of the texts is sealed: who sends an answer's next part may have been identified since.
    pub(crate) fn writer_of(&self, sealed: &[u8]) -> u64 {
        SealedHeader::parse(sealed).map_or(self.person, |header| header.key.number)
    }

    /// To whom the texts are sealed.
    pub(crate) fn writers(&self) -> impl Iterator<Item = u64> {
        self.texts.values().map(|sealed| self.writer_of(sealed))
    }

    /// With what was answered before under the same id: a part adds to it and takes back what it names as empty, the
    /// whole takes its place.
    pub(super) fn after(mut self, earlier: &Self, cleared: &BTreeSet<String>) -> Self {
        if self.complete {
            return self;
        }
        for (question, value) in earlier.plain.iter().filter(|(question, _)| !cleared.contains(*question)) {
            self.plain.entry(question.clone()).or_insert_with(|| value.clone());
        }
        for (question, sealed) in earlier.texts.iter().filter(|(question, _)| !cleared.contains(*question)) {
            self.texts.entry(question.clone()).or_insert_with(|| sealed.clone());
        }
        self
    }
}

/// The answer of this id and the content that it is about, if it is there. The caller holds the id's lock.
pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> StoreResult<Option<(Uuid, AnswerRow)>> {
    let text = format!("SELECT {COLUMNS}, content_id FROM answers WHERE environment_id = $1 AND id = $2");
    let row = sql(text).bind(tx.environment()).bind(id).fetch_optional(tx).await?;
    row.map(|row| Ok((row.get("content_id")?, read(&row)?))).transpose()
}

/// Writes an answer, in place of an earlier one of that id.
pub(super) async fn put(tx: &mut TenantTx, content: ContentId, answer: &AnswerRow) -> StoreResult<u64> {
    let texts: Map<String, Value> =
        answer.texts.iter().map(|(question, sealed)| (question.clone(), BASE64.encode(sealed).into())).collect();
    sql("INSERT INTO answers (environment_id, id, content_id, version, person_number, answers, texts, complete, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
         ON CONFLICT (environment_id, id) DO UPDATE SET answers = excluded.answers, texts = excluded.texts, \
         person_number = excluded.person_number, complete = excluded.complete, updated_at = excluded.updated_at")
    .bind(tx.environment())
    .bind(answer.id)
    .bind(content.uuid())
    .bind(int(answer.version))
    .bind(int(answer.person))
    .bind(Value::Object(answer.plain.clone()).to_string())
    .bind(Value::Object(texts).to_string())
    .bind(answer.complete)
    .bind(answer.updated_at)
    .execute(tx)
    .await
}

/// How often a person answered a survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) ever: u64,
    pub(super) that_day: u64,
}

/// How often a person answered a survey: ever, and between two times.
pub(super) async fn answered(
    tx: &mut TenantTx,
    content: ContentId,
    person: u64,
    (from, to): (Timestamp, Timestamp),
) -> StoreResult<Answered> {
    let row =
        sql("SELECT COUNT(*) AS ever, COUNT(CASE WHEN created_at > $4 AND created_at < $5 THEN 1 END) AS that_day \
                   FROM answers WHERE environment_id = $1 AND content_id = $2 AND person_number = $3")
        .bind(tx.environment())
        .bind(content.uuid())
        .bind(int(person))
        .bind(from)
        .bind(to)
        .fetch_one(tx)
        .await?;
    Ok(Answered { ever: row.get("ever")?, that_day: row.get("that_day")? })
}

/// The answer to a survey that a person began last.
pub(super) async fn last(tx: &mut TenantTx, content: ContentId, person: u64) -> StoreResult<Option<AnswerRow>> {
    let text = format!(
        "SELECT {COLUMNS} FROM answers WHERE environment_id = $1 AND content_id = $2 AND person_number = $3 \
         ORDER BY created_at DESC, id DESC LIMIT 1"
    );
    let query = sql(text).bind(tx.environment()).bind(content.uuid()).bind(int(person));
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// The latest answers to a survey, newest first: of all, or of those in which somebody wrote something.
pub(crate) async fn newest(
    on: impl InTenant,
    content: ContentId,
    with_texts: bool,
    limit: u32,
) -> StoreResult<Vec<AnswerRow>> {
    let which = if with_texts { "AND texts <> '{}'" } else { "" };
    sql(format!(
        "SELECT {COLUMNS} FROM answers WHERE environment_id = $1 AND content_id = $2 {which} \
         ORDER BY updated_at DESC, id DESC LIMIT $3"
    ))
    .bind(on.environment())
    .bind(content.uuid())
    .bind(limit)
    .fetch_all(on)
    .await?
    .iter()
    .map(read)
    .collect()
}

/// How many people answered at all.
pub(super) async fn started(on: impl InTenant, content: ContentId) -> StoreResult<u64> {
    sql("SELECT COUNT(DISTINCT person_number) AS people FROM answers WHERE environment_id = $1 AND content_id = $2")
        .bind(on.environment())
        .bind(content.uuid())
        .fetch_one(on)
        .await?
        .get("people")
}

/// Gives the answers of somebody who was merged to whom they joined.
pub(super) async fn merge(tx: &mut TenantTx, from: u64, into: u64) -> StoreResult<u64> {
    sql("UPDATE answers SET person_number = $3 WHERE environment_id = $1 AND person_number = $2")
        .bind(tx.environment())
        .bind(int(from))
        .bind(int(into))
        .execute(tx)
        .await
}

fn read(row: &Row) -> StoreResult<AnswerRow> {
    let broken = |column: &str| StoreError::Decode { column: column.to_owned() };
    let texts: BTreeMap<String, String> =
        serde_json::from_str(&row.get::<String>("texts")?).map_err(|_| broken("texts"))?;
    let texts = texts.into_iter().map(|(question, text)| {
        BASE64.decode(text.as_bytes()).map(|sealed| (question, sealed)).map_err(|_| broken("texts"))
    });
    Ok(AnswerRow {
        id: row.get("id")?,
        version: row.get("version")?,
        person: row.get("person_number")?,
        plain: serde_json::from_str(&row.get::<String>("answers")?).map_err(|_| broken("answers"))?,
        texts: texts.collect::<StoreResult<_>>()?,
        complete: row.get("complete")?,
        updated_at: row.get("updated_at")?,
    })
}

pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
