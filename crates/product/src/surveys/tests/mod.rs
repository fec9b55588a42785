use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};
use store::{Scope, sql};

use crate::answers::tests::{answer, survey};
use crate::authority::Role;
use crate::delivery::tests::{flow, publish};
use crate::testing::TestApp;

fn counts(question: &Value) -> Vec<u64> {
    question["distribution"].as_array().unwrap().iter().map(|share| share["count"].as_u64().unwrap()).collect()
}

#[app_test]
async fn results_are_exact(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let given = [
        json!({"q1": 10, "q2": "a", "q3": ["a", "b"], "q4": "good"}),
        json!({"q1": 9, "q2": "a"}),
        json!({"q1": 8}),
        json!({"q1": 0, "q3": ["b"]}),
    ];
    for (number, answers) in (1_u8..).zip(given) {
        let person = app.visitor(&format!("device-{number}"));
        person.does("$shown", json!({"content": id, "version": 1})).await;
        person.send("/v1/answers", answer(number, &id, answers, number != 4)).await.assert(200);
        app.advance(Duration::from_secs(1));
    }
    app.visitor("device-4").does("$dismissed", json!({"content": id, "version": 1})).await;
    app.visitor("device-5").does("$shown", json!({"content": id, "version": 1})).await;
    app.visitor("device-5").does("$dismissed", json!({"content": id, "version": 1})).await;
    let results = app.api().get(&format!("/api/v1/surveys/{id}/results")).await.assert(200).json();
    let figures = ["shown", "started", "completed", "dismissed"].map(|figure| results[figure].as_u64().unwrap());
    assert_eq!(figures, [5, 4, 3, 2]);
    let questions = results["questions"].as_array().unwrap();
    assert_eq!(questions[0]["nps"], json!({"score": 25, "promoters": 2, "passives": 1, "detractors": 1}));
    assert_eq!((&questions[0]["count"], counts(&questions[0])), (&json!(4), vec![1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]));
    assert_eq!((&questions[1]["count"], counts(&questions[1])), (&json!(2), vec![2, 0, 0]));
    assert_eq!(questions[1]["distribution"][0], json!({"value": "a", "label": "A", "count": 2}));
    assert_eq!((&questions[2]["count"], counts(&questions[2])), (&json!(2), vec![1, 2, 0]));
    assert_eq!((&questions[3]["count"], questions[3].get("texts")), (&json!(1), None));
    let latest = results["answers"].as_array().unwrap();
    assert_eq!((latest.len(), &latest[0]["answers"]), (4, &json!({"q1": 0, "q3": ["b"]})));
    assert!(latest[0]["person"].as_str().unwrap().starts_with("per_"));
    assert_eq!((&latest[0]["person_id"], &latest[0]["written"]), (&latest[0]["person"], &json!([])));
    assert_eq!(latest[3]["written"], json!(["q4"]), "that something was written, not what");
    assert_eq!(latest[3]["answers"], json!({"q1": 10, "q2": "a", "q3": ["a", "b"]}), "no text");
    let listed = app.api().get("/api/v1/surveys").await.json()["data"][0]["figures"].clone();
    assert_eq!(listed, json!({"shown": 5, "completed": 3, "dismissed": 2}));
    app.stranger().await.get(&format!("/api/v1/surveys/{id}/results")).await.assert(404);
}

#[app_test]
async fn what_people_wrote_is_for_who_may_read_it_and_looking_is_recorded(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let path = format!("/api/v1/surveys/{id}/results/reveal");
    app.user("ana").send("/v1/answers", answer(1, &id, json!({"q1": 9, "q4": "Because."}), true)).await.assert(200);
    app.api_as(Role::Analyst).await.post(&path).await.assert(403);
    let looks = || async {
        let query = sql("SELECT object FROM audit_records WHERE action = 'answers.reveal'");
        query.fetch_all(app.app().main.read(Scope::System)).await.unwrap().len()
    };
    assert_eq!(looks().await, 0);
    let shown = app.api_as(Role::PrivacyOfficer).await.post(&path).await.assert(200).json();
    let text = &shown["questions"][3]["texts"][0];
    assert_eq!((&text["text"], &text["person"]), (&json!("Because."), &json!("ana")));
    let ana = app.api().get("/api/v1/people/ana").await.assert(200).json();
    assert_eq!((&text["person_id"], &shown["answers"][0]["person_id"]), (&ana["id"], &ana["id"]));
    assert_eq!(shown["answers"][0]["answers"]["q4"], "Because.");
    assert_eq!(looks().await, 1);
    app.stranger().await.post(&path).await.assert(404);
}

#[app_test]
async fn somebody_who_is_identified_later_is_one_person_and_their_words_still_open(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let ana = app.user("ana");
    ana.is(json!({"plan": "pro"})).await;
    let device = app.visitor("her-phone");
    device.does("$shown", json!({"content": id, "version": 1})).await;
    device.send("/v1/answers", answer(1, &id, json!({"q1": 9, "q4": "Mine."}), false)).await.assert(200);
    ana.does("$shown", json!({"content": id, "version": 1})).await;
    ana.send("/v1/identify", json!({"anonymousId": "her-phone", "traits": {}})).await.assert(200);
    let results = app.api().post(&format!("/api/v1/surveys/{id}/results/reveal")).await.assert(200).json();
    assert_eq!((&results["shown"], &results["started"]), (&json!(1), &json!(1)));
    let text = &results["questions"][3]["texts"][0];
    assert_eq!((&text["text"], &text["person"]), (&json!("Mine."), &json!("ana")));
}

#[app_test]
async fn a_flows_funnel_counts_people_once_a_step(app: TestApp) {
    let id = publish(&app, &flow(json!({}))).await;
    for (device, steps) in [("d1", &["s1", "s2"][..]), ("d2", &["s1", "s2", "s1"]), ("d3", &["s1"])] {
        let person = app.visitor(device);
        person.does("$shown", json!({"content": id, "version": 1, "step": "s1"})).await;
        for step in steps {
            person.does("$step", json!({"content": id, "version": 1, "step": step})).await;
        }
    }
    app.visitor("d1").does("$completed", json!({"content": id, "version": 1, "step": "s2"})).await;
    app.visitor("d3").does("$dismissed", json!({"content": id, "version": 1, "step": "s1"})).await;
    let results = app.api().get(&format!("/api/v1/flows/{id}/results")).await.assert(200).json();
    assert_eq!(
        results,
        json!({"shown": 3, "completed": 1, "dismissed": 1, "steps": [
            {"id": "s1", "title": "s1", "reached": 3}, {"id": "s2", "title": "s2", "reached": 2}]})
    );
}
