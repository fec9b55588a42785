//! Evaluating a rule: a pure fold over what the caller knows.

use base::Timestamp;
use serde_json::Value;

use crate::{Did, Field, Filter, Outcome, PredicateHash, Rule};

/// What is known of an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fact<'a> {
    /// It has no value: a fact, not ignorance.
    Missing,
    /// Whether it has a value is not known here.
    Unknown,
    /// Its value; null counts as missing.
    Value(&'a Value),
    /// Its value, a text.
    Text(&'a str),
    /// It has a value that is sealed: only stored outcomes tell about it.
    Personal,
}

/// What the caller knows about one person at one moment.
pub trait Facts {
    /// What is known of an attribute.
    fn attribute(&self, field: &Field) -> Fact<'_>;
    /// The stored outcome of a predicate over a personal attribute; unknown if there is none.
    fn outcome(&self, predicate: PredicateHash) -> Outcome;
    /// How many events [`Did::matches`] and [`Did::covers`] accept; `None` if nobody counted them yet.
    fn did(&self, did: &Did) -> Option<u64>;
    /// Now, for times relative to it.
    fn now(&self) -> Timestamp;
}

impl Rule {
    /// Whether the rule holds, by these facts.
    pub fn evaluate(&self, facts: &(impl Facts + ?Sized)) -> Outcome {
        match self {
            Self::All(parts) => Outcome::all(parts.iter().map(|part| part.evaluate(facts))),
            Self::Any(parts) => Outcome::any(parts.iter().map(|part| part.evaluate(facts))),
            Self::Not(part) => !part.evaluate(facts),
            Self::Filter(filter) => filter.evaluate(facts),
            Self::Did(did) => did.evaluate(facts),
        }
    }
}

impl Filter {
    /// Whether the filter holds, by these facts.
    pub fn evaluate(&self, facts: &(impl Facts + ?Sized)) -> Outcome {
        self.judge(facts.attribute(self.field()), facts)
    }

    pub(crate) fn judge(&self, fact: Fact<'_>, facts: &(impl Facts + ?Sized)) -> Outcome {
        match fact {
            Fact::Unknown => Outcome::Unknown,
            Fact::Personal => facts.outcome(self.predicate()),
            Fact::Missing => self.holds(None, facts.now()).into(),
            Fact::Value(value) => self.holds(Some(value), facts.now()).into(),
            Fact::Text(text) => self.holds_text(text, facts.now()).into(),
        }
    }
}
