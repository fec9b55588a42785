//! The event engine: one contract for what keeps events and answers questions about them, and the embedded one.
//!
//! A question sees one snapshot: every event that was acknowledged before it was asked, each exactly once. The embedded
//! engine takes one generation of the parts and the log's tail from exactly where that generation ends, which is sorted
//! in memory ([`tail`]): what was sorted once stays until it is in a part.
//! Logs that other edges write into the same folder belong to the tail, up to their published durable offset. Copies of
//! one message in two logs both count until they are sealed: only sealing compares logs.

mod tail;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base::id::EnvironmentId;
use base::{Clock, Rng, Timestamp};

use crate::batch::Batch;
use crate::columns::Source;
use crate::error::{AppendError, ReadError};
use crate::log_keys::LogKeys;
use crate::open::EventLog;
use crate::parts::{Erase, PartError, PartKeys, PartOptions, PartReader, Parts, Rewritten};
use crate::query::{Answer, Control, Count, Known, Page, PeoplePage, Query, QueryError, Target, Timeline, counts};
use crate::record::{Arrival, Event, LogId};
use crate::submit::Outcome;
use tail::{Tail, shown};

/// Keeps events and answers questions about them. All but appending blocks: call it from blocking threads.
pub trait EventEngine: Send + Sync {
    /// Stores a batch; answers once every event of it is durable.
    fn append(
        &self,
        environment: EnvironmentId,
        batch: Batch,
    ) -> impl Future<Output = Result<Vec<Outcome>, AppendError>> + Send;

    /// Answers a question.
    fn query(
        &self,
        environment: EnvironmentId,
        query: &Query,
        known: &Known,
        control: &Control,
    ) -> Result<Answer, QueryError>;

    /// Who is behind a number of an answer: those whose number is above the given one, at most so many.
    fn people(
        &self,
        environment: EnvironmentId,
        asked: (&Query, &Target),
        page: (Option<u64>, usize),
        known: &Known,
        control: &Control,
    ) -> Result<PeoplePage, QueryError>;

    /// A page of a person's or a company's timeline.
    fn timeline(
        &self,
        environment: EnvironmentId,
        timeline: &Timeline,
        known: &Known,
        control: &Control,
    ) -> Result<Page, QueryError>;

    /// How many events timed within the range there are, by UTC day and name, in that order. Days without events are left out.
    fn counts(
        &self,
        environment: EnvironmentId,
        range: Range<Timestamp>,
        control: &Control,
    ) -> Result<Vec<Count>, QueryError>;

    /// Erases people by their numbers. No question sees them any more once it was called and wrote that down; when it
    /// returns, the parts' bytes are gone.
    fn erase(&self, environment: EnvironmentId, people: &[u64], what: Erase) -> Result<Rewritten, PartError>;

    /// Lets go of every event timed before; as [`Self::erase`] does.
    fn retain(&self, environment: EnvironmentId, before: Timestamp) -> Result<Rewritten, PartError>;
}

/// What the embedded engine works with.
#[derive(Clone)]
pub struct EngineParts {
    /// The data folder.
    pub data: PathBuf,
    /// The keys of parts.
    pub keys: Arc<dyn PartKeys>,
    /// The keys of the log.
    pub log_keys: Arc<dyn LogKeys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where ids and keys of new parts come from.
    pub rng: Arc<dyn Rng>,
    /// When events are sealed into parts.
    pub options: PartOptions,
}

/// The engine within this process: the log, and parts below the same data folder.
pub struct EmbeddedEngine {
    log: Arc<EventLog>,
    parts: EngineParts,
    environments: Mutex<HashMap<EnvironmentId, Arc<Kept>>>,
}

/// What is kept of one environment.
struct Kept {
    reader: PartReader,
    tail: Mutex<Tail>,
    writer: Mutex<Option<Arc<Parts>>>,
}

impl EmbeddedEngine {
    /// Over a log and the parts of its data folder.
    pub fn new(log: Arc<EventLog>, parts: EngineParts) -> Self {
        Self { log, parts, environments: Mutex::default() }
    }

