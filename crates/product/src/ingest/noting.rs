//! Brings people's rows up to date with the event log: whoever appended something that rows depend on waits for it, and the
//! clock does it for whoever could not wait.
//!
//! Each log is followed in order of arrival, from a *mark* that says how far it has been noted. The mark is written on the
//! transaction that writes the rows, and every such transaction begins by reading it. So each event is noted exactly
//! once, wherever the process ends, a request is dropped or a store fails: either both were written, or neither, and the
//! next look begins where the mark stands. Nothing that memory says decides what is noted: if the mark or the
//! ruleset's number are not what this process thought, it looks again. A copy of a message is not in the log, and so
//! never noted.
//!
//! Frames without anything to note move the mark only now and then: looking at them again does no harm.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ::store::{Scope, StoreError};
use base::id::EnvironmentId;
use events::{EventLog, Following, ReadError};

use super::watch::Watch;
use super::{after, marks};
use crate::App;
use crate::content::store as contents;

/// Events that are noted in one transaction, or a few more.
const EVENTS: usize = 2_000;
/// Frames with nothing to note after which the mark is moved all the same.
const LAZY: u64 = 1_000;
/// How often it is tried while somebody waits.
const TRIES: u32 = 5;

/// Why what is in the log could not be noted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoteError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("reading the event log panicked")]
    Panicked,
    #[error("somebody else moves the mark of this event log")]
    Contended,
}

/// The logs that this process appends to, and how far each has been noted.
#[derive(Default)]
pub(crate) struct Noting(Mutex<HashMap<EnvironmentId, Arc<Follower>>>);

/// Follows one log.
#[derive(Default)]
struct Follower {
    /// Nobody has to wait for what arrived up to here.
    noted: AtomicU64,
    /// Failed attempts: whoever waited meanwhile does not try once more.
    failures: AtomicU64,
    /// Held by whoever does the work for all who wait.
    place: tokio::sync::Mutex<Option<Place>>,
}

/// Where a follower stands, as far as this process knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The mark as it is in the store.
    mark: u64,
    /// Between the mark and here there is nothing to note …
    looked: u64,
    /// … by this ruleset.
    ruleset: u64,
}

impl Noting {
    fn of(&self, environment: EnvironmentId) -> Arc<Follower> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(logs.entry(environment).or_default())
    }
}

#[cfg(test)]
impl Noting {
    /// What a process knows that has just begun.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What a process believes that did not hear of the commits that it made.
    pub(super) async fn believe_nothing_is_noted(&self, environment: EnvironmentId) {
        let begun = Place { mark: 0, looked: 0, ruleset: 0 };
        *self.of(environment).place.lock().await = Some(begun);
    }
}

/// Returns when everything up to this frame has been noted, or could not be for now: the events are durable, and the clock
/// tries again.
pub(super) async fn wait(app: &App, environment: EnvironmentId, upto: u64) {
    let Ok(log) = app.log() else { return };
    let follower = app.noting.of(environment);
    let failures = follower.failures.load(Ordering::SeqCst);
    if follower.noted.load(Ordering::SeqCst) >= upto {
        return;
    }
    let mut place = follower.place.lock().await;
    for _ in 0..TRIES {
        let others_failed = follower.failures.load(Ordering::SeqCst) != failures;
        if others_failed || follower.noted.load(Ordering::SeqCst) >= upto {
            return;
        }
        match follower.advance(app, log, environment, &mut place, upto).await {
            Ok(()) => return,
            Err(error) => tracing::info!(%environment, %error, "rows were not brought up to date: tries again"),
        }
    }
    follower.failures.fetch_add(1, Ordering::SeqCst);
    tracing::error!(%environment, "events are stored, but people's rows are behind them until the store works again");
}

/// Notes everything that the logs of this process hold.
pub(crate) async fn catch_up(app: &App) -> Result<(), NoteError> {
    let Ok(log) = app.log() else { return Ok(()) };
    for environment in log.environments() {
        catch_up_with(app, environment).await?;
    }
    Ok(())
}

