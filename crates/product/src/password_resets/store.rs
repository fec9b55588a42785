//! SQL of forgotten passwords.

use base::Timestamp;
use base::id::MemberId;
use store::{Db, Scope, StoreResult, Tx, dialect, sql};

/// Writes a member's link in the place of an earlier one.
pub(super) async fn set_link(
    tx: &mut Tx,
    member: MemberId,
    hash: &[u8; 32],
    key_version: u32,
    expires_at: Timestamp,
) -> StoreResult<u64> {
    sql("INSERT INTO password_resets (member_id, hash, key_version, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (member_id) DO UPDATE SET hash = $2, key_version = $3, expires_at = $4, sent_at = NULL")
    .bind(member)
    .bind(*hash)
    .bind(key_version)
    .bind(expires_at)
    .execute(tx)
    .await
}

/// Whose link has one of these hashes, if it can be used.
pub(super) async fn of_link(db: &Db, hashes: &[[u8; 32]], now: Timestamp) -> StoreResult<Option<MemberId>> {
    let text = format!(
        "SELECT member_id FROM password_resets WHERE expires_at > $1 AND hash IN ({})",
        dialect::placeholders(2, hashes.len()),
    );
    let row = sql(text).bind(now).bind_all(hashes.iter().copied()).fetch_optional(db.read(Scope::System)).await?;
    row.map(|row| row.get("member_id")).transpose()
}

/// Whether a member's link was mailed after a time.
pub(super) async fn was_sent_after(tx: &mut Tx, member: MemberId, time: Timestamp) -> StoreResult<bool> {
    let query = sql("SELECT member_id FROM password_resets WHERE member_id = $1 AND sent_at > $2");
    Ok(query.bind(member).bind(time).fetch_optional(tx).await?.is_some())
}

/// Writes when a link was mailed, if it still is the member's.
pub(super) async fn sent(tx: &mut Tx, member: MemberId, hash: &[u8; 32], at: Timestamp) -> StoreResult<u64> {
    sql("UPDATE password_resets SET sent_at = $3 WHERE member_id = $1 AND hash = $2")
        .bind(member)
        .bind(*hash)
        .bind(at)
        .execute(tx)
        .await
}

/// Removes a member's link, if it still is this one.
pub(super) async fn take(tx: &mut Tx, member: MemberId, hashes: &[[u8; 32]]) -> StoreResult<u64> {
    let hashes_here = dialect::placeholders(2, hashes.len());
    let text = format!("DELETE FROM password_resets WHERE member_id = $1 AND hash IN ({hashes_here})");
    sql(text).bind(member).bind_all(hashes.iter().copied()).execute(tx).await
}

pub(super) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM password_resets WHERE member_id = $1").bind(member).execute(tx).await
}

pub(super) async fn forget_before(tx: &mut Tx, time: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM password_resets WHERE expires_at <= $1").bind(time).execute(tx).await
}

pub(super) async fn hashed_with(tx: &mut Tx, version: u32, now: Timestamp) -> StoreResult<u64> {
    let query = sql("SELECT COUNT(*) AS links FROM password_resets WHERE key_version = $1 AND expires_at > $2");
    query.bind(version).bind(now).fetch_one(tx).await?.get("links")
}
