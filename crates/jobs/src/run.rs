//! What a handler is, and what it is given.

use std::collections::HashMap;
use std::sync::Arc;

use base::id::EnvironmentId;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Db, Scope, Tx};

use crate::queue::{self, Lease};
use crate::{Job, JobError, Progress, State};

/// Does the work of one kind of job; its answer is the job's result. It may be called again for the same job, and may be
/// dropped at any `await`.
pub type Handler = Arc<dyn Fn(Run) -> BoxFuture<'static, Result<Value, JobError>> + Send + Sync>;

/// Handlers by the kind of job that they do.
#[derive(Clone, Default)]
pub struct Handlers(HashMap<&'static str, Handler>);

impl Handlers {
    /// Adds a handler.
    #[must_use]
    pub fn with<F>(mut self, kind: &'static str, handler: impl Fn(Run) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Value, JobError>> + Send + 'static,
    {
        self.0.insert(kind, Arc::new(move |run| Box::pin(handler(run))));
        self
    }

    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    pub(crate) fn get(&self, kind: &str) -> Option<Handler> {
        self.0.get(kind).cloned()
    }
}

/// A run of a job: the job, and how to tell how far it is.
pub struct Run {
    job: Job,
    db: Db,
    lease: Lease,
}

impl Run {
    pub(crate) const fn new(job: Job, db: Db, lease: Lease) -> Self {
        Self { job, db, lease }
    }

    /// The job as it was taken.
    pub const fn job(&self) -> &Job {
        &self.job
    }

    /// Whose it is.
    pub fn environment(&self) -> Result<EnvironmentId, JobError> {
        self.job.environment.ok_or(JobError::Fatal("no_environment"))
    }

    /// What it was enqueued with.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        serde_json::from_value(self.job.payload.clone()).map_err(|_| JobError::Fatal("payload"))
    }

    /// Where an earlier run stopped.
    pub fn checkpoint<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.job.checkpoint.clone()?).ok()
    }

    /// Tells how far it is.
    pub async fn progress(&self, progress: Progress) -> Result<(), JobError> {
        self.move_to(self.db.read(Scope::System), (State::Running, progress), None).await
    }

    /// Tells how far it is on the transaction that did the work, and where to go on from there: both or neither.
    pub async fn save(&self, tx: &mut Tx, progress: Progress, checkpoint: &Value) -> Result<(), JobError> {
        self.move_to(tx, (State::Running, progress), Some(checkpoint)).await
    }

    /// Tells that the work is done and is being checked.
    pub async fn verifying(&self, progress: Progress) -> Result<(), JobError> {
        self.move_to(self.db.read(Scope::System), (State::Verifying, progress), None).await
    }

    async fn move_to(
        &self,
        on: impl store::Executor,
        to: (State, Progress),
        checkpoint: Option<&Value>,
    ) -> Result<(), JobError> {
        let held = queue::advance(on, self.job.id, self.lease, to, checkpoint).await?;
        if held { Ok(()) } else { Err(JobError::LeaseLost) }
    }
}
