//! Answers, as they go out.

use base::Timestamp;
use serde::{Deserialize, Serialize};

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Answer {
    /// To a trend.
    Trend(TrendAnswer),
    /// To a funnel.
    Funnel(FunnelAnswer),
    /// To a retention.
    Retention(RetentionAnswer),
}

/// How much, over time.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TrendAnswer {
    /// In the question's order; of a breakdown, the values of a series with most of it first, *other* last.
    pub series: Vec<SeriesAnswer>,
    /// The same over the period before, with the same values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub before: Option<Vec<SeriesAnswer>>,
}

/// One series, or one value of it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SeriesAnswer {
    /// The event's name.
    pub label: String,
    /// Which series of the question, from 0.
    pub index: usize,
    /// Which value; null if the question has no breakdown.
    pub breakdown: Option<Group>,
    /// One per interval of the range, in order.
    pub points: Vec<Point>,
    /// Over the whole range.
    #[serde(serialize_with = "plain")]
    pub total: f64,
}

/// One interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Point {
    /// When the interval begins, be it before the range does.
    #[schema(value_type = String, format = "date-time")]
    pub time: Timestamp,
    /// How much; 0 without events, of every measure.
    #[serde(serialize_with = "plain")]
    pub value: f64,
}

/// Writes whole numbers without a fraction.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn plain<S: serde::Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    crate::columns::number(*value).serialize(serializer)
}

/// The same of a number that may be missing.
#[expect(clippy::ref_option, reason = "serde calls it so")]
fn plain_if_any<S: serde::Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.and_then(crate::columns::number).serialize(serializer)
}

/// A value of a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Group {
    /// This value, as a text.
    Value(String),
    /// No value.
    Missing,
    /// All values behind the first ones.
    Other,
}

/// How far they got.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FunnelAnswer {
    /// The steps, in order.
    pub steps: Vec<FunnelStep>,
    /// How long those took who did all of it, from the first step to the last.
    pub distribution: Vec<Bar>,
    /// The same for each value of a breakdown; most of the first step first, *other* last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breakdown: Vec<FunnelGroup>,
}

/// The steps of one value.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FunnelGroup {
    /// Which value.
    pub value: Group,
    /// The steps, in order.
    pub steps: Vec<FunnelStep>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FunnelStep {
    /// How many got here or further.
    pub count: u64,
    /// The median of the time from the step before, in seconds; not of the first step, nor where nobody came.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "plain_if_any")]
    #[schema(nullable = false)]
    pub median_seconds: Option<f64>,
    /// The median of the time from the first step, in seconds.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "plain_if_any")]
    #[schema(nullable = false)]
    pub median_seconds_from_start: Option<f64>,
}

/// A stretch of time and how many took so long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Bar {
    /// From so many seconds, included.
    #[serde(serialize_with = "plain")]
    pub from_seconds: f64,
    /// Up to so many, not included but in the last bar.
    #[serde(serialize_with = "plain")]
    pub to_seconds: f64,
    /// How many.
    pub count: u64,
}

/// Who came back.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RetentionAnswer {
    /// Every interval with a cohort, in order.
    pub cohorts: Vec<Cohort>,
}

/// Those who started in one interval.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Cohort {
    /// When the interval begins.
    #[schema(value_type = String, format = "date-time")]
    pub time: Timestamp,
    /// How many started.
    pub count: u64,
    /// How many of them came back, in each period from the cohort's own on.
    pub returned: Vec<u64>,
}

/// The people, or the companies, behind a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeoplePage {
    /// Their numbers, ascending.
    pub numbers: Vec<u64>,
    /// Of all of them together, how many there are.
    pub count: u64,
    /// Whether there are more behind the last.
    pub more: bool,
}
