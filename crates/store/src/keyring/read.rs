//! Finding subjects, and what is needed to open what is sealed to them.

use base::id::EnvironmentId;

use super::{IndexKey, Subject, SubjectKind};
use crate::dialect::placeholders;
use crate::{Executor, Row, StoreError, StoreResult, Value, sql};

/// A subject that an index key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The key that was asked for.
    pub key: IndexKey,
    /// The number of the subject that the key belongs to. Another one than the subject's if it was merged.
    pub own: u64,
    /// The subject, or the one that it was merged into.
    pub subject: Subject,
}

/// A subject with its sealed private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPair {
    /// The subject itself, whatever it was merged into.
    pub subject: Subject,
    /// The private half, sealed to an erasable key; `None` once erased.
    pub sealed_private: Option<Vec<u8>>,
}

/// An outside id, sealed to the subject that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideId {
    /// The subject's number.
    pub number: u64,
    /// The sealed value.
    pub sealed: Vec<u8>,
}

/// How long a list one statement has: the databases bound the number of parameters. A power of two, as lists are padded.
const LIST: usize = 4_096;

const COLUMNS: &str = "s.kind, s.number, s.id, s.identified, s.key_version, s.public_key";
const ROOT_COLUMNS: &str = "s.kind, COALESCE(r.number, s.number) AS number, COALESCE(r.id, s.id) AS id, \
     COALESCE(r.identified, s.identified) AS identified, COALESCE(r.key_version, s.key_version) AS key_version, \
     COALESCE(r.public_key, s.public_key) AS public_key";

/// What these keys lead to; several subjects per key where a namespace allows it. Unknown keys are left out.
pub async fn find(mut on: impl Executor, environment: EnvironmentId, keys: &[IndexKey]) -> StoreResult<Vec<Found>> {
    let mut found = Vec::with_capacity(keys.len());
    for keys in keys.chunks(LIST) {
        found.extend(find_some(&mut on, environment, keys).await?);
    }
    Ok(found)
}

async fn find_some(on: &mut impl Executor, environment: EnvironmentId, keys: &[IndexKey]) -> StoreResult<Vec<Found>> {
    let mut namespaces: Vec<&str> = keys.iter().map(|key| key.namespace.as_ref()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let hashes = padded(keys.iter().map(|key| Value::from(key.hash)).collect());
    let text = format!(
        "SELECT b.namespace, b.hash, b.number AS own, {ROOT_COLUMNS} FROM blind_indexes b \
         JOIN subjects s ON s.environment_id = b.environment_id AND s.kind = b.kind AND s.number = b.number \
         LEFT JOIN subjects r ON r.environment_id = s.environment_id AND r.kind = s.kind AND r.number = s.merged_into \
         WHERE b.environment_id = $1 AND b.namespace IN ({}) AND b.hash IN ({}) AND s.state <> 'erased'",
        placeholders(2, namespaces.len()),
        placeholders(2 + namespaces.len(), hashes.len()),
    );
    let rows = sql(text).bind(environment).bind_all(namespaces).bind_all(hashes).fetch_some(on).await?;
    rows.iter()
        .map(|row| {
            let namespace = row.get::<String>("namespace")?.into();
            let key = IndexKey { namespace, hash: row.get("hash")? };
            Ok(Found { key, own: row.get("own")?, subject: subject(row)? })
        })
        .collect()
}

/// The subject of an id of ours, or the one that it was merged into.
pub async fn by_id(
    on: impl Executor,
    environment: EnvironmentId,
    kind: SubjectKind,
    id: [u8; 16],
) -> StoreResult<Option<Subject>> {
    let text = format!(
        "SELECT {ROOT_COLUMNS} FROM subjects s \
         LEFT JOIN subjects r ON r.environment_id = s.environment_id AND r.kind = s.kind AND r.number = s.merged_into \
         WHERE s.environment_id = $1 AND s.kind = $2 AND s.id = $3 AND s.state <> 'erased'"
    );
    let row = sql(text).bind(environment).bind(kind.name()).bind(id).fetch_optional(on).await?;
    row.as_ref().map(subject).transpose()
}

/// The key pairs of these subjects themselves.
pub async fn pairs(
    mut on: impl Executor,
    environment: EnvironmentId,
    kind: SubjectKind,
    numbers: &[u64],
) -> StoreResult<Vec<StoredPair>> {
    let mut pairs = Vec::with_capacity(numbers.len());
    for numbers in numbers.chunks(LIST) {
        let numbers = padded(numbers.iter().map(|number| int(*number)).collect());
        let text = format!(
            "SELECT {COLUMNS}, s.sealed_private_key FROM subjects s \
             WHERE s.environment_id = $1 AND s.kind = $2 AND s.number IN ({})",
            placeholders(3, numbers.len()),
        );
        let query = sql(text).bind(environment).bind(kind.name()).bind_all(numbers);
        for row in query.fetch_some(&mut on).await? {
            pairs.push(StoredPair { subject: subject(&row)?, sealed_private: row.get("sealed_private_key")? });
        }
    }
    Ok(pairs)
}

/// The numbers of a subject and of all that were merged into it, its own first.
pub async fn group(
    on: impl Executor,
    environment: EnvironmentId,
    kind: SubjectKind,
    number: u64,
) -> StoreResult<Vec<u64>> {
    let rows =
        sql("SELECT number FROM subjects WHERE environment_id = $1 AND kind = $2 AND merged_into = $3 ORDER BY number")
            .bind(environment)
            .bind(kind.name())
            .bind(int(number))
            .fetch_all(on)
            .await?;
    let members = rows.iter().map(|row| row.get("number"));
    std::iter::once(Ok(number)).chain(members).collect()
}

/// The outside ids of a namespace that these subjects themselves have.
pub async fn indexes_of(
    mut on: impl Executor,
    environment: EnvironmentId,
    kind: SubjectKind,
    numbers: &[u64],
    namespace: &str,
) -> StoreResult<Vec<OutsideId>> {
    let mut ids = Vec::with_capacity(numbers.len());
    for numbers in numbers.chunks(LIST) {
        let numbers = padded(numbers.iter().map(|number| int(*number)).collect());
        let text = format!(
            "SELECT number, sealed_value FROM blind_indexes \
             WHERE environment_id = $1 AND kind = $2 AND namespace = $3 AND number IN ({}) ORDER BY number, hash",
            placeholders(4, numbers.len()),
        );
        let query = sql(text).bind(environment).bind(kind.name()).bind(namespace).bind_all(numbers);
        for row in query.fetch_some(&mut on).await? {
            ids.push(OutsideId { number: row.get("number")?, sealed: row.get("sealed_value")? });
        }
    }
    Ok(ids)
}

/// A list lengthened to a power of two by its last value, so that the database meets few different statements.
fn padded(mut values: Vec<Value>) -> Vec<Value> {
    let length = values.len().next_power_of_two();
    if let Some(last) = values.last().cloned() {
        values.resize(length, last);
    }
    values
}

pub(super) fn int(number: u64) -> Value {
    Value::Int(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn subject(row: &Row) -> StoreResult<Subject> {
    let kind = SubjectKind::from_name(&row.get::<String>("kind")?);
    Ok(Subject {
        kind: kind.ok_or_else(|| StoreError::Decode { column: "kind".to_owned() })?,
        number: row.get("number")?,
        id: row.get("id")?,
        identified: row.get("identified")?,
        key_version: row.get("key_version")?,
        public_key: row.get("public_key")?,
    })
}
