//! How fast events become parts, and how fast questions' columns come out of them.
//!
//! `cargo run --release -p events --example bench_parts [million events] [folder]`. 200,000 people, 60 names, 90 days, 12
//! properties. Each reading is done with 2 threads, three times; the median counts.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks and may panic")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "figures for people")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::id::EnvironmentId;
use base::{Clock, FrozenClock, Secret, SeededRng, SystemRng, Timestamp};
use events::{
    Column, ColumnSet, DeviceKind, Event, EventLog, Kind, LogKeyError, LogKeys, Options, PartKeyError, PartKeys,
    PartOptions, PartReader, Parts, Properties, Snapshot, Wanted,
};
use keys::KeyKind;
use serde_json::json;

struct OneKey;

impl LogKeys for OneKey {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        Ok((1, LogKeys::version(self, environment, 1)?))
    }

    fn version(&self, _: EnvironmentId, _: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        Ok(Secret::new([7; 32]))
    }
}

impl PartKeys for OneKey {
    fn primary(&self, kind: KeyKind, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), PartKeyError> {
        Ok((1, PartKeys::version(self, kind, environment, 1)?))
    }

    fn version(&self, kind: KeyKind, _: EnvironmentId, _: u32) -> Result<Secret<[u8; 32]>, PartKeyError> {
        Ok(Secret::new([kind.code(); 32]))
    }
}

const PEOPLE: u64 = 200_000;
const DAY: i64 = 86_400_000_000;

fn main() {
    let million: u64 = std::env::args().nth(1).map_or(10, |text| text.parse().unwrap());
    let folder = std::env::args().nth(2).map_or_else(|| PathBuf::from("target/parts-bench"), PathBuf::from);
    let _ = std::fs::remove_dir_all(&folder);
    let environment: EnvironmentId = "env_00000000000000000000000001".parse().unwrap();
    let clock = Arc::new(FrozenClock::default());
    fill(&folder, environment, &clock, million * 1_000_000);
    let reader = PartReader::new(&folder, environment, Arc::new(OneKey));
    let started = Instant::now();
    let snapshot = reader.snapshot().unwrap();
    let rows: u64 = snapshot.sources().iter().map(|source| source.rows()).sum();
    println!("opening {} parts of {rows} events: {:?}", snapshot.sources().len(), started.elapsed());
    println!("{:.1} bytes an event", bytes(&folder.join("parts")) as f64 / rows as f64);
    println!("memory: {} MB at most so far", peak());
    let base = Wanted { columns: ColumnSet::NONE, properties: Properties::NONE, ..Wanted::all() };
    let person = ColumnSet::NONE.with(Column::Person);
    let named = |names: &[&str]| Properties::Named(names.iter().map(|name| Arc::from(*name)).collect());
    let one = Some(vec![Arc::from("Event 7")]);
    measure("time, name", &snapshot, &base);
    measure("person, time, name", &snapshot, &Wanted { columns: person, ..base.clone() });
    measure("person, time, one name of 60", &snapshot, &Wanted { columns: person, names: one.clone(), ..base.clone() });
    let wanted = Wanted { columns: person, properties: named(&["plan"]), ..base.clone() };
    measure("person, time, name, a text property", &snapshot, &wanted);
    let wanted = Wanted { columns: person, properties: named(&["amount"]), ..base.clone() };
    measure("person, time, name, a number", &snapshot, &wanted);
    let month = snapshot_start()..snapshot_start() + 30 * DAY;
    measure("30 days: person, time, one name", &snapshot, &Wanted { columns: person, names: one, time: month, ..base });
    let people = 77_777..=77_777;
    measure("one person, everything", &snapshot, &Wanted { people, ..Wanted::all() });
    let _ = std::fs::remove_dir_all(&folder);
}

fn snapshot_start() -> i64 {
    FrozenClock::default().now().micros() - 90 * DAY
}

