//! SQL of members.

use base::Timestamp;
use base::id::{MemberId, OrganisationId};
use store::{Db, Scope, StoreResult, Tx, dialect, sql};

use super::Account;
use crate::authority::{OrganisationReader, Role};

/// A member that is being made; personal fields are sealed.
pub(super) struct NewMember {
    pub(super) id: MemberId,
    pub(super) organisation: OrganisationId,
    pub(super) email_index: [u8; 32],
    pub(super) index_version: u32,
    pub(super) email: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) role: Role,
    pub(super) password: String,
    pub(super) pepper_version: u32,
    pub(super) created_at: Timestamp,
}

/// A member's sealed fields.
pub(super) struct MemberRow {
    pub(super) email: Vec<u8>,
    pub(super) name: Vec<u8>,
}

pub(super) async fn insert(tx: &mut Tx, member: &NewMember) -> StoreResult<u64> {
    sql("INSERT INTO members (id, organisation_id, email_index, email, name, role, password, pepper_version, created_at, \
         index_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
    .bind(member.id)
    .bind(member.organisation)
    .bind(member.email_index)
    .bind(member.email.as_slice())
    .bind(member.name.as_slice())
    .bind(member.role.name())
    .bind(member.password.as_str())
    .bind(member.pepper_version)
    .bind(member.created_at)
    .bind(member.index_version)
    .execute(tx)
    .await
}

pub(super) async fn get(reader: OrganisationReader<'_>, id: MemberId) -> StoreResult<Option<MemberRow>> {
    let row = sql("SELECT email, name FROM members WHERE organisation_id = $1 AND id = $2")
        .bind(reader.organisation())
        .bind(id)
        .fetch_optional(reader.db())
        .await?;
    row.map(|row| Ok(MemberRow { email: row.get("email")?, name: row.get("name")? })).transpose()
}

/// Whether a member has one of these indexes.
pub(super) async fn is_taken(tx: &mut Tx, indexes: &[[u8; 32]]) -> StoreResult<bool> {
    let text = format!("SELECT id FROM members WHERE email_index IN ({})", dialect::placeholders(1, indexes.len()));
    Ok(sql(text).bind_all(indexes.iter().copied()).fetch_optional(tx).await?.is_some())
}

/// Writes a password's newer hash in the place of the one that was checked.
pub(super) async fn set_password(tx: &mut Tx, of: &Account, password: &str, pepper_version: u32) -> StoreResult<u64> {
    sql("UPDATE members SET password = $2, pepper_version = $3 WHERE id = $1 AND password = $4")
        .bind(of.id)
        .bind(password)
        .bind(pepper_version)
        .bind(of.password.as_str())
        .execute(tx)
        .await
}

/// The account with one of these indexes.
pub(super) async fn account(db: &Db, indexes: &[[u8; 32]]) -> StoreResult<Option<Account>> {
    let text = format!(
        "SELECT id, organisation_id, password, pepper_version FROM members WHERE email_index IN ({})",
        dialect::placeholders(1, indexes.len()),
    );
    let row = sql(text).bind_all(indexes.iter().copied()).fetch_optional(db.read(Scope::System)).await?;
    row.map(|row| {
        Ok(Account {
            id: row.get("id")?,
            organisation: row.get("organisation_id")?,
            password: row.get("password")?,
            pepper_version: row.get("pepper_version")?,
        })
    })
    .transpose()
}
