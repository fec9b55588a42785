//! Parts: whoever does background work seals what the event logs of the data folder hold into them, merges them, moves
//! them to the newest keys, and trims the logs ([`trim`]). Every process reads them.
//!
//! One process writes an environment's parts at a time: of two workers over one data folder, the one that has them goes on, and
//! the other leaves them alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::id::EnvironmentId;
use base::{ProblemResult, Timestamp};
use events::{EventLog, LogView, PartError, Parts, ReadError};
use keys::KeyKind;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::problem::internal;
use crate::{App, figures};

mod trim;

pub(crate) use trim::remove_trimmed;
#[cfg(test)]
pub(crate) use trim::trim;

/// How often it is looked what there is to do.
const LOOK: Duration = Duration::from_secs(5);

/// A look reads the files of what waits, to see whether it is due, only if there are so many bytes of them: unpacked they may be
/// as many as are sealed at once.
const PACKED: u64 = 16;

/// Does what is to be done, again and again, until it is told to stop; a step that is under way is ended first.
pub(crate) fn follow(app: &Arc<App>, tracker: &TaskTracker, stop: &CancellationToken) {
    // Beside the rest: reading what is to be trimmed takes longer than events may wait to be sealed.
    tracker.spawn(trim::follow(Arc::clone(app), stop.clone()));
    let (app, stop) = (Arc::clone(app), stop.clone());
    tracker.spawn(async move {
        let mut since = Since::default();
        loop {
            let since_before = std::mem::take(&mut since);
            let look = Look { app: Arc::clone(&app), stop: stop.clone(), since: since_before, unsealed: Some(0) };
            match tokio::task::spawn_blocking(move || look.work()).await {
                Ok(after) => since = after,
                Err(error) => tracing::error!(%error, "sealing events into parts panicked; the next look tries again"),
            }
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(LOOK) => {} }
        }
    });
}

/// Since when events of an environment wait, as far as this process knows.
type Since = BTreeMap<EnvironmentId, Timestamp>;

/// One look at what there is to do.
struct Look {
    app: Arc<App>,
    stop: CancellationToken,
    since: Since,
    /// Events that were found waiting, of all environments; `None` once one could not be looked at.
    unsealed: Option<u64>,
}

impl Look {
    /// Does everything that is due, environment by environment. One that fails does not keep the others back.
    fn work(mut self) -> Since {
        let logs = match logs(self.app.log()) {
            Ok(logs) => logs,
            Err(error) => {
                tracing::error!(%error, "the event logs could not be read to seal them; the next look tries again");
                return self.since;
            }
        };
        for (environment, logs) in logs {
            let parts = match self.app.engine().parts(environment) {
                Ok(parts) => parts,
                Err(PartError::Locked(_)) => continue,
                Err(error) => {
                    tracing::error!(%environment, %error, "the parts cannot be written; the next look tries again");
                    self.unsealed = None;
                    continue;
                }
            };
            for (done, what) in [
                (self.seal(&parts, &logs), "events were not sealed"),
                (self.each(|| parts.compact_due()), "parts were not merged"),
                (self.each(|| parts.reseal_due()), "parts were not moved to the newest keys"),
            ] {
                if let Err(error) = done {
                    self.unsealed = None;
                    tracing::error!(%environment, %error, "{what}; the next look tries again");
                }
            }
        }
        if let Some(unsealed) = self.unsealed {
            figures::unsealed(unsealed);
        }
        self.since
    }

    /// Seals what is due. Whether anything is, is mostly told without reading files.
    fn seal(&mut self, parts: &Parts, logs: &[LogView]) -> Result<(), PartError> {
        let (sealed, now, options) = (parts.sealed()?, self.app.clock.now(), parts.options());
        let waiting = logs.iter().map(|log| log.waiting(sealed.get(&log.id()).copied().unwrap_or(0)));
        let (events, bytes) = waiting.fold((0, 0), |sum, waiting| (sum.0 + waiting.0, sum.1 + waiting.1));
        self.unsealed = self.unsealed.map(|unsealed| unsealed + events);
        if events == 0 {
            self.since.remove(&parts.environment());
            return Ok(());
        }
        let since = *self.since.entry(parts.environment()).or_insert(now);
        let much = events >= options.seal_rows as u64 || bytes >= options.seal_bytes as u64 / PACKED;
        // What has waited since before this process began may be due at once.
        if much || since == now || now.since(since) >= options.seal_age {
            let done = self.each(|| Ok(parts.seal_due()?.more));
            if parts.sealed()? != sealed {
                self.since.insert(parts.environment(), now);
            }
            done?;
        }
        Ok(())
    }

    fn each(&self, step: impl FnMut() -> Result<bool, PartError>) -> Result<(), PartError> {
        each(&self.stop, step)
    }
}

/// Goes on step by step while there is more to do.
fn each(stop: &CancellationToken, mut work: impl FnMut() -> Result<bool, PartError>) -> Result<(), PartError> {
    while !stop.is_cancelled() && work()? {}
    Ok(())
}

/// The logs that have events, by their environments.
fn logs(log: &EventLog) -> Result<BTreeMap<EnvironmentId, Vec<LogView>>, ReadError> {
    let mut logs: BTreeMap<EnvironmentId, Vec<LogView>> = BTreeMap::new();
    let own = log.environments().into_iter().filter_map(|environment| log.own(environment));
    for log in own.chain(log.others()?).filter(|log| log.durable() > 0) {
        logs.entry(log.environment()).or_default().push(log);
    }
    Ok(logs)
}

/// Moves an environment's parts to the newest keys, if this process can write them. What fails is tried again at the next look:
/// the old version stays as long as something needs it.
pub(crate) async fn reseal(app: &App, environment: EnvironmentId) -> ProblemResult<()> {
    let engine = Arc::clone(app.engine());
    let resealing = tokio::task::spawn_blocking(move || {
        let parts = engine.parts(environment)?;
        while parts.reseal_due()? {}
        Ok(())
    });
    match resealing.await.map_err(internal)? {
        // Whoever writes them does it.
        Ok(()) | Err(PartError::Locked(_)) => {}
        Err(error) => tracing::error!(%environment, %error, "parts were not moved to the newest keys"),
    }
    Ok(())
}

/// How many files of this data folder are sealed under this version of an environment's `part` or `dictionary` key.
pub(crate) async fn sealed_with(
    app: &App,
    kind: KeyKind,
    environment: EnvironmentId,
    version: u32,
) -> ProblemResult<u64> {
    let data = app.data().to_owned();
    let counted = tokio::task::spawn_blocking(move || events::parts_sealed_with(&data, kind, environment, version));
    counted.await.map_err(internal)?.map_err(internal)
}
