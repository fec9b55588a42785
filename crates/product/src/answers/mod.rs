//! What came back: answers to surveys, and who met what.
//!
//! A browser sends an answer as it grows, under an id of its own making, which belongs to whoever began it: a part adds to
//! what is there, the whole takes its place, and what is complete stays complete. Scores and choices are stored as they
//! are; what somebody wrote is sealed to them before it is stored, so that nothing in the database can be read without
//! their key.
//!
//! One person answers one *impression* of a survey once ([`encounters`] says what an impression is, [`take`] what becomes
//! of another answer). An answer needs no `$shown`, which may arrive after it or be lost, as soon as the survey can have
//! been shown by its frequency, or if a server brings it in from elsewhere. What is asked for is counted as it comes
//! ([`tallies`]).

pub(crate) mod api;
mod encounters;
mod figures;
mod model;
mod store;
mod take;
mod tallies;
#[cfg(test)]
pub(crate) mod tests;

use ::store::StoreResult;
use base::ProblemResult;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::authority::{TenantReader, TenantTx};
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
pub(crate) async fn merge(tx: &mut TenantTx, from: u64, into: u64) -> StoreResult<()> {
    store::merge(tx, from, into).await?;
    encounters::merge(tx, from, into).await
}

/// How many people answered at all.
pub(crate) async fn started(reader: TenantReader<'_>, content: ContentId) -> ProblemResult<u64> {
    store::started(reader, content).await.map_err(store_failed)
}

/// How many people reached each step of a flow.
pub(crate) async fn steps(reader: TenantReader<'_>, content: ContentId) -> ProblemResult<BTreeMap<String, u64>> {
    encounters::steps(reader, content).await.map_err(store_failed)
}

/// How often each answer to a survey was given.
pub(crate) async fn tallies(reader: TenantReader<'_>, content: ContentId) -> ProblemResult<Tallies> {
    tallies::read(reader, content).await.map_err(store_failed)
}
