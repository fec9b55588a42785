//! The load: connections that stay open, each sends a batch, waits for the answer, and sends the next, at once or when it
//! is due. Of batches that are due at a time, the time counts from when they were due.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::wire::Wire;

/// What to send, and where.
#[derive(Clone)]
pub(crate) struct Load {
    /// `https://HOST:PORT` or `http://HOST:PORT`.
    pub(crate) target: String,
    /// Where the write key is.
    pub(crate) key_file: PathBuf,
    /// The certificate authority, PEM; for https only.
    pub(crate) authority: Option<PathBuf>,
    /// Events in each request.
    pub(crate) batch: usize,
    /// Connections, each with one request under way.
    pub(crate) connections: usize,
    /// For how long.
    pub(crate) seconds: u64,
    /// How many events each connection sends at most.
    pub(crate) events: u64,
    /// How many people the events are about, over and over; `None`: one that is new with every event.
    pub(crate) people: Option<u64>,
    /// Events a second, of all connections together; `None`: as many as go.
    pub(crate) rate: Option<u64>,
    /// Figures of every so many seconds, beside those of all.
    pub(crate) every: Option<u64>,
}

/// What came of it.
pub(crate) struct Figures {
    /// Events that were acknowledged.
    pub(crate) events: u64,
    seconds: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// The same of each stretch of time that was asked for.
    pub(crate) stretches: Vec<Self>,
}

/// A batch that was acknowledged: when, since the beginning, and after how long.
type Sent = (Duration, Duration);

impl Load {
    /// What [`crate::arguments`] reads.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut give = |name: &str, value: Option<String>| {
            arguments.extend(value.map(|value| [format!("--{name}"), value]).into_iter().flatten());
        };
        give("target", Some(self.target.clone()));
        give("key-file", Some(self.key_file.display().to_string()));
        give("ca", self.authority.as_ref().map(|path| path.display().to_string()));
        give("batch", Some(self.batch.to_string()));
        give("connections", Some(self.connections.to_string()));
        give("seconds", Some(self.seconds.to_string()));
        give("events", Some(self.events.to_string()));
        give("people", self.people.map(|people| people.to_string()));
        give("rate", self.rate.map(|rate| rate.to_string()));
        give("every", self.every.map(|every| every.to_string()));
        arguments
    }

    /// The time from one batch of a connection to its next.
    fn pace(&self) -> Option<Duration> {
        let batches = self.connections * self.batch;
        self.rate.map(|rate| Duration::from_secs_f64(batches as f64 / rate as f64))
    }
}

impl Figures {
    fn of(sent: &[Sent], batch: usize, seconds: f64) -> Self {
        let mut times: Vec<Duration> = sent.iter().map(|(_, took)| *took).collect();
        times.sort_unstable();
        let at = |percent: usize| {
            let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            times.get(place).map_or(f64::NAN, Duration::as_secs_f64) * 1e3
        };
        let (p50_ms, p99_ms) = (at(50), at(99));
        Self { events: (times.len() * batch) as u64, seconds, p50_ms, p99_ms, stretches: Vec::new() }
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.events as f64 / self.seconds
    }

    pub(crate) fn to_json(&self) -> Value {
        let stretches: Vec<Value> = self.stretches.iter().map(Self::to_json).collect();
        json!({"events": self.events, "seconds": self.seconds, "per_second": self.per_second().round(),
               "p50_ms": self.p50_ms, "p99_ms": self.p99_ms, "stretches": stretches})
    }

    pub(crate) fn from_json(value: &Value) -> Self {
        // What is not a number was not measured: nothing was sent in that stretch.
        let number = |name: &str| value[name].as_f64().unwrap_or(f64::NAN);
        let events = value["events"].as_u64().expect("a count");
        let stretches = value["stretches"].as_array().into_iter().flatten().map(Self::from_json).collect();
        Self { events, seconds: number("seconds"), p50_ms: number("p50_ms"), p99_ms: number("p99_ms"), stretches }
    }
}

