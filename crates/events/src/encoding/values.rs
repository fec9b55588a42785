//! Property values: JSON's kinds, each under a field number of its own, so that numbers stay exactly what they were.

use serde_json::{Map, Number, Value};

use super::wire::{self, Reader};
use super::{DecodeError, Plain, TooDeep};

/// As deep as the JSON parser at the door goes.
pub(super) const MAX_DEPTH: u32 = 128;

const NAME: u32 = 1;
const TEXT: u32 = 2;
const SIGNED: u32 = 3;
const UNSIGNED: u32 = 4;
const DOUBLE: u32 = 5;
const BOOL: u32 = 6;
const NULL: u32 = 7;
const LIST: u32 = 8;
const OBJECT: u32 = 9;

/// Writes a name and its value.
fn put_entry(out: &mut Vec<u8>, name: &str, value: &Value, depth: u32) -> Result<(), TooDeep> {
    wire::put_bytes(out, NAME, name.as_bytes());
    put_value(out, value, depth)
}

/// Writes a name and the plain value of a property.
pub(crate) fn put_plain(out: &mut Vec<u8>, name: &str, value: Plain<'_>) -> Result<(), TooDeep> {
    wire::put_bytes(out, NAME, name.as_bytes());
    match value {
        Plain::Bool(value) => wire::put_number(out, BOOL, u64::from(value)),
        Plain::Number(number) => put_number(out, number),
        Plain::Text(text) => wire::put_bytes(out, TEXT, text.as_bytes()),
        Plain::Nested(value) => put_value(out, value, 0)?,
    }
    Ok(())
}

fn put_value(out: &mut Vec<u8>, value: &Value, depth: u32) -> Result<(), TooDeep> {
    if depth >= MAX_DEPTH {
        return Err(TooDeep);
    }
    match value {
        Value::Null => wire::put_number(out, NULL, 1),
        Value::Bool(value) => wire::put_number(out, BOOL, u64::from(*value)),
        Value::String(value) => wire::put_bytes(out, TEXT, value.as_bytes()),
        Value::Number(number) => put_number(out, number),
        Value::Array(items) => wire::put_message(out, LIST, |out| {
            items.iter().try_for_each(|item| wire::put_message(out, 1, |out| put_value(out, item, depth + 1)))
        })?,
        Value::Object(entries) => wire::put_message(out, OBJECT, |out| {
            entries
                .iter()
                .try_for_each(|(name, value)| wire::put_message(out, 1, |out| put_entry(out, name, value, depth + 1)))
        })?,
    }
    Ok(())
}

fn put_number(out: &mut Vec<u8>, number: &Number) {
    if let Some(value) = number.as_i64() {
        wire::put_number(out, SIGNED, wire::zigzag(value));
    } else if let Some(value) = number.as_u64() {
        wire::put_number(out, UNSIGNED, value);
    } else {
        wire::put_fixed(out, DOUBLE, number.as_f64().unwrap_or_default().to_bits());
    }
}

/// A property's value where it needs no memory of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    Text(&'a str),
    Integer(i64),
    Number(f64),
    Bool(bool),
    /// Null, a list, an object, or an integer beyond `i64`.
    Other,
}

/// Reads a name and, of its value, what needs no memory.
pub(crate) fn scalar(bytes: &[u8]) -> Result<(&str, Scalar<'_>), DecodeError> {
    let (mut name, mut found) = (None, None);
    let mut reader = Reader(bytes);
    while let Some((field, value)) = reader.field()? {
        found = Some(match u32::try_from(field).unwrap_or(u32::MAX) {
            NAME => {
                name = Some(value.text()?);
                continue;
            }
            TEXT => Scalar::Text(value.text()?),
            SIGNED => Scalar::Integer(wire::unzigzag(value.number()?)),
            DOUBLE => Scalar::Number(f64::from_bits(value.fixed()?)),
            BOOL => Scalar::Bool(value.number()? != 0),
            UNSIGNED | NULL | LIST | OBJECT => Scalar::Other,
            _ => continue,
        });
    }
    Ok((name.ok_or(DecodeError::Missing)?, found.ok_or(DecodeError::Missing)?))
}

/// Reads a name and its value.
pub(crate) fn entry(bytes: &[u8], depth: u32) -> Result<(&str, Value), DecodeError> {
    match parse(bytes, depth)? {
        (Some(name), Some(value)) => Ok((name, value)),
        _ => Err(DecodeError::Missing),
    }
}

fn parse(bytes: &[u8], depth: u32) -> Result<(Option<&str>, Option<Value>), DecodeError> {
    if depth >= MAX_DEPTH {
        return Err(DecodeError::Depth);
    }
    let (mut name, mut parsed) = (None, None);
    let mut reader = Reader(bytes);
    while let Some((field, value)) = reader.field()? {
        parsed = Some(match u32::try_from(field).unwrap_or(u32::MAX) {
            NAME => {
                name = Some(value.text()?);
                continue;
            }
            TEXT => Value::String(value.text()?.to_owned()),
            SIGNED => wire::unzigzag(value.number()?).into(),
            UNSIGNED => value.number()?.into(),
            DOUBLE => Number::from_f64(f64::from_bits(value.fixed()?)).map(Value::Number).ok_or(DecodeError::Number)?,
            BOOL => Value::Bool(value.number()? != 0),
            NULL => Value::Null,
            LIST => list(value.bytes()?, depth + 1)?,
            OBJECT => object(value.bytes()?, depth + 1)?,
            _ => continue,
        });
    }
    Ok((name, parsed))
}

fn list(bytes: &[u8], depth: u32) -> Result<Value, DecodeError> {
    let mut items = Vec::new();
    let mut reader = Reader(bytes);
    while let Some((field, item)) = reader.field()? {
        if field == 1 {
            items.push(parse(item.bytes()?, depth)?.1.ok_or(DecodeError::Missing)?);
        }
    }
    Ok(Value::Array(items))
}

fn object(bytes: &[u8], depth: u32) -> Result<Value, DecodeError> {
    let mut entries = Map::new();
    let mut reader = Reader(bytes);
    while let Some((field, item)) = reader.field()? {
        if field == 1 {
            let (name, value) = entry(item.bytes()?, depth)?;
            entries.insert(name.to_owned(), value);
        }
    }
    Ok(Value::Object(entries))
}
