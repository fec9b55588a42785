//! SQL of second factors.

use base::Timestamp;
use base::id::MemberId;
use store::{Db, Executor, Scope, StoreResult, Tx, sql};

/// Whether a code of the secret has been given.
#[derive(Clone, Copy)]
pub(super) enum State {
    Pending,
    Confirmed,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
        }
    }
}

/// A secret of one-time codes, sealed.
pub(super) struct TotpRow {
    pub(super) member: MemberId,
    pub(super) state: String,
    pub(super) secret: Vec<u8>,
}

pub(super) async fn set_totp(
    tx: &mut Tx,
    member: MemberId,
    state: State,
    secret: &[u8],
    now: Timestamp,
) -> StoreResult<u64> {
    sql("INSERT INTO totp_factors (member_id, state, secret, step, created_at) VALUES ($1, $2, $3, 0, $4) \
         ON CONFLICT (member_id, state) DO UPDATE SET secret = $3, step = 0, created_at = $4")
    .bind(member)
    .bind(state.name())
    .bind(secret)
    .bind(now)
    .execute(tx)
    .await
}

pub(super) async fn totp(tx: &mut Tx, member: MemberId, state: State) -> StoreResult<Option<TotpRow>> {
    let query = sql("SELECT member_id, state, secret FROM totp_factors WHERE member_id = $1 AND state = $2");
    let row = query.bind(member).bind(state.name()).fetch_optional(tx).await?;
    row.as_ref().map(read_totp).transpose()
}

/// Every secret: a few for each member.
pub(super) async fn all_totp(tx: &mut Tx) -> StoreResult<Vec<TotpRow>> {
    let query = sql("SELECT member_id, state, secret FROM totp_factors ORDER BY member_id, state");
    query.fetch_all(tx).await?.iter().map(read_totp).collect()
}

/// Puts what was sealed anew in the place of the bytes that it was made of.
pub(super) async fn set_secret(tx: &mut Tx, of: &TotpRow, secret: &[u8]) -> StoreResult<u64> {
    sql("UPDATE totp_factors SET secret = $3 WHERE member_id = $1 AND state = $2 AND secret = $4")
        .bind(of.member)
        .bind(of.state.as_str())
        .bind(secret)
        .bind(of.secret.as_slice())
        .execute(tx)
        .await
}

/// Since when a member has one-time codes.
pub(super) async fn totp_since(db: &Db, member: MemberId) -> StoreResult<Option<Timestamp>> {
    let query = sql("SELECT created_at FROM totp_factors WHERE member_id = $1 AND state = 'confirmed'").bind(member);
    query.fetch_optional(db.read(Scope::System)).await?.map(|row| row.get("created_at")).transpose()
}

/// Makes the pending secret the confirmed one; the step of the code that was given is used.
pub(super) async fn confirm_totp(tx: &mut Tx, member: MemberId, step: i64, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE totp_factors SET state = 'confirmed', step = $2, created_at = $3 \
         WHERE member_id = $1 AND state = 'pending'")
    .bind(member)
    .bind(step)
    .bind(now)
    .execute(tx)
    .await
}

pub(super) async fn remove_totp(tx: &mut Tx, member: MemberId, state: State) -> StoreResult<u64> {
    sql("DELETE FROM totp_factors WHERE member_id = $1 AND state = $2")
        .bind(member)
        .bind(state.name())
        .execute(tx)
        .await
}

/// Uses a step, unless it or a later one was used.
pub(super) async fn use_step(tx: &mut Tx, member: MemberId, step: i64) -> StoreResult<u64> {
    sql("UPDATE totp_factors SET step = $2 WHERE member_id = $1 AND state = 'confirmed' AND step < $2")
        .bind(member)
        .bind(step)
        .execute(tx)
        .await
}

pub(super) async fn add_code(tx: &mut Tx, member: MemberId, hash: &[u8; 32], now: Timestamp) -> StoreResult<u64> {
    sql("INSERT INTO recovery_codes (member_id, hash, created_at) VALUES ($1, $2, $3)")
        .bind(member)
        .bind(*hash)
        .bind(now)
        .execute(tx)
        .await
}

pub(super) async fn take_code(tx: &mut Tx, member: MemberId, hash: &[u8; 32]) -> StoreResult<u64> {
    sql("DELETE FROM recovery_codes WHERE member_id = $1 AND hash = $2").bind(member).bind(*hash).execute(tx).await
}

pub(super) async fn remove_codes(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM recovery_codes WHERE member_id = $1").bind(member).execute(tx).await
}

/// How many recovery codes a member has left.
pub(super) async fn codes_left(on: impl Executor, member: MemberId) -> StoreResult<u64> {
    let query = sql("SELECT COUNT(*) AS codes FROM recovery_codes WHERE member_id = $1").bind(member);
    query.fetch_one(on).await?.get("codes")
}

/// Whether a member has one-time codes or a key.
pub(super) async fn has_factor(on: impl Executor, member: MemberId) -> StoreResult<bool> {
    let query = sql("SELECT member_id FROM totp_factors WHERE member_id = $1 AND state = 'confirmed' \
                     UNION SELECT member_id FROM passkeys WHERE member_id = $1");
    Ok(query.bind(member).fetch_optional(on).await?.is_some())
}

/// Writes that a member has a second factor, unless they had one before.
pub(super) async fn has_since(tx: &mut Tx, member: MemberId, now: Timestamp) -> StoreResult<u64> {
    let query = sql("UPDATE members SET second_factor_since = $2 WHERE id = $1 AND second_factor_since IS NULL");
    query.bind(member).bind(now).execute(tx).await
}

/// Writes that a member has none any more.
pub(super) async fn has_no_more(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("UPDATE members SET second_factor_since = NULL WHERE id = $1").bind(member).execute(tx).await
}

/// Whether a member's password is long enough to be all that they sign in with.
pub(super) async fn password_does_alone(tx: &mut Tx, member: MemberId) -> StoreResult<bool> {
    sql("SELECT password_alone FROM members WHERE id = $1").bind(member).fetch_one(tx).await?.get("password_alone")
}

pub(super) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<()> {
    for text in ["DELETE FROM totp_factors WHERE member_id = $1", "DELETE FROM recovery_codes WHERE member_id = $1"] {
        sql(text).bind(member).execute(&mut *tx).await?;
    }
    Ok(())
}

fn read_totp(row: &store::Row) -> StoreResult<TotpRow> {
    Ok(TotpRow { member: row.get("member_id")?, state: row.get("state")?, secret: row.get("secret")? })
}
