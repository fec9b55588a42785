//! Sealing the private halves of a bucket anew, when its erasable key is replaced.
//!
//! First the floor is raised under the environment's lock: from then on nobody adds a subject that is sealed to an older
//! version, so that the rows found afterwards are all that there are.

use base::id::EnvironmentId;
use keys::SealedHeader;

use super::read::int;
use super::write::NewSubject;
use super::{SubjectKind, lock};
use crate::{Engine, Executor, StoreError, StoreResult, Tx, sql};

/// A subject's sealed private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPair {
    /// What the subject is.
    pub kind: SubjectKind,
    /// Its number.
    pub number: u64,
    /// Its random id.
    pub id: [u8; 16],
    /// The version of its pair.
    pub key_version: u32,
    /// The private half, sealed to some version of the bucket's erasable key.
    pub sealed_private: Vec<u8>,
}

/// Lets nobody add a subject of a bucket that is sealed to an older version. Whoever was adding one has finished.
pub async fn raise_floor(
    tx: &mut Tx,
    engine: Engine,
    environment: EnvironmentId,
    bucket: u8,
    version: u32,
) -> StoreResult<()> {
    lock(tx, engine, environment).await?;
    sql("INSERT INTO erasable_floors (environment_id, bucket, version) VALUES ($1, $2, $3) \
         ON CONFLICT (environment_id, bucket) DO UPDATE SET version = \
         CASE WHEN excluded.version > erasable_floors.version THEN excluded.version ELSE erasable_floors.version END")
    .bind(environment)
    .bind(i64::from(bucket))
    .bind(version)
    .execute(tx)
    .await?;
    Ok(())
}

/// Refuses new subjects that are sealed to a version which is being replaced. The caller holds the environment's lock.
pub(super) async fn refuse_below_floor(tx: &mut Tx, environment: EnvironmentId, new: &[NewSubject]) -> StoreResult<()> {
    let query = sql("SELECT bucket, version FROM erasable_floors WHERE environment_id = $1").bind(environment);
    let mut floors = [0_u32; 256];
    for row in query.fetch_all(tx).await? {
        let bucket = usize::try_from(row.get::<i64>("bucket")?).unwrap_or(usize::MAX);
        if let Some(floor) = floors.get_mut(bucket) {
            *floor = row.get("version")?;
        }
    }
    let outdated = |subject: &NewSubject| match SealedHeader::parse(&subject.sealed_private) {
        Ok(header) => header.key.version < floors[usize::from(subject.id[0])],
        Err(_) => true,
    };
    if new.iter().any(outdated) { Err(StoreError::Outdated) } else { Ok(()) }
}

/// So many of a bucket's subjects that are not erased, by id, after this one.
pub async fn in_bucket(
    on: impl Executor,
    environment: EnvironmentId,
    bucket: u8,
    after: Option<[u8; 16]>,
    limit: u32,
) -> StoreResult<Vec<SealedPair>> {
    let edge = |rest| {
        let mut id = [rest; 16];
        id[0] = bucket;
        id
    };
    // The lowest id itself is included as long as there is none to come after.
    let from = if after.is_some() { ">" } else { ">=" };
    let text = format!(
        "SELECT kind, number, id, key_version, sealed_private_key FROM subjects WHERE environment_id = $1 \
         AND id {from} $2 AND id <= $3 AND sealed_private_key IS NOT NULL ORDER BY id LIMIT $4"
    );
    let query = sql(text).bind(environment).bind(after.unwrap_or(edge(0))).bind(edge(u8::MAX)).bind(limit);
    query
        .fetch_all(on)
        .await?
        .iter()
        .map(|row| {
            let kind = SubjectKind::from_name(&row.get::<String>("kind")?);
            Ok(SealedPair {
                kind: kind.ok_or_else(|| StoreError::Decode { column: "kind".to_owned() })?,
                number: row.get("number")?,
                id: row.get("id")?,
                key_version: row.get("key_version")?,
                sealed_private: row.get("sealed_private_key")?,
            })
        })
        .collect()
}

/// Puts a private half that was sealed anew in the place of the one that it was made of; not if that one is gone.
pub async fn reseal(tx: &mut Tx, environment: EnvironmentId, pair: &SealedPair, sealed: &[u8]) -> StoreResult<()> {
    sql("UPDATE subjects SET sealed_private_key = $4 \
         WHERE environment_id = $1 AND kind = $2 AND number = $3 AND sealed_private_key = $5")
    .bind(environment)
    .bind(pair.kind.name())
    .bind(int(pair.number))
    .bind(sealed)
    .bind(pair.sealed_private.as_slice())
    .execute(tx)
    .await?;
    Ok(())
}
