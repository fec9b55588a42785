//! SQL of the SDK's files.

use base::Timestamp;
use store::{Db, Scope, StoreResult, sql};

/// Keeps a file; one that is there under this path stays as it is.
pub(super) async fn keep(db: &Db, path: &str, integrity: &str, body: &[u8], now: Timestamp) -> StoreResult<()> {
    let mut tx = db.begin(Scope::System).await?;
    sql("INSERT INTO sdk_files (path, integrity, body, first_served_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (path) DO NOTHING")
    .bind(path)
    .bind(integrity)
    .bind(body)
    .bind(now)
    .execute(&mut tx)
    .await?;
    tx.commit().await
}

/// Path and bytes of every file.
pub(super) async fn all(db: &Db) -> StoreResult<Vec<(String, Vec<u8>)>> {
    sql("SELECT path, body FROM sdk_files ORDER BY path")
        .fetch_all(db.read(Scope::System))
        .await?
        .iter()
        .map(|row| Ok((row.get("path")?, row.get("body")?)))
        .collect()
}
