//! Parsers over arbitrary bytes, and events over their encoding.

use std::collections::BTreeMap;

use base::{Secret, SeededRng, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

use crate::batch::Batch;
use crate::encoding::{Events, decode_ref};
use crate::format::{Codec, Durable, FileKey, FileName, Header, Prologue};
use crate::record::{DeviceKind, Event, Kind};
use crate::scan::{Segment, scan};

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|value| Number::from_f64(value).map_or(Value::Null, Value::Number)),
        ".{0,200}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            entries(inner).prop_map(Value::Object),
        ]
    })
}

fn entries(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((".{0,10}", value), 0..6).prop_map(Map::from_iter)
}

prop_compose! {
    pub(crate) fn event()(
        (person, company, session) in (any::<u64>(), any::<Option<u64>>(), any::<Option<u64>>()),
        (time, received, message) in (any::<i64>(), any::<i64>(), any::<[u8; 16]>()),
        (kind, device) in (prop::sample::select(&Kind::ALL[..]), prop::option::of(prop::sample::select(&DeviceKind::ALL[..]))),
        (name, path) in (".{0,30}", prop::option::of(".{0,30}")),
        (content, step) in (prop::option::of(".{0,9}"), prop::option::of(".{0,9}")),
        properties in entries(value()),
        sealed in prop::collection::btree_map(".{0,9}", prop::collection::vec(any::<u8>(), 0..300), 0..3),
    ) -> Event {
        let (time, received) = (Timestamp(time), Timestamp(received));
        Event { person, company, time, received, message, kind, name, session, path, device, content, step, properties, sealed }
    }
}

/// Appends an event's bytes; the answer is the fingerprint that it gets on its way into the log.
pub(crate) fn encode(event: &Event, out: &mut Vec<u8>) -> u32 {
    let batch = Batch::from(vec![event.clone()]);
    out.extend_from_slice(&batch.bytes);
    batch.events[0].message.fingerprint
}

fn file_key() -> FileKey {
    let environment = "env_00000000000000000000000001".parse().unwrap();
    let file = *b"0123456789abcdef";
    let header = Header { environment, edge: "edge".into(), file, first: 1, opened: Timestamp(0), key_version: 1 };
    header.seal(&Secret::new([1; 32]), &SeededRng::new(1)).1
}

proptest! {
    #[test]
    fn an_event_survives_its_encoding(event in event()) {
        let mut bytes = Vec::new();
        let fingerprint = encode(&event, &mut bytes);
        let read = decode_ref(&bytes).unwrap();
        prop_assert_eq!(read.fingerprint(), fingerprint);
        prop_assert_eq!(read.to_event().unwrap(), event);
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for event in Events::of(&bytes).chain([decode_ref(&bytes)]).flatten() {
            let _ = (event.to_event(), event.fingerprint());
        }
        let _ = (Header::read(&bytes), Durable::from_bytes(&bytes), FileName::parse(&String::from_utf8_lossy(&bytes)));
        let _ = scan(&file_key(), &bytes, 0, 1);
    }

    #[test]
    fn no_changed_event_makes_decoding_panic(event in event(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = Vec::new();
        encode(&event, &mut bytes);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = decode_ref(&bytes).map(|event| event.to_event().map(drop));
        let _ = Events::of(&bytes).count();
    }

    #[test]
    fn later_fields_are_stepped_over(event in event(), field in 15_u32..200, value: u64) {
        let mut bytes = Vec::new();
        crate::encoding::put_varint(&mut bytes, u64::from(field << 3));
        crate::encoding::put_varint(&mut bytes, value);
        encode(&event, &mut bytes);
        bytes.extend_from_slice(&[0xfd, 0x01, 1, 2, 3, 4]);
        prop_assert_eq!(decode_ref(&bytes).unwrap().to_event().unwrap(), event);
    }

    #[test]
    fn frames_behind_anything_broken_are_found(junk in prop::collection::vec(any::<u8>(), 0..200), payload in prop::collection::vec(any::<u8>(), 0..100)) {
        let key = file_key();
        let raw_length = u32::try_from(payload.len()).unwrap();
        let prologue = Prologue { durable: 4, count: 0, raw_length, codec: Codec::Raw };
        let mut bytes = junk.clone();
        key.seal(9, prologue, &payload, &mut bytes).unwrap();
        let segments = scan(&key, &bytes, 0, 5);
        let whole = Segment::Whole { sequence: 9, offset: junk.len(), length: bytes.len() - junk.len(), durable: 4 };
        prop_assert_eq!(segments.last(), Some(&whole));
        prop_assert_eq!(key.open(9, &bytes[junk.len()..]).unwrap().0.unpack().unwrap(), payload);
    }
}

#[test]
fn a_block_that_claims_to_be_huge_is_refused_before_memory_is_taken() {
    let key = file_key();
    let prologue = Prologue { durable: 1, count: 1, raw_length: u32::MAX, codec: Codec::Zstd };
    let mut bytes = Vec::new();
    key.seal(1, prologue, b"", &mut bytes).unwrap();
    assert!(key.open(1, &bytes).is_err());
}

#[test]
fn an_event_lacking_what_every_event_has_is_refused() {
    let event = Event {
        person: 1,
        company: None,
        time: Timestamp(1),
        received: Timestamp(2),
        message: [3; 16],
        kind: Kind::Page,
        name: String::new(),
        session: None,
        path: None,
        device: None,
        content: None,
        step: None,
        properties: Map::new(),
        sealed: BTreeMap::new(),
    };
    let mut bytes = Vec::new();
    encode(&event, &mut bytes);
    assert_eq!(decode_ref(&bytes).unwrap().to_event().unwrap(), event);
    assert!(decode_ref(&bytes[2..]).is_err(), "without person");
    assert!(decode_ref(&bytes[..bytes.len() - 2]).is_err(), "without name");
}
