//! Parts over arbitrary events and arbitrary bytes.

use std::fs;
use std::sync::Arc;

use base::id::EnvironmentId;
use base::{FrozenClock, Secret, SeededRng, Timestamp};
use keys::KeyKind;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Number, Value, json};

use super::error::PartError;
use super::format::{KeyNote, Sealed};
use super::keys::{PartKeyError, PartKeys};
use super::manifest::{MANIFEST, Manifest, PartEntry};
use super::options::PartOptions;
use super::read::Part;
use super::row::Row;
use super::schema::{self, Counting};
use super::source::PartSource;
use super::store::Parts;
use super::write::{Maker, PartWriter};
use crate::columns::{Columns, Source as _, Wanted};
use crate::encoding::decode_ref;
use crate::log_keys::{LogKeyError, LogKeys};
use crate::record::{Arrival, Event, LogId};
use crate::tests::{encode, event};

struct OneKey(u8);

impl PartKeys for OneKey {
    fn primary(&self, _: KeyKind, _: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), PartKeyError> {
        Ok((1, Secret::new([self.0; 32])))
    }

    fn version(&self, _: KeyKind, _: EnvironmentId, _: u32) -> Result<Secret<[u8; 32]>, PartKeyError> {
        Ok(Secret::new([self.0; 32]))
    }
}

fn environment() -> EnvironmentId {
    "env_00000000000000000000000001".parse().unwrap()
}

/// Values of a few names, so that columns of every type come to be, and what does not fit them.
fn known() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (-9_i64..9).prop_map(Value::from),
        2 => (-4_i32..4).prop_map(|value| Value::from(f64::from(value))),
        2 => any::<f64>().prop_map(|value| Number::from_f64(value).map_or(Value::Null, Value::Number)),
        1 => prop::sample::select(vec![
            json!(i64::MIN), json!(u64::MAX), json!(1_u64 << 53), json!(-(1_i64 << 53)), json!((1_i64 << 53) - 1),
            json!(-0.0), json!(null), json!([1, 2.5, {"a": null}]), json!({"deep": [10.0]}), json!(1e300),
        ]),
        3 => prop::sample::select(vec!["", "free", "team", "\u{0}ü"]).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

prop_compose! {
    fn events()(
        events in prop::collection::vec((event(), prop::collection::vec((0..4_usize, known()), 0..4)), 1..60),
        people in 1..9_u64,
        shift in 0..4_usize,
    ) -> Vec<(Arrival, Event)> {
        let named = |(at, (mut event, properties)): (usize, (Event, Vec<(usize, Value)>))| {
            // Some people of the whole range, but most with several events.
            if event.person % 4 != 0 {
                event.person %= people;
            }
            event.name = format!("Event {}", at % 3);
            event.properties.retain(|_, _| at % 5 == shift);
            for (name, value) in properties {
                event.properties.insert(["plan", "amount", "ratio", "on"][name].to_owned(), value);
            }
            let arrival = Arrival { log: LogId(at as u64 % 2), sequence: at as u64 / 3, index: u32::try_from(at).unwrap() };
            (arrival, event)
        };
        events.into_iter().enumerate().map(named).collect()
    }
}

fn names() -> Vec<Arc<str>> {
    (0..3).map(|at| Arc::from(format!("Event {at}"))).collect()
}

/// A part of events, with so many rows a group and so many properties with columns.
fn write(folder: &std::path::Path, events: &[(Arrival, Event)], group_rows: usize, most: usize) -> PartEntry {
    let rng = SeededRng::new(7);
    let blocks: Vec<(Arrival, u32, Vec<u8>)> = events
        .iter()
        .map(|(arrival, event)| {
            let mut bytes = Vec::new();
            encode(event, &mut bytes);
            (*arrival, event.name[6..].parse().unwrap(), bytes)
        })
        .collect();
    let row = |(arrival, name, bytes): &(Arrival, u32, Vec<u8>)| (*arrival, *name, bytes.clone());
    let mut sorted: Vec<_> = blocks.iter().map(row).collect();
    sorted
        .sort_by_key(|(arrival, name, bytes)| Row::of_log(&decode_ref(bytes).unwrap(), *arrival, *name).unwrap().key());
    let mut counting = Counting::new(&[]);
    for (arrival, name, bytes) in &sorted {
        let row = Row::of_log(&decode_ref(bytes).unwrap(), *arrival, *name).unwrap();
        for (at, property) in row.properties.iter().enumerate() {
            counting.count(at, property);
        }
    }
    let maker = Maker { folder, environment: environment(), keys: &OneKey(3), rng: &rng, group_rows };
    let mut writer = PartWriter::create(maker, 0, schema::choose(&counting.uses(), most)).unwrap();
    for (arrival, name, bytes) in &sorted {
        writer.push(&Row::of_log(&decode_ref(bytes).unwrap(), *arrival, *name).unwrap()).unwrap();
    }
    writer.finish().unwrap().unwrap()
}

