//! What a stranger may cost a door: raw bytes over real TLS, each shape answered or cut, and the process as large and as
//! ready afterwards as before.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::{Place, Running};

/// What a door may have grown by after an attack: its pools, not what it was sent.
const GROWTH: u64 = 96 << 20;
/// Longer than any request and any silence may take.
const PATIENCE: Duration = Duration::from_secs(75);

/// A server, and how large it was.
struct Scene {
    place: Place,
    server: Running,
    key: String,
    before: u64,
}

impl Scene {
    fn set() -> Self {
        let place = Place::new();
        let key = place.init()["environments"][0]["server_key"].as_str().unwrap().to_owned();
        let server = place.serve(&[]);
        let mut scene = Self { place, server, key, before: 0 };
        scene.assert_serves();
        scene.before = scene.size();
        scene
    }

    fn size(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    fn open(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.url("edge").trim_start_matches("https://")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A connection to the edge that speaks what it is told.
    fn connect(&self, protocol: &[u8]) -> Stream {
        let config = client(&self.place.data().join("tls/ca.pem"), protocol);
        let host = ServerName::try_from("localhost").unwrap();
        let mut stream = StreamOwned::new(ClientConnection::new(config, host).unwrap(), self.open());
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).unwrap();
        }
        assert_eq!(stream.conn.alpn_protocol(), Some(protocol));
        stream
    }

    /// Sends bytes over HTTP/1.1 and gives the status of the answer, or `None` if the connection ended without one.
    fn say(&self, bytes: &[u8]) -> Option<u16> {
        let mut stream = self.connect(b"http/1.1");
        // It may be cut while it still speaks.
        let _ = stream.write_all(bytes);
        let _ = stream.flush();
        status(&mut stream)
    }

    /// A request with the server's key.
    fn post(&self, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let key = BASE64.encode(format!("{}:", self.key).as_bytes());
        let mut bytes =
            format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {key}\r\n{headers}\r\n");
        bytes.push_str("\r\n");
        [bytes.as_bytes(), body].concat()
    }

    fn json(&self, body: &[u8]) -> Option<u16> {
        let headers = format!("content-type: application/json\r\ncontent-length: {}", body.len());
        self.say(&self.post("/v1/track", &headers, body))
    }

