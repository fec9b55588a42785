//! SQL of the origins that were heard.

use std::collections::HashMap;

use base::{ProblemResult, Timestamp};
use store::{Row, StoreResult, sql};

use crate::authority::{InTenant, TenantReader, TenantTx};
use crate::problem::store_failed;

/// An origin and when it was heard.
pub(super) struct Heard {
    pub(super) origin: String,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// Notes an origin of the transaction's environment, and forgets those beyond `most` that were heard longest ago.
pub(super) async fn note(tx: &mut TenantTx, origin: &str, now: Timestamp, most: usize) -> ProblemResult<()> {
    let of = tx.environment();
    sql("INSERT INTO page_origins (environment_id, origin, first_heard_at, last_heard_at) VALUES ($1, $2, $3, $3) \
         ON CONFLICT (environment_id, origin) DO UPDATE SET last_heard_at = excluded.last_heard_at")
    .bind(of)
    .bind(origin)
    .bind(now)
    .execute(&mut *tx)
    .await
    .map_err(store_failed)?;
    sql("DELETE FROM page_origins WHERE environment_id = $1 AND origin NOT IN \
         (SELECT origin FROM page_origins WHERE environment_id = $1 ORDER BY last_heard_at DESC, origin LIMIT $2)")
    .bind(of)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .execute(tx)
    .await
    .map(drop)
    .map_err(store_failed)
}

/// The origins of the reader's environment, and when each was heard last.
pub(super) async fn written(reader: TenantReader<'_>) -> ProblemResult<HashMap<String, Timestamp>> {
    sql("SELECT origin, last_heard_at FROM page_origins WHERE environment_id = $1")
        .bind(reader.environment())
        .fetch_all(reader)
        .await
        .and_then(|rows| rows.iter().map(|row| Ok((row.get("origin")?, row.get("last_heard_at")?))).collect())
        .map_err(store_failed)
}

/// The origins of the reader's environment, the last heard first.
pub(super) async fn all(reader: TenantReader<'_>) -> ProblemResult<Vec<Heard>> {
    sql("SELECT origin, first_heard_at, last_heard_at FROM page_origins WHERE environment_id = $1 \
         ORDER BY last_heard_at DESC, origin")
    .bind(reader.environment())
    .fetch_all(reader)
    .await
    .and_then(|rows| rows.iter().map(read).collect())
    .map_err(store_failed)
}

fn read(row: &Row) -> StoreResult<Heard> {
    Ok(Heard { origin: row.get("origin")?, first: row.get("first_heard_at")?, last: row.get("last_heard_at")? })
}
