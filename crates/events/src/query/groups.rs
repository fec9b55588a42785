//! Values of a breakdown as small numbers.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde_json::Value;
use targeting::{Field, Scope};

use super::answer::Group;
use super::known::Known;
use super::matcher::BROWSER;
use crate::columns::{Columns, NO_NUMBER, Property};
use crate::record::DeviceKind;

/// Numbers groups as they come, or knows those that stand by themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    ids: HashMap<Group, u32, RandomState>,
    values: Vec<Group>,
    /// About how many bytes they take.
    bytes: usize,
    /// Whether what is not known is *other*, the last.
    closed: bool,
}

impl Groups {
    /// These, and all others together.
    pub(super) fn closed(groups: &[Group]) -> Self {
        let mut closed = Self::default();
        for group in groups.iter().chain([&Group::Other]) {
            closed.id(group);
        }
        Self { closed: true, ..closed }
    }

    pub(super) fn id(&mut self, group: &Group) -> u32 {
        if let Some(id) = self.ids.get(group) {
            return *id;
        }
        let next = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        if self.closed {
            return next - 1;
        }
        self.bytes += 2 * group.bytes();
        self.ids.insert(group.clone(), next);
        self.values.push(group.clone());
        next
    }

    pub(super) fn all(&self) -> &[Group] {
        &self.values
    }

    /// About how many bytes they take.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Group {
    /// How many bytes it takes.
    pub(super) const fn bytes(&self) -> usize {
        let text = if let Self::Value(text) = self { text.len() } else { 0 };
        size_of::<Self>() + text
    }
}

/// How the rows of one reading are grouped.
pub(super) enum Grouping<'c> {
    /// Not at all.
    One,
    Codes {
        codes: &'c [u32],
        ids: Vec<u32>,
        missing: u32,
    },
    Numbers {
        values: &'c [f64],
        ids: HashMap<u64, u32, RandomState>,
        missing: u32,
    },
    Devices {
        kinds: &'c [Option<DeviceKind>],
        ids: [u32; DeviceKind::ALL.len()],
        missing: u32,
    },
    /// By an attribute of the person.
    Person(Attribute<'c>),
    /// By an attribute of the company.
    Company(&'c [u64], Attribute<'c>),
}

/// An attribute's values, and the ids of those that came already.
pub(super) struct Attribute<'c> {
    values: &'c HashMap<u64, Arc<str>>,
    ids: HashMap<u64, u32, RandomState>,
    missing: u32,
}

impl<'c> Grouping<'c> {
    pub(super) fn new(field: Option<&Field>, columns: &'c Columns, known: &'c Known) -> Self {
        let Some(field) = field else { return Self::One };
        let missing = u32::MAX;
        let name = match (field.scope(), field.name()) {
            (scope @ (Scope::Person | Scope::Company), _) => {
                let Some(values) = known.values.get(field) else { return Self::One };
                let attribute = Attribute { values, ids: HashMap::default(), missing };
                return match scope {
                    Scope::Person => Self::Person(attribute),
                    _ => Self::Company(&columns.company, attribute),
                };
            }
            (Scope::Device, "kind") => {
                let ids = [u32::MAX; DeviceKind::ALL.len()];
                return Self::Devices { kinds: &columns.device, ids, missing };
            }
            (Scope::Page, _) => {
                let ids = vec![u32::MAX; columns.path.values.len()];
                return Self::Codes { codes: &columns.path.codes, ids, missing };
            }
            (Scope::Device, _) => BROWSER,
            (_, name) => name,
        };
        match columns.properties.get(name) {
            Some(Property::Coded(coded)) => {
                Self::Codes { codes: &coded.codes, ids: vec![u32::MAX; coded.values.len()], missing }
            }
            Some(Property::Number(values)) => Self::Numbers { values, ids: HashMap::default(), missing },
            None => Self::Codes { codes: &[], ids: Vec::new(), missing },
        }
    }

    /// The group of a row. Values get their numbers only when a row has them.
    pub(super) fn of(
        &mut self,
        row: usize,
        person: u64,
        columns: &Columns,
        field: Option<&Field>,
        groups: &mut Groups,
    ) -> u32 {
        match self {
            Self::One => 0,
            Self::Codes { codes, ids, missing } => {
                let code = codes.get(row).map_or(usize::MAX, |code| *code as usize);
                match ids.get_mut(code) {
                    None => missing_id(missing, groups),
                    Some(id) => {
                        if *id == u32::MAX {
                            *id = groups.id(&Group::Value(text_at(columns, field, code)));
                        }
                        *id
                    }
                }
            }
            Self::Numbers { values, ids, missing } => match crate::columns::number(values[row]) {
                None => missing_id(missing, groups),
                Some(number) => {
                    *ids.entry(values[row].to_bits()).or_insert_with(|| groups.id(&Group::Value(number.to_string())))
                }
            },
            Self::Devices { kinds, ids, missing } => match kinds[row] {
                None => missing_id(missing, groups),
                Some(kind) => {
                    let id = &mut ids[kind as usize];
                    if *id == u32::MAX {
                        *id = groups.id(&Group::Value(kind.as_str().to_owned()));
                    }
                    *id
                }
            },
            Self::Person(attribute) => attribute.id(person, groups),
            Self::Company(numbers, attribute) => match numbers[row] {
                NO_NUMBER => missing_id(&mut attribute.missing, groups),
                company => attribute.id(company, groups),
            },
        }
    }
}

impl Attribute<'_> {
    fn id(&mut self, number: u64, groups: &mut Groups) -> u32 {
        match self.values.get(&number) {
            None => missing_id(&mut self.missing, groups),
            Some(value) => *self.ids.entry(number).or_insert_with(|| groups.id(&Group::Value(String::from(&**value)))),
        }
    }
}

fn missing_id(missing: &mut u32, groups: &mut Groups) -> u32 {
    if *missing == u32::MAX {
        *missing = groups.id(&Group::Missing);
    }
    *missing
}

/// The text of a code in the column that a field is read from.
fn text_at(columns: &Columns, field: Option<&Field>, code: usize) -> String {
    let Some(field) = field else { return String::new() };
    let name = match (field.scope(), field.name()) {
        (Scope::Page, _) => return columns.path.values.get(code).map(|text| String::from(&**text)).unwrap_or_default(),
        (Scope::Device, _) => BROWSER,
        (_, name) => name,
    };
    match columns.properties.get(name) {
        Some(Property::Coded(coded)) => coded.values.get(code).map(text).unwrap_or_default(),
        _ => String::new(),
    }
}

/// A value as a text: texts as they are, all else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
