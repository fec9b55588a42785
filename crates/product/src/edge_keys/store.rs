//! SQL of environments' keys, as the edge asks for them.

use keys::ApiKeyKind;
use store::{Db, Scope, StoreResult, Tx, dialect, sql};

use super::EdgeKey;

/// By which hash a key was found.
pub(super) struct HashedWith {
    pub(super) hash: [u8; 32],
    pub(super) version: u32,
}

/// The key with one of these hashes, if it was not revoked.
pub(super) async fn find(db: &Db, hashes: &[[u8; 32]], kind: ApiKeyKind) -> StoreResult<Option<(EdgeKey, HashedWith)>> {
    let text = format!(
        "SELECT k.hash, k.key_version, e.id, e.identity_required FROM environment_keys k \
         JOIN environments e ON e.id = k.environment_id WHERE k.hash IN ({}) AND k.revoked_at IS NULL",
        dialect::placeholders(1, hashes.len()),
    );
    let row = sql(text).bind_all(hashes.iter().copied()).fetch_optional(db.read(Scope::System)).await?;
    row.map(|row| {
        let key = EdgeKey { environment: row.get("id")?, kind, identity_required: row.get("identity_required")? };
        Ok((key, HashedWith { hash: row.get("hash")?, version: row.get("key_version")? }))
    })
    .transpose()
}

/// Writes a key's hash under a newer version of the hashing key.
pub(super) async fn rehash(db: &Db, before: &[u8; 32], hash: &[u8; 32], version: u32) -> StoreResult<()> {
    let mut tx = db.begin(Scope::System).await?;
    sql("UPDATE environment_keys SET hash = $2, key_version = $3 WHERE hash = $1")
        .bind(*before)
        .bind(*hash)
        .bind(version)
        .execute(&mut tx)
        .await?;
    tx.commit().await
}

/// Hashes and texts of the browsers' keys that are known by a hash under an older version.
pub(super) async fn public(db: &Db, version: u32) -> StoreResult<Vec<([u8; 32], String)>> {
    sql("SELECT hash, shown FROM environment_keys WHERE kind = 'browser' AND key_version < $1")
        .bind(version)
        .fetch_all(db.read(Scope::System))
        .await?
        .iter()
        .map(|row| Ok((row.get("hash")?, row.get("shown")?)))
        .collect()
}

/// How many keys with a hash under this version were not revoked.
pub(super) async fn hashed_with(tx: &mut Tx, version: u32) -> StoreResult<u64> {
    sql("SELECT COUNT(*) AS good FROM environment_keys WHERE key_version = $1 AND revoked_at IS NULL")
        .bind(version)
        .fetch_one(tx)
        .await?
        .get("good")
}
