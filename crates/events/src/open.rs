//! The event log as the rest of the product sees it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base::id::EnvironmentId;
use base::{Clock, Rng};

use crate::again::{self, Again};
use crate::batch::Batch;
use crate::counters::Counters;
use crate::disk;
use crate::error::{AppendError, OpenError, ReadError};
use crate::format::MAX_EDGE_NAME;
use crate::inspect::{Folder, steadily, storage};
use crate::log::{Log, Shared};
use crate::log_keys::LogKeys;
use crate::options::Options;
use crate::others::Others;
use crate::parts::{PartError, Snapshot};
use crate::read::{self, Rest};
use crate::record::{Arrival, Event, LogId};
use crate::recover::{Mode, Nothing, recover};
use crate::report::{LogReport, Report};
use crate::submit::{Outcome, submit};
use crate::view::LogView;

/// The file whose lock says that an edge appends here.
const LOCK: &str = "lock";

/// The logs of a data folder: those of one edge, to append to, if this process is one, and everybody's to read. Reading
/// functions block on files.
pub struct EventLog {
    root: PathBuf,
    /// Under which name this process appends, if it does.
    edge: Option<String>,
    shared: Arc<Shared>,
    logs: RwLock<Logs>,
    others: Others,
    /// Held while this process may append.
    lock: Mutex<Option<File>>,
}

#[derive(Default)]
struct Logs {
    open: HashMap<EnvironmentId, Arc<Log>>,
    closed: bool,
}

impl EventLog {
    /// Opens the logs of an edge below the data folder, putting in order what a crash left. Blocks while it reads them.
    /// The report says what was found; damage does not keep the log from opening.
    pub fn open(
        data: &Path,
        edge: &str,
        keys: Arc<dyn LogKeys>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        options: Options,
    ) -> Result<(Self, Report), OpenError> {
        if !is_edge_name(edge) {
            return Err(OpenError::EdgeName(edge.to_owned()));
        }
        let folder = data.join("log").join(edge);
        let lock = lock(&folder)?;
        let shared = Arc::new(Shared::new(keys, clock, rng, options));
        let (mut report, mut logs) = (Report::default(), Logs::default());
        for environment in environments(data, edge, &mut report)? {
            let (log, found) = Log::open(Folder::new(data, edge, environment), Arc::clone(&shared))?;
            for finding in &found.findings {
                tracing::warn!(%environment, loss = finding.kind.is_loss(), "event log: {finding}");
            }
            report.logs.push(found);
            logs.open.insert(environment, Arc::new(log));
        }
        let (root, edge, others) = (data.to_owned(), Some(edge.to_owned()), Others::default());
        Ok((Self { root, edge, shared, logs: RwLock::new(logs), others, lock: Mutex::new(Some(lock)) }, report))
    }

    /// Opens the logs of all edges below the data folder to read them as they grow. Nothing is changed.
    pub fn open_to_read(
        data: &Path,
        keys: Arc<dyn LogKeys>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        options: Options,
    ) -> Self {
        let (root, shared) = (data.to_owned(), Arc::new(Shared::new(keys, clock, rng, options)));
        let logs = RwLock::new(Logs { closed: true, ..Logs::default() });
        Self { root, edge: None, shared, logs, others: Others::default(), lock: Mutex::new(None) }
    }

    /// Whether this process may append.
    pub fn appends(&self) -> bool {
        self.edge.is_some()
    }

    /// Stores a batch. Answers once every event of it is durable, in the batch's order; a batch that fails was not
    /// acknowledged as a whole. Dropping the future does not take back what it queued.
    pub async fn append(
        &self,
        environment: EnvironmentId,
        events: impl Into<Batch>,
    ) -> Result<Vec<Outcome>, AppendError> {
        let batch = events.into();
        if batch.is_empty() && batch.refused.is_none() {
            return Ok(Vec::new());
        }
        let pending = submit(&self.log_for_append(environment)?, &batch)?;
        drop(batch);
        pending.outcome().await
    }

    /// Shows every event that this process's own log holds, in order of arrival, as of the call. What was trimmed is in parts only:
    /// [`EmbeddedEngine::scan`](crate::EmbeddedEngine::scan) shows it as well.
    pub fn scan(&self, environment: EnvironmentId, mut each: impl FnMut(&Arrival, &Event)) -> Result<(), ReadError> {
        let Some(log) = self.log(environment) else { return Ok(()) };
        let trimmed = log.forget_trimmed()?.upto.max(log.index().trimmed());
        read::rest(&log, trimmed)?.each(|arrival, event| each(&arrival, &event))
    }

