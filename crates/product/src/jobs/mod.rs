//! Background work: which job is done by which function, and how a team sees how far it is. The queue itself is the crate
//! `jobs`.

pub(crate) mod api;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ::jobs::{Handlers, Options, Runner};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{App, delivery};

/// Every kind of job that this process can do.
fn handlers(app: &Arc<App>) -> Handlers {
    delivery::handlers(app, Handlers::default())
}

/// A runner of this product's jobs.
pub fn runner(app: &Arc<App>) -> Runner {
    Runner::new(app.main.clone(), app.clock.clone(), app.rng.clone(), handlers(app), Options::default())
}

/// Starts this process's workers: role `worker`. When the token is cancelled they stop at their next `await`, and what
/// they were at goes back to the queue.
pub fn start(app: &Arc<App>, tracker: &TaskTracker, stop: &CancellationToken) {
    runner(app).start(tracker, stop);
}
