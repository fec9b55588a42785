//! Delivery: who is shown what, and why not.
//!
//! All live content of an environment, with its rules compiled once, is held in memory ([`Rulesets`]) and swapped as a
//! whole when its number changes. A decision ([`decide`]) touches that and one row about the person. What rules ask for
//! beyond plain attributes is kept as events arrive ([`watched`]); jobs compute it for who was here before.
//!
//! Invariants: a personal value is never asked for and never in an answer or trace; what is not known is not shown; the
//! decision and the answer to "why" come from the same function.

mod backfill;
mod decide;
mod facts;
mod outcomes;
mod rulesets;
pub(crate) mod sync;
#[cfg(test)]
pub(crate) mod tests;
mod watched;
pub(crate) mod why;

use std::sync::Arc;

use base::id::EnvironmentId;
use base::{ProblemResult, Timestamp};
use targeting::{Class, Field, Outcome, Rule, Scope};

use crate::App;
use crate::attributes::{self, Known};
use crate::people::PersonRow;

pub(crate) use rulesets::{Live, Piece, Rulesets, follow};
pub(crate) use watched::{Watched, cut_back, settle};

/// The job that counts what the log holds from before a counter was watched.
pub(crate) const BACKFILL: &str = "counters.backfill";
/// The job that computes outcomes of new predicates for personal values that are there.
pub(crate) const OUTCOMES: &str = "outcomes.compute";

/// The jobs of delivery.
pub(crate) fn handlers(app: &Arc<App>, handlers: jobs::Handlers) -> jobs::Handlers {
    let (outcomes, backfill) = (Arc::clone(app), Arc::clone(app));
    handlers
        .with(OUTCOMES, move |run| outcomes::run(Arc::clone(&outcomes), run))
        .with(BACKFILL, move |run| backfill::run(Arc::clone(&backfill), run))
}

/// How attributes are registered.
pub(crate) struct Classes(Arc<Known>);

impl Classes {
    /// How an attribute is registered.
    pub(crate) fn of(&self, field: &Field) -> Class {
        let scope = match field.scope() {
            Scope::Person => attributes::Scope::Person,
            Scope::Company => attributes::Scope::Company,
            Scope::Event => attributes::Scope::Event,
            Scope::Device | Scope::Page | Scope::Locale => return Class::Plain,
        };
        match self.0.class(scope, field.name()) {
            Some(attributes::Class::Personal) => Class::Personal,
            Some(attributes::Class::Pseudonymous) => Class::Pseudonymous,
            Some(attributes::Class::Plain) => Class::Plain,
            None => Class::Unregistered,
        }
    }
}

/// Whether a rule holds of somebody now, as far as the server knows: what only a browser can tell is unknown.
pub(crate) fn holds(rule: &Rule, live: &Live, row: &PersonRow, now: Timestamp) -> Outcome {
    rule.evaluate(&facts::Person { row, live, device: None, now })
}

/// How this environment's attributes are registered.
pub(crate) async fn classes(app: &App, environment: EnvironmentId) -> ProblemResult<Classes> {
    Ok(Classes(app.attributes.of(app, environment).await?))
}
