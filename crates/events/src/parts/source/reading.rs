//! The columns of a reading as they grow, group by group.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use foldhash::fast::RandomState;

use super::Chosen;
use super::property::PropertyReading;
use crate::columns::{Coded, Column, Columns, NO_CODE, NO_NUMBER, Properties, Stretch, Wanted};
use crate::encoding::{of_code, packed, sealed_entry};
use crate::parts::read::Part;
use crate::parts::row::Property;
use crate::parts::schema::{FIXED, Fixed};
use crate::record::{Arrival, DeviceKind, Kind, LogId};

/// A column of texts: each once in a dictionary.
#[derive(Default)]
struct Texts {
    codes: Vec<u32>,
    known: HashMap<Arc<str>, u32, RandomState>,
    values: Vec<Arc<str>>,
}

/// What was read so far.
pub(super) struct Reading<'a> {
    part: &'a Part,
    columns: Columns,
    codes: Vec<u32>,
    leaves: Vec<usize>,
    wanted: &'a Wanted,
    path: Texts,
    content: Texts,
    step: Texts,
    properties: BTreeMap<Arc<str>, PropertyReading>,
    /// Whether a property that is wanted may be in the rest.
    rest: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(part: &'a Part, wanted: &'a Wanted) -> Self {
        let own = |name: &str| part.note.properties.binary_search_by(|column| column.name.as_str().cmp(name)).ok();
        let in_rest = |name: &str| part.note.rest.as_ref().is_none_or(|names| names.contains(name));
        let (mut properties, mut rest) = (BTreeMap::new(), false);
        match &wanted.properties {
            Properties::Named(names) => {
                for name in names {
                    let at = own(name);
                    if at.is_some() || in_rest(name) {
                        rest |= in_rest(name);
                        properties.insert(Arc::clone(name), PropertyReading::new(at));
                    }
                }
            }
            Properties::All => {
                rest = part.note.rest.as_ref().is_none_or(|names| !names.is_empty());
                let own = part.note.properties.iter().enumerate();
                properties.extend(own.map(|(at, column)| (Arc::from(&*column.name), PropertyReading::new(Some(at)))));
            }
        }
        let has = |column| wanted.columns.has(column);
        let fixed = [
            (has(Column::Company), Fixed::Company),
            (has(Column::Received), Fixed::Delay),
            (has(Column::Arrival), Fixed::Log),
            (has(Column::Arrival), Fixed::Sequence),
            (has(Column::Arrival), Fixed::Index),
            (has(Column::Message), Fixed::Message),
            (has(Column::Kind), Fixed::Kind),
            (has(Column::Session), Fixed::Session),
            (has(Column::Path), Fixed::Path),
            (has(Column::Device), Fixed::Device),
            (has(Column::Content), Fixed::Content),
            (has(Column::Step), Fixed::Step),
            (rest, Fixed::Rest),
            (has(Column::Sealed), Fixed::Sealed),
        ];
        let mut leaves: Vec<usize> =
            fixed.into_iter().filter(|(wanted, _)| *wanted).map(|(_, column)| column as usize).collect();
        let mut own: Vec<usize> = properties.values().filter_map(|property| property.at).map(|at| FIXED + at).collect();
        own.sort_unstable();
        leaves.extend(own);
        let (path, content, step) = (Texts::default(), Texts::default(), Texts::default());
        let columns = Columns::default();
        Self { part, columns, codes: Vec::new(), leaves, wanted, path, content, step, properties, rest }
    }

    /// The columns to decode beside person, time and name, in the order in which a batch has them.
    pub(super) fn leaves(&self) -> &[usize] {
        &self.leaves
    }

    pub(super) const fn rows(&self) -> usize {
        self.columns.rows
    }

    /// Adds times and names.
    pub(super) fn heads(&mut self, times: &[i64], codes: &[u32], chosen: &Chosen) {
        if let Some(some) = &chosen.some {
            self.columns.time.extend(some.iter().map(|row| times[*row as usize]));
            self.codes.extend(some.iter().map(|row| codes[*row as usize]));
        } else {
            self.columns.time.extend_from_slice(&times[chosen.rows.clone()]);
            self.codes.extend_from_slice(&codes[chosen.rows.clone()]);
        }
        self.columns.rows += chosen.len();
    }

    /// Adds the other columns. `batch` holds the rows between the first and the last that are chosen; of rows that are
    /// `bare` no personal property is shown.
    pub(super) fn columns(
        &mut self,
        batch: &RecordBatch,
        chosen: &Chosen,
        times: &[i64],
        bare: &dyn Fn(usize) -> bool,
    ) -> Option<()> {
        let place = |column: usize| self.leaves.iter().position(|leaf| *leaf == column);
        let column = |fixed: Fixed| place(fixed as usize).map(|at| batch.column(at));
        let (columns, start) = (&mut self.columns, chosen.rows.start);
        if let Some(array) = column(Fixed::Company) {
            numbers(&mut columns.company, array, chosen)?;
        }
        if let Some(array) = column(Fixed::Session) {
            numbers(&mut columns.session, array, chosen)?;
        }
        if let Some(array) = column(Fixed::Delay) {
            let delays = array.as_primitive_opt::<Int64Type>()?.values();
            chosen.each(|row| columns.received.push(times[row].wrapping_add(delays[row - start])));
        }
        if let (Some(log), Some(sequence), Some(index)) =
            (column(Fixed::Log), column(Fixed::Sequence), column(Fixed::Index))
        {
            let log = log.as_primitive_opt::<UInt64Type>()?.values();
            let sequence = sequence.as_primitive_opt::<UInt64Type>()?.values();
            let index = index.as_primitive_opt::<UInt32Type>()?.values();
            chosen.each(|row| {
                let row = row - start;
                let (log, sequence, index) = (LogId(log[row]), sequence[row], index[row]);
                columns.arrival.push(Arrival { log, sequence, index });
            });
        }
        if let Some(array) = column(Fixed::Message) {
            let messages = array.as_fixed_size_binary_opt()?;
            chosen.each(|row| columns.message.push(messages.value(row - start).try_into().unwrap_or_default()));
        }
        if let Some(array) = column(Fixed::Kind) {
            let kinds = array.as_primitive_opt::<UInt8Type>()?.values();
            chosen.each(|row| columns.kind.extend(of_code(&Kind::ALL, kinds[row - start].into())));
        }
        if let Some(array) = column(Fixed::Device) {
            let devices = array.as_primitive_opt::<UInt8Type>()?;
            chosen.each(|row| {
                let code = devices.is_valid(row - start).then(|| devices.value(row - start));
                columns.device.push(code.and_then(|code| of_code(&DeviceKind::ALL, code.into()).ok()));
            });
        }
        if let Some(array) = column(Fixed::Sealed) {
            let sealed = array.as_binary_opt::<i32>()?;
            chosen.each(|row| {
                let shown = sealed.is_valid(row - start) && !bare(row);
                let bytes = if shown { sealed.value(row - start) } else { &[] };
                columns.sealed.push(packed(bytes).filter_map(|entry| sealed_entry(entry).ok()).collect());
            });
        }
        for (texts, fixed) in
            [(&mut self.path, Fixed::Path), (&mut self.content, Fixed::Content), (&mut self.step, Fixed::Step)]
        {
            if let Some(array) = column(fixed) {
                texts.add(array, chosen)?;
            }
        }
        let own: Vec<Option<ArrayRef>> = self
            .properties
            .values()
            .map(|property| property.at.and_then(|at| place(FIXED + at)).map(|at| Arc::clone(batch.column(at))))
            .collect();
        let rest = column(Fixed::Rest).cloned();
        self.own(&own, chosen)?;
        if let Some(rest) = rest.filter(|_| self.rest) {
            self.add_rest(&rest, chosen)?;
        }
        let rows = self.columns.rows;
        self.properties.values_mut().for_each(|property| property.fill(rows));
        Some(())
    }

    /// Adds the properties that have columns.
    fn own(&mut self, arrays: &[Option<ArrayRef>], chosen: &Chosen) -> Option<()> {
        let before = self.columns.rows - chosen.len();
        for (property, array) in self.properties.values_mut().zip(arrays) {
            property.fill(before);
            if let (Some(array), Some(at)) = (array, property.at) {
                property.add(array, self.part.note.properties[at].holds, chosen)?;
            }
        }
        Some(())
    }

    /// Adds the properties that are in the rest of these rows.
    fn add_rest(&mut self, rest: &dyn Array, chosen: &Chosen) -> Option<()> {
        let rest = rest.as_binary_opt::<i32>()?;
        let (mut at, mut broken) = (self.columns.rows - chosen.len(), false);
        let all = self.wanted.properties == Properties::All;
        chosen.each(|row| {
            let row = row - chosen.rows.start;
            let bytes = if rest.is_valid(row) { rest.value(row) } else { &[] };
            for entry in packed(bytes) {
                let Ok(property) = Property::of_entry(entry) else {
                    broken = true;
                    continue;
                };
                let reading = match self.properties.get_mut(property.name) {
                    Some(reading) => reading,
                    None if all => {
                        self.properties.entry(Arc::from(property.name)).or_insert_with(|| PropertyReading::new(None))
                    }
                    None => continue,
                };
                match property.to_value() {
                    Ok(value) => reading.put(at, value),
                    Err(_) => broken = true,
                }
            }
            at += 1;
        });
        (!broken).then_some(())
    }

    /// All that was read.
    pub(super) fn finish(self, names: &Arc<Vec<Arc<str>>>, stretches: Vec<Stretch>) -> Columns {
        let rows = self.columns.rows;
        let properties = self.properties.into_iter().filter_map(|(name, property)| {
            let property = property.finish(rows)?;
            Some((name, property))
        });
        Columns {
            stretches,
            name: Coded { codes: self.codes, values: Arc::clone(names) },
            path: self.path.finish(),
            content: self.content.finish(),
            step: self.step.finish(),
            properties: properties.collect(),
            ..self.columns
        }
    }
}

