//! SQL of who was merged into whom.

use std::collections::BTreeMap;

use store::dialect::placeholders;
use store::{StoreResult, sql};

use super::int;
use crate::authority::{InTenant, TenantTx};

/// Into whom each of these people was merged, or themselves.
pub(crate) async fn roots(on: impl InTenant, numbers: &[u64]) -> StoreResult<BTreeMap<u64, u64>> {
    let text = format!(
        "SELECT number, COALESCE(merged_into, number) AS root FROM people WHERE environment_id = $1 AND number IN ({})",
        placeholders(2, numbers.len())
    );
    sql(text)
        .bind(on.environment())
        .bind_all(numbers.iter().map(|number| int(*number)))
        .fetch_all(on)
        .await?
        .iter()
        .map(|row| Ok((row.get("number")?, row.get("root")?)))
        .collect()
}

/// Which of these were merged without the main store having been told.
pub(in crate::people) async fn not_folded(on: impl InTenant, numbers: &[u64]) -> StoreResult<Vec<u64>> {
    let text = format!(
        "SELECT number FROM people WHERE environment_id = $1 AND merged_into IS NULL AND number IN ({})",
        placeholders(2, numbers.len())
    );
    let query = sql(text).bind(on.environment()).bind_all(numbers.iter().map(|number| int(*number)));
    query.fetch_all(on).await?.iter().map(|row| row.get("number")).collect()
}

/// Notes that somebody was merged.
pub(in crate::people) async fn set_merged(tx: &mut TenantTx, number: u64, into: u64) -> StoreResult<()> {
    sql("UPDATE people SET merged_into = $3 WHERE environment_id = $1 AND number = $2")
        .bind(tx.environment())
        .bind(int(number))
        .bind(int(into))
        .execute(tx)
        .await?;
    Ok(())
}
