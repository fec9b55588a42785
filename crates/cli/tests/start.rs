//! How an installation begins, is refused, is restarted and stops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use support::{OWNER, PASSWORD, Place};

#[tokio::test]
async fn init_makes_everything_and_the_owner_signs_in() {
    let place = Place::new();
    let made = place.init();
    let names: Vec<_> = made["environments"].as_array().unwrap().iter().map(|of| of["name"].clone()).collect();
    assert_eq!(names, [json!("production"), json!("staging")]);
    assert_eq!(made["edge_url"], "https://localhost:8443");
    assert_eq!(made["dashboard_url"], "https://dashboard.localhost:8444");
    assert!(std::path::Path::new(made["ca_certificate"].as_str().unwrap()).exists());
    let server = place.serve(&[]);
    let sessions = format!("{}/api/v1/sessions", server.url("dashboard"));
    let credentials = json!({"email": OWNER, "password": PASSWORD}).to_string();
    let signing_in = server.client().post(&sessions).header("content-type", "application/json").body(credentials);
    assert_eq!(signing_in.send().await.unwrap().status(), 201);
    let me = format!("{}/api/v1/me", server.url("api"));
    let asked = server.client().get(&me).bearer_auth(made["api_key"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(asked.status(), 200);
}

#[test]
fn init_refuses_a_place_that_holds_something() {
    let place = Place::new();
    place.init();
    let again = place.try_init();
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("holds an installation already"));
}

#[tokio::test]
async fn a_fresh_serve_makes_what_is_missing_and_prints_a_link_that_works() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let mode = std::fs::metadata(place.root_key()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let line = server.printed.iter().find(|line| line.contains("#token=")).unwrap();
    let token = line.split_once("#token=").unwrap().1.split_whitespace().next().unwrap();
    let body = json!({"token": token, "email": OWNER, "name": "Ana", "password": PASSWORD, "organisation": "Harbour"});
    let url = format!("{}/api/v1/setup", server.url("dashboard"));
    let asking = server.client().post(&url).header("content-type", "application/json").body(body.to_string());
    assert_eq!(asking.send().await.unwrap().status(), 201);
    assert!(server.terminate().success());
    let again = place.serve(&[]);
    assert!(!again.printed.iter().any(|line| line.contains("#token=")), "the owner is there");
}

#[test]
fn it_does_not_start_without_the_right_root_key_in_a_right_place() {
    let place = Place::new();
    place.init();
    let key = place.root_key();
    let refused = |what: &str, expected: &str| {
        let (code, said) = place.refused(&mut place.with_root_key(&["serve"]));
        assert_eq!(code, Some(1), "{what}: {said}");
        assert!(said.contains(expected), "{what}: {said}");
    };
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused("readable by others", "can be read or changed by others");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();

    let aside = key.with_extension("aside");
    std::fs::rename(&key, &aside).unwrap();
    refused("missing", "is missing; without it nothing that it protects can be opened");
    assert!(!key.exists(), "no new key is made for old data");

    let other = Place::new();
    other.init();
    std::fs::copy(other.root_key(), &key).unwrap();
    refused("another installation's", "it is another installation's root key");
    std::fs::rename(&aside, &key).unwrap();

    let inside = place.data().join("root.key");
    std::fs::copy(&key, &inside).unwrap();
    let mut command = place.command(&["serve"]);
    let (code, said) = place.refused(command.arg("--root-key").arg(format!("file:{}", inside.display())));
    assert_eq!(code, Some(1));
    assert!(said.contains("lies inside the data folder"), "{said}");
}

#[test]
fn a_second_process_is_refused_and_the_first_goes_on() {
    let place = Place::new();
    place.init();
    let mut first = place.serve(&[]);
    let (code, said) = place.refused(&mut place.with_root_key(&["serve"]));
    assert_eq!(code, Some(1));
    assert!(said.contains("is served by another process"), "{said}");
    assert!(first.child.try_wait().unwrap().is_none());
}

#[test]
fn a_wrong_flag_or_key_of_the_file_is_a_usage_error() {
    let place = Place::new();
    assert_eq!(place.refused(place.command(&["serve"]).arg("--dashbord")).0, Some(2));
    std::fs::write(place.folder.path().join("pilotfish.toml"), "dashbord = \"127.0.0.1:1\"\n").unwrap();
    let (code, said) = place.refused(&mut place.command(&["serve"]));
    assert_eq!(code, Some(2));
    assert!(said.contains("unknown key dashbord; did you mean dashboard?"), "{said}");
}

#[tokio::test]
async fn stopping_lets_a_request_end() {
    let place = Place::new();
    place.init();
    let mut server = place.serve(&[]);
    let (sender, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let stream = futures::stream::unfold(body, |mut body| async { body.recv().await.map(|part| (part, body)) });
    let url = format!("{}/api/v1/sessions", server.url("dashboard"));
    let asking = server.client().post(&url).header("content-type", "application/json");
    let answer = tokio::spawn(asking.body(reqwest::Body::wrap_stream(stream)).send());
    sender.send(Ok(br#"{"email":"ana@example.org","#.to_vec())).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let stopping = std::thread::spawn(move || server.terminate());
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    sender.send(Ok(format!(r#""password":"{PASSWORD}"}}"#).into_bytes())).await.unwrap();
    drop(sender);
    assert_eq!(answer.await.unwrap().unwrap().status(), 201);
    assert!(stopping.join().unwrap().success());
}

#[tokio::test]
async fn stopping_waits_for_nobody_who_has_asked_for_nothing() {
    let place = Place::new();
    place.init();
    let mut server = place.serve(&[]);
    let client = server.client();
    client.get(format!("{}/healthz", server.url("api"))).send().await.unwrap();
    let silent = std::net::TcpStream::connect(server.url("edge").trim_start_matches("https://")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    let began = std::time::Instant::now();
    assert!(server.terminate().success());
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    drop((silent, client));
}

#[tokio::test]
async fn figures_are_for_an_owners_key_and_name_no_path() {
    let place = Place::new();
    let key = place.init()["api_key"].as_str().unwrap().to_owned();
    let server = place.serve(&[]);
    let client = server.client();
    client.get(format!("{}/secret-looking/path", server.url("edge"))).send().await.unwrap();
    let url = server.url("metrics");
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    let text = client.get(&url).bearer_auth(key).send().await.unwrap().text().await.unwrap();
    assert!(text.contains(r#"pilotfish_requests_total{door="edge",route="(none)",status="404"} 1"#), "{text}");
    assert!(!text.contains("secret-looking"));
}

#[tokio::test]
async fn more_headers_than_a_door_takes_are_refused_before_they_are_looked_at() {
    let place = Place::new();
    place.init();
    let server = place.serve(&[]);
    let url = format!("{}/healthz", server.url("api"));
    let client = server.client_over_http1();
    let with = async |count: usize| {
        let headers = (0..count).map(|number| (format!("x{number}").parse().unwrap(), "1".parse().unwrap()));
        let headers: reqwest::header::HeaderMap = headers.collect();
        client.get(&url).headers(headers).send().await.unwrap().status().as_u16()
    };
    assert_eq!((with(1_000).await, with(1_100).await), (200, 431));
}
