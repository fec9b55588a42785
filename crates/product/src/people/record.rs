//! What is known of a person or company, in memory, and how writes change it.

use std::collections::BTreeMap;

use base::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use targeting::MAX_COUNT_WITHIN;

use super::PersonRef;

/// Outcomes of predicates over personal attributes: attribute -> predicate hash -> whether it holds. An attribute stands
/// here exactly if it has a sealed value.
pub(crate) type Outcomes = BTreeMap<String, BTreeMap<String, bool>>;

/// Attributes of a person or company, without the personal values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AttributeSet {
    /// Those that are not personal.
    pub(crate) values: Map<String, Value>,
    /// When each was written or removed last, by the time of the event, in microseconds.
    pub(crate) times: BTreeMap<String, i64>,
    /// Those that are personal.
    pub(crate) outcomes: Outcomes,
}

impl AttributeSet {
    /// Whether a write of this time may change an attribute: an older event never overwrites a newer one.
    pub(crate) fn accepts(&self, name: &str, at: Timestamp) -> bool {
        self.times.get(name).is_none_or(|written| *written <= at.micros())
    }

    /// Writes a value that is not personal.
    pub(crate) fn set(&mut self, name: &str, value: Value, at: Timestamp) {
        self.outcomes.remove(name);
        self.values.insert(name.to_owned(), value);
        self.times.insert(name.to_owned(), at.micros());
    }

    /// Notes that a sealed value was written, and what rules say of it.
    pub(crate) fn set_sealed(&mut self, name: &str, outcomes: BTreeMap<String, bool>, at: Timestamp) {
        self.values.remove(name);
        self.outcomes.insert(name.to_owned(), outcomes);
        self.times.insert(name.to_owned(), at.micros());
    }

    /// Removes an attribute, of whatever class.
    pub(crate) fn remove(&mut self, name: &str, at: Timestamp) {
        self.values.remove(name);
        self.outcomes.remove(name);
        self.times.insert(name.to_owned(), at.micros());
    }

    /// Takes in another's: of each attribute the newer write stays, and on equal times this one's.
    pub(crate) fn fold(&mut self, mut other: Self) {
        for (name, at) in std::mem::take(&mut other.times) {
            if self.times.get(&name).is_some_and(|own| *own >= at) {
                continue;
            }
            let at = Timestamp(at);
            if let Some(outcomes) = other.outcomes.remove(&name) {
                self.set_sealed(&name, outcomes, at);
            } else if let Some(value) = other.values.remove(&name) {
                self.set(&name, value, at);
            } else {
                self.remove(&name, at);
            }
        }
    }
}

/// What a person has seen of one piece of content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeenContent {
    /// The version that was shown last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u64>,
    /// When it was last shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shown_at: Option<Timestamp>,
    /// The step that was reached last, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step_at: Option<Timestamp>,
    /// When it was last completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) completed_at: Option<Timestamp>,
    /// When it was last dismissed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dismissed_at: Option<Timestamp>,
}

impl SeenContent {
    fn last_at(&self) -> Option<Timestamp> {
        [self.shown_at, self.step_at, self.completed_at, self.dismissed_at].into_iter().flatten().max()
    }

    fn fold(&mut self, other: Self) {
        if other.step_at > self.step_at {
            (self.step, self.step_at) = (other.step, other.step_at);
        }
        self.version = self.version.max(other.version);
        self.shown_at = self.shown_at.max(other.shown_at);
        self.completed_at = self.completed_at.max(other.completed_at);
        self.dismissed_at = self.dismissed_at.max(other.dismissed_at);
    }
}

/// How often somebody did what a live rule asks about: all times, or those of a window in seconds since 1970, oldest
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Counter {
    Total(u64),
    Times(Vec<i64>),
}

const _: () = assert!(Counter::TIMES as u64 == MAX_COUNT_WITHIN + 1, "one more than is asked for");

impl Counter {
    /// How many times of a window are kept: one more than any rule asks for, so that exactly and more differ.
    const TIMES: usize = 1_001;

    /// Nothing yet; the times if it counts within a window.
    pub(crate) const fn new(windowed: bool) -> Self {
        if windowed { Self::Times(Vec::new()) } else { Self::Total(0) }
    }

    /// Counts events at these times, in seconds.
    pub(crate) fn add(&mut self, times: &[i64]) {
        match self {
            Self::Total(total) => *total += times.len() as u64,
            Self::Times(kept) => {
                for time in times {
                    kept.insert(kept.partition_point(|kept| kept <= time), *time);
                    if kept.len() > Self::TIMES {
                        kept.remove(0);
                    }
                }
            }
        }
    }

