//! SQL of known devices.

use base::Timestamp;
use base::id::{DeviceId, MemberId};
use store::{Db, Scope, StoreResult, Tx, dialect, sql};

use super::Known;

/// A device that is being remembered.
pub(super) struct NewDevice {
    pub(super) id: DeviceId,
    pub(super) member: MemberId,
    pub(super) hash: [u8; 32],
    pub(super) key_version: u32,
    pub(super) device: String,
    pub(super) now: Timestamp,
}

/// A device as its member sees it.
pub(super) struct OwnDevice {
    pub(super) id: DeviceId,
    pub(super) device: String,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Timestamp,
}

/// The device with one of these hashes that was used since a time.
pub(super) async fn find(db: &Db, hashes: &[[u8; 32]], since: Timestamp) -> StoreResult<Option<Known>> {
    let text = format!(
        "SELECT id, member_id FROM devices WHERE last_used_at > $1 AND hash IN ({})",
        dialect::placeholders(2, hashes.len()),
    );
    let row = sql(text).bind(since).bind_all(hashes.iter().copied()).fetch_optional(db.read(Scope::System)).await?;
    row.map(|row| Ok(Known { id: row.get("id")?, member: row.get("member_id")? })).transpose()
}

pub(super) async fn insert(tx: &mut Tx, device: &NewDevice) -> StoreResult<u64> {
    sql("INSERT INTO devices (id, member_id, hash, key_version, device, created_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6)")
    .bind(device.id)
    .bind(device.member)
    .bind(device.hash)
    .bind(device.key_version)
    .bind(device.device.as_str())
    .bind(device.now)
    .execute(tx)
    .await
}

/// Gives a device another token.
pub(super) async fn renew(tx: &mut Tx, id: DeviceId, device: &NewDevice) -> StoreResult<u64> {
    sql("UPDATE devices SET hash = $2, key_version = $3, device = $4, last_used_at = $5 WHERE id = $1")
        .bind(id)
        .bind(device.hash)
        .bind(device.key_version)
        .bind(device.device.as_str())
        .bind(device.now)
        .execute(tx)
        .await
}

pub(super) async fn has_any(tx: &mut Tx, member: MemberId) -> StoreResult<bool> {
    let query = sql("SELECT id FROM devices WHERE member_id = $1 LIMIT 1").bind(member);
    Ok(query.fetch_optional(tx).await?.is_some())
}

pub(super) async fn own(db: &Db, member: MemberId, since: Timestamp) -> StoreResult<Vec<OwnDevice>> {
    sql("SELECT id, device, created_at, last_used_at FROM devices WHERE member_id = $1 AND last_used_at > $2 \
         ORDER BY last_used_at DESC, id DESC")
    .bind(member)
    .bind(since)
    .fetch_all(db.read(Scope::System))
    .await?
    .iter()
    .map(|row| {
        Ok(OwnDevice {
            id: row.get("id")?,
            device: row.get("device")?,
            created_at: row.get("created_at")?,
            last_used_at: row.get("last_used_at")?,
        })
    })
    .collect()
}

pub(super) async fn remove(tx: &mut Tx, member: MemberId, id: DeviceId) -> StoreResult<u64> {
    sql("DELETE FROM devices WHERE id = $1 AND member_id = $2").bind(id).bind(member).execute(tx).await
}

pub(super) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM devices WHERE member_id = $1").bind(member).execute(tx).await
}

pub(super) async fn forget_before(tx: &mut Tx, time: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM devices WHERE last_used_at <= $1").bind(time).execute(tx).await
}

pub(super) async fn hashed_with(tx: &mut Tx, version: u32, since: Timestamp) -> StoreResult<u64> {
    let query = sql("SELECT COUNT(*) AS devices FROM devices WHERE key_version = $1 AND last_used_at > $2");
    query.bind(version).bind(since).fetch_one(tx).await?.get("devices")
}
