//! Wrapped keys as the main store keeps them. The file keys of the embedded stores lie in a file beside them instead
//! ([`crate::embedded`]), since they are needed before anything can be read here.

use keys::{KeyState, Owner, WrappedKey};

use crate::{Executor, Row, StoreError, StoreResult, Tx, sql};

/// Every record, in the order of kind, owner and version.
pub async fn all(on: impl Executor) -> StoreResult<Vec<WrappedKey>> {
    sql("SELECT kind, owner, version, state, wrapped, created_at FROM keys ORDER BY kind, owner, version")
        .fetch_all(on)
        .await?
        .iter()
        .map(read)
        .collect()
}

/// Adds a new version.
///
/// # Errors
/// [`StoreError::Conflict`] if another process made the same version first.
pub async fn insert(tx: &mut Tx, key: &WrappedKey) -> StoreResult<()> {
    sql("INSERT INTO keys (kind, owner, version, state, wrapped, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(key.kind.name())
        .bind(key.owner.bytes())
        .bind(key.version)
        .bind(key.state.name())
        .bind(key.bytes.as_slice())
        .bind(key.created_at)
        .execute(tx)
        .await?;
    Ok(())
}

fn read(row: &Row) -> StoreResult<WrappedKey> {
    let unknown = |column: &str| StoreError::Decode { column: column.to_owned() };
    let kind = row.get::<String>("kind")?.parse().map_err(|_| unknown("kind"))?;
    Ok(WrappedKey {
        kind,
        owner: Owner::from_bytes(kind, row.get("owner")?),
        version: row.get("version")?,
        state: row.get::<String>("state")?.parse::<KeyState>().map_err(|_| unknown("state"))?,
        bytes: row.get("wrapped")?,
        created_at: row.get("created_at")?,
    })
}
