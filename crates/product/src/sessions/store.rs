//! SQL of sessions and of attempts to sign in.

use std::time::Duration;

use base::Timestamp;
use base::id::{IdentityProviderId, MemberId, OrganisationId, SessionId};
use store::{Db, Executor, Row, Scope, StoreError, StoreResult, Tx, dialect, sql};

use super::standing::{Began, Factors, Level, ProviderRule, RequireMfa, Standing};
use crate::authority::Role;

/// A session that begins.
pub(super) struct NewSession {
    pub(super) hash: [u8; 32],
    pub(super) key_version: u32,
    pub(super) id: SessionId,
    pub(super) member: MemberId,
    pub(super) organisation: OrganisationId,
    pub(super) device: String,
    pub(super) level: Level,
    /// Over which it begins, if over one, and what its word is trusted for.
    pub(super) provider: Option<IdentityProviderId>,
    pub(super) provider_level: Level,
    pub(super) now: Timestamp,
}

/// A session that was found, with its member's role now.
pub(super) struct FoundSession {
    pub(super) id: SessionId,
    pub(super) key_version: u32,
    pub(super) member: MemberId,
    pub(super) organisation: OrganisationId,
    pub(super) role: Role,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Timestamp,
    pub(super) limits: Limits,
    pub(super) standing: Standing,
}

/// How long sessions of an organisation last.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) idle: Duration,
    pub(super) absolute: Duration,
}

pub(super) async fn insert(tx: &mut Tx, session: &NewSession) -> StoreResult<u64> {
    sql("INSERT INTO sessions (hash, key_version, id, member_id, organisation_id, device, created_at, last_used_at, proven_at, \
         level, provider_id, proven_here, provider_level) VALUES ($1, $6, $2, $3, $4, $7, $5, $5, $5, $8, $9, $10, $11)")
    .bind(session.hash)
    .bind(session.id)
    .bind(session.member)
    .bind(session.organisation)
    .bind(session.now)
    .bind(session.key_version)
    .bind(session.device.as_str())
    .bind(session.level.name())
    .bind(session.provider)
    .bind(session.provider.is_none())
    .bind(session.provider_level.name())
    .execute(tx)
    .await
}

/// The session with one of these hashes that has not been ended, of a member who may work in its organisation, and over one of that
/// organisation's providers if over one; whether it has expired is for the caller to see.
pub(super) async fn find(db: &Db, hashes: &[[u8; 32]]) -> StoreResult<Option<FoundSession>> {
    let text = format!("SELECT {COLUMNS} {FROM} s.hash IN ({})", dialect::placeholders(1, hashes.len()));
    let row = sql(text).bind_all(hashes.iter().copied()).fetch_optional(db.read(Scope::System)).await?;
    row.as_ref().map(read_found).transpose()
}

/// As [`find`], by its id.
pub(super) async fn get(on: impl Executor, id: SessionId) -> StoreResult<Option<FoundSession>> {
    let row = sql(format!("SELECT {COLUMNS} {FROM} s.id = $1")).bind(id).fetch_optional(on).await?;
    row.as_ref().map(read_found).transpose()
}

const COLUMNS: &str = "s.id, s.key_version, s.member_id, s.organisation_id, s.created_at, s.last_used_at, s.level, \
    s.proven_at, s.provider_id, s.provider_level, s.proven_here, ms.role, ms.created_at AS joined_at, o.require_mfa, \
    o.mfa_required_at, o.any_mfa_required_at, o.grace_days, o.idle_minutes, o.absolute_hours, o.provider_required_at, \
    (SELECT m.second_factor_since FROM members m WHERE m.id = s.member_id) AS second_factor_since, \
    (SELECT COUNT(*) FROM members m WHERE m.id = s.member_id AND m.password <> '') AS has_password, \
    (SELECT COUNT(*) FROM memberships e WHERE e.member_id = s.member_id AND e.organisation_id <> s.organisation_id) AS elsewhere, \
    (SELECT COUNT(*) FROM totp_factors t WHERE t.member_id = s.member_id AND t.state = 'confirmed') AS totp, \
    (SELECT COUNT(*) FROM passkeys p WHERE p.member_id = s.member_id) AS passkeys, \
    (SELECT COUNT(*) FROM recovery_codes r WHERE r.member_id = s.member_id) AS recovery_codes";

