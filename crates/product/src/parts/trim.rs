//! Trimming: what an event log holds goes from it once it is in parts, whoever follows the log has passed it, and copies of it
//! are recognised no more. So an event is kept once, but for those of the last days.
//!
//! Who follows a log keeps a checkpoint; that is the floor. The files are removed by whoever may: an edge that is another user of
//! the system removes its own ([`remove_trimmed`]).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::id::EnvironmentId;
use events::{LogId, PartError, Parts, ReadError, Trimming};
use tokio::task::{JoinError, spawn_blocking};

use crate::App;
use crate::ingest::{ProjectionError, bring_checkpoints};

/// How often it is looked whether anything may go.
pub(super) const LOOK: Duration = Duration::from_mins(10);

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

/// Trims the logs of every environment whose parts this process writes. One that fails does not keep the others back.
pub(crate) async fn trim(app: &Arc<App>) {
    let environments = match environments(app).await {
        Ok(environments) => environments,
        Err(error) => {
            tracing::error!(%error, "the event logs could not be read to trim them; the next look tries again");
            return;
        }
    };
    for environment in environments {
        match trim_environment(app, environment).await {
            Ok(Trimming { files: 0, .. }) | Err(TrimError::Parts(PartError::Locked(_))) => {}
            Ok(Trimming { files, events, .. }) => {
                tracing::info!(%environment, files, events, "log files were trimmed: what they held is in parts");
            }
            Err(error) => {
                tracing::error!(%environment, %error, "the event logs were not trimmed; the next look tries again");
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

async fn trim_environment(app: &App, environment: EnvironmentId) -> Result<Trimming, TrimError> {
    let engine = Arc::clone(app.engine());
    let looking = spawn_blocking(move || {
        let parts = engine.parts(environment)?;
        let trimmable = parts.trimmable()?;
        Ok::<(Arc<Parts>, BTreeMap<LogId, u64>), PartError>((parts, trimmable))
    });
    let (parts, trimmable) = looking.await??;
    // Also if nothing may go: what was left behind when this was cut off is removed.
    let floor =
        if trimmable.is_empty() { BTreeMap::new() } else { bring_checkpoints(app, environment, &trimmable).await? };
    Ok(spawn_blocking(move || parts.trim_logs(&floor)).await??)
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
