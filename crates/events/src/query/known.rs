//! What only the product knows, given along with a question.

use std::collections::HashMap;
use std::sync::Arc;

use base::Timestamp;
use jiff::tz::TimeZone;
use targeting::{Did, Field, Filter, PredicateHash, Scope};

use super::{Condition, NumberSet, Query, QueryError};

/// What the product knows. Numbers of people are those that merged people have now.
#[derive(Debug, Clone)]
pub struct Known {
    /// The environment's zone.
    pub zone: TimeZone,
    /// Now: what *within 30 days* ends at, and what relative times count from.
    pub now: Timestamp,
    /// Who was merged into whom.
    pub aliases: Arc<Aliases>,
    /// Erased people, by every number that they had: nothing of theirs is seen.
    pub erased: NumberSet,
    /// People whose personal values are erased: their events count, without sealed values.
    pub personal_erased: NumberSet,
    /// Of each filter on an attribute whom it holds of, by the filter's hash.
    pub sets: HashMap<PredicateHash, NumberSet>,
    /// Of each attribute that a breakdown is by its values.
    pub values: HashMap<Field, HashMap<u64, Arc<str>>>,
}

/// Which number of a merged person became which. What an alias leads to is no alias itself.
#[derive(Debug, Default)]
pub struct Aliases {
    into: HashMap<u64, u64>,
    /// Every number of a merged person, the one of today too.
    merged: NumberSet,
}

impl Aliases {
    /// Each number with the one that it became.
    pub fn of(into: HashMap<u64, u64>) -> Self {
        let merged = NumberSet::of(into.iter().flat_map(|(from, to)| [*from, *to]));
        Self { into, merged }
    }

    /// Whose number it is today.
    pub fn person(&self, number: u64) -> u64 {
        if self.into.is_empty() { number } else { self.into.get(&number).copied().unwrap_or(number) }
    }

    /// The numbers that became this one.
    pub fn before(&self, person: u64) -> impl Iterator<Item = u64> {
        self.into.iter().filter(move |(_, to)| **to == person).map(|(from, _)| *from)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.into.len()
    }

    /// Whether nobody was merged.
    pub fn is_empty(&self) -> bool {
        self.into.is_empty()
    }
}

/// What of [`Known`] a question needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    /// Filters on attributes of people or companies, for [`Known::sets`]. A negative filter holds of those without the
    /// attribute, too: give [`NumberSet::except`] those whom it does not hold of.
    pub filters: Vec<Arc<Filter>>,
    /// The attribute of the breakdown, for [`Known::values`]. Those whose value is missing are left out.
    pub breakdown: Option<Field>,
}

impl Known {
    /// Nobody merged or erased, no attributes.
    pub fn new(zone: TimeZone, now: Timestamp) -> Self {
        Self {
            zone,
            now,
            aliases: Arc::default(),
            erased: NumberSet::default(),
            personal_erased: NumberSet::default(),
            sets: HashMap::new(),
            values: HashMap::new(),
        }
    }

    /// Whose number it is today; `None` of somebody who was erased.
    pub(crate) fn person(&self, number: u64) -> Option<u64> {
        let person = self.aliases.person(number);
        let erased = !self.erased.is_empty()
            && (self.erased.contains(Some(number)) || person != number && self.erased.contains(Some(person)));
        (!erased).then_some(person)
    }

    /// Every number of a merged person, the one of today too.
    pub(crate) fn merged(&self) -> &NumberSet {
        &self.aliases.merged
    }

    pub(crate) fn set(&self, filter: &Filter) -> Result<&NumberSet, QueryError> {
        self.sets.get(&filter.predicate()).ok_or_else(|| QueryError::Unresolved(filter.field().to_string()))
    }
}

/// Whether only the product knows a field's values.
pub(crate) const fn is_attribute(field: &Field) -> bool {
    matches!(field.scope(), Scope::Person | Scope::Company)
}

impl Query {
    /// What the product has to find out before it is run.
    pub fn needs(&self) -> Needs {
        let conditions = self.selections().into_iter().flat_map(|selection| &selection.conditions);
        let mut filters: Vec<Arc<Filter>> = Vec::new();
        for condition in conditions {
            if let Condition::Filter(filter) = condition
                && is_attribute(filter.field())
                && !filters.contains(filter)
            {
                filters.push(Arc::clone(filter));
            }
        }
        let breakdown = self.breakdown().map(|breakdown| breakdown.field.clone()).filter(is_attribute);
        Needs { filters, breakdown }
    }

    /// Every condition on what somebody did.
    pub(crate) fn dids(&self) -> Vec<Arc<Did>> {
        let conditions = self.selections().into_iter().flat_map(|selection| &selection.conditions);
        conditions
            .filter_map(|condition| match condition {
                Condition::Did(did) => Some(Arc::clone(did)),
                Condition::Filter(_) => None,
            })
            .collect()
    }
}
