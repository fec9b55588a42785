//! SQL of the registry.

use base::Timestamp;
use store::{Row, StoreError, StoreResult, Value, dialect, sql};

use super::{Class, New, Scope, Sighting};
use crate::authority::{InTenant, TenantTx};

/// Everything that is registered in an environment.
pub(super) async fn all(on: impl InTenant) -> StoreResult<Vec<(Scope, String, Class, Sighting)>> {
    let rows = sql("SELECT scope, name, class, provisional FROM registered_attributes WHERE environment_id = $1")
        .bind(on.environment())
        .fetch_all(on)
        .await?;
    rows.iter()
        .map(|row| {
            let class = Class::from_name(&row.get::<String>("class")?).ok_or_else(|| unknown("class"))?;
            let sighting = if row.get("provisional")? { Sighting::Provisional } else { Sighting::Trusted };
            Ok((scope(row)?, row.get("name")?, class, sighting))
        })
        .collect()
}

/// How many names are registered, by scope: all, and those that only browsers have brought.
pub(super) async fn counts(tx: &mut TenantTx) -> StoreResult<[[usize; 2]; 4]> {
    let rows = sql("SELECT scope, count(*) AS names, count(CASE WHEN provisional = 1 THEN 1 END) AS provisional \
                    FROM registered_attributes WHERE environment_id = $1 GROUP BY scope")
    .bind(tx.environment())
    .fetch_all(tx)
    .await?;
    let mut counts = [[0; 2]; 4];
    for row in &rows {
        let count = |column: &str| -> StoreResult<usize> { Ok(usize::try_from(row.get::<i64>(column)?).unwrap_or(0)) };
        counts[scope(row)? as usize] = [count("names")?, count("provisional")?];
    }
    Ok(counts)
}

fn scope(row: &Row) -> StoreResult<Scope> {
    let scope: String = row.get("scope")?;
    Scope::ALL.into_iter().find(|other| other.name() == scope).ok_or_else(|| unknown("scope"))
}

fn unknown(column: &str) -> StoreError {
    StoreError::Decode { column: column.to_owned() }
}

/// Registers names; one that is registered stays as it is, but that it and its type are settled by a trusted sight.
pub(super) async fn insert(tx: &mut TenantTx, new: &[New], now: Timestamp) -> StoreResult<()> {
    let environment = tx.environment();
    for new in new.chunks(500) {
        let text = format!(
            "INSERT INTO registered_attributes (environment_id, scope, name, type, class, first_seen_at, provisional) \
             VALUES {} ON CONFLICT (environment_id, scope, name) DO UPDATE SET type = excluded.type, provisional = 0 \
             WHERE registered_attributes.provisional = 1 AND excluded.provisional = 0",
            dialect::rows(1, new.len(), 7)
        );
        let values = new.iter().flat_map(|new| {
            [
                environment.into(),
                new.scope.name().into(),
                new.name.as_str().into(),
                new.kind.into(),
                new.class.name().into(),
                now.into(),
                i64::from(new.sighting == Sighting::Provisional).into(),
            ]
        });
        sql(text).bind_all::<Value>(values).execute(&mut *tx).await?;
    }
    Ok(())
}
