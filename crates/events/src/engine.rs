//! The event engine: one contract for what keeps events and answers questions about them, and the embedded one.
//!
//! A question sees one snapshot: every event that was acknowledged before it was asked, each exactly once. The embedded
//! engine answers from the log's tail, sorted in memory ([`tail`]): what was sorted once stays, so that a question sorts
//! only what was appended since the one before.

mod tail;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use base::id::EnvironmentId;

use crate::batch::Batch;
use crate::columns::Source;
use crate::error::{AppendError, ReadError};
use crate::open::EventLog;
use crate::query::{Answer, Control, Known, PeoplePage, Query, QueryError, Target, Timeline};
use crate::read::Page;
use crate::submit::Outcome;
use tail::Tail;

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
}

/// The engine within this process.
#[derive(Debug)]
pub struct EmbeddedEngine {
    log: Arc<EventLog>,
    tails: Mutex<HashMap<EnvironmentId, Arc<Mutex<Tail>>>>,
}

impl EmbeddedEngine {
    /// Over a log.
    pub fn new(log: Arc<EventLog>) -> Self {
        Self { log, tails: Mutex::default() }
    }

    /// Everything that is acknowledged now.
    fn sources(&self, environment: EnvironmentId) -> Result<Vec<Arc<dyn Source>>, ReadError> {
        let tail = {
            let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tails.entry(environment).or_default())
        };
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.sources(&self.log, environment)
    }
}

impl EventEngine for EmbeddedEngine {
    async fn append(&self, environment: EnvironmentId, batch: Batch) -> Result<Vec<Outcome>, AppendError> {
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
}
