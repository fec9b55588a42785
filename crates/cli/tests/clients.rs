//! The clients that existing instrumentation uses, as they are published, against the real binary: while it is killed
//! again and again they lose nothing and double nothing, and what is sent a second time changes nothing.
//!
//! `PILOTFISH_TEST_CLIENT_EVENTS` scales it; `PILOTFISH_TEST_PYTHON` names a Python that has the pinned packages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Place, Running, free_ports};

const CLIENTS: [&str; 4] = ["node", "segment", "rudder", "next"];
const KILLS: usize = 5;
const PATIENCE: Duration = Duration::from_mins(8);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").canonicalize().unwrap()
}

fn events_per_client() -> usize {
    std::env::var("PILOTFISH_TEST_CLIENT_EVENTS").map_or(10_000, |text| text.parse().unwrap())
}

fn python() -> String {
    std::env::var("PILOTFISH_TEST_PYTHON")
        .expect("PILOTFISH_TEST_PYTHON is not set: run the tests with `cargo xtask test`")
}

/// Where everything is, and what clients are told.
struct Scene {
    place: Place,
    ports: [u16; 2],
    api_key: String,
    environment: String,
    server_key: String,
    browser_key: String,
    page: u16,
    count: usize,
}

impl Scene {
    fn set() -> (Self, Running) {
        let place = Place::new();
        let made = place.init();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let environment = &made["environments"][0];
        let scene = Self {
            ports: free_ports(),
            api_key: text(&made["api_key"]),
            environment: text(&environment["id"]),
            server_key: text(&environment["server_key"]),
            browser_key: text(&environment["browser_key"]),
            page: serve_page(),
            count: events_per_client(),
            place,
        };
        trust_in_browser(&scene.home(), &scene.ca());
        let server = scene.serve();
        (scene, server)
    }

    fn serve(&self) -> Running {
        self.place.serve_at(self.ports[0], self.ports[1])
    }

    fn edge(&self) -> String {
        format!("https://localhost:{}", self.ports[0])
    }

    fn ca(&self) -> PathBuf {
        self.place.data().join("tls/ca.pem")
    }

    fn home(&self) -> PathBuf {
        self.place.folder.path().join("home")
    }

    /// Starts a client that sends all its events, timed so many seconds ago.
    fn start(&self, client: &str, shift: u32) -> Child {
        let mut command = match client {
            "node" => Command::new("node"),
            "next" => return self.start_browser(shift),
            _ => Command::new(python()),
        };
        command.arg(if client == "node" { "segment-node.mjs" } else { "send.py" }).current_dir(root());
        command
            .env("LIBRARY", client)
            .env("PREFIX", client)
            .env("EDGE", self.edge())
            .env("WRITE_KEY", &self.server_key);
        command.env("COUNT", self.count.to_string()).env("SHIFT", shift.to_string());
        command.env("NODE_EXTRA_CA_CERTS", self.ca()).env("REQUESTS_CA_BUNDLE", self.ca());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn start_browser(&self, shift: u32) -> Child {
        let profile = tempfile::tempdir_in(self.place.folder.path()).unwrap().keep();
        let page = format!(
            "http://localhost:{}/?prefix=next&key={}&edge={}&count={}&shift={shift}",
            self.page,
            self.browser_key,
            self.edge(),
            self.count,
        );
        let mut command = Command::new("chromium");
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        command.arg(format!("--user-data-dir={}", profile.display())).arg(page).env("HOME", self.home());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// What the api answers; `None` while the server is down.
    async fn ask(&self, server: &Running, path: &str) -> Option<Value> {
        let url = format!("https://localhost:{}/api/v1/{path}", self.ports[1]);
        let asking =
            server.client().get(url).bearer_auth(&self.api_key).header("pilotfish-environment", &self.environment);
        let answer = asking.send().await.ok()?;
        let status = answer.status();
        let text = answer.text().await.ok()?;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).ok()
    }

    /// How many events of each name there are, over all days.
    async fn counts(&self, server: &Running) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let page = self.ask(server, "events/counts").await.unwrap_or_default();
        for count in page["data"].as_array().into_iter().flatten() {
            let name = count["event"].as_str().unwrap().to_owned();
            *counts.entry(name).or_default() += usize::try_from(count["count"].as_u64().unwrap()).unwrap();
        }
        counts
    }

    async fn total(&self, server: &Running) -> usize {
        self.counts(server).await.into_iter().filter(|(name, _)| name.ends_with(" event")).map(|(_, count)| count).sum()
    }

