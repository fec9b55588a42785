//! The columns of a part: fixed ones, one each for the properties that are used most, and the rest.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema};
use foldhash::fast::RandomState;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use super::row::Property;
use crate::encoding::Scalar;

/// The fixed columns, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Fixed {
    Person,
    Time,
    Name,
    Company,
    /// From when it happened to when it was received; wraps around.
    Delay,
    Log,
    Sequence,
    Index,
    Message,
    Kind,
    Session,
    Path,
    Device,
    Content,
    Step,
    /// Entries of the properties that have no column, or another type than theirs.
    Rest,
    /// Entries of the personal properties.
    Sealed,
}

/// How many there are.
pub(crate) const FIXED: usize = 17;

static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    vec![
        Field::new("person", DataType::UInt64, false),
        Field::new("time", DataType::Int64, false),
        Field::new("name", DataType::UInt32, false),
        Field::new("company", DataType::UInt64, true),
        Field::new("delay", DataType::Int64, false),
        Field::new("log", DataType::UInt64, false),
        Field::new("sequence", DataType::UInt64, false),
        Field::new("index", DataType::UInt32, false),
        Field::new("message", DataType::FixedSizeBinary(16), false),
        Field::new("kind", DataType::UInt8, false),
        Field::new("session", DataType::UInt64, true),
        Field::new("path", text(), true),
        Field::new("device", DataType::UInt8, true),
        Field::new("content", text(), true),
        Field::new("step", text(), true),
        Field::new("rest", DataType::Binary, true),
        Field::new("sealed", DataType::Binary, true),
    ]
});

/// What a property's column holds; values of other types go to the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PropertyType {
    Text,
    /// Numbers; one without fraction was an integer.
    Number,
    /// Numbers; one without fraction was written with a point.
    Float,
    Bool,
}

/// A property with a column of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PropertyColumn {
    pub(crate) name: String,
    pub(crate) holds: PropertyType,
}

/// How often a property came with what type of value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) text: u64,
    pub(crate) integer: u64,
    /// Written with a point, but without fraction.
    pub(crate) whole: u64,
    pub(crate) fraction: u64,
    pub(crate) bool: u64,
    pub(crate) other: u64,
}

/// The use of each property.
pub(crate) type Uses = BTreeMap<String, Usage>;

/// Properties beyond so many are not counted: nothing but a column of their own is at stake.
const COUNTED: usize = 2_048;

/// Integers between these are exact as doubles, and no other is taken for one of them.
const EXACT: std::ops::Range<i64> = -(1 << 53) + 1..1 << 53;

impl PropertyType {
    /// The value as this column holds it exactly, if it does.
    pub(crate) fn takes(self, value: Scalar<'_>) -> bool {
        match (self, value) {
            (Self::Text, Scalar::Text(_)) | (Self::Bool, Scalar::Bool(_)) => true,
            (Self::Number, Scalar::Integer(number)) => EXACT.contains(&number),
            (Self::Number, Scalar::Number(number)) => number.fract() != 0.0,
            (Self::Float, Scalar::Number(number)) => number.is_finite(),
            _ => false,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Self::Number | Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
        }
    }
}

impl Usage {
    fn count(&mut self, value: Scalar<'_>) {
        *match value {
            Scalar::Text(_) => &mut self.text,
            Scalar::Integer(number) if EXACT.contains(&number) => &mut self.integer,
            Scalar::Number(number) if number.fract() == 0.0 => &mut self.whole,
            Scalar::Number(number) if number.is_finite() => &mut self.fraction,
            Scalar::Bool(_) => &mut self.bool,
            Scalar::Integer(_) | Scalar::Number(_) | Scalar::Other => &mut self.other,
        } += 1;
    }

    fn add(&mut self, other: &Self) {
        self.text += other.text;
        self.integer += other.integer;
        self.whole += other.whole;
        self.fraction += other.fraction;
        self.bool += other.bool;
        self.other += other.other;
    }

    /// The type that most of its values have, and how many.
    fn best(&self) -> (u64, PropertyType) {
        let number = self.fraction + self.integer.max(self.whole);
        let holds = if self.whole > self.integer { PropertyType::Float } else { PropertyType::Number };
        let all = [(self.text, PropertyType::Text), (number, holds), (self.bool, PropertyType::Bool)];
        all.into_iter().max_by_key(|(count, _)| *count).unwrap_or((0, PropertyType::Text))
    }
}

