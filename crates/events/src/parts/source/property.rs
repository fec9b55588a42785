//! A property's column as it grows: numbers as long as every value is one, else coded values.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int32Type};
use foldhash::fast::RandomState;
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
    /// Texts as they are.
    texts: HashMap<String, u32, RandomState>,
    /// Other values as JSON.
    others: HashMap<String, u32, RandomState>,
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
                // A dictionary may hold far more texts than these rows do.
                let mut codes = vec![NO_CODE; texts.len()];
                chosen.each(|row| {
                    let code = array.key(row - start).map_or(NO_CODE, |key| {
                        if codes[key] == NO_CODE {
                            codes[key] = coding.text(texts.value(key));
                        }
                        codes[key]
                    });
                    coding.codes.push(code);
                });
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
        if let Value::String(text) = &value {
            return self.text(text);
        }
        let next = self.next();
        let code = *self.others.entry(value.to_string()).or_insert(next);
        if code == next {
            self.values.push(value);
        }
        code
    }

    fn text(&mut self, text: &str) -> u32 {
        if let Some(code) = self.texts.get(text) {
            return *code;
        }
        let next = self.next();
        self.texts.insert(text.to_owned(), next);
        self.values.push(text.into());
        next
    }

    fn next(&self) -> u32 {
        u32::try_from(self.values.len()).unwrap_or(NO_CODE)
    }
}
