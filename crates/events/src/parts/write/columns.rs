//! The columns of a group of rows in the making.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder, Int64Builder, StringDictionaryBuilder,
    UInt8Builder, UInt32Builder, UInt64Builder,
};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Schema};

use crate::encoding::{Plain, Scalar, pack, put_plain};
use crate::parts::note::Note;
use crate::parts::row::{Property, Row};
use crate::parts::schema::{Counting, PropertyColumn, PropertyType};

type Texts = StringDictionaryBuilder<Int32Type>;

/// Names in the rest beyond so many are not told one by one.
const TOLD: usize = 4_096;

/// A property's column.
enum Own {
    Text(Texts),
    Number(Float64Builder),
    Bool(BooleanBuilder),
}

/// The columns.
pub(super) struct Builders {
    schema: Arc<Schema>,
    rows: usize,
    person: UInt64Builder,
    time: Int64Builder,
    name: UInt32Builder,
    company: UInt64Builder,
    delay: Int64Builder,
    log: UInt64Builder,
    sequence: UInt64Builder,
    index: UInt32Builder,
    message: FixedSizeBinaryBuilder,
    kind: UInt8Builder,
    session: UInt64Builder,
    path: Texts,
    device: UInt8Builder,
    content: Texts,
    step: Texts,
    rest: BinaryBuilder,
    sealed: BinaryBuilder,
    plan: Vec<PropertyColumn>,
    counting: Counting,
    own: Vec<Own>,
    /// Up to which row each property's column is filled.
    filled: Vec<usize>,
    rest_names: Option<BTreeSet<String>>,
    scratch: Vec<u8>,
    entry: Vec<u8>,
}

impl Builders {
    pub(super) fn new(schema: Arc<Schema>, plan: Vec<PropertyColumn>) -> Self {
        let own = plan.iter().map(|column| match column.holds {
            PropertyType::Text => Own::Text(Texts::new()),
            PropertyType::Number | PropertyType::Float => Own::Number(Float64Builder::new()),
            PropertyType::Bool => Own::Bool(BooleanBuilder::new()),
        });
        Self {
            schema,
            rows: 0,
            person: UInt64Builder::new(),
            time: Int64Builder::new(),
            name: UInt32Builder::new(),
            company: UInt64Builder::new(),
            delay: Int64Builder::new(),
            log: UInt64Builder::new(),
            sequence: UInt64Builder::new(),
            index: UInt32Builder::new(),
            message: FixedSizeBinaryBuilder::new(16),
            kind: UInt8Builder::new(),
            session: UInt64Builder::new(),
            path: Texts::new(),
            device: UInt8Builder::new(),
            content: Texts::new(),
            step: Texts::new(),
            rest: BinaryBuilder::new(),
            sealed: BinaryBuilder::new(),
            counting: Counting::new(&plan),
            own: own.collect(),
            filled: vec![0; plan.len()],
            plan,
            rest_names: Some(BTreeSet::new()),
            scratch: Vec::new(),
            entry: Vec::new(),
        }
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Which properties have columns, which names occur in the rest, and how often properties came.
    pub(super) fn described(&mut self) -> Note {
        let uses = std::mem::replace(&mut self.counting, Counting::new(&[])).uses();
        Note { properties: std::mem::take(&mut self.plan), rest: self.rest_names.take(), uses }
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), ArrowError> {
        self.person.append_value(row.person);
        self.time.append_value(row.time);
        self.name.append_value(row.name);
        self.company.append_option(row.company);
        self.delay.append_value(row.received.wrapping_sub(row.time));
        self.log.append_value(row.log);
        self.sequence.append_value(row.sequence);
        self.index.append_value(row.index);
        self.message.append_value(row.message)?;
        self.kind.append_value(row.kind);
        self.session.append_option(row.session);
        self.path.append_option(row.path);
        self.device.append_option(row.device);
        self.content.append_option(row.content);
        self.step.append_option(row.step);
        self.scratch.clear();
        for (at, property) in row.properties.iter().enumerate() {
            self.property(at, property)?;
        }
        self.rest.append_option((!self.scratch.is_empty()).then_some(&self.scratch));
        self.scratch.clear();
        row.sealed.iter().for_each(|entry| pack(&mut self.scratch, entry));
        self.sealed.append_option((!self.scratch.is_empty()).then_some(&self.scratch));
        self.rows += 1;
        Ok(())
    }

    /// Puts a property into its column, or into the rest.
    fn property(&mut self, at: usize, property: &Property<'_>) -> Result<(), ArrowError> {
        let place = self.counting.count(at, property);
        if let Some(at) = place.filter(|at| self.plan[*at].holds.takes(property.value)) {
            self.own[at].missing(self.rows - self.filled[at]);
            self.filled[at] = self.rows + 1;
            return self.own[at].append(property.value);
        }
        if let Some(names) = &mut self.rest_names
            && !names.contains(property.name)
        {
            names.insert(property.name.to_owned());
            if names.len() > TOLD {
                self.rest_names = None;
            }
        }
        if let Some(entry) = property.entry {
            pack(&mut self.scratch, entry);
            return Ok(());
        }
        self.entry.clear();
        let value = property.to_value().map_err(|error| ArrowError::InvalidArgumentError(error.to_string()))?;
        let put = put_plain(&mut self.entry, property.name, Plain::Nested(&value));
        put.map_err(|error| ArrowError::InvalidArgumentError(error.to_string()))?;
        pack(&mut self.scratch, &self.entry);
        Ok(())
    }

    /// The group's columns; the next group begins empty.
    pub(super) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.person.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.company.finish()),
            Arc::new(self.delay.finish()),
            Arc::new(self.log.finish()),
            Arc::new(self.sequence.finish()),
            Arc::new(self.index.finish()),
            Arc::new(self.message.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.session.finish()),
            Arc::new(self.path.finish()),
            Arc::new(self.device.finish()),
            Arc::new(self.content.finish()),
            Arc::new(self.step.finish()),
            Arc::new(self.rest.finish()),
            Arc::new(self.sealed.finish()),
        ];
        for (own, filled) in self.own.iter_mut().zip(&mut self.filled) {
            own.missing(self.rows - *filled);
            *filled = 0;
            columns.push(own.finish());
        }
        self.rows = 0;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}

impl Own {
    fn missing(&mut self, rows: usize) {
        match self {
            Self::Text(column) => column.append_nulls(rows),
            Self::Number(column) => column.append_nulls(rows),
            Self::Bool(column) => column.append_nulls(rows),
        }
    }

    fn append(&mut self, value: Scalar<'_>) -> Result<(), ArrowError> {
        match (self, value) {
            (Self::Text(column), Scalar::Text(text)) => column.append(text).map(drop)?,
            (Self::Bool(column), Scalar::Bool(value)) => column.append_value(value),
            (Self::Number(column), Scalar::Number(number)) => column.append_value(number),
            #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
            (Self::Number(column), Scalar::Integer(number)) => column.append_value(number as f64),
            _ => return Err(ArrowError::InvalidArgumentError("a value is not of its column's type".to_owned())),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(column) => Arc::new(column.finish()),
            Self::Number(column) => Arc::new(column.finish()),
            Self::Bool(column) => Arc::new(column.finish()),
        }
    }
}
