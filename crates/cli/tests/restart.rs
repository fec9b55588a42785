//! Restarts and upgrades under load: with the listening sockets held by a service manager no request fails.
//!
//! The manager here does what systemd does with a socket unit: it holds the sockets, starts the binary with them, stops it
//! with SIGTERM and starts it again once it has ended.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use rustix::io::{FdFlags, fcntl_setfd};
use serde_json::{Value, json};
use support::{BINARY, Place, Running};
use tokio::task::JoinSet;

const DOORS: [&str; 4] = ["--edge", "--api", "--dashboard", "--metrics"];
const RESTARTS: usize = 3;
/// How long a client may have to wait for an answer across a restart: less than any client's patience.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Who holds the sockets.
struct Manager {
    place: Place,
    sockets: Vec<(SocketAddr, TcpListener)>,
}

impl Manager {
    fn new(place: Place) -> Self {
        let sockets = DOORS.map(|_| {
            let socket = TcpListener::bind("127.0.0.1:0").unwrap();
            // Children inherit it.
            fcntl_setfd(&socket, FdFlags::empty()).unwrap();
            (socket.local_addr().unwrap(), socket)
        });
        Self { place, sockets: sockets.into() }
    }

    /// The binary with these sockets as descriptors 3, 4, …, as `sd_listen_fds(3)` has them.
    fn command(&self, flags: &[&str]) -> Command {
        let serve = self.place.with_root_key(&["serve"]);
        let moves: Vec<String> =
            (3..).zip(&self.sockets).map(|(to, (_, from))| format!("{to}<&{}", from.as_raw_fd())).collect();
        let script = format!("exec {}; LISTEN_PID=$$ LISTEN_FDS={} exec \"$@\"", moves.join(" "), self.sockets.len());
        let mut command = Command::new("bash");
        command.args(["-c", &script, "bash", BINARY]).args(serve.get_args()).args(flags);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).current_dir(self.place.folder.path());
        for (door, (address, _)) in DOORS.iter().zip(&self.sockets) {
            command.args([*door, &address.to_string()]);
        }
        command
    }

    fn start(&self) -> Running {
        Running::start(&mut self.command(&["--log", "warn"]), &self.place.data().join("tls/ca.pem"))
    }
}

/// What a kind of client saw.
#[derive(Default)]
struct Seen {
    answered: u64,
    longest: Duration,
    failed: Vec<String>,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.longest = self.longest.max(other.longest);
        self.failed.extend(other.failed);
    }
}