fn read(part: &Part) -> Vec<(Arrival, Event)> {
    let mut read = Vec::new();
    for group in 0..part.groups.len() {
        let group = part.group(group).unwrap();
        for row in 0..group.rows() {
            let row = group.row(row).unwrap();
            read.push((row.arrival(), row.to_event(&names()).unwrap()));
        }
    }
    read
}

impl LogKeys for OneKey {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        Ok((1, LogKeys::version(self, environment, 1)?))
    }

    fn version(&self, _: EnvironmentId, _: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        Ok(Secret::new([self.0; 32]))
    }
}

#[test]
fn a_merge_that_would_lose_a_row_is_not_committed_and_leaves_no_file() {
    let data = tempfile::tempdir().unwrap();
    let (keys, clock) = (Arc::new(OneKey(3)), Arc::<FrozenClock>::default());
    let rng = Arc::new(SeededRng::new(1));
    let parts =
        Parts::open(data.path(), environment(), keys.clone(), keys, clock, rng, PartOptions::default()).unwrap();
    let of_one = |sequence: u64| {
        let mut event = event().new_tree(&mut TestRunner::deterministic()).unwrap().current();
        (event.person, event.name) = (sequence % 2, "Event 0".to_owned());
        (Arrival { log: LogId(1), sequence, index: 0 }, event)
    };
    let entry = write(&parts.folder, &(1..=6).map(of_one).collect::<Vec<_>>(), 4, 2);
    let files = || fs::read_dir(&parts.folder).unwrap().count();
    let before = files();
    let made = PartEntry { id: [7; 16], rows: 5, ..entry.clone() };
    fs::write(parts.folder.join(super::file_name(made.id)), "").unwrap();
    assert!(parts.whole(std::slice::from_ref(&entry), Some(made.clone()), 1).unwrap().is_some());
    let merged = parts.whole(std::slice::from_ref(&entry), Some(made), 0);
    assert!(
        matches!(&merged, Err(PartError::Damaged { reason, .. }) if reason.contains("of its 6 events 5")),
        "{merged:?}"
    );
    assert_eq!(files(), before);
    let mut next = Manifest::default();
    next.erased.whole.insert(1);
    next.left_out.know(1, 1, Some([1; 16]));
    next.left_out.know(1, 4, Some([4; 16]));
    let merged = parts.merge(&[entry], &mut next).unwrap().unwrap();
    let left_out = [1, 4].map(|first| next.left_out.of(1, first.into(), [first; 16]));
    assert_eq!((merged.rows, next.gone, left_out), (3, 3, [2, 1]), "what goes is written down, file by file");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn events_come_back_from_a_part_exactly(mut events in events(), group_rows in 1..40_usize, most in 0..6_usize) {
        let folder = tempfile::tempdir().unwrap();
        let entry = write(folder.path(), &events, group_rows, most);
        let part = Part::open(folder.path(), environment(), entry, &OneKey(3)).unwrap();
        events.sort_by_key(|(arrival, event)| (event.person, event.time, *arrival));
        let exactly = |event: &Event| event.properties.iter().map(|(name, value)| format!("{name}{value}")).collect::<std::collections::BTreeSet<_>>();
        let back = read(&part);
        prop_assert_eq!(&back, &events);
        for (read, event) in back.iter().zip(&events) {
            // As text too: 1 and 1.0 are not the same there, nor are 0.0 and -0.0.
            prop_assert_eq!(exactly(&read.1), exactly(&event.1));
        }
    }

    #[test]
    fn a_part_and_a_run_in_memory_give_the_same_columns(events in events(), group_rows in 1..40_usize, most in 0..6_usize, from in 0..9_u64, many in 0..9_u64, named in prop::collection::vec(0..4_usize, 0..3)) {
        let folder = tempfile::tempdir().unwrap();
        let entry = write(folder.path(), &events, group_rows, most);
        let part = Part::open(folder.path(), environment(), entry, &OneKey(3)).unwrap();
        let source = PartSource::new(Arc::new(part), Arc::new(names()), None);
        let (one, other) = events.split_at(events.len() / 2);
        let run = crate::TailRun::of(one.to_vec()).merged(&crate::TailRun::of(other.to_vec()));
        let events = crate::TailRun::of(events).events().map(|(arrival, event)| (arrival, event, ())).collect::<Vec<_>>();
        let all = |columns: &Columns| columns.events().map(|(arrival, event)| (arrival, event, ())).collect::<Vec<_>>();
        prop_assert_eq!(&all(&source.read(&Wanted::all()).unwrap()), &events);
        prop_assert_eq!(&all(&run.read(&Wanted::all()).unwrap()), &events);
        let wanted = Wanted { people: from..=from.saturating_add(many), ..Wanted::all() };
        prop_assert_eq!(all(&source.read(&wanted).unwrap()), all(&run.read(&wanted).unwrap()));
        let wanted_names: Vec<Arc<str>> = named.iter().map(|at| Arc::from(format!("Event {at}"))).collect();
        let wanted = Wanted { names: Some(wanted_names.clone()), ..wanted };
        let mut expected = all(&run.read(&wanted).unwrap());
        expected.retain(|(_, event, ())| wanted_names.iter().any(|name| **name == *event.name));
        prop_assert_eq!(all(&source.read(&wanted).unwrap()), expected);
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (KeyNote::read(&bytes), KeyNote::open(&bytes, &Secret::new([3; 32])));
        let _ = Sealed::key_version(environment(), &bytes).map(|_| Sealed::open(&bytes, &Secret::new([3; 32])));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), &bytes).unwrap();
        prop_assert!(Manifest::load(folder.path(), environment(), &OneKey(3)).is_err());
        let event = (Arrival { log: LogId(1), sequence: 1, index: 0 }, plain());
        let entry = write(folder.path(), &[event], 10, 4);
        let path = folder.path().join(super::file_name(entry.id));
        fs::write(&path, &bytes).unwrap();
        let entry = PartEntry { bytes: bytes.len() as u64, ..entry };
        prop_assert!(Part::open(folder.path(), environment(), entry, &OneKey(3)).is_err());
    }
}

