//! The whole product for minutes under a steady load, while questions are asked: whether acknowledgement, sealing and
//! memory stay level. `cargo xtask bench ingest --sustained`.
//!
//! One process edges, answers and does the background work, as `pilotfish serve` does; the load comes from another. A
//! question is asked every second, over TLS too. Each line is a stretch of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use product::jobs::Background;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::Bench;
use crate::load::Load;
use crate::wire::Wire;

/// How many lines there are at most.
const STRETCHES: u64 = 10;

/// What to send.
pub(crate) struct Sustained {
    pub(crate) rate: u64,
    pub(crate) batch: usize,
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    pub(crate) people: u64,
}

/// What was seen at a moment, about once a second.
struct Seen {
    at: Duration,
    /// Events that are acknowledged and not in parts yet.
    unsealed: f64,
    /// Resident memory, in MiB.
    memory: f64,
    /// How long a question took, in milliseconds.
    question: f64,
    /// Whether the question was refused instead, as too much at a time.
    refused: bool,
}

impl Sustained {
    pub(crate) async fn run(self) {
        let folder = tempfile::tempdir_in("target").expect("a folder on the disk that holds the project");
        let bench = Bench::start(folder.path()).await;
        let background = Background::start(&bench.app, true);
        bench.know(self.people).await;
        println!(
            "{} events a second wanted, {} a batch, over {} connections, about {} people, for {} s",
            self.rate, self.batch, self.connections, self.people, self.seconds
        );
        let every = self.seconds.div_ceil(STRETCHES).max(1);
        let load = Load {
            batch: self.batch,
            connections: self.connections,
            seconds: self.seconds,
            people: Some(self.people),
            rate: Some(self.rate),
            every: Some(every),
            ..bench.load()
        };
        let watch = Watch::begin(&bench).await;
        let (figures, processor) = bench.run(&load).await;
        let seen = watch.end().await;
        println!(
            "{:>7} {:>10} {:>8} {:>8} {:>12} {:>12} {:>11}",
            "s", "events/s", "p50 ms", "p99 ms", "question ms", "unsealed", "memory MiB"
        );
        for (number, stretch) in (1..).zip(&figures.stretches) {
            let range = Duration::from_secs((number - 1) * every)..Duration::from_secs(number * every);
            let within: Vec<&Seen> = seen.iter().filter(|seen| range.contains(&seen.at)).collect();
            let most = |of: fn(&Seen) -> f64| within.iter().map(|seen| of(seen)).fold(0.0, f64::max);
            println!(
                "{:>7} {:>10.0} {:>8.1} {:>8.1} {:>12.0} {:>12.0} {:>11.0}",
                number * every,
                stretch.per_second(),
                stretch.p50_ms,
                stretch.p99_ms,
                median(within.iter().map(|seen| seen.question).collect()),
                most(|seen| seen.unsealed),
                most(|seen| seen.memory)
            );
        }
        let refused = seen.iter().filter(|seen| seen.refused).count();
        println!("{refused} of {} questions were refused", seen.len());
        println!(
            "all: {:.0} events/s, p50 {:.1} ms, p99 {:.1} ms, {:.1} us of processor an event",
            figures.per_second(),
            figures.p50_ms,
            figures.p99_ms,
            processor * 1e6 / figures.events as f64
        );
        background.stop().await;
        bench.stop().await;
    }
}

/// Asks and looks until it is told to end.
struct Watch {
    ended: Arc<AtomicBool>,
    watching: JoinHandle<Vec<Seen>>,
}

impl Watch {
    #[allow(clippy::disallowed_methods, reason = "it is told to end")]
    async fn begin(bench: &Bench) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let mut wire = Wire::open(&bench.api, Some(&bench.authority), 249).await;
        let app = Arc::clone(&bench.app);
        let head = format!(
            "POST /api/v1/query HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\npilotfish-environment: {}\r\n\
             content-type: application/json\r\n",
            bench.api_key, bench.environment
        );
        let begun = Instant::now();
        let watching = tokio::spawn(async move {
            let mut seen = Vec::new();
            let mut second = tokio::time::interval(Duration::from_secs(1));
            while !told.load(Ordering::Relaxed) {
                second.tick().await;
                let (asked, body) = (Instant::now(), question(seen.len()).to_string());
                let answer = wire.ask(&format!("{head}content-length: {}\r\n\r\n", body.len()), &body).await;
                let refused = !answer.starts_with("HTTP/1.1 200");
                let question = asked.elapsed().as_secs_f64() * 1e3;
                let figures = app.figures.as_ref().expect("figures that were begun").render();
                let unsealed = figure(&figures, "pilotfish_unsealed_events").unwrap_or(0.0);
                seen.push(Seen { at: begun.elapsed(), unsealed, memory: memory(), question, refused });
            }
            seen
        });
        Self { ended, watching }
    }

    async fn end(self) -> Vec<Seen> {
        self.ended.store(true, Ordering::Relaxed);
        self.watching.await.expect("questions that are answered")
    }
}

/// One of the questions, in turns.
fn question(number: usize) -> Value {
    let event = json!({"event": "Invoice Sent"});
    let range = json!({"last": "7d"});
    match number % 3 {
        0 => json!({"kind": "trend", "series": [event], "range": range}),
        1 => json!({"kind": "funnel", "steps": [event, event], "window": "1d", "range": range}),
        _ => json!({"kind": "retention", "start": event, "return": event, "range": range, "interval": "day",
                    "periods": 7, "mode": "first_time", "match": "exactly"}),
    }
}

fn figure(figures: &str, name: &str) -> Option<f64> {
    figures.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// Of this process, in MiB, from `/proc/self/status`.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of the resident memory");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
