//! Reads a definition's JSON into typed values and collects everything that is wrong with its shape, each with a pointer
//! to the place and with what is accepted there. Reading goes on past a problem with a stand-in value, so that one look
//! tells all; a caller drops what was read if there are problems.

use std::ops::RangeInclusive;

use base::FieldProblem;
use serde_json::{Map, Value};

/// More problems than these help nobody.
const MAX_PROBLEMS: usize = 50;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<FieldProblem>);

impl Problems {
    /// Notes a problem.
    pub(crate) fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        if self.0.len() < MAX_PROBLEMS {
            self.0.push(FieldProblem { pointer: pointer.into(), detail: detail.into() });
        }
    }

    /// Notes a problem unless something holds.
    pub(crate) fn unless(&mut self, holds: bool, pointer: impl Into<String>, detail: &str) {
        if !holds {
            self.add(pointer, detail);
        }
    }

    /// Notes problems that were found elsewhere.
    pub(crate) fn extend(&mut self, problems: Vec<FieldProblem>) {
        let room = MAX_PROBLEMS.saturating_sub(self.0.len());
        self.0.extend(problems.into_iter().take(room));
    }

    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<FieldProblem> {
        self.0
    }
}

/// An object that is being read: every key that is asked for is known, the others are refused at the end.
pub(crate) struct Object<'v, 'p> {
    map: Option<&'v Map<String, Value>>,
    pointer: String,
    known: Vec<&'static str>,
    problems: &'p mut Problems,
}

impl<'v, 'p> Object<'v, 'p> {
    /// Begins to read a value that should be an object.
    pub(crate) fn new(value: &'v Value, pointer: impl Into<String>, problems: &'p mut Problems) -> Self {
        let pointer = pointer.into();
        if !value.is_object() {
            problems.add(pointer.as_str(), format!("expected an object, found {}", kind_of(value)));
        }
        Self { map: value.as_object(), pointer, known: Vec::new(), problems }
    }

    /// Refuses every key that was not asked for.
    pub(crate) fn finish(self) {
        let Some(map) = self.map else { return };
        for key in map.keys().filter(|key| !self.known.contains(&key.as_str())) {
            let at = format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"));
            self.problems.add(at, format!("unknown key; accepted: {}", self.known.join(", ")));
        }
    }

    /// Where a key is.
    pub(crate) fn at(&self, key: &str) -> String {
        format!("{}/{key}", self.pointer)
    }

    /// What is under a key; null is as good as absent.
    fn get(&mut self, key: &'static str) -> Option<&'v Value> {
        self.known.push(key);
        self.map?.get(key).filter(|value| !value.is_null())
    }

    fn expected(&mut self, key: &str, expected: &str, found: Option<&Value>) {
        let found = found.map_or("nothing", kind_of);
        self.problems.add(self.at(key), format!("expected {expected}, found {found}"));
    }

    /// Notes a problem with a key.
    pub(crate) fn refuse(&mut self, key: &str, detail: &str) {
        self.problems.add(self.at(key), detail);
    }

    /// A text of at most so many characters; empty if it is absent.
    pub(crate) fn text(&mut self, key: &'static str, max: usize) -> String {
        self.optional_text(key, max).unwrap_or_default()
    }

    /// A text of at most so many characters, if it is there.
    pub(crate) fn optional_text(&mut self, key: &'static str, max: usize) -> Option<String> {
        match self.get(key)? {
            Value::String(text) if text.chars().count() <= max => Some(text.clone()),
            Value::String(_) => {
                self.refuse(key, &format!("too long; at most {max} characters"));
                None
            }
            other => {
                self.expected(key, "a text", Some(other));
                None
            }
        }
    }

    /// An id of a part: 1 to 64 of letters, digits, `_` and `-`.
    pub(crate) fn part_id(&mut self) -> String {
        match self.get("id") {
            Some(Value::String(id)) if is_part_id(id) => id.clone(),
            found => {
                self.expected("id", "1 to 64 of the characters a–z, A–Z, 0–9, _ and -", found);
                String::new()
            }
        }
    }

    /// True or false.
    pub(crate) fn flag(&mut self, key: &'static str, absent: bool) -> bool {
        match self.get(key) {
            None => absent,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.expected(key, "true or false", Some(other));
                absent
            }
        }
    }

    /// A whole number within a range.
    pub(crate) fn number(&mut self, key: &'static str, range: RangeInclusive<u64>, absent: u64) -> u64 {
        let found = self.get(key);
        let Some(value) = found else { return absent };
        value.as_u64().filter(|number| range.contains(number)).unwrap_or_else(|| {
            self.expected(key, &format!("a whole number from {} to {}", range.start(), range.end()), found);
            absent
        })
    }

    /// One of several names.
    pub(crate) fn one_of<T: Copy>(&mut self, key: &'static str, names: &[(&'static str, T)], absent: Option<T>) -> T {
        let found = self.get(key);
        let chosen = found.and_then(Value::as_str).and_then(|text| names.iter().find(|(name, _)| *name == text));
        match (chosen, found, absent) {
            (Some((_, it)), _, _) => *it,
            (None, None, Some(absent)) => absent,
            _ => {
                let accepted: Vec<_> = names.iter().map(|(name, _)| *name).collect();
                self.refuse(key, &format!("expected one of {}", accepted.join(", ")));
                names[0].1
            }
        }
    }

    /// A colour as browsers write them: `#` and 3, 4, 6 or 8 hexadecimal digits.
    pub(crate) fn colour(&mut self, key: &'static str) -> Option<String> {
        let text = self.optional_text(key, 9)?;
        let digits = text.strip_prefix('#').unwrap_or_default();
        if matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Some(text);
        }
        self.refuse(key, "expected a colour such as #0E7490");
        None
    }

    /// JSON that is read when the draft is published: an object, or nothing.
    pub(crate) fn raw(&mut self, key: &'static str) -> Option<Value> {
        match self.get(key)? {
            value @ Value::Object(_) => Some(value.clone()),
            other => {
                self.expected(key, "an object", Some(other));
                None
            }
        }
    }

    /// An object under a key, if it is there.
    pub(crate) fn object<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Object<'v, '_>) -> T) -> Option<T> {
        let value = self.get(key)?;
        let mut object = Object::new(value, self.at(key), self.problems);
        let it = read(&mut object);
        object.finish();
        Some(it)
    }

    /// A list of at most so many objects; empty if it is absent.
    pub(crate) fn list<T>(
        &mut self,
        key: &'static str,
        max: usize,
        mut read: impl FnMut(&mut Object<'v, '_>) -> T,
    ) -> Vec<T> {
        let items = match self.get(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) if items.len() <= max => items,
            found => {
                self.expected(key, &format!("a list of at most {max}"), found);
                return Vec::new();
            }
        };
        let at = self.at(key);
        let read = items.iter().enumerate().map(|(index, item)| {
            let mut object = Object::new(item, format!("{at}/{index}"), self.problems);
            let it = read(&mut object);
            object.finish();
            it
        });
        read.collect()
    }
}

fn is_part_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// What JSON calls it.
const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
