//! SQL of members.

use base::Timestamp;
use base::id::{MemberId, OrganisationId};
use store::{Db, Engine, Executor, Row, Scope, StoreError, StoreResult, Tx, dialect, sql};

use super::{Account, PreparedPassword, WorksAs};
use crate::authority::{OrganisationReader, OrganisationTx, Role};
use crate::hashed::Hashes;

/// A member that is being made; personal fields are sealed.
pub(super) struct NewMember {
    pub(super) id: MemberId,
    pub(super) organisation: OrganisationId,
    pub(super) email_index: [u8; 32],
    pub(super) index_version: u32,
    pub(super) email: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) password: PreparedPassword,
    /// Whether it is a provider's word alone that the account is the address's owner's.
    pub(super) address_said: bool,
    pub(super) created_at: Timestamp,
}

/// What of a member is sealed, and by which organisation's key.
pub(super) struct SealedMember {
    pub(super) id: MemberId,
    pub(super) sealed_by: OrganisationId,
    pub(super) email: Vec<u8>,
    pub(super) name: Vec<u8>,
}

/// What a member may do in an organisation.
#[derive(Clone, Copy)]
pub(super) struct Membership {
    pub(super) member: MemberId,
    pub(super) role: Role,
    pub(super) created_at: Timestamp,
    pub(super) suspended_at: Option<Timestamp>,
}

/// A member of a team, as the team sees them.
pub(super) struct TeamMember {
    pub(super) membership: Membership,
    pub(super) sealed: SealedMember,
    /// Whether they have one-time codes, and whether they have a passkey or a security key.
    pub(super) totp: bool,
    pub(super) passkeys: bool,
    /// When a session of theirs in this organisation was last used.
    pub(super) last_used_at: Option<Timestamp>,
}

const MEMBERSHIP: &str = "ms.member_id, ms.role, ms.created_at, ms.suspended_at";
const SEALED: &str = "m.id, m.organisation_id, m.email, m.name";

pub(super) async fn insert(tx: &mut Tx, member: &NewMember) -> StoreResult<u64> {
    sql("INSERT INTO members (id, organisation_id, email_index, email, name, password, pepper_version, created_at, \
         index_version, password_changed_at, address_said) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $10)")
    .bind(member.id)
    .bind(member.organisation)
    .bind(member.email_index)
    .bind(member.email.as_slice())
    .bind(member.name.as_slice())
    .bind(member.password.hash.as_str())
    .bind(member.password.pepper_version)
    .bind(member.created_at)
    .bind(member.index_version)
    .bind(member.address_said)
    .execute(tx)
    .await
}

/// Adds a membership, unless there is one.
pub(super) async fn join(
    tx: &mut Tx,
    organisation: OrganisationId,
    member: MemberId,
    role: Role,
    now: Timestamp,
) -> StoreResult<u64> {
    sql("INSERT INTO memberships (organisation_id, member_id, role, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organisation_id, member_id) DO NOTHING")
    .bind(organisation)
    .bind(member)
    .bind(role.name())
    .bind(now)
    .execute(tx)
    .await
}

pub(super) async fn get(reader: OrganisationReader<'_>, id: MemberId) -> StoreResult<Option<SealedMember>> {
    let text = format!(
        "SELECT {SEALED} FROM members m JOIN memberships ms ON ms.member_id = m.id \
         WHERE ms.organisation_id = $1 AND m.id = $2"
    );
    let row = sql(text).bind(reader.organisation()).bind(id).fetch_optional(reader.db()).await?;
    row.as_ref().map(read_sealed).transpose()
}

/// Everybody who works in the reader's organisation, in the order of their joining; one of them if an id is given.
pub(super) async fn team(reader: OrganisationReader<'_>, only: Option<MemberId>) -> StoreResult<Vec<TeamMember>> {
    let text = format!(
        "SELECT {MEMBERSHIP}, {SEALED}, (SELECT MAX(s.last_used_at) FROM sessions s WHERE s.member_id = m.id \
         AND s.organisation_id = ms.organisation_id) AS last_used_at, \
         (SELECT COUNT(*) FROM totp_factors t WHERE t.member_id = m.id AND t.state = 'confirmed') AS totp, \
         (SELECT COUNT(*) FROM passkeys p WHERE p.member_id = m.id) AS passkeys \
         FROM memberships ms JOIN members m ON m.id = ms.member_id \
         WHERE ms.organisation_id = $1 AND ($2 IS NULL OR ms.member_id = $2) ORDER BY ms.created_at, ms.member_id"
    );
    let rows = sql(text).bind(reader.organisation()).bind(only).fetch_all(reader.db()).await?;
    rows.iter()
        .map(|row| {
            Ok(TeamMember {
                membership: read_membership(row)?,
                sealed: read_sealed(row)?,
                totp: row.get("totp")?,
                passkeys: row.get("passkeys")?,
                last_used_at: row.get("last_used_at")?,
            })
        })
        .collect()
}

