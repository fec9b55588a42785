//! The questions, and their answers as numbers that another engine's can be compared with.

use std::collections::BTreeSet;

use events::{
    Answer, Control, EmbeddedEngine, EventEngine as _, Group, Known, Page, Query, SeriesAnswer, Subject, Timeline,
};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::environment;
use crate::stream::{end, name, start};

/// What is asked. `tests/bench/events.py` has the same in SQL, by the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// How many events of one name a day.
    Trend,
    /// How many people did it a day, and over the whole range.
    Unique,
    /// Three steps within a week.
    Funnel,
    /// Who came back in which week after their first.
    Retention,
    /// A trend for each of the ten countries with most, and all others.
    Breakdown,
    /// A trend of the events from one country.
    Text,
    /// A trend of the events with an amount of 50 and more.
    Number,
    /// People a day, of those who did something else at least 3 times within the last 30 days.
    Did,
    /// The newest 50 events of one person, whole.
    Timeline,
}

/// What was found.
pub(crate) enum Found {
    Answer(Answer),
    Page(Page),
}

impl Question {
    pub(crate) const ALL: [Self; 9] = [
        Self::Trend,
        Self::Unique,
        Self::Funnel,
        Self::Retention,
        Self::Breakdown,
        Self::Text,
        Self::Number,
        Self::Did,
        Self::Timeline,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trend => "trend",
            Self::Unique => "unique",
            Self::Funnel => "funnel",
            Self::Retention => "retention",
            Self::Breakdown => "breakdown",
            Self::Text => "text",
            Self::Number => "number",
            Self::Did => "did",
            Self::Timeline => "timeline",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.name() == name)
    }

    fn json(self) -> Option<Value> {
        let range = json!({"from": start(), "to": end()});
        let trend = |series: Value, breakdown: Value| json!({"kind": "trend", "range": range, "interval": "day", "series": [series], "breakdown": breakdown});
        let filtered = |filter: Value| trend(json!({"event": name(2), "filters": [filter]}), Value::Null);
        Some(match self {
            Self::Trend => trend(json!({"event": name(1)}), Value::Null),
            Self::Unique => trend(json!({"event": name(1), "measure": "people"}), Value::Null),
            Self::Funnel => {
                let steps = [2, 5, 8].map(|step| json!({"event": name(step)}));
                json!({"kind": "funnel", "range": range, "steps": steps, "window": "7d"})
            }
            Self::Retention => {
                json!({"kind": "retention", "range": range, "interval": "week", "start": {"event": name(3)},
                       "return": {"event": name(0)}, "periods": 12})
            }
            Self::Breakdown => trend(json!({"event": name(1)}), json!({"field": "event.country", "limit": 10})),
            Self::Text => filtered(json!({"field": "event.country", "op": "is", "value": "C7"})),
            Self::Number => filtered(json!({"field": "event.amount", "op": "gte", "value": 50})),
            Self::Did => {
                let did = json!({"event": name(4), "count": {"op": "gte", "value": 3}, "within": "30d"});
                trend(json!({"event": name(1), "measure": "people", "filters": [did]}), Value::Null)
            }
            Self::Timeline => return None,
        })
    }

    /// Asks it. Each round's timeline is another person's.
    pub(crate) fn ask(self, engine: &EmbeddedEngine, round: u64, control: &Control) -> Found {
        let known = Known::new(TimeZone::UTC, end());
        if let Some(question) = self.json() {
            let query = Query::parse(&question, "").unwrap();
            Found::Answer(engine.query(environment(), &query, &known, control).unwrap())
        } else {
            let of = Subject::Person(vec![(7_919 * round + 123) % 20_000]);
            let timeline = Timeline { of, names: None, before: None, limit: 50 };
            Found::Page(engine.timeline(environment(), &timeline, &known, control).unwrap())
        }
    }
}

impl Found {
    /// The answer as words.
    pub(crate) fn words(&self) -> String {
        let words: Vec<String> = match self {
            Self::Answer(Answer::Trend(trend)) => trend.series.iter().flat_map(series).collect(),
            Self::Answer(Answer::Funnel(funnel)) => funnel.steps.iter().map(|step| step.count.to_string()).collect(),
            Self::Answer(Answer::Retention(retention)) => {
                let cohorts = retention.cohorts.iter();
                let cohort = |cohort: &events::Cohort| {
                    let numbers = std::iter::once(cohort.count).chain(cohort.returned.clone());
                    let day = cohort.time.seconds() / 86_400;
                    std::iter::once(format!("day{day}")).chain(numbers.map(|number| number.to_string()))
                };
                cohorts.flat_map(|each| cohort(each).collect::<Vec<_>>()).collect()
            }
            Self::Page(page) => {
                let hex = |bytes: [u8; 16]| format!("{:032x}", u128::from_be_bytes(bytes));
                let whole = |event: &events::Event| event.properties.len();
                let counts: BTreeSet<usize> = page.events.iter().map(|(_, event)| whole(event)).collect();
                assert!(counts.iter().all(|count| *count == 12), "an event lacks properties");
                page.events.iter().map(|(_, event)| hex(event.message)).collect()
            }
        };
        words.join(" ")
    }
}

/// A series as words: its value of the breakdown, its points, its total.
fn series(series: &SeriesAnswer) -> Vec<String> {
    let label = series.breakdown.as_ref().map(|group| match group {
        Group::Value(value) => value.clone(),
        Group::Missing => "missing".to_owned(),
        Group::Other => "other".to_owned(),
    });
    let values = series.points.iter().map(|point| point.value).chain([series.total]);
    label.into_iter().chain(values.map(|value| format!("{value:.0}"))).collect()
}
