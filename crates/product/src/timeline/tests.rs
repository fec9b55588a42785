//! Personal properties of events: masked until somebody who may read them asks, on the record.

use app_test::app_test;
use serde_json::{Value, json};
use store::{Scope, sql};

use crate::authority::Role;
use crate::doors::Door;
use crate::testing::TestApp;

/// What was recorded about looks at people, oldest first.
async fn looks(app: &TestApp) -> Vec<Value> {
    let query = sql("SELECT detail FROM audit_records WHERE action = 'person.read_personal' ORDER BY created_at, id");
    let rows = query.fetch_all(app.app().main.read(Scope::System)).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.get::<String>("detail").unwrap()).unwrap()).collect()
}

#[app_test]
async fn a_member_sees_personal_properties_after_asking_and_the_look_is_recorded(app: TestApp) {
    let ana = app.user("ana");
    ana.does("Invoice Sent", json!({"amount": 12, "email": "bo@example.org"})).await;
    ana.does("Invoice Opened", json!({"amount": 12})).await;
    let cookie = app.sign_in().await;
    let environment = app.production().to_string();
    let asking = || app.at(Door::Dashboard).cookie(&cookie).header("pilotfish-environment", &environment);
    let masked = asking().get("/api/v1/people/ana/events").await.assert(200).json();
    assert_eq!(masked["data"][1]["properties"], json!({"amount": 12, "email": {"personal": true}}));
    assert!(looks(&app).await.is_empty(), "nobody looked yet");

    let path = "/api/v1/people/ana/events/reveal";
    let opened = asking().post(path).await.assert(200).json();
    assert_eq!(opened["data"][1]["properties"], json!({"amount": 12, "email": "bo@example.org"}));
    assert_eq!(
        (&opened["data"][1]["id"], &opened["data"][1]["personal"]),
        (&masked["data"][1]["id"], &json!(["email"]))
    );
    assert_eq!(looks(&app).await, [json!({"events": 1})]);

    let first = asking().post(&format!("{path}?limit=1")).await.assert(200).json();
    assert_eq!((first["data"].as_array().unwrap().len(), looks(&app).await.len()), (1, 1), "nothing personal, no look");
    let second = format!("{path}?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = asking().post(&second).await.assert(200).json();
    assert_eq!((&second["data"][0]["properties"]["email"], looks(&app).await.len()), (&json!("bo@example.org"), 2));
}

#[app_test]
async fn only_who_may_read_personal_data_has_events_revealed(app: TestApp) {
    app.user("ana").does("Invoice Sent", json!({"email": "bo@example.org"})).await;
    let path = "/api/v1/people/ana/events/reveal";
    for role in [Role::Publisher, Role::Editor, Role::Analyst, Role::Viewer] {
        app.api_as(role).await.post(path).await.assert(403);
    }
    app.api_as(Role::PrivacyOfficer).await.post(path).await.assert(200);
    app.stranger().await.post(path).await.assert(404);
    app.api().post("/api/v1/people/nobody/events/reveal").await.assert(404);
}
