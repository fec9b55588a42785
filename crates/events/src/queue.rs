//! What waits to be written, and how those who wait learn the outcome.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use crate::dedupe::Message;
use crate::error::AppendError;
use crate::pack::Packed;

/// What the index keeps of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    pub(crate) person: u64,
    pub(crate) time: i64,
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
pub(crate) struct Verdict(watch::Sender<Option<Answer>>);

/// Learns a batch's outcome; any number may.
#[derive(Debug, Clone)]
pub(crate) struct Fate(watch::Receiver<Option<Answer>>);

pub(crate) fn verdict() -> (Verdict, Fate) {
    let (sender, receiver) = watch::channel(None);
    (Verdict(sender), Fate(receiver))
}

impl Verdict {
    pub(crate) fn tell(&self, answer: Answer) {
        self.0.send_replace(Some(answer));
    }
}

impl Fate {
    pub(crate) async fn learn(mut self) -> Answer {
        match self.0.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().unwrap_or_else(|| Err(lost())),
            Err(_) => Err(lost()),
        }
    }

    /// Whether somebody may still tell, or has told.
    pub(crate) fn is_open(&self) -> bool {
        self.0.has_changed().is_ok() || self.0.borrow().is_some()
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
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
