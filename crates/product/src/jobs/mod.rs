//! Background work: which job is done by which function, and how a team sees how far it is. The queue itself is the crate
//! `jobs`.

pub(crate) mod api;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ::jobs::{Handlers, Job, NewJob, Options, Runner};
use base::Timestamp;
use base::id::JobId;
use serde_json::Value;
use store::StoreResult;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::authority::{InTenant as _, TenantReader, TenantTx};
use crate::{
    App, delivery, email_changes, invitations, key_rotation, members, parts, password_resets, sign_ins, trust,
};

/// Adds a job of the transaction's environment, durable with it.
pub(crate) async fn enqueue(
    app: &App,
    tx: &mut TenantTx,
    kind: &'static str,
    payload: Value,
    due_at: Timestamp,
) -> StoreResult<JobId> {
    let job = NewJob { kind, environment: Some(tx.environment()), payload, due_at };
    ::jobs::enqueue(tx.tx(), app.clock.as_ref(), app.rng.as_ref(), job).await
}

/// A job of the reader's environment.
pub(crate) async fn get(reader: TenantReader<'_>, id: JobId) -> StoreResult<Option<Job>> {
    ::jobs::get(reader, reader.environment(), id).await
}

/// What a process does beside answering, while it serves.
pub struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Background {
    /// Starts it. Every process follows what the others publish; `worker` says whether this one does the jobs, makes the trust
    /// checks and seals events into parts.
    pub fn start(app: &Arc<App>, worker: bool) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        delivery::follow(app, &tasks, &stop);
        if worker {
            trust::follow(app, &tasks, &stop);
            parts::follow(app, &tasks, &stop);
            let (app, of_runner) = (Arc::clone(app), app);
            tasks.spawn(async move {
                if let Err(problem) = key_rotation::schedule(&app).await {
                    tracing::error!(code = problem.code.name(), "nobody looks at the age of keys until the next start");
                }
            });
            runner(of_runner).start(&tasks, &stop);
        }
        Self { tasks, stop }
    }

    /// Stops it: jobs end at their next `await`, and what they were at goes back to the queue.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A runner of every kind of job.
pub(crate) fn runner(app: &Arc<App>) -> Runner {
    let handlers = key_rotation::handlers(app, delivery::handlers(app, Handlers::default()));
    let handlers = invitations::jobs::handlers(app, members::tidy::handlers(app, handlers));
    let handlers = email_changes::jobs::handlers(app, handlers);
    let handlers = sign_ins::jobs::handlers(app, password_resets::jobs::handlers(app, handlers));
    Runner::new(app.main.clone(), app.clock.clone(), app.rng.clone(), handlers, Options::default())
}