pub(super) async fn membership(tx: &mut OrganisationTx, id: MemberId) -> StoreResult<Option<Membership>> {
    let text = format!("SELECT {MEMBERSHIP} FROM memberships ms WHERE ms.organisation_id = $1 AND ms.member_id = $2");
    let organisation = tx.organisation();
    let row = sql(text).bind(organisation).bind(id).fetch_optional(tx.tx()).await?;
    row.as_ref().map(read_membership).transpose()
}

/// How many owners may work, but for one.
pub(super) async fn owners_but(tx: &mut OrganisationTx, id: MemberId) -> StoreResult<i64> {
    let organisation = tx.organisation();
    sql("SELECT COUNT(*) AS owners FROM memberships \
         WHERE organisation_id = $1 AND member_id <> $2 AND role = 'owner' AND suspended_at IS NULL")
    .bind(organisation)
    .bind(id)
    .fetch_one(tx.tx())
    .await?
    .get("owners")
}

pub(super) async fn set_role(tx: &mut OrganisationTx, id: MemberId, role: Role) -> StoreResult<u64> {
    let organisation = tx.organisation();
    sql("UPDATE memberships SET role = $3 WHERE organisation_id = $1 AND member_id = $2")
        .bind(organisation)
        .bind(id)
        .bind(role.name())
        .execute(tx.tx())
        .await
}

pub(super) async fn set_suspended(tx: &mut OrganisationTx, id: MemberId, at: Option<Timestamp>) -> StoreResult<u64> {
    let organisation = tx.organisation();
    sql("UPDATE memberships SET suspended_at = $3 WHERE organisation_id = $1 AND member_id = $2")
        .bind(organisation)
        .bind(id)
        .bind(at)
        .execute(tx.tx())
        .await
}

pub(super) async fn remove(tx: &mut OrganisationTx, id: MemberId) -> StoreResult<u64> {
    let organisation = tx.organisation();
    sql("DELETE FROM memberships WHERE organisation_id = $1 AND member_id = $2")
        .bind(organisation)
        .bind(id)
        .execute(tx.tx())
        .await
}

/// One of the organisations where a member works, whether they may or are suspended.
pub(super) async fn any_organisation(tx: &mut Tx, id: MemberId) -> StoreResult<Option<OrganisationId>> {
    let query = sql("SELECT organisation_id FROM memberships WHERE member_id = $1 ORDER BY created_at LIMIT 1");
    query.bind(id).fetch_optional(tx).await?.map(|row| row.get("organisation_id")).transpose()
}

/// Whether a member works in an organisation, or is suspended there.
pub(super) async fn is_in(tx: &mut Tx, id: MemberId, organisation: OrganisationId) -> StoreResult<bool> {
    let query = sql("SELECT member_id FROM memberships WHERE member_id = $1 AND organisation_id = $2");
    Ok(query.bind(id).bind(organisation).fetch_optional(tx).await?.is_some())
}

/// How a member works in an organisation.
pub(super) async fn works_as(tx: &mut Tx, id: MemberId, organisation: OrganisationId) -> StoreResult<WorksAs> {
    let text = format!("SELECT {MEMBERSHIP} FROM memberships ms WHERE ms.member_id = $1 AND ms.organisation_id = $2");
    let row = sql(text).bind(id).bind(organisation).fetch_optional(tx).await?;
    let membership = row.as_ref().map(read_membership).transpose()?;
    Ok(match membership {
        None => WorksAs::Nobody,
        Some(Membership { suspended_at: Some(_), .. }) => WorksAs::Suspended,
        Some(Membership { role, .. }) => WorksAs::Active(role),
    })
}

