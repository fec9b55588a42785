//! What may be answered, and how often.

use std::time::Duration;

use app_test::app_test;
use axum::http::Method;
use serde_json::{Value, json};
use store::sql;

use super::{answer, numbered_id, numbers, stored, survey};
use crate::delivery::tests::{flow, publish};
use crate::people;
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
    assert_eq!((sends(&ana, 2, &id).await, stored(&app).await.len()), (200, 1), "a part of the first");
    is_shown(&ana, &id).await;
    assert_eq!(
        (sends(&ana, 2, &id).await, stored(&app).await.len()),
        (200, 1),
        "it cannot have been shown again so soon"
    );
    app.advance(30 * DAY);
    is_shown(&ana, &id).await;
    assert_eq!((sends(&ana, 2, &id).await, stored(&app).await.len()), (200, 2));
    assert_eq!((sends(&ana, 3, &id).await, stored(&app).await.len()), (200, 2));
    assert_eq!(sends(&app.visitor("device-2"), 3, &id).await, 200, "somebody else answers too");
    assert_eq!(stored(&app).await.len(), 3);
}

#[app_test]
async fn an_answer_may_come_before_its_impression_is_told(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "recontact", "days": 30}))).await;
    let ana = app.visitor("device-1");
    ana.send("/v1/answers", answer(1, &id, json!({"q1": 9}), false)).await.assert(200);
    app.advance(29 * DAY);
    ana.send("/v1/answers", answer(2, &id, json!({"q2": "a"}), false)).await.assert(200);
    assert_eq!(stored(&app).await, [(r#"{"q2":"a","q1":9}"#.to_owned(), false)], "it cannot be another one");
    app.advance(DAY);
    assert_eq!((sends(&ana, 3, &id).await, stored(&app).await.len()), (200, 2));
    is_shown(&ana, &id).await;
    assert_eq!((sends(&ana, 4, &id).await, stored(&app).await.len()), (200, 2), "of the same impression");
}

#[app_test]
async fn what_is_shown_once_is_answered_once_whatever_a_page_says(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "once"}))).await;
    let ana = app.visitor("device-1");
    assert_eq!(sends(&ana, 1, &id).await, 200, "before its $shown arrives");
    for _ in 0..3 {
        is_shown(&ana, &id).await;
        assert_eq!((sends(&ana, 2, &id).await, stored(&app).await.len()), (200, 1));
        app.advance(365 * DAY);
    }
    app.user("ana").send("/v1/identify", json!({"anonymousId": "device-1", "traits": {}})).await.assert(200);
    is_shown(&app.user("ana"), &id).await;
    let refused = app.user("ana").send("/v1/answers", answer(3, &id, json!({"q1": 9}), true)).await.assert(409);
    assert_eq!(refused.code(), "conflict", "identified since, and the same person; a server is told");
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
        let stored = stored(&app).await.len();
        assert_eq!((sends(&ana, number + 100, &id).await, stored), (200, number.into()), "said twice, shown once");
        app.advance(Duration::from_secs(10));
    }
    is_shown(&ana, &id).await;
    assert_eq!(sends(&ana, 21, &id).await, 409);
    app.advance(DAY);
    assert_eq!(sends(&ana, 21, &id).await, 200);
    assert_eq!(stored(&app).await.len(), 21);
}

#[app_test]
async fn a_second_tab_adds_to_what_the_first_began_until_it_is_complete(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "once"}))).await;
    let ana = app.visitor("device-1");
    is_shown(&ana, &id).await;
    is_shown(&ana, &id).await;
    let sends = async |number, answers, complete| {
        ana.send("/v1/answers", answer(number, &id, answers, complete)).await.assert(200).json()
    };
    let first = json!({"success": true, "id": answer(1, &id, json!({}), false)["id"]});
    assert_eq!(sends(1, json!({"q1": 9}), false).await, json!({"success": true}));
    assert_eq!(sends(2, json!({"q2": "b", "q4": "From the second tab."}), false).await, first);
    assert_eq!(sends(2, json!({"q1": 8}), false).await, first, "it goes on under its own id");
    assert_eq!(stored(&app).await, [(r#"{"q1":8,"q2":"b"}"#.to_owned(), false)]);
    let shown = app.api().post(&format!("/api/v1/surveys/{id}/results/reveal")).await.assert(200).json();
    assert_eq!(
        shown["questions"][3]["texts"][0]["text"], "From the second tab.",
        "it opens with the answer that it is in"
    );
    assert_eq!(sends(2, json!({"q1": 7, "q3": ["a"]}), true).await, first);
    assert_eq!(sends(1, json!({"q1": 1}), false).await, json!({"success": true}), "a part of what is complete");
    assert_eq!(sends(3, json!({"q1": 0}), true).await, first, "a third tab");
    assert_eq!(stored(&app).await, [(r#"{"q1":7,"q3":["a"]}"#.to_owned(), true)]);
    assert_eq!(app.event_counts()["$answer"], 1);
    let results = app.api().get(&format!("/api/v1/surveys/{id}/results")).await.assert(200).json();
    assert_eq!((&results["completed"], &results["questions"][0]["count"]), (&json!(1), &json!(1)));
}

#[app_test]
async fn a_tab_that_shows_another_version_leaves_the_answer_as_it_is(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "once"}))).await;
    let ana = app.visitor("device-1");
    ana.send("/v1/answers", answer(1, &id, json!({"q1": 9}), false)).await.assert(200);
    let mut changed = shown(json!({"kind": "once"}));
    changed["definition"]["questions"][0]["text"] = json!("How likely now?");
    app.api().json(&changed).send(Method::PUT, &format!("/api/v1/surveys/{id}")).await.assert(200);
    app.api().post(&format!("/api/v1/surveys/{id}/publish")).await.assert(200);
    let mut newer = answer(2, &id, json!({"q1": 0}), true);
    newer["version"] = json!(2);
    ana.send("/v1/answers", newer).await.assert(200);
    assert_eq!(stored(&app).await, [(r#"{"q1":9}"#.to_owned(), false)]);
}

#[app_test]
async fn what_a_page_says_of_the_past_is_no_further_impression(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "recontact", "days": 30}))).await;
    let ana = app.visitor("device-1");
    let now = app.app().clock.now();
    let impressions = async |backdated: &[u32]| {
        for days in backdated {
            let at = now.minus(*days * DAY).to_string();
            let shown = json!({"event": "$shown", "timestamp": at, "properties": {"content": id, "version": 1}});
            ana.send("/v1/track", shown).await.assert(200);
        }
        let row = sql("SELECT impressions FROM encounters").fetch_one(app.app().main.read(store::Scope::System)).await;
        row.unwrap().get::<i64>("impressions").unwrap()
    };
    assert_eq!(impressions(&[1_500, 1_000, 500, 100, 31, 2]).await, 1, "the first, whenever it was");
    assert_eq!(impressions(&[1]).await, 2, "told as late as by a page that was offline for a day");
    assert_eq!(impressions(&[0]).await, 2);
}