    /// This process's own log of an environment, if it has begun.
    pub fn own(&self, environment: EnvironmentId) -> Option<LogView> {
        self.log(environment).map(LogView)
    }

    /// The logs that other processes append to, as they are now; one that cannot be read is reported and left out.
    pub fn others(&self) -> Result<Vec<LogView>, ReadError> {
        let logs = self.others.all(&self.root, self.edge.as_deref(), &self.shared)?;
        Ok(logs.into_iter().map(LogView).collect())
    }

    /// Those of an environment.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn others_of(&self, environment: EnvironmentId) -> Result<Vec<LogView>, ReadError> {
        let logs = self.others.of(&self.root, self.edge.as_deref(), environment, &self.shared)?;
        Ok(logs.into_iter().map(LogView).collect())
    }

    /// Which log an environment's events go into, if this process appends.
    pub fn log_id(&self, environment: EnvironmentId) -> Option<LogId> {
        self.edge.as_ref().map(|edge| LogId::of(edge, environment))
    }

    /// The sequence of the last frame that is durable; 0 if there is none.
    pub fn durable(&self, environment: EnvironmentId) -> u64 {
        self.log(environment).map_or(0, |log| log.index().last())
    }

    /// Of every log of the environment what lies behind `after`, and how far that goes: what is missing there was passed over.
    pub(crate) fn rest(
        &self,
        environment: EnvironmentId,
        after: impl Fn(LogId) -> u64,
    ) -> Result<Vec<Rest>, ReadError> {
        let mut rest = Vec::new();
        for log in self.logs_of(environment)? {
            // Before its frames are looked at: more may come meanwhile.
            let read_to = if log.of_others { self.others.read_to(&log.folder) } else { 0 };
            let mut of_this = read::rest(&log, after(log.id))?;
            of_this.upto = of_this.upto.max(read_to);
            rest.push(of_this);
        }
        Ok(rest)
    }

    /// Removes this process's own log files that hold nothing but what was trimmed, and lets go of what memory has of them.
    /// How many there were: whoever trims may not be allowed to remove them.
    ///
    /// # Errors
    /// The first thing that went wrong. It holds back its own log only.
    pub fn remove_trimmed(&self) -> Result<u64, ReadError> {
        let own: Vec<_> = self.logs().open.values().cloned().collect();
        // All of them, before the first error is the answer.
        let removed: Vec<_> = own.iter().map(|log| log.remove_trimmed()).collect();
        removed.into_iter().sum()
    }

    /// How many events lie behind `after` in all logs of the environment, and in how many bytes.
    ///
    /// # Errors
    /// If this process's own log does not reach what is sealed of it.
    pub(crate) fn waiting(
        &self,
        environment: EnvironmentId,
        snapshot: &Snapshot,
        after: impl Fn(LogId) -> u64,
    ) -> Result<(u64, u64), ReadError> {
        let mut waiting = (0, 0);
        for log in self.logs_of(environment)? {
            let (last, sealed) = (log.index().last(), snapshot.sealed(log.id));
            if !log.of_others && last > 0 && last < sealed {
                return Err(PartError::Behind { log: log.id.0, sealed, last }.into());
            }
            let (events, bytes) = log.index().waiting(after(log.id));
            waiting = (waiting.0 + events, waiting.1 + bytes);
        }
        Ok(waiting)
    }

    /// Refuses if more events of this process's own log wait to be sealed than may. Where it is not known how far it is
    /// sealed, nothing is refused.
    pub(crate) fn admits(
        &self,
        environment: EnvironmentId,
        most: u64,
        sealed: impl Fn(LogId) -> Option<u64>,
    ) -> Result<(), AppendError> {
        let Some(log) = self.log(environment) else { return Ok(()) };
        let waiting = sealed(log.id).map_or(0, |sealed| log.index().waiting(sealed).0);
        if waiting < most {
            return Ok(());
        }
        log.count_overloaded();
        Err(AppendError::Overloaded { retry_after: self.shared.options.retry_after })
    }

    /// The environments that have a log of this process's own.
    pub fn environments(&self) -> Vec<EnvironmentId> {
        let mut environments: Vec<_> = self.logs().open.keys().copied().collect();
        environments.sort_unstable();
        environments
    }

    /// What happened in an environment since the log was opened.
    pub fn counters(&self, environment: EnvironmentId) -> Counters {
        self.log(environment).map(|log| log.counters()).unwrap_or_default()
    }

    /// Takes no more appends, writes what waits, and lets go of the folder. Reading goes on.
    pub async fn shutdown(&self) {
        self.close();
        // The sender lives in `shared`, so waiting cannot fail.
        let _ = self.shared.writers.subscribe().wait_for(|writers| *writers == 0).await;
        // Unlocked by word: a child process that is just being started may hold the same open file for a moment.
        if let Some(lock) = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take()
            && let Err(error) = lock.unlock()
        {
            tracing::warn!(%error, "the event log's lock could not be given back");
        }
    }

    fn close(&self) {
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        logs.closed = true;
        logs.open.values().for_each(|log| log.close());
    }

    fn logs(&self) -> std::sync::RwLockReadGuard<'_, Logs> {
        self.logs.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, environment: EnvironmentId) -> Option<Arc<Log>> {
        self.logs().open.get(&environment).cloned()
    }

    /// Every log of an environment, as it is now; this process's own first.
    fn logs_of(&self, environment: EnvironmentId) -> Result<Vec<Arc<Log>>, ReadError> {
        let mut logs: Vec<_> = self.log(environment).into_iter().collect();
        logs.iter().try_for_each(|own| own.forget_trimmed().map(drop))?;
        logs.extend(self.others.of(&self.root, self.edge.as_deref(), environment, &self.shared)?);
        Ok(logs)
    }

    fn log_for_append(&self, environment: EnvironmentId) -> Result<Arc<Log>, AppendError> {
        let edge = self.edge.as_ref().ok_or(AppendError::ReadOnly)?;
        if let Some(log) = self.log(environment) {
            return Ok(log);
        }
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        if logs.closed {
            return Err(AppendError::Closed);
        }
        if let Some(log) = logs.open.get(&environment) {
            return Ok(Arc::clone(log));
        }
        let folder = Folder::new(&self.root, edge, environment);
        let opened = Log::open(folder, Arc::clone(&self.shared));
        let (log, _) = opened.map_err(|error| AppendError::Storage(error.to_string().into()))?;
        let log = Arc::new(log);
        logs.open.insert(environment, Arc::clone(&log));
        Ok(log)
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLog").field("edge", &self.edge).finish_non_exhaustive()
    }
}

