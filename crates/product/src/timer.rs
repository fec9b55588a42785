//! What is done by the clock and not by a request: who was seen is written down every second, secrets that are too old are
//! wiped, and what is no longer needed is forgotten.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ::store::Engine;
use base::ProblemResult;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::problem::internal;
use crate::{
    App, devices, email_changes, identity_providers, ingest, invitations, parts, passkeys, password_resets, people,
    sessions, sign_ins,
};

const TICK: Duration = Duration::from_secs(1);
const TICKS_PER_HOUR: u64 = 3_600;
const TICKS_PER_SWEEP: u64 = 15;
const TICKS_PER_LOOK_FOR_KEYS: u64 = 5;
/// An edge whose files only it may remove does so.
const TICKS_PER_LOOK_FOR_TRIMMED: u64 = 600;
/// How far a worker is behind edges that project their own logs.
const TICKS_PER_LOOK_AT_OTHERS: u64 = 5;

/// The task, while it runs.
#[derive(Default)]
pub(crate) struct Timer {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Timer {
    /// Starts ticking for an app, until it is closed or dropped.
    pub(crate) fn start(&self, app: &Arc<App>) {
        let (app, stop) = (Arc::downgrade(app), self.stop.clone());
        self.tasks.spawn(async move {
            tokio::select! { () = stop.cancelled() => {}, () = run(app) => {} }
        });
    }

    /// Ends the task. Does nothing if there is none.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn run(app: Weak<App>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut tick = 0_u64;
    loop {
        interval.tick().await;
        let Some(app) = app.upgrade() else { return };
        if let Err(problem) = beat(&app, tick).await {
            tracing::warn!(code = problem.code.name(), "what the clock does was left for the next second");
        }
        tick += 1;
    }
}

async fn beat(app: &App, tick: u64) -> ProblemResult<()> {
    if tick.is_multiple_of(TICKS_PER_SWEEP) {
        app.people.sweep();
    }
    if tick.is_multiple_of(TICKS_PER_LOOK_FOR_KEYS) && app.main.engine() == Engine::Postgres {
        // Another process may have made or promoted some.
        app.reload_keys().await.map_err(internal)?;
    }
    if tick.is_multiple_of(TICKS_PER_HOUR) && app.duties.worker {
        people::forget_messages(app).await?;
        sessions::forget_old(app).await?;
        invitations::forget_old(app).await?;
        password_resets::forget_old(app).await?;
        passkeys::forget_old(app).await?;
        devices::forget_old(app).await?;
        sign_ins::forget_old(app).await?;
        email_changes::forget_old(app).await?;
        identity_providers::forget_old(app).await?;
    }
    if tick.is_multiple_of(TICKS_PER_LOOK_FOR_TRIMMED) {
        parts::remove_trimmed(app).await;
    }
    if tick.is_multiple_of(TICKS_PER_LOOK_AT_OTHERS)
        && app.duties.worker
        && let Err(error) = ingest::catch_up_for_others(app).await
    {
        tracing::warn!(%error, "people's rows are behind another edge's event log; the next look may do better");
    }
    if let Err(error) = ingest::catch_up(app).await {
        tracing::warn!(%error, "people's rows are behind the event log; the next second may do better");
    }
    people::write_seen(app).await
}
