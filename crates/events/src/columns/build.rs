//! From events to columns, one by one, and properties beside them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde_json::{Map, Value};

use super::{Coded, Columns, EXACT, NO_CODE, NO_NUMBER, Properties, Property, Stretch, number};
use crate::record::{Arrival, Event};

/// Columns that grow, row by row.
#[derive(Default)]
pub(super) struct Building {
    columns: Columns,
    names: Texts,
    paths: Texts,
    contents: Texts,
    steps: Texts,
    properties: Sparse,
    property_names: Texts,
    /// The place of each value among those of the properties, by the value as JSON.
    values: HashMap<String, u32>,
}

/// The properties of some rows: of each row those that it has. There may be many names of which each row has a few, so
/// that a column for each would be mostly empty; [`Self::select`] makes those that are wanted.
#[derive(Debug, Default)]
pub(super) struct Sparse {
    /// Where the entries of each row end.
    ends: Vec<usize>,
    entries: Vec<Entry>,
    names: Arc<Vec<Arc<str>>>,
    /// Each value once that is no number.
    values: Vec<Value>,
}

/// A property of a row.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name: u32,
    value: Kept,
}

/// A value of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kept {
    /// The bits of a double that stands for it exactly.
    Number(u64),
    /// Its place among the values.
    Value(u32),
}

impl Building {
    /// Adds the next row. At most 2^32 - 1.
    pub(super) fn push(&mut self, arrival: Arrival, event: Event) {
        let columns = &mut self.columns;
        columns.rows += 1;
        let end = u32::try_from(columns.rows).unwrap_or(u32::MAX);
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
        columns.sealed.push(event.sealed);
        self.names.push(Some(&event.name));
        self.paths.push(event.path.as_deref());
        self.contents.push(event.content.as_deref());
        self.steps.push(event.step.as_deref());
        for (name, value) in event.properties.into_iter().filter(|(_, value)| !value.is_null()) {
            let entry = Entry { name: self.property_names.code(&name), value: self.keep(canonical(value)) };
            self.properties.entries.push(entry);
        }
        self.properties.ends.push(self.properties.entries.len());
    }

    fn keep(&mut self, value: Value) -> Kept {
        if let Some(number) = exact(&value) {
            return Kept::Number(number.to_bits());
        }
        Kept::Value(*self.values.entry(value.to_string()).or_insert_with(|| {
            self.properties.values.push(value);
            place(self.properties.values.len() - 1)
        }))
    }

    /// Every column but those of properties, and the properties.
    pub(super) fn finish(self) -> (Columns, Sparse) {
        let columns = Columns {
            name: self.names.finish(),
            path: self.paths.finish(),
            content: self.contents.finish(),
            step: self.steps.finish(),
            ..self.columns
        };
        (columns, Sparse { names: self.property_names.finish().values, ..self.properties })
    }
}

impl Sparse {
    /// How many properties all rows together have.
    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    fn entries(&self, row: usize) -> &[Entry] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[start..self.ends[row]]
    }

    fn value(&self, kept: Kept) -> Option<Value> {
        match kept {
            Kept::Number(bits) => number(f64::from_bits(bits)),
            Kept::Value(at) => self.values.get(at as usize).cloned(),
        }
    }

    /// A row's properties.
    pub(super) fn of(&self, row: usize) -> Map<String, Value> {
        let property =
            |entry: &Entry| Some((String::from(&*self.names[entry.name as usize]), self.value(entry.value)?));
        self.entries(row).iter().filter_map(property).collect()
    }

    /// Columns of those that are wanted, over these rows.
    pub(super) fn select(&self, wanted: &Properties, rows: &[usize]) -> BTreeMap<Arc<str>, Property> {
        let is_wanted = |name: &Arc<str>| match wanted {
            Properties::All => true,
            Properties::Named(names) => names.contains(name),
        };
        let mut found: Vec<Option<Vec<(usize, Kept)>>> =
            self.names.iter().map(|name| is_wanted(name).then(Vec::new)).collect();
        if found.iter().all(Option::is_none) {
            return BTreeMap::new();
        }
        for (at, row) in rows.iter().enumerate() {
            for entry in self.entries(*row) {
                if let Some(found) = &mut found[entry.name as usize] {
                    found.push((at, entry.value));
                }
            }
        }
        let columns = self.names.iter().zip(found).filter_map(|(name, found)| {
            let found = found.filter(|found| !found.is_empty())?;
            Some((Arc::clone(name), self.column(&found, rows.len())))
        });
        columns.collect()
    }

    /// One property's column from the values of the rows that have one.
    fn column(&self, found: &[(usize, Kept)], rows: usize) -> Property {
        let numbers = found.iter().map(|(at, kept)| match kept {
            Kept::Number(bits) => Some((*at, f64::from_bits(*bits))),
            Kept::Value(_) => None,
        });
        if let Some(found) = numbers.collect::<Option<Vec<_>>>() {
            let mut numbers = vec![f64::NAN; rows];
            for (at, number) in found {
                numbers[at] = number;
            }
            return Property::Number(numbers);
        }
        let mut codes = vec![NO_CODE; rows];
        let (mut known, mut values) = (HashMap::<Kept, u32, RandomState>::default(), Vec::new());
        for (at, kept) in found {
            codes[*at] = *known.entry(*kept).or_insert_with(|| {
                values.extend(self.value(*kept));
                place(values.len() - 1)
            });
        }
        Property::Coded(Coded { codes, values: Arc::new(values) })
    }
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

/// Gives codes to texts in the order of their appearance.
#[derive(Default)]
struct Texts {
    codes: Vec<u32>,
    known: HashMap<Arc<str>, u32>,
    values: Vec<Arc<str>>,
}

impl Texts {
    fn push(&mut self, text: Option<&str>) {
        let code = text.map_or(NO_CODE, |text| self.code(text));
        self.codes.push(code);
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.known.get(text) {
            return *code;
        }
        let (code, text) = (place(self.values.len()), Arc::<str>::from(text));
        self.values.push(Arc::clone(&text));
        self.known.insert(text, code);
        code
    }

    fn finish(self) -> Coded<Arc<str>> {
        Coded { codes: self.codes, values: Arc::new(self.values) }
    }
}
