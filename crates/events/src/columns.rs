//! Events as columns: what questions read, and the meeting point of those who keep events with those who ask.
//!
//! A [`Source`] holds events sorted by (person, time, arrival): a part on disk, or a run of the log's tail in memory
//! ([`TailRun`]). [`Source::read`] answers a [`Wanted`] with [`Columns`]: a struct of arrays that holds only what was
//! asked for. Texts and values that repeat are [`Coded`]: a code per row, and each value once in a dictionary that
//! belongs to this reading; who asks translates codes once a dictionary, never once a row.
//!
//! What is kept of an event, exactly:
//! - A number that has no fraction is an integer (`10.0` is `10`); one beyond ±2^53 that is an integer stays as it is.
//! - A property that is null is missing.
//! - Everything else is as the log has it, so that a run of a run's events has the same columns.
//!
//! Invariants: rows are in the order of (person, time, arrival); each stretch of a person is whole within one reading;
//! columns that were asked for have one entry a row, those that were not are empty.

mod build;
mod rows;
mod tail_run;

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use serde_json::Value;

use crate::error::ReadError;
use crate::record::{Arrival, DeviceKind, Kind};
pub(crate) use build::{canonical, exact};
pub use tail_run::TailRun;

/// The code of a missing value.
pub const NO_CODE: u32 = u32::MAX;

/// The number of no company and of no session.
pub const NO_NUMBER: u64 = u64::MAX;

/// Sealed properties of one event: field to sealed value.
pub type Sealed = BTreeMap<String, Vec<u8>>;

/// Who can be asked for events. Reading blocks on files and may be done by several threads at once.
pub trait Source: Send + Sync {
    /// How many events it holds.
    fn rows(&self) -> u64;

    /// The first and the last time among its events, in microseconds. Of a source without events any.
    fn time(&self) -> RangeInclusive<i64>;

    /// Where its rows may be cut cheaply, in order: the places where a page or a group of rows begins, some thousand
    /// rows apart. The first is that of its first row.
    fn splits(&self) -> Vec<Split>;

    /// Whether it may hold an event of this name; `true` if that is not known without reading.
    fn may_hold(&self, name: &str) -> bool;

    /// Reads what is wanted.
    fn read(&self, wanted: &Wanted) -> Result<Columns, ReadError>;
}

/// A place where rows may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Split {
    /// The person of the row there. Earlier rows may be of the same person.
    pub person: u64,
    /// How many rows there are from here to the next place, or to the end.
    pub rows: u64,
}

/// What to read.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Exactly the events of these people.
    pub people: RangeInclusive<u64>,
    /// At least the events timed within [start, end), in microseconds; others may be left out or not.
    pub time: Range<i64>,
    /// At least the events of these names; others may be left out or not. `None`: of every name.
    pub names: Option<Vec<Arc<str>>>,
    /// Which columns, beside time and name, which always come.
    pub columns: ColumnSet,
    /// Which properties.
    pub properties: Properties,
}

/// Which properties to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Properties {
    /// These. One that no event of the source has may be missing in the answer.
    Named(Vec<Arc<str>>),
    /// Every one.
    All,
}

/// A column that comes only if it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Column {
    /// [`Columns::stretches`]: whose rows they are.
    Person,
    /// [`Columns::arrival`].
    Arrival,
    /// [`Columns::company`].
    Company,
    /// [`Columns::session`].
    Session,
    /// [`Columns::kind`].
    Kind,
    /// [`Columns::device`].
    Device,
    /// [`Columns::path`].
    Path,
    /// [`Columns::content`].
    Content,
    /// [`Columns::step`].
    Step,
    /// [`Columns::received`].
    Received,
    /// [`Columns::message`].
    Message,
    /// [`Columns::sealed`].
    Sealed,
}

/// Some columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColumnSet(u16);

/// Some rows, in the order of (person, time, arrival).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// How many rows there are.
    pub rows: usize,
    /// Whose rows they are: each person once, in ascending order.
    pub stretches: Vec<Stretch>,
    /// When it happened, in microseconds.
    pub time: Vec<i64>,
    /// The events' names; every row has one.
    pub name: Coded<Arc<str>>,
    /// What identifies each event.
    pub arrival: Vec<Arrival>,
    /// The company's number, or [`NO_NUMBER`].
    pub company: Vec<u64>,
    /// The session's number, or [`NO_NUMBER`].
    pub session: Vec<u64>,
    /// Which call it came by.
    pub kind: Vec<Kind>,
    /// The kind of device.
    pub device: Vec<Option<DeviceKind>>,
    /// The page's path.
    pub path: Coded<Arc<str>>,
    /// The flow or survey.
    pub content: Coded<Arc<str>>,
    /// The step of it.
    pub step: Coded<Arc<str>>,
    /// When the edge received it, in microseconds.
    pub received: Vec<i64>,
    /// Keyed hash of the message id.
    pub message: Vec<[u8; 16]>,
    /// Plain properties by name.
    pub properties: BTreeMap<Arc<str>, Property>,
    /// Personal properties of each row.
    pub sealed: Vec<Sealed>,
}

/// The rows of one person: from where the stretch before ends to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The person's number.
    pub person: u64,
    /// The row behind the last.
    pub end: u32,
}

/// A column of values that repeat: each row's place in a dictionary, or [`NO_CODE`].
#[derive(Debug, Clone, PartialEq)]
pub struct Coded<T> {
    /// A code per row.
    pub codes: Vec<u32>,
    /// The values; each once, in any order. It may hold some that no row has.
    pub values: Arc<Vec<T>>,
}

/// A property's column.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// Every value is a number, none of them an integer beyond ±2^53; NaN where it is missing.
    Number(Vec<f64>),
    /// Values of any type; never null.
    Coded(Coded<Value>),
}

impl ColumnSet {
    /// None beside time and name.
    pub const NONE: Self = Self(0);
    /// Every column.
    pub const ALL: Self = Self(0x0fff);

    /// These and one more.
    #[must_use]
    pub const fn with(self, column: Column) -> Self {
        Self(self.0 | 1 << column as u16)
    }

    /// Whether it is among them.
    pub const fn has(self, column: Column) -> bool {
        self.0 & 1 << column as u16 != 0
    }
}

impl Wanted {
    /// Everything that there is.
    pub const fn all() -> Self {
        Self {
            people: 0..=u64::MAX,
            time: i64::MIN..i64::MAX,
            names: None,
            columns: ColumnSet::ALL,
            properties: Properties::All,
        }
    }
}

impl Properties {
    /// No property.
    pub const NONE: Self = Self::Named(Vec::new());
}

impl<T> Default for Coded<T> {
    fn default() -> Self {
        Self { codes: Vec::new(), values: Arc::new(Vec::new()) }
    }
}

impl<T> Coded<T> {
    /// A row's value.
    pub fn get(&self, row: usize) -> Option<&T> {
        self.codes.get(row).and_then(|code| self.values.get(*code as usize))
    }
}

impl Property {
    /// A row's value.
    pub fn get(&self, row: usize) -> Option<Value> {
        match self {
            Self::Number(values) => values.get(row).and_then(|value| number(*value)),
            Self::Coded(coded) => coded.get(row).cloned(),
        }
    }
}

/// Integers up to here are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number as JSON: an integer if it has no fraction; `None` for NaN.
pub(crate) fn number(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "an integer of at most 2^53")]
        return Some(Value::from(value as i64));
    }
    serde_json::Number::from_f64(value).map(Value::Number)
}
