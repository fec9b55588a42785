//! SQL of the SDK's files.

use base::Timestamp;
use store::{StoreResult, Tx, sql};

/// Keeps a file; one that is there under this path stays as it is.
pub(super) async fn keep(tx: &mut Tx, path: &str, integrity: &str, body: &[u8], now: Timestamp) -> StoreResult<()> {
    sql("INSERT INTO sdk_files (path, integrity, body, first_served_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (path) DO NOTHING")
    .bind(path)
    .bind(integrity)
    .bind(body)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// A file as it is kept.
pub(super) struct Stored {
    pub(super) path: String,
    pub(super) integrity: String,
    pub(super) body: Vec<u8>,
}

/// Every file.
pub(super) async fn all(tx: &mut Tx) -> StoreResult<Vec<Stored>> {
    sql("SELECT path, integrity, body FROM sdk_files ORDER BY path")
        .fetch_all(tx)
        .await?
        .iter()
        .map(|row| Ok(Stored { path: row.get("path")?, integrity: row.get("integrity")?, body: row.get("body")? }))
        .collect()
}