/// Counts the properties of rows as they come, and finds their columns. Rows are many: this is on the way of each property.
pub(crate) struct Counting {
    /// Those that have columns first, in the columns' order.
    counted: Vec<(String, Usage)>,
    columns: usize,
    places: HashMap<String, usize, RandomState>,
    /// Where the properties of the row before stand, in their order: mostly the same ones follow.
    before: Vec<usize>,
}

impl Counting {
    /// Of rows whose properties have these columns.
    pub(crate) fn new(columns: &[PropertyColumn]) -> Self {
        let counted: Vec<_> = columns.iter().map(|column| (column.name.clone(), Usage::default())).collect();
        let places = counted.iter().zip(0..).map(|((name, _), place)| (name.clone(), place)).collect();
        Self { counted, columns: columns.len(), places, before: Vec::new() }
    }

    /// Counts the property at this place of a row; which column it has.
    pub(crate) fn count(&mut self, at: usize, property: &Property<'_>) -> Option<usize> {
        let place = self.place(at, property.name)?;
        self.counted[place].1.count(property.value);
        (place < self.columns).then_some(place)
    }

    fn place(&mut self, at: usize, name: &str) -> Option<usize> {
        if let Some(place) = self.before.get(at).filter(|place| self.counted[**place].0 == name) {
            return Some(*place);
        }
        let place = match self.places.get(name) {
            Some(place) => *place,
            None if self.counted.len() >= COUNTED => return None,
            None => {
                self.counted.push((name.to_owned(), Usage::default()));
                self.places.insert(name.to_owned(), self.counted.len() - 1);
                self.counted.len() - 1
            }
        };
        if at >= self.before.len() {
            self.before.resize(at + 1, place);
        }
        self.before[at] = place;
        Some(place)
    }

    /// What was counted.
    pub(crate) fn uses(self) -> Uses {
        self.counted.into_iter().filter(|(_, usage)| *usage != Usage::default()).collect()
    }
}

/// Adds a part's counts.
pub(crate) fn add(uses: &mut Uses, part: &Uses) {
    for (name, usage) in part {
        if uses.len() < COUNTED || uses.contains_key(name) {
            uses.entry(name.clone()).or_default().add(usage);
        }
    }
}

/// The properties that get a column: the most used, by name.
pub(crate) fn choose(uses: &Uses, most: usize) -> Vec<PropertyColumn> {
    let mut ranked: Vec<_> = uses.iter().map(|(name, usage)| (usage.best(), name)).collect();
    ranked.retain(|((count, _), _)| *count > 0);
    ranked.sort_by(|((a, _), a_name), ((b, _), b_name)| b.cmp(a).then_with(|| a_name.cmp(b_name)));
    ranked.truncate(most);
    let mut columns: Vec<_> =
        ranked.into_iter().map(|((_, holds), name)| PropertyColumn { name: name.clone(), holds }).collect();
    columns.sort_by(|a, b| a.name.cmp(&b.name));
    columns
}

/// The schema with these properties.
pub(crate) fn schema(properties: &[PropertyColumn]) -> Arc<Schema> {
    let own = properties.iter().enumerate();
    let own = own.map(|(at, property)| Field::new(format!("p{at}"), property.holds.data_type(), true));
    Arc::new(Schema::new(FIELDS.iter().cloned().chain(own).collect::<Vec<_>>()))
}

/// How columns are written. Person, time and what orders arrivals take few bytes as differences and are not compressed
/// further, since every question reads them.
pub(crate) fn properties() -> Result<WriterPropertiesBuilder, parquet::errors::ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(None)
        .set_data_page_row_count_limit(8_192)
        .set_write_batch_size(2_048)
        // Numbers of which hardly any two are the same would fill a dictionary that is as large as they are.
        .set_dictionary_page_size_limit(128 << 10)
        .set_created_by("pilotfish".to_owned());
    for name in ["person", "time", "delay", "sequence", "index"] {
        let path = || ColumnPath::from(name);
        builder = builder
            .set_column_dictionary_enabled(path(), false)
            .set_column_encoding(path(), Encoding::DELTA_BINARY_PACKED)
            .set_column_compression(path(), Compression::UNCOMPRESSED);
    }
    // Of people by page as well: who asks for some of them reads their pages only.
    for (name, level) in [("person", EnabledStatistics::Page), ("time", EnabledStatistics::Chunk)] {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(name), level);
    }
    // These are wide, and read for a few rows only.
    for name in ["session", "message", "rest", "sealed"] {
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_data_page_row_count_limit(ColumnPath::from(name), 2_048);
    }
    for name in ["name", "message"] {
        builder = builder.set_column_compression(ColumnPath::from(name), Compression::UNCOMPRESSED);
    }
    Ok(builder)
}
