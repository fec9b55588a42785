//! The load: connections over TLS that stay open, each sends a batch, waits for the answer, and sends the next.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What to send, and where.
#[derive(Clone)]
pub(crate) struct Load {
    /// `https://HOST:PORT`.
    pub(crate) target: String,
    /// The write key.
    pub(crate) key: String,
    /// The certificate authority, PEM.
    pub(crate) authority: PathBuf,
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
}

/// What came of it.
pub(crate) struct Figures {
    /// Events that were acknowledged.
    pub(crate) events: u64,
    seconds: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Load {
    /// Reads `--name value` pairs.
    pub(crate) fn parse(arguments: &[String]) -> Self {
        let given = |name: &str| {
            let place = arguments.iter().position(|argument| argument.strip_prefix("--") == Some(name))?;
            arguments.get(place + 1).cloned()
        };
        let wanted = |name: &str| given(name).unwrap_or_else(|| panic!("give --{name}"));
        let number = |name: &str, usual: u64| given(name).map_or(usual, |text| text.parse().expect("a number"));
        let count = |name: &str, usual: u64| usize::try_from(number(name, usual)).expect("a count");
        Self {
            target: wanted("target"),
            key: wanted("key"),
            authority: wanted("ca").into(),
            batch: count("batch", 100),
            connections: count("connections", 32),
            seconds: number("seconds", 10),
            events: number("events", u64::MAX),
            people: given("people").map(|text| text.parse().expect("a number")),
        }
    }

    /// What [`Self::parse`] reads.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["load".to_owned()];
        let mut give = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
        give("target", self.target.clone());
        give("key", self.key.clone());
        give("ca", self.authority.display().to_string());
        give("batch", self.batch.to_string());
        give("connections", self.connections.to_string());
        give("seconds", self.seconds.to_string());
        give("events", self.events.to_string());
        if let Some(people) = self.people {
            give("people", people.to_string());
        }
        arguments
    }
}

impl Figures {
    pub(crate) fn per_second(&self) -> f64 {
        self.events as f64 / self.seconds
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"events": self.events, "seconds": self.seconds, "per_second": self.per_second().round(),
               "p50_ms": self.p50_ms, "p99_ms": self.p99_ms})
    }

    pub(crate) fn from_json(text: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(text).expect("one line of JSON");
        let number = |name: &str| value[name].as_f64().expect("a number");
        let events = value["events"].as_u64().expect("a count");
        Self { events, seconds: number("seconds"), p50_ms: number("p50_ms"), p99_ms: number("p99_ms") }
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
    let until = begun + Duration::from_secs(load.seconds);
    let running: Vec<_> =
        connections.into_iter().map(|connection| tokio::spawn(connection.send_until(until))).collect();
    let mut times = Vec::new();
    for connection in running {
        times.extend(connection.await.expect("a connection that lasts"));
    }
    let seconds = begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    Figures { events: (times.len() * load.batch) as u64, seconds, p50_ms: at(50), p99_ms: at(99) }
}

/// One that stays open.
struct Connection {
    load: Arc<Load>,
    stream: TlsStream<TcpStream>,
    /// Names this connection of this run in message ids.
    name: String,
    /// Where among the people it begins.
    first: u64,
    sent: u64,
    body: String,
    head: String,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(load: &Arc<Load>, number: usize) -> Self {
        let address = load.target.strip_prefix("https://").expect("a target that begins with https://");
        let (host, _) = address.rsplit_once(':').expect("a target with a port");
        let mut found = tokio::net::lookup_host(address).await.expect("a host that is found");
        let peer = found.find(SocketAddr::is_ipv4).expect("a host with an IPv4 address");
        let socket = TcpSocket::new_v4().expect("a socket");
        if peer.ip().is_loopback() {
            // Each connection from an address of its own: what one address may send is limited.
            let number = u8::try_from(number % 250).expect("less than 250") + 2;
            socket.bind((Ipv4Addr::new(127, 0, 1, number), 0).into()).expect("an address of the loopback");
        }
        let stream = socket.connect(peer).await.expect("a server that listens");
        stream.set_nodelay(true).expect("a socket");
        let name = ServerName::try_from(host.to_owned()).expect("a host name");
        let stream = connector(load).connect(name, stream).await.expect("a certificate of that authority");
        let name = format!("{:x}-{number:x}", jiff::Timestamp::now().as_microsecond());
        let first = number as u64 * 104_729;
        let (body, head) = (String::new(), String::new());
        Self { load: load.clone(), stream, name, first, sent: 0, body, head, answer: vec![0; 16 * 1024] }
    }

    async fn send_until(mut self, until: Instant) -> Vec<Duration> {
        let mut times = Vec::new();
        while Instant::now() < until && self.sent < self.load.events {
            self.write_batch();
            let begun = Instant::now();
            self.ask().await;
            times.push(begun.elapsed());
        }
        times
    }

    fn write_batch(&mut self) {
        let now = jiff::Timestamp::now();
        self.body.clear();
        let _ = write!(self.body, r#"{{"writeKey":"{}","sentAt":"{now}","batch":["#, self.load.key);
        for index in 0..self.load.batch {
            let comma = if index == 0 { "" } else { "," };
            let (name, number) = (&self.name, self.sent);
            self.sent += 1;
            let _ =
                write!(self.body, r#"{comma}{{"type":"track","messageId":"{name}-{number}","event":"Invoice Sent","#);
            match self.load.people {
                // A prime apart, so that a batch holds many people and connections do not walk in step.
                Some(people) => {
                    let person = (self.first + number * 7_919) % people;
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
        self.head.clear();
        let _ = write!(
            self.head,
            "POST /v1/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.body.len()
        );
    }

    async fn ask(&mut self) {
        self.stream.write_all(self.head.as_bytes()).await.expect("a connection that stays open");
        self.stream.write_all(self.body.as_bytes()).await.expect("a connection that stays open");
        self.stream.flush().await.expect("a connection that stays open");
        let mut read = 0;
        loop {
            let more = self.stream.read(&mut self.answer[read..]).await.expect("a connection that stays open");
            assert!(more > 0, "the server hung up");
            read += more;
            if whole(&self.answer[..read]) {
                break;
            }
        }
        let answer = String::from_utf8_lossy(&self.answer[..read]);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("{\"success\":true}"), "refused: {answer}");
    }
}

/// Whether head and body have arrived.
fn whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    answer.len() >= end + 4 + length.expect("an answer that tells its length")
}

fn connector(load: &Load) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&load.authority).expect("a file of certificates") {
        roots.add(certificate.expect("a certificate")).expect("a certificate authority");
    }
    let config = ClientConfig::builder_with_provider(product::doors::tls::provider())
        .with_safe_default_protocol_versions()
        .expect("versions that the provider has")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
