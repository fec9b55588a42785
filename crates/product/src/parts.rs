//! Parts: whoever does background work seals what the event logs of the data folder hold into them, merges them, and moves
//! them to the newest keys. Every process reads them.
//!
//! One process writes an environment's parts at a time: of two workers over one data folder, the one that has them goes on, and
//! the other leaves them alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::ProblemResult;
use base::id::EnvironmentId;
use events::{EmbeddedEngine, EventLog, LogId, PartError, Parts, ReadError};
use keys::KeyKind;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::App;
use crate::problem::internal;

/// How often it is looked what there is to do.
const LOOK: Duration = Duration::from_secs(5);

/// Does what is to be done, again and again, until it is told to stop; a step that is under way is ended first.
pub(crate) fn follow(app: &Arc<App>, tracker: &TaskTracker, stop: &CancellationToken) {
    let (app, stop) = (Arc::clone(app), stop.clone());
    tracker.spawn(async move {
        loop {
            let (log, engine, until) = (Arc::clone(app.log()), Arc::clone(app.engine()), stop.clone());
            let working = tokio::task::spawn_blocking(move || work(&log, &engine, &until));
            if let Err(error) = working.await {
                tracing::error!(%error, "sealing events into parts panicked; the next look tries again");
            }
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(LOOK) => {} }
        }
    });
}

/// Does everything that is due, environment by environment. One that fails does not keep the others back.
fn work(log: &EventLog, engine: &EmbeddedEngine, stop: &CancellationToken) {
    let logs = match durable(log) {
        Ok(logs) => logs,
        Err(error) => {
            tracing::error!(%error, "the event logs could not be read to seal them; the next look tries again");
            return;
        }
    };
    for (environment, logs) in logs {
        match engine.parts(environment).and_then(|parts| bring_up_to_date(&parts, &logs, stop)) {
            Ok(()) => {}
            Err(PartError::Locked(_)) => tracing::debug!(%environment, "another process writes the parts"),
            Err(error) => tracing::error!(%environment, %error, "events were not sealed; the next look tries again"),
        }
    }
}

/// The environments that have events, and how far each of their logs goes.
fn durable(log: &EventLog) -> Result<BTreeMap<EnvironmentId, BTreeMap<LogId, u64>>, ReadError> {
    let mut logs: BTreeMap<EnvironmentId, BTreeMap<LogId, u64>> = BTreeMap::new();
    let own = log.environments().into_iter().filter_map(|environment| log.own(environment));
    for log in own.chain(log.others()?).filter(|log| log.durable() > 0) {
        logs.entry(log.environment()).or_default().insert(log.id(), log.durable());
    }
    Ok(logs)
}

fn bring_up_to_date(parts: &Parts, logs: &BTreeMap<LogId, u64>, stop: &CancellationToken) -> Result<(), PartError> {
    let sealed = parts.sealed()?;
    if logs.iter().any(|(log, durable)| sealed.get(log).is_none_or(|sealed| sealed < durable)) {
        while !stop.is_cancelled() && parts.seal_due()?.more {}
    }
    while !stop.is_cancelled() && parts.compact_due()? {}
    while !stop.is_cancelled() && parts.reseal_due()? {}
    Ok(())
}

/// Moves an environment's parts to the newest keys, if this process can write them.
pub(crate) async fn reseal(app: &App, environment: EnvironmentId) -> ProblemResult<()> {
    let engine = Arc::clone(app.engine());
    let resealing = tokio::task::spawn_blocking(move || {
        let parts = engine.parts(environment)?;
        while parts.reseal_due()? {}
        Ok(())
    });
    match resealing.await.map_err(internal)? {
        // Whoever writes them does it.
        Ok(()) | Err(PartError::Locked(_)) => Ok(()),
        Err(error) => Err(internal(error)),
    }
}

/// How many files of this data folder are sealed under this version of an environment's `part` or `dictionary` key.
pub(crate) async fn sealed_with(app: &App, kind: KeyKind, environment: EnvironmentId, version: u32) -> ProblemResult<u64> {
    let data = app.data().to_owned();
    let counted = tokio::task::spawn_blocking(move || events::parts_sealed_with(&data, kind, environment, version));
    counted.await.map_err(internal)?.map_err(internal)
}
