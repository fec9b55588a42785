//! What a rule asks for: so that what must be kept is kept, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::{CounterHash, Did, Field, Filter, PredicateHash, Rule, Scope};

/// What rules mention. Collects over several rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mentions {
    /// Every field outside of conditions on events.
    pub fields: BTreeSet<Field>,
    /// The conditions on events, one per counter that must be kept; they differ in event, filters or window.
    pub counters: BTreeMap<CounterHash, Arc<Did>>,
    /// Every filter on an attribute of a person or company: the ones whose outcomes must be kept if the attribute, or
    /// only one value of it, is personal.
    pub predicates: BTreeMap<PredicateHash, Arc<Filter>>,
}

impl Mentions {
    /// Adds what a rule mentions.
    pub fn add(&mut self, rule: &Rule) {
        match rule {
            Rule::All(parts) | Rule::Any(parts) => parts.iter().for_each(|part| self.add(part)),
            Rule::Not(part) => self.add(part),
            Rule::Did(did) => {
                self.counters.entry(did.counter()).or_insert_with(|| Arc::clone(did));
            }
            Rule::Filter(filter) => {
                self.fields.insert(filter.field().clone());
                if matches!(filter.field().scope(), Scope::Person | Scope::Company) {
                    self.predicates.entry(filter.predicate()).or_insert_with(|| Arc::clone(filter));
                }
            }
        }
    }

    /// The names of the events that are counted.
    pub fn events(&self) -> BTreeSet<&str> {
        self.counters.values().map(|did| did.event()).collect()
    }
}

impl Rule {
    /// What this rule mentions.
    pub fn mentions(&self) -> Mentions {
        let mut mentions = Mentions::default();
        mentions.add(self);
        mentions
    }
}
