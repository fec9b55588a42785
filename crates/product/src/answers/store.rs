//! SQL of answers and of encounters.

use base::Timestamp;
use base::id::EnvironmentId;
use data_encoding::BASE64;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use store::{Executor, Row, StoreError, StoreResult, Tx, sql};
use uuid::Uuid;

use crate::content::model::ContentId;

/// One time that somebody answered.
#[derive(Debug, Clone)]
pub(crate) struct AnswerRow {
    pub(crate) id: Uuid,
    pub(crate) version: u64,
    /// To whom the texts are sealed.
    pub(crate) person: u64,
    /// Who that is now: another person, if they were merged.
    pub(crate) root: u64,
    pub(crate) plain: Map<String, Value>,
    /// Question -> sealed text.
    pub(crate) texts: BTreeMap<String, Vec<u8>>,
    pub(crate) complete: bool,
    pub(crate) updated_at: Timestamp,
}

/// Whose and of what an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) content: Uuid,
    pub(super) version: u64,
    /// The person, or the one into whom that person was merged.
    pub(super) person: u64,
    pub(super) complete: bool,
}

/// Whose an answer is, if it is there.
pub(super) async fn owner(tx: &mut Tx, environment: EnvironmentId, id: Uuid) -> StoreResult<Option<Owner>> {
    let row = sql("SELECT a.content_id, a.version, a.complete, COALESCE(p.merged_into, a.person_number) AS person \
                   FROM answers a LEFT JOIN people p ON p.environment_id = a.environment_id AND p.number = a.person_number \
                   WHERE a.environment_id = $1 AND a.id = $2")
    .bind(environment)
    .bind(id)
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        Ok(Owner {
            content: row.get("content_id")?,
            version: row.get("version")?,
            person: row.get("person")?,
            complete: row.get("complete")?,
        })
    })
    .transpose()
}

/// Writes an answer, in place of an earlier one of that id.
pub(super) async fn put(
    tx: &mut Tx,
    environment: EnvironmentId,
    content: ContentId,
    answer: &AnswerRow,
) -> StoreResult<u64> {
    let texts: Map<String, Value> =
        answer.texts.iter().map(|(question, sealed)| (question.clone(), BASE64.encode(sealed).into())).collect();
    sql("INSERT INTO answers (environment_id, id, content_id, version, person_number, answers, texts, complete, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
         ON CONFLICT (environment_id, id) DO UPDATE SET answers = excluded.answers, texts = excluded.texts, \
         person_number = excluded.person_number, complete = excluded.complete, updated_at = excluded.updated_at")
    .bind(environment)
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

/// Answers to a survey, newest first, from before the given place.
pub(crate) async fn newest(
    on: impl Executor,
    environment: EnvironmentId,
    content: ContentId,
    before: Option<(Timestamp, Uuid)>,
    limit: u32,
) -> StoreResult<Vec<AnswerRow>> {
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), Uuid::max()));
    sql("SELECT a.id, a.version, a.person_number, COALESCE(p.merged_into, a.person_number) AS root, a.answers, a.texts, \
         a.complete, a.updated_at FROM answers a \
         LEFT JOIN people p ON p.environment_id = a.environment_id AND p.number = a.person_number \
         WHERE a.environment_id = $1 AND a.content_id = $2 AND (a.updated_at < $3 OR (a.updated_at = $3 AND a.id < $4)) \
         ORDER BY a.updated_at DESC, a.id DESC LIMIT $5")
    .bind(environment)
    .bind(content.uuid())
    .bind(at)
    .bind(id)
    .bind(limit)
    .fetch_all(on)
    .await?
    .iter()
    .map(read)
    .collect()
}

/// How many people answered at all.
pub(super) async fn started(on: impl Executor, environment: EnvironmentId, content: ContentId) -> StoreResult<u64> {
    sql("SELECT COUNT(DISTINCT COALESCE(p.merged_into, a.person_number)) AS people FROM answers a \
         LEFT JOIN people p ON p.environment_id = a.environment_id AND p.number = a.person_number \
         WHERE a.environment_id = $1 AND a.content_id = $2")
    .bind(environment)
    .bind(content.uuid())
    .fetch_one(on)
    .await?
    .get("people")
}

/// What happened when a person met a piece of content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Encounter {
    pub(crate) person: u64,
    pub(crate) at: Timestamp,
    pub(crate) completed: bool,
    pub(crate) dismissed: bool,
    /// The step that was reached.
    pub(crate) step: Option<String>,
}

/// Notes an encounter. What is not content of this environment is passed over.
pub(crate) async fn meet(
    tx: &mut Tx,
    environment: EnvironmentId,
    content: ContentId,
    met: &Encounter,
) -> StoreResult<()> {
    let there = sql(
        "INSERT INTO encounters (content_id, person_number, environment_id, shown_at, completed_at, dismissed_at) \
                     SELECT id, $3, environment_id, $4, $5, $6 FROM contents WHERE environment_id = $1 AND id = $2 \
                     ON CONFLICT (content_id, person_number) DO UPDATE SET \
                     completed_at = COALESCE(excluded.completed_at, encounters.completed_at), \
                     dismissed_at = COALESCE(excluded.dismissed_at, encounters.dismissed_at)",
    )
    .bind(environment)
    .bind(content.uuid())
    .bind(int(met.person))
    .bind(met.at)
    .bind(met.completed.then_some(met.at))
    .bind(met.dismissed.then_some(met.at))
    .execute(&mut *tx)
    .await?;
    if let (1.., Some(step)) = (there, &met.step) {
        sql("INSERT INTO encounter_steps (content_id, person_number, step, environment_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (content_id, person_number, step) DO NOTHING")
        .bind(content.uuid())
        .bind(int(met.person))
        .bind(step.as_str())
        .bind(environment)
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// How many people reached each step.
pub(super) async fn steps(
    on: impl Executor,
    environment: EnvironmentId,
    content: ContentId,
) -> StoreResult<BTreeMap<String, u64>> {
    sql("SELECT s.step, COUNT(DISTINCT COALESCE(p.merged_into, s.person_number)) AS people FROM encounter_steps s \
         LEFT JOIN people p ON p.environment_id = s.environment_id AND p.number = s.person_number \
         WHERE s.environment_id = $1 AND s.content_id = $2 GROUP BY s.step")
    .bind(environment)
    .bind(content.uuid())
    .fetch_all(on)
    .await?
    .iter()
    .map(|row| Ok((row.get("step")?, row.get("people")?)))
    .collect()
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
        root: row.get("root")?,
        plain: serde_json::from_str(&row.get::<String>("answers")?).map_err(|_| broken("answers"))?,
        texts: texts.collect::<StoreResult<_>>()?,
        complete: row.get("complete")?,
        updated_at: row.get("updated_at")?,
    })
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
