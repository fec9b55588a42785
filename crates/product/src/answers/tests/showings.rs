//! What may be answered, and how often.

use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};
use store::sql;

use super::{answer, stored, survey};
use crate::delivery::tests::{flow, publish};
use crate::testing::{TestApp, Visitor};

const DAY: Duration = Duration::from_hours(24);

/// The survey, shown this often.
fn shown(frequency: Value) -> Value {
    let mut survey = survey();
    survey["definition"]["frequency"] = frequency;
    survey
}

async fn sends(visitor: &Visitor, number: u8, id: &str) -> u16 {
    visitor.send("/v1/answers", answer(number, id, json!({"q1": 9}), true)).await.status.as_u16()
}

async fn is_shown(visitor: &Visitor, id: &str) {
    visitor.does("$shown", json!({"content": id, "version": 1})).await;
}

#[app_test]
async fn a_person_answers_once_each_time_that_it_is_shown(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "recontact", "days": 30}))).await;
    let ana = app.visitor("device-1");
    is_shown(&ana, &id).await;
    assert_eq!(sends(&ana, 1, &id).await, 200);
    assert_eq!(sends(&ana, 1, &id).await, 200, "the same answer again");
    let refused = ana.send("/v1/answers", answer(2, &id, json!({"q1": 9}), true)).await.assert(409);
    assert_eq!(refused.code(), "conflict");
    is_shown(&ana, &id).await;
    assert_eq!(sends(&ana, 2, &id).await, 409, "it cannot have been shown again so soon");
    app.advance(30 * DAY);
    is_shown(&ana, &id).await;
    assert_eq!(sends(&ana, 2, &id).await, 200);
    assert_eq!(sends(&ana, 3, &id).await, 409);
    assert_eq!(sends(&app.visitor("device-2"), 3, &id).await, 200, "somebody else answers too");
    assert_eq!(stored(&app).await.len(), 3);
}

#[app_test]
async fn what_is_shown_once_is_answered_once_whatever_a_page_says(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "once"}))).await;
    let ana = app.visitor("device-1");
    assert_eq!(sends(&ana, 1, &id).await, 200, "before its $shown arrives");
    for _ in 0..3 {
        is_shown(&ana, &id).await;
        assert_eq!(sends(&ana, 2, &id).await, 409);
        app.advance(365 * DAY);
    }
    app.user("ana").send("/v1/identify", json!({"anonymousId": "device-1", "traits": {}})).await.assert(200);
    is_shown(&app.user("ana"), &id).await;
    assert_eq!(sends(&app.user("ana"), 3, &id).await, 409, "identified since, and the same person");
    assert_eq!(stored(&app).await.len(), 1);
}

#[app_test]
async fn what_is_always_shown_is_answered_at_most_twenty_times_a_day(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "always"}))).await;
    let ana = app.visitor("device-1");
    for number in 1..=20 {
        is_shown(&ana, &id).await;
        is_shown(&ana, &id).await;
        assert_eq!(sends(&ana, number, &id).await, 200, "{number}");
        assert_eq!(sends(&ana, number + 100, &id).await, 409, "said twice at once, shown once");
        app.advance(Duration::from_secs(10));
    }
    is_shown(&ana, &id).await;
    assert_eq!(sends(&ana, 21, &id).await, 409);
    app.advance(DAY);
    assert_eq!(sends(&ana, 21, &id).await, 200);
}

#[app_test]
async fn an_answer_goes_on_after_its_page_was_loaded_again(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "once"}))).await;
    let ana = app.visitor("device-1");
    is_shown(&ana, &id).await;
    ana.send("/v1/answers", answer(1, &id, json!({"q1": 9}), false)).await.assert(200);
    app.advance(DAY);
    is_shown(&ana, &id).await;
    ana.send("/v1/answers", answer(1, &id, json!({"q1": 9, "q2": "a"}), true)).await.assert(200);
    assert_eq!(stored(&app).await, [(r#"{"q1":9,"q2":"a"}"#.to_owned(), true)]);
}

#[app_test]
async fn only_what_was_published_here_is_met_and_answered(app: TestApp) {
    let (id, steps) = (publish(&app, &survey()).await, publish(&app, &flow(json!({}))).await);
    let draft = app.api().json(&survey()).post("/api/v1/surveys").await.assert(201).json()["id"].clone();
    let there = app.stranger().await;
    let other = there.clone().json(&survey()).post("/api/v1/surveys").await.assert(201).json()["id"].clone();
    there.post(&format!("/api/v1/surveys/{}/publish", other.as_str().unwrap())).await.assert(200);
    let ana = app.visitor("device-1");
    let about = |content: &Value, version: u64, step: &str| {
        let properties = json!({"content": content, "version": version, "step": step});
        json!({"type": "track", "event": "$step", "anonymousId": "device-1", "properties": properties})
    };
    let (id, steps) = (json!(id), json!(steps));
    let batch = json!([
        about(&steps, 1, "s1"),
        about(&steps, 1, "s3"),
        about(&steps, 2, "s1"),
        about(&id, 1, "s1"),
        about(&draft, 1, "s1"),
        about(&other, 1, "s1"),
        about(&json!("flw_x"), 1, "s1"),
        {"type": "track", "event": "$shown", "anonymousId": "device-1"},
        about(&steps, 1, "s2"),
    ]);
    let told = ana.send("/v1/batch", json!({"batch": batch})).await.assert(200).json();
    let rejected = told["rejected"].as_array().unwrap();
    let rejected: Vec<_> = rejected.iter().map(|one| (one["index"].as_u64().unwrap(), &one["code"])).collect();
    let refused = json!("invalid_message");
    assert_eq!(rejected, [1, 2, 3, 4, 5, 6, 7].map(|index| (index, &refused)));
    assert!(told["rejected"][0]["detail"].as_str().unwrap().contains("no such step"), "{told}");
    ana.send("/v1/track", json!({"event": "$shown", "properties": {"content": draft, "version": 1}})).await.assert(422);
    for content in [&draft, &other] {
        let content = content.as_str().unwrap();
        ana.send("/v1/answers", answer(1, content, json!({"q1": 9}), true)).await.assert(404);
    }
    let rows = sql("SELECT step FROM encounter_steps ORDER BY step");
    let rows = rows.fetch_all(app.app().main.read(store::Scope::System)).await.unwrap();
    let reached: Vec<String> = rows.iter().map(|row| row.get("step").unwrap()).collect();
    assert_eq!(reached, ["s1", "s2"]);
}
