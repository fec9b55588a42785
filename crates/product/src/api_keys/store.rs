//! SQL of API keys.

use base::Timestamp;
use base::id::{ApiKeyId, EnvironmentId, OrganisationId};
use store::{Db, Scope, StoreError, StoreResult, Tx, dialect, sql};

use crate::authority::Role;

/// A key that is being made.
pub(super) struct NewApiKey {
    pub(super) hash: [u8; 32],
    pub(super) key_version: u32,
    pub(super) id: ApiKeyId,
    pub(super) organisation: OrganisationId,
    pub(super) shown: String,
    pub(super) role: Role,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// A key that was found.
pub(super) struct FoundApiKey {
    pub(super) id: ApiKeyId,
    pub(super) key_version: u32,
    pub(super) organisation: OrganisationId,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) role: Role,
}

pub(super) async fn insert(tx: &mut Tx, key: &NewApiKey) -> StoreResult<u64> {
    sql("INSERT INTO api_keys (hash, id, organisation_id, shown, role, created_at, expires_at, key_version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(key.hash)
    .bind(key.id)
    .bind(key.organisation)
    .bind(key.shown.as_str())
    .bind(key.role.name())
    .bind(key.created_at)
    .bind(key.expires_at)
    .bind(key.key_version)
    .execute(tx)
    .await
}

pub(super) async fn revoke(tx: &mut Tx, hash: &[u8; 32], now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE api_keys SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL")
        .bind(*hash)
        .bind(now)
        .execute(tx)
        .await
}

/// Writes a key's hash under a newer version of the hashing key.
pub(super) async fn rehash(db: &Db, id: ApiKeyId, hash: &[u8; 32], version: u32) -> StoreResult<()> {
    let mut tx = db.begin(Scope::System).await?;
    sql("UPDATE api_keys SET hash = $2, key_version = $3 WHERE id = $1 AND key_version < $3")
        .bind(id)
        .bind(*hash)
        .bind(version)
        .execute(&mut tx)
        .await?;
    tx.commit().await
}

/// How many keys with a hash under this version are good now.
pub(super) async fn hashed_with(tx: &mut Tx, version: u32, now: Timestamp) -> StoreResult<u64> {
    sql("SELECT COUNT(*) AS good FROM api_keys WHERE key_version = $1 AND revoked_at IS NULL AND expires_at > $2")
        .bind(version)
        .bind(now)
        .fetch_one(tx)
        .await?
        .get("good")
}

/// The key with one of these hashes, if it is good now.
pub(super) async fn find(db: &Db, hashes: &[[u8; 32]], now: Timestamp) -> StoreResult<Option<FoundApiKey>> {
    let text = format!(
        "SELECT id, key_version, organisation_id, environment_id, role FROM api_keys \
         WHERE revoked_at IS NULL AND expires_at > $1 AND hash IN ({})",
        dialect::placeholders(2, hashes.len()),
    );
    let query = sql(text).bind(now).bind_all(hashes.iter().copied());
    let row = query.fetch_optional(db.read(Scope::System)).await?;
    row.map(|row| {
        Ok(FoundApiKey {
            id: row.get("id")?,
            key_version: row.get("key_version")?,
            organisation: row.get("organisation_id")?,
            environment: row.get("environment_id")?,
            role: Role::from_name(&row.get::<String>("role")?)
                .ok_or_else(|| StoreError::Decode { column: "role".to_owned() })?,
        })
    })
    .transpose()
}
