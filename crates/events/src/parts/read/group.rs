//! A group of rows with every column, row by row: what merging and rewriting go through.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{
    Array as _, BinaryArray, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Float64Array, Int64Array,
    RecordBatch, StringArray, UInt8Array, UInt32Array, UInt64Array,
};

use crate::encoding::{DecodeError, Scalar, packed};
use crate::parts::note::Note;
use crate::parts::row::{Key, Property, Row};
use crate::parts::schema::{FIXED, Fixed, PropertyType};

/// A column of texts.
struct Texts {
    rows: DictionaryArray<Int32Type>,
    values: StringArray,
}

/// A property's column.
struct Own {
    name: String,
    holds: PropertyType,
    values: Values,
}

enum Values {
    Text(Texts),
    Number(Float64Array),
    Bool(BooleanArray),
}

/// The group.
pub(crate) struct GroupRows {
    rows: usize,
    person: UInt64Array,
    time: Int64Array,
    name: UInt32Array,
    company: UInt64Array,
    delay: Int64Array,
    log: UInt64Array,
    sequence: UInt64Array,
    index: UInt32Array,
    message: FixedSizeBinaryArray,
    kind: UInt8Array,
    session: UInt64Array,
    path: Texts,
    device: UInt8Array,
    content: Texts,
    step: Texts,
    rest: BinaryArray,
    sealed: BinaryArray,
    own: Vec<Own>,
}

impl Texts {
    fn of(batch: &RecordBatch, at: usize) -> Option<Self> {
        let rows = batch.column(at).as_dictionary_opt::<Int32Type>()?.clone();
        let values = rows.values().as_string_opt::<i32>()?.clone();
        Some(Self { rows, values })
    }

    fn get(&self, row: usize) -> Option<&str> {
        self.rows.key(row).map(|key| self.values.value(key))
    }
}

impl GroupRows {
    /// From a batch with all columns.
    pub(crate) fn new(batch: &RecordBatch, note: &Note) -> Option<Self> {
        let at = |column: Fixed| batch.column(column as usize);
        let long = |column| Some(at(column).as_primitive_opt::<UInt64Type>()?.clone());
        let time = |column| Some(at(column).as_primitive_opt::<Int64Type>()?.clone());
        let int = |column| Some(at(column).as_primitive_opt::<UInt32Type>()?.clone());
        let small = |column| Some(at(column).as_primitive_opt::<UInt8Type>()?.clone());
        let bytes = |column| Some(at(column).as_binary_opt::<i32>()?.clone());
        let texts = |column: Fixed| Texts::of(batch, column as usize);
        let own = note.properties.iter().enumerate().map(|(place, property)| {
            let column = batch.column(FIXED + place);
            let values = match property.holds {
                PropertyType::Text => Values::Text(Texts::of(batch, FIXED + place)?),
                PropertyType::Number | PropertyType::Float => {
                    Values::Number(column.as_primitive_opt::<Float64Type>()?.clone())
                }
                PropertyType::Bool => Values::Bool(column.as_boolean_opt()?.clone()),
            };
            Some(Own { name: property.name.clone(), holds: property.holds, values })
        });
        Some(Self {
            rows: batch.num_rows(),
            person: long(Fixed::Person)?,
            time: time(Fixed::Time)?,
            name: int(Fixed::Name)?,
            company: long(Fixed::Company)?,
            delay: time(Fixed::Delay)?,
            log: long(Fixed::Log)?,
            sequence: long(Fixed::Sequence)?,
            index: int(Fixed::Index)?,
            message: at(Fixed::Message).as_fixed_size_binary_opt()?.clone(),
            kind: small(Fixed::Kind)?,
            session: long(Fixed::Session)?,
            path: texts(Fixed::Path)?,
            device: small(Fixed::Device)?,
            content: texts(Fixed::Content)?,
            step: texts(Fixed::Step)?,
            rest: bytes(Fixed::Rest)?,
            sealed: bytes(Fixed::Sealed)?,
            own: own.collect::<Option<_>>()?,
        })
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// A row's place among others.
    pub(crate) fn key(&self, row: usize) -> Key {
        let (log, sequence) = (self.log.value(row), self.sequence.value(row));
        (self.person.value(row), self.time.value(row), log, sequence, self.index.value(row))
    }

    /// A row.
    pub(crate) fn row(&self, row: usize) -> Result<Row<'_>, DecodeError> {
        let time = self.time.value(row);
        let mut properties: Vec<Property<'_>> = self.own.iter().filter_map(|own| own.get(row)).collect();
        if self.rest.is_valid(row) {
            for entry in packed(self.rest.value(row)) {
                properties.push(Property::of_entry(entry)?);
            }
        }
        let long = |column: &UInt64Array| column.is_valid(row).then(|| column.value(row));
        let sealed = self.sealed.is_valid(row).then(|| packed(self.sealed.value(row)).collect());
        Ok(Row {
            person: self.person.value(row),
            company: long(&self.company),
            time,
            received: time.wrapping_add(self.delay.value(row)),
            log: self.log.value(row),
            sequence: self.sequence.value(row),
            index: self.index.value(row),
            message: self.message.value(row).try_into().map_err(|_| DecodeError::Type)?,
            kind: self.kind.value(row),
            name: self.name.value(row),
            session: long(&self.session),
            path: self.path.get(row),
            device: self.device.is_valid(row).then(|| self.device.value(row)),
            content: self.content.get(row),
            step: self.step.get(row),
            properties,
            sealed: sealed.unwrap_or_default(),
        })
    }
}

impl Own {
    fn get(&self, row: usize) -> Option<Property<'_>> {
        let value = match &self.values {
            Values::Text(texts) => Scalar::Text(texts.get(row)?),
            Values::Bool(values) => Scalar::Bool(values.is_valid(row).then(|| values.value(row))?),
            Values::Number(values) => {
                let number = values.is_valid(row).then(|| values.value(row))?;
                if self.holds == PropertyType::Number && number.fract() == 0.0 {
                    #[expect(clippy::cast_possible_truncation, reason = "an integer of at most 2^53 went in")]
                    Scalar::Integer(number as i64)
                } else {
                    Scalar::Number(number)
                }
            }
        };
        Some(Property { name: &self.name, value, entry: None })
    }
}
