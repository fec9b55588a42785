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
async fn an_unknown_path_is_404_whatever_the_method(app: TestApp) {
    for door in DOORS {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            for path in ["/nothing/here", "/api/v1/nothing", "/app/app/production/nothing"] {
                assert_eq!(app.at(door).send(method.clone(), path).await.assert(404).code(), "not_found", "{path}");
            }
        }
    }
}

#[app_test]
async fn the_other_doors_refuse_the_dashboards_name(app: TestApp) {
    for door in [Door::Edge, Door::Api] {
        for host in ["dashboard.localhost:8445", "DASHBOARD.localhost"] {
            let other = app.at(door).header("host", host).get("/healthz").await.assert(421);
            assert_eq!(other.code(), "misdirected_request");
        }
        app.at(door).header("host", "127.0.0.1:8445").get("/healthz").await.assert(200);
    }
}

#[app_test]
async fn two_hosts_are_none(app: TestApp) {
    for door in DOORS {
        let host = if door == Door::Dashboard { "dashboard.localhost" } else { "localhost" };
        app.at(door).another_header("host", host).get("/healthz").await.assert(400);
    }
}

#[app_test]
async fn a_refused_caller_is_told_how_to_prove_itself(app: TestApp) {
    let refused = app.at(Door::Api).get("/api/v1/me").await.assert(401);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let refused = app.at(Door::Edge).json(&serde_json::json!({})).post("/v1/track").await.assert(401);
    assert_eq!(refused.header("www-authenticate"), "Basic realm=\"pilotfish\", Bearer");
    assert_eq!(app.at(Door::Dashboard).get("/api/v1/me").await.assert(401).header("www-authenticate"), "");
}

#[app_test]
async fn a_stranger_is_told_401_before_method_and_size(app: TestApp) {
    for door in [Door::Api, Door::Dashboard] {
        app.at(door).send(Method::PATCH, "/api/v1/me").await.assert(401);
        app.at(door).send(Method::PATCH, "/api/v1/nothing").await.assert(404);
        let big = app.at(door).header("content-type", "application/json").body(vec![b' '; 1_000_001]);
        big.clone().post("/api/v1/surveys").await.assert(401);
        big.post("/api/v1/nothing").await.assert(404);
    }
    app.api().body(vec![b' '; 1_000_001]).post("/api/v1/surveys").await.assert(413);
    // Public operations have no key to show first.
    app.at(Door::Dashboard).send(Method::PATCH, "/api/v1/setup").await.assert(405);
}

#[app_test]
async fn a_nul_in_a_text_is_refused_before_a_store_sees_it(app: TestApp) {
    let body = serde_json::json!({"email": "a\0b@example.org", "password": "x"});
    let refused = app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await.assert(400);
    assert_eq!(refused.code(), "invalid_json");
    assert!(refused.json()["errors"][0]["detail"].as_str().unwrap().contains("NUL"));
    let body = serde_json::json!({"name": "a", "definition": {"a": ["x", {"b\0": 1}]}});
    app.api().json(&body).post("/api/v1/surveys").await.assert(400);
}

#[app_test]
async fn a_wrong_method_that_names_the_right_ones(app: TestApp) {
    let answer = app.api().send(Method::PATCH, "/api/v1/me").await.assert(405);
    assert_eq!(answer.code(), "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD");
}