const FROM: &str = "FROM sessions s JOIN memberships ms ON ms.member_id = s.member_id AND ms.organisation_id = s.organisation_id \
    JOIN organisations o ON o.id = s.organisation_id \
    WHERE s.ended_at IS NULL AND ms.suspended_at IS NULL AND (s.provider_id IS NULL OR EXISTS \
    (SELECT 1 FROM identity_providers ip WHERE ip.id = s.provider_id AND ip.organisation_id = s.organisation_id)) AND";

fn read_found(row: &Row) -> StoreResult<FoundSession> {
    Ok(FoundSession {
        id: row.get("id")?,
        key_version: row.get("key_version")?,
        member: row.get("member_id")?,
        organisation: row.get("organisation_id")?,
        role: named(row, "role", Role::from_name)?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        limits: Limits {
            idle: Duration::from_mins(row.get("idle_minutes")?),
            absolute: Duration::from_hours(row.get("absolute_hours")?),
        },
        standing: read_standing(row)?,
    })
}

fn read_standing(row: &Row) -> StoreResult<Standing> {
    let joined_at: Timestamp = row.get("joined_at")?;
    let grace = Duration::from_hours(24 * row.get::<u64>("grace_days")?);
    let until = |column| -> StoreResult<Timestamp> {
        let required_at: Option<Timestamp> = row.get(column)?;
        Ok(required_at.map_or(joined_at, |at| at.max(joined_at)).plus(grace))
    };
    let role = named(row, "role", Role::from_name)?;
    let factors =
        Factors { passkeys: row.get("passkeys")?, totp: row.get("totp")?, recovery_codes: row.get("recovery_codes")? };
    Ok(Standing {
        level: named(row, "level", Level::from_name)?,
        began: Began {
            provider: row.get("provider_id")?,
            provider_level: named(row, "provider_level", Level::from_name)?.vouched(role, factors),
            proven_here: row.get("proven_here")?,
            rule: ProviderRule::of(row.get("provider_required_at")?, role, row.get("second_factor_since")?, factors),
            works_elsewhere: row.get("elsewhere")?,
        },
        has_password: row.get("has_password")?,
        factors,
        required: named(row, "require_mfa", RequireMfa::from_name)?,
        grace_until: until("mfa_required_at")?,
        any_grace_until: until("any_mfa_required_at")?,
        proven_at: row.get("proven_at")?,
    })
}

/// A column that holds a name of ours.
fn named<T>(row: &Row, column: &str, read: impl Fn(&str) -> Option<T>) -> StoreResult<T> {
    read(&row.get::<String>(column)?).ok_or_else(|| StoreError::Decode { column: column.to_owned() })
}

/// In which organisation a session works, and with which role, if it has not ended and its member may work there.
pub(super) async fn works(on: impl Executor, id: SessionId) -> StoreResult<Option<(OrganisationId, Role)>> {
    let query =
        sql("SELECT s.organisation_id, ms.role FROM sessions s JOIN memberships ms ON ms.member_id = s.member_id \
                     AND ms.organisation_id = s.organisation_id \
                     WHERE s.id = $1 AND s.ended_at IS NULL AND ms.suspended_at IS NULL");
    let row = query.bind(id).fetch_optional(on).await?;
    row.map(|row| Ok((row.get("organisation_id")?, named(&row, "role", Role::from_name)?))).transpose()
}

