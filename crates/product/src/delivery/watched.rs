//! What live rules ask for beyond plain attributes: counters of events and predicates over personal attributes.
//!
//! A counter is kept for what each event log holds behind the checkpoint up to which that log had been projected when the
//! counter began; what is before is added once, by a job, and only then the counter answers. The checkpoints are read on
//! the transaction that publishes, while nobody can move them ([`ingest::checkpoints`](crate::ingest::checkpoints)): an
//! event is on one side of its log's checkpoint, so none is counted twice or left out, whenever it was received and whoever
//! knew of the counter by then. When no live rule mentions a counter any more it is forgotten, and leaves the rows as they
//! are written; should one mention it again, it begins anew under another key, so that what was counted in between cannot
//! be wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use ::store::{StoreResult, sql};
use base::{ProblemResult, Timestamp};
use events::LogId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use targeting::{CounterHash, Mentions};

use super::{BACKFILL, OUTCOMES};
use crate::App;
use crate::authority::{InTenant, TenantReader, TenantTx};
use crate::content::store as contents;
use crate::ingest::checkpoints::{self, Checkpoints};
use crate::problem::store_failed;
use crate::{jobs, people};

/// When every process knows a ruleset that is published now, and counts and computes what it asks for.
const KNOWN_EVERYWHERE: Duration = Duration::from_secs(1);
/// When what an edge received before that is in the rows: its clock looks every second.
const SETTLED: Duration = Duration::from_secs(2);

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Counter,
    Predicate,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Predicate => "predicate",
        }
    }
}

/// Something that is watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(super) since: Timestamp,
    /// Of a counter: what is up to here is counted by a job.
    pub(super) checkpoints: Checkpoints,
    /// Whether it has been.
    pub(crate) ready: bool,
}

impl Watched {
    /// Under what a person's row has the counter.
    pub(crate) fn key(&self, counter: CounterHash) -> String {
        format!("{counter}@{}", self.since.micros())
    }
}

/// What the jobs are told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    /// Keys of counters, or names of attributes.
    pub(super) of: BTreeSet<String>,
}

/// Brings what is watched in line with the live content as it is on this transaction, and enqueues what has to be
/// computed for what is new.
pub(crate) async fn settle(app: &App, tx: &mut TenantTx) -> ProblemResult<()> {
    let mentions = mentions(&mut *tx).await.map_err(store_failed)?;
    let wanted = wanted(&mentions);
    let known = all(&mut *tx).await.map_err(store_failed)?;
    for (kind, hash) in known.keys().filter(|watched| !wanted.contains_key(watched)) {
        remove(tx, *kind, *hash).await.map_err(store_failed)?;
    }
    let since = app.clock.now();
    let checkpoints = checkpoints::hold_all(tx).await.map_err(store_failed)?;
    let mut new: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    for ((kind, hash), of) in wanted.into_iter().filter(|(watched, _)| !known.contains_key(watched)) {
        let watched = Watched { since, checkpoints: checkpoints.clone(), ready: false };
        insert(tx, kind, hash, &watched).await.map_err(store_failed)?;
        let of = if kind == Kind::Counter { watched.key(CounterHash(hash)) } else { of };
        new.entry(kind).or_default().insert(of);
    }
    for (kind, of) in new {
        let job = match kind {
            Kind::Counter => BACKFILL,
            Kind::Predicate => OUTCOMES,
        };
        let due_at = since.plus(KNOWN_EVERYWHERE).plus(SETTLED);
        jobs::enqueue(app, tx, job, json!(Payload { of }), due_at).await.map_err(store_failed)?;
    }
    Ok(())
}

