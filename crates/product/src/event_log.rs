//! Opening the event logs of the data folder with the product's keys, an edge to append to its own, everybody to read, and the
//! engine over them; asking them; verifying them.

use std::path::Path;
use std::sync::Arc;

use base::id::EnvironmentId;
use base::{Clock, Code, Problem, ProblemResult, Rng};
use events::{
    EmbeddedEngine, EngineParts, EventLog, LogKeys, OpenError, Options, PartError, PartOptions, QueryError, ReadError,
};
use keys::KeySet;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::problem::internal;

/// The name of an edge that was given none.
pub const EDGE: &str = "edge";

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
        let parts = events::verify_parts(&data, keys.as_ref(), keys.as_ref()).map_err(internal)?;
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
    let keys: Arc<dyn LogKeys> = keys.clone();
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

/// The engine over the logs and parts of a data folder.
pub(crate) fn engine(
    data: &Path,
    log: &Arc<EventLog>,
    keys: &Arc<KeySet>,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
) -> Arc<EmbeddedEngine> {
    let parts = EngineParts {
        data: data.to_owned(),
        keys: keys.clone(),
        log_keys: keys.clone(),
        clock: Arc::clone(clock),
        rng: Arc::clone(rng),
        options: PartOptions::default(),
    };
    Arc::new(EmbeddedEngine::new(Arc::clone(log), parts))
}

/// Asks the engine a question, on a thread that may wait for a disk. What another process sealed with a key that this one has
/// not heard of yet is read with that key.
pub(crate) async fn ask<T: Send + 'static>(
    app: &App,
    question: impl Fn(&EmbeddedEngine) -> Result<T, QueryError> + Clone + Send + 'static,
) -> ProblemResult<T> {
    let ask = || {
        let (engine, question) = (Arc::clone(app.engine()), question.clone());
        tokio::task::spawn_blocking(move || question(&engine))
    };
    let answer = match ask().await.map_err(internal)? {
        Err(QueryError::Read(ReadError::Key { .. } | ReadError::Part(PartError::Key(_)))) => {
            app.reload_keys().await.map_err(internal)?;
            ask().await.map_err(internal)?
        }
        other => other,
    };
    answer.map_err(refused)
}

/// A frame that is not in parts yet cannot be read: nobody knows what it held, so no question has an answer until it was passed over.
fn damaged(path: &Path, sequence: u64, error: &QueryError) -> Problem {
    tracing::error!(%error, "a question was not answered");
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Problem::new(Code::StorageUnavailable)
        .detail(format!(
            "the event log is damaged, frame {sequence} of {file}: what else it holds is answered from once it is sealed, in some \
             minutes. `pilotfish events verify` says what is lost"
        ))
        .retry_after(60)
}

fn refused(error: QueryError) -> Problem {
    match error {
        QueryError::TooLong | QueryError::TooLarge => Problem::new(Code::QueryTooLarge).detail(error.to_string()),
        QueryError::Read(ReadError::Unsealed { .. }) => Problem::new(Code::StorageUnavailable)
            .detail("events are being sealed: ask again in a while")
            .retry_after(10),
        QueryError::Read(ReadError::Damaged { ref path, sequence, .. }) => damaged(path, sequence, &error),
        QueryError::NoTarget(_) => Problem::new(Code::InvalidValue).field("/of", error.to_string()),
        QueryError::Read(_) | QueryError::Cancelled | QueryError::Unresolved(_) => internal(error),
    }
}
