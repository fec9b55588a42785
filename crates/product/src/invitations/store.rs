//! SQL of invitations.

use base::Timestamp;
use base::id::{InvitationId, MemberId, OrganisationId, SessionId};
use store::{Db, Executor, Scope, StoreError, StoreResult, Tx, dialect, sql};

use super::Invitation;
use crate::authority::{OrganisationReader, OrganisationTx, Role};

/// An invitation as it is stored: the address is sealed.
pub(super) struct Row {
    pub(super) id: InvitationId,
    pub(super) organisation: OrganisationId,
    pub(super) email: Vec<u8>,
    pub(super) role: Role,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) sent_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, organisation_id, email, role, created_at, expires_at, sent_at";

pub(super) async fn insert(tx: &mut Tx, invitation: &Invitation, email: &[u8], by: MemberId) -> StoreResult<u64> {
    sql("INSERT INTO invitations (id, organisation_id, email, role, created_at, expires_at, invited_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(invitation.id)
    .bind(invitation.organisation)
    .bind(email)
    .bind(invitation.role.name())
    .bind(invitation.created_at)
    .bind(invitation.expires_at)
    .bind(by)
    .execute(tx)
    .await
}

/// The invitations of the reader's organisation that can be accepted, newest first.
pub(super) async fn waiting(reader: OrganisationReader<'_>, now: Timestamp) -> StoreResult<Vec<Row>> {
    let text = format!(
        "SELECT {COLUMNS} FROM invitations WHERE organisation_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC"
    );
    let rows = sql(text).bind(reader.organisation()).bind(now).fetch_all(reader.db()).await?;
    rows.iter().map(read).collect()
}

/// Every invitation of an organisation.
pub(super) async fn of_organisation(on: impl Executor, organisation: OrganisationId) -> StoreResult<Vec<Row>> {
    let text = format!("SELECT {COLUMNS} FROM invitations WHERE organisation_id = $1 ORDER BY id");
    sql(text).bind(organisation).fetch_all(on).await?.iter().map(read).collect()
}

pub(super) async fn get(db: &Db, id: InvitationId, now: Timestamp) -> StoreResult<Option<Row>> {
    let text = format!("SELECT {COLUMNS} FROM invitations WHERE id = $1 AND expires_at > $2");
    let row = sql(text).bind(id).bind(now).fetch_optional(db.read(Scope::System)).await?;
    row.as_ref().map(read).transpose()
}

/// The invitation with one of these hashes that can be accepted.
pub(super) async fn by_hash(db: &Db, hashes: &[[u8; 32]], now: Timestamp) -> StoreResult<Option<Row>> {
    let text = format!(
        "SELECT {COLUMNS} FROM invitations WHERE expires_at > $1 AND hash IN ({})",
        dialect::placeholders(2, hashes.len()),
    );
    let query = sql(text).bind(now).bind_all(hashes.iter().copied());
    query.fetch_optional(db.read(Scope::System)).await?.as_ref().map(read).transpose()
}

/// Removes an invitation, if this is still its link.
pub(super) async fn take(tx: &mut Tx, id: InvitationId, hashes: &[[u8; 32]]) -> StoreResult<u64> {
    let hashes_here = dialect::placeholders(2, hashes.len());
    let text = format!("DELETE FROM invitations WHERE id = $1 AND hash IN ({hashes_here})");
    sql(text).bind(id).bind_all(hashes.iter().copied()).execute(tx).await
}

pub(super) async fn set_link(tx: &mut Tx, id: InvitationId, hash: &[u8; 32], key_version: u32) -> StoreResult<u64> {
    sql("UPDATE invitations SET hash = $2, key_version = $3, sent_at = NULL WHERE id = $1")
        .bind(id)
        .bind(*hash)
        .bind(key_version)
        .execute(tx)
        .await
}

/// Writes when a link was mailed, if it still is the invitation's.
pub(super) async fn sent(tx: &mut Tx, id: InvitationId, hash: &[u8; 32], at: Timestamp) -> StoreResult<u64> {
    sql("UPDATE invitations SET sent_at = $3 WHERE id = $1 AND hash = $2")
        .bind(id)
        .bind(*hash)
        .bind(at)
        .execute(tx)
        .await
}

/// Has a member's session go on in another organisation, if it has not ended.
pub(super) async fn move_session(
    tx: &mut Tx,
    id: SessionId,
    member: MemberId,
    organisation: OrganisationId,
) -> StoreResult<u64> {
    sql("UPDATE sessions SET organisation_id = $3 WHERE id = $1 AND member_id = $2 AND ended_at IS NULL AND provider_id IS NULL")
        .bind(id)
        .bind(member)
        .bind(organisation)
        .execute(tx)
        .await
}

pub(super) async fn delete(tx: &mut OrganisationTx, id: InvitationId) -> StoreResult<u64> {
    let organisation = tx.organisation();
    let query = sql("DELETE FROM invitations WHERE id = $1 AND organisation_id = $2").bind(id).bind(organisation);
    query.execute(tx.tx()).await
}

/// Withdraws what a member has invited to an organisation.
pub(super) async fn delete_by(tx: &mut Tx, organisation: OrganisationId, member: MemberId) -> StoreResult<u64> {
    let query = sql("DELETE FROM invitations WHERE organisation_id = $1 AND invited_by = $2");
    query.bind(organisation).bind(member).execute(tx).await
}

pub(super) async fn forget_before(tx: &mut Tx, time: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM invitations WHERE expires_at <= $1").bind(time).execute(tx).await
}

pub(super) async fn hashed_with(tx: &mut Tx, version: u32, now: Timestamp) -> StoreResult<u64> {
    let query = sql("SELECT COUNT(*) AS links FROM invitations WHERE key_version = $1 AND expires_at > $2");
    query.bind(version).bind(now).fetch_one(tx).await?.get("links")
}

/// Puts what was sealed anew in the place of the bytes that it was made of.
pub(super) async fn set_email(tx: &mut Tx, of: &Row, email: &[u8]) -> StoreResult<u64> {
    sql("UPDATE invitations SET email = $2 WHERE id = $1 AND email = $3")
        .bind(of.id)
        .bind(email)
        .bind(of.email.as_slice())
        .execute(tx)
        .await
}

fn read(row: &store::Row) -> StoreResult<Row> {
    Ok(Row {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        email: row.get("email")?,
        role: Role::from_name(&row.get::<String>("role")?)
            .ok_or_else(|| StoreError::Decode { column: "role".to_owned() })?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        sent_at: row.get("sent_at")?,
    })
}
