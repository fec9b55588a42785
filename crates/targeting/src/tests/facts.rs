//! Facts as the vectors write them, answered by the most obvious means.

use std::collections::HashMap;

use base::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Did, Fact, Facts, Field, Outcome, PageFacts, PredicateHash, Scope};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Given {
    pub(super) person: Map<String, Value>,
    pub(super) company: Map<String, Value>,
    pub(super) device: Map<String, Value>,
    pub(super) personal: HashMap<String, Outcome>,
    pub(super) events: Option<Vec<Happened>>,
    pub(super) page: Option<Page>,
    pub(super) locale: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub(super) url: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Happened {
    pub(super) event: String,
    pub(super) time: Timestamp,
    #[serde(default)]
    pub(super) properties: Map<String, Value>,
    pub(super) page: Option<Page>,
    #[serde(default)]
    pub(super) device: Map<String, Value>,
}

/// What is given, at a time, to be asked by one rule: a personal field has one outcome, whatever is asked.
pub(super) struct Known<'a> {
    given: &'a Given,
    page: PageFacts,
    outcomes: HashMap<PredicateHash, Outcome>,
    now: Timestamp,
}

impl<'a> Known<'a> {
    pub(super) fn new(given: &'a Given, rule: &crate::Rule, now: Timestamp) -> Self {
        let outcome = |field: &Field| given.personal.get(&field.to_string()).copied();
        let outcomes = rule.mentions().predicates.into_iter();
        let outcomes = outcomes.filter_map(|(hash, filter)| Some((hash, outcome(filter.field())?))).collect();
        let page = PageFacts::new(given.page.as_ref().map(|page| page.url.as_str()), given.locale.as_deref());
        Self { given, page, outcomes, now }
    }
}

fn value<'a>(attributes: &'a Map<String, Value>, field: &Field) -> Fact<'a> {
    attributes.get(field.name()).map_or(Fact::Missing, Fact::Value)
}

impl Facts for Known<'_> {
    fn attribute(&self, field: &Field) -> Fact<'_> {
        if self.given.personal.contains_key(&field.to_string()) {
            return Fact::Personal;
        }
        match field.scope() {
            Scope::Person => value(&self.given.person, field),
            Scope::Company => value(&self.given.company, field),
            Scope::Device => value(&self.given.device, field),
            Scope::Page | Scope::Locale => self.page.attribute(field),
            Scope::Event => Fact::Unknown,
        }
    }

    fn outcome(&self, predicate: PredicateHash) -> Outcome {
        self.outcomes.get(&predicate).copied().unwrap_or(Outcome::Unknown)
    }

    fn did(&self, did: &Did) -> Option<u64> {
        let counts = |event: &&Happened| {
            did.covers(event.time, self.now) && did.matches(&event.event, &OneEvent::new(event)) == Outcome::True
        };
        self.given.events.as_ref().map(|events| events.iter().filter(counts).count() as u64)
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

struct OneEvent<'a>(&'a Happened, PageFacts);

impl<'a> OneEvent<'a> {
    fn new(event: &'a Happened) -> Self {
        Self(event, PageFacts::new(event.page.as_ref().map(|page| page.url.as_str()), None))
    }
}

impl Facts for OneEvent<'_> {
    fn attribute(&self, field: &Field) -> Fact<'_> {
        match field.scope() {
            Scope::Event => value(&self.0.properties, field),
            Scope::Device => value(&self.0.device, field),
            _ => self.1.attribute(field),
        }
    }

    fn outcome(&self, _: PredicateHash) -> Outcome {
        Outcome::Unknown
    }

    fn did(&self, _: &Did) -> Option<u64> {
        None
    }

    fn now(&self) -> Timestamp {
        self.0.time
    }
}
