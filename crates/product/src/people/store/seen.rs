//! SQL of how people stand and when they were seen.

use store::dialect::{self, placeholders};
use store::{StoreResult, Value, sql};

use super::{ROWS, int};
use crate::authority::{InTenant, TenantTx};
use crate::people::presence::{Span, Standing};

/// How these people stand; those without a row are left out.
pub(in crate::people) async fn standings(on: impl InTenant, numbers: &[u64]) -> StoreResult<Vec<(u64, Standing)>> {
    let text = format!(
        "SELECT number, company_number, company_at FROM people WHERE environment_id = $1 AND number IN ({})",
        placeholders(2, numbers.len())
    );
    let query = sql(text).bind(on.environment()).bind_all(numbers.iter().map(|number| int(*number)));
    let rows = query.fetch_all(on).await?;
    rows.iter()
        .map(|row| {
            let standing = Standing { company: row.get("company_number")?, company_at: row.get("company_at")? };
            Ok((row.get("number")?, standing))
        })
        .collect()
}

/// Writes when people were seen; they come in the order of their numbers, and are held in it.
pub(in crate::people) async fn set_seen(tx: &mut TenantTx, seen: &[(u64, Span)]) -> StoreResult<()> {
    let environment = tx.environment();
    for seen in seen.chunks(ROWS) {
        let text = format!(
            "SELECT number FROM people WHERE environment_id = $1 AND number IN ({}) ORDER BY number{}",
            placeholders(2, seen.len()),
            dialect::for_update(tx.engine())
        );
        sql(text).bind(environment).bind_all(seen.iter().map(|(number, _)| int(*number))).fetch_all(&mut *tx).await?;
        // Both databases call the columns of a list of values column1, column2, …
        let text = format!(
            "UPDATE people SET \
             first_seen_at = CASE WHEN v.column2 < first_seen_at THEN v.column2 ELSE first_seen_at END, \
             last_seen_at = CASE WHEN v.column3 > last_seen_at THEN v.column3 ELSE last_seen_at END \
             FROM (VALUES {}) AS v WHERE environment_id = $1 AND number = v.column1",
            dialect::rows(2, seen.len(), 3)
        );
        let values = seen.iter().flat_map(|(number, (first, last))| [int(*number), (*first).into(), (*last).into()]);
        sql(text).bind(environment).bind_all::<Value>(values).execute(&mut *tx).await?;
    }
    Ok(())
}
