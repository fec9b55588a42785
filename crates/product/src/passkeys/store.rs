//! SQL of passkeys and of answered challenges.

use base::Timestamp;
use base::id::{MemberId, PasskeyId};
use store::{Db, Scope, StoreError, StoreResult, Tx, sql};

use super::{Passkey, PasskeyKind};

/// What is needed to check what a key signed.
#[allow(clippy::struct_field_names, reason = "a public key is called that")]
pub(super) struct Key {
    pub(super) id: PasskeyId,
    pub(super) member: MemberId,
    pub(super) public_key: Vec<u8>,
    pub(super) algorithm: i64,
    pub(super) device: String,
}

/// A key that is being kept.
pub(super) struct NewPasskey<'a> {
    pub(super) id: PasskeyId,
    pub(super) member: MemberId,
    pub(super) credential: &'a [u8],
    pub(super) public_key: &'a [u8],
    pub(super) algorithm: i64,
    pub(super) counter: i64,
    pub(super) kind: PasskeyKind,
    pub(super) device: &'a str,
    pub(super) now: Timestamp,
}

pub(super) async fn insert(tx: &mut Tx, key: &NewPasskey<'_>) -> StoreResult<u64> {
    sql("INSERT INTO passkeys (id, member_id, credential, public_key, algorithm, counter, kind, device, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
    .bind(key.id)
    .bind(key.member)
    .bind(key.credential)
    .bind(key.public_key)
    .bind(key.algorithm)
    .bind(key.counter)
    .bind(key.kind.name())
    .bind(key.device)
    .bind(key.now)
    .execute(tx)
    .await
}

pub(super) async fn list(db: &Db, member: MemberId) -> StoreResult<Vec<Passkey>> {
    sql("SELECT id, kind, device, created_at, last_used_at FROM passkeys WHERE member_id = $1 ORDER BY created_at, id")
        .bind(member)
        .fetch_all(db.read(Scope::System))
        .await?
        .iter()
        .map(|row| {
            Ok(Passkey {
                id: row.get("id")?,
                kind: PasskeyKind::from_name(&row.get::<String>("kind")?)
                    .ok_or_else(|| StoreError::Decode { column: "kind".to_owned() })?,
                device: row.get("device")?,
                created_at: row.get("created_at")?,
                last_used_at: row.get("last_used_at")?,
            })
        })
        .collect()
}

/// The ids that a member's keys have of themselves.
pub(super) async fn credentials(db: &Db, member: MemberId) -> StoreResult<Vec<Vec<u8>>> {
    let query = sql("SELECT credential FROM passkeys WHERE member_id = $1 ORDER BY created_at, id").bind(member);
    query.fetch_all(db.read(Scope::System)).await?.iter().map(|row| row.get("credential")).collect()
}

pub(super) async fn by_credential(tx: &mut Tx, credential: &[u8]) -> StoreResult<Option<Key>> {
    let query = sql("SELECT id, member_id, public_key, algorithm, device FROM passkeys WHERE credential = $1");
    let row = query.bind(credential).fetch_optional(tx).await?;
    row.map(|row| {
        Ok(Key {
            id: row.get("id")?,
            member: row.get("member_id")?,
            public_key: row.get("public_key")?,
            algorithm: row.get("algorithm")?,
            device: row.get("device")?,
        })
    })
    .transpose()
}

/// Writes that a key was used, unless it counts and did not count up.
pub(super) async fn used(tx: &mut Tx, id: PasskeyId, counter: i64, now: Timestamp) -> StoreResult<u64> {
    sql("UPDATE passkeys SET counter = $2, last_used_at = $3 \
         WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0))")
    .bind(id)
    .bind(counter)
    .bind(now)
    .execute(tx)
    .await
}

/// How many keys a member has.
pub(super) async fn count(tx: &mut Tx, member: MemberId) -> StoreResult<usize> {
    let query = sql("SELECT id FROM passkeys WHERE member_id = $1").bind(member);
    Ok(query.fetch_all(tx).await?.len())
}

/// Whether a member has a key that asks for its owner.
pub(super) async fn has_passkey(tx: &mut Tx, member: MemberId) -> StoreResult<bool> {
    let query = sql("SELECT id FROM passkeys WHERE member_id = $1 AND kind = $2 LIMIT 1").bind(member);
    Ok(query.bind(PasskeyKind::Passkey.name()).fetch_optional(tx).await?.is_some())
}

pub(super) async fn remove(tx: &mut Tx, member: MemberId, id: PasskeyId) -> StoreResult<u64> {
    sql("DELETE FROM passkeys WHERE id = $1 AND member_id = $2").bind(id).bind(member).execute(tx).await
}

pub(super) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM passkeys WHERE member_id = $1").bind(member).execute(tx).await
}

/// Writes that a challenge was answered, unless it was.
pub(super) async fn use_challenge(tx: &mut Tx, challenge: &[u8], expires: Timestamp) -> StoreResult<u64> {
    sql("INSERT INTO answered_challenges (challenge, expires_at) VALUES ($1, $2) ON CONFLICT (challenge) DO NOTHING")
        .bind(challenge)
        .bind(expires)
        .execute(tx)
        .await
}

pub(super) async fn forget_challenges(tx: &mut Tx, before: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM answered_challenges WHERE expires_at <= $1").bind(before).execute(tx).await
}
