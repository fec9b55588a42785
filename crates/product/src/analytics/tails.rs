//! The events of the logs as the engine reads them: sorted, in memory, kept for as long as nothing is appended.
//!
//! Invariants: a question sees every event that was acknowledged before it came; no more than [`MOST`] events of an environment
//! are held; what two questions ask of the same events is read once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use events::{Arrival, Event, EventLog, LogId, Source, TailRun};

use crate::problem::internal;

/// How many events are held at most.
const MOST: usize = 5_000_000;

/// The logs as they were read: each up to which frame, and their events.
#[derive(Default)]
struct Read {
    upto: BTreeMap<LogId, u64>,
    run: Option<Arc<TailRun>>,
}

/// What was read of each environment's logs.
#[derive(Default)]
pub(super) struct Tails(Mutex<HashMap<EnvironmentId, Arc<Mutex<Read>>>>);

impl Tails {
    /// The events of an environment. Blocks on files.
    ///
    /// # Errors
    /// 422 if there are too many.
    pub(super) fn sources(&self, log: &EventLog, environment: EnvironmentId) -> ProblemResult<Vec<Arc<dyn Source>>> {
        let read = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(environment).or_default());
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        // What is appended while it is read may be in it or not; it is read again when it is asked for.
        let upto = durable(log, environment)?;
        match &read.run {
            Some(run) if read.upto == upto => Ok(vec![Arc::clone(run) as Arc<dyn Source>]),
            _ => {
                let run = Arc::new(TailRun::of(events(log, environment)?));
                *read = Read { upto, run: Some(Arc::clone(&run)) };
                Ok(vec![run])
            }
        }
    }
}

/// Up to which frame each log of an environment is durable, other processes' too.
fn durable(log: &EventLog, environment: EnvironmentId) -> ProblemResult<BTreeMap<LogId, u64>> {
    let others = log.others().map_err(internal)?.into_iter().filter(|other| other.environment() == environment);
    Ok(log.own(environment).into_iter().chain(others).map(|log| (log.id(), log.durable())).collect())
}

fn events(log: &EventLog, environment: EnvironmentId) -> ProblemResult<Vec<(Arrival, Event)>> {
    let (mut found, mut left_out) = (Vec::new(), 0_u64);
    let scanned = log.scan_all(environment, |arrival, event| {
        if found.len() < MOST {
            found.push((*arrival, event.clone()));
        } else {
            left_out += 1;
        }
    });
    scanned.map_err(internal)?;
    if left_out > 0 {
        let detail =
            format!("this environment has more than {MOST} events, which is more than this release answers about");
        return Err(Problem::new(Code::QueryTooLarge).detail(detail));
    }
    Ok(found)
}
