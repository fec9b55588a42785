//! Minting subjects, giving them ids, joining them. The caller holds [`lock`].

use base::Timestamp;
use base::id::EnvironmentId;

use super::read::int;
use super::reseal::refuse_below_floor;
use super::{IndexKey, Subject, SubjectKind};
use crate::dialect::{self, placeholders, rows};
use crate::{Engine, StoreError, StoreResult, Tx, Value, sql};

/// How many rows one statement inserts: the databases bound the number of parameters.
const ROWS: usize = 500;

/// A subject that is being made; its number comes with the insertion.
#[derive(Debug, Clone)]
pub struct NewSubject {
    /// Its random id.
    pub id: [u8; 16],
    /// Whether the customer knows it by an id of its own.
    pub identified: bool,
    /// The version of its key pair.
    pub key_version: u32,
    /// The public half.
    pub public_key: [u8; 32],
    /// The private half, sealed.
    pub sealed_private: Vec<u8>,
}

/// An index entry that is being made.
#[derive(Debug, Clone)]
pub struct NewIndex {
    /// By what the subject is found.
    pub key: IndexKey,
    /// The version of the index key.
    pub key_version: u32,
    /// The subject's number.
    pub number: u64,
    /// The value, sealed to the subject.
    pub sealed_value: Vec<u8>,
    /// When the event was that wrote the value; the beginning of time for what is never replaced.
    pub written_at: Timestamp,
}

/// Holds whoever else mints or joins in this environment until the transaction ends.
pub async fn lock(tx: &mut Tx, engine: Engine, environment: EnvironmentId) -> StoreResult<()> {
    dialect::lock(tx, engine, "keyring", &environment.bytes()).await
}

/// Adds subjects, and gives each its number, in their order.
///
/// # Errors
/// [`StoreError::Outdated`] if one is sealed to an erasable key that is being replaced: make it anew.
pub async fn insert(
    tx: &mut Tx,
    environment: EnvironmentId,
    kind: SubjectKind,
    new: &[NewSubject],
    now: Timestamp,
) -> StoreResult<Vec<Subject>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    refuse_below_floor(tx, environment, new).await?;
    let first = take_numbers(tx, environment, kind, new.len()).await?;
    let subjects: Vec<Subject> = new
        .iter()
        .zip(first..)
        .map(|(new, number)| Subject {
            kind,
            number,
            id: new.id,
            identified: new.identified,
            key_version: new.key_version,
            public_key: new.public_key,
        })
        .collect();
    for (new, subjects) in new.chunks(ROWS).zip(subjects.chunks(ROWS)) {
        let text = format!(
            "INSERT INTO subjects (environment_id, kind, number, id, state, identified, key_version, public_key, \
             sealed_private_key, created_at) VALUES {}",
            rows(1, new.len(), 10),
        );
        let values = new.iter().zip(subjects).flat_map(|(new, subject)| {
            [
                environment.into(),
                kind.name().into(),
                int(subject.number),
                new.id.into(),
                "active".into(),
                new.identified.into(),
                new.key_version.into(),
                new.public_key.into(),
                new.sealed_private.as_slice().into(),
                now.into(),
            ]
        });
        sql(text).bind_all::<Value>(values).execute(&mut *tx).await?;
    }
    Ok(subjects)
}

/// The first of so many numbers, none of which is ever given again.
async fn take_numbers(tx: &mut Tx, environment: EnvironmentId, kind: SubjectKind, count: usize) -> StoreResult<u64> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let next: i64 = sql("INSERT INTO numbers (environment_id, kind, next) VALUES ($1, $2, 1 + $3) \
                         ON CONFLICT (environment_id, kind) DO UPDATE SET next = numbers.next + $3 RETURNING next")
    .bind(environment)
    .bind(kind.name())
    .bind(count)
    .fetch_one(tx)
    .await?
    .get("next")?;
    u64::try_from(next - count).map_err(|_| StoreError::Decode { column: "next".to_owned() })
}

/// Adds index entries. Of one that is there already for the same subject the later time is kept.
///
/// # Errors
/// [`StoreError::Conflict`] if an outside id is another subject's.
pub async fn add_indexes(
    tx: &mut Tx,
    environment: EnvironmentId,
    kind: SubjectKind,
    new: &[NewIndex],
) -> StoreResult<()> {
    for new in new.chunks(ROWS) {
        let text = format!(
            "INSERT INTO blind_indexes (environment_id, namespace, hash, key_version, kind, number, sealed_value, \
             written_at) VALUES {} ON CONFLICT (environment_id, namespace, hash, kind, number) DO UPDATE SET written_at = \
             CASE WHEN excluded.written_at > blind_indexes.written_at THEN excluded.written_at \
             ELSE blind_indexes.written_at END",
            rows(1, new.len(), 8),
        );
        let values = new.iter().flat_map(|index| {
            [
                environment.into(),
                index.key.namespace.as_ref().into(),
                index.key.hash.into(),
                index.key_version.into(),
                kind.name().into(),
                int(index.number),
                index.sealed_value.as_slice().into(),
                index.written_at.into(),
            ]
        });
        sql(text).bind_all::<Value>(values).execute(&mut *tx).await?;
    }
    Ok(())
}

/// What takes the place of a subject's entries of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced<'a> {
    /// When the event was: what a later one wrote stays.
    pub at: Timestamp,
    /// The value that stays, under each version of the index key; without it the value was removed, with what was written at
    /// the same time.
    pub keep: &'a [[u8; 16]],
}

/// Removes a subject's entries of a namespace that were replaced.
pub async fn remove_indexes(
    tx: &mut Tx,
    environment: EnvironmentId,
    kind: SubjectKind,
    number: u64,
    namespace: &str,
    Replaced { at, keep }: Replaced<'_>,
) -> StoreResult<()> {
    let but =
        if keep.is_empty() { String::new() } else { format!(" AND hash NOT IN ({})", placeholders(6, keep.len())) };
    let text = format!(
        "DELETE FROM blind_indexes WHERE environment_id = $1 AND kind = $2 AND number = $3 AND namespace = $4 \
         AND written_at < $5{but}"
    );
    sql(text)
        .bind(environment)
        .bind(kind.name())
        .bind(int(number))
        .bind(namespace)
        .bind(Timestamp(at.micros().saturating_add(i64::from(keep.is_empty()))))
        .bind_all::<Value>(keep.iter().map(|hash| (*hash).into()))
        .execute(tx)
        .await?;
    Ok(())
}

/// The customer now knows this person by an id of its own.
pub async fn mark_identified(tx: &mut Tx, environment: EnvironmentId, number: u64) -> StoreResult<()> {
    sql("UPDATE subjects SET identified = 1 WHERE environment_id = $1 AND kind = 'person' AND number = $2")
        .bind(environment)
        .bind(int(number))
        .execute(tx)
        .await?;
    Ok(())
}

/// Joins an anonymous person to another; it keeps its key. Whoever is identified, merged or erased stays as it is.
pub async fn merge(tx: &mut Tx, environment: EnvironmentId, number: u64, into: u64) -> StoreResult<()> {
    sql("UPDATE subjects SET state = 'merged', merged_into = $3 \
         WHERE environment_id = $1 AND kind = 'person' AND number = $2 AND identified = 0 AND state = 'active'")
    .bind(environment)
    .bind(int(number))
    .bind(int(into))
    .execute(tx)
    .await?;
    Ok(())
}
