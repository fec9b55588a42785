//! An event as bytes: the wire format of Protocol Buffers, written by hand (the schema stands in
//! `docs/formats/event-log.md`).
//!
//! Why this one: fields carry numbers, so that later versions add some and earlier readers step over them; sealed values
//! are bytes as they are; numbers are exact; any protobuf tool can show a decrypted block; and it takes no dependency.
//! [`EventRef`] borrows from the block, so that building the index decodes no property.
//!
//! Invariants: `decode(encode(event)) == event`; an event has the same fingerprint when it is encoded and when it is read
//! back; no bytes whatever make decoding panic.

mod values;
mod wire;

use std::hash::{BuildHasher as _, Hasher as _};

use base::Timestamp;
use foldhash::quality::FixedState;

use crate::record::{DeviceKind, Event, Kind};
pub(crate) use values::{Scalar, entry, put_plain, scalar};
use wire::Reader;
pub(crate) use wire::put_varint;

/// The bytes are not an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("ends in the middle of a field")]
    Short,
    #[error("holds a number that is too long")]
    Number,
    #[error("holds a field of unknown type")]
    Type,
    #[error("holds a text that is not UTF-8")]
    Text,
    #[error("holds an unknown value of a fixed set")]
    Unknown,
    #[error("lacks a field that every event has")]
    Missing,
    #[error("holds values nested too deeply")]
    Depth,
}

/// The event cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a property is nested deeper than {} levels", values::MAX_DEPTH)]
pub struct TooDeep;

/// An event that borrows from its block.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventRef<'a> {
    pub(crate) person: u64,
    pub(crate) company: Option<u64>,
    pub(crate) time: i64,
    pub(crate) received: i64,
    pub(crate) message: [u8; 16],
    pub(crate) kind: u64,
    pub(crate) name: &'a str,
    pub(crate) session: Option<u64>,
    pub(crate) path: Option<&'a str>,
    pub(crate) device: Option<u64>,
    pub(crate) content: Option<&'a str>,
    pub(crate) step: Option<&'a str>,
    pub(crate) properties: Vec<&'a [u8]>,
    pub(crate) sealed: Vec<&'a [u8]>,
    /// The bytes of what happened: from the kind to the last plain property.
    happened: &'a [u8],
}

/// An event without its properties, on its way into the log.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// As [`Event::person`].
    pub person: u64,
    /// As [`Event::company`].
    pub company: Option<u64>,
    /// As [`Event::time`].
    pub time: Timestamp,
    /// As [`Event::received`].
    pub received: Timestamp,
    /// As [`Event::message`].
    pub message: [u8; 16],
    /// As [`Event::kind`].
    pub kind: Kind,
    /// As [`Event::name`].
    pub name: &'a str,
    /// As [`Event::session`].
    pub session: Option<u64>,
    /// As [`Event::path`].
    pub path: Option<&'a str>,
    /// As [`Event::device`].
    pub device: Option<DeviceKind>,
    /// As [`Event::content`].
    pub content: Option<&'a str>,
    /// As [`Event::step`].
    pub step: Option<&'a str>,
}

/// A plain property's value.
#[derive(Debug, Clone, Copy)]
pub enum Plain<'a> {
    Bool(bool),
    Number(&'a serde_json::Number),
    Text(&'a str),
    /// Any value.
    Nested(&'a serde_json::Value),
}

/// Appends an event to a block; the answer is its [fingerprint](EventRef::fingerprint). After an error the block ends in
/// the middle of it.
pub(crate) fn encode<'a>(
    head: &Head<'_>,
    plain: impl Iterator<Item = (&'a str, Plain<'a>)>,
    sealed: impl Iterator<Item = (&'a str, &'a [u8])>,
    out: &mut Vec<u8>,
) -> Result<u32, TooDeep> {
    wire::put_number(out, 1, head.person);
    put_optional(out, 2, head.company);
    wire::put_number(out, 3, wire::zigzag(head.time.micros()));
    wire::put_number(out, 4, wire::zigzag(head.received.micros()));
    wire::put_bytes(out, 5, &head.message);
    let happened = out.len();
    wire::put_number(out, u32::from(FIRST_OF_HAPPENED), code(&Kind::ALL, head.kind));
    wire::put_bytes(out, 7, head.name.as_bytes());
    put_optional(out, 8, head.session);
    put_text(out, 9, head.path);
    put_optional(out, 10, head.device.map(|device| code(&DeviceKind::ALL, device)));
    put_text(out, 11, head.content);
    put_text(out, 12, head.step);
    for (name, value) in plain {
        wire::put_message(out, 13, |out| values::put_plain(out, name, value))?;
    }
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(&out[happened..]);
    for (name, value) in sealed {
        hasher.write(name.as_bytes());
        wire::put_message(out, 14, |out| {
            wire::put_bytes(out, 1, name.as_bytes());
            wire::put_bytes(out, 2, value);
            Ok(())
        })?;
    }
    Ok(low_half(hasher.finish()))
}

impl<'a> Head<'a> {
    /// An event without its properties.
    pub(crate) fn of(event: &'a Event) -> Self {
        Self {
            person: event.person,
            company: event.company,
            time: event.time,
            received: event.received,
            message: event.message,
            kind: event.kind,
            name: &event.name,
            session: event.session,
            path: event.path.as_deref(),
            device: event.device,
            content: event.content.as_deref(),
            step: event.step.as_deref(),
        }
    }
}

fn put_optional(out: &mut Vec<u8>, field: u32, value: Option<u64>) {
    if let Some(value) = value {
        wire::put_number(out, field, value);
    }
}

fn put_text(out: &mut Vec<u8>, field: u32, value: Option<&str>) {
    if let Some(value) = value {
        wire::put_bytes(out, field, value.as_bytes());
    }
}

/// Codes count from 1, so that 0, protobuf's default, never means one of them.
fn code<T: PartialEq>(all: &[T], value: T) -> u64 {
    all.iter().zip(1..).find(|(one, _)| **one == value).map_or(0, |(_, code)| code)
}

pub(crate) fn of_code<T: Copy>(all: &[T], code: u64) -> Result<T, DecodeError> {
    let at = usize::try_from(code).ok().and_then(|code| code.checked_sub(1)).ok_or(DecodeError::Unknown)?;
    all.get(at).copied().ok_or(DecodeError::Unknown)
}

/// Reads the shape of one event; properties and sealed values stay bytes.
pub(crate) fn decode_ref(bytes: &[u8]) -> Result<EventRef<'_>, DecodeError> {
    let mut event = EventRef::default();
    let mut seen = 0_u32;
    let (mut from, mut happened) = (0, bytes.len()..0);
    let mut reader = Reader(bytes);
    while let Some((field, value)) = reader.field()? {
        let upto = bytes.len() - reader.0.len();
        if (FIRST_OF_HAPPENED.into()..=LAST_OF_HAPPENED).contains(&field) {
            happened = happened.start.min(from)..upto;
        }
        from = upto;
        match field {
            1 => event.person = value.number()?,
            2 => event.company = Some(value.number()?),
            3 => event.time = wire::unzigzag(value.number()?),
            4 => event.received = wire::unzigzag(value.number()?),
            5 => event.message = value.bytes()?.try_into().map_err(|_| DecodeError::Type)?,
            6 => event.kind = value.number()?,
            7 => event.name = value.text()?,
            8 => event.session = Some(value.number()?),
            9 => event.path = Some(value.text()?),
            10 => event.device = Some(value.number()?),
            11 => event.content = Some(value.text()?),
            12 => event.step = Some(value.text()?),
            13 => event.properties.push(value.bytes()?),
            14 => event.sealed.push(value.bytes()?),
            _ => continue,
        }
        seen |= 1 << field;
    }
    event.happened = bytes.get(happened).unwrap_or_default();
    if seen & REQUIRED == REQUIRED { Ok(event) } else { Err(DecodeError::Missing) }
}