/// Reads every log of every edge below the data folder, checks every byte, and changes nothing. While a server appends,
/// the write under way shows as a torn tail.
pub fn verify(data: &Path, keys: &dyn LogKeys) -> Result<Report, OpenError> {
    verify_each(data, |folder| steadily(&folder, keys, |folder| recover(folder, keys, Mode::Verify, &mut Nothing)))
}

/// Does what [`verify`] does, but reads only what was not read before or has changed since, and may be stopped.
pub fn verify_again(data: &Path, keys: &dyn LogKeys, mut again: Again<'_>) -> Result<Report, OpenError> {
    let mut seen = HashSet::new();
    let report = verify_each(data, |folder| {
        steadily(&folder, keys, |folder| again::verify_log(folder, keys, &mut again, &mut seen))
    })?;
    again::forget(again.remembered, &seen);
    Ok(report)
}

fn verify_each(data: &Path, mut one: impl FnMut(Folder) -> Result<LogReport, OpenError>) -> Result<Report, OpenError> {
    let mut report = Report::default();
    let folder = data.join("log");
    for edge in disk::names(&folder).map_err(storage(&folder))? {
        if !is_edge_name(&edge) {
            report.strays.push(Path::new("log").join(edge));
            continue;
        }
        for environment in environments(data, &edge, &mut report)? {
            let folder = Folder::new(data, &edge, environment);
            report.logs.push(one(folder)?);
        }
    }
    Ok(report)
}

fn environments(data: &Path, edge: &str, report: &mut Report) -> Result<Vec<EnvironmentId>, OpenError> {
    let folder = data.join("log").join(edge);
    let mut environments = Vec::new();
    for name in disk::names(&folder).map_err(storage(&folder))? {
        match name.parse() {
            Ok(environment) => environments.push(environment),
            Err(_) if name == LOCK => {}
            Err(_) => report.strays.push(Path::new("log").join(edge).join(name)),
        }
    }
    Ok(environments)
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    disk::create_folders(folder).map_err(storage(folder))?;
    let path = folder.join(LOCK);
    let file = disk::open_or_create(&path).map_err(storage(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::Locked(folder.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(storage(&path)(error)),
    }
}

pub(crate) fn is_edge_name(name: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=MAX_EDGE_NAME).contains(&name.len()) && name.as_bytes().iter().all(plain)
}
