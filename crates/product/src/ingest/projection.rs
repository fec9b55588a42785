//! The projection of the event logs into people's rows: whoever appended something that rows depend on waits for it, and
//! the clock does it for whoever could not wait.
//!
//! Each log is followed in order of arrival, from a *checkpoint* that says how far it has been projected. The checkpoint
//! is written on the transaction that writes the rows, and every such transaction begins by reading it. So each event is
//! projected exactly once, wherever the process ends, a request is dropped or a store fails: either both were written, or
//! neither, and the next look begins where the checkpoint stands. Nothing that memory says decides what is projected: if
//! the checkpoint or the ruleset's number are not what this process thought, it looks again. A copy of a message is not in
//! the log, and so never projected.
//!
//! Frames without anything to project move the checkpoint only now and then: looking at them again does no harm.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ::store::StoreError;
use base::id::EnvironmentId;
use events::{EventLog, Following, ReadError};
use tokio::sync::watch;

use super::watch::Watch;
use super::{after, checkpoints};
use crate::App;
use crate::authority::TenantTx;
use crate::content::{published, store as contents};
use crate::delivery;

/// Events that are projected in one transaction, or a few more.
const EVENTS: usize = 2_000;
/// Frames with nothing to project after which the checkpoint is moved all the same.
const LAZY: u64 = 1_000;
/// How often it is tried while somebody waits.
const TRIES: u32 = 5;

/// Why what is in the log could not be projected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("reading the event log panicked")]
    Panicked,
    #[error("somebody else moves the checkpoint of this event log")]
    Contended,
}

/// The logs that this process appends to, and how far each has been projected.
#[derive(Default)]
pub(crate) struct Projection(Mutex<HashMap<EnvironmentId, Arc<Follower>>>);

/// Follows one log.
#[derive(Default)]
struct Follower {
    /// Nobody has to wait for what arrived up to here.
    projected: watch::Sender<u64>,
    /// Failed attempts: whoever waited meanwhile does not try once more.
    failures: AtomicU64,
    /// Whether the checkpoint was compared with where the log ended when it was opened: those after that are this
    /// process's.
    compared: AtomicBool,
    /// Held by whoever does the work for all who wait.
    place: tokio::sync::Mutex<Option<Place>>,
    #[cfg(test)]
    gate: Gate,
}

/// Where a test stops a step that is written, but not committed.
#[cfg(test)]
#[derive(Default)]
struct Gate {
    reached: tokio::sync::Notify,
    closed: tokio::sync::Mutex<()>,
}

/// Where a follower stands, as far as this process knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The checkpoint as it is in the store.
    checkpoint: u64,
    /// Between the checkpoint and here there is nothing to project …
    looked: u64,
    /// … by this ruleset.
    ruleset: u64,
}

impl Projection {
    fn of(&self, environment: EnvironmentId) -> Arc<Follower> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(logs.entry(environment).or_default())
    }
}

#[cfg(test)]
impl Projection {
    /// What a process knows that has just begun.
    pub(super) fn forget(&self) {
        for follower in self.0.lock().unwrap_or_else(PoisonError::into_inner).values() {
            follower.projected.send_replace(0);
            *follower.place.try_lock().unwrap() = None;
        }
    }

    /// What a process knows that has just begun, whose logs did too.
    pub(super) fn forget_logs(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Does something while somebody is at work.
    pub(super) async fn while_somebody_is_at_work<T>(
        &self,
        environment: EnvironmentId,
        doing: impl Future<Output = T>,
    ) -> T {
        let follower = self.of(environment);
        let _place = follower.place.lock().await;
        doing.await
    }

    /// Does something while somebody is at work who projects what arrived up to a frame, and then goes on.
    pub(super) async fn while_somebody_goes_on_from<T>(
        &self,
        environment: EnvironmentId,
        frame: u64,
        doing: impl Future<Output = T>,
    ) -> T {
        let follower = self.of(environment);
        let _place = follower.place.lock().await;
        let working = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            follower.projected.send_replace(frame);
        };
        tokio::join!(doing, working).0
    }

    /// Somebody does something until their step is written, and leaves before it is committed.
    pub(super) async fn leave_before_commit<T>(&self, environment: EnvironmentId, doing: impl Future<Output = T>) {
        let follower = self.of(environment);
        let _closed = follower.gate.closed.lock().await;
        let reached = follower.gate.reached.notified();
        tokio::select! {
            biased;
            _ = doing => panic!("it was not stopped"),
            () = reached => {}
        }
    }

    async fn pass_gate(&self, environment: EnvironmentId) {
        let follower = self.of(environment);
        follower.gate.reached.notify_waiters();
        drop(follower.gate.closed.lock().await);
    }

    /// What a process believes that did not hear of the commits that it made.
    pub(super) async fn believe_nothing_is_projected(&self, environment: EnvironmentId) {
        let begun = Place { checkpoint: 0, looked: 0, ruleset: 0 };
        *self.of(environment).place.lock().await = Some(begun);
    }
}

