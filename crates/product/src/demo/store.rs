//! SQL of the demo's one row: what has been seeded.

use base::Timestamp;
use store::{Db, Scope, StoreResult, Tx, sql};

use crate::authority::TenantReader;

/// How far the seeding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// How many people it is to make; none before it has begun.
    pub(super) people: Option<u64>,
    /// The present of the history: its plan is the same whenever it is made again from this.
    pub(super) begun_at: Timestamp,
    /// Batches before this one are in.
    pub(super) next_batch: u64,
    pub(super) finished_at: Option<Timestamp>,
    /// Of the keys that it works with.
    pub(super) api_key: Option<[u8; 32]>,
    pub(super) server_key: Option<[u8; 32]>,
    /// When a member first looked at results with an answer that was not seeded.
    pub(super) results_seen_at: Option<Timestamp>,
    /// When the disk was first searched for something that had been entered.
    pub(super) searched_at: Option<Timestamp>,
}

pub(super) async fn find(db: &Db) -> StoreResult<Option<State>> {
    let row = sql("SELECT people, begun_at, next_batch, finished_at, api_key_hash, server_key_hash, results_seen_at, \
                   searched_at FROM demo")
    .fetch_optional(db.read(Scope::System))
    .await?;
    row.map(|row| {
        Ok(State {
            people: row.get("people")?,
            begun_at: row.get("begun_at")?,
            next_batch: row.get("next_batch")?,
            finished_at: row.get("finished_at")?,
            api_key: row.get("api_key_hash")?,
            server_key: row.get("server_key_hash")?,
            results_seen_at: row.get("results_seen_at")?,
            searched_at: row.get("searched_at")?,
        })
    })
    .transpose()
}

/// Whether anybody's people or content are here.
pub(super) async fn holds_data(tx: &mut Tx) -> StoreResult<bool> {
    let row =
        sql("SELECT (SELECT count(*) FROM people) + (SELECT count(*) FROM contents) AS rows").fetch_one(tx).await?;
    Ok(row.get::<i64>("rows")? > 0)
}

pub(super) async fn insert(tx: &mut Tx, now: Timestamp) -> StoreResult<u64> {
    sql("INSERT INTO demo (id, begun_at, next_batch) VALUES (1, $1, 0) ON CONFLICT (id) DO NOTHING")
        .bind(now)
        .execute(tx)
        .await
}

/// Notes what is to be made, the first time.
pub(super) async fn begin(tx: &mut Tx, people: u64, now: Timestamp) -> StoreResult<u64> {
    let people = i64::try_from(people).unwrap_or(i64::MAX);
    sql("UPDATE demo SET people = $1, begun_at = $2 WHERE people IS NULL").bind(people).bind(now).execute(tx).await
}

pub(super) async fn set_keys(tx: &mut Tx, api_key: &[u8; 32], server_key: &[u8; 32]) -> StoreResult<u64> {
    sql("UPDATE demo SET api_key_hash = $1, server_key_hash = $2").bind(*api_key).bind(*server_key).execute(tx).await
}

pub(super) async fn set_next(tx: &mut Tx, batch: u64) -> StoreResult<u64> {
    sql("UPDATE demo SET next_batch = $1").bind(i64::try_from(batch).unwrap_or(i64::MAX)).execute(tx).await
}

pub(super) async fn finish(tx: &mut Tx, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE demo SET finished_at = $1, api_key_hash = NULL, server_key_hash = NULL").bind(now).execute(tx).await
}

/// Notes when it was, the first time.
pub(super) async fn set_results_seen(tx: &mut Tx, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE demo SET results_seen_at = $1 WHERE results_seen_at IS NULL").bind(now).execute(tx).await
}

/// Notes when it was, the first time.
pub(super) async fn set_searched(tx: &mut Tx, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE demo SET searched_at = $1 WHERE searched_at IS NULL").bind(now).execute(tx).await
}

/// When somebody was first shown a flow, after a time.
pub(super) async fn met_flow_after(reader: TenantReader<'_>, time: Timestamp) -> StoreResult<Option<Timestamp>> {
    sql("SELECT MIN(e.shown_at) AS at FROM encounters e JOIN contents c ON c.id = e.content_id \
         WHERE e.environment_id = $1 AND c.kind = 'flow' AND e.shown_at > $2")
    .bind(reader.environment())
    .bind(time)
    .fetch_one(reader)
    .await?
    .get("at")
}

/// When somebody first answered a survey, after a time.
pub(super) async fn answered_after(reader: TenantReader<'_>, time: Timestamp) -> StoreResult<Option<Timestamp>> {
    sql("SELECT MIN(updated_at) AS at FROM answers WHERE environment_id = $1 AND updated_at > $2")
        .bind(reader.environment())
        .bind(time)
        .fetch_one(reader)
        .await?
        .get("at")
}