/// Sends until the time is over.
#[allow(clippy::disallowed_methods, reason = "no server is here whose tracker could wait")]
pub(crate) async fn run(load: Load) -> Figures {
    let load = Arc::new(load);
    let mut connections = Vec::new();
    for number in 0..load.connections {
        connections.push(Connection::open(&load, number).await);
    }
    let begun = Instant::now();
    let running: Vec<_> = connections.into_iter().map(|connection| tokio::spawn(connection.send(begun))).collect();
    let mut sent = Vec::new();
    for connection in running {
        sent.extend(connection.await.expect("a connection that lasts"));
    }
    let mut figures = Figures::of(&sent, load.batch, begun.elapsed().as_secs_f64());
    if let Some(every) = load.every {
        let stretch = |number: u64| {
            let range = Duration::from_secs(number * every)..Duration::from_secs((number + 1) * every);
            let within: Vec<Sent> = sent.iter().filter(|(at, _)| range.contains(at)).copied().collect();
            Figures::of(&within, load.batch, every as f64)
        };
        figures.stretches = (0..load.seconds.div_ceil(every)).map(stretch).collect();
    }
    figures
}

/// One that stays open.
struct Connection {
    load: Arc<Load>,
    wire: Wire,
    /// Names this connection of this run in message ids.
    name: String,
    /// The write key, which stands in each body, too.
    key: String,
    number: usize,
    sent: u64,
    /// The lines of a head that are always the same.
    head: String,
    body: String,
}

impl Connection {
    async fn open(load: &Arc<Load>, number: usize) -> Self {
        let wire = Wire::open(&load.target, load.authority.as_deref(), number).await;
        let name = format!("{:x}-{number:x}", jiff::Timestamp::now().as_microsecond());
        let key = std::fs::read_to_string(&load.key_file).expect("a file with the write key").trim().to_owned();
        let (host, basic) = (wire.host.clone(), BASE64.encode(format!("{key}:").as_bytes()));
        let head = format!(
            "POST /v1/batch HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic {basic}\r\ncontent-type: application/json\r\n"
        );
        Self { load: load.clone(), wire, name, key, number, sent: 0, head, body: String::new() }
    }

    async fn send(mut self, begun: Instant) -> Vec<Sent> {
        let (pace, until) = (self.load.pace(), begun + Duration::from_secs(self.load.seconds));
        let apart = self.number as f64 / self.load.connections as f64;
        let mut next = pace.map(|pace| begun + pace.mul_f64(apart));
        let mut sent = Vec::new();
        while self.sent < self.load.events {
            if let Some(due) = next {
                tokio::time::sleep_until(due.into()).await;
            }
            let from = next.unwrap_or_else(Instant::now);
            if Instant::now() >= until {
                break;
            }
            self.write_batch();
            let head = format!("{}content-length: {}\r\n\r\n", self.head, self.body.len());
            self.wire.must(&head, &self.body).await;
            sent.push((begun.elapsed(), from.elapsed()));
            next = next.zip(pace).map(|(due, pace)| due + pace);
        }
        sent
    }

    fn write_batch(&mut self) {
        let now = jiff::Timestamp::now();
        self.body.clear();
        let _ = write!(self.body, r#"{{"writeKey":"{}","sentAt":"{now}","batch":["#, self.key);
        for index in 0..self.load.batch {
            let comma = if index == 0 { "" } else { "," };
            let (name, number) = (&self.name, self.sent);
            self.sent += 1;
            let _ =
                write!(self.body, r#"{comma}{{"type":"track","messageId":"{name}-{number}","event":"Invoice Sent","#);
            match self.load.people {
                // A prime apart, so that a batch holds many people and connections do not walk in step.
                Some(people) => {
                    let person = (self.number as u64 * 104_729 + number * 7_919) % people;
                    let _ = write!(self.body, r#""userId":"user-{person}""#);
                }
                None => drop(write!(self.body, r#""userId":"{name}-{number}""#)),
            }
            let _ = write!(
                self.body,
                concat!(
                    r#","timestamp":"{now}","properties":{{"amount":{amount},"currency":"EUR","plan":"pro","#,
                    r#""items":{items},"template":"classic","channel":"web","first":false,"country":"DE"}},"#,
                    r#""context":{{"page":{{"path":"/invoices","url":"https://app.example/invoices"}}}}}}"#
                ),
                now = now,
                amount = number % 1_000,
                items = number % 7
            );
        }
        self.body.push_str("]}");
    }
}
