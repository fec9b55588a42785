//! A durable queue of background work on the main store.
//!
//! A job is enqueued on the transaction of what it follows from ([`enqueue`]), so that an act and its consequences are
//! there together or not at all. Workers ([`Runner`]) take what is due under a lease, which a heartbeat extends; when a
//! process dies, its leases end and another worker goes on from the job's last checkpoint. What fails is tried again
//! after a growing pause, and given up after [`Options::attempts`] runs with a code that says why.
//!
//! Invariants:
//! - A run counts only while its lease is in the row: whoever lost it can neither finish the job nor move its progress.
//! - A job may run more than once, and may end at any `await`: handlers do their work in transactions that they can
//!   repeat, and put what is done into a checkpoint.
//! - Payloads, results and codes hold no personal value.
//! - The crate knows no feature: a [`Handler`] is a name and a function.

mod model;
mod queue;
mod run;
mod runner;

pub use model::{Job, JobError, NewJob, Progress, State};
pub use queue::{enqueue, ensure, get, unfinished};
pub use run::{Handler, Handlers, Run};
pub use runner::{Options, Runner};
