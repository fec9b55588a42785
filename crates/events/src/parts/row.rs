//! An event on its way between the log, parts and parts, borrowed from where it lies.
//!
//! Properties stay as the log has them (entries of its encoding) until a column takes them: a value comes back exactly
//! as it went in, and nothing is parsed that is only carried along.

use std::collections::{BTreeMap, HashMap};

use base::Timestamp;
use serde_json::Map;

use crate::encoding::{DecodeError, EventRef, Scalar, entry, of_code, scalar, sealed_entry};
use crate::record::{Arrival, DeviceKind, Event, Kind, LogId};

/// A property: its name, its value where it is simple, and its entry as the log has it where it was read from one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Scalar<'a>,
    pub(crate) entry: Option<&'a [u8]>,
}

/// An event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row<'a> {
    pub(crate) person: u64,
    pub(crate) company: Option<u64>,
    pub(crate) time: i64,
    pub(crate) received: i64,
    pub(crate) log: u64,
    pub(crate) sequence: u64,
    pub(crate) index: u32,
    pub(crate) message: [u8; 16],
    /// As the log codes it.
    pub(crate) kind: u8,
    /// The durable code of the event's name.
    pub(crate) name: u32,
    pub(crate) session: Option<u64>,
    pub(crate) path: Option<&'a str>,
    /// As the log codes it.
    pub(crate) device: Option<u8>,
    pub(crate) content: Option<&'a str>,
    pub(crate) step: Option<&'a str>,
    pub(crate) properties: Vec<Property<'a>>,
    /// Entries as the log has them.
    pub(crate) sealed: Vec<&'a [u8]>,
}

/// What parts are sorted by.
pub(crate) type Key = (u64, i64, u64, u64, u32);

/// Beyond so many properties doubles are looked for with a map.
const FEW: usize = 24;

impl<'a> Row<'a> {
    /// An event of the log, with its name's durable code.
    pub(crate) fn of_log(event: &EventRef<'a>, arrival: Arrival, name: u32) -> Result<Self, DecodeError> {
        let small = |code: u64| u8::try_from(code).map_err(|_| DecodeError::Unknown);
        Ok(Self {
            person: event.person,
            company: event.company,
            time: event.time,
            received: event.received,
            log: arrival.log.0,
            sequence: arrival.sequence,
            index: arrival.index,
            message: event.message,
            kind: small(event.kind)?,
            name,
            session: event.session,
            path: event.path,
            device: event.device.map(small).transpose()?,
            content: event.content,
            step: event.step,
            properties: properties(&event.properties)?,
            sealed: event.sealed.clone(),
        })
    }

    /// Its place among others.
    pub(crate) const fn key(&self) -> Key {
        (self.person, self.time, self.log, self.sequence, self.index)
    }

    /// What identifies it.
    pub(crate) const fn arrival(&self) -> Arrival {
        Arrival { log: LogId(self.log), sequence: self.sequence, index: self.index }
    }

    /// The event itself; `names` has the names by their durable codes.
    pub(crate) fn to_event(&self, names: &[impl AsRef<str>]) -> Result<Event, DecodeError> {
        let mut plain = Map::with_capacity(self.properties.len());
        for property in &self.properties {
            plain.insert(property.name.to_owned(), property.to_value()?);
        }
        let sealed = self.sealed.iter().map(|entry| sealed_entry(entry)).collect::<Result<BTreeMap<_, _>, _>>()?;
        let name = names.get(self.name as usize).ok_or(DecodeError::Unknown)?;
        Ok(Event {
            person: self.person,
            company: self.company,
            time: Timestamp(self.time),
            received: Timestamp(self.received),
            message: self.message,
            kind: of_code(&Kind::ALL, self.kind.into())?,
            name: name.as_ref().to_owned(),
            session: self.session,
            path: self.path.map(str::to_owned),
            device: self.device.map(|code| of_code(&DeviceKind::ALL, code.into())).transpose()?,
            content: self.content.map(str::to_owned),
            step: self.step.map(str::to_owned),
            properties: plain,
            sealed,
        })
    }
}

impl<'a> Property<'a> {
    /// A property as the log has it.
    pub(crate) fn of_entry(entry: &'a [u8]) -> Result<Self, DecodeError> {
        let (name, value) = scalar(entry)?;
        Ok(Self { name, value, entry: Some(entry) })
    }

    /// The value itself.
    pub(crate) fn to_value(self) -> Result<serde_json::Value, DecodeError> {
        Ok(match (self.value, self.entry) {
            (_, Some(bytes)) => entry(bytes, 0)?.1,
            (Scalar::Text(text), None) => text.into(),
            (Scalar::Integer(number), None) => number.into(),
            (Scalar::Bool(value), None) => value.into(),
            (Scalar::Number(number), None) => {
                serde_json::Number::from_f64(number).map(Into::into).ok_or(DecodeError::Number)?
            }
            (Scalar::Other, None) => return Err(DecodeError::Missing),
        })
    }
}

/// The properties of entries; where a name is there twice, the last counts.
fn properties<'a>(entries: &[&'a [u8]]) -> Result<Vec<Property<'a>>, DecodeError> {
    let mut found: Vec<Property<'a>> = Vec::with_capacity(entries.len());
    let mut places: HashMap<&str, usize> = HashMap::new();
    for entry in entries {
        let property = Property::of_entry(entry)?;
        let before = if entries.len() <= FEW {
            found.iter().position(|other| other.name == property.name)
        } else {
            places.get(property.name).copied()
        };
        if let Some(at) = before {
            found[at] = property;
        } else {
            if entries.len() > FEW {
                places.insert(property.name, found.len());
            }
            found.push(property);
        }
    }
    Ok(found)
}
