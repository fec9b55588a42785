//! The job that looks at the keys every hour: it finishes what was interrupted, turns what is due, and destroys what nothing
//! needs any more. It looks after the places of the erasable keys, too. There is always one that waits.

use std::sync::Arc;
use std::time::Duration;

use ::jobs::{Handlers, JobError, NewJob, Run, ensure};
use base::id::JobId;
use base::{ProblemResult, Timestamp};
use serde_json::{Value, json};

use super::{Wanted, places, rotate};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::store_failed;

const KIND: &str = "keys.look";
const EVERY: Duration = Duration::from_hours(1);

/// The handler of this feature's job.
#[must_use]
pub fn handlers(app: &Arc<App>, handlers: Handlers) -> Handlers {
    let app = Arc::downgrade(app);
    handlers.with(KIND, move |run| {
        let app = app.clone();
        async move {
            let app = app.upgrade().ok_or(JobError::Retry("stopping"))?;
            look(&app, &run).await
        }
    })
}

/// Has the keys looked at as soon as a worker is free, and every hour from then on.
pub(crate) async fn schedule(app: &App) -> ProblemResult<()> {
    wait(app, app.clock.now(), None).await
}

async fn look(app: &App, run: &Run) -> Result<Value, JobError> {
    let refused = |problem: base::Problem| {
        tracing::error!(code = problem.code.name(), "keys did not turn; the next look goes on");
        JobError::Retry("rotation_failed")
    };
    // What waits next is there before anything can go wrong.
    wait(app, app.clock.now().plus(EVERY), Some(run.job().id)).await.map_err(refused)?;
    places::tend(app).await.map_err(refused)?;
    let turned = rotate(app, Wanted { kind: None, now: false }).await.map_err(refused)?;
    for key in &turned {
        tracing::info!(kind = %key.kind, owner = key.owner, version = key.version, "a key was due and has turned");
    }
    Ok(json!({ "turned": turned.len() }))
}

async fn wait(app: &App, until: Timestamp, running: Option<JobId>) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    let job = NewJob { kind: KIND, environment: None, payload: json!({}), due_at: until };
    let (engine, clock, rng) = (app.main.engine(), app.clock.as_ref(), app.rng.as_ref());
    ensure(&mut tx.0, engine, clock, rng, job, running).await.map_err(store_failed)?;
    tx.commit().await
}
