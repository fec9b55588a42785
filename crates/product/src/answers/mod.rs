//! What came back: answers to surveys, and who met what.
//!
//! A browser sends an answer as it grows, under an id of its own making, which belongs to whoever began it: a part adds to
//! what is there, the whole takes its place, and what is complete stays complete. Scores and choices are stored as they
//! are; what somebody wrote is sealed to them before it is stored, so that nothing in the database can be read without
//! their key.
//!
//! One person answers one *showing* of a survey once ([`encounters`] says what a showing is). The first answer needs no
//! `$shown`, which may arrive after it or be lost; a further one does. What is asked for is counted as it comes
//! ([`tallies`]).

pub(crate) mod api;
mod encounters;
mod figures;
mod model;
mod store;
mod tallies;
#[cfg(test)]
pub(crate) mod tests;

use ::store::{Scope, StoreResult, Tx};
use base::ProblemResult;
use base::id::EnvironmentId;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::App;
use crate::content::model::ContentId;
use crate::problem::store_failed;

pub(crate) use encounters::{Encounter, Shown, meet};
pub(crate) use figures::{Figures, figures};
pub(crate) use store::{AnswerRow, newest};
pub(crate) use tallies::Tallies;

/// The version of a sealed text: an answer that is sent again is sealed anew, by another encapsulation.
pub(crate) const TEXT_VERSION: u64 = 1;

/// What a sealed text is bound to, beside its person.
pub(crate) fn text_field(answer: Uuid, question: &str) -> String {
    format!("answer.{answer}.{question}")
}

/// Gives what somebody who was merged has met and answered to whom they joined.
pub(crate) async fn merge(tx: &mut Tx, environment: EnvironmentId, from: u64, into: u64) -> StoreResult<()> {
    store::merge(tx, environment, from, into).await?;
    encounters::merge(tx, environment, from, into).await
}

/// How many people answered at all.
pub(crate) async fn started(app: &App, environment: EnvironmentId, content: ContentId) -> ProblemResult<u64> {
    let reader = app.main.read(Scope::Environment(environment));
    store::started(reader, environment, content).await.map_err(store_failed)
}

/// How many people reached each step of a flow.
pub(crate) async fn steps(
    app: &App,
    environment: EnvironmentId,
    content: ContentId,
) -> ProblemResult<BTreeMap<String, u64>> {
    let reader = app.main.read(Scope::Environment(environment));
    encounters::steps(reader, environment, content).await.map_err(store_failed)
}

/// How often each answer to a survey was given.
pub(crate) async fn tallies(app: &App, environment: EnvironmentId, content: ContentId) -> ProblemResult<Tallies> {
    let reader = app.main.read(Scope::Environment(environment));
    tallies::read(reader, environment, content).await.map_err(store_failed)
}
