//! A condition on one field.
//!
//! One law makes the operators easy to remember and to write again in another language: each negative operator is the
//! exact opposite of its positive one, a positive one never holds of a missing value or of a value of another type, and
//! it holds of a list when it holds of one of its elements.

use base::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::moment::{Moment, instant};
use crate::pattern::Pattern;
use crate::{Field, PredicateHash};

/// An operator, by the name it has on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[schema(as = Operator)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are what they say; sdk/spec/README.md has the table")]
pub enum Op {
    Is,
    IsNot,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    Matches,
    Gt,
    Gte,
    Lt,
    Lte,
    Between,
    IsSet,
    IsNotSet,
    In,
    NotIn,
    Before,
    After,
}

impl Op {
    pub(crate) const ALL: [(&'static str, Self); 18] = [
        ("is", Self::Is),
        ("is_not", Self::IsNot),
        ("contains", Self::Contains),
        ("not_contains", Self::NotContains),
        ("starts_with", Self::StartsWith),
        ("ends_with", Self::EndsWith),
        ("matches", Self::Matches),
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("between", Self::Between),
        ("is_set", Self::IsSet),
        ("is_not_set", Self::IsNotSet),
        ("in", Self::In),
        ("not_in", Self::NotIn),
        ("before", Self::Before),
        ("after", Self::After),
    ];

    /// Whether it can hold of a text that is compared with texts.
    pub(crate) const fn is_textual(self) -> bool {
        !matches!(self, Self::Gt | Self::Gte | Self::Lt | Self::Lte | Self::Between | Self::Before | Self::After)
    }

    const fn is_negative(self) -> bool {
        matches!(self, Self::IsNot | Self::NotContains | Self::IsNotSet | Self::NotIn)
    }
}

/// A value that is compared for equality.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    Text(String),
    Number(Number),
    Boolean(bool),
}

/// A finite IEEE 754 double, as everywhere where JSON meets JavaScript; never -0. Written without a fraction when it
/// has none.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Number(f64);

impl Number {
    pub(crate) fn new(number: &serde_json::Number) -> Option<Self> {
        // Adding zero turns -0 into 0.
        number.as_f64().filter(|number| number.is_finite()).map(|number| Self(number + 0.0))
    }
}

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "an integer of at most 2^53")]
            return serializer.serialize_i64(self.0 as i64);
        }
        serializer.serialize_f64(self.0)
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    None,
    Text(String),
    Pattern(Pattern),
    Scalar(Scalar),
    Scalars(Vec<Scalar>),
    Number(Number),
    Range(Number, Number),
    Moment(Moment),
}

/// A condition on one field: `{"field":"person.plan","op":"is","value":"pro"}`. Valid by construction.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    field: Field,
    op: Op,
    operand: Operand,
    predicate: PredicateHash,
}

impl Filter {
    pub(crate) fn new(field: Field, op: Op, operand: Operand) -> Self {
        let mut filter = Self { field, op, operand, predicate: PredicateHash([0; 16]) };
        filter.predicate = PredicateHash::of(&filter);
        filter
    }

    /// What it looks at.
    pub const fn field(&self) -> &Field {
        &self.field
    }

    /// How it compares.
    pub const fn op(&self) -> Op {
        self.op
    }

    /// What it compares with, as JSON; `None` for `is_set` and `is_not_set`.
    pub fn value(&self) -> Option<Value> {
        match self.operand {
            Operand::None => None,
            _ => serde_json::to_value(&self.operand).ok(),
        }
    }

    /// Its name, under which an outcome over a personal attribute is stored.
    pub const fn predicate(&self) -> PredicateHash {
        self.predicate
    }

    /// Whether its answer changes with time alone.
    pub const fn is_relative(&self) -> bool {
        match self.operand {
            Operand::Moment(moment) => moment.is_relative(),
            _ => false,
        }
    }

    /// Whether it holds of a value; `None` and null are a missing one. This is what computes the outcome of a personal
    /// attribute at the moment when its value is in the clear.
    pub fn holds(&self, value: Option<&Value>, now: Timestamp) -> bool {
        let positive = match value {
            None | Some(Value::Null) => false,
            Some(_) if matches!(self.operand, Operand::None) => true,
            Some(Value::Array(items)) => items.iter().any(|item| self.accepts(item, now)),
            Some(value) => self.accepts(value, now),
        };
        positive != self.op.is_negative()
    }

    /// The same of a finite number.
    pub fn holds_number(&self, number: f64) -> bool {
        // Adding zero turns -0 into 0.
        let positive = matches!(self.operand, Operand::None) || self.accepts_number(Number(number + 0.0));
        positive != self.op.is_negative()
    }

    pub(crate) fn holds_text(&self, text: &str, now: Timestamp) -> bool {
        (matches!(self.operand, Operand::None) || self.accepts_text(text, now)) != self.op.is_negative()
    }

    /// The positive operator, of one value.
    fn accepts(&self, value: &Value, now: Timestamp) -> bool {
        match value {
            Value::String(text) => self.accepts_text(text, now),
            Value::Number(number) => Number::new(number).is_some_and(|number| self.accepts_number(number)),
            Value::Bool(boolean) => self.accepts_scalar(|scalar| *scalar == Scalar::Boolean(*boolean)),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
    }

    fn accepts_text(&self, text: &str, now: Timestamp) -> bool {
        match &self.operand {
            Operand::Text(part) => match self.op {
                Op::StartsWith => text.starts_with(part),
                Op::EndsWith => text.ends_with(part),
                _ => text.contains(part),
            },
            Operand::Pattern(pattern) => pattern.is_match(text),
            Operand::Moment(moment) => instant(text).is_some_and(|time| match self.op {
                Op::Before => time < moment.resolve(now),
                _ => time > moment.resolve(now),
            }),
            _ => self.accepts_scalar(|scalar| matches!(scalar, Scalar::Text(other) if other == text)),
        }
    }

    fn accepts_number(&self, number: Number) -> bool {
        match self.operand {
            Operand::Number(limit) => match self.op {
                Op::Gt => number > limit,
                Op::Gte => number >= limit,
                Op::Lt => number < limit,
                _ => number <= limit,
            },
            Operand::Range(low, high) => low <= number && number <= high,
            _ => self.accepts_scalar(|scalar| *scalar == Scalar::Number(number)),
        }
    }

    fn accepts_scalar(&self, equals: impl Fn(&Scalar) -> bool) -> bool {
        match &self.operand {
            Operand::Scalar(scalar) => equals(scalar),
            Operand::Scalars(scalars) => scalars.iter().any(equals),
            _ => false,
        }
    }
}

impl Serialize for Operand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_unit(),
            Self::Text(text) => text.serialize(serializer),
            Self::Pattern(pattern) => pattern.source().serialize(serializer),
            Self::Scalar(scalar) => scalar.serialize(serializer),
            Self::Scalars(scalars) => scalars.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::Range(low, high) => [low, high].serialize(serializer),
            Self::Moment(moment) => serializer.collect_str(moment),
        }
    }
}

/// The canonical form, which the hash is made of too.
impl Serialize for Filter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("field", &self.field)?;
        map.serialize_entry("op", &self.op)?;
        if !matches!(self.operand, Operand::None) {
            map.serialize_entry("value", &self.operand)?;
        }
        map.end()
    }
}
