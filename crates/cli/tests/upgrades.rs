//! A data folder that an earlier release left opens in this one, with all that was in it. `tests/upgrades/make.py` makes
//! the archives; schemas of earlier releases, empty and filled, are the business of the crate `store`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use support::{OWNER, PASSWORD, Place, Running};

fn archives() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/upgrades");
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_str().unwrap().ends_with(".tar.gz"));
    found.sort();
    found
}

/// What an earlier release left, served by this one.
struct Upgraded {
    place: Place,
    made: Value,
    /// The one of that time ends after 90 days.
    api_key: String,
    server: Running,
}

impl Upgraded {
    fn from(archive: &Path) -> Self {
        let place = Place::new();
        let unpacked = Command::new("tar")
            .args(["--no-same-owner", "-xpzf"])
            .arg(archive)
            .current_dir(place.folder.path())
            .status()
            .unwrap();
        assert!(unpacked.success());
        let made = serde_json::from_slice(&std::fs::read(place.folder.path().join("made.json")).unwrap()).unwrap();
        let issued = place.with_root_key(&["keys", "issue", "--kind", "api"]).output().unwrap();
        assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));
        let api_key = String::from_utf8(issued.stdout).unwrap().trim().to_owned();
        let server = place.serve(&[]);
        Self { place, made, api_key, server }
    }

    fn environment(&self) -> &Value {
        &self.made["installation"]["environments"][0]
    }

    async fn at_api(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let asking = self.server.client().request(method, format!("{}/api/v1/{path}", self.server.url("api")));
        let asking = asking.bearer_auth(&self.api_key);
        let asking = asking.header("pilotfish-environment", self.environment()["id"].as_str().unwrap());
        let answer = body.iter().fold(asking, reqwest::RequestBuilder::json).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn at_edge(&self, path: &str, body: Value) {
        let asking = self.server.client().post(format!("{}{path}", self.server.url("edge")));
        let answer = asking.bearer_auth(self.environment()["server_key"].as_str().unwrap()).json(&body).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
    }

    /// How many events of a name there are in November 2026.
    async fn events(&self, name: &str) -> Value {
        let range = json!({"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"});
        let question = json!({"kind": "trend", "range": range, "interval": "day", "series": [{"event": name}]});
        self.at_api(Method::POST, "query", Some(question)).await["series"][0]["total"].clone()
    }
}

#[tokio::test]
async fn a_data_folder_of_every_earlier_release_opens_with_all_that_was_in_it() {
    let archives = archives();
    assert!(!archives.is_empty(), "no archive lies in tests/upgrades");
    for archive in archives {
        println!("{}", archive.display());
        let it = Upgraded::from(&archive);
        what_was_there(&it).await;
        goes_on(&it).await;
        let verify = it.place.with_root_key(&["events", "verify"]).output().unwrap();
        assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    }
}

async fn what_was_there(it: &Upgraded) {
    for (person, plan) in [("ana", "free"), ("ben", "pro"), ("eve", "pro")] {
        let found = it.at_api(Method::GET, &format!("people/{person}"), None).await;
        let attributes = found.to_string();
        assert!(attributes.contains(&format!("{person}@customer.example")), "{found}");
        assert!(attributes.contains(&format!("\"{plan}\"")), "{found}");
    }
    let company = it.at_api(Method::GET, "companies/acme", None).await;
    assert!(company["attributes"].to_string().contains("12"), "{company}");
    assert_eq!([it.events("Invoice Sent").await, it.events("Report Opened").await], [json!(60), json!(61)]);
    let timeline = it.at_api(Method::GET, "people/ana/events?limit=100", None).await;
    let texts = timeline.to_string().matches("call +49 30 901820").count();
    assert_eq!(texts, 40, "{timeline}");
    let survey = it.made["survey"].as_str().unwrap();
    let answers = it.at_api(Method::POST, &format!("surveys/{survey}/results/reveal"), None).await;
    assert!(answers.to_string().contains("ana@customer.example likes it"), "{answers}");
    for (path, integrity) in it.made["sdk"].as_object().unwrap() {
        let served = it.server.client().get(format!("{}{path}", it.server.url("edge"))).send().await.unwrap();
        assert_eq!(served.status(), 200, "{path}");
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, &served.bytes().await.unwrap());
        let found = format!("sha384-{}", data_encoding::BASE64.encode(digest.as_ref()));
        // The file without a version is this release's.
        assert!(found == integrity.as_str().unwrap() || path == "/sdk/pilotfish.js", "{path}");
    }
    let sessions = format!("{}/api/v1/sessions", it.server.url("dashboard"));
    let signing_in = it.server.client().post(&sessions).json(&json!({"email": OWNER, "password": PASSWORD}));
    assert_eq!(signing_in.send().await.unwrap().status(), 201);
}

/// What is new is counted, once.
async fn goes_on(it: &Upgraded) {
    let day = "2026-11-22T10:00:00Z";
    let event = json!({"userId": "ana", "event": "Invoice Sent", "messageId": "new", "timestamp": day});
    it.at_edge("/v1/track", event.clone()).await;
    it.at_edge("/v1/track", event).await;
    assert_eq!(it.events("Invoice Sent").await, json!(61));
}
