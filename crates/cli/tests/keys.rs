//! Keys of an installation that serves: listed, issued and turned through the control socket, under load, and killed at
//! any moment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{OWNER, PASSWORD, Place, Running, free_ports};

/// What `keys …` prints as JSON.
fn keys(place: &Place, command: &[&str]) -> Value {
    let words: Vec<&str> = ["keys"].iter().chain(command).copied().collect();
    let output = place.with_root_key(&words).arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Versions and states of a kind's keys.
fn states(place: &Place, kind: &str) -> Vec<(u64, String)> {
    let listed = keys(place, &["list"]);
    let of_kind = listed["keys"].as_array().unwrap().iter().filter(|key| key["kind"] == kind);
    of_kind.map(|key| (key["version"].as_u64().unwrap(), key["state"].as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn keys_are_listed_issued_and_turned_while_the_server_runs_and_without_it() {
    let place = Place::new();
    let made = place.init();
    assert_eq!(states(&place, "root"), [(1, "primary".to_owned())], "without a server");
    let mut server = place.serve(&["--rotate-days", "pepper=7"]);
    let listed = keys(&place, &["list"]);
    let pepper = listed["keys"].as_array().unwrap().iter().find(|key| key["kind"] == "pepper").unwrap();
    assert!(pepper["next_rotation"].is_string(), "{pepper}");
    assert!(!listed.to_string().contains("wrapped") && pepper.as_object().unwrap().len() == 7, "{pepper}");

    for command in [&["keys", "list"][..], &["keys", "rotate"]] {
        let ask = |days| place.with_root_key(command).args(["--rotate-days", days]).output().unwrap();
        let (other, same) = (ask("pepper=8"), ask("pepper=7"));
        let said = String::from_utf8(other.stderr).unwrap();
        assert!(other.status.code() == Some(1) && said.contains("pepper after 7 days, not 8"), "{said}");
        assert!(same.status.success(), "the server's own days");
    }

    let output = place.with_root_key(&["keys", "issue", "--kind", "api"]).output().unwrap();
    let key = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let me = format!("{}/api/v1/me", server.url("api"));
    assert_eq!(server.client().get(&me).bearer_auth(&key).send().await.unwrap().status(), 200);
    let environment = made["environments"][0]["id"].as_str().unwrap();
    let issue = |environment: &str| {
        let said = place.with_root_key(&["keys", "issue", "--kind", "server", "--environment", environment]).output();
        let said = said.unwrap();
        (said.status.code(), String::from_utf8(said.stderr).unwrap())
    };
    assert_eq!(issue(environment), (Some(0), String::new()));
    let (code, said) = issue("env_00000000000000000000000000");
    assert!(code == Some(1) && said.contains("there is no environment"), "{said}");

    let turned = keys(&place, &["rotate", "--kind", "root", "--now"]);
    assert_eq!(turned["turned"][0]["version"], 2, "{turned}");
    assert_eq!(states(&place, "root"), [(1, "destroyed".to_owned()), (2, "primary".to_owned())]);
    let refused = place.with_root_key(&["keys", "rotate", "--kind", "inbox", "--now"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("keys of kind inbox do not rotate: nothing is sealed to it"), "{said}");

    assert!(server.terminate().success());
    keys(&place, &["rotate", "--kind", "root", "--now"]);
    assert_eq!(states(&place, "root").last(), Some(&(3, "primary".to_owned())), "without a server");
}

#[test]
fn the_control_socket_is_for_its_user_and_goes_with_the_server() {
    let place = Place::new();
    place.init();
    let socket = place.data().join("control.sock");
    let mut server = place.serve(&[]);
    let about = std::fs::metadata(&socket).unwrap();
    assert!(about.file_type().is_socket());
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    server.kill();
    assert!(socket.exists(), "a killed server leaves it");
    assert_eq!(states(&place, "root").len(), 1, "which keeps nobody from the stores");
    let mut server = place.serve(&[]);
    UnixStream::connect(&socket).unwrap();
    assert!(server.terminate().success());
    assert!(!socket.exists());
}

#[test]
fn a_data_folder_may_have_a_long_path() {
    let place = Place::new();
    let long = place.folder.path().join("a-long-name-of-a-folder".repeat(6));
    std::fs::create_dir(&long).unwrap();
    let data = long.join("data");
    let with = |command: &mut Command| {
        command.env("PILOTFISH_ROOT_KEY", format!("file:{}", place.root_key().display()));
        command.env("PILOTFISH_DATA", &data).env_remove("HOME");
    };
    let mut serve = Command::new(support::BINARY);
    with(serve.arg("serve"));
    for door in ["--edge", "--api", "--dashboard", "--metrics"] {
        serve.args([door, "127.0.0.1:0"]);
    }
    let _server = Running::start(&mut serve, &data.join("tls/ca.pem"));
    let mut list = Command::new(support::BINARY);
    with(list.args(["keys", "list"]));
    let output = list.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nroot "), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn erasable_keys_come_back_from_their_second_place() {
    let place = Place::new();
    let made = place.init();
    let copy = place.folder.path().join("second-disk/erasable");
    let flags = ["--erasable-copy", copy.to_str().unwrap()];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (server_key, environment) =
        (text(&made["environments"][0]["server_key"]), text(&made["environments"][0]["id"]));
    let mut server = place.serve(&flags);
    let identify = format!("{}/v1/identify", server.url("edge"));
    let ana = json!({"userId": "ana", "traits": {"email": "ana@example.org"}});
    let asked = server.client().post(&identify).basic_auth(&server_key, None::<&str>).json(&ana).send().await.unwrap();
    assert_eq!(asked.status(), 200);
    assert!(server.terminate().success());

    let first = place.folder.path().join("keys/root.key.erasable");
    std::fs::remove_dir_all(&first).unwrap();
    let said = place.must_refuse(&mut place.with_root_key(&["serve"]));
    assert!(said.contains("the erasable keys of"), "without the second place: {said}");
    let server = place.serve(&flags);
    assert_eq!(std::fs::read(first.join(&environment)).unwrap(), std::fs::read(copy.join(&environment)).unwrap());
    let person = format!("{}/api/v1/people/ana", server.url("api"));
    let asked = server.client().get(&person).bearer_auth(text(&made["api_key"]));
    let answer = asked.header("pilotfish-environment", &environment).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains("ana@example.org"));
}

/// So many requests of a kind wait for their answers at most.
const MOST_WAITING: usize = 5;
/// Longer than a turn of everything takes on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(4);

/// What asks and asks, and what it was told.
struct Load {
    stop: AtomicBool,
    done: AtomicU64,
    /// The longest that an answer took, in milliseconds.
    longest: AtomicU64,
    failures: std::sync::Mutex<Vec<String>>,
}

impl Load {
    fn new() -> Arc<Self> {
        let (stop, done, longest) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { stop, done, longest, failures: std::sync::Mutex::default() })
    }

    /// Makes this request so many times a second until it is told to stop; fewer where so many wait for an answer that
    /// more would only wait in a queue.
    fn start(
        self: &Arc<Self>,
        per_second: u32,
        ask: impl Fn(u64) -> reqwest::RequestBuilder + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        let load = Arc::clone(self);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
            let mut number = 0;
            let mut asked = tokio::task::JoinSet::new();
            while !load.stop.load(Ordering::Relaxed) {
                ticks.tick().await;
                while asked.try_join_next().is_some() {}
                if asked.len() >= MOST_WAITING {
                    continue;
                }
                number += 1;
                let (load, request) = (Arc::clone(&load), ask(number));
                asked.spawn(async move {
                    let begun = Instant::now();
                    let answered = request.send().await;
                    let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
                    load.longest.fetch_max(took, Ordering::Relaxed);
                    match answered {
                        Ok(answer) if answer.status().is_success() => {
                            load.done.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(answer) => {
                            let (status, path) = (answer.status(), answer.url().path().to_owned());
                            let told = format!("{status} {path}: {}", answer.text().await.unwrap_or_default());
                            load.failures.lock().unwrap().push(told);
                        }
                        Err(error) => load.failures.lock().unwrap().push(error.to_string()),
                    }
                });
            }
            while asked.join_next().await.is_some() {}
        })
    }
}

/// The kinds that turn, in the order of their codes.
const KINDS: [&str; 17] = [
    "root",
    "erasable",
    "main_store_file",
    "keyring_file",
    "event_log",
    "index",
    "message_hash",
    "pepper",
    "session",
    "api_key_hash",
    "address_hash",
    "organisation",
    "identity",
    "local_authority",
    "member_index",
    "acme",
    "second_factor",
];

/// An installation that serves, and what it takes to ask it.
struct Asked {
    client: reqwest::Client,
    edge: String,
    api: String,
    dashboard: String,
    server_key: String,
    staging_key: String,
    api_key: String,
    environment: String,
    cookie: String,
}

impl Asked {
    async fn of(server: &Running, made: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let production = &made["environments"][0];
        let client = server.client();
        let asked = Self::sign_in(&client, &server.url("dashboard")).send().await.unwrap();
        let cookie = asked.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self {
            client,
            edge: server.url("edge"),
            api: server.url("api"),
            dashboard: server.url("dashboard"),
            server_key: text(&production["server_key"]),
            staging_key: text(&made["environments"][1]["browser_key"]),
            api_key: text(&made["api_key"]),
            environment: text(&production["id"]),
            cookie,
        }
    }

    fn sign_in(client: &reqwest::Client, dashboard: &str) -> reqwest::RequestBuilder {
        let credentials = json!({"email": OWNER, "password": PASSWORD}).to_string();
        let asking = client.post(format!("{dashboard}/api/v1/sessions")).header("content-type", "application/json");
        asking.body(credentials)
    }

    fn ingest(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.edge)).basic_auth(&self.server_key, None::<&str>).json(body)
    }

    fn ask(&self, asking: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        asking.bearer_auth(&self.api_key).header("pilotfish-environment", &self.environment)
    }

    fn person(&self, id: &str) -> reqwest::RequestBuilder {
        self.ask(self.client.get(format!("{}/api/v1/people/{id}", self.api)))
    }

    fn search(&self, email: &str) -> reqwest::RequestBuilder {
        self.ask(self.client.post(format!("{}/api/v1/people/search", self.api)).json(&json!({"email": email})))
    }

    /// How many people have this address, and how many events `ana` has.
    async fn found(&self, email: &str) -> usize {
        let found: Value =
            serde_json::from_str(&self.search(email).send().await.unwrap().text().await.unwrap()).unwrap();
        found["data"].as_array().unwrap_or_else(|| panic!("{found}")).len()
    }

    async fn events_of(&self, id: &str) -> usize {
        let asking = self.ask(self.client.get(format!("{}/api/v1/people/{id}/events", self.api)));
        let events: Value = serde_json::from_str(&asking.send().await.unwrap().text().await.unwrap()).unwrap();
        events["data"].as_array().unwrap_or_else(|| panic!("{events}")).len()
    }
}

