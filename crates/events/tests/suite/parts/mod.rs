//! Parts as their callers and their disk see them.

mod accounting;
mod child;
mod crashes;
mod damage;
mod erasing;
mod faults;
mod sealing;
mod trimming;
mod vector;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::id::EnvironmentId;
use base::{Clock, Secret, SeededRng};
use events::{
    Arrival, Event, EventLog, LogId, Options, PartError, PartKeyError, PartKeys, PartOptions, PartReader, Parts,
    PartsReport, Snapshot, Trimming,
};
use keys::KeyKind;

use crate::support::{ENVIRONMENT, TestKeys, environment, number};

impl PartKeys for TestKeys {
    fn primary(&self, kind: KeyKind, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), PartKeyError> {
        Ok((2, PartKeys::version(self, kind, environment, 2)?))
    }

    fn version(&self, kind: KeyKind, _: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, PartKeyError> {
        match version {
            1 | 2 => Ok(Secret::new([kind.code() + u8::try_from(version).unwrap(); 32])),
            _ => Err(PartKeyError(format!("there is no version {version}"))),
        }
    }
}

/// Small parts, so that a test has many.
fn options() -> PartOptions {
    PartOptions { seal_rows: 100, group_rows: 16, whole_rows: 400, merge_parts: 3, ..PartOptions::default() }
}

fn open(data: &Path, clock: Arc<dyn Clock>, options: PartOptions) -> Parts {
    try_open(data, clock, options).unwrap()
}

fn try_open(data: &Path, clock: Arc<dyn Clock>, options: PartOptions) -> Result<Parts, PartError> {
    // Each start draws other ids and keys.
    let starts = std::fs::read_dir(data.join("parts")).map_or(0, Iterator::count) as u64 + now_nanos();
    let rng = Arc::new(SeededRng::new(starts));
    Parts::open(data, environment(ENVIRONMENT), Arc::new(TestKeys), Arc::new(TestKeys), clock, rng, options)
}

fn now_nanos() -> u64 {
    u64::try_from(base::SystemClock.now().micros()).unwrap()
}

fn edge(data: &Path, name: &str, clock: Arc<dyn Clock>) -> EventLog {
    let options = Options { idle: Duration::from_millis(20), roll_bytes: 20_000, ..Options::default() };
    let rng = Arc::new(SeededRng::new(now_nanos()));
    EventLog::open(data, name, Arc::new(TestKeys), clock, rng, options).unwrap().0
}

fn folder(data: &Path) -> PathBuf {
    data.join("parts").join(environment(ENVIRONMENT).to_string())
}

/// The files of parts, in order.
fn files(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder(data)) else { return Vec::new() };
    let entries = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "part")).collect();
    files.sort();
    files
}

fn snapshot(data: &Path) -> Arc<Snapshot> {
    PartReader::new(data, environment(ENVIRONMENT), Arc::new(TestKeys)).snapshot().unwrap()
}

/// Every event in the parts by its arrival.
fn sealed(data: &Path) -> BTreeMap<Arrival, Event> {
    let mut events = BTreeMap::new();
    snapshot(data)
        .scan(|arrival, event| assert!(events.insert(arrival, event).is_none(), "an event is in the parts twice"))
        .unwrap();
    events
}

/// Every event of a log by its arrival.
fn logged(log: &EventLog) -> BTreeMap<Arrival, Event> {
    let mut events = BTreeMap::new();
    log.scan(environment(ENVIRONMENT), |arrival, event| drop(events.insert(*arrival, event.clone()))).unwrap();
    events
}

fn log_id() -> LogId {
    LogId::of("edge", environment(ENVIRONMENT))
}

fn floor(upto: u64) -> BTreeMap<LogId, u64> {
    BTreeMap::from([(log_id(), upto)])
}

/// Trims what may go, each log up to its floor at most.
fn trim_logs(parts: &Parts, floor: &BTreeMap<LogId, u64>) -> Result<Trimming, PartError> {
    let mut look = parts.look_to_trim()?;
    while parts.trim_due(&mut look, floor)? {}
    Ok(look.done())
}

/// Trims what may go of the log that nobody follows.
fn trim(parts: &Parts) -> Trimming {
    trim_logs(parts, &floor(u64::MAX)).unwrap()
}

fn trimmable(parts: &Parts) -> BTreeMap<LogId, u64> {
    parts.look_to_trim().unwrap().trimmable().clone()
}

/// The numbers of some events, sorted.
fn numbers<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u64> {
    let mut numbers: Vec<u64> = events.into_iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

fn verify(data: &Path) -> PartsReport {
    events::verify_parts(data, &TestKeys, &TestKeys).unwrap()
}