/// The fields that say what happened, which lie together.
const FIRST_OF_HAPPENED: u8 = 6;
const LAST_OF_HAPPENED: u64 = 13;

const REQUIRED: u32 = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7;

impl EventRef<'_> {
    /// Whether its codes are known; its properties are looked at when they are read.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        of_code(&Kind::ALL, self.kind)?;
        self.device.map(|code| of_code(&DeviceKind::ALL, code)).transpose().map(drop)
    }

    /// The event itself.
    pub(crate) fn to_event(&self) -> Result<Event, DecodeError> {
        let mut properties = serde_json::Map::with_capacity(self.properties.len());
        for entry in &self.properties {
            let (name, value) = values::entry(entry, 0)?;
            properties.insert(name.to_owned(), value);
        }
        let sealed = self.sealed.iter().map(|entry| sealed_entry(entry)).collect::<Result<_, _>>()?;
        Ok(Event {
            person: self.person,
            company: self.company,
            time: Timestamp(self.time),
            received: Timestamp(self.received),
            message: self.message,
            kind: of_code(&Kind::ALL, self.kind)?,
            name: self.name.to_owned(),
            session: self.session,
            path: self.path.map(str::to_owned),
            device: self.device.map(|code| of_code(&DeviceKind::ALL, code)).transpose()?,
            content: self.content.map(str::to_owned),
            step: self.step.map(str::to_owned),
            properties,
            sealed,
        })
    }

    /// What tells one content from another under the same message id: all that is said to have happened, with what device,
    /// but neither who nor when, which a retry may state otherwise, nor the bytes of sealed values, which differ at each
    /// sealing. For this process only: it is made anew from the log at each start.
    pub(crate) fn fingerprint(&self) -> u32 {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(self.happened);
        for entry in &self.sealed {
            if let Ok(Some((1, name))) = Reader(entry).field() {
                hasher.write(name.bytes().unwrap_or_default());
            }
        }
        low_half(hasher.finish())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half of a hash")]
const fn low_half(hash: u64) -> u32 {
    hash as u32
}

/// A sealed property's field and value.
pub(crate) fn sealed_entry(bytes: &[u8]) -> Result<(String, Vec<u8>), DecodeError> {
    let (mut name, mut sealed) = (None, None);
    let mut reader = Reader(bytes);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => name = Some(value.text()?),
            2 => sealed = Some(value.bytes()?),
            _ => {}
        }
    }
    Ok((name.ok_or(DecodeError::Missing)?.to_owned(), sealed.ok_or(DecodeError::Missing)?.to_vec()))
}

/// The events of a block: each its length, then its bytes.
pub(crate) struct Events<'a>(Reader<'a>);

impl<'a> Events<'a> {
    pub(crate) const fn of(block: &'a [u8]) -> Self {
        Self(Reader(block))
    }
}

/// Byte strings, each its length and then its bytes; the rest is dropped where one is cut short.
pub(crate) fn packed(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader(bytes);
    std::iter::from_fn(move || {
        let length = reader.varint().ok()?;
        reader.take(length).ok()
    })
}

/// Appends a byte string to such a list.
pub(crate) fn pack(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<EventRef<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.0.is_empty() {
            return None;
        }
        let event = self.0.varint().and_then(|length| self.0.take(length)).and_then(decode_ref);
        if event.is_err() {
            self.0.0 = &[];
        }
        Some(event)
    }
}