    fn assert_serves(&self) {
        assert_eq!(self.say(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"), Some(200));
        assert_eq!(self.json(br#"{"userId":"u","event":"e"}"#), Some(200));
    }

    /// It goes on, and has not grown.
    fn assert_unharmed(&self) {
        self.assert_serves();
        let grown = self.size().saturating_sub(self.before);
        assert!(grown < GROWTH, "the process grew by {} MiB", grown >> 20);
    }
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn client(ca: &Path, protocol: &[u8]) -> Arc<ClientConfig> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

/// The status of an answer over HTTP/1.1. Panics if neither an answer nor an end comes.
fn status(stream: &mut Stream) -> Option<u16> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => line.push(byte[0]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("neither an answer nor an end"),
            _ => return None,
        }
    }
    String::from_utf8(line).unwrap().split(' ').nth(1)?.parse().ok()
}

/// Waits until the other side ends the connection; panics if it does not.
fn assert_ends(stream: &mut impl std::io::Read) {
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the connection did not end"),
            Err(_) => return,
        }
    }
}

#[test]
fn who_dawdles_is_cut() {
    let scene = Scene::set();
    let began = Instant::now();
    std::thread::scope(|scope| {
        // No handshake; a handshake and nothing after it; half of HTTP/2's first words; half a line; half the headers.
        scope.spawn(|| assert_ends(&mut scene.open()));
        scope.spawn(|| assert_ends(&mut scene.connect(b"http/1.1")));
        scope.spawn(|| assert_ends(&mut scene.connect(b"h2")));
        for (protocol, beginning) in [
            (b"h2".as_slice(), "PRI * HTTP/2.0\r\n"),
            (b"http/1.1", "GET /heal"),
            (b"http/1.1", "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx"),
        ] {
            let scene = &scene;
            scope.spawn(move || {
                let mut stream = scene.connect(protocol);
                stream.write_all(beginning.as_bytes()).unwrap();
                stream.flush().unwrap();
                assert_ends(&mut stream);
            });
        }
        // A header byte every second does not help.
        scope.spawn(|| {
            let mut stream = scene.connect(b"http/1.1");
            stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
            while stream.write_all(b"x").and_then(|()| stream.flush()).is_ok() {
                assert!(began.elapsed() < PATIENCE, "headers may take for ever");
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        // Nor a byte of the body: the whole request has its time, and is answered then.
        scope.spawn(|| {
            let mut stream = scene.connect(b"http/1.1");
            let headers = "content-type: application/json\r\ncontent-length: 1000";
            stream.write_all(&scene.post("/v1/track", headers, b"{")).unwrap();
            stream.flush().unwrap();
            assert_eq!(status(&mut stream), Some(408));
            assert_ends(&mut stream);
        });
        // A connection that is kept for a next request that never comes.
        scope.spawn(|| {
            let mut stream = scene.connect(b"http/1.1");
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            assert_eq!(status(&mut stream), Some(200));
            assert_ends(&mut stream);
        });
    });
    assert!(began.elapsed() < PATIENCE);
    scene.assert_unharmed();
}

#[test]
fn heads_that_are_too_large_are_refused_and_not_kept() {
    let scene = Scene::set();
    let request = |lines: &str| format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n").into_bytes();
    assert_eq!(scene.say(&request(&format!("x: {}\r\n", "x".repeat(20_000)))), Some(431));
    assert_eq!(scene.say(&request(&"x: y\r\n".repeat(2_000))), Some(431));
    for size in [200_000, 20_000_000] {
        assert!(matches!(scene.say(&request(&format!("x: {}\r\n", "x".repeat(size)))), Some(431) | None));
        let path = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(size));
        assert!(matches!(scene.say(path.as_bytes()), Some(400..=499) | None));
    }
    assert!(matches!(scene.say(&vec![b'x'; 20_000_000]), Some(400..=499) | None));
    scene.assert_unharmed();
}

#[test]
fn bodies_that_unfold_are_refused_before_they_do() {
    let scene = Scene::set();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [1_000, 50_000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let body = format!(r#"{{"userId":"u","event":"e","properties":{{"deep":{deep}}}}}"#);
            let answer = scene.json(body.as_bytes());
            assert!(matches!(answer, Some(200 | 400..=422)), "{answer:?}");
            assert!(matches!(scene.json(deep.as_bytes()), Some(400..=422)));
            assert!(matches!(scene.json(open.repeat(depth).as_bytes()), Some(400..=422)));
        }
    }
    let zip = |size: usize| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&b" ".repeat(size)).unwrap();
        gzip.finish().unwrap()
    };
    let one = zip(100 << 20);
    let members = zip(1 << 20).repeat(400);
    let empty = zip(0).repeat(40_000);
    for bomb in [&one, &members, &empty] {
        let headers =
            format!("content-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}", bomb.len());
        for _ in 0..8 {
            let answer = scene.say(&scene.post("/v1/batch", &headers, bomb));
            assert!(matches!(answer, Some(400 | 413)), "{answer:?}");
        }
    }
    let huge = "content-type: application/json\r\ncontent-length: 100000000";
    assert_eq!(scene.say(&scene.post("/v1/batch", huge, b"{")), Some(413));
    scene.assert_unharmed();
}

/// What two readers could understand in two ways is refused, or understood as the standard says and then the connection
/// ends: nothing after it is taken for a request.
#[test]
fn what_could_be_read_in_two_ways_is_no_request_for_anybody() {
    let scene = Scene::set();
    let hidden = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-hidden: yes\r\n\r\n";
    let shapes = [
        (
            "content-length and transfer-encoding",
            format!("content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "transfer-encoding and content-length",
            format!("transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        ("two lengths", format!("content-length: 5\r\ncontent-length: 0\r\n\r\n{hidden}")),
        ("a list of lengths", format!("content-length: 0, 5\r\n\r\n{hidden}")),
        ("a signed length", format!("content-length: +0\r\n\r\n{hidden}")),
        ("a length of nothing", format!("content-length: \r\n\r\n{hidden}")),
        ("a huge length", format!("content-length: 99999999999999999999\r\n\r\n{hidden}")),
        ("an unknown coding", format!("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("chunked and then another", format!("transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}")),
        ("a folded header", format!("x: y\r\n transfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n{hidden}")),
        ("a space before the colon", format!("transfer-encoding : chunked\r\ncontent-length: 0\r\n\r\n{hidden}")),
        ("a NUL in a header", format!("x: y\0\r\ncontent-length: 0\r\n\r\n{hidden}")),
        ("a bare return", format!("x: y\rz: 1\r\ncontent-length: 0\r\n\r\n{hidden}")),
        ("a chunk of no size", format!("transfer-encoding: chunked\r\n\r\n\r\n\r\n{hidden}")),
        ("a huge chunk", format!("transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{hidden}")),
        ("a negative chunk", format!("transfer-encoding: chunked\r\n\r\n-1\r\n{hidden}")),
        ("a chunk without its end", format!("transfer-encoding: chunked\r\n\r\n1\r\nxx0\r\n\r\n{hidden}")),
        (
            "an endless chunk extension",
            format!("transfer-encoding: chunked\r\n\r\n0;{}\r\n\r\n{hidden}", "x".repeat(100_000)),
        ),
    ];
    for (name, rest) in shapes {
        let mut stream = scene.connect(b"http/1.1");
        let key = BASE64.encode(format!("{}:", scene.key).as_bytes());
        let head = format!("POST /v1/track HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {key}\r\n");
        let _ = stream.write_all(format!("{head}content-type: application/json\r\n{rest}").as_bytes());
        let _ = stream.flush();
        let mut answers = Vec::new();
        let _ = stream.read_to_end(&mut answers);
        let answers = String::from_utf8_lossy(&answers).into_owned();
        assert!(answers.matches("HTTP/1.1 ").count() <= 1, "{name}: {answers}");
        assert!(answers.is_empty() || answers.starts_with("HTTP/1.1 4"), "{name}: {answers}");
    }
    scene.assert_unharmed();
}

#[test]
fn a_key_that_is_refused_does_not_cut_who_writes() {
    let scene = Scene::set();
    let mut stream = scene.connect(b"http/1.1");
    for _ in 0..3 {
        let head = "POST /v1/track HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer pfs_wrong\r\n";
        stream
            .write_all(format!("{head}content-type: application/json\r\ncontent-length: 20000\r\n\r\n").as_bytes())
            .unwrap();
        stream.flush().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(&b" ".repeat(20_000)).unwrap();
        stream.flush().unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).unwrap(), 1);
            answer.push(byte[0]);
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401") && !answer.contains("connection: close"), "{answer}");
    }
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// `GET https://localhost/` in HPACK: three fields of the static table and the authority as it is.
const HEAD: &[u8] = b"\x82\x87\x84\x01\x09localhost";

/// Writes frames until the door ends the connection.
fn flood(stream: &mut Stream, mut next: impl FnMut(u32) -> Vec<u8>) {
    stream.write_all(&[PREFACE, &frame(4, 0, 0, &[])].concat()).unwrap();
    for number in 0..200_000 {
        if stream.write_all(&next(number)).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
    assert_ends(stream);
}

#[test]
fn floods_of_http2_end_the_connection() {
    let scene = Scene::set();
    // Streams that are begun and taken back at once.
    flood(&mut scene.connect(b"h2"), |number| {
        let stream = number * 2 + 1;
        [frame(1, 5, stream, HEAD), frame(3, 0, stream, &8_u32.to_be_bytes())].concat()
    });
    // Headers that never end.
    flood(&mut scene.connect(b"h2"), |number| match number {
        0 => frame(1, 1, 1, HEAD),
        _ => frame(9, 0, 1, &[b"\x00\x01x\x7f\x80\x7f".as_slice(), &[b'y'; 16_000]].concat()),
    });
    // Headers that unpack: one long field is remembered, and then named thousands of times.
    flood(&mut scene.connect(b"h2"), |number| {
        let long = [b"\x40\x01x\x7f\x81\x1e".as_slice(), &[b'y'; 4_000]].concat();
        let head = [HEAD, &long, &[0xbe; 10_000]].concat();
        frame(1, 5, number * 2 + 1, &head)
    });
    scene.assert_unharmed();
}

#[test]
fn one_address_does_not_take_all_places() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let all = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, all).unwrap();
    let scene = Scene::set();
    let open = |mut stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        matches!(stream.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    };
    // Who does not shake hands within ten seconds is cut as well: on a busy machine the first would be before the last.
    let held = (0..5).find_map(|_| {
        let began = Instant::now();
        let held: Vec<TcpStream> = (0..2_100).map(|_| scene.open()).collect();
        std::thread::sleep(Duration::from_secs(1));
        let cut = held.iter().filter(|stream| !open(stream)).count();
        assert!(cut >= 90, "only {cut} of 2,100 were closed");
        if began.elapsed() < Duration::from_secs(8) {
            assert!(cut <= 110, "{cut} of 2,100 were closed at once");
            return Some(held);
        }
        // The places are given back before the next try.
        drop(held);
        std::thread::sleep(Duration::from_secs(5));
        None
    });
    let held = held.expect("opening 2,100 connections took more than seven seconds, five times");
    drop(held);
    let began = Instant::now();
    while {
        let stream = scene.open();
        std::thread::sleep(Duration::from_millis(100));
        !open(&stream)
    } {
        assert!(began.elapsed() < PATIENCE, "the places are not given back");
    }
    scene.assert_unharmed();
}
