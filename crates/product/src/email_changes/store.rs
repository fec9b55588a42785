//! SQL of addresses that members want.

use base::Timestamp;
use base::id::{MemberId, OrganisationId};
use store::{StoreResult, Tx, dialect, sql};

/// An address that a member wants, sealed.
pub(super) struct Row {
    pub(super) member: MemberId,
    pub(super) sealed_by: OrganisationId,
    pub(super) email: Vec<u8>,
}

/// Writes what a member wants in the place of what they wanted before.
pub(super) async fn set(
    tx: &mut Tx,
    member: MemberId,
    sealed_by: OrganisationId,
    email: &[u8],
    expires_at: Timestamp,
) -> StoreResult<u64> {
    sql("INSERT INTO email_changes (member_id, organisation_id, email, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (member_id) DO UPDATE SET organisation_id = $2, email = $3, expires_at = $4, hash = NULL, \
         key_version = NULL")
    .bind(member)
    .bind(sealed_by)
    .bind(email)
    .bind(expires_at)
    .execute(tx)
    .await
}

pub(super) async fn get(tx: &mut Tx, member: MemberId, now: Timestamp) -> StoreResult<Option<Row>> {
    let query =
        sql("SELECT member_id, organisation_id, email FROM email_changes WHERE member_id = $1 AND expires_at > $2");
    query.bind(member).bind(now).fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// What has a link with one of these hashes, if it can be used.
pub(super) async fn of_link(tx: &mut Tx, hashes: &[[u8; 32]], now: Timestamp) -> StoreResult<Option<Row>> {
    let text = format!(
        "SELECT member_id, organisation_id, email FROM email_changes WHERE expires_at > $1 AND hash IN ({})",
        dialect::placeholders(2, hashes.len()),
    );
    let query = sql(text).bind(now).bind_all(hashes.iter().copied());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Writes the link of what a member wants, if it still is this address.
pub(super) async fn set_link(tx: &mut Tx, of: &Row, hash: &[u8; 32], key_version: u32) -> StoreResult<u64> {
    sql("UPDATE email_changes SET hash = $2, key_version = $3 WHERE member_id = $1 AND email = $4")
        .bind(of.member)
        .bind(*hash)
        .bind(key_version)
        .bind(of.email.as_slice())
        .execute(tx)
        .await
}

/// Removes what a member wants, if it still is this one.
pub(super) async fn take(tx: &mut Tx, member: MemberId, hashes: &[[u8; 32]]) -> StoreResult<u64> {
    let hashes_here = dialect::placeholders(2, hashes.len());
    let text = format!("DELETE FROM email_changes WHERE member_id = $1 AND hash IN ({hashes_here})");
    sql(text).bind(member).bind_all(hashes.iter().copied()).execute(tx).await
}

pub(super) async fn sealed_by(tx: &mut Tx, organisation: OrganisationId) -> StoreResult<Vec<Vec<u8>>> {
    let query = sql("SELECT email FROM email_changes WHERE organisation_id = $1").bind(organisation);
    query.fetch_all(tx).await?.iter().map(|row| row.get("email")).collect()
}

pub(super) async fn hashed_with(tx: &mut Tx, version: u32, now: Timestamp) -> StoreResult<u64> {
    let query = sql("SELECT COUNT(*) AS links FROM email_changes WHERE key_version = $1 AND expires_at > $2");
    query.bind(version).bind(now).fetch_one(tx).await?.get("links")
}

pub(super) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM email_changes WHERE member_id = $1").bind(member).execute(tx).await
}

pub(super) async fn forget_before(tx: &mut Tx, time: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM email_changes WHERE expires_at <= $1").bind(time).execute(tx).await
}

fn read(row: &store::Row) -> StoreResult<Row> {
    Ok(Row { member: row.get("member_id")?, sealed_by: row.get("organisation_id")?, email: row.get("email")? })
}