/// Starts 200 requests a second: ingest, sync, people by id and by address, sessions.
fn start_load(load: &Arc<Load>, asked: &Arc<Asked>) -> Vec<tokio::task::JoinHandle<()>> {
    let of = |per_second, ask: fn(&Asked, u64) -> reqwest::RequestBuilder| {
        let asked = Arc::clone(asked);
        load.start(per_second, move |number| ask(&asked, number))
    };
    vec![
        of(60, |asked, number| {
            // A third are people whom nobody knows.
            let user = if number.is_multiple_of(3) { format!("user-{number}") } else { "ana".to_owned() };
            let properties = json!({"email": format!("{user}@example.org")});
            asked.ingest("/v1/track", &json!({"userId": user, "event": "Seen", "properties": properties}))
        }),
        of(60, |asked, number| {
            let body = json!({"writeKey": asked.staging_key, "anonymousId": format!("device-{}", number % 7)});
            let asking = asked.client.post(format!("{}/v1/sync", asked.edge)).header("content-type", "text/plain");
            asking.body(body.to_string())
        }),
        of(30, |asked, _| asked.person("ana")),
        of(10, |asked, _| asked.search("ana@example.org")),
        of(40, |asked, _| asked.client.get(format!("{}/api/v1/me", asked.dashboard)).header("cookie", &asked.cookie)),
    ]
}