/// Records that a log ended before the checkpoint up to which it had been projected: it was lost, or is an older copy. What
/// comes from there on is counted as it comes, as everything behind a log's checkpoint is, so no job may count it as well.
/// The caller moves the checkpoint on the same transaction.
pub(crate) async fn cut_back(tx: &mut TenantTx, log: LogId, ended: u64) -> StoreResult<()> {
    for ((kind, hash), mut watched) in all(&mut *tx).await? {
        let Some(checkpoint) = watched.checkpoints.get_mut(&log.0).filter(|it| **it > ended) else { continue };
        *checkpoint = ended;
        sql("UPDATE watched SET checkpoints = $4 WHERE environment_id = $1 AND kind = $2 AND hash = $3")
            .bind(tx.environment())
            .bind(kind.name())
            .bind(hash)
            .bind(people::json(&watched.checkpoints))
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// What the live content mentions, as the store has it.
pub(super) async fn mentions(on: impl InTenant) -> StoreResult<Mentions> {
    let mut mentions = Mentions::default();
    let (_, live) = contents::live(on).await?;
    for content in live {
        let conditions =
            content.published.and_then(|published| targeting::Conditions::parse(&published.definition, "").ok());
        conditions.iter().flat_map(targeting::Conditions::rules).for_each(|rule| mentions.add(rule));
    }
    Ok(mentions)
}

/// What rules mention, and of a predicate the attribute that a job computes it from.
fn wanted(mentions: &Mentions) -> BTreeMap<(Kind, [u8; 16]), String> {
    let counters = mentions.counters.keys().map(|hash| ((Kind::Counter, hash.0), String::new()));
    let predicates = mentions.predicates.iter().filter(|(_, filter)| !filter.is_relative());
    let predicates = predicates.map(|(hash, filter)| ((Kind::Predicate, hash.0), filter.field().to_string()));
    counters.chain(predicates).collect()
}

/// Everything that is watched in an environment.
pub(crate) async fn all(on: impl InTenant) -> StoreResult<HashMap<(Kind, [u8; 16]), Watched>> {
    sql("SELECT kind, hash, since, checkpoints, ready_at FROM watched WHERE environment_id = $1")
        .bind(on.environment())
        .fetch_all(on)
        .await?
        .iter()
        .map(|row| {
            let kind = if row.get::<String>("kind")? == "counter" { Kind::Counter } else { Kind::Predicate };
            let ready = row.get::<Option<Timestamp>>("ready_at")?.is_some();
            let watched =
                Watched { since: row.get("since")?, checkpoints: people::read_json(row, "checkpoints")?, ready };
            Ok(((kind, row.get("hash")?), watched))
        })
        .collect()
}

/// The counters that are watched, as this process will know them.
pub(super) async fn counters(reader: TenantReader<'_>) -> StoreResult<HashMap<CounterHash, Watched>> {
    let all = all(reader).await?;
    let counters = all.into_iter().filter(|((kind, _), _)| *kind == Kind::Counter);
    Ok(counters.map(|((_, hash), watched)| (CounterHash(hash), watched)).collect())
}

async fn insert(tx: &mut TenantTx, kind: Kind, hash: [u8; 16], watched: &Watched) -> StoreResult<u64> {
    sql("INSERT INTO watched (environment_id, kind, hash, since, checkpoints) VALUES ($1, $2, $3, $4, $5)")
        .bind(tx.environment())
        .bind(kind.name())
        .bind(hash)
        .bind(watched.since)
        .bind(people::json(&watched.checkpoints))
        .execute(tx)
        .await
}

async fn remove(tx: &mut TenantTx, kind: Kind, hash: [u8; 16]) -> StoreResult<u64> {
    sql("DELETE FROM watched WHERE environment_id = $1 AND kind = $2 AND hash = $3")
        .bind(tx.environment())
        .bind(kind.name())
        .bind(hash)
        .execute(tx)
        .await
}

/// Records that a counter now has what was before it began. Nothing happens if it was forgotten meanwhile.
pub(super) async fn set_ready(
    tx: &mut TenantTx,
    counter: CounterHash,
    watched: &Watched,
    now: Timestamp,
) -> StoreResult<u64> {
    sql("UPDATE watched SET ready_at = $4 WHERE environment_id = $1 AND kind = 'counter' AND hash = $2 AND since = $3")
        .bind(tx.environment())
        .bind(counter.0)
        .bind(watched.since)
        .bind(now)
        .execute(tx)
        .await
}