/// Whether a member works in other organisations than one, or is suspended there.
pub(super) async fn works_elsewhere(tx: &mut Tx, id: MemberId, but: OrganisationId) -> StoreResult<bool> {
    let query = sql("SELECT member_id FROM memberships WHERE member_id = $1 AND organisation_id <> $2 LIMIT 1");
    Ok(query.bind(id).bind(but).fetch_optional(tx).await?.is_some())
}

/// Whether a member has a password.
pub(super) async fn has_password(tx: &mut Tx, id: MemberId) -> StoreResult<bool> {
    let query = sql("SELECT id FROM members WHERE id = $1 AND password <> ''");
    Ok(query.bind(id).fetch_optional(tx).await?.is_some())
}

/// Whether it is a provider's word alone that a member's account is its address's owner's.
pub(super) async fn is_address_said(tx: &mut Tx, id: MemberId) -> StoreResult<bool> {
    let query = sql("SELECT id FROM members WHERE id = $1 AND address_said = 1");
    Ok(query.bind(id).fetch_optional(tx).await?.is_some())
}

/// Writes that it is not any more.
pub(super) async fn set_address_proven(tx: &mut Tx, id: MemberId) -> StoreResult<u64> {
    sql("UPDATE members SET address_said = 0 WHERE id = $1").bind(id).execute(tx).await
}

/// Forgets a member who has neither memberships nor sessions.
pub(super) async fn forget(tx: &mut Tx, id: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM members WHERE id = $1").bind(id).execute(tx).await
}

/// Whether one of these indexes is a member's of the reader's organisation.
pub(super) async fn works_here(reader: OrganisationReader<'_>, indexes: &[[u8; 32]]) -> StoreResult<bool> {
    let text = format!(
        "SELECT m.id FROM members m JOIN memberships ms ON ms.member_id = m.id \
         WHERE ms.organisation_id = $1 AND m.email_index IN ({})",
        dialect::placeholders(2, indexes.len()),
    );
    let query = sql(text).bind(reader.organisation()).bind_all(indexes.iter().copied());
    Ok(query.fetch_optional(reader.db()).await?.is_some())
}

/// Of the organisations where a member may work, the one of their latest session.
pub(super) async fn begins_in(tx: &mut Tx, id: MemberId) -> StoreResult<Option<OrganisationId>> {
    let row = sql("SELECT ms.organisation_id FROM memberships ms WHERE ms.member_id = $1 AND ms.suspended_at IS NULL \
                   ORDER BY COALESCE((SELECT MAX(s.created_at) FROM sessions s WHERE s.member_id = ms.member_id \
                   AND s.organisation_id = ms.organisation_id), 0) DESC, ms.created_at, ms.organisation_id LIMIT 1")
    .bind(id)
    .fetch_optional(tx)
    .await?;
    row.map(|row| row.get("organisation_id")).transpose()
}

/// Where a member may work: each organisation with its name and their role, in the order of their joining.
pub(super) async fn organisations(db: &Db, id: MemberId) -> StoreResult<Vec<(OrganisationId, String, Role)>> {
    sql("SELECT o.id, o.name, ms.role FROM memberships ms JOIN organisations o ON o.id = ms.organisation_id \
         WHERE ms.member_id = $1 AND ms.suspended_at IS NULL ORDER BY ms.created_at, o.id")
    .bind(id)
    .fetch_all(db.read(Scope::System))
    .await?
    .iter()
    .map(|row| Ok((row.get("id")?, row.get("name")?, read_role(row)?)))
    .collect()
}

pub(super) async fn set_name(tx: &mut Tx, id: MemberId, name: &[u8]) -> StoreResult<u64> {
    sql("UPDATE members SET name = $2 WHERE id = $1").bind(id).bind(name).execute(tx).await
}

pub(super) async fn set_email(tx: &mut Tx, id: MemberId, email: &[u8], index: &Hashes<32>) -> StoreResult<u64> {
    sql("UPDATE members SET email = $2, email_index = $3, index_version = $4 WHERE id = $1")
        .bind(id)
        .bind(email)
        .bind(index.primary)
        .bind(index.version)
        .execute(tx)
        .await
}

/// What of a member is sealed, whoever's they are.
pub(super) async fn sealed(tx: &mut Tx, id: MemberId) -> StoreResult<Option<SealedMember>> {
    let text = format!("SELECT {SEALED} FROM members m WHERE m.id = $1");
    sql(text).bind(id).fetch_optional(tx).await?.as_ref().map(read_sealed).transpose()
}