/// Returns when everything up to this frame has been projected, or could not be for now: the events are durable, and the
/// clock tries again.
pub(super) async fn wait(app: &App, environment: EnvironmentId, upto: u64) {
    let Ok(log) = app.log() else { return };
    let follower = app.projection.of(environment);
    let failures = follower.failures.load(Ordering::SeqCst);
    let mut projected = follower.projected.subscribe();
    // Whoever does the work may have more to do than this.
    let mut place = tokio::select! {
        biased;
        _ = projected.wait_for(|projected| *projected >= upto) => return,
        place = follower.place.lock() => place,
    };
    for _ in 0..TRIES {
        let others_failed = follower.failures.load(Ordering::SeqCst) != failures;
        if others_failed || follower.has_projected(upto) {
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

/// Projects everything that the logs of this process hold as of the call. One that fails does not keep the others back;
/// the first error is the answer.
pub(crate) async fn catch_up(app: &App) -> Result<(), ProjectionError> {
    let Ok(log) = app.log() else { return Ok(()) };
    let mut result = Ok(());
    for environment in log.environments() {
        let caught_up = catch_up_with(app, environment).await;
        if let Err(error) = &caught_up {
            tracing::warn!(%environment, %error, "people's rows are behind this event log");
        }
        result = result.and(caught_up);
    }
    result
}

/// As [`catch_up`], of one environment. It ends, however fast more arrives.
pub(crate) async fn catch_up_with(app: &App, environment: EnvironmentId) -> Result<(), ProjectionError> {
    let Ok(log) = app.log() else { return Ok(()) };
    let upto = log.durable(environment);
    let follower = app.projection.of(environment);
    let mut place = follower.place.lock().await;
    follower.advance(app, log, environment, &mut place, upto).await
}

impl Follower {
    fn has_projected(&self, upto: u64) -> bool {
        *self.projected.borrow() >= upto
    }

    /// Goes on up to a frame, or as far as there is anything.
    async fn advance(
        &self,
        app: &App,
        log: &Arc<EventLog>,
        environment: EnvironmentId,
        place: &mut Option<Place>,
        upto: u64,
    ) -> Result<(), ProjectionError> {
        let mut standing = 0;
        loop {
            let from = match *place {
                Some(known) => known,
                None => *place.insert(self.load(app, log, environment).await?),
            };
            let next = step(app, log, environment, from).await?;
            *place = Some(next);
            self.projected.send_if_modified(|projected| {
                let goes_on = next.looked > *projected;
                *projected = next.looked.max(*projected);
                goes_on
            });
            if next == from || next.looked >= upto {
                return Ok(());
            }
            standing = if next.looked > from.looked { 0 } else { standing + 1 };
            if standing > TRIES {
                return Err(ProjectionError::Contended);
            }
        }
    }

    /// Where a log's checkpoint stands when this process begins to follow it.
    async fn load(&self, app: &App, log: &EventLog, environment: EnvironmentId) -> Result<Place, ProjectionError> {
        let (id, ended) = (log.log_id(environment), log.ended(environment));
        let mut tx = TenantTx::begin(app, environment).await?;
        checkpoints::begin(&mut tx, id).await?;
        let mut checkpoint = checkpoints::hold(&mut tx, id).await?;
        if checkpoint > ended && !self.compared.load(Ordering::SeqCst) {
            // A log that was lost, or an older copy of it: what has come since got these sequences again.
            tracing::error!(%environment, checkpoint, ended, "the event log ended before what people's rows hold of it");
            checkpoints::set(&mut tx, id, ended).await?;
            delivery::cut_back(&mut tx, id, ended).await?;
            checkpoint = ended;
        }
        tx.commit().await?;
        self.compared.store(true, Ordering::SeqCst);
        Ok(Place { checkpoint, looked: checkpoint, ruleset: 0 })
    }
}

/// Looks at some frames and projects what is in them. Stays where it is if there are none.
async fn step(
    app: &App,
    log: &Arc<EventLog>,
    environment: EnvironmentId,
    mut place: Place,
) -> Result<Place, ProjectionError> {
    // In this order: what is watched is of this ruleset or of a newer one, which the store then has as well.
    let ruleset = app.rulesets.live(environment).rules.number();
    let watch = app.watches.of(environment);
    if place.ruleset != ruleset {
        place = Place { looked: place.checkpoint, ruleset, ..place };
    }
    let found = look(log, environment, &watch, place.looked).await?;
    if found.events.is_empty() && found.upto - place.checkpoint < LAZY {
        return Ok(Place { looked: found.upto, ..place });
    }
    // Before the transaction, which holds one of few connections.
    let versions = published::versions(app, environment, after::versions(&found.events)).await?;
    let id = log.log_id(environment);
    let mut tx = TenantTx::begin(app, environment).await?;
    let checkpoint = checkpoints::hold(&mut tx, id).await?;
    let current = contents::ruleset_number(&mut tx).await?;
    if (checkpoint, current) != (place.checkpoint, place.ruleset) {
        drop(tx);
        if current != ruleset {
            app.rulesets.refresh(app, environment).await?;
        }
        return Ok(Place { checkpoint, looked: checkpoint, ruleset: current });
    }
    after::write(&mut tx, (&watch, &versions), &found.events).await?;
    checkpoints::set(&mut tx, id, found.upto).await?;
    #[cfg(test)]
    app.projection.pass_gate(environment).await;
    tx.commit().await?;
    Ok(Place { checkpoint: found.upto, looked: found.upto, ruleset })
}

/// What there is to project behind a frame.
async fn look(
    log: &Arc<EventLog>,
    environment: EnvironmentId,
    watch: &Arc<Watch>,
    after: u64,
) -> Result<Following, ProjectionError> {
    let (log, watch) = (Arc::clone(log), Arc::clone(watch));
    let looking = tokio::task::spawn_blocking(move || {
        let names: Vec<&str> = after::RESERVED.into_iter().chain(watch.event_names()).collect();
        let mut found = log.follow(environment, after, &names, EVENTS)?;
        found.events.retain(|(_, event)| after::changes_something(&watch, event));
        Ok::<_, ReadError>(found)
    });
    let found = looking.await.map_err(|_| ProjectionError::Panicked)??;
    for error in &found.damaged {
        tracing::error!(%environment, %error, "what this frame held is not in people's rows");
    }
    Ok(found)
}
