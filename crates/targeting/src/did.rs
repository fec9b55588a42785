//! What somebody did: an event, perhaps with filters, so many times, perhaps within a window.

use base::Timestamp;
use serde::Serialize;

use crate::{CounterHash, Facts, Filter, Outcome, Span};

/// How a count is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountOp {
    /// Exactly so many times.
    Is,
    /// More often.
    Gt,
    /// At least so many times.
    Gte,
    /// Less often.
    Lt,
    /// At most so many times.
    Lte,
}

impl CountOp {
    pub(crate) const ALL: [(&'static str, Self); 5] =
        [("is", Self::Is), ("gt", Self::Gt), ("gte", Self::Gte), ("lt", Self::Lt), ("lte", Self::Lte)];
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Count {
    /// How the number of events is compared.
    pub op: CountOp,
    /// With what.
    pub value: u64,
}

impl Count {
    /// At least once: what a rule means that does not say.
    pub const ONCE: Self = Self { op: CountOp::Gte, value: 1 };

    /// Whether so many events are enough.
    pub const fn holds(self, count: u64) -> bool {
        match self.op {
            CountOp::Is => count == self.value,
            CountOp::Gt => count > self.value,
            CountOp::Gte => count >= self.value,
            CountOp::Lt => count < self.value,
            CountOp::Lte => count <= self.value,
        }
    }
}

/// A condition on what somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct Did {
    event: String,
    filters: Vec<Filter>,
    count: Count,
    within: Option<Span>,
    counter: CounterHash,
}

#[derive(Serialize)]
struct Counter<'a> {
    event: &'a str,
    filters: &'a [Filter],
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<Span>,
}

impl Did {
    pub(crate) fn new(event: String, filters: Vec<Filter>, count: Count, within: Option<Span>) -> Self {
        let counter = CounterHash::of(&Counter { event: &event, filters: &filters, within });
        Self { event, filters, count, within, counter }
    }

    /// The event's name.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// What must hold of an event for it to count; all of them.
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// How often it must have happened.
    pub const fn count(&self) -> Count {
        self.count
    }

    /// How far back events count; all of them if there is no window.
    pub const fn within(&self) -> Option<Span> {
        self.within
    }

    /// The name of the counter that answers it; conditions that differ only in the count share it.
    pub const fn counter(&self) -> CounterHash {
        self.counter
    }

    /// Whether an event of this name and with these facts belongs into the counter, whenever it happened.
    pub fn matches(&self, event: &str, facts: &(impl Facts + ?Sized)) -> Outcome {
        if event != self.event {
            return Outcome::False;
        }
        Outcome::all(self.filters.iter().map(|filter| filter.evaluate(facts)))
    }

    /// Whether an event of that time counts now: not before the window's start, which it includes, nor after now.
    pub fn covers(&self, time: Timestamp, now: Timestamp) -> bool {
        time <= now && self.within.is_none_or(|span| span.start(now) <= time)
    }

    pub(crate) fn evaluate(&self, facts: &(impl Facts + ?Sized)) -> Outcome {
        facts.did(self).map_or(Outcome::Unknown, |count| self.count.holds(count).into())
    }
}

impl Serialize for Did {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", &self.event)?;
        if !self.filters.is_empty() {
            map.serialize_entry("filters", &self.filters)?;
        }
        map.serialize_entry("count", &self.count)?;
        if let Some(within) = self.within {
            map.serialize_entry("within", &within)?;
        }
        map.end()
    }
}
