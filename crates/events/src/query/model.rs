//! A question, valid by construction: [`Query::parse`] is the only way to one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use targeting::{Did, Field, Filter};

use super::Group;

/// A question about many people.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// How much, over time.
    Trend(Trend),
    /// How far people get.
    Funnel(Funnel),
    /// Who comes back.
    Retention(Retention),
}

/// From the first instant up to the last, which is not included; microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first microsecond.
    pub from: i64,
    /// The microsecond behind the last.
    pub to: i64,
}

/// The length of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// An hour.
    Hour,
    /// A day, 23 to 25 hours.
    Day,
    /// A week from Monday.
    Week,
    /// A calendar month.
    Month,
}

/// Some events: of one name, that pass every condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The event's name.
    pub event: Arc<str>,
    /// All of them have to hold.
    pub conditions: Vec<Condition>,
}

/// What has to hold of an event or of who did it.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A filter on the event, its person's attributes or its company's.
    Filter(Arc<Filter>),
    /// How often its person did something.
    Did(Arc<Did>),
}

/// Splits an answer by a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Breakdown {
    /// Whose values.
    pub field: Field,
    /// How many values stand by themselves; the rest together are *other*.
    pub limit: usize,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How many events.
    Total,
    /// How many people.
    People,
    /// How many companies.
    Companies,
    /// Events divided by people.
    PerPerson,
    /// The sum of a property.
    Sum,
    /// The mean of a property.
    Average,
    /// The least value of a property.
    Min,
    /// The greatest value of a property.
    Max,
    /// The value in the middle; the mean of the two in the middle.
    Median,
    /// The least value that is not below 90 % of them.
    P90,
    /// The least value that is not below 99 % of them.
    P99,
}

/// How much, over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// When.
    pub range: Range,
    /// How long a point is.
    pub interval: Interval,
    /// What is counted.
    pub series: Vec<Series>,
    /// Splits each series.
    pub breakdown: Option<Breakdown>,
    /// Whether the period before is answered too.
    pub compare: bool,
}

/// One series of a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Of which events.
    pub events: Selection,
    /// What is measured.
    pub measure: Measure,
    /// Of which property, where the measure needs one.
    pub property: Option<Arc<str>>,
}

/// How far people get.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// When.
    pub range: Range,
    /// What they do, one after the other.
    pub steps: Vec<Selection>,
    /// How long after the first step the last may be, in microseconds; included.
    pub window: i64,
    /// In which order.
    pub order: Order,
    /// What ends an attempt.
    pub exclude: Vec<Selection>,
    /// Who is counted.
    pub by: By,
    /// Splits everybody by a value of the first step.
    pub breakdown: Option<Breakdown>,
}

/// In which order steps are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// One after the other; anything may happen in between.
    #[default]
    Ordered,
    /// One after the other, nothing in between.
    Strict,
    /// In any order.
    Any,
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// People.
    #[default]
    Person,
    /// Companies, whoever of theirs did it.
    Company,
}

/// Who comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Retention {
    /// When.
    pub range: Range,
    /// How long a period is: day, week or month.
    pub interval: Interval,
    /// What puts a person into a cohort.
    pub start: Selection,
    /// What coming back is.
    pub back: Selection,
    /// How many periods are counted.
    pub periods: usize,
    /// Which of a person's start events count.
    pub mode: Mode,
    /// When coming back counts.
    pub matching: Match,
}

/// Which start events count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The first one within the range.
    #[default]
    FirstTime,
    /// Every one: a person belongs to the cohort of each interval with one.
    Recurring,
}

/// When coming back counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// In exactly that interval.
    #[default]
    Exactly,
    /// In that interval or a later one.
    OnOrAfter,
}

/// A number of an answer, of which the people are asked for.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields, tag = "kind")]
pub enum Target {
    /// A point of a trend; its whole series if no point is given.
    Trend {
        /// Which series, from 0.
        series: usize,
        /// Which point, from 0.
        #[serde(default)]
        point: Option<usize>,
        /// Which value, if the question has a breakdown.
        #[serde(default)]
        breakdown: Option<Group>,
    },
    /// A step of a funnel.
    Funnel {
        /// Which step, from 0.
        step: usize,
        /// Those who got there and no further, instead of all who got there.
        #[serde(default)]
        dropped: bool,
        /// Which value, if the question has a breakdown.
        #[serde(default)]
        breakdown: Option<Group>,
    },
    /// A cohort of a retention; those of it who came back if a period is given.
    Retention {
        /// Which cohort, by its time as the answer has it.
        #[schema(value_type = String, format = "date-time")]
        cohort: base::Timestamp,
        /// In which period, from 0.
        #[serde(default)]
        period: Option<usize>,
    },
}

impl Measure {
    /// Whether it is of a property.
    pub const fn needs_property(self) -> bool {
        !matches!(self, Self::Total | Self::People | Self::Companies | Self::PerPerson)
    }
}

impl Query {
    /// When the events happen that count.
    pub const fn range(&self) -> Range {
        match self {
            Self::Trend(trend) => trend.range,
            Self::Funnel(funnel) => funnel.range,
            Self::Retention(retention) => retention.range,
        }
    }

    /// Every selection of events in it.
    pub fn selections(&self) -> Vec<&Selection> {
        match self {
            Self::Trend(trend) => trend.series.iter().map(|series| &series.events).collect(),
            Self::Funnel(funnel) => funnel.steps.iter().chain(&funnel.exclude).collect(),
            Self::Retention(retention) => vec![&retention.start, &retention.back],
        }
    }

    /// What it is split by.
    pub const fn breakdown(&self) -> Option<&Breakdown> {
        match self {
            Self::Trend(trend) => trend.breakdown.as_ref(),
            Self::Funnel(funnel) => funnel.breakdown.as_ref(),
            Self::Retention(_) => None,
        }
    }
}