fn plain() -> Event {
    Event {
        person: 1,
        company: None,
        time: Timestamp(5),
        received: Timestamp(6),
        message: [9; 16],
        kind: crate::Kind::Track,
        name: "Event 1".to_owned(),
        session: None,
        path: Some("/pricing".to_owned()),
        device: None,
        content: None,
        step: None,
        properties: serde_json::Map::from_iter([("plan".to_owned(), "team".into())]),
        sealed: std::collections::BTreeMap::from([("email".to_owned(), vec![1, 2, 3])]),
    }
}

#[test]
fn a_changed_byte_is_an_error_or_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let events: Vec<_> = (0..40)
        .map(|at| (Arrival { log: LogId(1), sequence: at, index: 0 }, Event { person: at / 5, ..plain() }))
        .collect();
    let entry = write(folder.path(), &events, 16, 4);
    let path = folder.path().join(super::file_name(entry.id));
    let bytes = fs::read(&path).unwrap();
    let mut noticed = 0;
    // What is not noticed here by a tag is noticed by the hash that verifying takes: see the suite.
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, &changed).unwrap();
        let answer = Part::open(folder.path(), environment(), entry.clone(), &OneKey(3)).and_then(|part| {
            (0..part.groups.len()).map(|group| part.group(group)).collect::<Result<Vec<_>, _>>().map(|_| read(&part))
        });
        match answer {
            Ok(answer) => assert_eq!(answer, events, "byte {at}"),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > bytes.len() * 9 / 10, "{noticed} of {}", bytes.len());
}

#[test]
fn another_key_and_another_place_are_refused_and_nothing_is_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let entry = write(folder.path(), &[(Arrival { log: LogId(1), sequence: 1, index: 0 }, plain())], 10, 4);
    let open =
        |environment, entry: &PartEntry, key| Part::open(folder.path(), environment, entry.clone(), &OneKey(key));
    assert!(open(environment(), &entry, 3).is_ok());
    assert!(open(environment(), &entry, 4).is_err(), "another key");
    assert!(open("env_00000000000000000000000002".parse().unwrap(), &entry, 3).is_err(), "another environment");
    let moved = PartEntry { id: [1; 16], ..entry.clone() };
    let path = folder.path().join(super::file_name(entry.id));
    fs::copy(&path, folder.path().join(super::file_name(moved.id))).unwrap();
    assert!(open(environment(), &moved, 3).is_err(), "another part's name");
    let bytes = fs::read(&path).unwrap();
    for text in ["plan", "team", "/pricing", "person", "email", "sequence"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} is in clear");
    }
    assert_eq!(KeyNote::of_file(&path).unwrap().unwrap().key_version, 1);
}
