//! Questions that are not answered.

use app_test::app_test;
use serde_json::{Value, json};

use super::{invoices, september};
use crate::testing::TestApp;

async fn refusal(app: &TestApp, question: Value) -> Value {
    app.api().json(&question).post("/api/v1/query").await.assert(422).json()
}

#[app_test]
async fn a_bad_question_is_refused_at_the_field(app: TestApp) {
    let trend = |series: Value| json!({"kind": "trend", "range": september(), "series": [series]});
    let last = |last: &str| json!({"kind": "trend", "range": {"last": last}, "series": [{"event": "A"}]});
    let both = json!({"last": "7d", "from": "2026-09-01T00:00:00Z"});
    for (question, pointer) in [
        (json!({}), "/kind"),
        (json!({"kind": "guess"}), "/kind"),
        (trend(json!({"event": ""})), "/series/0/event"),
        (trend(json!({"event": "A", "measure": "sum"})), "/series/0/property"),
        (
            trend(json!({"event": "A", "filters": [{"field": "event.x", "op": "like", "value": 1}]})),
            "/series/0/filters/0/op",
        ),
        (trend(json!({"event": "A", "colour": "red"})), "/series/0/colour"),
        (last("soon"), "/range/last"),
        (json!({"kind": "trend", "range": both, "series": [{"event": "A"}]}), "/range"),
        (json!({"kind": "funnel", "range": september(), "window": "7d", "steps": [{"event": "A"}]}), "/steps"),
        (
            json!({"kind": "trend", "range": {"from": "2024-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
            "interval": "hour", "series": [{"event": "A"}]}),
            "/interval",
        ),
    ] {
        let refused = refusal(&app, question.clone()).await;
        assert_eq!(
            (&refused["code"], &refused["errors"][0]["pointer"]),
            (&json!("invalid_value"), &json!(pointer)),
            "{question}"
        );
    }
}

#[app_test]
async fn nothing_personal_can_be_asked_about(app: TestApp) {
    invoices(&app).await;
    app.user("u1").does("Invited", json!({"email": "bo@example.org"})).await;
    let trend = |series: Value, breakdown: Value| json!({"kind": "trend", "range": september(), "series": [series], "breakdown": breakdown});
    let email = |field: &str| json!({"field": field, "op": "is", "value": "bo@example.org"});
    for (question, pointer) in [
        (trend(json!({"event": "A", "filters": [email("person.email")]}), Value::Null), "/series/0/filters/0/field"),
        (trend(json!({"event": "A", "filters": [email("event.email")]}), Value::Null), "/series/0/filters/0/field"),
        (trend(json!({"event": "A"}), json!({"field": "person.email"})), "/breakdown/field"),
        (trend(json!({"event": "A", "measure": "max", "property": "email"}), Value::Null), "/series/0/property"),
        (
            trend(
                json!({"event": "A", "filters": [{"event": "Invited", "filters": [email("event.email")]}]}),
                Value::Null,
            ),
            "/series/0/filters/0/filters/0/field",
        ),
    ] {
        let refused = refusal(&app, question).await;
        assert_eq!(refused["errors"][0]["pointer"], pointer);
        assert!(!refused.to_string().contains("bo@example.org"), "{refused}");
    }
}

#[app_test]
async fn a_few_questions_of_an_environment_are_answered_at_a_time(app: TestApp) {
    let question = json!({"kind": "trend", "range": september(), "series": [{"event": "A"}]});
    let places: Vec<_> = (0..3).map(|_| app.app().questions.questions.enter(app.production()).unwrap()).collect();
    let full = app.api().json(&question).post("/api/v1/query").await.assert(429);
    assert_eq!((full.code().as_str(), full.header("retry-after")), ("too_many_requests", "1"));
    app.stranger().await.json(&question).post("/api/v1/query").await.assert(200);
    drop(places);
    app.api().json(&question).post("/api/v1/query").await.assert(200);
}

#[app_test]
async fn names_are_listed_and_the_personal_ones_marked(app: TestApp) {
    invoices(&app).await;
    let names = app.api().get("/api/v1/events/names").await.assert(200).json();
    assert_eq!(names["events"], json!(["Invoice Created", "Invoice Sent"]));
    assert_eq!(
        names["properties"],
        json!([{"name": "amount", "personal": false}, {"name": "currency", "personal": false}])
    );
    assert_eq!(names["person"], json!([{"name": "email", "personal": true}, {"name": "plan", "personal": false}]));
    assert_eq!(names["company"], json!([{"name": "size", "personal": false}]));
}
