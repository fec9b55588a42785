//! From a question to its answer: what it asks of people and companies is looked up, and the engine folds the events on a
//! blocking thread.
//!
//! Invariants: a few questions of an environment are answered at a time; none takes longer than [`TIME`] or more memory than
//! [`MEMORY`] and what the log's tail takes; when whoever asked is gone, it stops.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use events::{Answer, Control, EmbeddedEngine, EventEngine as _, Known, PeoplePage, Query, QueryError, Target};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::known;
use super::question::Question;
use crate::{App, event_log};

/// How many questions of an environment are answered at a time.
const AT_A_TIME: usize = 3;
/// How long one may take.
const TIME: Duration = Duration::from_secs(20);
/// How much memory one may take.
const MEMORY: usize = 512 << 20;

/// Room for questions.
#[derive(Default)]
pub(crate) struct Places {
    free: Mutex<HashMap<EnvironmentId, Arc<Semaphore>>>,
}

impl Places {
    /// Takes a place while there is one.
    ///
    /// # Errors
    /// 429.
    pub(super) fn enter(&self, environment: EnvironmentId) -> ProblemResult<OwnedSemaphorePermit> {
        let mut places = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(environment).or_insert_with(|| Arc::new(Semaphore::new(AT_A_TIME)));
        let full = |_| Problem::new(Code::TooManyRequests).detail("other questions are being answered").retry_after(1);
        Arc::clone(place).try_acquire_owned().map_err(full)
    }
}

/// Stops a question when it is dropped.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Answers a question.
pub(super) async fn answer(app: &App, environment: EnvironmentId, question: Question) -> ProblemResult<Answer> {
    run(app, environment, question, |engine, query, known, control| engine.query(environment, query, known, control))
        .await
}

/// Who is behind a number of the answer: some of them, after a number.
pub(super) async fn people(
    app: &App,
    environment: EnvironmentId,
    question: Question,
    of: Target,
    page: (Option<u64>, usize),
) -> ProblemResult<PeoplePage> {
    run(app, environment, question, move |engine, query, known, control| {
        engine.people(environment, (query, &of), page, known, control)
    })
    .await
}

async fn run<T: Send + 'static>(
    app: &App,
    environment: EnvironmentId,
    question: Question,
    fold: impl Fn(&EmbeddedEngine, &Query, &Known, &Control) -> Result<T, QueryError> + Send + Sync + 'static,
) -> ProblemResult<T> {
    let place = app.questions.enter(environment)?;
    let known = known::resolve(app, environment, &question, TIME).await?;
    let control = Control::new().time(TIME).memory(MEMORY);
    let _stop = Stop(control.cancel());
    // The place is given back when the work is done, not when whoever asked is gone.
    let asked = Arc::new((place, question, known, control, fold));
    event_log::ask(app, move |engine| {
        let (_place, question, known, control, fold) = asked.as_ref();
        fold(engine, &question.query, known, control)
    })
    .await
}