/// Asks again and again, every time once: what fails is not asked for another time.
async fn load(stop: Arc<AtomicBool>, pause: Duration, mut ask: impl FnMut(u64) -> RequestBuilder) -> Seen {
    let mut seen = Seen::default();
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let began = Instant::now();
        match ask(number).send().await {
            Ok(answer) if answer.status() == 200 => match answer.bytes().await {
                Ok(_) => seen.answered += 1,
                Err(error) => seen.failed.push(format!("{error:?}")),
            },
            Ok(answer) => seen.failed.push(answer.status().to_string()),
            Err(error) => seen.failed.push(format!("after {:?}: {error:?}", began.elapsed())),
        }
        seen.longest = seen.longest.max(began.elapsed());
        tokio::time::sleep(pause).await;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_the_server_is_restarted() {
    let place = Place::new();
    let made = place.init();
    let manager = Manager::new(place);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let environment = &made["environments"][0];
    let (id, key, api_key) = (text(&environment["id"]), text(&environment["server_key"]), text(&made["api_key"]));
    let browser_key = text(&environment["browser_key"]);
    let mut server = manager.start();
    let [edge, api, dashboard] = ["edge", "api", "dashboard"].map(|door| server.url(door));

    let stop = Arc::new(AtomicBool::new(false));
    let mut senders = JoinSet::new();
    let mut others = JoinSet::new();
    let pause = Duration::from_millis(40);
    for (number, client) in [(0, server.client_over_http1()), (1, server.client())] {
        for sender in 0..3 {
            let (client, url, key) = (client.clone(), format!("{edge}/v1/track"), key.clone());
            senders.spawn(load(stop.clone(), pause, move |sent| {
                let id = format!("{number}-{sender}-{sent}");
                let message = json!({"userId": format!("u{sender}"), "event": "Invoice Sent", "messageId": id});
                client.post(&url).bearer_auth(&key).json(&message)
            }));
        }
        let (of_sync, of_page) = (client.clone(), client);
        let (url, key) = (format!("{edge}/v1/sync"), browser_key.clone());
        others.spawn(load(stop.clone(), pause, move |_| {
            of_sync.post(&url).bearer_auth(&key).json(&json!({"anonymousId": format!("browser-{number}")}))
        }));
        let url = format!("{dashboard}/");
        others.spawn(load(stop.clone(), pause, move |_| of_page.get(&url)));
    }

    let began = Instant::now();
    for _ in 0..RESTARTS {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(tokio::task::block_in_place(|| server.terminate()).success());
        server = tokio::task::block_in_place(|| manager.start());
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.store(true, Ordering::SeqCst);
    let took = began.elapsed();
    let (mut sent, mut asked) = (Seen::default(), Seen::default());
    senders.join_all().await.into_iter().for_each(|of_one| sent.add(of_one));
    others.join_all().await.into_iter().for_each(|of_one| asked.add(of_one));
    let requests = sent.answered + asked.answered;
    let longest = sent.longest.max(asked.longest);
    println!(
        "restart: {requests} requests in {took:?}, {} of them events; {RESTARTS} restarts; longest wait {longest:?}",
        sent.answered
    );
    assert_eq!((sent.failed, asked.failed), (vec![], vec![]));
    assert!(u128::from(requests) * 1_000 > took.as_millis() * 50, "only {requests} requests in {took:?}");
    assert!(longest < LONGEST_WAIT, "{longest:?}");

    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let url = format!("{api}/api/v1/events/counts?from=2020-01-01T00:00:00Z");
    let asking = server.client().get(url).bearer_auth(&api_key).header("pilotfish-environment", &id);
    let counts: Value = asking.send().await.unwrap().json().await.unwrap();
    let counted: u64 = counts["data"].as_array().unwrap().iter().map(|count| count["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, sent.answered, "an acknowledged event is there once");
}

#[test]
fn a_socket_that_no_door_listens_at_is_refused() {
    let mut manager = Manager::new(Place::new());
    // The edge's flag names another address than its socket has.
    manager.sockets[0].0.set_port(support::free_ports::<1>()[0]);
    let mut command = manager.command(&[]);
    let output = command.stdout(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("and no door of this process listens there"), "{said}");
    assert!(!manager.place.data().exists(), "nothing is made for a process that cannot have its doors");
}

/// The value of each `key=` line of a unit file.
fn values<'u>(unit: &'u str, key: &str) -> Vec<&'u str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_files_are_valid_hardened_and_name_the_same_addresses() {
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/systemd");
    let read = |name: &str| std::fs::read_to_string(units.join(name)).unwrap();
    let (service, socket) = (read("pilotfish.service"), read("pilotfish.socket"));
    let doors: Vec<_> = values(&service, "Environment")
        .into_iter()
        .filter_map(|set| set.split_once('='))
        .filter(|(name, _)| ["EDGE", "API", "DASHBOARD", "METRICS"].iter().any(|door| name.ends_with(door)))
        .map(|(_, address)| address)
        .collect();
    assert_eq!(doors, values(&socket, "ListenStream"));

    let folder = tempfile::tempdir().unwrap();
    let installed = service.replace("/usr/bin/pilotfish", BINARY);
    std::fs::write(folder.path().join("pilotfish.service"), installed).unwrap();
    std::fs::write(folder.path().join("pilotfish.socket"), &socket).unwrap();
    let paths = ["pilotfish.service", "pilotfish.socket"].map(|name| folder.path().join(name));
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&paths).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("pilotfish."), "{said}");
    let exposure = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--threshold=20", "--no-pager"])
        .arg(&paths[0])
        .output()
        .unwrap();
    assert!(exposure.status.success(), "{}", String::from_utf8_lossy(&exposure.stdout));
}