async fn rotate(place: &Place, more: &[&str]) -> Value {
    let output = try_rotate(place, more).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn try_rotate(place: &Place, more: &[&str]) -> std::process::Output {
    let words = [&["keys", "rotate", "--now", "--json"], more].concat();
    let turning = place.with_root_key(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let turned = tokio::task::spawn_blocking(move || turning.wait_with_output().unwrap());
    tokio::time::timeout(PATIENCE, turned).await.expect("the turn does not end").unwrap()
}

/// All that must hold after keys turned: everybody is found, by id and by address, and copies are recognised.
async fn everything_is_there(asked: &Asked) {
    assert_eq!(asked.found("ana@example.org").await, 1);
    assert_eq!(asked.person("ana").send().await.unwrap().status(), 200);
    let before = asked.events_of("copied").await;
    let copy = json!({"messageId": "a-copy", "userId": "copied", "event": "Once"});
    assert_eq!(asked.ingest("/v1/track", &copy).send().await.unwrap().status(), 200);
    assert_eq!((before, asked.events_of("copied").await), (1, 1), "a copy of a message was taken for another");
}

async fn begin(asked: &Asked) {
    for body in [
        json!({"userId": "ana", "traits": {"email": "ana@example.org"}}),
        json!({"userId": "bob", "traits": {"email": "bob@example.org"}}),
    ] {
        assert_eq!(asked.ingest("/v1/identify", &body).send().await.unwrap().status(), 200);
    }
    let message = json!({"messageId": "a-copy", "userId": "copied", "event": "Once"});
    assert_eq!(asked.ingest("/v1/track", &message).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_everything_turns() {
    let place = Place::new();
    let made = place.init();
    let server = place.serve(&[]);
    let asked = Arc::new(Asked::of(&server, &made).await);
    begin(&asked).await;
    let load = Load::new();
    let tasks = start_load(&load, &asked);

    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut waits = Vec::new();
    for _ in 0..2 {
        load.longest.store(0, Ordering::Relaxed);
        let turned = rotate(&place, &[]).await;
        assert!(turned["turned"].as_array().unwrap().len() >= KINDS.len(), "{turned}");
        waits.push(load.longest.load(Ordering::Relaxed));
    }
    load.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let failures = load.failures.lock().unwrap().clone();
    let done = load.done.load(Ordering::Relaxed);
    assert!(
        failures.is_empty(),
        "{} of {done} failed, the longest waits were {waits:?} ms: {:?}",
        failures.len(),
        &failures[..failures.len().min(5)]
    );
    assert!(done > 300, "only {done} requests were made");
    // The shorter of the two: whatever else the machine does makes a wait longer, never shorter.
    assert!(waits.iter().min().is_some_and(|wait| *wait < 2_000), "a drained request waits too long: {waits:?} ms");
    eprintln!("the longest waits of two turns of everything: {waits:?} ms");
    for kind in KINDS {
        let states = states(&place, kind);
        assert!(
            states.last().is_some_and(|(version, state)| *version >= 3 && state == "primary"),
            "{kind}: {states:?}"
        );
    }
    for kind in ["root", "index", "organisation", "local_authority", "acme"] {
        assert_eq!(states(&place, kind)[0], (1, "destroyed".to_owned()), "{kind}");
    }
    everything_is_there(&asked).await;
    let again = Asked::sign_in(&asked.client, &asked.dashboard).send().await.unwrap();
    assert_eq!(again.status(), 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_indexes_are_made_anew_goes_on_with_them() {
    let place = Place::new();
    let made = place.init();
    let [edge, api] = free_ports();
    let mut server = place.serve_at(edge, api);
    let mut asked = Asked::of(&server, &made).await;
    begin(&asked).await;
    for batch in 0..4 {
        let people = (0..500).map(|number| format!("user-{}", batch * 500 + number));
        let identify =
            |user| json!({"type": "identify", "userId": user, "traits": {"email": format!("{user}@example.org")}});
        let body = json!({"batch": people.map(identify).collect::<Vec<Value>>()});
        assert_eq!(asked.ingest("/v1/batch", &body).send().await.unwrap().status(), 200);
    }
    // The index key's turn begins two seconds after it is asked for.
    for after in [1_500, 2_050, 2_200, 2_400, 2_800] {
        let mut turning = place
            .with_root_key(&["keys", "rotate", "--kind", "index", "--now"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(after)).await;
        server.kill();
        turning.wait().unwrap();
        server = place.serve_at(edge, api);
        asked = Asked::of(&server, &made).await;
        everything_is_there(&asked).await;
        for number in [0, 777, 1_999] {
            assert_eq!(asked.found(&format!("user-{number}@example.org")).await, 1, "killed after {after} ms");
            let status = asked.person(&format!("user-{number}")).send().await.unwrap().status();
            assert_eq!(status, 200, "killed after {after} ms");
        }
    }
    rotate(&place, &["--kind", "index"]).await;
    let all = states(&place, "index");
    assert!(all.iter().all(|(_, state)| state != "enabled"), "{all:?}");
    for number in (0..2_000).step_by(37) {
        assert_eq!(asked.found(&format!("user-{number}@example.org")).await, 1);
        assert_eq!(asked.person(&format!("user-{number}")).send().await.unwrap().status(), 200);
    }
    everything_is_there(&asked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_keys_turn_starts_again_and_has_everything() {
    let place = Place::new();
    let made = place.init();
    let [edge, api] = free_ports();
    let production = &made["environments"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (server_key, environment, api_key) =
        (text(&production["server_key"]), text(&production["id"]), text(&made["api_key"]));
    let mut server = place.serve_at(edge, api);
    let ana = json!({"userId": "ana", "traits": {"email": "ana@example.org"}});
    let identify = format!("{}/v1/identify", server.url("edge"));
    let asked = server.client().post(&identify).basic_auth(&server_key, None::<&str>).json(&ana).send().await.unwrap();
    assert_eq!(asked.status(), 200);
    for after in [5, 50, 150, 300, 600, 1_000, 1_500, 2_200] {
        let mut turning = place
            .with_root_key(&["keys", "rotate", "--now"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(after)).await;
        server.kill();
        turning.wait().unwrap();
        server = place.serve_at(edge, api);
        let person = format!("{}/api/v1/people/ana", server.url("api"));
        let asked = server.client().get(&person).bearer_auth(&api_key).header("pilotfish-environment", &environment);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), 200, "killed after {after} ms");
        assert!(answer.text().await.unwrap().contains("ana@example.org"), "killed after {after} ms");
        let sent =
            server.client().post(&identify).basic_auth(&server_key, None::<&str>).json(&ana).send().await.unwrap();
        assert_eq!(sent.status(), 200, "killed after {after} ms");
    }
    keys(&place, &["rotate", "--now"]);
    for kind in ["root", "organisation", "identity"] {
        let alive = states(&place, kind).into_iter().filter(|(_, state)| state == "enabled").count();
        assert_eq!(alive, 0, "{kind}");
    }
}
