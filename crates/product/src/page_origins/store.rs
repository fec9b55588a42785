//! SQL of the origins that were heard.

use base::{ProblemResult, Timestamp};
use store::{Row, StoreResult, sql};

use crate::authority::{TenantReader, TenantTx};
use crate::problem::store_failed;

/// An origin and when it was heard.
pub(super) struct Heard {
    pub(super) origin: String,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// Notes an origin of the transaction's environment; a new one only while there are fewer than `most`.
pub(super) async fn note(tx: &mut TenantTx, origin: &str, now: Timestamp, most: i64) -> ProblemResult<()> {
    let of = tx.environment()?;
    let known = sql("UPDATE page_origins SET last_heard_at = $3 WHERE environment_id = $1 AND origin = $2")
        .bind(of)
        .bind(origin)
        .bind(now)
        .execute(tx.tx())
        .await
        .map_err(store_failed)?;
    if known == 0 {
        sql("INSERT INTO page_origins (environment_id, origin, first_heard_at, last_heard_at) \
             SELECT $1, $2, $3, $3 WHERE (SELECT count(*) FROM page_origins WHERE environment_id = $1) < $4 \
             ON CONFLICT (environment_id, origin) DO NOTHING")
        .bind(of)
        .bind(origin)
        .bind(now)
        .bind(most)
        .execute(tx.tx())
        .await
        .map_err(store_failed)?;
    }
    Ok(())
}

/// The origins of the reader's environment, the last heard first.
pub(super) async fn all(reader: TenantReader<'_>) -> ProblemResult<Vec<Heard>> {
    sql("SELECT origin, first_heard_at, last_heard_at FROM page_origins WHERE environment_id = $1 \
         ORDER BY last_heard_at DESC, origin")
    .bind(reader.environment()?)
    .fetch_all(reader.db())
    .await
    .and_then(|rows| rows.iter().map(read).collect())
    .map_err(store_failed)
}

fn read(row: &Row) -> StoreResult<Heard> {
    Ok(Heard { origin: row.get("origin")?, first: row.get("first_heard_at")?, last: row.get("last_heard_at")? })
}
