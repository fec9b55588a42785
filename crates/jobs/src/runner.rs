//! Workers: take, run, finish.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Rng};
use futures::FutureExt as _;
use serde_json::Value;
use store::{Db, StoreResult};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::queue::{self, End, Lease};
use crate::{Handlers, Job, JobError, Run};

/// How jobs are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many run at once in this process.
    pub workers: usize,
    /// How long a worker that does nothing waits before it looks again.
    pub poll: Duration,
    /// How long a job stays with a worker that gives no sign of life.
    pub lease: Duration,
    /// How often a worker gives one; well below the lease.
    pub beat: Duration,
    /// How many runs a job is given.
    pub attempts: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 2,
            poll: Duration::from_millis(250),
            lease: Duration::from_secs(30),
            beat: Duration::from_secs(10),
            attempts: 10,
        }
    }
}

/// Runs the jobs of a store that it has handlers for.
#[derive(Clone)]
pub struct Runner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    handlers: Handlers,
    options: Options,
}

/// How a run ended.
enum Ended {
    With(Result<Value, JobError>),
    Stopped,
}

impl Runner {
    /// A runner with these handlers.
    pub fn new(db: Db, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>, handlers: Handlers, options: Options) -> Self {
        Self { db, clock, rng, handlers, options }
    }

    /// Starts the workers on the tracker. When the token is cancelled they take nothing more, and what runs goes back to
    /// the queue at its next `await`.
    pub fn start(&self, tracker: &TaskTracker, stop: &CancellationToken) {
        for _ in 0..self.options.workers {
            let (runner, stop) = (self.clone(), stop.clone());
            tracker.spawn(async move { runner.work(&stop).await });
        }
    }

    /// Runs what is due until nothing is; how many runs that were.
    pub async fn run_due(&self) -> StoreResult<usize> {
        let never = CancellationToken::new();
        let mut runs = 0;
        while self.run_one(&never).await? {
            runs += 1;
        }
        Ok(runs)
    }

    async fn work(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.run_one(stop).await {
                Ok(true) => continue,
                Ok(false) => self.options.poll,
                Err(error) => {
                    tracing::error!(%error, "the job queue cannot be read");
                    self.options.poll * 10
                }
            };
            tokio::select! { () = stop.cancelled() => {}, () = tokio::time::sleep(pause) => {} }
        }
    }

    /// Takes and runs one job; false if none was due.
    async fn run_one(&self, stop: &CancellationToken) -> StoreResult<bool> {
        let now = self.clock.now();
        let kinds = self.handlers.kinds();
        if !queue::is_due(&self.db, &kinds, now).await? {
            return Ok(false);
        }
        let lease: Lease = self.rng.bytes();
        let held_until = Instant::now() + self.options.lease;
        let Some(job) = queue::take(&self.db, &kinds, lease, now, now.plus(self.options.lease)).await? else {
            return Ok(false);
        };
        let (id, kind, attempts) = (job.id, job.kind.clone(), job.attempts);
        let ended = self.run(job, (lease, held_until), stop).await;
        let now = self.clock.now();
        let end = match &ended {
            Ended::Stopped => End::Released,
            Ended::With(Ok(result)) => End::Completed(result),
            Ended::With(Err(JobError::LeaseLost)) => {
                tracing::warn!(job = %id, kind, "the lease was lost: another worker goes on");
                return Ok(true);
            }
            Ended::With(Err(error)) => {
                let code = error.code();
                tracing::warn!(job = %id, kind, attempts, code, "a job's run failed");
                if matches!(error, JobError::Fatal(_)) || attempts >= self.options.attempts {
                    End::Failed(code)
                } else {
                    End::Again(code, now.plus(queue::pause(attempts, self.rng.as_ref())))
                }
            }
        };
        queue::finish(&self.db, id, lease, end, now).await?;
        Ok(true)
    }

    async fn run(&self, job: Job, (lease, held_until): (Lease, Instant), stop: &CancellationToken) -> Ended {
        if job.attempts > self.options.attempts {
            // It was never heard of again so often: what it does kills its process.
            return Ended::With(Err(JobError::Fatal("abandoned")));
        }
        let Some(handler) = self.handlers.get(&job.kind) else {
            return Ended::With(Err(JobError::Retry("no_handler")));
        };
        let id = job.id;
        let run = handler(Run::new(job, self.db.clone(), lease));
        let run = AssertUnwindSafe(run).catch_unwind();
        tokio::select! {
            ended = run => Ended::With(ended.unwrap_or(Err(JobError::Retry("panicked")))),
            () = self.heartbeat(id, lease, held_until) => Ended::With(Err(JobError::LeaseLost)),
            () = stop.cancelled() => Ended::Stopped,
        }
    }

    /// Extends the lease as long as it is ours; returns when it is not, or when the store has not answered for so long
    /// that it may be another's.
    async fn heartbeat(&self, id: base::id::JobId, lease: Lease, mut held_until: Instant) {
        loop {
            tokio::time::sleep_until(held_until.min(Instant::now() + self.options.beat)).await;
            let asked = Instant::now();
            if asked >= held_until {
                tracing::warn!(job = %id, "the lease ended, since the store did not answer");
                return;
            }
            let until = self.clock.now().plus(self.options.lease);
            match tokio::time::timeout_at(held_until, queue::extend(&self.db, id, lease, until)).await {
                Ok(Ok(true)) => held_until = asked + self.options.lease,
                Ok(Ok(false)) => return,
                Ok(Err(error)) => tracing::warn!(job = %id, %error, "a lease could not be extended"),
                Err(_) => {
                    tracing::warn!(job = %id, "the lease ended, since the store did not answer in time");
                    return;
                }
            }
        }
    }
}
