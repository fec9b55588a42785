use app_test::app_test;
use serde_json::json;
use std::time::Duration;

use crate::doors::Door;
use crate::testing::TestApp;

async fn speak(app: &TestApp, origin: &str) {
    let key = app.installed().organisation.environments[0].browser_key.expose();
    let body = json!({"writeKey": key, "type": "track", "event": "Opened", "anonymousId": "a"});
    let asking = app.at(Door::Edge).header("origin", origin).json(&body);
    asking.post("/v1/track").await.assert(200);
}

#[app_test]
async fn a_page_that_speaks_is_heard(app: TestApp) {
    let before = app.api().get("/api/v1/installation").await.assert(200).json();
    assert_eq!((&before["origins"], &before["first_seen_at"]), (&json!([]), &json!(null)));
    speak(&app, "https://harbour.example").await;
    app.advance(Duration::from_mins(1));
    speak(&app, "https://harbour.example").await;
    speak(&app, "https://other.example:8443").await;
    speak(&app, "null").await;
    let after = app.api().get("/api/v1/installation").await.assert(200).json();
    assert_eq!(after["origins"], json!(["https://harbour.example", "https://other.example:8443"]));
    assert_eq!(after["first_seen_at"], "2026-10-01T00:00:00Z");
    assert_eq!(after["last_seen_at"], "2026-10-01T00:01:00Z");
}

#[app_test]
async fn the_tag_names_the_key_and_the_hash_of_what_is_served(app: TestApp) {
    let installation = app.api().get("/api/v1/installation").await.assert(200).json();
    let tag = installation["tag"].as_str().unwrap();
    let list = app.at(Door::Edge).get("/sdk/integrity.json").await.assert(200).json();
    let path = installation["sdk_url"].as_str().unwrap().strip_prefix("https://localhost:8443").unwrap();
    assert!(tag.contains(&format!("integrity=\"{}\"", list[path].as_str().unwrap())), "{tag}");
    assert!(tag.contains(app.installed().organisation.environments[0].browser_key.expose()), "{tag}");
}

impl TestApp {
    /// The origins that were heard, the last first.
    async fn heard(&self) -> Vec<String> {
        let installation = self.api().get("/api/v1/installation").await.assert(200).json();
        serde_json::from_value(installation["origins"].clone()).unwrap()
    }
}

#[app_test]
async fn what_is_no_origin_of_pages_is_not_noted(app: TestApp) {
    for origin in [
        "null",
        "https://",
        "harbour.example",
        "https://ana:pw@harbour.example",
        "https://harbour.example/people/ana",
        "https://harbour.example?ana@example.org",
        "HTTPS://Harbour.example",
        "https://harbour.example:443",
        "chrome-extension://abcdefgh",
        "file://harbour.example",
        "http://203.0.113.7:3000",
        "http://[2001:db8::7]",
        &format!("https://{}.example", "a".repeat(270)),
    ] {
        speak(&app, origin).await;
        assert_eq!(app.heard().await, Vec::<String>::new(), "{origin}");
    }
    for origin in ["https://harbour.example", "http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:3000"] {
        app.advance(Duration::from_secs(1));
        speak(&app, origin).await;
        assert_eq!(app.heard().await[0], origin);
    }
}

#[app_test]
async fn a_flood_of_origins_is_written_in_a_trickle_and_the_newest_are_kept(app: TestApp) {
    speak(&app, "https://harbour.example").await;
    for number in 0..100 {
        speak(&app, &format!("https://flood-{number}.example")).await;
    }
    assert_eq!(app.heard().await.len(), 20);
    for number in 0..60 {
        app.advance(Duration::from_mins(1));
        speak(&app, "https://harbour.example").await;
        speak(&app, &format!("https://slow-{number}.example")).await;
        speak(&app, &format!("https://slower-{number}.example")).await;
    }
    let heard = app.heard().await;
    assert_eq!(heard.len(), 50);
    assert!(heard.contains(&"https://harbour.example".to_owned()), "who goes on speaking stays: {heard:?}");
    assert!(heard.contains(&"https://slow-59.example".to_owned()), "the newest is kept: {heard:?}");
    assert!(!heard.contains(&"https://flood-0.example".to_owned()), "the oldest went: {heard:?}");
}
