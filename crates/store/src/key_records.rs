//! Wrapped keys as the main store keeps them. The file keys of the embedded stores lie in a file beside them instead
//! ([`crate::embedded`]), since they are needed before anything can be read here.

use base::Timestamp;
use keys::{KeyKind, KeyState, Owner, WrappedKey};

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

/// Changes what a version may do; a destroyed one loses its bytes and stays destroyed.
pub async fn set_state(tx: &mut Tx, key: &WrappedKey) -> StoreResult<()> {
    let is_destroyed = key.state == KeyState::Destroyed;
    let set = if is_destroyed { "state = $4, wrapped = $5" } else { "state = $4" };
    let text =
        format!("UPDATE keys SET {set} WHERE kind = $1 AND owner = $2 AND version = $3 AND state <> 'destroyed'");
    let query = sql(text).bind(key.kind.name()).bind(key.owner.bytes()).bind(key.version).bind(key.state.name());
    let query = if is_destroyed { query.bind(&[][..]) } else { query };
    query.execute(tx).await?;
    Ok(())
}

/// Notes when a version became the primary one; the first time counts.
pub async fn note_promoted(tx: &mut Tx, key: &WrappedKey, now: Timestamp) -> StoreResult<()> {
    sql("UPDATE keys SET promoted_at = $4 WHERE kind = $1 AND owner = $2 AND version = $3 AND promoted_at IS NULL")
        .bind(key.kind.name())
        .bind(key.owner.bytes())
        .bind(key.version)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}

/// When a version became the primary one, if that was noted.
pub async fn promoted_at(
    on: impl Executor,
    kind: KeyKind,
    owner: Owner,
    version: u32,
) -> StoreResult<Option<Timestamp>> {
    let query = sql("SELECT promoted_at FROM keys WHERE kind = $1 AND owner = $2 AND version = $3");
    let row = query.bind(kind.name()).bind(owner.bytes()).bind(version).fetch_optional(on).await?;
    row.map_or(Ok(None), |row| row.get("promoted_at"))
}

/// Puts bytes that were wrapped anew in the place of those that they were made of; not if these are gone.
pub async fn rewrap(tx: &mut Tx, before: &WrappedKey, bytes: &[u8]) -> StoreResult<()> {
    sql("UPDATE keys SET wrapped = $4 WHERE kind = $1 AND owner = $2 AND version = $3 AND wrapped = $5")
        .bind(before.kind.name())
        .bind(before.owner.bytes())
        .bind(before.version)
        .bind(bytes)
        .bind(before.bytes.as_slice())
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