    /// The writer of an environment's parts, to seal and compact them. The first time it takes them for this process.
    pub fn parts(&self, environment: EnvironmentId) -> Result<Arc<Parts>, PartError> {
        let kept = self.kept(environment);
        let mut writer = kept.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parts) = writer.as_ref() {
            return Ok(Arc::clone(parts));
        }
        let EngineParts { data, keys, log_keys, clock, rng, options } = self.parts.clone();
        let parts = Arc::new(Parts::open(&data, environment, keys, log_keys, clock, rng, options)?);
        *writer = Some(Arc::clone(&parts));
        Ok(parts)
    }

    /// Refuses what would only wait: where sealing cannot follow, senders are told to come later before memory and disk grow.
    /// Where sealing fails, or another process seals, events are taken as long as the disk takes them.
    pub fn admits(&self, environment: EnvironmentId) -> Result<(), AppendError> {
        let kept = self.kept(environment);
        // Taken already means that somebody opens the parts just now: nothing waits for them yet.
        let Ok(Some(parts)) = kept.writer.try_lock().map(|writer| writer.clone()) else { return Ok(()) };
        self.log.admits(environment, self.parts.options.most_waiting, |log| parts.sealed_of(log))
    }

    fn kept(&self, environment: EnvironmentId) -> Arc<Kept> {
        let mut environments = self.environments.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = environments.entry(environment).or_insert_with(|| {
            let reader = PartReader::new(&self.parts.data, environment, Arc::clone(&self.parts.keys));
            Arc::new(Kept { reader, tail: Mutex::default(), writer: Mutex::default() })
        });
        Arc::clone(kept)
    }

    /// Everything that is acknowledged now.
    fn sources(&self, environment: EnvironmentId) -> Result<Vec<Arc<dyn Source>>, ReadError> {
        let kept = self.kept(environment);
        // The tail first: whoever has it takes the snapshot, so that the tail never begins before an earlier one's end.
        let mut tail = kept.tail.lock().unwrap_or_else(PoisonError::into_inner);
        with_newer_parts(|| {
            let snapshot = kept.reader.snapshot()?;
            let mut sources = snapshot.sources().to_vec();
            sources.extend(tail.sources(&self.log, environment, &snapshot, self.parts.options.group_rows)?);
            Ok(sources)
        })
    }

    /// Shows every event, of these names if they are given, that is acknowledged now, once, wherever it lies: part by part in the order of person and
    /// time, then what is not in parts, log by log. The answer says up to which sequence each log was read.
    pub fn scan(
        &self,
        environment: EnvironmentId,
        names: Option<&BTreeSet<&str>>,
        mut each: impl FnMut(&Arrival, &Event),
    ) -> Result<BTreeMap<LogId, u64>, ReadError> {
        let kept = self.kept(environment);
        let (snapshot, rest) = with_newer_parts(|| {
            let snapshot = kept.reader.snapshot()?;
            let rest = self.log.rest(environment, |log| snapshot.sealed(log))?;
            Ok((snapshot, rest))
        })?;
        snapshot.scan_named(names, |arrival, event| each(&arrival, &event))?;
        // This process's own log is one of them even where it has not begun.
        let mut read: BTreeMap<LogId, u64> = self.log.log_id(environment).map(|own| (own, 0)).into_iter().collect();
        read.extend(snapshot.logs().map(|log| (log, snapshot.sealed(log))));
        for rest in rest {
            read.insert(rest.log(), rest.upto);
            rest.each(|arrival, event| {
                let wanted = names.is_none_or(|names| names.contains(event.name.as_str()));
                if let Some((arrival, event)) = wanted.then(|| shown((arrival, event), &snapshot)).flatten() {
                    each(&arrival, &event);
                }
            })?;
        }
        Ok(read)
    }
}

/// How often it is looked again because files of the log were trimmed meanwhile.
const LOOKS: u32 = 8;

/// Looks, and again with newer parts if what was looked for has left the log meanwhile.
fn with_newer_parts<T>(mut look: impl FnMut() -> Result<T, ReadError>) -> Result<T, ReadError> {
    for _ in 1..LOOKS {
        match look() {
            Err(error) if error.may_be_trimmed() => {}
            other => return other,
        }
    }
    look()
}

impl EventEngine for EmbeddedEngine {
    async fn append(&self, environment: EnvironmentId, batch: Batch) -> Result<Vec<Outcome>, AppendError> {
        self.admits(environment)?;
        self.log.append(environment, batch).await
    }

    fn query(
        &self,
        environment: EnvironmentId,
        query: &Query,
        known: &Known,
        control: &Control,
    ) -> Result<Answer, QueryError> {
        query.run(&self.sources(environment)?, known, control)
    }

    fn people(
        &self,
        environment: EnvironmentId,
        (query, target): (&Query, &Target),
        page: (Option<u64>, usize),
        known: &Known,
        control: &Control,
    ) -> Result<PeoplePage, QueryError> {
        query.people(target, page, &self.sources(environment)?, known, control)
    }

    fn timeline(
        &self,
        environment: EnvironmentId,
        timeline: &Timeline,
        known: &Known,
        control: &Control,
    ) -> Result<Page, QueryError> {
        timeline.run(&self.sources(environment)?, known, control)
    }

    fn counts(
        &self,
        environment: EnvironmentId,
        range: Range<Timestamp>,
        control: &Control,
    ) -> Result<Vec<Count>, QueryError> {
        counts(&self.sources(environment)?, &range, control)
    }

    fn erase(&self, environment: EnvironmentId, people: &[u64], what: Erase) -> Result<Rewritten, PartError> {
        self.parts(environment)?.erase(people, what)
    }

    fn retain(&self, environment: EnvironmentId, before: Timestamp) -> Result<Rewritten, PartError> {
        self.parts(environment)?.retain(before)
    }
}

impl std::fmt::Debug for EmbeddedEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedEngine").field("log", &self.log).finish_non_exhaustive()
    }
}
