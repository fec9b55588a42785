//! The log's tail as sorted runs, kept from one question to the next.
//!
//! Each run holds frames of one log that follow each other; those of a log follow each other too. What was sealed since is
//! hidden where a run is in parts in part, and let go with the run. A run that is not at least twice as large as the one
//! behind it is merged with that until it is large, so that there are few of them and each event is sorted again a few
//! times only.
//!
//! Invariant: the runs together show the events of every log's frames behind those that are sealed up to `upto`, each
//! once, without what is erased or let go.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::id::EnvironmentId;

use crate::columns::{Source, TailRun};
use crate::error::ReadError;
use crate::open::EventLog;
use crate::parts::{Hides, Snapshot};
use crate::read::Rest;
use crate::record::{Arrival, Event, LogId};

/// So many events are held at most …
const MOST_EVENTS: u64 = 2_000_000;
/// … and no more bytes of log files are read at once.
const MOST_BYTES: u64 = 256 << 20;

/// The tail of one environment.
#[derive(Debug, Default)]
pub(super) struct Tail {
    logs: BTreeMap<LogId, LogTail>,
    /// What the runs are without.
    hides: Hides,
}

/// The tail of one log.
#[derive(Debug, Default)]
struct LogTail {
    runs: Vec<Run>,
    /// The last frame whose events are in a run or in a part.
    upto: u64,
}

/// Some frames that follow each other.
#[derive(Debug)]
struct Run {
    events: TailRun,
    /// The sequence of the last frame that it has an event of.
    last: u64,
}

impl Tail {
    /// The runs behind this snapshot, with what was appended since; no run is made of more than `most` events. Snapshots may
    /// only become newer.
    pub(super) fn sources(
        &mut self,
        log: &EventLog,
        environment: EnvironmentId,
        snapshot: &Snapshot,
        most: usize,
    ) -> Result<Vec<Arc<dyn Source>>, ReadError> {
        if self.hides != snapshot.hides() {
            self.hides = snapshot.hides();
            self.logs.values_mut().for_each(|tail| tail.hide(snapshot));
        }
        for (log, tail) in &mut self.logs {
            tail.let_go(snapshot.sealed(*log));
        }
        let known = &self.logs;
        let read = |log| known.get(&log).map_or(0, |tail| tail.upto).max(snapshot.sealed(log));
        let held: u64 = self.logs.values().flat_map(|tail| &tail.runs).map(|run| run.events.rows()).sum();
        let (events, bytes) = log.waiting(environment, snapshot, read)?;
        if held + events > MOST_EVENTS || bytes > MOST_BYTES {
            return Err(ReadError::Unsealed { events: held + events });
        }
        for rest in log.rest(environment, read)? {
            let new = runs(&rest, snapshot, most)?;
            let tail = self.logs.entry(rest.log()).or_default();
            tail.upto = rest.upto;
            new.into_iter().for_each(|run| tail.push(run, most as u64));
        }
        let runs = self.logs.values().flat_map(|tail| &tail.runs);
        Ok(runs.map(|run| Arc::new(run.events.clone()) as Arc<dyn Source>).collect())
    }
}

impl LogTail {
    /// Leaves out what this snapshot hides.
    fn hide(&mut self, snapshot: &Snapshot) {
        for run in &mut self.runs {
            run.events = TailRun::sorted(run.events.events().filter_map(|event| shown(event, snapshot)));
        }
    }

    /// Lets go of what is in parts up to this sequence.
    fn let_go(&mut self, sealed: u64) {
        self.runs.retain(|run| run.last > sealed);
        // The others lie behind it whole.
        if let Some(first) = self.runs.first_mut() {
            first.events = first.events.behind(sealed);
        }
    }

    fn push(&mut self, run: Run, most: u64) {
        self.runs.push(run);
        while let [.., before, last] = self.runs.as_slice()
            && before.events.rows() < last.events.rows() * 2
            && before.events.rows() + last.events.rows() <= most
        {
            let both = Run { events: before.events.merged(&last.events), last: last.last };
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(both);
        }
    }
}

/// What lies in a log as runs, of which none is large: only so many events are whole in memory at a time.
fn runs(rest: &Rest, snapshot: &Snapshot, most: usize) -> Result<Vec<Run>, ReadError> {
    let (mut runs, mut events) = (Vec::new(), Vec::new());
    let mut last = 0;
    let mut close = |events: Vec<_>, last| runs.push(Run { events: TailRun::of(events), last });
    rest.each(|arrival, event| {
        if events.len() >= most {
            close(std::mem::take(&mut events), last);
        }
        last = arrival.sequence;
        events.extend(shown((arrival, event), snapshot));
    })?;
    if !events.is_empty() {
        close(events, last);
    }
    Ok(runs)
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
