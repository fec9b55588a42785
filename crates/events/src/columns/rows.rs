//! Rows of columns: one event again, or some of the rows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use base::Timestamp;

use super::{Coded, Column, ColumnSet, Columns, NO_NUMBER, Property, Stretch, Wanted};
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

    /// The rows that are wanted: by person, time and name.
    pub(super) fn wanted(&self, wanted: &Wanted) -> Vec<usize> {
        let behind = |count: usize| count.checked_sub(1).map_or(0, |at| self.stretches[at].end as usize);
        let first = self.stretches.partition_point(|stretch| stretch.person < *wanted.people.start());
        let last = self.stretches.partition_point(|stretch| stretch.person <= *wanted.people.end());
        let named: Option<Vec<bool>> =
            wanted.names.as_ref().map(|names| self.name.values.iter().map(|name| names.contains(name)).collect());
        let is_wanted = |row: &usize| {
            let named = named.as_ref().is_none_or(|named| named[self.name.codes[*row] as usize]);
            named && wanted.time.contains(&self.time[*row])
        };
        (behind(first)..behind(last)).filter(is_wanted).collect()
    }

    /// Some columns of some rows, in order; no properties.
    pub(super) fn select(&self, rows: &[usize], wanted: ColumnSet) -> Self {
        let has = |column| wanted.has(column);
        Self {
            rows: rows.len(),
            stretches: if has(Column::Person) { self.stretches_of(rows) } else { Vec::new() },
            time: some(&self.time, true, rows),
            name: self.name.rows(true, rows),
            arrival: some(&self.arrival, has(Column::Arrival), rows),
            company: some(&self.company, has(Column::Company), rows),
            session: some(&self.session, has(Column::Session), rows),
            kind: some(&self.kind, has(Column::Kind), rows),
            device: some(&self.device, has(Column::Device), rows),
            path: self.path.rows(has(Column::Path), rows),
            content: self.content.rows(has(Column::Content), rows),
            step: self.step.rows(has(Column::Step), rows),
            received: some(&self.received, has(Column::Received), rows),
            message: some(&self.message, has(Column::Message), rows),
            properties: BTreeMap::new(),
            sealed: some(&self.sealed, has(Column::Sealed), rows),
        }
    }

    fn stretches_of(&self, rows: &[usize]) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let first = rows.first().copied().unwrap_or(0);
        let mut at = self.stretches.partition_point(|stretch| stretch.end as usize <= first);
        for (row, end) in rows.iter().zip(1..) {
            while self.stretches[at].end as usize <= *row {
                at += 1;
            }
            let person = self.stretches[at].person;
            match stretches.last_mut() {
                Some(last) if last.person == person => last.end = end,
                _ => stretches.push(Stretch { person, end }),
            }
        }
        stretches
    }

    /// About how many bytes it takes, without the texts that others share.
    pub(crate) fn bytes(&self) -> usize {
        let numbers = size_of_val(&*self.time)
            + size_of_val(&*self.stretches)
            + size_of_val(&*self.arrival)
            + size_of_val(&*self.company)
            + size_of_val(&*self.session)
            + size_of_val(&*self.kind)
            + size_of_val(&*self.device)
            + size_of_val(&*self.received)
            + size_of_val(&*self.message)
            + size_of_val(&*self.sealed);
        let texts = [&self.name, &self.path, &self.content, &self.step];
        let texts: usize = texts.into_iter().map(|texts| texts.bytes(|text| text.len())).sum();
        let property = |property: &Property| match property {
            Property::Number(values) => size_of_val(&**values),
            Property::Coded(coded) => coded.bytes(|value| value.as_str().map_or(0, str::len)),
        };
        numbers + texts + self.properties.values().map(property).sum::<usize>()
    }
}

impl<T> Coded<T> {
    fn rows(&self, wanted: bool, rows: &[usize]) -> Self {
        if wanted {
            Self { codes: some(&self.codes, true, rows), values: Arc::clone(&self.values) }
        } else {
            Self::default()
        }
    }

    /// About how many bytes it takes; of values that nobody else holds, each as many more as is said.
    fn bytes(&self, more: impl Fn(&T) -> usize) -> usize {
        let shared = Arc::strong_count(&self.values) > 1;
        let values = if shared { 0 } else { self.values.iter().map(|value| size_of::<T>() + more(value)).sum() };
        size_of_val(&*self.codes) + values
    }
}

fn some<T: Clone>(column: &[T], wanted: bool, rows: &[usize]) -> Vec<T> {
    if wanted { rows.iter().map(|row| column[*row].clone()).collect() } else { Vec::new() }
}
