//! The questions: trends, funnels, retention, timelines, and who is behind a number (`docs/analytics.md` says what each
//! means).
//!
//! How to ask: [`Query::parse`] reads a question from JSON and says at once all that is wrong with it; [`Query::needs`]
//! names what only the product knows, which is people's and companies' attributes; the product resolves it into
//! [`Known`], together with the zone, now, merged and erased people; [`Query::run`] folds a snapshot of sources, or
//! [`crate::EventEngine`] does with its own. [`Query::people`] answers *who are these?* for one number of the answer,
//! [`Timeline::run`] shows one person's or company's events. All of it blocks: call it from blocking threads.
//!
//! How it works: sources are cut by person into chunks that threads take one after the other. Of a chunk, each source
//! is read as far as the question needs ([`matcher`] finds the rows), and folded. A merged person's events lie under
//! several numbers, so they are set aside and folded at the end.
//!
//! Invariants: the answer depends on the events alone, not on how they lie in sources, on chunks or on threads: counts
//! are of sets, sums are exact until they are rounded once, and ties follow [`Arrival`](crate::Arrival).

mod answer;
mod cells;
mod chunks;
mod control;
mod counts;
mod did;
mod distinct;
mod funnel;
mod groups;
mod hits;
mod intervals;
mod known;
mod matcher;
mod model;
mod numbers;
mod parse;
mod retention;
mod run;
mod runs;
mod sum;
mod timeline;
mod trend;
mod walk;

pub use answer::{
    Answer, Bar, Cohort, FunnelAnswer, FunnelGroup, FunnelStep, Group, PeoplePage, Point, RetentionAnswer,
    SeriesAnswer, TrendAnswer,
};
pub use control::{Control, QueryError};
pub use counts::Count;
pub(crate) use counts::counts;
pub use known::{Aliases, Known, Needs};
pub use model::{
    Breakdown, By, Condition, Funnel, Interval, Match, Measure, Mode, Order, Query, Range, Retention, Selection,
    Series, Target, Trend,
};
pub use numbers::NumberSet;
pub use timeline::{Page, Subject, Timeline};
