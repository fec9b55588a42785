use app_test::app_test;
use keys::{KeyKind, Owner};
use serde_json::{Value, json};

use super::{ask, invoices, september, track};
use crate::key_rotation::{Wanted, rotate};
use crate::testing::TestApp;

/// Answers to a question of each kind, who is behind a number, and what `u1` did and what happened in `c1`, personal values shown.
async fn everything(app: &TestApp) -> Vec<Value> {
    let trend = json!({"kind": "trend", "range": september(), "interval": "day", "breakdown": {"field": "event.currency"},
        "series": [{"event": "Invoice Sent", "measure": "sum", "property": "amount"}]});
    let funnel = json!({"kind": "funnel", "range": september(), "window": "2d",
        "steps": [{"event": "Invoice Created"}, {"event": "Invoice Sent"}]});
    let retention = json!({"kind": "retention", "range": september(), "interval": "day", "periods": 3,
        "start": {"event": "Invoice Created"}, "return": {"event": "Invoice Sent"}});
    let behind = json!({"question": funnel, "of": {"kind": "funnel", "step": 1}});
    let mut answers = Vec::new();
    for question in [trend, funnel, retention] {
        answers.push(ask(app, question).await.clone());
    }
    answers.push(app.api().json(&behind).post("/api/v1/query/people").await.assert(200).json()["people"].clone());
    for path in ["people/u1/events", "companies/c1/events"] {
        let events = app.api().get(&format!("/api/v1/{path}")).await.assert(200).json()["data"].clone();
        assert!(!events.as_array().unwrap().is_empty(), "{path}");
        answers.push(events);
    }
    answers
}

#[app_test]
async fn answers_are_the_same_when_the_events_lie_in_parts(app: TestApp) {
    invoices(&app).await;
    let private = json!({"note": "bo@example.org", "amount": 3});
    app.send(json!([track("u1", "Invoice Viewed", "2026-09-29T09:00:00Z", private)])).await;
    let before = everything(&app).await;
    app.seal().await;
    assert_eq!(everything(&app).await, before);
    assert!(before[4].to_string().contains("bo@example.org"), "{}", before[4]);

    app.send(json!([track("u2", "Invoice Sent", "2026-09-29T10:00:00Z", json!({"amount": 5, "currency": "EUR"}))]))
        .await;
    let mixed = everything(&app).await;
    assert_ne!(mixed[0], before[0], "what comes after the parts counts as well");
    app.seal().await;
    assert_eq!(everything(&app).await, mixed);
}

#[app_test]
async fn answers_are_the_same_when_the_events_have_left_the_log(app: TestApp) {
    invoices(&app).await;
    let private = json!({"note": "bo@example.org", "amount": 3});
    app.send(json!([track("u1", "Invoice Viewed", "2026-09-29T09:00:00Z", private)])).await;
    let (before, bytes) = (everything(&app).await, app.log_bytes());
    app.trim().await;
    assert_eq!(everything(&app).await, before);
    assert!(before[4].to_string().contains("bo@example.org"), "{}", before[4]);
    assert!(app.log_bytes() < bytes, "{} of {bytes}", app.log_bytes());
    let verified = crate::event_log::verify(app.app()).await.unwrap();
    assert!(verified.whole && verified.report.contains("they are in parts only"), "{}", verified.report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_goes_on_while_a_worker_trims_its_log() {
    let app = TestApp::start_postgres("worker_trims").await;
    invoices(&app).await;
    let (before, worker) = (everything(&app).await, app.worker_beside().await);
    app.trim_by(&worker).await;
    assert_eq!(everything(&app).await, before);
    app.send(json!([track("u2", "Invoice Sent", "2026-09-29T10:00:00Z", json!({"amount": 5, "currency": "EUR"}))]))
        .await;
    let after = everything(&app).await;
    assert_ne!(after[0], before[0], "what comes after counts");
    worker.close().await;
    drop(worker);
    let app = app.restart().await;
    assert_eq!(everything(&app).await, after, "by a process that never saw them in the log");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_answers_from_what_a_worker_sealed_with_a_key_that_it_has_not_heard_of() {
    let app = TestApp::start_postgres("unheard_key").await;
    invoices(&app).await;
    let before = everything(&app).await;
    let worker = app.worker_beside().await;
    app.seal_by(&worker).await;
    for kind in [KeyKind::Dictionary, KeyKind::Part] {
        rotate(&worker, Wanted { kind: Some(kind), now: true }).await.unwrap();
        let environment = Owner::Environment(app.production());
        assert_eq!(app.app().keys.primary(kind, environment).unwrap().0, 1, "nobody told it");
        assert_eq!(everything(&app).await, before, "{kind}");
        app.app().reload_keys().await.unwrap();
    }
    worker.close().await;
    app.finish().await;
}