/// As [`catch_up`], of one environment.
pub(crate) async fn catch_up_with(app: &App, environment: EnvironmentId) -> Result<(), NoteError> {
    let Ok(log) = app.log() else { return Ok(()) };
    let follower = app.noting.of(environment);
    let mut place = follower.place.lock().await;
    follower.advance(app, log, environment, &mut place, u64::MAX).await
}

impl Follower {
    /// Goes on up to a frame, or as far as there is anything.
    async fn advance(
        &self,
        app: &App,
        log: &Arc<EventLog>,
        environment: EnvironmentId,
        place: &mut Option<Place>,
        upto: u64,
    ) -> Result<(), NoteError> {
        let mut standing = 0;
        loop {
            let from = match *place {
                Some(known) => known,
                None => load(app, log, environment).await?,
            };
            let next = step(app, log, environment, from).await?;
            *place = Some(next);
            self.noted.fetch_max(next.looked, Ordering::SeqCst);
            if next == from || next.looked >= upto {
                return Ok(());
            }
            standing = if next.looked > from.looked { 0 } else { standing + 1 };
            if standing > TRIES {
                return Err(NoteError::Contended);
            }
        }
    }
}

/// Where a log's mark stands when this process begins to follow it.
async fn load(app: &App, log: &EventLog, environment: EnvironmentId) -> Result<Place, NoteError> {
    let (id, durable) = (log.log_id(environment), log.durable(environment));
    let mut tx = app.main.begin(Scope::Environment(environment)).await?;
    let mut mark = marks::hold(&mut tx, app.main.engine(), environment, id).await?;
    if mark > durable {
        // What comes gets these sequences again.
        tracing::error!(%environment, mark, durable, "the event log ends before what people's rows hold of it");
        marks::set(&mut tx, environment, id, durable).await?;
        mark = durable;
    }
    tx.commit().await?;
    Ok(Place { mark, looked: mark, ruleset: 0 })
}

/// Looks at some frames and notes what is in them. Stays where it is if there are none.
async fn step(
    app: &App,
    log: &Arc<EventLog>,
    environment: EnvironmentId,
    mut place: Place,
) -> Result<Place, NoteError> {
    // In this order: what is watched is of this ruleset or of a newer one, which the store then has as well.
    let ruleset = app.rulesets.live(environment).rules.number();
    let watch = app.watches.of(environment);
    if place.ruleset != ruleset {
        place = Place { looked: place.mark, ruleset, ..place };
    }
    let found = look(log, environment, &watch, place.looked).await?;
    if found.events.is_empty() && found.upto - place.mark < LAZY {
        return Ok(Place { looked: found.upto, ..place });
    }
    let id = log.log_id(environment);
    let mut tx = app.main.begin(Scope::Environment(environment)).await?;
    let mark = marks::hold(&mut tx, app.main.engine(), environment, id).await?;
    let current = contents::ruleset_number(&mut tx, environment).await?;
    if (mark, current) != (place.mark, place.ruleset) {
        drop(tx);
        if current != ruleset {
            app.rulesets.refresh(app, environment).await?;
        }
        return Ok(Place { mark, looked: mark, ruleset: current });
    }
    after::write(app, &mut tx, environment, &watch, &found.events).await?;
    marks::set(&mut tx, environment, id, found.upto).await?;
    tx.commit().await?;
    Ok(Place { mark: found.upto, looked: found.upto, ruleset })
}

/// What there is to note behind a frame.
async fn look(
    log: &Arc<EventLog>,
    environment: EnvironmentId,
    watch: &Arc<Watch>,
    after: u64,
) -> Result<Following, NoteError> {
    let (log, watch) = (Arc::clone(log), Arc::clone(watch));
    let looking = tokio::task::spawn_blocking(move || {
        let names: Vec<&str> = after::RESERVED.into_iter().chain(watch.event_names()).collect();
        let mut found = log.follow(environment, after, &names, EVENTS)?;
        found.events.retain(|(_, event)| after::changes_something(&watch, event));
        Ok::<_, ReadError>(found)
    });
    let found = looking.await.map_err(|_| NoteError::Panicked)??;
    for error in &found.damaged {
        tracing::error!(%environment, %error, "what this frame held is not in people's rows");
    }
    Ok(found)
}
