//! One log: an edge's, of one environment. Its state, and what all logs share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use base::{Clock, Rng};
use tokio::sync::watch;

use crate::counters::Counters;
use crate::dedupe::{Dedupe, Message};
use crate::encoding::EventRef;
use crate::error::{OpenError, ReadError};
use crate::index::{Holds, Index};
use crate::inspect::{Folder, while_trimmed};
use crate::log_keys::LogKeys;
use crate::names::Names;
use crate::options::Options;
use crate::pack::Packer;
use crate::queue::Queue;
use crate::record::LogId;
use crate::recover::{Mode, Rebuild, recover};
use crate::report::LogReport;
use crate::trimmed::{self, Mark, MarkError, Stamp, Trimmed};
use crate::writer::Writer;

/// What all logs of an edge share.
pub(crate) struct Shared {
    pub(crate) keys: Arc<dyn LogKeys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) options: Options,
    pub(crate) packer: Packer,
    /// How many writer threads run.
    pub(crate) writers: watch::Sender<usize>,
}

impl Shared {
    pub(crate) fn new(keys: Arc<dyn LogKeys>, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>, options: Options) -> Self {
        let packer = Packer::new(options.level);
        Self { keys, clock, rng, options, packer, writers: watch::Sender::new(0) }
    }
}

/// One log. Where several locks are taken, it is in the order of the fields.
pub(crate) struct Log {
    pub(crate) folder: Folder,
    pub(crate) id: LogId,
    /// The last sequence that was given away when it was opened.
    pub(crate) ended: u64,
    pub(crate) shared: Arc<Shared>,
    /// Whether another process appends to it.
    pub(crate) of_others: bool,
    writer: Mutex<Writer>,
    queue: Mutex<Queue>,
    /// Wakes the writer.
    pub(crate) wake: Condvar,
    /// The trim mark as it was read last, and what it says of this log.
    trimmed: Mutex<(Option<Stamp>, Trimmed)>,
    names: Mutex<Names>,
    index: RwLock<Index>,
    dedupe: Mutex<Dedupe>,
    accepted: AtomicU64,
    groups: AtomicU64,
    overloaded: AtomicU64,
    failures: AtomicU64,
}

impl Log {
    /// A log as its folder has it, put in order.
    pub(crate) fn open(folder: Folder, shared: Arc<Shared>) -> Result<(Self, LogReport), OpenError> {
        while_trimmed(|| Self::open_once(folder.clone(), Arc::clone(&shared)))
    }

    fn open_once(folder: Folder, shared: Arc<Shared>) -> Result<(Self, LogReport), OpenError> {
        let (mut index, mut names) = (Index::default(), Names::default());
        let mut dedupe = Dedupe::new(shared.options.duplicate_window);
        let now = shared.clock.now();
        let oldest = now.minus(shared.options.duplicate_window).micros();
        let name = |event: &EventRef<'_>| {
            if event.received > oldest {
                dedupe.remember(message(event));
            }
            names.code(event.name)
        };
        let mut rebuild = Rebuild { index: &mut index, holds: Holds::default(), name };
        let report = recover(folder.clone(), shared.keys.as_ref(), Mode::Recover, &mut rebuild)?;
        index.forget(report.trimmed.upto);
        let log = Self::new(folder, shared, (index, names, dedupe), report.next);
        Ok((log, report))
    }

    /// A log that another process appends to, before anything of it was read.
    pub(crate) fn of_others(folder: Folder, shared: Arc<Shared>) -> Self {
        let nothing = Dedupe::new(shared.options.duplicate_window);
        Self { of_others: true, ..Self::new(folder, shared, (Index::default(), Names::default(), nothing), 1) }
    }

    fn new(folder: Folder, shared: Arc<Shared>, (index, names, dedupe): (Index, Names, Dedupe), next: u64) -> Self {
        Self {
            id: LogId::of(&folder.edge, folder.environment),
            ended: next.saturating_sub(1),
            of_others: false,
            writer: Mutex::new(Writer::new(next)),
            queue: Mutex::default(),
            wake: Condvar::new(),
            trimmed: Mutex::default(),
            names: Mutex::new(names),
            index: RwLock::new(index),
            dedupe: Mutex::new(dedupe),
            accepted: AtomicU64::new(0),
            groups: AtomicU64::new(0),
            overloaded: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            folder,
            shared,
        }
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn dedupe(&self) -> MutexGuard<'_, Dedupe> {
        self.dedupe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count_group(&self, events: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.accepted.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_overloaded(&self) {
        self.overloaded.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counters(&self) -> Counters {
        let (duplicates, conflicts) = self.dedupe().counts();
        Counters {
            accepted: self.accepted.load(Ordering::Relaxed),
            duplicates,
            conflicts,
            groups: self.groups.load(Ordering::Relaxed),
            overloaded: self.overloaded.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    /// Lets go of what was trimmed since this was asked last. A mark that is damaged is reported once; nothing is trimmed by it.
    pub(crate) fn forget_trimmed(&self) -> Result<Trimmed, ReadError> {
        let Folder { root, environment, edge, .. } = &self.folder;
        let mut seen = self.trimmed.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Mark::stamp(root, *environment)?;
        if seen.0 != stamp {
            match Mark::load(root, *environment, self.shared.keys.as_ref()) {
                Ok(mark) => seen.1 = mark.of(edge),
                Err(error @ MarkError::Damaged { .. }) => {
                    tracing::error!(%environment, %error, "nobody knows what was trimmed of this event log");
                }
                Err(error) => return Err(error.into()),
            }
            seen.0 = stamp;
            self.index_mut().forget(seen.1.upto);
        }
        Ok(seen.1)
    }

    /// Removes files that hold nothing but what was trimmed. How many there were.
    pub(crate) fn remove_trimmed(&self) -> Result<u64, ReadError> {
        let upto = self.forget_trimmed()?.upto;
        let removed = trimmed::remove_below(&self.folder, upto);
        removed.map_err(|source| ReadError::Storage { path: self.folder.path.clone(), source })
    }

    /// Takes no more batches; what waits is still written.
    pub(crate) fn close(&self) {
        self.queue().closed = true;
        self.wake.notify_all();
    }
}

/// What de-duplication keeps of an event.
fn message(event: &EventRef<'_>) -> Message {
    Message { hash: event.message, received: event.received, fingerprint: event.fingerprint() }
}
