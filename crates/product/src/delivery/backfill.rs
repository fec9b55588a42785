//! The job that counts, for a counter that some rule has begun to mention, what came before it was kept: from the parts, and
//! from the event logs what is not in parts yet.
//!
//! Of each log what came up to the checkpoint where it stood when the counter began counts, so the answer is the same whenever
//! the job runs, but for copies that two edges took: they count twice until they are sealed. People are counted in the order of
//! their numbers, as many at a time as memory allows, each time in one look through the events; their rows are written in
//! transactions of a few, each with a checkpoint, so that a run that is cut off counts nobody twice. A counter that was
//! forgotten meanwhile, or began anew, is another key's and another job's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::id::EnvironmentId;
use events::{Arrival, Event, LogId};
use jobs::{JobError, Progress, Run};
use serde_json::{Value, json};
use targeting::{CounterHash, Did};

use super::watched::{self, Payload, Watched};
use crate::App;
use crate::authority::{TenantReader, TenantTx};
use crate::content::store as contents;
use crate::ingest;
use crate::people::{self, Counter, PersonRow};

/// People in a transaction.
const PEOPLE: usize = 200;
/// What is held in memory at once: people and times, in units of 8 bytes and what is around them.
const HELD: usize = 1_000_000;
/// What a person takes beside their times.
const PERSON: usize = 16;

/// A counter with its key.
#[derive(Clone)]
struct Wanted {
    did: Arc<Did>,
    hash: CounterHash,
    watched: Watched,
}

impl Wanted {
    fn counts(&self, arrival: &Arrival, event: &Event) -> bool {
        let Arrival { log: LogId(log), sequence, .. } = arrival;
        self.watched.checkpoints.get(log).is_some_and(|checkpoint| sequence <= checkpoint)
            && ingest::counts(&self.did, event)
    }
}

pub(super) async fn run(app: Arc<App>, run: Run) -> Result<Value, JobError> {
    let environment = run.environment()?;
    let Payload { of } = run.payload()?;
    let wanted = wanted(&app, environment, &of).await?;
    if wanted.is_empty() {
        // No live rule mentions them any more.
        return Ok(json!({"people": 0}));
    }
    let (mut done, mut from) = (run.job().progress.done, run.checkpoint::<u64>());
    loop {
        let part = count(&app, environment, wanted.clone(), from, HELD).await?;
        let people: Vec<(u64, Vec<Counter>)> = part.people.into_iter().collect();
        for people in people.chunks(PEOPLE) {
            let Some((last, _)) = people.last() else { break };
            done += people.len() as u64;
            from = Some(*last);
            let mut tx = TenantTx::begin(&app, environment).await?;
            add(&mut tx, &wanted, people).await?;
            run.save(tx.tx(), Progress { done, total: None }, &json!(last)).await?;
            tx.commit().await?;
        }
        if part.until.is_none() {
            break;
        }
    }
    ready(&app, environment, &wanted).await?;
    Ok(json!({"people": done}))
}

/// Lets the counters answer.
async fn ready(app: &App, environment: EnvironmentId, wanted: &[Wanted]) -> Result<(), JobError> {
    // What arrived since they began and moved no checkpoint yet is in the rows before anybody asks, whichever edge took it.
    app.rulesets.refresh(app, environment).await?;
    ingest::catch_up_with(app, environment).await.map_err(|error| {
        tracing::error!(%error, "people's rows could not be brought up to date");
        JobError::Retry("rows_behind")
    })?;
    let mut tx = TenantTx::begin(app, environment).await?;
    // Every process has to learn that the counters answer now. First, as a publish does, which then changes what is
    // watched.
    contents::next_ruleset(&mut tx).await?;
    for it in wanted {
        watched::set_ready(&mut tx, it.hash, &it.watched, app.clock.now()).await?;
    }
    tx.commit().await?;
    Ok(app.rulesets.refresh(app, environment).await?)
}

/// Of the counters of the job those that are still wanted under the keys that it was given, as the store says.
async fn wanted(app: &App, environment: EnvironmentId, of: &BTreeSet<String>) -> Result<Vec<Wanted>, JobError> {
    let reader = TenantReader::new(app, environment);
    let mentions = watched::mentions(reader).await?;
    let watched = watched::counters(reader).await?;
    let wanted = mentions.counters.into_iter().filter_map(|(hash, did)| {
        let watched = watched.get(&hash).filter(|watched| !watched.ready && of.contains(&watched.key(hash)))?;
        Some(Wanted { did, hash, watched: watched.clone() })
    });
    Ok(wanted.collect())
}

/// What the people from one number on did, as far as it may be held at once.
struct Part {
    from: Option<u64>,
    /// Who comes from here on is left to another part.
    until: Option<u64>,
    /// Per counter.
    people: BTreeMap<u64, Vec<Counter>>,
    held: usize,
    limit: usize,
}

impl Part {
    fn add(&mut self, wanted: &[Wanted], index: usize, event: &Event) {
        let person = event.person;
        if self.from.is_some_and(|from| person <= from) || self.until.is_some_and(|until| person >= until) {
            return;
        }
        let empty = || wanted.iter().map(|it| Counter::new(it.did.within().is_some())).collect();
        let counters = self.people.entry(person).or_insert_with(|| {
            self.held += PERSON;
            empty()
        });
        let before = counters[index].times();
        counters[index].add(&[event.time.seconds()]);
        self.held += counters[index].times() - before;
        while self.held > self.limit && self.people.len() > 1 {
            let Some((last, counters)) = self.people.pop_last() else { break };
            self.held -= PERSON + counters.iter().map(Counter::times).sum::<usize>();
            self.until = Some(last);
        }
    }
}

