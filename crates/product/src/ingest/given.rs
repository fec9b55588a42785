//! Attributes and properties as they were given: names and texts borrow from the request's body, so that the hot path
//! copies none of them. Lists and objects, which few events have, are built.

use std::borrow::Cow;
use std::fmt;
use std::vec;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value: small, since most are and every event has many.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    /// A list or an object.
    Nested(Box<Value>),
}

impl Given<'_> {
    /// The value by itself.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Nested(value) => *value,
        }
    }
}

impl From<Value> for Given<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(Cow::Owned(text)),
            value @ (Value::Array(_) | Value::Object(_)) => Self::Nested(Box::new(value)),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Given<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GivenVisitor)
    }
}

struct GivenVisitor;

impl<'de> Visitor<'de> for GivenVisitor {
    type Value = Given<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Given<'de>, E> {
        Ok(Given::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Given<'de>, E> {
        Ok(Given::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Given<'de>, E> {
        Ok(Given::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Given<'de>, E> {
        Ok(Given::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Given<'de>, E> {
        Ok(Given::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Given<'de>, E> {
        Ok(Number::from_f64(value).map_or(Given::Null, Given::Number))
    }

    fn visit_unit<E: Error>(self) -> Result<Given<'de>, E> {
        Ok(Given::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Given<'de>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items)).map(Given::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Given<'de>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(fields)).map(Given::from)
    }
}

/// Names and their values, in order, each name once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, Given<'a>)>);

/// Up to so many fields are compared with each other; of more, names are remembered.
const FEW: usize = 24;

impl<'a> Fields<'a> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Given<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Given<'a>> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, name: &str) -> Option<Given<'a>> {
        let at = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.remove(at).1)
    }

    /// Keeps this one field alone, if there is one.
    pub(super) fn keep(&mut self, field: Option<(Cow<'a, str>, Given<'a>)>) {
        self.0.clear();
        self.0.extend(field);
    }

    /// Of a name that is given again the last value counts.
    fn without_copies(mut fields: Vec<(Cow<'a, str>, Given<'a>)>) -> Self {
        if fields.len() <= FEW {
            let mut at = 1;
            while at < fields.len() {
                match fields[..at].iter().position(|(name, _)| *name == fields[at].0) {
                    Some(earlier) => drop(fields.remove(earlier)),
                    None => at += 1,
                }
            }
            return Self(fields);
        }
        let mut seen = std::collections::HashSet::with_capacity(fields.len());
        let is_last: Vec<bool> = fields.iter().rev().map(|(name, _)| seen.insert(name.as_ref())).collect();
        let mut is_last = is_last.into_iter().rev();
        fields.retain(|_| is_last.next().unwrap_or(true));
        Self(fields)
    }
}

impl<'a> IntoIterator for Fields<'a> {
    type Item = (Cow<'a, str>, Given<'a>);
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Map<String, Value>> for Fields<'_> {
    fn from(map: Map<String, Value>) -> Self {
        Self(map.into_iter().map(|(name, value)| (Cow::Owned(name), value.into())).collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut given: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some((Name(name), value)) = given.next_entry()? {
            fields.push((name, value));
        }
        Ok(Fields::without_copies(fields))
    }
}

/// A name, borrowed if it holds no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn map(fields: Fields<'_>) -> Map<String, Value> {
        fields.into_iter().map(|(name, value)| (name.into_owned(), value.into_value())).collect()
    }

    #[test]
    fn what_is_given_is_read_as_it_is() {
        let text = r#"{"a":"b","e\"s":"\u00e4","n":-1.5,"u":18446744073709551615,"l":[1,{"x":null}],"o":{"y":true},"t":true,"z":null}"#;
        let fields: Fields<'_> = serde_json::from_str(text).unwrap();
        assert!(matches!(fields.get("a"), Some(Given::Text(Cow::Borrowed("b")))));
        assert_eq!(Value::Object(map(fields)), serde_json::from_str::<Value>(text).unwrap());
        for wrong in ["[]", "null", "\"a\"", "{\"a\":}"] {
            assert!(serde_json::from_str::<Fields<'_>>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn of_a_name_given_again_the_last_value_counts(names in prop::collection::vec("[a-f]{1,2}", 0..60)) {
            let text: Vec<String> = names.iter().zip(0..).map(|(name, number)| format!("\"{name}\":{number}")).collect();
            let text = format!("{{{}}}", text.join(","));
            let expected: Map<String, Value> = serde_json::from_str(&text).unwrap();
            let fields: Fields<'_> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(fields.iter().count(), expected.len());
            prop_assert_eq!(json!(map(fields)), json!(expected));
        }
    }
}
