//! SQL of the checkpoints: how far each event log has been projected into people's rows.
//!
//! Whoever moves a checkpoint shares the environment's lock; whoever has to know where all of them stand, since from there
//! on something else is to be projected, holds it alone. So no event falls between the two.

use std::collections::BTreeMap;

use events::LogId;
use store::{Row, StoreResult, dialect, sql};

use crate::authority::{InTenant, TenantTx};

const PURPOSE: &str = "projection";

/// Checkpoints by log.
pub(crate) type Checkpoints = BTreeMap<u64, u64>;

/// Gives a log a checkpoint, at 0, if it has none, so that there is a row to [hold].
pub(super) async fn begin(tx: &mut TenantTx, log: LogId) -> StoreResult<u64> {
    sql("INSERT INTO log_checkpoints (environment_id, log, sequence) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING")
        .bind(tx.environment())
        .bind(log.0.cast_signed())
        .execute(tx)
        .await
}

/// Where a log's checkpoint stands. It stays there until the transaction ends, of a log that was [begun](begin).
pub(super) async fn hold(tx: &mut TenantTx, log: LogId) -> StoreResult<u64> {
    let (environment, engine) = (tx.environment(), tx.engine());
    dialect::lock_shared(tx.tx(), engine, PURPOSE, &environment.bytes()).await?;
    let text = format!(
        "SELECT sequence FROM log_checkpoints WHERE environment_id = $1 AND log = $2{}",
        dialect::for_update(engine)
    );
    let row = sql(text).bind(environment).bind(log.0.cast_signed()).fetch_optional(tx).await?;
    row.map_or(Ok(0), |row| row.get("sequence"))
}

/// Moves a log's checkpoint.
pub(super) async fn set(tx: &mut TenantTx, log: LogId, sequence: u64) -> StoreResult<u64> {
    sql("INSERT INTO log_checkpoints (environment_id, log, sequence) VALUES ($1, $2, $3) \
         ON CONFLICT (environment_id, log) DO UPDATE SET sequence = excluded.sequence")
    .bind(tx.environment())
    .bind(log.0.cast_signed())
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(tx)
    .await
}

/// Where every checkpoint stands by now.
pub(crate) async fn all(on: impl InTenant) -> StoreResult<Checkpoints> {
    let query = sql("SELECT log, sequence FROM log_checkpoints WHERE environment_id = $1").bind(on.environment());
    query.fetch_all(on).await?.iter().map(checkpoint).collect()
}

fn checkpoint(row: &Row) -> StoreResult<(u64, u64)> {
    Ok((row.get::<i64>("log")?.cast_unsigned(), row.get("sequence")?))
}

/// Where every checkpoint stands; none moves until the transaction ends.
pub(crate) async fn hold_all(tx: &mut TenantTx) -> StoreResult<Checkpoints> {
    let (environment, engine) = (tx.environment(), tx.engine());
    dialect::lock(tx.tx(), engine, PURPOSE, &environment.bytes()).await?;
    all(tx).await
}
