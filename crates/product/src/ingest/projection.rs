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
//!
//! An edge projects its own log. A worker that shares its data folder also goes through the others' logs, some seconds behind:
//! what an edge could not project, since it ended or its store failed, is in the rows though it does not come back. They need
//! not agree on who does it: the checkpoint decides.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ::store::StoreError;
use base::id::EnvironmentId;
use events::{Following, LogId, LogView, ReadError};
use tokio::sync::watch;

use super::watch::Watch;
use super::{after, checkpoints};
use crate::App;
use crate::authority::{TenantReader, TenantTx};
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

/// The logs that this process projects, and how far each has been.
#[derive(Default)]
pub(crate) struct Projection(Mutex<HashMap<LogId, Arc<Follower>>>);

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
    /// Of another process's log: how far it went when it was looked at last.
    went: AtomicU64,
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

/// How far to go.
#[derive(Debug, Clone, Copy)]
struct Goal {
    upto: u64,
    /// Never beyond.
    bound: u64,
    /// Whether the checkpoint has to get there, and not only the look.
    written: bool,
    /// Frames up to here are not in the log any more, and nobody projected them: that was reported.
    gone: u64,
}

impl Goal {
    /// As far as there is anything up to a frame, and on if there is more.
    const fn at_least(upto: u64) -> Self {
        Self { upto, bound: u64::MAX, written: false, gone: 0 }
    }
}

impl Projection {
    fn of(&self, log: LogId) -> Arc<Follower> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(logs.entry(log).or_default())
    }
}

#[cfg(test)]
impl Projection {
    /// The follower of a test's own log.
    fn own(&self, environment: EnvironmentId) -> Arc<Follower> {
        self.of(LogId::of(crate::event_log::EDGE, environment))
    }

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
        let follower = self.own(environment);
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
        let follower = self.own(environment);
        let _place = follower.place.lock().await;
        let working = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            follower.projected.send_replace(frame);
        };
        tokio::join!(doing, working).0
    }

    /// Somebody does something until their step is written, and leaves before it is committed.
    pub(super) async fn leave_before_commit<T>(&self, environment: EnvironmentId, doing: impl Future<Output = T>) {
        let follower = self.own(environment);
        let _closed = follower.gate.closed.lock().await;
        let reached = follower.gate.reached.notified();
        tokio::select! {
            biased;
            _ = doing => panic!("it was not stopped"),
            () = reached => {}
        }
    }

    async fn pass_gate(&self, log: LogId) {
        let follower = self.of(log);
        follower.gate.reached.notify_waiters();
        drop(follower.gate.closed.lock().await);
    }

    /// What a process believes that did not hear of the commits that it made.
    pub(super) async fn believe_nothing_is_projected(&self, environment: EnvironmentId) {
        let begun = Place { checkpoint: 0, looked: 0, ruleset: 0 };
        *self.own(environment).place.lock().await = Some(begun);
    }
}

