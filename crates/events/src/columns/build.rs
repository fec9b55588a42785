//! From events to columns.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use serde_json::Value;

use super::{Coded, Columns, EXACT, NO_CODE, NO_NUMBER, Property, Stretch};
use crate::record::{Arrival, Event};

impl Columns {
    /// Sorts events and lays them out, every column of them. At most 2^32 - 1.
    pub fn build(mut events: Vec<(Arrival, Event)>) -> Self {
        events.sort_unstable_by_key(|(arrival, event)| (event.person, event.time, *arrival));
        let rows = events.len();
        let mut columns = Self { rows, ..Self::default() };
        let (mut names, mut paths) = (Coder::default(), Coder::default());
        let (mut contents, mut steps) = (Coder::default(), Coder::default());
        let mut properties: BTreeMap<Arc<str>, Vec<(usize, Value)>> = BTreeMap::new();
        for (row, (arrival, event)) in events.into_iter().enumerate() {
            let end = u32::try_from(row + 1).unwrap_or(u32::MAX);
            match columns.stretches.last_mut() {
                Some(stretch) if stretch.person == event.person => stretch.end = end,
                _ => columns.stretches.push(Stretch { person: event.person, end }),
            }
            columns.time.push(event.time.micros());
            columns.arrival.push(arrival);
            columns.company.push(event.company.unwrap_or(NO_NUMBER));
            columns.session.push(event.session.unwrap_or(NO_NUMBER));
            columns.kind.push(event.kind);
            columns.device.push(event.device);
            columns.received.push(event.received.micros());
            columns.message.push(event.message);
            names.text(Some(&event.name));
            paths.text(event.path.as_deref());
            contents.text(event.content.as_deref());
            steps.text(event.step.as_deref());
            for (name, value) in event.properties.into_iter().filter(|(_, value)| !value.is_null()) {
                match properties.get_mut(name.as_str()) {
                    Some(values) => values.push((row, value)),
                    None => drop(properties.insert(name.into(), vec![(row, value)])),
                }
            }
            columns.sealed.push(event.sealed);
        }
        columns.name = names.finish();
        columns.path = paths.finish();
        columns.content = contents.finish();
        columns.step = steps.finish();
        columns.properties = properties.into_iter().map(|(name, values)| (name, property(values, rows))).collect();
        columns
    }
}

/// One property's column from the values of the rows that have one.
fn property(values: Vec<(usize, Value)>, rows: usize) -> Property {
    if let Some(numbers) = numbers(&values, rows) {
        return Property::Number(numbers);
    }
    let mut codes = vec![NO_CODE; rows];
    let (mut known, mut texts) = (HashMap::new(), Vec::new());
    for (row, value) in values {
        let value = canonical(value);
        let text = value.to_string();
        let code = *known.entry(text).or_insert_with(|| {
            texts.push(value);
            place(texts.len() - 1)
        });
        codes[row] = code;
    }
    Property::Coded(Coded { codes, values: Arc::new(texts) })
}

fn numbers(values: &[(usize, Value)], rows: usize) -> Option<Vec<f64>> {
    let mut numbers = vec![f64::NAN; rows];
    for (row, value) in values {
        numbers[*row] = exact(value)?;
    }
    Some(numbers)
}

/// A value as a double that stands for it exactly, if there is one.
pub(crate) fn exact(value: &Value) -> Option<f64> {
    let Value::Number(number) = value else { return None };
    let double = number.as_f64()?;
    // Adding zero turns -0 into 0.
    (number.is_f64() || double.abs() < EXACT).then_some(double + 0.0)
}

/// A value as it is kept: numbers without a fraction are integers.
pub(crate) fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().and_then(super::number).unwrap_or(Value::Number(number))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        Value::Object(entries) => {
            Value::Object(entries.into_iter().map(|(name, value)| (name, canonical(value))).collect())
        }
        other => other,
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NO_CODE)
}

/// Gives codes to values in the order of their appearance.
pub(super) struct Coder<T> {
    codes: Vec<u32>,
    known: HashMap<T, u32>,
    values: Vec<T>,
}

impl<T> Default for Coder<T> {
    fn default() -> Self {
        Self { codes: Vec::new(), known: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Coder<T> {
    pub(super) fn push(&mut self, value: Option<T>) {
        let code = value.map_or(NO_CODE, |value| match self.known.entry(value) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let code = place(self.values.len());
                self.values.push(free.key().clone());
                *free.insert(code)
            }
        });
        self.codes.push(code);
    }

    pub(super) fn finish(self) -> Coded<T> {
        Coded { codes: self.codes, values: Arc::new(self.values) }
    }
}

impl Coder<Arc<str>> {
    fn text(&mut self, text: Option<&str>) {
        match text.and_then(|text| self.known.get(text)) {
            Some(code) => self.codes.push(*code),
            None => self.push(text.map(Arc::from)),
        }
    }
}
