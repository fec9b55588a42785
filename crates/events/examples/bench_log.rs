//! How fast the log takes events, beside a bare loop that appends and syncs the same bytes.
//!
//! `cargo run --release -p events --example bench_log [folder]`. Each line: events a second with `fdatasync` on, in
//! batches of 1 and 100 from many concurrent senders, the ratio to the bare loop, and processor time. Then memory per event, reading and
//! opening.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks and may panic")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "figures for people")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base::id::EnvironmentId;
use base::{Clock, Secret, SystemClock, SystemRng, Timestamp};
use events::{DeviceKind, Event, EventLog, Kind, LogKeyError, LogKeys, Options};

struct OneKey;

impl LogKeys for OneKey {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        Ok((1, self.version(environment, 1)?))
    }

    fn version(&self, _: EnvironmentId, _: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        Ok(Secret::new([7; 32]))
    }
}

const SECONDS: Duration = Duration::from_secs(4);

fn main() {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("target/log-bench"), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    println!(
        "{:>6} {:>8} {:>12} {:>8} {:>10} {:>12} {:>6} {:>10}",
        "batch", "senders", "events/s", "B/event", "group", "bare ev/s", "ratio", "cpu us/ev"
    );
    for (batch, senders) in [(1, 16), (1, 256), (1, 2_000), (100, 4), (100, 16), (100, 64)] {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        let mut shape = (0.0, 0.0, 0.0);
        for _ in 0..3 {
            let _ = std::fs::remove_dir_all(&folder);
            let before = processor();
            let run = runtime.block_on(take(&folder, batch, senders));
            let used = processor().saturating_sub(before).as_secs_f64();
            let bytes = bytes(&folder);
            let (events, elapsed, syncs) = run;
            ours.push(events as f64 / elapsed.as_secs_f64());
            shape = (bytes as f64 / events as f64, events as f64 / syncs as f64, used * 1e6 / events as f64);
            bare.push(bare_loop(&folder, bytes, syncs) * events as f64);
        }
        let (ours, bare) = (median(&mut ours), median(&mut bare));
        println!(
            "{batch:>6} {senders:>8} {ours:>12.0} {:>8.1} {:>10.1} {bare:>12.0} {:>6.2} {:>10.2}",
            shape.0,
            shape.1,
            ours / bare,
            shape.2
        );
    }
    println!("of which making an event takes {:.2} us", making());
    let _ = std::fs::remove_dir_all(&folder);
    runtime.block_on(memory_and_reading(&folder));
    let _ = std::fs::remove_dir_all(&folder);
}

fn median(runs: &mut [f64]) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

fn open(folder: &Path) -> EventLog {
    EventLog::open(folder, "edge", Arc::new(OneKey), Arc::new(SystemClock), Arc::new(SystemRng), Options::default())
        .unwrap()
        .0
}

fn environment() -> EnvironmentId {
    "env_00000000000000000000000001".parse().unwrap()
}

/// Senders that send one batch after the other. How many events, in what time, in how many groups.
async fn take(folder: &Path, batch: u64, senders: u64) -> (u64, Duration, u64) {
    let log = Arc::new(open(folder));
    let (sent, next) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..senders {
        let (log, sent, next) = (Arc::clone(&log), Arc::clone(&sent), Arc::clone(&next));
        tasks.spawn(async move {
            let now = SystemClock.now();
            while start.elapsed() < SECONDS {
                let first = next.fetch_add(batch, Ordering::Relaxed);
                let events: Vec<_> = (first..first + batch).map(|number| event(number, now)).collect();
                log.append(environment(), events).await.unwrap();
                sent.fetch_add(batch, Ordering::Relaxed);
            }
        });
    }
    tasks.join_all().await;
    let elapsed = start.elapsed();
    log.shutdown().await;
    (sent.load(Ordering::Relaxed), elapsed, log.counters(environment()).groups.max(1))
}

