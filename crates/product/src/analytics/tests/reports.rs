//! Questions that a team keeps.

use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};
use store::{Scope, sql};

use super::september;
use crate::authority::Role;
use crate::testing::TestApp;

const PATH: &str = "/api/v1/reports";

fn body(name: &str) -> Value {
    json!({"name": name, "chart": "bar",
        "question": {"kind": "trend", "range": {"last": "30d"}, "series": [{"event": "Invoice Sent"}]}})
}

async fn make(app: &TestApp, name: &str) -> String {
    let made = app.api().json(&body(name)).post(PATH).await.assert(201).json();
    format!("{PATH}/{}", made["id"].as_str().unwrap())
}

async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let list = app.api().get(&format!("{PATH}{query}")).await.assert(200).json();
    list["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[app_test]
async fn a_report_is_kept_changed_deleted_and_restored(app: TestApp) {
    let report = make(&app, "Invoices").await;
    app.advance(Duration::from_secs(1));
    make(&app, "Others").await;
    let read = app.api().get(&report).await.assert(200);
    let etag = read.header("etag").to_owned();
    let read = read.json();
    assert_eq!((&read["name"], &read["chart"]), (&json!("Invoices"), &json!("bar")));
    assert_eq!(read["question"], body("")["question"], "as it was sent");
    assert_eq!(names(&app, "").await, ["Others", "Invoices"]);
    assert_eq!(names(&app, "?limit=1").await, ["Others"]);

    app.api().header("if-match", &etag).json(&body("Invoices, sent")).put(&report).await.assert(200);
    app.api().header("if-match", &etag).json(&body("Too late")).put(&report).await.assert(409);
    app.api().delete(&report).await.assert(204);
    app.api().get(&report).await.assert(404);
    app.api().json(&body("x")).put(&report).await.assert(404);
    assert_eq!(
        (names(&app, "").await, names(&app, "?deleted=true").await),
        (vec!["Others".to_owned()], vec!["Invoices, sent".to_owned()])
    );
    app.api().post(&format!("{report}/restore")).await.assert(200);
    assert_eq!(names(&app, "").await, ["Others", "Invoices, sent"]);

    app.api().delete(&report).await.assert(204);
    app.advance(Duration::from_hours(30 * 24));
    app.api().post(&format!("{report}/restore")).await.assert(404);
    assert!(names(&app, "?deleted=true").await.is_empty());
}

#[app_test]
async fn every_change_is_recorded_without_what_was_asked(app: TestApp) {
    let report = make(&app, "Invoices").await;
    app.api().json(&body("Renamed")).put(&report).await.assert(200);
    app.api().delete(&report).await.assert(204);
    app.api().post(&format!("{report}/restore")).await.assert(200);
    let query = sql("SELECT action, detail FROM audit_records WHERE action LIKE 'report.%' ORDER BY created_at, id");
    let rows = query.fetch_all(app.app().main.read(Scope::System)).await.unwrap();
    let records: Vec<(String, String)> =
        rows.iter().map(|row| (row.get("action").unwrap(), row.get("detail").unwrap())).collect();
    let expected = ["report.create", "report.edit", "report.delete", "report.restore"];
    let mut actions: Vec<&str> = records.iter().map(|(action, _)| action.as_str()).collect();
    actions.sort_unstable();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(actions, sorted);
    assert!(records.iter().all(|(_, detail)| detail == r#"{"kind":"trend"}"#), "{records:?}");
}

#[app_test]
async fn what_is_not_sound_is_not_kept(app: TestApp) {
    let question = json!({"kind": "trend", "range": september(), "series": []});
    let refused = app.api().json(&json!({"name": "x", "question": question})).post(PATH).await.assert(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/question/series");
    let refused = app.api().json(&body(" ")).post(PATH).await.assert(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/name");
}

#[app_test]
async fn whoever_asks_questions_keeps_them_and_viewers_look(app: TestApp) {
    let report = make(&app, "Invoices").await;
    for (role, may) in
        [(Role::Analyst, true), (Role::Editor, true), (Role::Viewer, false), (Role::PrivacyOfficer, false)]
    {
        let key = || app.api_as(role);
        key().await.get(&report).await.assert(200);
        key().await.json(&body("x")).post(PATH).await.assert(if may { 201 } else { 403 });
        key().await.json(&body("x")).put(&report).await.assert(if may { 200 } else { 403 });
    }
    app.stranger().await.get(&report).await.assert(404);
    app.stranger().await.json(&body("x")).put(&report).await.assert(404);
    app.stranger().await.delete(&report).await.assert(404);
    app.stranger().await.post(&format!("{report}/restore")).await.assert(404);
}
