//! The trust page: every promise that Pilotfish makes ([`promises`]) in the state that it is really in, now and here, for
//! anybody to read, at `/trust` and as JSON at `/trust.json`.
//!
//! A promise that a running system can show has *checks* ([`check`], [`checks`]). A check looks at the thing itself from
//! outside of the code that keeps the promise: it shakes hands with a door as a stranger does, reads the bytes of files,
//! asks the database what it would tell another tenant. The worker runs each by the clock ([`run`]); what it saw is kept,
//! dated, in the main store. `docs/trust.md` says how to add one.
//!
//! Invariants: a check that fails, panics or takes too long counts as broken, never as kept; a result that is overdue is
//! stale, which counts as broken; a promise whose proof is not there is shown as not kept; what a check says is fit for
//! strangers: no path, no id, no host but the page's own, nobody's number of people; every check has a sabotage in the
//! tests that must break it.

pub(crate) mod api;
mod build;
mod check;
mod checks;
mod html;
mod outside;
mod page;
mod promises;
mod run;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use base::Rng;
use base::id::EnvironmentId;

use crate::App;
use crate::doors::{Bound, Door};

pub(crate) use run::follow;

/// What this process knows for its checks.
pub(crate) struct Trust {
    /// The doors of this process and where they listen.
    bound: ArcSwap<Vec<(Door, SocketAddr)>>,
    build: build::Build,
    canary: Arc<checks::Canary>,
    /// Of each event log, how many events it held before this process counted.
    before: Mutex<HashMap<EnvironmentId, checks::Before>>,
    /// The files of the event log and of the parts that were read and have not changed since.
    events_read: Arc<Mutex<checks::EventsRead>>,
}

impl Trust {
    /// Of a process that has no doors yet.
    pub(crate) fn new(rng: &dyn Rng) -> Self {
        Self {
            bound: ArcSwap::default(),
            build: build::Build::default(),
            canary: Arc::new(checks::Canary::new(rng)),
            before: Mutex::default(),
            events_read: Arc::default(),
        }
    }
}

impl App {
    /// Tells the trust checks which doors this process has and from which commit it was built, before it serves.
    pub fn show_trust(&self, doors: &[Bound], commit: Option<&'static str>) {
        self.trust.bound.store(Arc::new(doors.iter().map(|bound| (bound.door, bound.address)).collect()));
        self.trust.build.set_commit(commit);
    }
}
