//! Audience rules and delivery decisions: who may be shown what, and why not.
//!
//! A [`Rule`] is one JSON shape (`sdk/spec/README.md`), parsed to a typed tree that is valid by construction: its
//! regular expressions are compiled, its times read, its fields known. Everything here is a pure function of a rule and
//! of [`Facts`]; there is no I/O, no clock and no randomness.
//!
//! * [`Rule::evaluate`] answers true, false or *unknown*; unknown never shows.
//! * [`Rule::partial`] decides what the server can decide and leaves the filters on page and locale in a residual rule
//!   for the browser, which evaluates it against the same vectors (`sdk/spec/rules`).
//! * [`Rule::trace`] is the same evaluation written down: the answer to "why didn't it show?".
//! * [`Content::decide`] adds status and frequency; a [`Ruleset`] is all content of an environment, compiled once.
//!
//! Invariants: a value of a personal attribute is never asked for (only the stored outcome of a predicate, by its
//! hash) and never in a trace; evaluation is total; `parse(serialise(rule)) == rule`; a residual is true exactly when
//! the rule is.

mod check;
mod content;
mod decide;
mod did;
mod evaluate;
mod field;
mod filter;
mod hash;
mod mentions;
mod moment;
mod outcome;
mod page;
mod parse;
mod partial;
mod pattern;
mod rule;
mod ruleset;
mod schema;
#[cfg(test)]
mod tests;
mod trace;

pub use check::Class;
pub use content::{Conditions, ContentKind, Frequency, Status, Trigger};
pub use decide::{Content, Decision, Explanation, Reason, Seen};
pub use did::{Count, CountOp, Did};
pub use evaluate::{Fact, Facts};
pub use field::{Field, Place, Scope};
pub use filter::{Filter, Op};
pub use hash::{CounterHash, PredicateHash};
pub use mentions::Mentions;
pub use moment::{Span, Unit};
pub use outcome::Outcome;
pub use page::PageFacts;
pub use parse::MAX_COUNT_WITHIN;
pub use partial::Partial;
pub use rule::Rule;
pub use ruleset::Ruleset;
pub use trace::{DecidedBy, FactKind, Trace, What};
