//! What questions look like in an OpenAPI document. The engine reads them by hand ([`events::Query::parse`]), so that it can say
//! all that is wrong at once; their shape is said here.
#![expect(dead_code, reason = "these are shapes: nothing of them is ever made")]

use base::Timestamp;
use events::{By, Interval, Match, Measure, Mode, Order};
use targeting::{Did, Filter};
use utoipa::ToSchema;

/// A question about events.
#[derive(ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = AnalyticsQuestion)]
pub(in crate::analytics) enum Question {
    Trend(TrendQuestion),
    Funnel(FunnelQuestion),
    Retention(RetentionQuestion),
}

/// How something went over time.
#[derive(ToSchema)]
pub(in crate::analytics) struct TrendQuestion {
    range: QuestionRange,
    /// How long a point is; a day unless given.
    #[schema(required = false)]
    interval: Interval,
    /// 1 to 10.
    series: Vec<QuestionSeries>,
    /// Splits each series by a value.
    breakdown: Option<QuestionBreakdown>,
    /// Whether the period before is answered too.
    #[schema(required = false)]
    compare: bool,
}

/// One series of a trend.
#[derive(ToSchema)]
struct QuestionSeries {
    /// The event's name.
    event: String,
    /// `total` unless given.
    #[schema(required = false)]
    measure: Measure,
    /// Whose values are measured: for `sum` and what comes after it.
    #[schema(required = false)]
    property: String,
    /// All of them must hold.
    #[schema(required = false)]
    filters: Vec<QuestionFilter>,
}

/// How far people get.
#[derive(ToSchema)]
pub(in crate::analytics) struct FunnelQuestion {
    range: QuestionRange,
    /// 2 to 15.
    steps: Vec<QuestionStep>,
    /// From the first step to the last at most: `7d`.
    window: String,
    #[schema(required = false)]
    order: Order,
    /// Whoever does one of these between two steps begins again.
    #[schema(required = false)]
    exclude: Vec<QuestionStep>,
    #[schema(required = false)]
    by: By,
    /// Splits everybody by a value of the first step.
    breakdown: Option<QuestionBreakdown>,
}

/// Who comes back.
#[derive(ToSchema)]
pub(in crate::analytics) struct RetentionQuestion {
    range: QuestionRange,
    /// `day`, `week` or `month`; a week unless given.
    #[schema(required = false)]
    interval: Interval,
    start: QuestionStep,
    r#return: QuestionStep,
    /// How many intervals are looked at, the cohort's own too.
    periods: u32,
    #[schema(required = false)]
    mode: Mode,
    #[schema(required = false)]
    r#match: Match,
}

/// An event that somebody does.
#[derive(ToSchema)]
struct QuestionStep {
    /// The event's name.
    event: String,
    /// All of them must hold.
    #[schema(required = false)]
    filters: Vec<QuestionFilter>,
}

/// A condition on a field, or on what the person did.
#[derive(ToSchema)]
#[serde(untagged)]
enum QuestionFilter {
    Filter(Filter),
    Did(Did),
}

/// By what an answer is split.
#[derive(ToSchema)]
struct QuestionBreakdown {
    /// `event.plan`, `person.plan`, `company.size`, `page.path`, `device.kind`.
    field: String,
    /// How many values stand by themselves, 10 unless given; the others are one group.
    #[schema(required = false)]
    limit: u32,
}

/// Which time: `from` and `to`, or `last`.
#[derive(ToSchema)]
struct QuestionRange {
    /// From this moment.
    #[schema(required = false)]
    from: Timestamp,
    /// To this moment, which is not within.
    #[schema(required = false)]
    to: Timestamp,
    /// `24h`, `30d`, `12w`, `6m`: so many hours, days, weeks or months with the one that is going on, in the environment's zone.
    #[schema(required = false)]
    last: String,
}
