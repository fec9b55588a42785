//! SQL of encounters: who met which piece of content, how often it was shown to them, and how far they came. What
//! somebody met who was merged is given to whom they joined, so that a count of rows is a count of people.
//!
//! A `$shown` is a new *impression* if by the frequency that was published the content can have been shown again: never
//! for `once`, after its days for `recontact`. So saying more often that it was shown does not make more impressions of
//! it, nor room for more responses; nor does saying it of the past, since what is told more than a day late is none.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Timestamp;
use store::{StoreResult, sql};

use super::store::int;
use crate::authority::{InTenant, TenantTx};
use crate::content::model::ContentId;

/// What becomes of an encounter when one more is added to it: of times the latest stays, null being less than any.
const LATER: &str = "\
    completed_at = CASE WHEN COALESCE(excluded.completed_at, 0) > COALESCE(encounters.completed_at, 0) \
        THEN excluded.completed_at ELSE encounters.completed_at END, \
    dismissed_at = CASE WHEN COALESCE(excluded.dismissed_at, 0) > COALESCE(encounters.dismissed_at, 0) \
        THEN excluded.dismissed_at ELSE encounters.dismissed_at END, \
    impressions = encounters.impressions + excluded.impressions, \
    last_impression_at = CASE WHEN COALESCE(excluded.last_impression_at, 0) \
        > COALESCE(encounters.last_impression_at, 0) \
        THEN excluded.last_impression_at ELSE encounters.last_impression_at END";

/// What happened when a person met a piece of content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Encounter {
    pub(crate) person: u64,
    pub(crate) at: Timestamp,
    /// What was shown, if this is what happened.
    pub(crate) shown: Option<Shown>,
    pub(crate) completed: bool,
    pub(crate) dismissed: bool,
    /// The step that was reached.
    pub(crate) step: Option<String>,
}

/// That content was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Anew if it is the first time, or so long after the last; `None` for never.
    Perhaps(Option<Duration>),
    /// Anew.
    Surely,
}

/// How often a piece of content was shown to somebody, and when it was last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Impressions {
    pub(super) count: u64,
    pub(super) last: Option<Timestamp>,
}

/// Notes an encounter; the caller holds the person's row. What is not content of this environment is passed over.
pub(crate) async fn meet(tx: &mut TenantTx, content: ContentId, met: &Encounter) -> StoreResult<()> {
    let environment = tx.environment();
    let is_impression = match met.shown {
        Some(Shown::Perhaps(until_next)) => is_new(tx, content, met, until_next).await?,
        Some(Shown::Surely) => true,
        None => false,
    };
    let there = sql(format!(
        "INSERT INTO encounters (content_id, person_number, environment_id, shown_at, completed_at, dismissed_at, \
         impressions, last_impression_at) SELECT id, $3, environment_id, $4, $5, $6, $7, $8 FROM contents \
         WHERE environment_id = $1 AND id = $2 ON CONFLICT (content_id, person_number) DO UPDATE SET \
         {LATER}"
    ))
    .bind(environment)
    .bind(content.uuid())
    .bind(int(met.person))
    .bind(met.at)
    .bind(met.completed.then_some(met.at))
    .bind(met.dismissed.then_some(met.at))
    .bind(is_impression)
    .bind(is_impression.then_some(met.at))
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

/// Whether it was shown anew.
async fn is_new(
    tx: &mut TenantTx,
    content: ContentId,
    met: &Encounter,
    until_next: Option<Duration>,
) -> StoreResult<bool> {
    let Some(last) = impressions(tx, content, met.person).await?.last else { return Ok(true) };
    Ok(until_next.is_some_and(|pause| met.at >= last.plus(pause)))
}

/// How often a piece of content was shown to a person.
pub(super) async fn impressions(tx: &mut TenantTx, content: ContentId, person: u64) -> StoreResult<Impressions> {
    let row = sql("SELECT impressions, last_impression_at FROM encounters \
                   WHERE environment_id = $1 AND content_id = $2 AND person_number = $3")
    .bind(tx.environment())
    .bind(content.uuid())
    .bind(int(person))
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(Impressions::default()) };
    Ok(Impressions { count: row.get("impressions")?, last: row.get("last_impression_at")? })
}

/// How many people reached each step.
pub(super) async fn steps(on: impl InTenant, content: ContentId) -> StoreResult<BTreeMap<String, u64>> {
    sql("SELECT step, COUNT(*) AS people FROM encounter_steps WHERE environment_id = $1 AND content_id = $2 \
         GROUP BY step")
    .bind(on.environment())
    .bind(content.uuid())
    .fetch_all(on)
    .await?
    .iter()
    .map(|row| Ok((row.get("step")?, row.get("people")?)))
    .collect()
}

/// Gives what somebody who was merged has met to whom they joined. Both rows of people are held.
pub(super) async fn merge(tx: &mut TenantTx, from: u64, into: u64) -> StoreResult<()> {
    let environment = tx.environment();
    let texts = [
        format!(
            "INSERT INTO encounters (content_id, person_number, environment_id, shown_at, completed_at, dismissed_at, \
         impressions, last_impression_at) SELECT content_id, $3, environment_id, shown_at, completed_at, \
         dismissed_at, impressions, last_impression_at FROM encounters WHERE environment_id = $1 AND person_number = $2 \
         ON CONFLICT (content_id, person_number) DO UPDATE SET \
         shown_at = CASE WHEN excluded.shown_at < encounters.shown_at THEN excluded.shown_at \
             ELSE encounters.shown_at END, {LATER}"
        ),
        "INSERT INTO encounter_steps (content_id, person_number, step, environment_id) \
         SELECT content_id, $3, step, environment_id FROM encounter_steps \
         WHERE environment_id = $1 AND person_number = $2 ON CONFLICT DO NOTHING"
            .to_owned(),
    ];
    for text in texts {
        sql(text).bind(environment).bind(int(from)).bind(int(into)).execute(&mut *tx).await?;
    }
    for table in ["encounters", "encounter_steps"] {
        let text = format!("DELETE FROM {table} WHERE environment_id = $1 AND person_number = $2");
        sql(text).bind(environment).bind(int(from)).execute(&mut *tx).await?;
    }
    Ok(())
}
