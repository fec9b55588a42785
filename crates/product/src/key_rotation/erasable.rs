//! Erasable keys turn: each bucket gets a new pair, the private halves of its people and companies are sealed to it anew,
//! and the old pair is destroyed at the provider.
//!
//! Before the rows are sealed anew the bucket's floor is raised, so that nobody adds one that is sealed to the old pair
//! (`store::keyring::raise_floor`); whoever reads a row just before it changes asks once more.

use std::collections::BTreeMap;

use ::store::keyring::{self, SealedPair, SubjectKind};
use ::store::{Scope, Tx};
use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use keys::{ErasablePublic, ErasableVersion, KeyKind, KeyState, PairId, SealedHeader, Subject, reseal_private};

use super::{Kept, Turned, record, slowly};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};

/// How many rows are sealed anew before they are written.
const ROWS: u32 = 100;

/// Gives each bucket a newer pair than it had, unless it has one.
pub(super) async fn begin(app: &App, environment: EnvironmentId, newest: &[ErasableVersion]) -> ProblemResult<()> {
    for key in newest {
        let (bucket, after) = (key.bucket, key.version);
        slowly(app, move |provider| provider.rotate_erasable(environment, bucket, after)).await?;
    }
    let version = newest.iter().map(|key| key.version).max().unwrap_or(0) + 1;
    let mut tx = SystemTx::begin(app).await?;
    record(app, &mut tx.0, &name(environment), version, KeyState::Primary).await?;
    tx.commit().await
}

/// Ends the older pairs of every bucket that has more than one.
pub(super) async fn finish(app: &App) -> ProblemResult<()> {
    for environment in app.keys.provider().environments().await.map_err(internal)? {
        let turning: Vec<_> = buckets(app, environment).await?.into_iter().filter(|of| of.1.len() > 1).collect();
        if turning.is_empty() {
            continue;
        }
        raise_floors(app, environment, &turning).await?;
        let mut highest = 0;
        for (bucket, versions) in turning {
            let older = &versions[..versions.len() - 1];
            finish_bucket(app, environment, bucket, older).await?;
            highest = highest.max(older.last().copied().unwrap_or(0));
        }
        let mut tx = SystemTx::begin(app).await?;
        record(app, &mut tx.0, &name(environment), highest, KeyState::Destroyed).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// How an environment's erasable keys stand.
pub(super) async fn stands(app: &App, environment: EnvironmentId) -> ProblemResult<Turned> {
    let (mut version, mut kept) = (0, BTreeMap::new());
    for versions in buckets(app, environment).await?.into_values() {
        version = version.max(versions.last().copied().unwrap_or(0));
        for old in &versions[..versions.len() - 1] {
            *kept.entry(*old).or_insert(0) += 1;
        }
    }
    let kept = kept.into_iter().map(|(version, needed_by)| Kept { version, needed_by }).collect();
    Ok(Turned { kind: KeyKind::Erasable, owner: environment.to_string(), version, kept })
}

fn name(environment: EnvironmentId) -> String {
    format!("{} of {environment}", KeyKind::Erasable)
}

/// The versions of every bucket, oldest first; none is empty.
async fn buckets(app: &App, environment: EnvironmentId) -> ProblemResult<BTreeMap<u8, Vec<u32>>> {
    let mut buckets: BTreeMap<u8, Vec<u32>> = BTreeMap::new();
    for key in app.keys.provider().erasable_versions(environment).await.map_err(internal)? {
        buckets.entry(key.bucket).or_default().push(key.version);
    }
    Ok(buckets)
}

async fn raise_floors(app: &App, environment: EnvironmentId, turning: &[(u8, Vec<u32>)]) -> ProblemResult<()> {
    let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
    for (bucket, versions) in turning {
        let newest = versions.last().copied().unwrap_or(0);
        let raised = keyring::raise_floor(&mut tx, app.keyring.engine(), environment, *bucket, newest).await;
        raised.map_err(store_failed)?;
    }
    tx.commit().await.map_err(store_failed)
}

/// Seals a bucket's rows to its newest pair and destroys the older ones.
async fn finish_bucket(app: &App, environment: EnvironmentId, bucket: u8, older: &[u32]) -> ProblemResult<()> {
    let newest = app.keys.provider().erasable_public(environment, bucket).await.map_err(internal)?;
    if reseal(app, &newest).await? && reseal(app, &newest).await? {
        return Err(Problem::new(Code::StorageContended).detail("rows changed all the time; the next look goes on"));
    }
    for version in older.iter().copied() {
        slowly(app, move |provider| provider.destroy_erasable(environment, bucket, version)).await?;
    }
    Ok(())
}

/// Seals the rows of a bucket anew that are not sealed to its newest pair, and looks again. Whether some are left.
async fn reseal(app: &App, newest: &ErasablePublic) -> ProblemResult<bool> {
    let mut after = None;
    loop {
        let rows = page(app, newest, after).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        let mut anew = Vec::new();
        for pair in rows.iter().filter(|pair| is_older(pair, newest)) {
            anew.push((pair, sealed_anew(app, newest, pair).await?));
            tokio::task::yield_now().await;
        }
        if !anew.is_empty() {
            let mut tx = app.keyring.begin(Scope::Environment(newest.environment)).await.map_err(store_failed)?;
            write(&mut tx, newest.environment, &anew).await?;
            tx.commit().await.map_err(store_failed)?;
        }
    }
    let mut after = None;
    loop {
        let rows = page(app, newest, after).await?;
        let Some(last) = rows.last() else { return Ok(false) };
        if rows.iter().any(|pair| is_older(pair, newest)) {
            return Ok(true);
        }
        after = Some(last.id);
    }
}

async fn page(app: &App, of: &ErasablePublic, after: Option<[u8; 16]>) -> ProblemResult<Vec<SealedPair>> {
    let reader = app.keyring.read(Scope::Environment(of.environment));
    keyring::in_bucket(reader, of.environment, of.bucket, after, ROWS).await.map_err(store_failed)
}

async fn write(tx: &mut Tx, environment: EnvironmentId, anew: &[(&SealedPair, Vec<u8>)]) -> ProblemResult<()> {
    for (pair, sealed) in anew {
        keyring::reseal(tx, environment, pair, sealed).await.map_err(store_failed)?;
    }
    Ok(())
}

fn is_older(pair: &SealedPair, newest: &ErasablePublic) -> bool {
    SealedHeader::parse(&pair.sealed_private).is_ok_and(|header| header.key.version < newest.version)
}

async fn sealed_anew(app: &App, newest: &ErasablePublic, pair: &SealedPair) -> ProblemResult<Vec<u8>> {
    let kind = match pair.kind {
        SubjectKind::Person => KeyKind::Person,
        SubjectKind::Company => KeyKind::Company,
    };
    let subject = Subject { environment: newest.environment, id: pair.id };
    let id = PairId { subject, kind, version: pair.key_version };
    let provider = app.keys.provider().as_ref();
    reseal_private(provider, &pair.sealed_private, &id, newest, app.clock.as_ref(), app.rng.as_ref())
        .await
        .map_err(internal)
}