/// Reads every source with two threads.
fn measure(what: &str, snapshot: &Snapshot, wanted: &Wanted) {
    let mut runs = Vec::new();
    let mut rows = 0;
    for _ in 0..3 {
        let started = Instant::now();
        let read = |of: usize| {
            let sources = snapshot.sources().iter().skip(of).step_by(2);
            sources.map(|source| source.read(wanted).unwrap().rows).sum::<usize>()
        };
        rows = std::thread::scope(|scope| {
            let other = scope.spawn(|| read(1));
            read(0) + other.join().unwrap()
        });
        runs.push(started.elapsed());
    }
    runs.sort();
    println!("{what}: {:?} for {rows} rows", runs[1]);
}

/// Appends, seals and merges.
fn fill(folder: &Path, environment: EnvironmentId, clock: &Arc<FrozenClock>, events: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let rng = Arc::new(SystemRng);
    let options = Options { duplicate_window: Duration::from_mins(1), ..Options::default() };
    let (log, _) = EventLog::open(folder, "edge", Arc::new(OneKey), clock.clone(), rng.clone(), options).unwrap();
    let parts = Parts::open(
        folder,
        environment,
        Arc::new(OneKey),
        Arc::new(OneKey),
        clock.clone(),
        rng,
        PartOptions::default(),
    )
    .unwrap();
    let random = SeededRng::new(1);
    let (mut sealing, mut merging, mut number) = (Duration::ZERO, Duration::ZERO, 0);
    let start = snapshot_start();
    while number < events {
        let batch: Vec<Event> =
            (number..(number + 4_000).min(events)).map(|at| event(at, events, start, &random)).collect();
        number += batch.len() as u64;
        runtime.block_on(log.append(environment, batch)).unwrap();
        let started = Instant::now();
        if number % 200_000 == 0 {
            parts.seal_due().unwrap();
        }
        sealing += started.elapsed();
    }
    let started = Instant::now();
    while parts.seal_now().unwrap().more {}
    sealing += started.elapsed();
    let started = Instant::now();
    while parts.compact_due().unwrap() {}
    merging += started.elapsed();
    let per = |time: Duration| time.as_secs_f64() * 1e6 / events as f64;
    println!("sealing {:.2} us an event, merging {:.2} us an event", per(sealing), per(merging));
    runtime.block_on(log.shutdown());
}

fn event(at: u64, all: u64, start: i64, random: &SeededRng) -> Event {
    let bytes: [u8; 16] = (random as &dyn base::Rng).bytes();
    let dice = u64::from_le_bytes(*bytes.first_chunk().unwrap());
    let time = Timestamp(start + (90 * DAY / i64::try_from(all).unwrap()) * i64::try_from(at).unwrap());
    let pick = |shift: u32, of: u64| (dice >> shift) % of;
    let plan = ["free", "team", "business"][pick(3, 3) as usize];
    let browser = ["Firefox", "Chrome", "Safari"][pick(13, 3) as usize];
    let properties = json!({
        "plan": plan, "amount": pick(5, 10_000) as f64 / 100.0,
        "seats": pick(7, 50), "trial": pick(9, 2) == 0, "country": format!("C{}", pick(11, 40)),
        "browser": browser, "version": format!("1.{}", pick(15, 30)),
        "campaign": format!("campaign {}", pick(17, 100)), "position": pick(19, 1_000), "ratio": pick(21, 1 << 20) as f64 / 7.0,
        "team": format!("team {}", pick(23, 5_000)), "beta": pick(25, 9) == 0,
    });
    let serde_json::Value::Object(properties) = properties else { unreachable!() };
    Event {
        person: pick(0, PEOPLE),
        company: Some(pick(0, PEOPLE) / 20),
        time,
        received: Timestamp(time.micros() + 1_500_000 + i64::try_from(pick(2, 900_000)).unwrap()),
        message: bytes,
        kind: Kind::Track,
        name: format!("Event {}", pick(33, 60)),
        session: Some(dice >> 20),
        path: Some(format!("/page/{}", pick(37, 300))),
        device: Some(DeviceKind::Desktop),
        content: None,
        step: None,
        properties,
        sealed: BTreeMap::new(),
    }
}

fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { bytes(&path) } else { path.metadata().unwrap().len() }).sum()
}

/// The most memory that this process had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}
