//! What can be told about a rule only with the registry of attributes at hand.

use base::FieldProblem;

use crate::{Field, Filter, Rule};

/// How an attribute is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Sealed; rules see stored outcomes only.
    Personal,
    /// Stored in clear, tells about a person only together with other data.
    Pseudonymous,
    /// Stored in clear.
    Plain,
    /// Never seen. A rule may be there before the attribute is.
    Unregistered,
}

impl Rule {
    /// What cannot be asked of personal attributes: a time from now (a stored outcome would grow stale), and anything
    /// about a personal property of an event (it is sealed, and has no outcome). That a predicate looks at one
    /// attribute only is so by its shape.
    pub fn check(&self, class: impl Fn(&Field) -> Class, pointer: &str) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        check(self, &class, pointer, &mut problems);
        problems
    }
}

fn check(rule: &Rule, class: &impl Fn(&Field) -> Class, at: &str, problems: &mut Vec<FieldProblem>) {
    let is_personal = |filter: &Filter| class(filter.field()) == Class::Personal;
    match rule {
        Rule::All(parts) | Rule::Any(parts) => {
            let key = if matches!(rule, Rule::All(_)) { "all" } else { "any" };
            for (index, part) in parts.iter().enumerate() {
                check(part, class, &format!("{at}/{key}/{index}"), problems);
            }
        }
        Rule::Not(part) => check(part, class, &format!("{at}/not"), problems),
        Rule::Filter(filter) if filter.is_relative() && is_personal(filter) => problems.push(FieldProblem {
            pointer: format!("{at}/value"),
            detail: format!(
                "{} is personal: only the outcome is kept, which a time from now would make stale; accepted: a fixed \
                 time, such as 2026-10-01",
                filter.field()
            ),
        }),
        Rule::Filter(_) => {}
        Rule::Did(did) => {
            for (index, filter) in did.filters().iter().enumerate().filter(|(_, filter)| is_personal(filter)) {
                problems.push(FieldProblem {
                    pointer: format!("{at}/filters/{index}/field"),
                    detail: format!("{} is personal: events cannot be counted by it", filter.field()),
                });
            }
        }
    }
}
