//! SQL of the installation.

use base::Timestamp;
use base::id::OrganisationId;
use store::{Db, Scope, StoreResult, Tx, dialect, sql};

pub(super) async fn exists(db: &Db) -> StoreResult<bool> {
    Ok(sql("SELECT id FROM installation").fetch_optional(db.read(Scope::System)).await?.is_some())
}

/// Whether a store has been given to an installation, whatever its schema. `PostgreSQL` only.
pub(super) async fn is_given(db: &Db) -> StoreResult<bool> {
    let table = sql("SELECT table_name FROM information_schema.tables \
                     WHERE table_name = 'store_identity' AND table_schema = current_schema()")
    .fetch_optional(db.read(Scope::System))
    .await?;
    if table.is_none() {
        return Ok(false);
    }
    store::identity::is_given(db).await
}

/// False if it is there already, also when another process makes it at the same moment.
pub(super) async fn insert(tx: &mut Tx, now: Timestamp) -> StoreResult<bool> {
    let rows = sql("INSERT INTO installation (id, created_at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
        .bind(now)
        .execute(tx)
        .await?;
    Ok(rows == 1)
}

pub(super) async fn has_owner(db: &Db) -> StoreResult<bool> {
    Ok(sql("SELECT member_id FROM memberships WHERE role = 'owner'")
        .fetch_optional(db.read(Scope::System))
        .await?
        .is_some())
}

pub(super) async fn set_setup_token(
    tx: &mut Tx,
    hash: &[u8; 32],
    version: u32,
    expires: Timestamp,
) -> StoreResult<u64> {
    sql("UPDATE installation SET setup_token_hash = $1, setup_expires_at = $2, setup_key_version = $3")
        .bind(*hash)
        .bind(expires)
        .bind(version)
        .execute(tx)
        .await
}

/// Whether this link would be taken now.
pub(super) async fn is_setup_token(db: &Db, hashes: &[[u8; 32]], now: Timestamp) -> StoreResult<bool> {
    let text = format!(
        "SELECT id FROM installation WHERE setup_expires_at > $1 AND setup_token_hash IN ({})",
        dialect::placeholders(2, hashes.len()),
    );
    let query = sql(text).bind(now).bind_all(hashes.iter().copied());
    Ok(query.fetch_optional(db.read(Scope::System)).await?.is_some())
}

/// How many links with a hash under this version would be taken now: one or none.
pub(super) async fn hashed_with(tx: &mut Tx, version: u32, now: Timestamp) -> StoreResult<u64> {
    sql("SELECT COUNT(*) AS links FROM installation \
         WHERE setup_token_hash IS NOT NULL AND setup_key_version = $1 AND setup_expires_at > $2")
    .bind(version)
    .bind(now)
    .fetch_one(tx)
    .await?
    .get("links")
}

/// Uses the link up. False if it is not the one, or out of date.
pub(super) async fn take_setup_token(tx: &mut Tx, hashes: &[[u8; 32]], now: Timestamp) -> StoreResult<bool> {
    let text = format!(
        "UPDATE installation SET setup_token_hash = NULL, setup_expires_at = NULL \
         WHERE setup_expires_at > $1 AND setup_token_hash IN ({})",
        dialect::placeholders(2, hashes.len()),
    );
    Ok(sql(text).bind(now).bind_all(hashes.iter().copied()).execute(tx).await? == 1)
}

/// The organisation that the first owner gets.
pub(super) async fn first_organisation(tx: &mut Tx) -> StoreResult<OrganisationId> {
    sql("SELECT id FROM organisations ORDER BY created_at, id LIMIT 1").fetch_one(tx).await?.get("id")
}

pub(super) async fn name_organisation(tx: &mut Tx, id: OrganisationId, name: &str) -> StoreResult<u64> {
    sql("UPDATE organisations SET name = $2 WHERE id = $1").bind(id).bind(name).execute(tx).await
}
