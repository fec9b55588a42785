//! Trimming: what an event log holds goes from it once it is in parts, whoever follows the log has passed it, and copies of it
//! are recognised no more. So an event is kept once, but for those of the last days.
//!
//! Who follows a log keeps a checkpoint; that is the floor. Files go one by one, and between two of them whoever seals or erases has
//! its turn. They are removed by whoever may: an edge that is another user of the system removes its own ([`remove_trimmed`]).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::id::EnvironmentId;
use events::{LogId, PartError, Parts, ReadError, TrimLook, Trimming};
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::ingest::{ProjectionError, bring_checkpoints};

/// How often it is looked whether anything may go.
const LOOK: Duration = Duration::from_mins(10);
/// Between two files: whoever waits for the parts would else not get them from who takes them again at once.
const BETWEEN: Duration = Duration::from_millis(20);

#[derive(Debug, thiserror::Error)]
enum TrimError {
    #[error(transparent)]
    Parts(#[from] PartError),
    #[error(transparent)]
    Checkpoints(#[from] ProjectionError),
    #[error(transparent)]
    Logs(#[from] ReadError),
    #[error("trimming panicked")]
    Panicked(#[from] JoinError),
}

/// Trims now and again, until it is told to stop; the file that it is at is ended first.
pub(super) async fn follow(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        trim(&app, &stop).await;
        tokio::select! { () = stop.cancelled() => {}, () = tokio::time::sleep(LOOK) => {} }
    }
}

/// Trims the logs of every environment whose parts this process writes. One that fails does not keep the others back.
pub(crate) async fn trim(app: &Arc<App>, stop: &CancellationToken) {
    let environments = match environments(app).await {
        Ok(environments) => environments,
        Err(error) => {
            tracing::error!(%error, "the event logs could not be read to trim them; the next look tries again");
            return;
        }
    };
    for environment in environments.into_iter().take_while(|_| !stop.is_cancelled()) {
        match trim_environment(app, environment, stop).await {
            Ok(()) | Err(TrimError::Parts(PartError::Locked(_))) => {}
            Err(error) => {
                tracing::error!(%environment, %error, "an event log was not trimmed; the next look tries again");
            }
        }
    }
    remove_trimmed(app).await;
}

async fn environments(app: &App) -> Result<Vec<EnvironmentId>, TrimError> {
    let log = Arc::clone(app.log());
    let logs = spawn_blocking(move || super::logs(&log)).await??;
    Ok(logs.into_keys().collect())
}

async fn trim_environment(app: &App, environment: EnvironmentId, stop: &CancellationToken) -> Result<(), TrimError> {
    let engine = Arc::clone(app.engine());
    let looking = spawn_blocking(move || {
        let parts = engine.parts(environment)?;
        let look = parts.look_to_trim()?;
        Ok::<(Arc<Parts>, TrimLook), PartError>((parts, look))
    });
    let (parts, mut look) = looking.await??;
    // Also if nothing may go: what went wrong with a log is said in the end.
    let floor = if look.trimmable().is_empty() {
        BTreeMap::<LogId, u64>::new()
    } else {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            floor = bring_checkpoints(app, environment, look.trimmable()) => floor?,
        }
    };
    let stop = stop.clone();
    let trimming = spawn_blocking(move || {
        let done = super::each(&stop, || {
            let more = parts.trim_due(&mut look, &floor)?;
            if more {
                std::thread::sleep(BETWEEN);
            }
            Ok(more)
        });
        (look.done(), done)
    });
    let (Trimming { files, events, .. }, done) = trimming.await?;
    if files > 0 {
        tracing::info!(%environment, files, events, "log files were trimmed: what they held is in parts");
    }
    Ok(done?)
}

/// Removes what was trimmed of this process's own logs, and lets go of what memory has of it.
pub(crate) async fn remove_trimmed(app: &App) {
    let log = Arc::clone(app.log());
    match spawn_blocking(move || log.remove_trimmed()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, "trimmed log files were not removed; the next look tries again"),
        Err(error) => tracing::error!(%error, "removing trimmed log files panicked; the next look tries again"),
    }
}
