//! What a demo has and a server has not; the disk search, from the dashboard.

use std::time::Duration;

use app_test::app_test;
use axum::Router;
use serde_json::{Value, json};

use super::{SeedOptions, Settings, is_demo, open, seed};
use crate::doors::Door;
use crate::router;
use crate::testing::TestApp;

/// Harbour's address in every test.
pub(super) const SITE: &str = "https://localhost:8446";

/// Makes a demo of a product under test.
pub(super) async fn make_demo(app: &TestApp) {
    open(app.app(), settings()).await.unwrap();
}

fn settings() -> Settings {
    Settings { site_url: SITE.to_owned(), scratch: std::env::temp_dir() }
}

fn dashboard(app: &TestApp) -> Router {
    router(app.app(), Door::Dashboard)
}

async fn search(app: &TestApp, text: &str, status: u16) -> Value {
    let cookie = app.sign_in().await;
    let environment = app.installed().organisation.environments[0].id.to_string();
    let asking = TestApp::through(dashboard(app), "dashboard.localhost").cookie(&cookie);
    let asking = asking.header("pilotfish-environment", &environment).json(&json!({"text": text}));
    asking.post("/api/v1/demo/disk-search").await.assert(status).json()
}

#[app_test]
async fn a_server_is_no_demo(app: TestApp) {
    let cookie = app.sign_in().await;
    let me = app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(200).json();
    assert_eq!((me["demo"].clone(), me.get("demo_site_url")), (json!(false), None));
    let searching = app.at(Door::Dashboard).cookie(&cookie).json(&json!({"text": "needle"}));
    searching.post("/api/v1/demo/disk-search").await.assert(404);
    app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/demo/checklist").await.assert(404);
    let document = app.at(Door::Dashboard).get("/api/openapi.json").await.assert(200).json();
    assert!(!document["paths"].as_object().unwrap().keys().any(|path| path.contains("demo")));
    TestApp::through(router(app.app(), Door::Site), "localhost").get("/").await.assert(404);
    assert_eq!(seed(app.app(), &SeedOptions { people: Some(5) }, |_| {}).await.unwrap(), None);
    assert!(!is_demo(app.app()).await.unwrap());
}

#[app_test]
async fn a_demo_says_so_and_where_its_site_is(app: TestApp) {
    make_demo(&app).await;
    let cookie = app.sign_in().await;
    let me = TestApp::through(dashboard(&app), "dashboard.localhost").cookie(&cookie).get("/api/v1/me").await;
    let me = me.assert(200).json();
    assert_eq!((&me["demo"], &me["demo_site_url"]), (&json!(true), &json!(SITE)));
    assert_eq!((&me["organisation"]["name"], &me["apps"][0]["name"]), (&json!("Harbour"), &json!("Harbour")));
    assert!(is_demo(app.app()).await.unwrap());
}

#[app_test]
async fn a_demo_does_not_take_somebody_elses_data(app: TestApp) {
    let flow = json!({"name": "Ours", "definition": {}});
    let body: Value = serde_json::from_str(include_str!("../../../../web/harbour/content/welcome-flow.json")).unwrap();
    app.api()
        .json(&json!({"name": flow["name"], "definition": body["definition"]}))
        .post("/api/v1/flows")
        .await
        .assert(201);
    let problem = open(app.app(), settings()).await.unwrap_err();
    assert!(problem.detail.unwrap().contains("are not the demo's"));
    assert!(!is_demo(app.app()).await.unwrap());
}

