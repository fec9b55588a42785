//! The log's tail as sorted runs, kept from one question to the next.
//!
//! Each run holds what was appended between two questions. A run that is not at least twice as large as the one behind
//! it is merged with that, so that there are few of them and each event is sorted again a few times only.
//!
//! Invariant: the runs together hold the events of every log's frames behind those that are sealed up to `upto`, each
//! once, without what is erased or let go.

use std::collections::HashMap;
use std::sync::Arc;

use base::id::EnvironmentId;

use crate::columns::{Source, TailRun};
use crate::error::ReadError;
use crate::open::EventLog;
use crate::parts::Snapshot;
use crate::record::{Arrival, Event, LogId};

/// So many events are held at most …
const MOST_EVENTS: u64 = 2_000_000;
/// … and no more bytes of log files are read at once.
const MOST_BYTES: u64 = 256 << 20;

/// The tail of one environment.
#[derive(Debug, Default)]
pub(super) struct Tail {
    runs: Vec<Arc<TailRun>>,
    /// Of each log the last frame whose events are in a run or in a part.
    upto: HashMap<LogId, u64>,
    /// The generation of parts that the runs lie behind.
    generation: u64,
}

impl Tail {
    /// The runs behind this snapshot, with what was appended since. Snapshots may only become newer.
    pub(super) fn sources(
        &mut self,
        log: &EventLog,
        environment: EnvironmentId,
        snapshot: &Snapshot,
    ) -> Result<Vec<Arc<dyn Source>>, ReadError> {
        if self.generation != snapshot.generation() {
            self.generation = snapshot.generation();
            for run in std::mem::take(&mut self.runs) {
                let left = run.events().filter(|(arrival, _)| arrival.sequence > snapshot.sealed(arrival.log));
                self.push(TailRun::sorted(left.filter_map(|event| shown(event, snapshot))));
            }
        }
        let known = &self.upto;
        let read = |log| known.get(&log).copied().unwrap_or(0).max(snapshot.sealed(log));
        let held: u64 = self.runs.iter().map(|run| run.rows()).sum();
        let (events, bytes) = log.waiting(environment, snapshot, read)?;
        if held + events > MOST_EVENTS || bytes > MOST_BYTES {
            return Err(ReadError::Unsealed { events: held + events });
        }
        for rest in log.rest(environment, read)? {
            let mut events = Vec::new();
            rest.each(|arrival, event| events.extend(shown((arrival, event), snapshot)))?;
            self.upto.insert(rest.log(), rest.upto);
            self.push(TailRun::of(events));
        }
        Ok(self.runs.iter().map(|run| Arc::clone(run) as Arc<dyn Source>).collect())
    }

    fn push(&mut self, run: TailRun) {
        if run.rows() == 0 {
            return;
        }
        self.runs.push(Arc::new(run));
        while let [.., before, last] = self.runs.as_slice()
            && before.rows() < last.rows() * 2
        {
            let both = before.merged(last);
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(Arc::new(both));
        }
    }
}

/// What may still be seen of an event.
pub(super) fn shown((arrival, mut event): (Arrival, Event), snapshot: &Snapshot) -> Option<(Arrival, Event)> {
    let too_old = snapshot.retained().is_some_and(|before| event.time.micros() < before);
    if too_old || snapshot.is_erased(event.person) {
        return None;
    }
    if snapshot.is_erased_personally(event.person) {
        event.sealed.clear();
    }
    Some((arrival, event))
}
