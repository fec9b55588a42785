//! `pilotfish demo` as a newcomer starts it: ready before its past is made, whole once, and again after a kill.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use support::{OWNER, PASSWORD, Place, Running};

const PEOPLE: &str = "60";

/// Who looks at the dashboard.
struct Owner {
    client: Client,
    dashboard: String,
    cookie: String,
    environment: String,
}

impl Owner {
    /// Becomes the owner by the printed link.
    async fn set_up(server: &Running) -> Self {
        let line = server.printed.iter().find(|line| line.contains("#token=")).unwrap();
        let token = line.split_once("#token=").unwrap().1.split_whitespace().next().unwrap();
        let body =
            json!({"token": token, "email": OWNER, "name": "Ana", "password": PASSWORD, "organisation": "Harbour"});
        Self::with(server, "setup", &body).await
    }

    async fn sign_in(server: &Running) -> Self {
        Self::with(server, "sessions", &json!({"email": OWNER, "password": PASSWORD})).await
    }

    async fn with(server: &Running, operation: &str, body: &Value) -> Self {
        let (client, dashboard) = (server.client(), server.url("dashboard"));
        let answer = client.post(format!("{dashboard}/api/v1/{operation}")).json(body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut owner = Self { client, dashboard, cookie, environment: String::new() };
        let me = owner.get("/me").await;
        me["apps"][0]["environments"][0]["id"].as_str().unwrap().clone_into(&mut owner.environment);
        owner
    }

    async fn get(&self, path: &str) -> Value {
        let asking = self.client.get(format!("{}/api/v1{path}", self.dashboard)).header("cookie", &self.cookie);
        let asking = asking.header("pilotfish-environment", &self.environment);
        let answer = asking.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    async fn people(&self) -> usize {
        self.get("/people?limit=200").await["data"].as_array().unwrap().len()
    }

    /// Every event there is, by day and name.
    async fn events(&self) -> u64 {
        let counts = self.get("/events/counts?from=2020-01-01T00:00:00Z").await;
        counts["data"].as_array().unwrap().iter().map(|count| count["count"].as_u64().unwrap()).sum()
    }

    /// Until the past is whole: then no key of the seeding is good any more and nothing is added.
    async fn wait_for_past(&self) -> u64 {
        let began = Instant::now();
        let mut before = (0, 0);
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = (self.people().await, self.events().await);
            if now.0 == 60 && now == before {
                return now.1;
            }
            assert!(began.elapsed() < Duration::from_mins(2), "{now:?}");
            before = now;
        }
    }
}

#[tokio::test]
async fn a_newcomer_finds_an_app_its_people_and_their_past() {
    let place = Place::new();
    let server = place.demo_with(&["--people", PEOPLE]);
    assert!(server.started_in < Duration::from_secs(20), "{:?}", server.started_in);
    let harbour = server.url("site");
    let owner = Owner::set_up(&server).await;
    let me = owner.get("/me").await;
    assert_eq!((&me["demo"], &me["demo_site_url"]), (&json!(true), &json!(harbour)));
    let page = owner.client.get(&harbour).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains(&server.url("edge")));
    assert!(page.text().await.unwrap().contains("data-key=\"pfe_"));
    let session =
        owner.client.post(format!("{harbour}/session")).json(&json!({"user": "usr_maya"})).send().await.unwrap();
    assert_eq!(session.json::<Value>().await.unwrap()["user"]["id"], "usr_maya");
    owner.wait_for_past().await;
    let kinds = [("/flows", "Welcome aboard"), ("/surveys", "How is invoicing going?")];
    for (path, name) in kinds {
        let list = owner.get(path).await;
        assert_eq!((&list["data"][0]["name"], &list["data"][0]["status"]), (&json!(name), &json!("live")));
        assert!(list["data"][0]["figures"]["shown"].as_u64().unwrap() > 0);
    }
}

#[tokio::test]
async fn a_demo_that_was_killed_goes_on_and_is_made_once() {
    let place = Place::new();
    let mut server = place.demo_with(&["--people", PEOPLE]);
    Owner::set_up(&server).await;
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    // What was asked for first counts.
    let mut server = place.demo_with(&["--people", "7"]);
    let events = Owner::sign_in(&server).await.wait_for_past().await;
    assert!(server.terminate().success());
    let mut server = place.demo_with(&[]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let owner = Owner::sign_in(&server).await;
    assert_eq!((owner.people().await, owner.events().await), (60, events), "a second start makes nothing");
    assert!(server.terminate().success());
    let (code, said) = place.refused(&mut place.with_root_key(&["serve"]));
    assert_eq!(code, Some(1));
    assert!(said.contains("holds the demo"), "{said}");
}

#[tokio::test]
async fn what_is_broken_behind_the_demos_back_is_red_within_a_minute_until_it_is_mended() {
    let place = Place::new();
    let mut server = place.demo_with(&["--people", PEOPLE]);
    let owner = Owner::set_up(&server).await;
    owner.wait_for_past().await;
    let sabotage = |what: &str| place.command(&["demo-sabotage", what]).output().unwrap();
    let row = async || {
        let page = owner.client.get(format!("{}/trust.json", owner.dashboard)).send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        let rows = page["promises"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == "UP-35").unwrap().clone()
    };
    let becomes = async |red: bool| {
        let began = Instant::now();
        loop {
            let row = row().await;
            if (row["state"] == "red") == red {
                return row;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "{row}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    becomes(false).await;
    assert!(!sabotage("mend").status.success(), "nothing is broken");
    assert!(sabotage("break").status.success());
    assert!(!sabotage("break").status.success(), "one thing is broken at a time");
    let red = becomes(true).await;
    assert!(red.to_string().contains("The event log is damaged"), "{red}");
    assert!(sabotage("mend").status.success());
    becomes(false).await;

    // A demo that starts mends first.
    assert!(sabotage("break").status.success());
    assert!(server.terminate().success());
    let _server = place.demo_with(&[]);
    assert!(!sabotage("mend").status.success());
}

#[tokio::test]
async fn serving_is_no_demo() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    assert!(!server.printed.iter().any(|line| line.contains("site  ")));
    let owner = Owner::set_up(&server).await;
    let me = owner.get("/me").await;
    assert_eq!((&me["demo"], me.get("demo_site_url")), (&json!(false), None));
    assert_eq!((owner.people().await, owner.events().await), (0, 0));
    assert!(owner.get("/flows").await["data"].as_array().unwrap().is_empty());
    let sabotage = place.command(&["demo-sabotage", "break"]).output().unwrap();
    assert!(String::from_utf8_lossy(&sabotage.stderr).contains("is no demo's data folder"));
    let search = owner.client.post(format!("{}/api/v1/demo/disk-search", owner.dashboard));
    let answer = search.header("cookie", &owner.cookie).json(&json!({"text": "needle"})).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(server.terminate().success());
}
