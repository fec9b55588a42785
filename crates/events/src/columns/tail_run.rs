//! Events of the log that no part holds yet, in memory.

use std::iter;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::build::{Building, Sparse};
use super::{Columns, Source, Split, Wanted};
use crate::error::ReadError;
use crate::record::{Arrival, Event};

/// A sorted run of events in memory. It takes about as much as its events, however many properties there are among them.
/// A copy is cheap, and so is one without the earliest arrivals.
#[derive(Debug, Clone, Default)]
pub struct TailRun {
    held: Arc<Held>,
    /// Events of frames up to this sequence are held and not shown.
    after: Option<u64>,
    /// How many are shown.
    rows: u64,
}

#[derive(Debug, Default)]
struct Held {
    /// Every column but those of properties, which are made when they are read.
    columns: Columns,
    properties: Sparse,
    time: (i64, i64),
}

/// Rows between places where it may be cut.
const SPLIT: u32 = 4_096;

/// What events are sorted by.
const fn order((arrival, event): &(Arrival, Event)) -> (u64, i64, Arrival) {
    (event.person, event.time.micros(), *arrival)
}

impl TailRun {
    /// Of events in any order.
    pub fn of(mut events: Vec<(Arrival, Event)>) -> Self {
        events.sort_unstable_by_key(order);
        Self::sorted(events)
    }

    /// Of events in the order of [`Source`], of which only one at a time is whole.
    pub(crate) fn sorted(events: impl IntoIterator<Item = (Arrival, Event)>) -> Self {
        let mut building = Building::default();
        events.into_iter().for_each(|(arrival, event)| building.push(arrival, event));
        let (columns, properties) = building.finish();
        let first = columns.time.iter().min().copied().unwrap_or_default();
        let last = columns.time.iter().max().copied().unwrap_or_default();
        let rows = columns.rows as u64;
        Self { held: Arc::new(Held { columns, properties, time: (first, last) }), after: None, rows }
    }

    /// The same without the events of frames up to this sequence. For a run of one log.
    pub(crate) fn behind(&self, sequence: u64) -> Self {
        if self.after.is_some_and(|after| after >= sequence) {
            return self.clone();
        }
        let shown = Self { after: Some(sequence), ..self.clone() };
        let rows = self.held.columns.arrival.iter().filter(|arrival| shown.shows(**arrival)).count() as u64;
        Self { rows, ..shown }
    }

    /// The events of both.
    pub(crate) fn merged(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.events().peekable(), other.events().peekable());
        Self::sorted(iter::from_fn(|| match (ours.peek(), theirs.peek()) {
            (Some(our), Some(their)) if order(their) < order(our) => theirs.next(),
            (None, _) => theirs.next(),
            _ => ours.next(),
        }))
    }

    /// The events, in order.
    pub fn events(&self) -> impl Iterator<Item = (Arrival, Event)> + '_ {
        let events = self.held.columns.events().enumerate();
        let shown = events.filter(|(_, (arrival, _))| self.shows(*arrival));
        shown.map(|(row, (arrival, event))| (arrival, Event { properties: self.held.properties.of(row), ..event }))
    }

    fn shows(&self, arrival: Arrival) -> bool {
        self.after.is_none_or(|after| arrival.sequence > after)
    }
}

impl Source for TailRun {
    fn rows(&self) -> u64 {
        self.rows
    }

    fn time(&self) -> RangeInclusive<i64> {
        self.held.time.0..=self.held.time.1
    }

    fn splits(&self) -> Vec<Split> {
        let (mut splits, mut start) = (Vec::<Split>::new(), 0);
        for stretch in &self.held.columns.stretches {
            let rows = u64::from(stretch.end - start);
            match splits.last_mut() {
                Some(last) if last.rows + rows <= u64::from(SPLIT) => last.rows += rows,
                _ => splits.push(Split { person: stretch.person, rows }),
            }
            start = stretch.end;
        }
        splits
    }

    fn may_hold(&self, name: &str) -> bool {
        self.held.columns.name.values.iter().any(|known| **known == *name)
    }

    fn read(&self, wanted: &Wanted) -> Result<Columns, ReadError> {
        let Held { columns, properties, .. } = self.held.as_ref();
        let mut rows = columns.wanted(wanted);
        if self.after.is_some() {
            rows.retain(|row| self.shows(columns.arrival[*row]));
        }
        let properties = properties.select(&wanted.properties, &rows);
        Ok(Columns { properties, ..columns.select(&rows, wanted.columns) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::columns::{ColumnSet, Properties, Property};
    use crate::record::{Kind, LogId};

    /// Events of two names and one person, each with a property that hardly any other has.
    fn events(count: u64) -> Vec<(Arrival, Event)> {
        let event = |at: u64| Event {
            person: 1,
            company: None,
            time: Timestamp(5 + i64::try_from(at).unwrap()),
            received: Timestamp(6),
            message: [9; 16],
            kind: Kind::Track,
            name: ["A", "B"][usize::from(at % 2 == 1)].to_owned(),
            session: None,
            path: None,
            device: None,
            content: None,
            step: None,
            properties: [(format!("property {}", at % 1_000), json!(at))].into_iter().collect(),
            sealed: std::collections::BTreeMap::default(),
        };
        (0..count).map(|at| (Arrival { log: LogId(1), sequence: at, index: 0 }, event(at))).collect()
    }

    #[test]
    fn a_thousand_names_take_no_column_each() {
        let events = events(20_000);
        let (one, other) = events.split_at(events.len() / 2);
        let run = TailRun::of(other.to_vec()).merged(&TailRun::of(one.to_vec()));
        assert!(run.held.columns.properties.is_empty());
        assert_eq!(run.held.properties.len(), 20_000);
        assert!(run.events().eq(events));
    }

    #[test]
    fn properties_are_read_of_the_wanted_rows_only() {
        let run = TailRun::of(events(20_000));
        let properties = Properties::Named(vec!["property 7".into(), "property 8".into()]);
        let some = Wanted { columns: ColumnSet::NONE, properties, ..Wanted::all() };
        let columns = run.read(&Wanted { names: Some(vec![Arc::from("B")]), ..some.clone() }).unwrap();
        assert_eq!((columns.rows, columns.properties.len()), (10_000, 1));
        let columns = run.read(&Wanted { time: 5..25, ..some.clone() }).unwrap();
        assert_eq!((columns.rows, columns.properties.len()), (20, 2));
        let Property::Number(values) = &columns.properties["property 7"] else { panic!("{columns:?}") };
        assert_eq!(values.iter().filter(|value| !value.is_nan()).count(), 1);
        assert_eq!(run.read(&Wanted { people: 2..=9, ..some }).unwrap().rows, 0);
    }

    #[test]
    fn what_was_sealed_is_hidden_and_nothing_else() {
        let events = events(1_000);
        let run = TailRun::of(events.clone());
        let left = run.behind(600).behind(400);
        assert_eq!((run.rows(), left.rows()), (1_000, 399));
        assert!(left.events().eq(events[601..].iter().cloned()));
        let columns = left.read(&Wanted::all()).unwrap();
        assert_eq!((columns.rows, columns.arrival[0].sequence), (399, 601));
        let Property::Number(values) = &columns.properties["property 601"] else { panic!("{columns:?}") };
        assert_eq!(values.iter().filter(|value| !value.is_nan()).count(), 1);
        assert!(left.merged(&run.behind(999)).events().eq(events[601..].iter().cloned()));
    }
}