fn numbers(out: &mut Vec<u64>, array: &dyn Array, chosen: &Chosen) -> Option<()> {
    let (array, start) = (array.as_primitive_opt::<UInt64Type>()?, chosen.rows.start);
    chosen.each(|row| {
        let row = row - start;
        out.push(if array.is_valid(row) { array.value(row) } else { NO_NUMBER });
    });
    Some(())
}

impl Texts {
    fn add(&mut self, array: &dyn Array, chosen: &Chosen) -> Option<()> {
        let array = array.as_dictionary_opt::<Int32Type>()?;
        let values = array.values().as_string_opt::<i32>()?;
        // A dictionary may hold far more texts than these rows do.
        let (mut codes, start) = (vec![NO_CODE; values.len()], chosen.rows.start);
        chosen.each(|row| {
            let code = array.key(row - start).map_or(NO_CODE, |key| {
                if codes[key] == NO_CODE {
                    codes[key] = self.code(values.value(key));
                }
                codes[key]
            });
            self.codes.push(code);
        });
        Some(())
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.known.get(text) {
            return *code;
        }
        let (code, text) = (u32::try_from(self.values.len()).unwrap_or(NO_CODE), Arc::<str>::from(text));
        self.values.push(Arc::clone(&text));
        self.known.insert(text, code);
        code
    }

    fn finish(self) -> Coded<Arc<str>> {
        Coded { codes: self.codes, values: Arc::new(self.values) }
    }
}
