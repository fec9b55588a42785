//! Deciding now what can be decided now: the server knows the person, the browser knows the page.
//!
//! [`resolve`] builds a rule that is true exactly when the given one has the wanted outcome. It drives negations down
//! to the leaves, because in three values the outcome false has to be asked for by itself: `not(all[unknown, page])` is
//! true on the page that makes the second part false, although `all[unknown, page]` is never true.

use std::sync::Arc;

use crate::{Facts, Outcome, Rule};

/// What is left of a rule when the server has decided its part.
#[derive(Debug, Clone, PartialEq)]
pub enum Partial {
    /// It holds on every page.
    True,
    /// It holds on no page.
    False,
    /// It is not known to hold on any page.
    Unknown,
    /// It holds where this rule, of page and locale only, does.
    Browser(Rule),
}

enum Residual {
    Always,
    Never,
    When(Rule),
}

impl Rule {
    /// Decides what looks at person, company, device and events; filters on page and locale stay, simplified, whether
    /// or not the facts know the page.
    pub fn partial(&self, facts: &(impl Facts + ?Sized)) -> Partial {
        match resolve(self, true, facts) {
            Residual::Always => Partial::True,
            Residual::When(rule) => Partial::Browser(rule),
            Residual::Never => match resolve(self, false, facts) {
                Residual::Always => Partial::False,
                Residual::Never | Residual::When(_) => Partial::Unknown,
            },
        }
    }
}

fn resolve(rule: &Rule, wanted: bool, facts: &(impl Facts + ?Sized)) -> Residual {
    match rule {
        Rule::All(parts) if wanted => every(parts, wanted, facts),
        Rule::Any(parts) if !wanted => every(parts, wanted, facts),
        Rule::All(parts) | Rule::Any(parts) => some(parts, wanted, facts),
        Rule::Not(part) => resolve(part, !wanted, facts),
        Rule::Filter(filter) if filter.field().is_client() => {
            Residual::When(if wanted { rule.clone() } else { Rule::Not(Arc::new(rule.clone())) })
        }
        Rule::Filter(filter) => decided(filter.evaluate(facts), wanted),
        Rule::Did(did) => decided(did.evaluate(facts), wanted),
    }
}

fn decided(outcome: Outcome, wanted: bool) -> Residual {
    if outcome == Outcome::from(wanted) { Residual::Always } else { Residual::Never }
}

fn every(parts: &[Rule], wanted: bool, facts: &(impl Facts + ?Sized)) -> Residual {
    let mut left = Vec::new();
    for part in parts {
        match resolve(part, wanted, facts) {
            Residual::Never => return Residual::Never,
            Residual::Always => {}
            Residual::When(Rule::All(nested)) => left.extend_from_slice(&nested),
            Residual::When(rule) => left.push(rule),
        }
    }
    joined(left, Residual::Always, Rule::All)
}

fn some(parts: &[Rule], wanted: bool, facts: &(impl Facts + ?Sized)) -> Residual {
    let mut left = Vec::new();
    for part in parts {
        match resolve(part, wanted, facts) {
            Residual::Always => return Residual::Always,
            Residual::Never => {}
            Residual::When(Rule::Any(nested)) => left.extend_from_slice(&nested),
            Residual::When(rule) => left.push(rule),
        }
    }
    joined(left, Residual::Never, Rule::Any)
}

fn joined(mut left: Vec<Rule>, nothing: Residual, join: impl Fn(Arc<[Rule]>) -> Rule) -> Residual {
    match left.len() {
        0 => nothing,
        1 => left.pop().map_or(nothing, Residual::When),
        _ => Residual::When(join(left.into())),
    }
}
