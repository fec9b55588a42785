//! Filters: the field decides which operators make sense, the operator which values.

use serde_json::{Map, Value};

use super::{Parser, kind};
use crate::filter::{Number, Operand, Scalar};
use crate::moment::Moment;
use crate::pattern::Pattern;
use crate::{Field, Filter, Op, Place};

/// The longest text to compare with, in bytes.
const MAX_TEXT: usize = 1024;
/// The most values of `in` and `not_in`.
const MAX_VALUES: usize = 1000;

impl Parser {
    pub(super) fn filter(&mut self, object: &Map<String, Value>, place: Place, at: &str) -> Option<Filter> {
        self.only(object, &["field", "op", "value"], at);
        let field = self.field(object.get("field"), place, &format!("{at}/field"));
        let op = self.named(object.get("op"), &Op::ALL, "operator", &format!("{at}/op"));
        let (field, op) = (field?, op?);
        if field.is_text() && !op.is_textual() {
            let textual = Op::ALL.iter().filter(|(_, op)| op.is_textual()).map(|(name, _)| *name);
            let accepted = textual.collect::<Vec<_>>().join(", ");
            return self.problem(&format!("{at}/op"), format!("{field} is a text; accepted: {accepted}"));
        }
        let operand = self.operand(&field, op, object.get("value"), &format!("{at}/value"))?;
        Some(Filter::new(field, op, operand))
    }

    fn field(&mut self, value: Option<&Value>, place: Place, at: &str) -> Option<Field> {
        let Some(Value::String(text)) = value else {
            return self.problem(at, "expected a field, such as person.plan");
        };
        self.spend(text.len(), at)?;
        Field::parse(text, place).map_or_else(|detail| self.problem(at, detail), Some)
    }

    fn operand(&mut self, field: &Field, op: Op, value: Option<&Value>, at: &str) -> Option<Operand> {
        match op {
            Op::IsSet | Op::IsNotSet => match value {
                None | Some(Value::Null) => Some(Operand::None),
                Some(_) => self.problem(at, "takes no value"),
            },
            Op::Is | Op::IsNot => self.scalar(field, value, at).map(Operand::Scalar),
            Op::In | Op::NotIn => self.scalars(field, value, at).map(Operand::Scalars),
            Op::Contains | Op::NotContains | Op::StartsWith | Op::EndsWith => self.text(value, at).map(Operand::Text),
            Op::Matches => {
                let source = self.text(value, at)?;
                match Pattern::parse(&source) {
                    Ok(pattern) => Some(Operand::Pattern(pattern)),
                    Err(detail) => self.problem(at, detail),
                }
            }
            Op::Gt | Op::Gte | Op::Lt | Op::Lte => self.number(value, at).map(Operand::Number),
            Op::Between => self.range(value, at),
            Op::Before | Op::After => match value.and_then(Value::as_str).and_then(Moment::parse) {
                Some(moment) => Some(Operand::Moment(moment)),
                None => self.problem(at, format!("expected {}", Moment::ACCEPTED)),
            },
        }
    }

    fn text(&mut self, value: Option<&Value>, at: &str) -> Option<String> {
        match value {
            Some(Value::String(text)) if !text.is_empty() && text.len() <= MAX_TEXT => {
                self.spend(text.len(), at)?;
                Some(text.clone())
            }
            _ => self.problem(at, format!("expected a text of 1 to {MAX_TEXT} bytes")),
        }
    }

    fn scalar(&mut self, field: &Field, value: Option<&Value>, at: &str) -> Option<Scalar> {
        match value {
            Some(Value::String(text)) if text.len() <= MAX_TEXT => {
                self.spend(text.len(), at)?;
                Some(Scalar::Text(text.clone()))
            }
            Some(Value::String(_)) => self.problem(at, format!("too long: a text has at most {MAX_TEXT} bytes")),
            Some(Value::Number(_) | Value::Bool(_)) if field.is_text() => {
                self.problem(at, format!("{field} is a text; accepted: a text, in quotation marks"))
            }
            Some(Value::Bool(boolean)) => Some(Scalar::Boolean(*boolean)),
            Some(Value::Number(_)) => self.number(value, at).map(Scalar::Number),
            Some(Value::Null) | None => {
                self.problem(at, "expected a text, a number, true or false; to ask for no value use is_not_set")
            }
            Some(other) => self.problem(at, format!("expected a text, a number, true or false, found {}", kind(other))),
        }
    }

    fn scalars(&mut self, field: &Field, value: Option<&Value>, at: &str) -> Option<Vec<Scalar>> {
        let values = match value {
            Some(Value::Array(values)) if (1..=MAX_VALUES).contains(&values.len()) => values,
            _ => return self.problem(at, format!("expected a list of 1 to {MAX_VALUES} values")),
        };
        let mut scalars = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            scalars.extend(self.scalar(field, Some(value), &format!("{at}/{index}")));
        }
        (scalars.len() == values.len()).then_some(scalars)
    }

    fn number(&mut self, value: Option<&Value>, at: &str) -> Option<Number> {
        let number = match value {
            Some(Value::Number(number)) => Number::new(number),
            _ => None,
        };
        number.or_else(|| self.problem(at, "expected a number, without quotation marks"))
    }

    fn range(&mut self, value: Option<&Value>, at: &str) -> Option<Operand> {
        let Some([low, high]) = value.and_then(Value::as_array).map(Vec::as_slice) else {
            return self.problem(at, "expected two numbers, [low, high]");
        };
        let low = self.number(Some(low), &format!("{at}/0"));
        let high = self.number(Some(high), &format!("{at}/1"));
        let (low, high) = (low?, high?);
        if low <= high {
            Some(Operand::Range(low, high))
        } else {
            self.problem(at, "low is above high: nothing lies between")
        }
    }
}
