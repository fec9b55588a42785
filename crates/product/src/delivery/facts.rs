//! What is known of a person, as rules ask for it: one row and what the browser says of the device.

use base::Timestamp;
use serde::Deserialize;
use targeting::{Content, ContentKind, Did, Fact, Facts, Field, Outcome, PredicateHash, Scope, Seen};

use super::Live;
use crate::people::{Counter, PersonRow};

/// What the browser says of the device.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Device {
    #[serde(default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) browser: Option<String>,
}

/// A person, at a moment.
pub(crate) struct Person<'a> {
    pub(crate) row: &'a PersonRow,
    pub(crate) live: &'a Live,
    /// Unknown where nobody's browser is asking.
    pub(crate) device: Option<&'a Device>,
    pub(crate) now: Timestamp,
}

impl Person<'_> {
    /// What the person has seen of a piece of content.
    pub(crate) fn seen(&self, content: &Content) -> Seen {
        let seen = self.row.seen.get(&content.id);
        let surveys = self.row.seen.iter().filter(|(id, _)| id.starts_with("srv_"));
        let is_survey = content.kind == ContentKind::Survey;
        Seen {
            shown_at: seen.and_then(|seen| seen.shown_at),
            completed_at: seen.and_then(|seen| seen.completed_at),
            dismissed_at: seen.and_then(|seen| seen.dismissed_at),
            last_survey_shown_at: if is_survey { surveys.filter_map(|(_, seen)| seen.shown_at).max() } else { None },
        }
    }
}

impl Facts for Person<'_> {
    fn attribute(&self, field: &Field) -> Fact<'_> {
        let attributes = match field.scope() {
            Scope::Person => &self.row.attributes,
            Scope::Company if self.row.company.is_none() => return Fact::Missing,
            Scope::Company => &self.row.company_attributes,
            Scope::Device => {
                let Some(device) = self.device else { return Fact::Unknown };
                let value = if field.name() == "kind" { &device.kind } else { &device.browser };
                return value.as_deref().map_or(Fact::Unknown, Fact::Text);
            }
            Scope::Event | Scope::Page | Scope::Locale => return Fact::Unknown,
        };
        match attributes.values.get(field.name()) {
            Some(value) => Fact::Value(value),
            None if attributes.outcomes.contains_key(field.name()) => Fact::Personal,
            None => Fact::Missing,
        }
    }

    fn outcome(&self, predicate: PredicateHash) -> Outcome {
        let name = predicate.to_string();
        let of = [&self.row.attributes, &self.row.company_attributes];
        let outcome = of.iter().flat_map(|set| set.outcomes.values()).find_map(|outcomes| outcomes.get(&name));
        outcome.map_or(Outcome::Unknown, |holds| (*holds).into())
    }

    fn did(&self, did: &Did) -> Option<u64> {
        let key = self.live.counters.get(&did.counter())?;
        Some(match self.row.counters.get(key) {
            None => 0,
            Some(Counter::Total(total)) => *total,
            Some(Counter::Times(times)) => {
                let covered = times.iter().filter(|time| did.covers(Timestamp::from_seconds(**time), self.now));
                covered.count() as u64
            }
        })
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}