/// Writes what a session has proven, if it is more than before, and when.
pub(super) async fn raise(tx: &mut Tx, id: SessionId, level: Level, now: Timestamp) -> StoreResult<u64> {
    let below = Level::ALL.into_iter().filter(|lower| *lower < level).map(Level::name);
    let below: Vec<&str> = below.collect();
    let text = format!(
        "UPDATE sessions SET proven_at = $2, level = CASE WHEN level IN ({}) THEN $3 ELSE level END WHERE id = $1",
        dialect::placeholders(4, below.len()),
    );
    sql(text).bind(id).bind(now).bind(level.name()).bind_all(below).execute(tx).await
}

/// Writes that the member has proven something here, and not a provider for them.
pub(super) async fn set_proven_here(tx: &mut Tx, id: SessionId) -> StoreResult<u64> {
    sql("UPDATE sessions SET proven_here = 1 WHERE id = $1").bind(id).execute(tx).await
}

/// Writes that a member has signed in over a provider too, or once more, and what its word is trusted for: in a session of theirs in the
/// provider's organisation that has not ended and is over no other one.
pub(super) async fn set_provider(
    tx: &mut Tx,
    (member, id): (MemberId, SessionId),
    provider: IdentityProviderId,
    level: Level,
) -> StoreResult<u64> {
    sql("UPDATE sessions SET provider_id = $3, provider_level = $4 WHERE id = $1 AND member_id = $2 AND ended_at IS NULL \
         AND (provider_id IS NULL OR provider_id = $3) \
         AND organisation_id = (SELECT p.organisation_id FROM identity_providers p WHERE p.id = $3)")
    .bind(id)
    .bind(member)
    .bind(provider)
    .bind(level.name())
    .execute(tx)
    .await
}

/// Ends the sessions that began over a provider; one member's, if one is given.
pub(super) async fn end_over(
    tx: &mut Tx,
    provider: IdentityProviderId,
    member: Option<MemberId>,
    now: Timestamp,
) -> StoreResult<u64> {
    sql("UPDATE sessions SET ended_at = $3 WHERE provider_id = $1 AND ($2 IS NULL OR member_id = $2) AND ended_at IS NULL")
        .bind(provider)
        .bind(member)
        .bind(now)
        .execute(tx)
        .await
}

pub(super) async fn replace_token(tx: &mut Tx, id: SessionId, hash: &[u8; 32], version: u32) -> StoreResult<u64> {
    sql("UPDATE sessions SET hash = $2, key_version = $3 WHERE id = $1")
        .bind(id)
        .bind(*hash)
        .bind(version)
        .execute(tx)
        .await
}

pub(super) async fn touch(db: &Db, id: SessionId, now: Timestamp) -> StoreResult<()> {
    let mut tx = db.begin(Scope::System).await?;
    sql("UPDATE sessions SET last_used_at = $2 WHERE id = $1").bind(id).bind(now).execute(&mut tx).await?;
    tx.commit().await
}

/// Writes a session's hash under a newer version of the key.
pub(super) async fn rehash(db: &Db, id: SessionId, hash: &[u8; 32], version: u32) -> StoreResult<()> {
    let mut tx = db.begin(Scope::System).await?;
    sql("UPDATE sessions SET hash = $2, key_version = $3 WHERE id = $1 AND key_version < $3")
        .bind(id)
        .bind(*hash)
        .bind(version)
        .execute(&mut tx)
        .await?;
    tx.commit().await
}

/// How many sessions with a hash under this version have not ended and were used and begun after these times.
pub(super) async fn hashed_with(tx: &mut Tx, version: u32, used: Timestamp, begun: Timestamp) -> StoreResult<u64> {
    sql("SELECT COUNT(*) AS sessions FROM sessions \
         WHERE key_version = $1 AND ended_at IS NULL AND last_used_at >= $2 AND created_at >= $3")
    .bind(version)
    .bind(used)
    .bind(begun)
    .fetch_one(tx)
    .await?
    .get("sessions")
}

