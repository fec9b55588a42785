//! What a job is.

use base::Timestamp;
use base::id::{EnvironmentId, JobId};
use serde::Serialize;
use serde_json::Value;
use store::StoreError;

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits to be taken, for the first time or again.
    Queued,
    /// A worker has it.
    Running,
    /// Its work is done and is being checked.
    Verifying,
    /// Done.
    Completed,
    /// Given up.
    Failed,
}

impl State {
    const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Verifying, Self::Completed, Self::Failed];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Verifying => "verifying",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// So much is done, in the job's own unit.
    pub done: u64,
    /// Of so much, once that is known.
    #[schema(required)]
    pub total: Option<u64>,
}

/// A job to be enqueued.
#[derive(Debug)]
pub struct NewJob {
    /// The handler's name, `noun.verb`.
    pub kind: &'static str,
    /// Whose it is; `None` for the installation's own.
    pub environment: Option<EnvironmentId>,
    /// What the handler is given. No personal values.
    pub payload: Value,
    /// Not before this time.
    pub due_at: Timestamp,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub environment: Option<EnvironmentId>,
    /// The handler's name.
    pub kind: String,
    /// What the handler is given.
    pub payload: Value,
    /// Where it is in its life.
    pub state: State,
    /// How often it was taken.
    pub attempts: u32,
    /// How far it is.
    pub progress: Progress,
    /// Where the next run goes on.
    pub checkpoint: Option<Value>,
    /// What came of it.
    pub result: Option<Value>,
    /// Why it was given up, or why its last run failed.
    pub error: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it was completed or given up.
    pub finished_at: Option<Timestamp>,
}

/// Why a run ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It may go better later.
    #[error("{0}")]
    Retry(&'static str),
    /// It never will.
    #[error("{0}")]
    Fatal(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another worker has the job now: its lease had ended.
    #[error("the lease was lost")]
    LeaseLost,
}

impl JobError {
    /// The code that is kept.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Retry(code) | Self::Fatal(code) => code,
            Self::Store(StoreError::Unavailable(_)) => "storage_unavailable",
            Self::Store(_) => "storage_failed",
            Self::LeaseLost => "lease_lost",
        }
    }
}
