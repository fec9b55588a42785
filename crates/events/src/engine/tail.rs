//! The log's tail as sorted runs, kept from one question to the next.
//!
//! Each run holds what was appended between two questions. A run that is not at least twice as large as the one behind
//! it is merged with that, so that there are few of them and each event is sorted again a few times only.
//!
//! Invariant: the runs together hold the events of the frames up to `upto`, each once.

use std::sync::Arc;

use base::id::EnvironmentId;

use crate::columns::{Source, TailRun};
use crate::error::ReadError;
use crate::open::EventLog;

/// The tail of one environment.
#[derive(Debug, Default)]
pub(super) struct Tail {
    runs: Vec<Arc<TailRun>>,
    /// The last frame whose events are in a run.
    upto: u64,
}

impl Tail {
    /// The runs, with what was appended since.
    pub(super) fn sources(
        &mut self,
        log: &EventLog,
        environment: EnvironmentId,
    ) -> Result<Vec<Arc<dyn Source>>, ReadError> {
        let (upto, events) = log.behind(environment, self.upto)?;
        self.upto = upto;
        if !events.is_empty() {
            self.runs.push(Arc::new(TailRun::of(events)));
            self.merge();
        }
        Ok(self.runs.iter().map(|run| Arc::clone(run) as Arc<dyn Source>).collect())
    }

    fn merge(&mut self) {
        while let [.., before, last] = self.runs.as_slice()
            && before.rows() < last.rows() * 2
        {
            let events = before.columns().events().chain(last.columns().events()).collect();
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(Arc::new(TailRun::of(events)));
        }
    }
}
