//! Opening the event logs of the data folder with the product's keys, an edge to append to its own, everybody to read; and
//! verifying them.

use std::path::Path;
use std::sync::Arc;

use base::id::EnvironmentId;
use base::{Clock, ProblemResult, Rng, Secret};
use events::{EventLog, LogKeyError, LogKeys, OpenError, Options, ReadError};
use keys::{KeyKind, KeySet, Owner};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::problem::internal;

/// The name of an edge that was given none.
pub const EDGE: &str = "edge";

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

/// Opens the logs below a data folder: an edge's own, putting in order what a crash left, and everybody else's to read.
pub(crate) async fn open(
    data: &Path,
    edge: Option<&str>,
    keys: &Arc<KeySet>,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
) -> Result<Arc<EventLog>, OpenError> {
    let (data, edge) = (data.to_owned(), edge.map(str::to_owned));
    let keys: Arc<dyn LogKeys> = Arc::new(Keys(Arc::clone(keys)));
    let (clock, rng, options) = (Arc::clone(clock), Arc::clone(rng), Options::default());
    let opened = tokio::task::spawn_blocking(move || match edge {
        Some(edge) => EventLog::open(&data, &edge, keys, clock, rng, options).map(|(log, _findings_are_logged)| log),
        None => Ok(EventLog::open_to_read(&data, keys, clock, rng, options)),
    });
    match opened.await {
        Ok(opened) => opened.map(Arc::new),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Asks the logs a question, on a thread that may wait for a disk. A file that another process sealed with a key that this
/// one has not heard of yet is read with that key.
pub(crate) async fn read<T: Send + 'static>(
    app: &App,
    question: impl Fn(&EventLog) -> Result<T, ReadError> + Clone + Send + 'static,
) -> ProblemResult<T> {
    let ask = || {
        let (log, question) = (Arc::clone(app.log()), question.clone());
        tokio::task::spawn_blocking(move || question(&log))
    };
    match ask().await.map_err(internal)? {
        Err(ReadError::Key { .. }) => {
            app.reload_keys().await.map_err(internal)?;
            ask().await.map_err(internal)?.map_err(internal)
        }
        other => other.map_err(internal),
    }
}
