//! Analytics: a team's questions about events ([`question`]), asked of the event engine and answered at once, the people behind
//! each number of an answer, and questions that a team keeps ([`reports`]).
//!
//! The way of a question: it is read and checked ([`question`]), its range becomes moments in the environment's [`zone`], what it
//! asks of people and companies is looked up in the main store ([`known`]), and the engine answers on a blocking thread
//! ([`ask`]). A few are answered at a time for each environment; whoever comes beyond is told so at once.
//!
//! Invariants: nothing personal is asked about, so no answer holds a personal value; people are shown as lists show them,
//! masked; a question sees every event that was acknowledged before it came; nothing is written.

mod api;
mod ask;
mod known;
mod names;
mod question;
mod reports;
#[cfg(test)]
mod tests;
mod zone;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) use ask::{Places, page};

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().merge(api::router()).merge(names::router()).merge(reports::api::router()).merge(zone::router())
}
