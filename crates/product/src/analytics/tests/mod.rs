//! Questions over HTTP: exact answers about events that came in at the edge.

mod people;
mod query;
mod refusals;
mod reports;
mod sealing;
mod zone;

use serde_json::{Value, json};

use crate::testing::TestApp;

/// The answer to a question.
async fn ask(app: &TestApp, question: Value) -> Value {
    app.api().json(&question).post("/api/v1/query").await.assert(200).json()
}

/// The last days of September, in which everything here happens.
fn september() -> Value {
    json!({"from": "2026-09-28T00:00:00Z", "to": "2026-10-01T00:00:00Z"})
}

/// Somebody does something at a time.
fn track(user: &str, event: &str, time: &str, properties: Value) -> Value {
    json!({"type": "track", "userId": user, "event": event, "timestamp": time, "properties": properties})
}

/// Five people's invoices; `u3` and `u4` act for companies, `u5` sends none.
async fn invoices(app: &TestApp) {
    app.send(json!([
        {"type": "identify", "userId": "u1", "traits": {"plan": "pro", "email": "ana@example.org"}},
        {"type": "identify", "userId": "u2", "traits": {"plan": "free"}},
        {"type": "identify", "userId": "u5", "traits": {"plan": "pro"}},
        {"type": "group", "userId": "u3", "groupId": "c1", "traits": {"size": 5}},
        {"type": "group", "userId": "u4", "groupId": "c2", "traits": {"size": 50}},
        track("u1", "Invoice Created", "2026-09-28T09:00:00Z", json!({"amount": 10, "currency": "EUR"})),
        track("u1", "Invoice Sent", "2026-09-28T10:00:00Z", json!({"amount": 10, "currency": "EUR"})),
        track("u1", "Invoice Sent", "2026-09-28T23:30:00Z", json!({"amount": 30, "currency": "USD"})),
        track("u2", "Invoice Created", "2026-09-28T12:00:00Z", json!({"amount": 4, "currency": "EUR"})),
        track("u2", "Invoice Sent", "2026-09-30T12:00:00Z", json!({"amount": 4, "currency": "EUR"})),
        track("u3", "Invoice Created", "2026-09-29T08:00:00Z", json!({"amount": 7})),
        track("u3", "Invoice Sent", "2026-09-29T08:30:00Z", json!({"amount": 7})),
        track("u4", "Invoice Created", "2026-09-30T08:00:00Z", json!({"amount": 100, "currency": "EUR"})),
        track("u1", "Invoice Sent", "2026-10-01T00:00:00Z", json!({"amount": 1000, "currency": "EUR"})),
    ]))
    .await;
}

/// The values of a series, then its total.
fn values(series: &Value) -> Vec<f64> {
    let points = series["points"].as_array().unwrap().iter().map(|point| point["value"].as_f64().unwrap());
    points.chain([series["total"].as_f64().unwrap()]).collect()
}