/// Counts a part in one look through all events of the data folder.
async fn count(
    app: &Arc<App>,
    environment: EnvironmentId,
    wanted: Vec<Wanted>,
    from: Option<u64>,
    limit: usize,
) -> Result<Part, JobError> {
    let (own, engine) = (app.log().log_id(environment), Arc::clone(app.engine()));
    let counting = tokio::task::spawn_blocking(move || {
        let mut part = Part { from, until: None, people: BTreeMap::new(), held: 0, limit };
        let names: BTreeSet<&str> = wanted.iter().map(|it| it.did.event()).collect();
        let there = engine.scan(environment, Some(&names), |arrival, event| {
            for (index, it) in wanted.iter().enumerate() {
                if it.counts(arrival, event) {
                    part.add(&wanted, index, event);
                }
            }
        })?;
        let complete = reaches(&there, own, &wanted);
        Ok::<_, events::ReadError>((part, complete))
    });
    let counted = counting.await.map_err(|_| JobError::Retry("panicked"))?;
    match counted {
        Ok((part, Ok(()))) => Ok(part),
        Ok((_, Err(reason))) => {
            tracing::error!(%environment, reason, "an event log cannot be counted here as far as it has to be");
            Err(JobError::Retry(reason))
        }
        Err(error) => {
            tracing::error!(%environment, %error, "the events could not be read");
            Err(JobError::Retry("log_unreadable"))
        }
    }
}

/// Whether every log was read up to where its counters stand. What is read of another edge's may end before, after a loss of
/// power, until that edge has started; what this process's own log has not was lost.
fn reaches(there: &BTreeMap<LogId, u64>, own: Option<LogId>, wanted: &[Wanted]) -> Result<(), &'static str> {
    for (log, checkpoint) in
        wanted.iter().flat_map(|it| &it.watched.checkpoints).filter(|(_, checkpoint)| **checkpoint > 0)
    {
        match there.get(&LogId(*log)) {
            None => return Err("log_elsewhere"),
            Some(read) if read < checkpoint && own != Some(LogId(*log)) => return Err("log_behind"),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Adds to the rows of these people, or of those into whom they were merged.
async fn add(tx: &mut TenantTx, wanted: &[Wanted], people: &[(u64, Vec<Counter>)]) -> Result<(), JobError> {
    let numbers: Vec<u64> = people.iter().map(|(number, _)| *number).collect();
    let (rows, roots) = people::hold_whole(&mut *tx, &numbers).await?;
    let mut rows: BTreeMap<u64, PersonRow> = rows.into_iter().map(|row| (row.number, row)).collect();
    for (number, counters) in people {
        let root = roots.get(number).unwrap_or(number);
        let Some(row) = rows.get_mut(root) else { continue };
        for (it, counter) in wanted.iter().zip(counters) {
            let windowed = it.did.within().is_some();
            row.counters.entry(it.watched.key(it.hash)).or_insert_with(|| Counter::new(windowed)).fold(counter);
        }
    }
    let rows: Vec<PersonRow> = rows.into_values().collect();
    Ok(people::update(tx, &rows).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::tests::{publish, survey};
    use crate::testing::TestApp;
    use app_test::app_test;

    #[app_test]
    async fn people_are_counted_in_parts_as_in_one(app: TestApp) {
        for number in 0..7 {
            for _ in 0..=number {
                app.user(&format!("u{number}")).does("Invoice Sent", json!({})).await;
            }
        }
        let rule = |more: Value| {
            let mut rule = json!({"event": "Invoice Sent", "count": {"op": "gte", "value": 1}});
            rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            rule
        };
        // Frames with nothing to project move no checkpoint: here all of them are the job's to count.
        let durable = app.app().log().durable(app.production());
        publish(&app, &survey(json!({"audience": {"all": [rule(json!({})), rule(json!({"within": "7d"}))]}}))).await;
        let (app, environment) = (app.app(), app.production());
        let reader = TenantReader::new(app, environment);
        let known = watched::counters(reader).await.unwrap();
        let mentions = watched::mentions(reader).await.unwrap();
        let log = app.log().log_id(environment).unwrap();
        let wanted: Vec<Wanted> = mentions
            .counters
            .into_iter()
            .map(|(hash, did)| {
                let watched = Watched { checkpoints: [(log.0, durable)].into(), ..known[&hash].clone() };
                Wanted { did, hash, watched }
            })
            .collect();
        let whole = count(app, environment, wanted.clone(), None, HELD).await.unwrap();
        assert_eq!((whole.people.len(), whole.until), (7, None));
        let (mut parts, mut people, mut from) = (0, BTreeMap::new(), None);
        loop {
            let part = count(app, environment, wanted.clone(), from, 60).await.unwrap();
            from = part.people.last_key_value().map(|(last, _)| *last);
            people.extend(part.people);
            parts += 1;
            if part.until.is_none() {
                break;
            }
        }
        assert_eq!(people, whole.people);
        assert!(parts > 2, "{parts}");
        let (own, ours) = (app.log().log_id(environment), wanted.as_slice());
        for (read, who, said) in
            [(durable, None, Ok(())), (durable - 1, None, Err("log_behind")), (durable - 1, own, Ok(()))]
        {
            assert_eq!(reaches(&[(log, read)].into(), who, ours), said, "{read}");
        }
        assert_eq!(reaches(&BTreeMap::new(), None, ours), Err("log_elsewhere"));
        let elsewhere = Watched { checkpoints: [(1, 1)].into(), ..wanted[0].watched.clone() };
        let elsewhere = vec![Wanted { watched: elsewhere, ..wanted[0].clone() }];
        assert!(count(app, environment, elsewhere, None, HELD).await.is_err(), "an event log that is not here");
    }
}