#[app_test]
async fn a_server_brings_in_answers_of_the_past_without_their_impressions(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "recontact", "days": 30}))).await;
    let ana = app.user("ana");
    let brings = async |number, time: &str| {
        let mut body = answer(number, &id, json!({"q1": number % 10}), true);
        body["timestamp"] = json!(time);
        ana.send("/v1/answers", body).await.status.as_u16()
    };
    let told = [brings(1, "2024-03-01T09:00:00Z").await, brings(2, "2025-03-01T09:00:00Z").await];
    assert_eq!((told, brings(3, "2023-03-01T09:00:00Z").await), ([200, 200], 200), "in whatever order");
    assert_eq!((brings(3, "2023-03-01T09:00:00Z").await, stored(&app).await.len()), (200, 3), "once");
    assert_eq!(brings(4, "2019-03-01T09:00:00Z").await, 422, "more than five years ago");
    let person = people::find(app.app(), app.production(), "ana").await.unwrap().unwrap();
    let row = people::row(app.app(), &person).await.unwrap();
    assert_eq!(row.seen[&id].shown_at.unwrap().to_string(), "2025-03-01T09:00:00Z", "the last of them");
    is_shown(&ana, &id).await;
    assert_eq!(sends(&ana, 5, &id).await, 200, "today's has room of its own");
    assert_eq!(sends(&ana, 6, &id).await, 409);
    let other = app.user("other");
    for number in 10..30 {
        let mut body = answer(number, &id, json!({"q1": 9}), true);
        body["timestamp"] = json!(format!("2025-03-01T09:{number}:00Z"));
        other.send("/v1/answers", body).await.assert(200);
    }
    let mut body = answer(30, &id, json!({"q1": 9}), true);
    body["timestamp"] = json!("2025-03-01T23:00:00Z");
    other.send("/v1/answers", body.clone()).await.assert(409);
    let mut page = app.visitor("device-1").send("/v1/answers", body).await.assert(200).json();
    assert_eq!(page.as_object_mut().unwrap().remove("id"), None, "a page's are of now, and its own");
    assert_eq!(stored(&app).await.len(), 25);
}

/// Copies the one answer so often, each a day before the other.
async fn copy(app: &TestApp, count: u32) {
    let text = format!(
        "{} INSERT INTO answers (environment_id, id, content_id, version, person_number, answers, texts, complete, \
         created_at, updated_at) SELECT environment_id, {}, content_id, version, person_number, answers, texts, complete, \
         created_at - i * 86400000000, updated_at FROM answers, n",
        numbers(count),
        numbered_id(app)
    );
    let mut tx = app.app().main.begin(store::Scope::System).await.unwrap();
    sql(text).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[app_test]
async fn a_server_brings_in_at_most_a_thousand_answers_of_a_person(app: TestApp) {
    let id = publish(&app, &shown(json!({"kind": "once"}))).await;
    let brings = async |user: &str, number| {
        let mut body = answer(number, &id, json!({"q1": 9}), true);
        body["timestamp"] = json!(format!("2025-03-0{number}T09:00:00Z"));
        app.user(user).send("/v1/answers", body).await
    };
    brings("ana", 1).await.assert(200);
    copy(&app, 998).await;
    brings("ana", 2).await.assert(200);
    assert_eq!(brings("ana", 3).await.assert(409).code(), "conflict");
    brings("ana", 2).await.assert(200);
    brings("other", 3).await.assert(200);
    assert_eq!(stored(&app).await.len(), 1_001);
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
