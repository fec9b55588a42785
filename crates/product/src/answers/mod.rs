//! What came back: answers to surveys, and who met what.
//!
//! A browser sends an answer as it grows, under an id of its own making; each time replaces the time before, if it is the
//! same person's and of the same version, and what is complete stays complete. Scores and choices are stored as they are;
//! what somebody wrote is sealed to them before it is stored, so that nothing in the database can be read without their
//! key.

pub(crate) mod api;
mod figures;
mod model;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use ::store::Scope;
use base::ProblemResult;
use base::id::EnvironmentId;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::App;
use crate::content::model::ContentId;
use crate::problem::store_failed;

pub(crate) use figures::{Figures, figures};
pub(crate) use store::{AnswerRow, Encounter, meet, newest};

/// The version of a sealed text: an answer that is sent again is sealed anew, by another encapsulation.
pub(crate) const TEXT_VERSION: u64 = 1;

/// What a sealed text is bound to, beside its person.
pub(crate) fn text_field(answer: Uuid, question: &str) -> String {
    format!("answer.{answer}.{question}")
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
    store::steps(reader, environment, content).await.map_err(store_failed)
}
