//! SQL of sessions and of attempts to sign in.

use base::Timestamp;
use base::id::{MemberId, OrganisationId, SessionId};
use store::{Db, Scope, StoreError, StoreResult, Tx, sql};

use crate::authority::Role;

/// A session that begins.
pub(super) struct NewSession {
    pub(super) hash: [u8; 32],
    pub(super) id: SessionId,
    pub(super) member: MemberId,
    pub(super) organisation: OrganisationId,
    pub(super) now: Timestamp,
}

/// A session that was found, with its member's role now.
pub(super) struct FoundSession {
    pub(super) id: SessionId,
    pub(super) member: MemberId,
    pub(super) organisation: OrganisationId,
    pub(super) role: Role,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Timestamp,
}

pub(super) async fn insert(tx: &mut Tx, session: &NewSession) -> StoreResult<u64> {
    sql("INSERT INTO sessions (hash, id, member_id, organisation_id, created_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $5)")
    .bind(session.hash)
    .bind(session.id)
    .bind(session.member)
    .bind(session.organisation)
    .bind(session.now)
    .execute(tx)
    .await
}

/// A session that has not been ended; whether it has expired is for the caller to see.
pub(super) async fn find(db: &Db, hash: &[u8; 32]) -> StoreResult<Option<FoundSession>> {
    let row = sql("SELECT s.id, s.member_id, s.organisation_id, s.created_at, s.last_used_at, m.role \
                   FROM sessions s JOIN members m ON m.id = s.member_id WHERE s.hash = $1 AND s.ended_at IS NULL")
    .bind(*hash)
    .fetch_optional(db.read(Scope::System))
    .await?;
    row.map(|row| {
        Ok(FoundSession {
            id: row.get("id")?,
            member: row.get("member_id")?,
            organisation: row.get("organisation_id")?,
            role: Role::from_name(&row.get::<String>("role")?)
                .ok_or_else(|| StoreError::Decode { column: "role".to_owned() })?,
            created_at: row.get("created_at")?,
            last_used_at: row.get("last_used_at")?,
        })
    })
    .transpose()
}

pub(super) async fn touch(db: &Db, hash: &[u8; 32], now: Timestamp) -> StoreResult<()> {
    let mut tx = db.begin(Scope::System).await?;
    sql("UPDATE sessions SET last_used_at = $2 WHERE hash = $1").bind(*hash).bind(now).execute(&mut tx).await?;
    tx.commit().await
}

pub(super) async fn end(tx: &mut Tx, id: SessionId, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL").bind(id).bind(now).execute(tx).await
}

/// When a subject tried since a time, oldest first.
pub(super) async fn attempts(tx: &mut Tx, subject: &[u8], since: Timestamp) -> StoreResult<Vec<Timestamp>> {
    sql("SELECT at FROM sign_in_attempts WHERE subject = $1 AND at > $2 ORDER BY at, number")
        .bind(subject)
        .bind(since)
        .fetch_all(tx)
        .await?
        .iter()
        .map(|row| row.get("at"))
        .collect()
}

/// Forgets the attempts of all subjects up to a time.
pub(super) async fn forget_attempts_before(tx: &mut Tx, time: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM sign_in_attempts WHERE at <= $1").bind(time).execute(tx).await
}

/// Adds an attempt. The number tells it from others of the same microsecond.
pub(super) async fn add_attempt(tx: &mut Tx, subject: &[u8], at: Timestamp, number: i64) -> StoreResult<()> {
    sql("INSERT INTO sign_in_attempts (subject, at, number) VALUES ($1, $2, $3)")
        .bind(subject)
        .bind(at)
        .bind(number)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes one attempt back.
pub(super) async fn forget_attempt(tx: &mut Tx, subject: &[u8], at: Timestamp, number: i64) -> StoreResult<u64> {
    sql("DELETE FROM sign_in_attempts WHERE subject = $1 AND at = $2 AND number = $3")
        .bind(subject)
        .bind(at)
        .bind(number)
        .execute(tx)
        .await
}

/// Forgets all attempts of a subject.
pub(super) async fn forget_attempts(tx: &mut Tx, subject: &[u8]) -> StoreResult<u64> {
    sql("DELETE FROM sign_in_attempts WHERE subject = $1").bind(subject).execute(tx).await
}
