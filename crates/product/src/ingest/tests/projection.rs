//! Rows follow the log: each event is counted once, whatever becomes of its request, its process or its person.

use std::time::Duration;

use ::store::Engine;
use app_test::app_test;
use serde_json::{Value, json};

use crate::delivery::tests::{publish, survey, why};
use crate::ingest;
use crate::testing::TestApp;

/// A survey for whoever sent many invoices.
pub(super) async fn published(app: &TestApp) -> String {
    let audience = json!({"event": "Invoice Sent", "count": {"op": "gte", "value": 1_000_000}});
    publish(app, &survey(json!({"audience": audience}))).await
}

/// As [`published`]; it answers for everybody.
pub(super) async fn counting(app: &TestApp) -> String {
    let id = published(app).await;
    app.work().await;
    id
}

/// How many invoices a user has sent, as decisions see it.
pub(super) async fn counted(app: &TestApp, user: &str, id: &str) -> Value {
    why(app, user, id).await["trace"]["parts"][2]["parts"][0]["actual"].clone()
}

pub(super) fn sent(user: &str, id: &str) -> Value {
    json!([{"type": "track", "userId": user, "messageId": id, "event": "Invoice Sent"}])
}

/// Sends a message whose sender goes away when it is in the log and its rows are written, but not committed.
async fn send_and_leave(app: &TestApp, messages: Value) {
    let (log, environment) = (app.app().log(), app.production());
    let before = log.durable(environment);
    let asking = app.edge().json(&json!({"batch": messages})).post("/v1/batch");
    app.app().projection.leave_before_commit(environment, asking).await;
    assert_eq!(log.durable(environment), before + 1);
}

#[app_test]
async fn what_is_in_the_log_is_counted_though_its_sender_left(app: TestApp) {
    let id = counting(&app).await;
    app.send(sent("u", "m1")).await;
    assert_eq!(counted(&app, "u", &id).await, 1);
    send_and_leave(&app, sent("u", "m2")).await;
    assert_eq!(counted(&app, "u", &id).await, 1, "it is not committed");
    app.send(sent("u", "m2")).await;
    assert_eq!(counted(&app, "u", &id).await, 2, "the copy finds it counted");
    send_and_leave(&app, sent("u", "m3")).await;
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 3, "the clock does it for whoever does not come back");
    app.send(sent("u", "m3")).await;
    assert_eq!(counted(&app, "u", &id).await, 3);
}

#[app_test]
async fn what_a_process_left_is_counted_by_the_next_and_nothing_twice(app: TestApp) {
    let id = counting(&app).await;
    app.send(sent("u", "m1")).await;
    send_and_leave(&app, sent("u", "m2")).await;
    app.app().projection.forget();
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 2);
    for _ in 0..2 {
        app.app().projection.forget();
        ingest::catch_up(app.app()).await.unwrap();
    }
    app.app().projection.believe_nothing_is_projected(app.production()).await;
    app.send(sent("u", "m3")).await;
    assert_eq!(counted(&app, "u", &id).await, 3, "the store's checkpoint decides, not what memory says");
}

#[app_test]
async fn what_an_edge_left_is_counted_by_a_worker_and_nothing_twice(app: TestApp) {
    if app.app().main.engine() == Engine::Sqlite {
        return;
    }
    let id = counting(&app).await;
    app.send(sent("u", "m1")).await;
    send_and_leave(&app, sent("u", "m2")).await;
    let worker = app.worker_beside().await;
    ingest::catch_up_for_others(&worker).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 1, "the edge may be at it");
    for _ in 0..2 {
        ingest::catch_up_for_others(&worker).await.unwrap();
        assert_eq!(counted(&app, "u", &id).await, 2);
    }
    app.app().projection.forget();
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 2, "the edge is back");
    send_and_leave(&app, sent("u", "m3")).await;
    ingest::catch_up_with(&worker, app.production()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 3, "before a counter answers it waits for nobody");
    worker.close().await;
}

#[app_test]
async fn what_a_process_has_not_heard_of_is_counted_all_the_same(app: TestApp) {
    app.send(sent("u", "m0")).await;
    let before = app.app().watches.of(app.production());
    let id = counting(&app).await;
    let environment = app.production();
    // As in a process that has not looked for news since.
    app.app().rulesets.forget();
    app.app().watches.set_shared(environment, before);
    // Something that it does project moves the checkpoint.
    let mut messages = sent("u", "m1");
    let about = json!({"content": id, "version": 1});
    let shown = json!({"type": "track", "userId": "u", "event": "$shown", "properties": about});
    messages.as_array_mut().unwrap().push(shown);
    app.send(messages).await;
    app.app().rulesets.catch_up(app.app()).await.unwrap();
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 2);
}

#[app_test]
async fn nothing_is_lost_or_doubled_when_somebody_is_identified_meanwhile(app: TestApp) {
    let id = counting(&app).await;
    app.send(json!([{"type": "identify", "userId": "u", "traits": {"plan": "pro"}}])).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..6 {
        let app = app.clone();
        tasks.spawn(async move {
            for number in 0..10 {
                let message = format!("m{task}-{number}");
                let device = format!("device-{}", task % 3);
                // Device by device becomes the user's while others still send for it.
                let mut event =
                    json!({"type": "track", "anonymousId": device, "messageId": message, "event": "Invoice Sent"});
                if number >= 4 && task >= 3 {
                    event["userId"] = "u".into();
                }
                app.send(json!([event])).await;
            }
        });
    }
    tasks.join_all().await;
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 60);
}

#[app_test]
async fn a_counter_that_nobody_asks_for_any_more_leaves_the_row(app: TestApp) {
    let id = counting(&app).await;
    app.send(sent("u", "m1")).await;
    let row = async || {
        let person = crate::people::find(app.app(), app.production(), "u").await.unwrap().unwrap();
        crate::people::row(app.app(), &person).await.unwrap()
    };
    let first: Vec<String> = row().await.counters.into_keys().collect();
    assert_eq!(first.len(), 1);
    app.api().post(&format!("/api/v1/surveys/{id}/pause")).await.assert(200);
    app.advance(Duration::from_mins(1));
    app.api().post(&format!("/api/v1/surveys/{id}/publish")).await.assert(200);
    app.work().await;
    app.send(sent("u", "m2")).await;
    let then = row().await.counters;
    assert_eq!((then.len(), then.contains_key(&first[0])), (1, false));
    assert_eq!(counted(&app, "u", &id).await, 2);
}
