//! SQL of the registry.

use base::Timestamp;
use base::id::EnvironmentId;
use store::{Executor, StoreError, StoreResult, Tx, Value, dialect, sql};

use super::{Class, New, Scope};

/// Everything that is registered in an environment.
pub(super) async fn all(on: impl Executor, environment: EnvironmentId) -> StoreResult<Vec<(Scope, String, Class)>> {
    let rows = sql("SELECT scope, name, class FROM registered_attributes WHERE environment_id = $1")
        .bind(environment)
        .fetch_all(on)
        .await?;
    let unknown = |column: &str| StoreError::Decode { column: column.to_owned() };
    rows.iter()
        .map(|row| {
            let scope: String = row.get("scope")?;
            let scope = Scope::ALL.into_iter().find(|other| other.name() == scope).ok_or_else(|| unknown("scope"))?;
            let class = Class::from_name(&row.get::<String>("class")?).ok_or_else(|| unknown("class"))?;
            Ok((scope, row.get("name")?, class))
        })
        .collect()
}

/// Registers names; one that is registered stays as it is.
pub(super) async fn insert(tx: &mut Tx, environment: EnvironmentId, new: &[New], now: Timestamp) -> StoreResult<()> {
    for new in new.chunks(500) {
        let text = format!(
            "INSERT INTO registered_attributes (environment_id, scope, name, type, class, first_seen_at) VALUES {} \
             ON CONFLICT DO NOTHING",
            dialect::rows(1, new.len(), 6)
        );
        let values = new.iter().flat_map(|new| {
            [
                environment.into(),
                new.scope.name().into(),
                new.name.as_str().into(),
                new.kind.into(),
                new.class.name().into(),
                now.into(),
            ]
        });
        sql(text).bind_all::<Value>(values).execute(&mut *tx).await?;
    }
    Ok(())
}