/// What appending and syncing the same bytes in as many groups takes: groups a second, per group.
fn bare_loop(folder: &Path, bytes: u64, groups: u64) -> f64 {
    let mut file = File::create(folder.join("bare")).unwrap();
    let chunk = vec![0x5a; usize::try_from(bytes / groups).unwrap().max(1)];
    let (start, mut done) = (Instant::now(), 0_u64);
    while start.elapsed() < SECONDS && done < groups {
        file.write_all(&chunk).unwrap();
        file.sync_data().unwrap();
        done += 1;
    }
    done as f64 / groups as f64 / start.elapsed().as_secs_f64()
}

fn bytes(folder: &Path) -> u64 {
    let report = events::verify(folder, &OneKey).unwrap();
    report.logs.iter().map(|log| log.bytes).sum()
}

async fn memory_and_reading(folder: &Path) {
    const EVENTS: u64 = 2_000_000;
    let log = open(folder);
    let before = resident();
    let now = SystemClock.now();
    for first in (0..EVENTS).step_by(1_000) {
        let events: Vec<_> = (first..first + 1_000).map(|number| event(number, now)).collect();
        log.append(environment(), events).await.unwrap();
    }
    log.shutdown().await;
    println!(
        "\nmemory: {:.1} B per event of index and de-duplication, {EVENTS} events",
        (resident() - before) as f64 / EVENTS as f64
    );
    let start = Instant::now();
    let mut scanned = 0_u64;
    log.scan(environment(), |_, _| scanned += 1).unwrap();
    println!("scan: {:.0} events/s", scanned as f64 / start.elapsed().as_secs_f64());
    drop(log);
    let start = Instant::now();
    let log = open(folder);
    println!("open: {:.0} events/s", EVENTS as f64 / start.elapsed().as_secs_f64());
    drop(log);
}

/// Processor time of one event before the log sees it, in microseconds.
fn making() -> f64 {
    let (now, before) = (SystemClock.now(), processor());
    for number in 0..500_000 {
        std::hint::black_box(event(number, now));
    }
    processor().saturating_sub(before).as_secs_f64() * 2.0
}

/// Processor time that this process has used: what a loaded machine cannot blur.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
}

/// An event as a web app sends it: 60 names, 200,000 people, six plain properties, one sealed value in ten.
fn event(number: u64, now: Timestamp) -> Event {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number >> 7;
    let mut message = [0; 16];
    message[..8].copy_from_slice(&mixed.wrapping_mul(0xd6e8_feb8_6659_fd93).to_le_bytes());
    message[8..].copy_from_slice(&number.wrapping_mul(0xa076_1d64_78bd_642f).to_le_bytes());
    let random = mixed >> 20;
    let properties = [
        ("plan", ["free", "team", "business"][(random % 3) as usize].into()),
        ("amount", (random % 100_000).into()),
        ("currency", ["EUR", "USD", "GBP"][(random / 7 % 3) as usize].into()),
        ("source", ["mail", "search", "direct", "partner"][(random / 3 % 4) as usize].into()),
        ("items", (random % 17).into()),
        ("trial", random.is_multiple_of(5).into()),
    ];
    let sealed = random.is_multiple_of(10).then(|| {
        let spread = |at: u64| mixed.wrapping_mul(2 * at + 1).to_le_bytes()[7] ^ message[(at % 16) as usize];
        ("email".to_owned(), (0..96).map(spread).collect())
    });
    Event {
        person: random % 200_000,
        company: Some(random % 9_000),
        time: now.minus(Duration::from_secs(random % (90 * 86_400))),
        received: now,
        message,
        kind: Kind::Track,
        name: format!("Feature {} Used", random % 60),
        session: Some(random % 1_000_000),
        path: Some(format!("/invoices/{}", random % 40)),
        device: Some(DeviceKind::Desktop),
        content: None,
        step: None,
        properties: properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        sealed: sealed.into_iter().collect::<BTreeMap<String, Vec<u8>>>(),
    }
}