/// Ends a member's sessions in an organisation, but for one.
pub(super) async fn end_in(
    tx: &mut Tx,
    member: MemberId,
    organisation: OrganisationId,
    but: Option<SessionId>,
    now: Timestamp,
) -> StoreResult<u64> {
    sql("UPDATE sessions SET ended_at = $4 WHERE member_id = $1 AND organisation_id = $2 AND ended_at IS NULL \
         AND ($3 IS NULL OR id <> $3)")
    .bind(member)
    .bind(organisation)
    .bind(but)
    .bind(now)
    .execute(tx)
    .await
}

/// Ends all sessions of a member, but for one.
pub(super) async fn end_all(tx: &mut Tx, member: MemberId, but: Option<SessionId>, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE sessions SET ended_at = $3 WHERE member_id = $1 AND ($2 IS NULL OR id <> $2) AND ended_at IS NULL")
        .bind(member)
        .bind(but)
        .bind(now)
        .execute(tx)
        .await
}

/// Ends one of a member's sessions.
pub(super) async fn end_own(tx: &mut Tx, member: MemberId, id: SessionId, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE sessions SET ended_at = $3 WHERE id = $1 AND member_id = $2 AND ended_at IS NULL")
        .bind(id)
        .bind(member)
        .bind(now)
        .execute(tx)
        .await
}

/// Has a session go on in another organisation where its member may work. One that began over a provider is good for that
/// provider's organisation.
pub(super) async fn move_to(tx: &mut Tx, id: SessionId, organisation: OrganisationId) -> StoreResult<u64> {
    sql("UPDATE sessions SET organisation_id = $2 WHERE id = $1 AND provider_id IS NULL AND EXISTS (SELECT 1 FROM memberships ms \
         WHERE ms.member_id = sessions.member_id AND ms.organisation_id = $2 AND ms.suspended_at IS NULL)")
    .bind(id)
    .bind(organisation)
    .execute(tx)
    .await
}

pub(super) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM sessions WHERE member_id = $1").bind(member).execute(tx).await
}

/// Forgets sessions that were used last before a time.
pub(super) async fn forget_before(tx: &mut Tx, time: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM sessions WHERE last_used_at < $1").bind(time).execute(tx).await
}

/// A session as its member sees it.
pub(super) struct OwnSession {
    pub(super) found: FoundSession,
    pub(super) device: String,
    pub(super) organisation_name: String,
}

/// A member's sessions that were used and begun since these times, the one used last first; whether one is over is for the caller
/// to see, as of [`find`].
pub(super) async fn own(db: &Db, member: MemberId, used: Timestamp, begun: Timestamp) -> StoreResult<Vec<OwnSession>> {
    let text = format!(
        "SELECT {COLUMNS}, s.device, o.name AS organisation_name {FROM} s.member_id = $1 AND s.last_used_at >= $2 \
         AND s.created_at >= $3 ORDER BY s.last_used_at DESC, s.id DESC"
    );
    let rows = sql(text).bind(member).bind(used).bind(begun).fetch_all(db.read(Scope::System)).await?;
    rows.iter()
        .map(|row| {
            let (device, organisation_name) = (row.get("device")?, row.get("organisation_name")?);
            Ok(OwnSession { found: read_found(row)?, device, organisation_name })
        })
        .collect()
}

/// When a subject, known by these hashes, tried since a time, oldest first.
pub(super) async fn attempts<const N: usize>(
    on: impl Executor,
    subject: &[[u8; N]],
    since: Timestamp,
) -> StoreResult<Vec<Timestamp>> {
    let subjects = dialect::placeholders(2, subject.len());
    sql(format!("SELECT at FROM sign_in_attempts WHERE subject IN ({subjects}) AND at > $1 ORDER BY at, number"))
        .bind(since)
        .bind_all(subject.iter().map(<[u8; N]>::as_slice))
        .fetch_all(on)
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