#[app_test]
async fn every_router_names_the_methods_that_a_path_takes(app: TestApp) {
    let key = app.installed().organisation.environments[0].browser_key.expose().clone();
    let settings = format!("/v1/projects/{key}/settings");
    let sdk = app.app().sdk.current().unwrap().0.clone();
    let read = "GET,HEAD";
    let mut paths = vec![
        (Door::Edge, settings.as_str(), "GET,HEAD,OPTIONS"),
        (Door::Edge, sdk.as_str(), read),
        (Door::Edge, "/sdk/pilotfish.js", read),
        (Door::Edge, "/sdk/integrity.json", read),
        (Door::Edge, "/v1/track", "POST,OPTIONS"),
        (Door::Edge, "/v1/sync", "POST,OPTIONS"),
        (Door::Edge, "/v1/answers", "POST,OPTIONS"),
        (Door::Metrics, "/metrics", read),
    ];
    for door in [Door::Edge, Door::Api, Door::Dashboard, Door::Metrics] {
        paths.extend([(door, "/healthz", read), (door, "/readyz", read)]);
    }
    paths.extend([Door::Api, Door::Dashboard].map(|door| (door, "/api/openapi.json", read)));
    paths.extend(
        ["/", "/preview.html", "/setup", "/sign-in", "/app/a/e/home"].map(|path| (Door::Dashboard, path, read)),
    );
    for (door, path, methods) in paths {
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = app.at(door).send(method.clone(), path).await.assert(405);
            assert_eq!(answer.code(), "method_not_allowed", "{method} {path}");
            assert_eq!(answer.header("allow"), methods, "{method} {path}");
        }
    }
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
        assert_eq!(asking.get("/api/v1/installation").await.assert(401).code(), "unauthenticated");
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
    assert!(!paths(api.clone()).contains(&"/api/v1/sessions".to_owned()));
    assert!(paths(dashboard.clone()).contains(&"/api/v1/sessions".to_owned()));
    let everybodys = [
        "post /api/v1/sessions",
        "get /api/v1/sign-in",
        "post /api/v1/invitations/look",
        "post /api/v1/invitations/accept",
        "post /api/v1/password-resets",
        "post /api/v1/password-resets/complete",
        "post /api/v1/passkeys/challenge",
        "get /api/v1/setup",
        "post /api/v1/setup",
        "get /trust",
        "get /trust.json",
    ];
    assert_eq!(public(&dashboard), everybodys);
    assert_eq!(public(&api), Vec::<String>::new());
}

/// The operations that have `security: []`; fails if another has a `security` of its own.
fn public(document: &serde_json::Value) -> Vec<String> {
    let mut public = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(security) = operation.get("security") {
                assert_eq!(security, &serde_json::json!([]), "{method} {path}");
                public.push(format!("{method} {path}"));
            }
        }
    }
    public
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

#[app_test]
async fn the_installations_figures_are_the_first_organisations_only(app: TestApp) {
    let key = app.installed().api_key.as_ref().unwrap().expose().clone();
    app.at(Door::Metrics).get("/metrics").await.assert(401);
    // Nothing is counted in a test: whoever may see the figures is told so.
    app.at(Door::Metrics).bearer(&key).get("/metrics").await.assert(503);
    let mut tx = crate::authority::SystemTx::begin(app.app()).await.unwrap();
    app.advance(std::time::Duration::from_secs(1));
    let other = crate::organisations::create(app.app(), &mut tx, "Stranger").await.unwrap();
    let role = crate::authority::Role::Owner;
    let strangers = crate::api_keys::create(app.app(), &mut tx, other.id, role).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(app.at(Door::Metrics).bearer(strangers.expose()).get("/metrics").await.assert(403).code(), "forbidden");
    app.at(Door::Metrics).bearer(&key).get("/metrics").await.assert(503);
}

#[app_test]
async fn every_line_of_a_request_names_it_and_no_method_is_repeated(app: TestApp) {
    let logs = crate::testing::Logs::default();
    let listening = logs.listen();
    app.app().main.close().await;
    let answer = app.api().get("/api/v1/me").await.assert(503);
    assert_eq!(answer.code(), "storage_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    app.at(Door::Api).send(Method::from_bytes(b"HUNTER2").unwrap(), "/healthz").await.assert(405);
    drop(listening);
    let (text, id) = (logs.text(), answer.json()["request_id"].as_str().unwrap().to_owned());
    let failed = text.lines().find(|line| line.contains("a request failed")).unwrap();
    assert!(failed.contains(&id), "{failed}");
    assert!(text.contains(r#""method":"other""#) && !text.contains("HUNTER2"), "{text}");
}
