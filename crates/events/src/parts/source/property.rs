//! A property's column as it grows: numbers as long as every value is one, else coded values.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int32Type};
use serde_json::Value;

use super::Chosen;
use crate::columns::{Coded, NO_CODE, Property, canonical, exact, number};
use crate::parts::schema::PropertyType;

/// The column.
pub(super) struct PropertyReading {
    /// Which of the part's own columns it has.
    pub(super) at: Option<usize>,
    /// As long as every value is a number.
    numbers: Option<Vec<f64>>,
    /// Else.
    coding: Coding,
    /// Whether some row has a value.
    any: bool,
}

#[derive(Default)]
struct Coding {
    codes: Vec<u32>,
    /// By the value as JSON.
    known: HashMap<String, u32>,
    values: Vec<Value>,
}

impl PropertyReading {
    pub(super) fn new(at: Option<usize>) -> Self {
        Self { at, numbers: Some(Vec::new()), coding: Coding::default(), any: false }
    }

    /// Lets it have so many rows at least, the new ones without a value.
    pub(super) fn fill(&mut self, rows: usize) {
        match &mut self.numbers {
            Some(numbers) => numbers.resize(rows.max(numbers.len()), f64::NAN),
            None => self.coding.codes.resize(rows.max(self.coding.codes.len()), NO_CODE),
        }
    }

    /// Puts a value into a row.
    pub(super) fn put(&mut self, row: usize, value: Value) {
        if value.is_null() {
            return;
        }
        self.any = true;
        self.fill(row + 1);
        if let (Some(numbers), Some(number)) = (&mut self.numbers, exact(&value)) {
            numbers[row] = number;
            return;
        }
        let coding = self.coded();
        coding.codes[row] = coding.code(canonical(value));
    }

    /// As codes from now on.
    fn coded(&mut self) -> &mut Coding {
        for value in self.numbers.take().into_iter().flatten() {
            self.coding.push(number(value));
        }
        &mut self.coding
    }

    /// Adds the rows of its own column.
    pub(super) fn add(&mut self, array: &dyn Array, holds: PropertyType, chosen: &Chosen) -> Option<()> {
        let start = chosen.rows.start;
        self.any |= array.null_count() < array.len();
        match holds {
            PropertyType::Number | PropertyType::Float => {
                let array = array.as_primitive_opt::<Float64Type>()?;
                let get = |row: usize| if array.is_valid(row) { array.value(row) + 0.0 } else { f64::NAN };
                match &mut self.numbers {
                    Some(numbers) => chosen.each(|row| numbers.push(get(row - start))),
                    None => chosen.each(|row| self.coding.push(number(get(row - start)))),
                }
            }
            PropertyType::Text => {
                let array = array.as_dictionary_opt::<Int32Type>()?;
                let texts = array.values().as_string_opt::<i32>()?;
                let coding = self.coded();
                let codes: Vec<u32> =
                    texts.iter().map(|text| text.map_or(NO_CODE, |text| coding.code(text.into()))).collect();
                chosen.each(|row| coding.codes.push(array.key(row - start).map_or(NO_CODE, |key| codes[key])));
            }
            PropertyType::Bool => {
                let array = array.as_boolean_opt()?;
                let coding = self.coded();
                let codes = [false, true].map(|value| coding.code(value.into()));
                chosen.each(|row| {
                    let row = row - start;
                    coding.codes.push(if array.is_valid(row) { codes[usize::from(array.value(row))] } else { NO_CODE });
                });
            }
        }
        Some(())
    }

    /// The column; nothing if no row has a value.
    pub(super) fn finish(mut self, rows: usize) -> Option<Property> {
        self.fill(rows);
        let coding = self.coding;
        self.any.then(|| match self.numbers {
            Some(numbers) => Property::Number(numbers),
            None => Property::Coded(Coded { codes: coding.codes, values: Arc::new(coding.values) }),
        })
    }
}

impl Coding {
    fn push(&mut self, value: Option<Value>) {
        let code = value.map_or(NO_CODE, |value| self.code(value));
        self.codes.push(code);
    }

    fn code(&mut self, value: Value) -> u32 {
        let text = value.to_string();
        if let Some(code) = self.known.get(&text) {
            return *code;
        }
        let code = u32::try_from(self.values.len()).unwrap_or(NO_CODE);
        self.values.push(value);
        self.known.insert(text, code);
        code
    }
}
