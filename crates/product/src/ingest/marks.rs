//! SQL of the marks: how far each event log has been noted in people's rows.
//!
//! Whoever moves a mark shares the environment's lock; whoever has to know where all of them stand, since from there on
//! something else is to be noted, holds it alone. So no event falls between the two.

use std::collections::BTreeMap;

use events::LogId;
use store::{StoreResult, dialect, sql};

use crate::authority::TenantTx;

const PURPOSE: &str = "noting";

/// Marks by log.
pub(crate) type Marks = BTreeMap<u64, u64>;

/// Gives a log a mark, at 0, if it has none, so that there is a row to [hold].
pub(super) async fn begin(tx: &mut TenantTx, log: LogId) -> StoreResult<u64> {
    sql("INSERT INTO noted_logs (environment_id, log, sequence) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING")
        .bind(tx.environment())
        .bind(log.0.cast_signed())
        .execute(tx)
        .await
}

/// Where a log's mark stands. It stays there until the transaction ends, of a log that was [begun](begin).
pub(super) async fn hold(tx: &mut TenantTx, log: LogId) -> StoreResult<u64> {
    let (environment, engine) = (tx.environment(), tx.engine());
    dialect::lock_shared(tx.tx(), engine, PURPOSE, &environment.bytes()).await?;
    let text = format!(
        "SELECT sequence FROM noted_logs WHERE environment_id = $1 AND log = $2{}",
        dialect::for_update(engine)
    );
    let row = sql(text).bind(environment).bind(log.0.cast_signed()).fetch_optional(tx).await?;
    row.map_or(Ok(0), |row| row.get("sequence"))
}

/// Moves a log's mark.
pub(super) async fn set(tx: &mut TenantTx, log: LogId, sequence: u64) -> StoreResult<u64> {
    sql("INSERT INTO noted_logs (environment_id, log, sequence) VALUES ($1, $2, $3) \
         ON CONFLICT (environment_id, log) DO UPDATE SET sequence = excluded.sequence")
    .bind(tx.environment())
    .bind(log.0.cast_signed())
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(tx)
    .await
}

/// Where every mark stands; none moves until the transaction ends.
pub(crate) async fn hold_all(tx: &mut TenantTx) -> StoreResult<Marks> {
    let (environment, engine) = (tx.environment(), tx.engine());
    dialect::lock(tx.tx(), engine, PURPOSE, &environment.bytes()).await?;
    sql("SELECT log, sequence FROM noted_logs WHERE environment_id = $1")
        .bind(environment)
        .fetch_all(tx)
        .await?
        .iter()
        .map(|row| Ok((row.get::<i64>("log")?.cast_unsigned(), row.get("sequence")?)))
        .collect()
}