/// Whether a member has one of these indexes.
pub(super) async fn is_taken(tx: &mut Tx, indexes: &[[u8; 32]]) -> StoreResult<bool> {
    let text = format!("SELECT id FROM members WHERE email_index IN ({})", dialect::placeholders(1, indexes.len()));
    Ok(sql(text).bind_all(indexes.iter().copied()).fetch_optional(tx).await?.is_some())
}

/// Whether there is such a member, who is held until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, engine: Engine, id: MemberId) -> StoreResult<bool> {
    let text = format!("SELECT id FROM members WHERE id = $1{}", dialect::for_update(engine));
    Ok(sql(text).bind(id).fetch_optional(tx).await?.is_some())
}

/// Whether a member has the password with this hash; they are held until the transaction ends.
pub(super) async fn holds_password(tx: &mut Tx, engine: Engine, id: MemberId, hash: &str) -> StoreResult<bool> {
    let text = format!("SELECT id FROM members WHERE id = $1 AND password = $2{}", dialect::for_update(engine));
    Ok(sql(text).bind(id).bind(hash).fetch_optional(tx).await?.is_some())
}

/// Writes a new password.
pub(super) async fn set_password(
    tx: &mut Tx,
    id: MemberId,
    new: &PreparedPassword,
    now: Timestamp,
) -> StoreResult<u64> {
    sql("UPDATE members SET password = $2, pepper_version = $3, password_changed_at = $4, password_alone = $5 WHERE id = $1")
        .bind(id)
        .bind(new.hash.as_str())
        .bind(new.pepper_version)
        .bind(now)
        .bind(new.does_alone)
        .execute(tx)
        .await
}

/// Writes a password's newer hash in the place of the one that was checked.
pub(super) async fn upgrade_password(
    tx: &mut Tx,
    of: &Account,
    password: &str,
    pepper_version: u32,
) -> StoreResult<u64> {
    sql("UPDATE members SET password = $2, pepper_version = $3 WHERE id = $1 AND password = $4")
        .bind(of.id)
        .bind(password)
        .bind(pepper_version)
        .bind(of.password.as_str())
        .execute(tx)
        .await
}

/// The account of a member.
pub(super) async fn account_of(db: &Db, id: MemberId) -> StoreResult<Option<Account>> {
    let query = sql("SELECT id, password, pepper_version FROM members WHERE id = $1").bind(id);
    query.fetch_optional(db.read(Scope::System)).await?.as_ref().map(read_account).transpose()
}

/// When a member's password was chosen; nothing of whom has none.
pub(super) async fn password_changed_at(db: &Db, id: MemberId) -> StoreResult<Option<Timestamp>> {
    let query = sql("SELECT password_changed_at FROM members WHERE id = $1 AND password <> ''").bind(id);
    let row = query.fetch_optional(db.read(Scope::System)).await?;
    row.map(|row| row.get("password_changed_at")).transpose()
}

/// The account with one of these indexes.
pub(super) async fn account(on: impl Executor, indexes: &[[u8; 32]]) -> StoreResult<Option<Account>> {
    let text = format!(
        "SELECT id, password, pepper_version FROM members WHERE email_index IN ({})",
        dialect::placeholders(1, indexes.len()),
    );
    let row = sql(text).bind_all(indexes.iter().copied()).fetch_optional(on).await?;
    row.as_ref().map(read_account).transpose()
}

fn read_account(row: &Row) -> StoreResult<Account> {
    Ok(Account { id: row.get("id")?, password: row.get("password")?, pepper_version: row.get("pepper_version")? })
}

fn read_role(row: &Row) -> StoreResult<Role> {
    Role::from_name(&row.get::<String>("role")?).ok_or_else(|| StoreError::Decode { column: "role".to_owned() })
}

fn read_membership(row: &Row) -> StoreResult<Membership> {
    Ok(Membership {
        member: row.get("member_id")?,
        role: read_role(row)?,
        created_at: row.get("created_at")?,
        suspended_at: row.get("suspended_at")?,
    })
}

fn read_sealed(row: &Row) -> StoreResult<SealedMember> {
    Ok(SealedMember {
        id: row.get("id")?,
        sealed_by: row.get("organisation_id")?,
        email: row.get("email")?,
        name: row.get("name")?,
    })
}
