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
