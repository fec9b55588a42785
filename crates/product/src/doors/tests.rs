use app_test::app_test;
use axum::http::Method;
use base::SystemRng;
use keys::{ApiKey, ApiKeyKind};

use super::Door;
use crate::testing::TestApp;

const DOORS: [Door; 3] = [Door::Edge, Door::Api, Door::Dashboard];

#[app_test]
async fn every_door_says_that_it_lives_and_is_ready(app: TestApp) {
    for door in DOORS {
        app.at(door).get("/healthz").await.assert(200);
        app.at(door).get("/readyz").await.assert(200);
        app.app().ready.store(false, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(app.at(door).get("/readyz").await.assert(503).header("retry-after"), "1");
        app.app().ready.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

#[app_test]
async fn an_unknown_path_is_404_for_anybody(app: TestApp) {
    for door in DOORS {
        let answer = app.at(door).get("/nothing/here").await.assert(404);
        assert_eq!(answer.code(), "not_found");
        assert!(answer.json()["request_id"].as_str().unwrap().starts_with("req_"));
    }
    // The operations of one door are not there on another.
    app.at(Door::Edge).get("/api/v1/me").await.assert(404);
    app.api().post("/api/v1/sessions").await.assert(404);
}

#[app_test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones(app: TestApp) {
    let answer = app.api().send(Method::PATCH, "/api/v1/me").await.assert(405);
    assert_eq!(answer.code(), "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD");
}

#[app_test]
async fn the_strict_headers_are_on_every_answer(app: TestApp) {
    for door in DOORS {
        for path in ["/healthz", "/nothing"] {
            let answer = app.at(door).get(path).await;
            assert_eq!(answer.header("strict-transport-security"), "max-age=63072000");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
            assert!(!answer.header("content-security-policy").contains("unsafe"));
        }
    }
}

#[app_test]
async fn the_dashboard_answers_under_its_own_name_only(app: TestApp) {
    let other = app.at(Door::Dashboard).header("host", "localhost:8444").get("/healthz").await.assert(421);
    assert_eq!(other.code(), "misdirected_request");
    app.at(Door::Dashboard).header("host", "dashboard.localhost:8444").get("/healthz").await.assert(200);
}

#[app_test]
async fn the_api_takes_keys_and_no_sessions_and_the_dashboard_the_other_way_round(app: TestApp) {
    let cookie = app.sign_in().await;
    let key = app.installed().api_key.as_ref().unwrap().expose().clone();
    app.at(Door::Api).cookie(&cookie).get("/api/v1/me").await.assert(401);
    app.at(Door::Dashboard).bearer(&key).get("/api/v1/me").await.assert(401);
    app.at(Door::Api).bearer(&key).get("/api/v1/me").await.assert(200);
    app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(200);
}

#[app_test]
async fn a_wrong_key_is_401_before_anything_else_is_looked_at(app: TestApp) {
    let unknown = ApiKey::generate(ApiKeyKind::Api, &SystemRng).text().expose().clone();
    let server_key = app.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
    for key in ["", "nonsense", &unknown, &server_key] {
        let asking = app.at(Door::Api).bearer(key).header("pilotfish-environment", "nonsense");
        assert_eq!(asking.get("/api/v1/me").await.assert(401).code(), "unauthenticated");
    }
}

#[app_test]
async fn an_api_key_ends_after_90_days(app: TestApp) {
    app.advance(std::time::Duration::from_hours(24 * 90 - 1));
    app.api().get("/api/v1/me").await.assert(200);
    app.advance(std::time::Duration::from_hours(1));
    app.api().get("/api/v1/me").await.assert(401);
}

#[app_test]
async fn too_much_is_refused_as_a_problem(app: TestApp) {
    let long = "x".repeat(17 * 1024);
    assert_eq!(app.at(Door::Api).header("x-long", &long).get("/healthz").await.assert(431).code(), "headers_too_large");
    let big = app.at(Door::Dashboard).header("content-type", "application/json").body(vec![b' '; 1_000_001]);
    assert_eq!(big.post("/api/v1/sessions").await.assert(413).code(), "payload_too_large");
}

#[app_test]
async fn the_document_lists_what_the_door_has(app: TestApp) {
    let paths = |document: serde_json::Value| -> Vec<String> {
        document["paths"].as_object().unwrap().keys().cloned().collect()
    };
    let api = app.at(Door::Api).get("/api/openapi.json").await.assert(200).json();
    assert_eq!(api["security"][0], serde_json::json!({"api_key": []}));
    let dashboard = app.at(Door::Dashboard).get("/api/openapi.json").await.assert(200).json();
    assert!(!paths(api).contains(&"/api/v1/sessions".to_owned()));
    assert!(paths(dashboard.clone()).contains(&"/api/v1/sessions".to_owned()));
    let public: Vec<&String> = dashboard["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, item)| {
            item.as_object().unwrap().values().any(|operation| operation["security"] == serde_json::json!([{}]))
        })
        .map(|(path, _)| path)
        .collect();
    assert_eq!(public, ["/api/v1/sessions", "/api/v1/setup"]);
}

#[app_test]
async fn a_page_carries_a_nonce_of_its_own_and_nothing_unsafe(app: TestApp) {
    let page = app.at(Door::Dashboard).get("/app/app/production/content").await.assert(200);
    let policy = page.header("content-security-policy").to_owned();
    let nonce = policy.split_once("'nonce-").unwrap().1.split('\'').next().unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = String::from_utf8(page.body.clone()).unwrap();
    assert!(html.contains(nonce) && !html.contains("__CSP_NONCE__"), "{html}");
    let other = app.at(Door::Dashboard).get("/").await.assert(200);
    assert!(!other.header("content-security-policy").contains(nonce));
    assert_eq!(page.header("cache-control"), "no-store");
    let astray = app.at(Door::Dashboard).header("accept", "text/html,*/*;q=0.8").get("/nothing/here").await.assert(404);
    assert_eq!(astray.header("content-type"), "text/html; charset=utf-8");
    app.at(Door::Dashboard).get("/nothing.js").await.assert(404);
    app.at(Door::Dashboard).get("/api/v1/nothing").await.assert(404);
}

#[app_test]
async fn the_previews_frame_is_sandboxed_and_only_the_dashboard_may_frame_it(app: TestApp) {
    let frame = app.at(Door::Dashboard).get("/preview.html").await.assert(200);
    let policy = frame.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors https://dashboard.localhost:8444; sandbox allow-scripts"), "{policy}");
}