#[app_test]
async fn what_was_entered_is_not_on_the_disk_and_opens_for_who_may_read_it(app: TestApp) {
    make_demo(&app).await;
    let key = app.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
    let text = "Grüße, said the \"heron\" to nobody in particular";
    let said = json!({"userId": "u1", "traits": {"name": text, "plan": "trial"}});
    app.at(Door::Edge).bearer(&key).json(&said).post("/v1/identify").await.assert(200);
    let found = search(&app, text, 200).await;
    assert_eq!((&found["found"], &found["control"]["found"]), (&json!(0), &json!(1)), "{found}");
    let opened = json!({"field": "Attribute “name”", "person": "u1", "value": text});
    assert_eq!(found["opened"], opened);
    assert!(found["files"].as_u64().unwrap() > 1 && found["bytes"].as_u64().unwrap() > 100, "{found}");
    assert!(!std::path::Path::new(found["control"]["file"].as_str().unwrap()).exists(), "the control file is gone");
    // The same search finds what does stand in the data folder.
    std::fs::write(app.app().data().join("leak"), data_encoding::BASE64.encode(text.as_bytes())).unwrap();
    assert_eq!(search(&app, text, 200).await["found"], 1);
    assert_eq!(search(&app, "nobody wrote this", 200).await["opened"], Value::Null);
    search(&app, "abc", 422).await;
}

#[app_test]
async fn the_checklist_goes_by_what_happened(app: TestApp) {
    make_demo(&app).await;
    seed(app.app(), &SeedOptions { people: Some(40) }, |_| {}).await.unwrap();
    let first = async |kind: &str| {
        let all = app.api().get(&format!("/api/v1/{kind}")).await.assert(200).json();
        all["data"][0]["id"].as_str().unwrap().to_owned()
    };
    let (survey, flow) = (first("surveys").await, first("flows").await);
    let results = format!("/api/v1/surveys/{survey}/results");
    let cookie = app.sign_in().await;
    let environment = app.installed().organisation.environments[0].id.to_string();
    let asking = || {
        TestApp::through(dashboard(&app), "dashboard.localhost")
            .cookie(&cookie)
            .header("pilotfish-environment", &environment)
    };
    let done = async || {
        let list = asking().get("/api/v1/demo/checklist").await.assert(200).json();
        ["met_at", "answered_at", "seen_at", "searched_at"].map(|step| !list[step].is_null())
    };
    assert!(
        asking().get(&results).await.assert(200).json()["completed"].as_u64().unwrap() > 0,
        "the history has answers"
    );
    assert_eq!(done().await, [false; 4], "and none of them is the visitor's");

    app.advance(Duration::from_secs(1));
    let newcomer = app.user("newcomer");
    newcomer.does("$shown", json!({"content": survey, "version": 1})).await;
    assert_eq!(done().await, [false; 4], "a survey is no flow");
    newcomer.does("$shown", json!({"content": flow, "version": 1})).await;
    assert_eq!(done().await, [true, false, false, false]);
    let given = json!({"recommend": 9, "why": "The heron likes it."});
    newcomer.send("/v1/answers", crate::answers::tests::answer(1, &survey, given, true)).await.assert(200);
    assert_eq!(done().await, [true, true, false, false]);
    app.api().get(&results).await.assert(200);
    assert_eq!(done().await, [true, true, false, false], "a key is nobody who looks");
    asking().get(&results).await.assert(200);
    assert_eq!(done().await, [true, true, true, false]);
    search(&app, "nobody wrote this", 200).await;
    assert_eq!(done().await, [true, true, true, false], "what nobody entered proves nothing");
    search(&app, "heron likes", 200).await;
    assert_eq!(done().await, [true; 4]);
}

#[app_test]
async fn an_answer_opens_with_its_question(app: TestApp) {
    make_demo(&app).await;
    seed(app.app(), &SeedOptions { people: Some(3) }, |_| {}).await.unwrap();
    let survey = app.api().get("/api/v1/surveys").await.assert(200).json()["data"][0].clone();
    let key = app.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
    let answer = json!({
        "userId": "u1", "id": "11111111-1111-4111-8111-111111111111", "content": survey["id"], "version": 1,
        "answers": {"recommend": 9, "why": "The heron likes it."}, "complete": true,
    });
    app.at(Door::Edge).bearer(&key).json(&answer).post("/v1/answers").await.assert(200);
    let found = search(&app, "heron likes", 200).await;
    assert_eq!(found["found"], 0);
    let field = "Answer to “What is the main reason for your score?”";
    assert_eq!(found["opened"], json!({"field": field, "person": "u1", "value": "The heron likes it."}));
}