    /// Waits until so many events are there; the browser too ends some time after its last one.
    async fn wait_for(&self, server: &Running, total: usize) {
        let began = Instant::now();
        loop {
            let counts = self.counts(server).await;
            let there: usize = counts.iter().filter(|(name, _)| name.ends_with(" event")).map(|(_, count)| count).sum();
            if there >= total {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "waited for {total} events in vain: {counts:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The numbers that somebody's events carry, in order.
    async fn numbers_of(&self, server: &Running, person: &str) -> Vec<usize> {
        let mut numbers = Vec::new();
        let mut path = format!("people/{person}/events?limit=200");
        loop {
            let page = self.ask(server, &path).await.unwrap();
            let events = page["data"].as_array().unwrap();
            numbers.extend(events.iter().filter_map(|event| usize::try_from(event["properties"]["n"].as_u64()?).ok()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("people/{person}/events?limit=200&cursor={next}");
        }
        numbers
    }

    /// Every event of every client is there once.
    async fn assert_whole(&self, server: &Running) {
        let counts = self.counts(server).await;
        for client in CLIENTS {
            assert_eq!(counts.get(&format!("{client} event")), Some(&self.count), "{client}: {counts:?}");
            let mut numbers = Vec::new();
            if client == "next" {
                let people = self.ask(server, "people?limit=200").await.unwrap();
                let anonymous = people["data"].as_array().unwrap().iter().filter(|one| one["external_id"].is_null());
                for person in anonymous {
                    numbers.extend(self.numbers_of(server, person["id"].as_str().unwrap()).await);
                }
            } else {
                for person in 0..50.min(self.count) {
                    numbers.extend(self.numbers_of(server, &format!("{client}-{person}")).await);
                }
            }
            numbers.sort_unstable();
            let expected: Vec<usize> = (0..self.count).collect();
            assert!(numbers == expected, "{client}: {} numbers, not each of {} once", numbers.len(), self.count);
        }
    }
}

/// A page of some other origin that holds the browser's client.
fn serve_page() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let (file, kind) = if request[..read].starts_with(b"GET /analytics.js") {
                ("node_modules/@segment/analytics-next/dist/umd/index.js", "text/javascript")
            } else {
                ("segment-next.html", "text/html")
            };
            let body = std::fs::read(root().join(file)).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    port
}

/// Lets a browser of this home folder trust the authority, and no other new one.
fn trust_in_browser(home: &Path, ca: &Path) {
    let database = home.join(".pki/nssdb");
    std::fs::create_dir_all(&database).unwrap();
    let database = format!("sql:{}", database.display());
    for arguments in
        [vec!["-N", "--empty-password"], vec!["-A", "-t", "C,,", "-n", "pilotfish", "-i", ca.to_str().unwrap()]]
    {
        let status = Command::new("certutil").args(["-d", &database]).args(arguments).status().unwrap();
        assert!(status.success());
    }
}

/// Runs every client; `during` runs meanwhile.
async fn run_clients(scene: &Scene, shift: u32, during: impl AsyncFnOnce()) {
    let mut children: Vec<_> = CLIENTS.iter().map(|client| (*client, scene.start(client, shift))).collect();
    during().await;
    let began = Instant::now();
    for (client, child) in &mut children {
        if *client == "next" {
            // A page never ends by itself; that it sent everything is seen by its last event.
            continue;
        }
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "{client} does not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(status.success(), "{client} says that it lost something");
    }
    for (_, child) in &mut children {
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn official_clients_lose_and_double_nothing_while_the_server_is_killed() {
    let (scene, server) = Scene::set();
    let all = scene.count * CLIENTS.len();
    let mut server = server;
    run_clients(&scene, 0, async || {
        for kill in 1..=KILLS {
            scene.wait_for(&server, all * kill / (KILLS + 2)).await;
            assert!(scene.total(&server).await < all, "everything was there before kill {kill}");
            server.kill();
            server = scene.serve();
        }
        scene.wait_for(&server, all).await;
    })
    .await;
    scene.assert_whole(&server).await;

    // The same messages again, as if each had happened an hour before: after a restart, so that nothing is remembered.
    assert!(server.terminate().success());
    server = scene.serve();
    run_clients(&scene, 3_600, async || wait_for_copies(&scene, &server).await).await;
    scene.assert_whole(&server).await;
}

/// The browser sends in order: once a message that follows its copies is there, all copies were taken.
async fn wait_for_copies(scene: &Scene, server: &Running) {
    let began = Instant::now();
    while scene.counts(server).await.get("next end").copied().unwrap_or(0) < 2 {
        assert!(began.elapsed() < PATIENCE, "the browser does not come to its end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