/// Returns when everything up to this frame has been projected, or could not be for now: the events are durable, and the
/// clock tries again.
pub(super) async fn wait(app: &App, environment: EnvironmentId, upto: u64) {
    let Some(log) = app.log().own(environment) else { return };
    let follower = app.projection.of(log.id());
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
        match follower.advance(app, &log, &mut place, Goal::at_least(upto)).await {
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
    let log = app.log();
    let own = log.environments().into_iter().filter_map(|environment| log.own(environment));
    catch_up_each(app, own.map(as_it_is), false).await
}

/// Projects what logs of other processes held at the last look and their own edges have not projected since.
pub(crate) async fn catch_up_for_others(app: &App) -> Result<(), ProjectionError> {
    let mut behind = Vec::new();
    for log in others(app).await? {
        let follower = app.projection.of(log.id());
        let upto = follower.went.swap(log.durable(), Ordering::SeqCst);
        if !follower.has_projected(upto) {
            behind.push((log, upto));
        }
    }
    catch_up_each(app, behind, true).await
}

/// Projects everything that the logs of an environment in this data folder hold as of the call, whoever appends to them. It
/// ends, however fast more arrives.
pub(crate) async fn catch_up_with(app: &App, environment: EnvironmentId) -> Result<(), ProjectionError> {
    let own = app.log().own(environment).map(as_it_is);
    let log = Arc::clone(app.log());
    let others = tokio::task::spawn_blocking(move || log.others_of(environment)).await;
    let others = others.map_err(|_| ProjectionError::Panicked)??;
    catch_up_each(app, others.into_iter().map(as_it_is).chain(own), false).await
}

/// Sees to it that an environment's checkpoints stand at these frames or behind them, as far as there is nothing left to project
/// before: frames without anything to project move them only now and then. Where every checkpoint stands then: that of a log that
/// could not be read, or people's rows of it not be written, stays.
pub(crate) async fn bring_checkpoints(
    app: &App,
    environment: EnvironmentId,
    upto: &BTreeMap<LogId, u64>,
) -> Result<BTreeMap<LogId, u64>, ProjectionError> {
    let log = Arc::clone(app.log());
    let logs = tokio::task::spawn_blocking(move || {
        let (own, others) = (log.own(environment), log.others()?);
        let others = others.into_iter().filter(|log| log.environment() == environment);
        Ok::<_, ReadError>(own.into_iter().chain(others).collect::<Vec<_>>())
    });
    let stands = async || {
        let stands = checkpoints::all(TenantReader::new(app, environment)).await?;
        Ok::<_, StoreError>(
            stands.into_iter().map(|(log, sequence)| (LogId(log), sequence)).collect::<BTreeMap<_, _>>(),
        )
    };
    let before = stands().await?;
    for log in logs.await.map_err(|_| ProjectionError::Panicked)?? {
        let Some(upto) = upto.get(&log.id()).filter(|upto| before.get(&log.id()).is_none_or(|at| at < *upto)) else {
            continue;
        };
        let follower = app.projection.of(log.id());
        let mut place = follower.place.lock().await;
        if log.is_other() {
            *place = None;
        }
        let goal = Goal { bound: *upto, written: true, ..Goal::at_least(*upto) };
        if let Err(error) = follower.advance(app, &log, &mut place, goal).await {
            tracing::warn!(%environment, log = log.id().0, %error, "people's rows are behind this event log, which is not trimmed");
        }
    }
    Ok(stands().await?)
}

/// A log, and where it ends now.
fn as_it_is(log: LogView) -> (LogView, u64) {
    let end = log.durable();
    (log, end)
}

/// The logs that other processes append to.
async fn others(app: &App) -> Result<Vec<LogView>, ProjectionError> {
    let log = Arc::clone(app.log());
    Ok(tokio::task::spawn_blocking(move || log.others()).await.map_err(|_| ProjectionError::Panicked)??)
}

/// Brings each log up to a frame, or as far as there is anything, or no further than that.
async fn catch_up_each(
    app: &App,
    logs: impl IntoIterator<Item = (LogView, u64)>,
    no_further: bool,
) -> Result<(), ProjectionError> {
    let mut result = Ok(());
    for (log, upto) in logs {
        let (environment, bound) = (log.environment(), if no_further { upto } else { u64::MAX });
        let follower = app.projection.of(log.id());
        let mut place = follower.place.lock().await;
        if log.is_other() {
            // Its edge moves the checkpoint, too.
            *place = None;
        }
        let caught_up = follower.advance(app, &log, &mut place, Goal { bound, ..Goal::at_least(upto) }).await;
        if let Err(error) = &caught_up {
            tracing::warn!(%environment, %error, "people's rows are behind this event log");
        }
        result = result.and(caught_up);
    }
    result
}

impl Follower {
    fn has_projected(&self, upto: u64) -> bool {
        *self.projected.borrow() >= upto
    }

    /// Goes on up to a frame, or as far as there is anything.
    async fn advance(
        &self,
        app: &App,
        log: &LogView,
        place: &mut Option<Place>,
        mut goal: Goal,
    ) -> Result<(), ProjectionError> {
        let mut standing = 0;
        loop {
            let ruleset = app.rulesets.live(log.environment()).rules.number();
            let from = match *place {
                Some(known) if [0, ruleset].contains(&known.ruleset) => known,
                // What was looked at is to be looked at again, from where the checkpoint is by now: another process may have
                // moved it, and the log may have been trimmed up to there.
                _ => *place.insert(self.load(app, log).await?),
            };
            let next = match step(app, log, from, goal).await {
                Err(ProjectionError::Read(ReadError::Trimmed { upto, .. })) => {
                    let now = *place.insert(self.load(app, log).await?);
                    goal.gone = gone(log, now.checkpoint, upto).unwrap_or(goal.gone);
                    continue;
                }
                next => next?,
            };
            *place = Some(next);
            self.projected.send_if_modified(|projected| {
                let goes_on = next.looked > *projected;
                *projected = next.looked.max(*projected);
                goes_on
            });
            let reached = if goal.written { next.checkpoint } else { next.looked };
            if next == from || reached >= goal.upto {
                return Ok(());
            }
            standing = if next.looked > from.looked { 0 } else { standing + 1 };
            if standing > TRIES {
                return Err(ProjectionError::Contended);
            }
        }
    }

    /// Where a log's checkpoint stands when this process begins to follow it.
    async fn load(&self, app: &App, log: &LogView) -> Result<Place, ProjectionError> {
        let (environment, id, ended) = (log.environment(), log.id(), log.ended());
        let mut tx = TenantTx::begin(app, environment).await?;
        checkpoints::begin(&mut tx, id).await?;
        let mut checkpoint = checkpoints::hold(&mut tx, id).await?;
        if checkpoint > ended && !log.is_other() && !self.compared.load(Ordering::SeqCst) {
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

/// Up to where frames are gone that nobody projected, if the checkpoint is below what was trimmed.
fn gone(log: &LogView, checkpoint: u64, trimmed: u64) -> Option<u64> {
    if checkpoint >= trimmed {
        return None;
    }
    let environment = log.environment();
    tracing::error!(
        %environment, checkpoint, trimmed,
        "people's rows are older than the event log, which was trimmed beyond their checkpoint: what came between is in parts, \
         and not in these rows"
    );
    Some(trimmed)
}

/// Looks at some frames and projects what is in them. Stays where it is if there are none.
async fn step(app: &App, log: &LogView, mut place: Place, goal: Goal) -> Result<Place, ProjectionError> {
    let environment = log.environment();
    // In this order: what is watched is of this ruleset or of a newer one, which the store then has as well.
    let ruleset = app.rulesets.live(environment).rules.number();
    let watch = app.watches.of(environment);
    if place.ruleset != ruleset {
        place = Place { looked: place.checkpoint, ruleset, ..place };
    }
    let found = look(log, &watch, place.looked.max(goal.gone), goal.bound).await?;
    let lazy = if goal.written || goal.gone > place.checkpoint { 1 } else { LAZY };
    if found.events.is_empty() && found.upto.saturating_sub(place.checkpoint) < lazy {
        return Ok(Place { looked: found.upto, ..place });
    }
    // Before the transaction, which holds one of few connections.
    let versions = published::versions(app, environment, after::versions(&found.events)).await?;
    let id = log.id();
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
    app.projection.pass_gate(id).await;
    tx.commit().await?;
    Ok(Place { checkpoint: found.upto, looked: found.upto, ruleset })
}

/// What there is to project behind a frame, up to another.
async fn look(log: &LogView, watch: &Arc<Watch>, after: u64, bound: u64) -> Result<Following, ProjectionError> {
    let (environment, log, watch) = (log.environment(), log.clone(), Arc::clone(watch));
    let looking = tokio::task::spawn_blocking(move || {
        let names: Vec<&str> = after::RESERVED.into_iter().chain(watch.event_names()).collect();
        let mut found = log.follow(after, &names, EVENTS)?;
        found.upto = found.upto.min(bound.max(after));
        found.events.retain(|(arrival, event)| arrival.sequence <= bound && after::changes_something(&watch, event));
        Ok::<_, ReadError>(found)
    });
    let found = looking.await.map_err(|_| ProjectionError::Panicked)??;
    for error in &found.damaged {
        tracing::error!(%environment, %error, "what this frame held is not in people's rows");
    }
    Ok(found)
}
