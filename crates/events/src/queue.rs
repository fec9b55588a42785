//! What waits to be written, and how those who wait learn the outcome.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::dedupe::Message;
use crate::error::AppendError;
use crate::pack::Packed;

/// What the index and de-duplication take of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    pub(crate) name: u32,
    pub(crate) message: Message,
}

/// A batch's bytes: as they are, to be packed together with others', or packed by the sender's own thread.
#[derive(Debug)]
pub(crate) enum Piece {
    Raw { bytes: Vec<u8>, count: u32 },
    Packed { packed: Packed, count: u32 },
}

/// A batch that waits.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) pieces: Vec<Piece>,
    /// The events of the pieces, in their order.
    pub(crate) facts: Vec<Fact>,
    /// Bytes before compression.
    pub(crate) bytes: usize,
    pub(crate) verdict: Verdict,
}

/// Consecutive events of a batch within one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) sequence: u64,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

type Answer = Result<Arc<[Run]>, AppendError>;

/// Tells a batch's outcome, once. Dropped without a word (the writer panicked), it tells failure.
#[derive(Debug)]
pub(crate) struct Verdict(Fate);

/// Learns a batch's outcome; any number may. (A `watch` channel does the same at four times the cost, which batches of
/// one event feel.)
#[derive(Debug, Clone)]
pub(crate) struct Fate(Arc<State>);

#[derive(Debug, Default)]
struct State {
    answer: OnceLock<Answer>,
    told: Notify,
}

pub(crate) fn verdict() -> (Verdict, Fate) {
    let fate = Fate(Arc::default());
    (Verdict(fate.clone()), fate)
}

impl Verdict {
    pub(crate) fn tell(&self, answer: Answer) {
        // Told twice, the first word stands.
        let _ = self.0.0.answer.set(answer);
        self.0.0.told.notify_waiters();
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        if self.0.0.answer.get().is_none() {
            self.tell(Err(lost()));
        }
    }
}

impl Fate {
    pub(crate) async fn learn(&self) -> Answer {
        loop {
            // Registered before looking, so that a word between the two is not missed.
            let mut told = std::pin::pin!(self.0.told.notified());
            told.as_mut().enable();
            if let Some(answer) = self.0.answer.get() {
                return answer.clone();
            }
            told.await;
        }
    }

    /// Whether the batch was written, or may yet be.
    pub(crate) fn has_not_failed(&self) -> bool {
        !matches!(self.0.answer.get(), Some(Err(_)))
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

fn lost() -> AppendError {
    AppendError::Storage("the writer ended before it could tell".into())
}

/// What waits, with its bounds.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    jobs: VecDeque<Job>,
    bytes: usize,
    /// A writer thread runs, or is about to.
    pub(crate) running: bool,
    /// The writer sleeps and must be woken. (Waking costs a system call, which most appends can do without.)
    pub(crate) sleeping: bool,
    /// Nothing more is taken.
    pub(crate) closed: bool,
}

/// What a waiting event takes beside its bytes.
const EVENT_OVERHEAD: usize = size_of::<Fact>() + 16;

impl Job {
    fn weight(&self) -> usize {
        self.bytes + self.facts.len() * EVENT_OVERHEAD
    }
}

impl Queue {
    pub(crate) const fn is_full(&self, limit: usize) -> bool {
        self.bytes >= limit
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(crate) fn push(&mut self, job: Job) {
        self.bytes += job.weight();
        self.jobs.push_back(job);
    }

    /// Takes what waits, in order, up to so many bytes; at least one batch if there is one.
    pub(crate) fn take(&mut self, limit: usize) -> Vec<Job> {
        let mut taken = Vec::new();
        let mut bytes = 0;
        while let Some(job) = self.jobs.pop_front_if(|job| bytes == 0 || bytes + job.bytes <= limit) {
            bytes += job.bytes;
            self.bytes -= job.weight();
            taken.push(job);
        }
        taken
    }
}
