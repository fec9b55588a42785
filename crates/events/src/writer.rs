//! The writer of a log: everything that waits becomes one write and one `fdatasync`, then the waiters are answered.
//!
//! One thread per environment with something to write, ended when idle. Threads rather than one loop over all
//! environments: the operating system shares the device between them, and an environment that writes much, or whose
//! device hangs, holds up no other.
//!
//! Invariants: nothing is told before its sync returned; after the first failed write or sync a file is never touched
//! again; the same sequences are then given again in a new file, whose beginning voids what the failed one may hold.

mod file;
mod plan;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, PoisonError};

use crate::disk;
use crate::error::AppendError;
use crate::format::Durable;
use crate::index::Frame;
use crate::log::Log;
use crate::queue::{Job, Run};
use file::OpenFile;
use plan::{Plan, plan};

/// What the writer knows between groups.
pub(crate) struct Writer {
    /// The sequence that the next frame gets. All below are durable.
    next: u64,
    file: Option<OpenFile>,
    /// The file of the durable offset.
    durable: Option<File>,
}

impl Writer {
    pub(crate) const fn new(next: u64) -> Self {
        Self { next, file: None, durable: None }
    }
}

/// Puts a batch in line and sees that somebody writes it.
pub(crate) fn enqueue(log: &Arc<Log>, job: Job) -> Result<(), AppendError> {
    let mut queue = log.queue();
    let refusal = if queue.closed {
        Some(AppendError::Closed)
    } else if queue.is_full(log.shared.options.queue_bytes) {
        log.count_overloaded();
        Some(AppendError::Overloaded { retry_after: log.shared.options.retry_after })
    } else if queue.running {
        None
    } else {
        start(log).err()
    };
    if let Some(error) = refusal {
        drop(queue);
        answer(log, &[job], &Err(error.clone()));
        return Err(error);
    }
    queue.running = true;
    queue.push(job);
    let sleeping = std::mem::take(&mut queue.sleeping);
    drop(queue);
    if sleeping {
        log.wake.notify_one();
    }
    Ok(())
}

fn start(log: &Arc<Log>) -> Result<(), AppendError> {
    let running = Running(Arc::clone(log));
    log.shared.writers.send_modify(|writers| *writers += 1);
    let thread = std::thread::Builder::new().name("event-log".to_owned());
    thread.spawn(move || run(&running.0)).map(drop).map_err(|error| AppendError::storage(&error))
}

/// Says that the writer ended, however it did.
struct Running(Arc<Log>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.shared.writers.send_modify(|writers| *writers -= 1);
    }
}

fn run(log: &Arc<Log>) {
    let _ended = Ended(log);
    loop {
        let jobs = {
            let mut queue = log.queue();
            if queue.is_empty() && !queue.closed {
                let idle = log.shared.options.idle;
                queue.sleeping = true;
                let waited = log.wake.wait_timeout_while(queue, idle, |queue| queue.is_empty() && !queue.closed);
                queue = waited.unwrap_or_else(PoisonError::into_inner).0;
                queue.sleeping = false;
            }
            if queue.is_empty() {
                queue.running = false;
                break;
            }
            queue.take(log.shared.options.group_bytes)
        };
        commit(log, &jobs);
    }
    log.writer().rest();
}

/// Lets another writer start should this one panic.
struct Ended<'a>(&'a Log);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.queue().running = false;
            self.0.writer().file = None;
        }
    }
}

/// Writes a group and answers everybody in it.
fn commit(log: &Log, jobs: &[Job]) {
    let now = log.shared.clock.now();
    let mut writer = log.writer();
    let plan = plan(jobs, writer.next, log);
    match writer.write(log, &plan) {
        Ok(placed) => {
            writer.next += plan.frames.len() as u64;
            publish_events(log, jobs, &plan, &placed);
            writer.publish(log);
            drop(writer);
            settle(log, jobs, now);
            for (job, runs) in jobs.iter().zip(plan.runs) {
                job.verdict.tell(Ok(runs.into()));
            }
        }
        Err(error) => {
            writer.give_up();
            drop(writer);
            log.count_failure();
            tracing::error!(environment = %log.folder.environment, %error, "the event log could not be written");
            answer(log, jobs, &Err(error));
        }
    }
}

/// Releases the claims of batches that were not written, and says why.
fn answer(log: &Log, jobs: &[Job], error: &Result<Arc<[Run]>, AppendError>) {
    let mut dedupe = log.dedupe();
    jobs.iter().flat_map(|job| &job.facts).for_each(|fact| dedupe.release(fact.message));
    drop(dedupe);
    for job in jobs {
        job.verdict.tell(error.clone());
    }
}

fn settle(log: &Log, jobs: &[Job], now: base::Timestamp) {
    let mut dedupe = log.dedupe();
    let facts = jobs.iter().flat_map(|job| &job.facts);
    facts.clone().for_each(|fact| dedupe.settle(fact.message));
    dedupe.expire(now);
    drop(dedupe);
    log.count_group(facts.count());
}

/// Makes the group's events visible to readers.
fn publish_events(log: &Log, jobs: &[Job], plan: &Plan<'_>, placed: &[Frame]) {
    let mut index = log.index_mut();
    for (frame, place) in plan.frames.iter().zip(placed) {
        let facts = frame.events.iter().flat_map(|(job, events)| &jobs[*job].facts[events.clone()]);
        index.add_frame(Frame { holds: facts.map(|fact| fact.name).collect(), ..*place });
    }
}

impl Writer {
    /// One write, one sync. Where each frame came to lie.
    fn write(&mut self, log: &Log, plan: &Plan<'_>) -> Result<Vec<Frame>, AppendError> {
        if self.file.as_ref().is_some_and(|file| file.is_done(log)) {
            self.file = None;
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenFile::create(log, self.next)?),
        };
        file.append(plan, self.next)
    }

    /// Overwrites the published offset. Not synced: a lower bound stays one. Failing harms nothing but that bound.
    fn publish(&mut self, log: &Log) {
        let Some(file) = &self.file else { return };
        let published = Durable { file: file.id(), next: self.next, offset: file.length() };
        let path = log.folder.path.join(Durable::FILE_NAME);
        let result = match &mut self.durable {
            Some(durable) => Ok(durable),
            none => disk::open_or_create(&path).map(|durable| none.insert(durable)),
        }
        .and_then(|durable| durable.write_all_at(&published.to_bytes(), 0));
        if let Err(error) = result {
            tracing::warn!(%error, "the durable offset could not be published");
            self.durable = None;
        }
    }

    /// Closes the file for good after a failure.
    fn give_up(&mut self) {
        if let Some(file) = self.file.take() {
            file.discard_if_empty();
        }
    }

    /// Nothing more to write for now: makes the published offset durable, and lets go of the files' handles.
    fn rest(&mut self) {
        if let Some(durable) = self.durable.take()
            && let Err(error) = durable.sync_data()
        {
            tracing::warn!(%error, "the durable offset could not be synced");
        }
    }
}

/// The events of a group that one frame holds: of which batch, and which of its facts.
type Share = (usize, std::ops::Range<usize>);
