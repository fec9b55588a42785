//! From a question to its answer: what it asks of people and companies is looked up, and the engine folds the events on a
//! blocking thread.
//!
//! Invariants: a few questions of an environment, and of all together, are answered at a time; each ends after [`TIME`], or when
//! whoever asked is gone; what it gathers takes about [`MEMORY`] at most. What is looked up of people and the log's tail, which all
//! share, come on top.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use events::{
    Aliases, Answer, Control, EmbeddedEngine, EventEngine as _, Known, PeoplePage, Query, QueryError, Target,
};
use store::StoreResult;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::known;
use super::question::Question;
use crate::authority::TenantReader;
use crate::{App, event_log};

/// How long an answer may take.
const TIME: Duration = Duration::from_secs(20);
/// How much memory one question may take for what it gathers.
const MEMORY: usize = 256 << 20;

/// Room for what is asked of the engine.
pub(crate) struct Places {
    pub(super) questions: Room,
    pages: Room,
    /// Who was merged into whom in each environment, as it was read last.
    aliases: Mutex<HashMap<EnvironmentId, Arc<Aliases>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self { questions: Room::new(3, 6), pages: Room::new(16, 32), aliases: Mutex::default() }
    }
}

impl Places {
    /// Who was merged into whom.
    pub(super) async fn aliases(&self, reader: TenantReader<'_>) -> StoreResult<Arc<Aliases>> {
        let environment = reader.environment();
        let read = self.aliases.lock().unwrap_or_else(PoisonError::into_inner).get(&environment).cloned();
        let merged = known::merged(reader).await?;
        if let Some(read) = read.filter(|read| read.len() == merged) {
            return Ok(read);
        }
        let aliases = Arc::new(Aliases::of(known::aliases(reader).await?));
        self.aliases.lock().unwrap_or_else(PoisonError::into_inner).insert(environment, Arc::clone(&aliases));
        Ok(aliases)
    }
}

/// So much is answered at a time, for an environment and for all.
pub(super) struct Room {
    of_one: usize,
    all: Arc<Semaphore>,
    each: Mutex<HashMap<EnvironmentId, Arc<Semaphore>>>,
}

/// A place, until it is dropped.
pub(super) struct Place {
    _of_one: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Room {
    fn new(of_one: usize, of_all: usize) -> Self {
        Self { of_one, all: Arc::new(Semaphore::new(of_all)), each: Mutex::default() }
    }

    /// Takes a place while there is one.
    ///
    /// # Errors
    /// 429.
    pub(super) fn enter(&self, environment: EnvironmentId) -> ProblemResult<Place> {
        let full = |_| Problem::new(Code::TooManyRequests).detail("other questions are being answered").retry_after(1);
        let one = {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(each.entry(environment).or_insert_with(|| Arc::new(Semaphore::new(self.of_one))))
        };
        let of_one = one.try_acquire_owned().map_err(full)?;
        Ok(Place { _of_one: of_one, _of_all: Arc::clone(&self.all).try_acquire_owned().map_err(full)? })
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
    run(app, environment, question, move |engine, query, known, control| {
        engine.query(environment, query, known, control)
    })
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
    let place = app.questions.questions.enter(environment)?;
    let control = Control::new().time(TIME).memory(MEMORY);
    let known = known::resolve(app, environment, &question, TIME).await?;
    in_place(app, place, control, move |engine, control| fold(engine, &question.query, &known, control)).await
}

/// Has the engine make a page of what it holds: a timeline, counts.
pub(crate) async fn page<T: Send + 'static>(
    app: &App,
    environment: EnvironmentId,
    make: impl Fn(&EmbeddedEngine, &Control) -> Result<T, QueryError> + Send + Sync + 'static,
) -> ProblemResult<T> {
    let place = app.questions.pages.enter(environment)?;
    in_place(app, place, Control::new().time(TIME).memory(MEMORY), make).await
}

async fn in_place<T: Send + 'static>(
    app: &App,
    place: Place,
    control: Control,
    work: impl Fn(&EmbeddedEngine, &Control) -> Result<T, QueryError> + Send + Sync + 'static,
) -> ProblemResult<T> {
    let _stop = Stop(control.cancel());
    // The place is given back when the work is done, not when whoever asked is gone.
    let work = Arc::new((place, control, work));
    event_log::ask(app, move |engine| {
        let (_place, control, work) = work.as_ref();
        work(engine, control)
    })
    .await
}
