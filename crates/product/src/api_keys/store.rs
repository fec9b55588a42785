//! SQL of API keys.

use base::Timestamp;
use base::id::{ApiKeyId, EnvironmentId, OrganisationId};
use store::{Db, Scope, StoreError, StoreResult, Tx, sql};

use crate::authority::Role;

/// A key that is being made.
pub(super) struct NewApiKey {
    pub(super) hash: [u8; 32],
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
    pub(super) organisation: OrganisationId,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) role: Role,
}

pub(super) async fn insert(tx: &mut Tx, key: &NewApiKey) -> StoreResult<u64> {
    sql("INSERT INTO api_keys (hash, id, organisation_id, shown, role, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(key.hash)
    .bind(key.id)
    .bind(key.organisation)
    .bind(key.shown.as_str())
    .bind(key.role.name())
    .bind(key.created_at)
    .bind(key.expires_at)
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

/// The key with this hash, if it is good now.
pub(super) async fn find(db: &Db, hash: &[u8; 32], now: Timestamp) -> StoreResult<Option<FoundApiKey>> {
    let row = sql("SELECT id, organisation_id, environment_id, role FROM api_keys \
                   WHERE hash = $1 AND revoked_at IS NULL AND expires_at > $2")
    .bind(*hash)
    .bind(now)
    .fetch_optional(db.read(Scope::System))
    .await?;
    row.map(|row| {
        Ok(FoundApiKey {
            id: row.get("id")?,
            organisation: row.get("organisation_id")?,
            environment: row.get("environment_id")?,
            role: Role::from_name(&row.get::<String>("role")?)
                .ok_or_else(|| StoreError::Decode { column: "role".to_owned() })?,
        })
    })
    .transpose()
}
