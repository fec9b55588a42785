//! Under which version of the index key entries are, and moving them to another.
//!
//! At any moment entries are written under one version: whoever writes or removes any holds it, shared, until its transaction
//! ends ([`index_version`]); whoever raises it or moves entries holds it alone. So an entry is never added under an older
//! version behind the back of whoever moves them, and one that is being removed is not moved.

use base::Timestamp;
use base::id::EnvironmentId;

use super::read::int;
use super::write::{NewIndex, add_indexes};
use super::{IndexKey, SubjectKind};
use crate::dialect::{self, placeholders};
use crate::{Engine, Executor, Row, StoreError, StoreResult, Tx, Value, sql};

const PURPOSE: &str = "index_version";

/// An entry with all that is needed to make it anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// By what the subject is found.
    pub key: IndexKey,
    /// What the subject is.
    pub kind: SubjectKind,
    /// The subject's number.
    pub number: u64,
    /// The value, sealed to the subject.
    pub sealed_value: Vec<u8>,
    /// When the event was that wrote the value.
    pub written_at: Timestamp,
    /// Whether nobody can open the value any more.
    pub is_lost: bool,
}

/// The version that this environment's entries are written under, until the transaction ends.
pub async fn index_version(tx: &mut Tx, engine: Engine, environment: EnvironmentId) -> StoreResult<u32> {
    dialect::lock_shared(tx, engine, PURPOSE, &environment.bytes()).await?;
    version(tx, environment).await
}

async fn version(tx: &mut Tx, environment: EnvironmentId) -> StoreResult<u32> {
    let query = sql("SELECT version FROM index_versions WHERE environment_id = $1").bind(environment);
    query.fetch_optional(tx).await?.map_or(Ok(1), |row| row.get("version"))
}

/// Has entries written under this version from now on, or a later one that they are written under already. Whoever was
/// writing under an earlier one has finished.
pub async fn raise_index_version(tx: &mut Tx, engine: Engine, environment: EnvironmentId, to: u32) -> StoreResult<u32> {
    dialect::lock(tx, engine, PURPOSE, &environment.bytes()).await?;
    let raised = to.max(version(tx, environment).await?);
    sql("INSERT INTO index_versions (environment_id, version) VALUES ($1, $2) \
         ON CONFLICT (environment_id) DO UPDATE SET version = excluded.version")
    .bind(environment)
    .bind(raised)
    .execute(tx)
    .await?;
    Ok(raised)
}

/// So many entries that are under another version than this one, in a fixed order, after this one.
pub async fn entries_not_under(
    on: impl Executor,
    environment: EnvironmentId,
    version: u32,
    after: Option<&Entry>,
    limit: u32,
) -> StoreResult<Vec<Entry>> {
    let (namespace, hash) = after.map_or(("", &[][..]), |entry| (entry.key.namespace.as_ref(), &entry.key.hash[..]));
    let (kind, number) = after.map_or(("", int(0)), |entry| (entry.kind.name(), int(entry.number)));
    let query = sql("SELECT b.namespace, b.hash, b.kind, b.number, b.sealed_value, b.written_at, \
         CASE WHEN s.sealed_private_key IS NULL THEN 1 ELSE 0 END AS lost FROM blind_indexes b \
         LEFT JOIN subjects s ON s.environment_id = b.environment_id AND s.kind = b.kind AND s.number = b.number \
         WHERE b.environment_id = $1 AND b.key_version <> $2 \
         AND (b.namespace, b.hash, b.kind, b.number) > ($3, $4, $5, $6) \
         ORDER BY b.namespace, b.hash, b.kind, b.number LIMIT $7");
    let query = query.bind(environment).bind(version).bind(namespace).bind(hash).bind(kind).bind(number).bind(limit);
    query.fetch_all(on).await?.iter().map(|row| entry(row, row.get::<i64>("lost")? == 1)).collect()
}

fn entry(row: &Row, is_lost: bool) -> StoreResult<Entry> {
    let kind = SubjectKind::from_name(&row.get::<String>("kind")?);
    Ok(Entry {
        key: IndexKey { namespace: row.get::<String>("namespace")?.into(), hash: row.get("hash")? },
        kind: kind.ok_or_else(|| StoreError::Decode { column: "kind".to_owned() })?,
        number: row.get("number")?,
        sealed_value: row.get("sealed_value")?,
        written_at: row.get("written_at")?,
        is_lost,
    })
}

/// Puts entries under this version, each pair being an entry's key as it is and its hash as it will be: equal values have
/// equal hashes, so every entry of such a key is moved. One that was removed meanwhile stays removed.
pub async fn move_entries(
    tx: &mut Tx,
    engine: Engine,
    environment: EnvironmentId,
    version: u32,
    moves: &[(IndexKey, [u8; 16])],
) -> StoreResult<()> {
    dialect::lock(tx, engine, PURPOSE, &environment.bytes()).await?;
    let mut namespaces: Vec<&str> = moves.iter().map(|(from, _)| from.namespace.as_ref()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let text = format!(
        "DELETE FROM blind_indexes WHERE environment_id = $1 AND key_version <> $2 AND namespace IN ({}) AND hash IN ({}) \
         RETURNING namespace, hash, kind, number, sealed_value, written_at",
        placeholders(3, namespaces.len()),
        placeholders(3 + namespaces.len(), moves.len()),
    );
    let query = sql(text).bind(environment).bind(version).bind_all(namespaces);
    let rows = query.bind_all::<Value>(moves.iter().map(|(from, _)| from.hash.into())).fetch_all(&mut *tx).await?;
    for kind in [SubjectKind::Person, SubjectKind::Company] {
        let mut anew = Vec::new();
        for row in &rows {
            let entry = entry(row, false)?;
            let to = moves.iter().find(|(from, _)| *from == entry.key);
            if let Some((_, hash)) = to.filter(|_| entry.kind == kind) {
                let key = IndexKey { hash: *hash, ..entry.key };
                let Entry { number, sealed_value, written_at, .. } = entry;
                anew.push(NewIndex { key, key_version: version, number, sealed_value, written_at });
            }
        }
        add_indexes(tx, environment, kind, &anew).await?;
    }
    Ok(())
}

/// Removes an entry whose value nobody can open any more.
pub async fn remove_entry(tx: &mut Tx, environment: EnvironmentId, entry: &Entry) -> StoreResult<()> {
    sql("DELETE FROM blind_indexes WHERE environment_id = $1 AND namespace = $2 AND hash = $3 AND kind = $4 AND number = $5")
        .bind(environment)
        .bind(entry.key.namespace.as_ref())
        .bind(entry.key.hash)
        .bind(entry.kind.name())
        .bind(int(entry.number))
        .execute(tx)
        .await?;
    Ok(())
}

/// How many entries are under this version.
pub async fn entries_under(on: impl Executor, environment: EnvironmentId, version: u32) -> StoreResult<u64> {
    let query = sql("SELECT COUNT(*) AS entries FROM blind_indexes WHERE environment_id = $1 AND key_version = $2");
    query.bind(environment).bind(version).fetch_one(on).await?.get("entries")
}
