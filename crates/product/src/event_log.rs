//! Opening and verifying the event log with the product's keys.

use std::path::Path;
use std::sync::Arc;

use base::id::EnvironmentId;
use base::{Clock, ProblemResult, Rng, Secret};
use events::{EventLog, LogKeyError, LogKeys, OpenError, Options};
use keys::{KeyKind, KeySet, Owner};
use serde::{Deserialize, Serialize};

use crate::problem::internal;
use crate::{App, Databases};

/// The name of this process's edge. Processes that share a data folder take turns.
const EDGE: &str = "edge";

struct Keys(Arc<KeySet>);

impl LogKeys for Keys {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        let owner = Owner::Environment(environment);
        self.0.primary(KeyKind::EventLog, owner).map_err(|error| LogKeyError(error.to_string()))
    }

    fn version(&self, environment: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        let owner = Owner::Environment(environment);
        self.0.version(KeyKind::EventLog, owner, version).map_err(|error| LogKeyError(error.to_string()))
    }
}

/// How many log files of this data folder are sealed under this version of an environment's key.
pub(crate) async fn sealed_with(app: &App, environment: EnvironmentId, version: u32) -> ProblemResult<u64> {
    let data = app.data().to_owned();
    let counted = tokio::task::spawn_blocking(move || events::sealed_with(&data, environment, version));
    counted.await.map_err(internal)?.map_err(internal)
}

/// What was found in the files of the event log and of the parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Whether every acknowledged event is there, as it was written.
    pub whole: bool,
    /// Every log and every environment's parts, with whatever is amiss, for people.
    pub report: String,
}

/// Reads every file of the event log and of the parts in this data folder, and changes nothing.
pub async fn verify(app: &App) -> ProblemResult<Verified> {
    let (data, keys) = (app.data().to_owned(), Arc::clone(&app.keys));
    let reading = tokio::task::spawn_blocking(move || {
        let log = events::verify(&data, keys.as_ref()).map_err(internal)?;
        let parts = events::verify_parts(&data, keys.as_ref()).map_err(internal)?;
        let report = format!(
            "event log: {} events in {} logs\n{log}parts: {} events of {} environments\n{parts}",
            log.events(),
            log.logs.len(),
            parts.events(),
            parts.environments.len()
        );
        Ok(Verified { whole: log.is_whole() && parts.is_whole(), report })
    });
    reading.await.map_err(internal)?
}

/// Opens the log below a data folder, putting in order what a crash left. `None` if a shared folder's log is another
/// process's.
pub(crate) async fn open(
    data: &Path,
    databases: &Databases,
    keys: &Arc<KeySet>,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
) -> Result<Option<Arc<EventLog>>, OpenError> {
    let data = data.to_owned();
    let keys: Arc<dyn LogKeys> = Arc::new(Keys(Arc::clone(keys)));
    let (clock, rng) = (Arc::clone(clock), Arc::clone(rng));
    let opened = tokio::task::spawn_blocking(move || EventLog::open(&data, EDGE, keys, clock, rng, Options::default()));
    match opened.await {
        Ok(Ok((log, _findings_are_logged))) => Ok(Some(Arc::new(log))),
        Ok(Err(OpenError::Locked(folder))) if matches!(databases, Databases::Postgres { .. }) => {
            tracing::info!(folder = %folder.display(), "the event log is another process's");
            Ok(None)
        }
        Ok(Err(error)) => Err(error),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
