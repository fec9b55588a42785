//! The demo's past: what Harbour's server would have sent over the last months.
//!
//! [`recipe`] says what Harbour's people are like (`web/harbour/content/people.json`), [`plan`] makes the same batches of
//! it whenever it is asked, and [`client`] sends them through the doors: content by the REST operations, people and events
//! by the tracking API, answers by the edge, each with a key. A batch that is sent again changes nothing, so a seeding that
//! was killed goes on with the batch after the last one that it noted.

mod client;
mod content;
mod draw;
mod events;
mod plan;
mod recipe;
mod reports;
#[cfg(test)]
mod tests;
mod visitor;

use std::sync::Arc;

use base::{Problem, ProblemResult};
use futures::StreamExt as _;

use super::store::{self, State};
use super::{credentials, is_demo};
use crate::App;
use crate::authority::SystemTx;
use crate::organisations;
use crate::problem::store_failed;
use client::Client;
use plan::{Batch, Plan};

/// The seed of everything that is drawn.
const SEED: u64 = 0x4a52_b0a7;
/// Answers that are on their way at once.
const ANSWERS_AT_ONCE: usize = 8;

/// How much is made.
#[derive(Debug, Clone, Default)]
pub struct SeedOptions {
    /// How many people; as many as the demo's recipe says unless given. What was asked for first counts.
    pub people: Option<u64>,
}

/// How far it is, or that it was done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// People of this run so far, of those that an earlier one left.
    pub people: u64,
    /// How many there will be.
    pub people_in_all: u64,
    /// Events of this run.
    pub events: u64,
    /// Answers of this run.
    pub answers: u64,
}

/// Why the history is not whole. What is in stays; the next start goes on.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A door refused something.
    #[error("{what}: {status} {answer}")]
    Refused {
        /// Which request.
        what: String,
        /// With which status.
        status: u16,
        /// The problem's code, or what was refused of a batch.
        answer: String,
    },
    /// The demo's own data are not right.
    #[error("the demo's own data cannot be read: {0}")]
    Data(#[from] serde_json::Error),
    /// The store failed; the log says how.
    #[error("{}", .0.code.title())]
    Store(Problem),
}

impl From<Problem> for SeedError {
    fn from(problem: Problem) -> Self {
        Self::Store(problem)
    }
}

/// Makes the demo's content, people and past, or what is missing of them. `None` if nothing is.
///
/// `tell` is told after each batch. Dropping the future stops it; nothing is lost by that.
pub async fn seed(
    app: &Arc<App>,
    options: &SeedOptions,
    mut tell: impl FnMut(Progress),
) -> Result<Option<Progress>, SeedError> {
    let Some(state) = begin(app, options).await? else { return Ok(None) };
    let recipe = recipe::read()?;
    let tenant = organisations::first(app).await?;
    let keys = credentials::make(app, &tenant, &state).await?;
    let client = Client::new(app, &keys, tenant.environment);
    let content = content::publish(&client).await?;
    reports::save(&client).await?;
    let people = state.people.unwrap_or(recipe.people);
    let plan = Plan::new(&recipe, SEED, state.begun_at, people, content);
    let mut progress = Progress { people: 0, people_in_all: people, events: 0, answers: 0 };
    for (number, batch) in (0_u64..).zip(plan) {
        progress.people += batch.people;
        if number < state.next_batch {
            continue;
        }
        send(&client, &batch).await?;
        progress.events += batch.messages.len() as u64;
        progress.answers += batch.answers.len() as u64;
        note(app, number + 1).await?;
        tell(progress);
    }
    finish(app).await?;
    Ok(Some(progress))
}

/// What is to be done; `None` if it is.
async fn begin(app: &App, options: &SeedOptions) -> Result<Option<State>, SeedError> {
    if !is_demo(app).await? {
        return Ok(None);
    }
    let people = options.people.map_or_else(|| recipe::read().map(|recipe| recipe.people), Ok)?;
    let mut tx = SystemTx::begin(app).await?;
    store::begin(&mut tx.0, people, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await?;
    let state = store::find(&app.main).await.map_err(store_failed)?;
    Ok(state.filter(|state| state.finished_at.is_none()))
}

/// A batch's messages, and when those are in, its answers.
async fn send(client: &Client, batch: &Batch) -> Result<(), SeedError> {
    client.batch(&batch.messages).await?;
    let mut answers = futures::stream::iter(batch.answers.iter().map(|answer| client.answer(answer)))
        .buffer_unordered(ANSWERS_AT_ONCE);
    while let Some(answered) = answers.next().await {
        answered?;
    }
    Ok(())
}

async fn note(app: &App, next: u64) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::set_next(&mut tx.0, next).await.map_err(store_failed)?;
    tx.commit().await
}

async fn finish(app: &App) -> ProblemResult<()> {
    let state = store::find(&app.main).await.map_err(store_failed)?;
    let mut tx = SystemTx::begin(app).await?;
    if let Some(state) = state {
        credentials::end(app, &mut tx, &state).await?;
    }
    store::finish(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await
}
