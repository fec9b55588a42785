//! What the operating system sees: the log is synced before the answer goes out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use support::{Place, Running, free_ports};

/// A system call: when it was done, and how strace wrote it.
struct Call {
    done: f64,
    text: String,
}

/// The calls of all threads, by when they were done. strace writes one file a thread.
fn calls(folder: &Path) -> Vec<Call> {
    let mut calls = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            let Some((start, rest)) = line.split_once(' ') else { continue };
            let Some(took) = rest.rsplit_once('<').and_then(|(_, took)| took.strip_suffix('>')) else { continue };
            let (Ok(start), Ok(took)) = (start.parse::<f64>(), took.parse::<f64>()) else { continue };
            calls.push(Call { done: start + took, text: rest.to_owned() });
        }
    }
    calls.sort_by(|a, b| a.done.total_cmp(&b.done));
    calls
}

#[tokio::test]
async fn the_log_is_synced_before_the_answer_goes_out() {
    let place = Place::new();
    let made = place.init();
    let [edge, api] = free_ports();
    let traces = place.folder.path().join("traces");
    std::fs::create_dir(&traces).unwrap();
    let serve = place.with_root_key(&["serve"]);
    let mut command = Command::new("strace");
    command.args(["-ff", "-ttt", "-T", "-yy", "-e", "trace=fdatasync,fsync,write,writev,sendto,sendmsg", "-o"]);
    command.arg(traces.join("of")).arg(serve.get_program()).args(serve.get_args());
    command.args(["--edge", &format!("127.0.0.1:{edge}"), "--api", &format!("127.0.0.1:{api}")]);
    command.args(["--dashboard", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]).stdin(Stdio::null());
    let mut server = Running::start(&mut command, &place.data().join("tls/ca.pem"));

    let client = server.client();
    let key = made["environments"][0]["server_key"].as_str().unwrap();
    let send = async |event: &str| {
        let body = json!({"batch": [{"type": "track", "userId": "u", "event": event}]}).to_string();
        let asking = client.post(format!("https://localhost:{edge}/v1/batch")).bearer_auth(key).body(body);
        assert_eq!(asking.send().await.unwrap().status(), 200);
    };
    send("First").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = calls(&traces).last().unwrap().done;
    send("First").await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    let is_sync = |call: &Call| {
        call.text.starts_with("fdatasync(") && call.text.contains("/log/edge/") && call.text.contains("= 0 ")
    };
    let of_edge = format!("TCP:[127.0.0.1:{edge}->");
    let calls: Vec<Call> = calls(&traces).into_iter().filter(|call| call.done > before).collect();
    let synced = calls.iter().position(is_sync).expect("the log was not synced");
    let answered = calls.iter().position(|call| call.text.contains(&of_edge)).expect("no answer was seen");
    assert!(
        synced < answered,
        "answered before the sync:\n{}",
        calls.iter().map(|call| format!("{} {}", call.done, call.text)).collect::<Vec<_>>().join("\n")
    );
    stop(&traces);
    server.child.wait().unwrap();
}

/// Asks the traced process to stop: strace itself keeps signals to itself. Its first thread has the lowest number.
fn stop(traces: &Path) {
    let names = std::fs::read_dir(traces).unwrap().map(|entry| entry.unwrap().path());
    let first = names.filter_map(|path| path.extension()?.to_str()?.parse::<i32>().ok()).min().unwrap();
    let process = rustix::process::Pid::from_raw(first).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
}

/// Asks until it is taken: the server may have been killed with the request in flight, before or after it was durable.
async fn send_until_taken(client: &reqwest::Client, edge: u16, key: &str, message: &serde_json::Value) {
    loop {
        let asking = client.post(format!("https://localhost:{edge}/v1/track")).bearer_auth(key).json(message);
        match asking.timeout(Duration::from_secs(5)).send().await {
            Ok(answer) if answer.status() == 200 => return,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_is_counted_once_though_the_server_is_killed() {
    let place = Place::new();
    let made = place.init();
    let [edge, api] = free_ports();
    let mut server = place.serve_at(edge, api);
    let client = server.client();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let environment = &made["environments"][0];
    let (id, key, api_key) = (text(&environment["id"]), text(&environment["server_key"]), text(&made["api_key"]));
    let event = |id: String| json!({"userId": "u", "event": "Invoice Sent", "messageId": id});
    send_until_taken(&client, edge, &key, &event("first".to_owned())).await;
    let at_api = |method: reqwest::Method, path: String| {
        let asking = client.request(method, format!("https://localhost:{api}/api/v1/{path}"));
        asking.bearer_auth(&api_key).header("pilotfish-environment", &id)
    };
    let audience = json!({"event": "Invoice Sent", "count": {"op": "gte", "value": 1_000_000}});
    let definition = json!({"questions": [{"id": "q1", "kind": "nps", "text": "?"}], "audience": audience});
    let survey =
        at_api(reqwest::Method::POST, "surveys".to_owned()).json(&json!({"name": "S", "definition": definition}));
    let survey: serde_json::Value = survey.send().await.unwrap().json().await.unwrap();
    let survey = text(&survey["id"]);
    let published = at_api(reqwest::Method::POST, format!("surveys/{survey}/publish")).send().await.unwrap();
    assert_eq!(published.status(), 200);
    let counted = async || {
        let why = at_api(reqwest::Method::GET, format!("people/u/content/{survey}/why")).send().await.unwrap();
        let why: serde_json::Value = why.json().await.unwrap();
        why["trace"]["parts"][2]["parts"][0]["actual"].as_u64()
    };
    let began = std::time::Instant::now();
    while counted().await != Some(1) {
        assert!(began.elapsed() < Duration::from_secs(30), "what was before is not counted");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..8 {
        let (client, key, stop) = (client.clone(), key.clone(), stop.clone());
        senders.spawn(async move {
            let mut sent = 0_u64;
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                let message = json!({"userId": "u", "event": "Invoice Sent", "messageId": format!("{sender}-{sent}")});
                send_until_taken(&client, edge, &key, &message).await;
                sent += 1;
            }
            sent
        });
    }
    for round in 0..6 {
        tokio::time::sleep(Duration::from_millis(400 + 37 * round)).await;
        server.kill();
        server = place.serve_at(edge, api);
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    let sent: u64 = senders.join_all().await.into_iter().sum();
    assert!(sent > 50, "only {sent} were sent");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(counted().await, Some(sent + 1));
}

#[tokio::test]
async fn events_verify_names_what_is_damaged_with_a_server_and_without() {
    let place = Place::new();
    let made = place.init();
    let [edge, api] = free_ports();
    let mut server = place.serve_at(edge, api);
    let key = made["environments"][0]["server_key"].as_str().unwrap();
    send_until_taken(&server.client(), edge, key, &json!({"userId": "u", "event": "First", "messageId": "1"})).await;
    let verify = || {
        let output = place.with_root_key(&["events", "verify"]).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, report, _) = verify();
    assert!(code == Some(0) && report.contains("event log: ") && report.contains("parts: "), "{report}");
    let logs = place.data().join("log/edge");
    let mut damaged = Vec::new();
    for folder in std::fs::read_dir(&logs).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|end| end == "log") {
                damaged.push(path);
            }
        }
    }
    let path = damaged.first().expect("there is a log file");
    let mut bytes = std::fs::read(path).unwrap();
    bytes[20] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let (code, report, said) = verify();
    assert!(code == Some(1) && report.contains(name) && said.contains("lost or changed"), "{report}{said}");
    server.kill();
    let (code, report, _) = verify();
    assert!(code == Some(1) && report.contains(name), "without a server: {report}");
}