    /// How many times it holds.
    pub(crate) fn times(&self) -> usize {
        match self {
            Self::Total(_) => 0,
            Self::Times(kept) => kept.len(),
        }
    }

    /// Adds what another counted.
    pub(crate) fn fold(&mut self, other: &Self) {
        match (self, other) {
            (Self::Total(total), Self::Total(more)) => *total += more,
            (this @ Self::Times(_), Self::Times(more)) => this.add(more),
            _ => {}
        }
    }
}

/// Everything that a decision needs to know about a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PersonRow {
    pub(crate) number: u64,
    pub(crate) id: [u8; 16],
    pub(crate) identified: bool,
    /// The number of the company that the person acts for.
    pub(crate) company: Option<u64>,
    /// When the event was that said so.
    pub(crate) company_at: Option<Timestamp>,
    pub(crate) attributes: AttributeSet,
    /// The attributes of that company.
    pub(crate) company_attributes: AttributeSet,
    /// By content id.
    pub(crate) seen: BTreeMap<String, SeenContent>,
    /// By `targeting::CounterHash`, as text.
    pub(crate) counters: BTreeMap<String, Counter>,
    pub(crate) first_seen_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
}

/// Pieces of content that are remembered per person; those seen longest ago go first.
const SEEN: usize = 500;

impl PersonRow {
    /// Somebody who has no row yet.
    pub(super) fn of_nobody_known(person: &PersonRef, at: Timestamp) -> Self {
        Self {
            number: person.number(),
            id: person.subject.id,
            identified: person.subject.identified,
            first_seen_at: at,
            last_seen_at: at,
            ..Self::default()
        }
    }

    /// The piece's entry, to be changed.
    pub(crate) fn seen_mut(&mut self, content: &str) -> &mut SeenContent {
        if !self.seen.contains_key(content) && self.seen.len() >= SEEN {
            let oldest = self.seen.iter().min_by_key(|(_, seen)| seen.last_at()).map(|(id, _)| id.clone());
            oldest.map(|id| self.seen.remove(&id));
        }
        self.seen.entry(content.to_owned()).or_default()
    }

    /// The person acts for a company, unless a later event said for which.
    pub(crate) fn act_for(&mut self, company: u64, at: Timestamp) {
        if self.company_at.is_none_or(|known| known <= at) {
            (self.company, self.company_at) = (Some(company), Some(at));
        }
    }

    /// Takes in a person who was merged into this one.
    pub(crate) fn fold(&mut self, other: Self) {
        self.attributes.fold(other.attributes);
        if other.company.is_some() && (self.company.is_none() || other.company_at > self.company_at) {
            (self.company, self.company_at) = (other.company, other.company_at);
        }
        self.first_seen_at = self.first_seen_at.min(other.first_seen_at);
        self.last_seen_at = self.last_seen_at.max(other.last_seen_at);
        for (content, seen) in other.seen {
            self.seen_mut(&content).fold(seen);
        }
        for (hash, counter) in other.counters {
            match self.counters.get_mut(&hash) {
                Some(own) => own.fold(&counter),
                None => drop(self.counters.insert(hash, counter)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newer_write_stays_when_people_merge() {
        let (early, late) = (Timestamp(1), Timestamp(2));
        let mut user = AttributeSet::default();
        user.set("plan", json!("pro"), early);
        user.set("team", json!("a"), late);
        user.set("gone", json!(1), early);
        let mut device = AttributeSet::default();
        device.set("plan", json!("free"), late);
        device.set("team", json!("b"), early);
        device.set_sealed("email", BTreeMap::from([("h".to_owned(), true)]), early);
        device.remove("gone", late);
        user.fold(device);
        assert_eq!(Value::Object(user.values.clone()), json!({"plan": "free", "team": "a"}));
        assert!(user.outcomes["email"]["h"] && !user.accepts("gone", early));
    }

    #[test]
    fn a_window_keeps_its_newest_times_in_order() {
        let mut counter = Counter::Times(vec![]);
        counter.add(&[5, 3]);
        counter.add(&(10..1_010).collect::<Vec<i64>>());
        let Counter::Times(times) = counter else { panic!() };
        assert_eq!((times.len(), times[0], times[1_000]), (1_001, 5, 1_009));
    }
}
