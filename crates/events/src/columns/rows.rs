//! Rows of columns: one event again, or some of the rows.

use std::ops::Range;
use std::sync::Arc;

use base::Timestamp;

use super::{Coded, Column, Columns, NO_NUMBER, Properties, Property, Stretch, Wanted};
use crate::record::{Arrival, Event};

impl Columns {
    /// Each stretch with its rows.
    pub fn people(&self) -> impl Iterator<Item = (u64, Range<usize>)> + '_ {
        let mut start = 0;
        self.stretches.iter().map(move |stretch| {
            let rows = start..stretch.end as usize;
            start = rows.end;
            (stretch.person, rows)
        })
    }

    /// The event of a row; every column has to be there.
    pub fn event(&self, person: u64, row: usize) -> Option<(Arrival, Event)> {
        let number = |numbers: &[u64]| numbers.get(row).copied().filter(|number| *number != NO_NUMBER);
        let text = |texts: &Coded<Arc<str>>| texts.get(row).map(|text| String::from(&**text));
        let properties = self.properties.iter().filter_map(|(name, values)| {
            let value = values.get(row)?;
            Some((String::from(&**name), value))
        });
        let event = Event {
            person,
            company: number(&self.company),
            time: Timestamp(*self.time.get(row)?),
            received: Timestamp(*self.received.get(row)?),
            message: *self.message.get(row)?,
            kind: *self.kind.get(row)?,
            name: text(&self.name)?,
            session: number(&self.session),
            path: text(&self.path),
            device: *self.device.get(row)?,
            content: text(&self.content),
            step: text(&self.step),
            properties: properties.collect(),
            sealed: self.sealed.get(row)?.clone(),
        };
        Some((*self.arrival.get(row)?, event))
    }

    /// Every event, in order; every column has to be there.
    pub fn events(&self) -> impl Iterator<Item = (Arrival, Event)> + '_ {
        self.people().flat_map(move |(person, rows)| rows.filter_map(move |row| self.event(person, row)))
    }

    /// What is wanted of these columns. Rows are chosen by people only.
    pub(super) fn select(&self, wanted: &Wanted) -> Self {
        let first = self.stretches.partition_point(|stretch| stretch.person < *wanted.people.start());
        let last = self.stretches.partition_point(|stretch| stretch.person <= *wanted.people.end());
        let end_of = |count: usize| count.checked_sub(1).map_or(0, |at| self.stretches[at].end);
        let (start, end) = (end_of(first), end_of(last.max(first)));
        let rows = start as usize..end as usize;
        let has = |column| wanted.columns.has(column);
        let stretches = self.stretches[first..last.max(first)].iter();
        let stretches = stretches.map(|stretch| Stretch { end: stretch.end - start, ..*stretch });
        Self {
            rows: rows.len(),
            stretches: if has(Column::Person) { stretches.collect() } else { Vec::new() },
            time: self.time[rows.clone()].to_vec(),
            name: self.name.rows(true, &rows),
            arrival: some(&self.arrival, has(Column::Arrival), &rows),
            company: some(&self.company, has(Column::Company), &rows),
            session: some(&self.session, has(Column::Session), &rows),
            kind: some(&self.kind, has(Column::Kind), &rows),
            device: some(&self.device, has(Column::Device), &rows),
            path: self.path.rows(has(Column::Path), &rows),
            content: self.content.rows(has(Column::Content), &rows),
            step: self.step.rows(has(Column::Step), &rows),
            received: some(&self.received, has(Column::Received), &rows),
            message: some(&self.message, has(Column::Message), &rows),
            properties: self.some_properties(&wanted.properties, &rows),
            sealed: some(&self.sealed, has(Column::Sealed), &rows),
        }
    }

    fn some_properties(&self, wanted: &Properties, rows: &Range<usize>) -> super::BTreeMap<Arc<str>, Property> {
        let is_wanted = |name: &Arc<str>| match wanted {
            Properties::All => true,
            Properties::Named(names) => names.contains(name),
        };
        let chosen = self.properties.iter().filter(|(name, _)| is_wanted(name));
        chosen
            .map(|(name, property)| {
                let property = match property {
                    Property::Number(values) => Property::Number(values[rows.clone()].to_vec()),
                    Property::Coded(coded) => Property::Coded(coded.rows(true, rows)),
                };
                (Arc::clone(name), property)
            })
            .collect()
    }
}

impl<T> Coded<T> {
    fn rows(&self, wanted: bool, rows: &Range<usize>) -> Self {
        if wanted {
            Self { codes: self.codes[rows.clone()].to_vec(), values: Arc::clone(&self.values) }
        } else {
            Self::default()
        }
    }
}

fn some<T: Clone>(column: &[T], wanted: bool, rows: &Range<usize>) -> Vec<T> {
    if wanted { column[rows.clone()].to_vec() } else { Vec::new() }
}
