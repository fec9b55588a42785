//! The job that counts, for a counter that some rule has begun to mention, what happened before it was watched: one look
//! through the log, then the people's rows in transactions of a few, each with a checkpoint, so that a run that is cut off
//! counts nobody twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::store::dialect::placeholders;
use ::store::{Executor, Scope, StoreResult, Tx, sql};
use base::id::EnvironmentId;
use jobs::{JobError, Progress, Run};
use serde_json::{Value, json};
use targeting::{CounterHash, Did};

use super::watched::{self, Payload, Watched};
use crate::App;
use crate::content::store as contents;
use crate::ingest;
use crate::people::{self, Counter};

/// People in a transaction.
const PEOPLE: usize = 200;

/// A counter with its key.
struct Wanted {
    did: Arc<Did>,
    hash: CounterHash,
    watched: Watched,
}

/// Per person and counter, when it happened: seconds since 1970.
type History = BTreeMap<u64, Vec<Vec<i64>>>;

pub(super) async fn run(app: Arc<App>, run: Run) -> Result<Value, JobError> {
    let environment = run.environment()?;
    let Payload { of } = run.payload()?;
    let wanted = wanted(&app, environment, &of).await?;
    if wanted.is_empty() {
        // No live rule mentions them any more.
        return Ok(json!({"people": 0}));
    }
    let history = history(&app, environment, &wanted).await?;
    let total = Some(history.len() as u64);
    let (mut done, from) = (0, run.checkpoint::<u64>());
    let people: Vec<(u64, Vec<Vec<i64>>)> = history.into_iter().collect();
    for people in people.chunks(PEOPLE) {
        done += people.len() as u64;
        let Some((last, _)) = people.last() else { break };
        let mut tx = app.main.begin(Scope::Environment(environment)).await?;
        let left = people.iter().filter(|(number, _)| from.is_none_or(|from| *number > from));
        add(&app, &mut tx, environment, &wanted, left).await?;
        let checkpoint = from.map_or(*last, |from| from.max(*last));
        run.save(&mut tx, Progress { done, total }, &json!(checkpoint)).await?;
        tx.commit().await?;
    }
    let mut tx = app.main.begin(Scope::Environment(environment)).await?;
    for it in &wanted {
        watched::set_ready(&mut tx, environment, it.hash, it.watched.since, app.clock.now()).await?;
    }
    // Every process has to learn that the counters answer now.
    contents::next_ruleset(&mut tx, environment).await?;
    tx.commit().await?;
    app.rulesets.refresh(&app, environment).await?;
    Ok(json!({"people": done}))
}

async fn wanted(app: &App, environment: EnvironmentId, of: &BTreeSet<String>) -> StoreResult<Vec<Wanted>> {
    let live = app.rulesets.live(environment);
    let watched = watched::counters(app, environment).await?;
    let mentioned = live.rules.mentions().counters.iter();
    let mentioned = mentioned.filter(|(hash, _)| of.contains(&hash.to_string()));
    let wanted = mentioned.filter_map(|(hash, did)| {
        let watched = watched.get(hash).filter(|watched| !watched.ready)?;
        Some(Wanted { did: Arc::clone(did), hash: *hash, watched: *watched })
    });
    Ok(wanted.collect())
}

/// What the log holds from before the counters were watched.
async fn history(app: &Arc<App>, environment: EnvironmentId, wanted: &[Wanted]) -> Result<History, JobError> {
    let log = Arc::clone(app.log().map_err(|_| JobError::Retry("no_log_here"))?);
    let wanted: Vec<_> = wanted.iter().map(|it| (Arc::clone(&it.did), it.watched.since)).collect();
    let scan = tokio::task::spawn_blocking(move || {
        let mut history = History::new();
        let scanned = log.scan(environment, |_, event| {
            for (index, (did, since)) in wanted.iter().enumerate() {
                if event.received < *since && ingest::counts(did, event) {
                    let person = history.entry(event.person).or_insert_with(|| vec![Vec::new(); wanted.len()]);
                    person[index].push(event.time.seconds());
                }
            }
        });
        scanned.map(|()| history)
    });
    scan.await.map_err(|_| JobError::Retry("panicked"))?.map_err(|error| {
        tracing::error!(%error, "the log could not be read");
        JobError::Retry("log_unreadable")
    })
}

/// Adds to the rows of these people, or of those into whom they were merged.
async fn add<'a>(
    app: &App,
    tx: &mut Tx,
    environment: EnvironmentId,
    wanted: &[Wanted],
    history: impl Iterator<Item = &'a (u64, Vec<Vec<i64>>)>,
) -> StoreResult<()> {
    let history: BTreeMap<u64, &Vec<Vec<i64>>> = history.map(|(number, times)| (*number, times)).collect();
    let numbers: Vec<u64> = history.keys().copied().collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let engine = app.main.engine();
    // Held first, so that nobody is merged while their root is looked up.
    people::hold(tx, engine, environment, &numbers).await?;
    let roots = roots(&mut *tx, environment, &numbers).await?;
    let mut wholes: Vec<u64> = roots.values().copied().collect();
    wholes.sort_unstable();
    wholes.dedup();
    let mut rows = people::hold(tx, engine, environment, &wholes).await?;
    for (number, times) in history {
        let root = roots.get(&number).copied().unwrap_or(number);
        let Some(row) = rows.iter_mut().find(|row| row.number == root) else { continue };
        for (it, times) in wanted.iter().zip(times).filter(|(_, times)| !times.is_empty()) {
            let empty = if it.did.within().is_some() { Counter::Times(Vec::new()) } else { Counter::Total(0) };
            row.counters.entry(it.watched.key(it.hash)).or_insert(empty).add(times);
        }
    }
    people::update(tx, environment, &rows).await
}

/// Into whom each of these people was merged, or themselves.
pub(super) async fn roots(
    on: impl Executor,
    environment: EnvironmentId,
    numbers: &[u64],
) -> StoreResult<BTreeMap<u64, u64>> {
    let text = format!(
        "SELECT number, COALESCE(merged_into, number) AS root FROM people WHERE environment_id = $1 AND number IN ({})",
        placeholders(2, numbers.len())
    );
    sql(text)
        .bind(environment)
        .bind_all(numbers.iter().map(|number| i64::try_from(*number).unwrap_or(i64::MAX)))
        .fetch_all(on)
        .await?
        .iter()
        .map(|row| Ok((row.get("number")?, row.get("root")?)))
        .collect()
}
