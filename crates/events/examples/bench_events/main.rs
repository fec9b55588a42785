//! The event engine at work: fills a data folder with a seeded stream, then answers questions about it.
//!
//! `cargo xtask bench events` drives it, side by side with `tests/bench/events.py`, and compares every answer. By hand:
//!
//! - `bench_events fill FOLDER EVENTS [EXPORT]` appends, seals and merges; with EXPORT the same events are written there,
//!   in the order of arrival, as `ClickHouse`'s `RowBinary`.
//! - `bench_events serve FOLDER` reads lines `QUESTION [ROUND]` and answers each with seconds, a tab, and the answer as
//!   numbers; `peak` and `facts` tell of the process.
//! - `bench_events ask FOLDER [ROUNDS]` prints the median of each question, and the processor time of one.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "a benchmark talks and may panic")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small figures"
)]

mod export;
mod fill;
mod questions;
mod stream;

use std::io::BufRead as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::id::EnvironmentId;
use base::{FrozenClock, Secret, SystemRng};
use events::{
    Control, EmbeddedEngine, EngineParts, EventLog, LogKeyError, LogKeys, Options, PartKeyError, PartKeys, PartOptions,
    PartReader,
};
use keys::KeyKind;

use questions::Question;

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

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["fill", folder, events] => fill::fill(Path::new(folder), events.parse().unwrap(), None),
        ["fill", folder, events, export] => {
            fill::fill(Path::new(folder), events.parse().unwrap(), Some(Path::new(export)));
        }
        ["serve", folder] => serve(Path::new(folder)),
        ["ask", folder] => ask(Path::new(folder), 7),
        ["ask", folder, rounds] => ask(Path::new(folder), rounds.parse().unwrap()),
        _ => {
            eprintln!("fill FOLDER EVENTS [EXPORT] | serve FOLDER | ask FOLDER [ROUNDS]");
            std::process::exit(2);
        }
    }
}

fn environment() -> EnvironmentId {
    "env_00000000000000000000000001".parse().unwrap()
}

/// The engine over a data folder, as `serve` of the product has it.
fn open(folder: &Path, clock: &Arc<FrozenClock>) -> (Arc<EventLog>, EmbeddedEngine) {
    let rng = Arc::new(SystemRng);
    let (log, _) =
        EventLog::open(folder, "edge", Arc::new(OneKey), clock.clone(), rng.clone(), Options::default()).unwrap();
    let log = Arc::new(log);
    let parts = EngineParts {
        data: folder.to_owned(),
        keys: Arc::new(OneKey),
        log_keys: Arc::new(OneKey),
        clock: clock.clone(),
        rng,
        options: PartOptions::default(),
    };
    (Arc::clone(&log), EmbeddedEngine::new(log, parts))
}

/// A clock that stands at the end of the stream.
fn clock() -> Arc<FrozenClock> {
    let clock = FrozenClock::default();
    clock.advance(stream::LENGTH);
    Arc::new(clock)
}

/// The first answer opens what there is; the time says how long that takes.
fn begin(folder: &Path) -> (EmbeddedEngine, Duration) {
    let started = Instant::now();
    let (_, engine) = open(folder, &clock());
    Question::ALL[0].ask(&engine, 0, &Control::new());
    (engine, started.elapsed())
}

fn serve(folder: &Path) {
    let (engine, opened) = begin(folder);
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["peak"] => println!("{}", peak()),
            ["facts"] => {
                let snapshot = PartReader::new(folder, environment(), Arc::new(OneKey)).snapshot().unwrap();
                let rows: u64 = snapshot.sources().iter().map(|source| source.rows()).sum();
                let parts = snapshot.sources().len();
                println!("{parts} {rows} {} {:.3}", bytes(&folder.join("parts")), opened.as_secs_f64());
            }
            [name, round] => {
                let question = Question::named(name).unwrap();
                let started = Instant::now();
                let answer = question.ask(&engine, round.parse().unwrap(), &Control::new());
                let took = started.elapsed().as_secs_f64();
                println!("{took:.6}\t{}", answer.words());
            }
            other => panic!("what is {other:?}?"),
        }
    }
}

fn ask(folder: &Path, rounds: u64) {
    let (engine, opened) = begin(folder);
    println!("opening and the first answer: {opened:?}");
    for question in Question::ALL {
        let before = processor();
        let mut runs: Vec<Duration> = (0..rounds)
            .map(|round| {
                let started = Instant::now();
                question.ask(&engine, round, &Control::new());
                started.elapsed()
            })
            .collect();
        // What a loaded machine cannot blur.
        let used = processor().saturating_sub(before).as_secs_f64() * 1_000.0 / rounds as f64;
        let first = ms(runs[0]);
        runs.sort();
        let median = ms(runs[runs.len() / 2]);
        println!("{:<10} {median:>8.1} ms, first {first:>8.1}, {used:>8.1} of processors", question.name());
    }
    println!("memory: {} MB at most", peak());
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
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

/// Processor time that this process has used.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
