//! Keys of an installation that serves: listed, issued and turned through the control socket, under load, and killed at
//! any moment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

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
    let refused = place.with_root_key(&["keys", "rotate", "--kind", "message_hash", "--now"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("keys of kind message_hash do not rotate: not built yet"), "{said}");

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

/// What asks and asks, and what it was told.
struct Load {
    stop: AtomicBool,
    done: AtomicU64,
    failures: std::sync::Mutex<Vec<String>>,
}

impl Load {
    /// Makes this request so many times a second until it is told to stop.
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
                number += 1;
                let (load, request) = (Arc::clone(&load), ask(number));
                asked.spawn(async move {
                    match request.send().await {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_everything_turns() {
    let place = Place::new();
    let made = place.init();
    let server = place.serve(&[]);
    let client = server.client();
    let credentials = json!({"email": OWNER, "password": PASSWORD}).to_string();
    let sessions = format!("{}/api/v1/sessions", server.url("dashboard"));
    let signed_in =
        client.post(&sessions).header("content-type", "application/json").body(credentials).send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let production = &made["environments"][0];
    let (server_key, environment, api_key) =
        (text(&production["server_key"]), text(&production["id"]), text(&made["api_key"]));
    let staging_key = text(&made["environments"][1]["browser_key"]);
    let identify = format!("{}/v1/identify", server.url("edge"));
    let ana = json!({"userId": "ana", "traits": {"email": "ana@example.org"}});
    assert_eq!(
        client.post(&identify).basic_auth(&server_key, None::<&str>).json(&ana).send().await.unwrap().status(),
        200
    );

    let load =
        Arc::new(Load { stop: AtomicBool::new(false), done: AtomicU64::new(0), failures: std::sync::Mutex::default() });
    let (asks, url) = (client.clone(), server.url("edge"));
    let tracks = load.start(60, move |number| {
        // A third are people whom nobody knows.
        let user = if number % 3 == 0 { format!("user-{number}") } else { "ana".to_owned() };
        let body = json!({"userId": user, "event": "Seen", "properties": {"email": format!("{user}@example.org")}});
        asks.post(format!("{url}/v1/track")).basic_auth(&server_key, None::<&str>).json(&body)
    });
    let (asks, url) = (client.clone(), server.url("edge"));
    let syncs = load.start(60, move |number| {
        let body = json!({"writeKey": staging_key, "anonymousId": format!("device-{}", number % 7)});
        asks.post(format!("{url}/v1/sync")).header("content-type", "text/plain").body(body.to_string())
    });
    let (asks, url) = (client.clone(), server.url("api"));
    let reads = load.start(40, move |_| {
        asks.get(format!("{url}/api/v1/people/ana")).bearer_auth(&api_key).header("pilotfish-environment", &environment)
    });
    let (asks, url) = (client.clone(), server.url("dashboard"));
    let looks = load.start(40, move |_| asks.get(format!("{url}/api/v1/me")).header("cookie", &cookie));

    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..2 {
        let turning =
            place.with_root_key(&["keys", "rotate", "--now", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let output = tokio::task::spawn_blocking(move || turning.wait_with_output().unwrap()).await.unwrap();
        let turned: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(turned["turned"].as_array().unwrap().len() > 10, "{turned}");
    }
    load.stop.store(true, Ordering::Relaxed);
    for task in [tracks, syncs, reads, looks] {
        task.await.unwrap();
    }
    let failures = load.failures.lock().unwrap();
    let done = load.done.load(Ordering::Relaxed);
    assert!(failures.is_empty(), "{} of {done} failed: {:?}", failures.len(), &failures[..failures.len().min(5)]);
    assert!(done > 300, "only {done} requests were made");
    for (kind, version) in
        [("root", 3), ("erasable", 3), ("organisation", 3), ("main_store_file", 3), ("keyring_file", 3)]
    {
        assert_eq!(states(&place, kind).last(), Some(&(version, "primary".to_owned())), "{kind}");
    }
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
