//! How long `sync` takes in the server for one person with 50 live pieces of content, at 500 requests a second, over the
//! embedded store: `cargo run --release -p product --example bench_sync`. A request goes through the edge's whole router,
//! without network and TLS. Requests start when they are due, whether or not the ones before have been answered, and
//! their time counts from then: a stall shows in every request that had to wait.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a program to look at, not part of the product")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use product::doors::Door;
use product::{installation, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const PIECES: usize = 50;
const PER_SECOND: u32 = 500;
const SECONDS: u32 = 20;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = Arc::new(support::open(folder.path()).await);
    let installed = installation::create(&app, Some(&support::owner())).await.expect("an installation");
    let production = &installed.organisation.environments[0];
    let (api, edge) = (router(&app, Door::Api), router(&app, Door::Edge));
    let environment = production.id.to_string();
    for index in 0..PIECES {
        publish(&api, installed.api_key.as_ref().expect("init makes one").expose(), &environment, index).await;
    }
    let key = production.server_key.as_ref().expect("init makes one").expose().clone();
    let traits = json!({"plan": "pro", "email": "ana@acme.example", "seats": 12});
    let company = json!({"id": "acme", "traits": {"size": 200}});
    let known =
        json!({"writeKey": key, "anonymousId": "device", "userId": "ana", "traits": traits, "company": company});
    sync(&edge, known.to_string()).await;
    let body =
        json!({"writeKey": key, "anonymousId": "device", "userId": "ana", "page": {"url": "https://app.example/"},
                      "locale": "en", "device": {"kind": "desktop", "browser": "Firefox"}, "sdk": "0.1.0"})
        .to_string();
    let bytes = sync(&edge, body.clone()).await;
    let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
    let delivered = answer["content"].as_array().map_or(0, Vec::len);
    println!("sync: {PIECES} live pieces, {delivered} of them delivered, {} bytes of answer", bytes.len());
    for _ in 0..200 {
        sync(&edge, body.clone()).await;
    }
    report(&paced(&edge, &body).await);
    one_after_another(&edge, &body).await;
    app.close().await;
}

/// Flows and surveys with rules over plain and personal attributes, a company, a device and a page; half of them hold.
async fn publish(api: &Router, key: &str, environment: &str, index: usize) {
    let size = if index.is_multiple_of(2) { 100 } else { 1_000 };
    let definition = json!({
        "audience": {"all": [
            {"field": "person.plan", "op": "in", "value": ["pro", "team"]},
            {"field": "company.size", "op": "gte", "value": size},
            {"field": "person.email", "op": "ends_with", "value": "@acme.example"},
            {"field": "device.kind", "op": "is", "value": "desktop"},
            {"field": "page.path", "op": "starts_with", "value": format!("/section-{index}")},
        ]},
        "frequency": {"kind": "recontact", "days": 30},
    });
    let (path, part) = if index.is_multiple_of(2) {
        let step = |id: &str| {
            json!({"id": id, "kind": "modal", "title": "Welcome", "body": "A paragraph of text, as long as people read.",
                   "buttons": [{"text": "Next", "action": "next"}]})
        };
        ("flows", json!({"steps": [step("s1"), step("s2"), step("s3")]}))
    } else {
        ("surveys", json!({"questions": [{"id": "q1", "kind": "nps", "text": "How likely are you to recommend us?"}]}))
    };
    let mut definition = definition;
    if let (Some(all), Some(part)) = (definition.as_object_mut(), part.as_object()) {
        all.extend(part.clone());
    }
    let ask = |method: &'static str, path: String, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .header("pilotfish-environment", environment)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .expect("a request");
        answer(api.clone(), request)
    };
    let made = ask("POST", format!("/api/v1/{path}"), json!({"name": "Piece", "definition": definition})).await;
    let made: Value = serde_json::from_slice(&made).expect("JSON");
    let id = made["id"].as_str().expect("an id").to_owned();
    ask("POST", format!("/api/v1/{path}/{id}/publish"), json!({})).await;
}

async fn sync(edge: &Router, body: String) -> Vec<u8> {
    let request = Request::builder().method("POST").uri("/v1/sync").header("content-type", "text/plain");
    answer(edge.clone(), request.body(Body::from(body)).expect("a request")).await
}

async fn answer(router: Router, request: Request<Body>) -> Vec<u8> {
    let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes().to_vec();
    assert!(parts.status.is_success(), "{} {}", parts.status, String::from_utf8_lossy(&body));
    body
}

/// Per request the time from when it was due.
#[allow(clippy::disallowed_methods, reason = "no server is here whose tracker could wait")]
async fn paced(edge: &Router, body: &str) -> Vec<Duration> {
    let start = Instant::now();
    let mut running = Vec::new();
    for index in 0..PER_SECOND * SECONDS {
        let due = start + Duration::from_secs(1) * index / PER_SECOND;
        tokio::time::sleep_until(due.into()).await;
        // The timer ticks in milliseconds: what it adds is not the server's.
        let began = Instant::now().max(due);
        let (edge, body) = (edge.clone(), body.to_owned());
        running.push(tokio::spawn(async move {
            sync(&edge, body).await;
            began.elapsed()
        }));
    }
    let mut times = Vec::with_capacity(running.len());
    for request in running {
        times.push(request.await.expect("a request that ends"));
    }
    times.sort_unstable();
    times
}

fn report(times: &[Duration]) {
    let at = |percent: usize| times[(times.len() * percent / 1_000).min(times.len() - 1)];
    println!("{} requests at {PER_SECOND}/s, server time:", times.len());
    println!("  p50 {:?}  p90 {:?}  p99 {:?}  p99.9 {:?}  max {:?}", at(500), at(900), at(990), at(999), at(1_000));
}

async fn one_after_another(edge: &Router, body: &str) {
    let start = Instant::now();
    let mut done = 0_u32;
    // The limit per key is 1,000 requests a second.
    while start.elapsed() < Duration::from_secs(1) && done < 400 {
        sync(edge, body.to_owned()).await;
        done += 1;
    }
    println!("one after another: {:?} each", start.elapsed() / done.max(1));
}
