use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};
use store::{Scope, sql};

use super::{flow, survey};
use crate::authority::Role;
use crate::testing::TestApp;

async fn create(app: &TestApp, path: &str, body: &Value) -> String {
    let made = app.api().json(body).post(&format!("/api/v1/{path}")).await.assert(201).json();
    format!("/api/v1/{path}/{}", made["id"].as_str().unwrap())
}

async fn ruleset(app: &TestApp) -> u64 {
    let numbers = super::super::store::ruleset_numbers(&app.app().main).await.unwrap();
    numbers.into_iter().find(|(environment, _)| *environment == app.production()).map_or(0, |(_, number)| number)
}

#[app_test]
async fn a_draft_is_published_changed_paused_and_taken_up_again(app: TestApp) {
    let path = create(&app, "surveys", &survey()).await;
    let draft = app.api().get(&path).await.assert(200).json();
    assert_eq!(
        (&draft["status"], &draft["published"], &draft["has_changes"]),
        (&json!("draft"), &json!(null), &json!(true))
    );
    assert_eq!((&draft["problems"], &draft["kind"]), (&json!([]), &json!("survey")));
    assert_eq!(draft["draft"]["questions"][0]["low"], "Not at all likely");

    let live = app.api().post(&format!("{path}/publish")).await.assert(200).json();
    assert_eq!((&live["status"], &live["published"]["version"]), (&json!("live"), &json!(1)));
    assert_eq!((&live["has_changes"], &live["published"]["definition"]), (&json!(false), &live["draft"]));
    assert_eq!(ruleset(&app).await, 1);
    app.api().post(&format!("{path}/publish")).await.assert(200);
    assert_eq!(ruleset(&app).await, 1, "publishing what is live changes nothing");

    let mut changed = survey();
    changed["definition"]["questions"][0]["text"] = json!("How likely now?");
    let edited = app.api().json(&changed).put(&path).await.assert(200).json();
    assert_eq!((&edited["status"], &edited["has_changes"]), (&json!("live"), &json!(true)));
    assert_eq!(edited["published"]["definition"]["questions"][0]["text"], "How likely?");
    assert_eq!(ruleset(&app).await, 1, "a draft is not live");

    let paused = app.api().post(&format!("{path}/pause")).await.assert(200).json();
    assert_eq!((&paused["status"], ruleset(&app).await), (&json!("paused"), 2));
    let again = app.api().post(&format!("{path}/publish")).await.assert(200).json();
    assert_eq!((&again["published"]["version"], ruleset(&app).await), (&json!(2), 3));
    app.api().post(&format!("{path}/pause")).await.assert(200);
    let resumed = app.api().post(&format!("{path}/publish")).await.assert(200).json();
    assert_eq!(resumed["published"]["version"], 2, "what has not changed is the same version");
}

#[app_test]
async fn what_is_deleted_comes_back_paused_within_thirty_days(app: TestApp) {
    let path = create(&app, "flows", &flow()).await;
    app.api().post(&format!("{path}/publish")).await.assert(200);
    app.api().delete(&path).await.assert(204);
    assert_eq!(ruleset(&app).await, 2);
    app.api().get(&path).await.assert(404);
    app.api().post(&format!("{path}/publish")).await.assert(404);
    assert_eq!(app.api().get("/api/v1/flows").await.json()["data"], json!([]));
    let deleted = app.api().get("/api/v1/flows?deleted=true").await.json()["data"].clone();
    let (at, until) = (app.app().clock.now(), app.app().clock.now().plus(Duration::from_hours(30 * 24)));
    assert_eq!((deleted.as_array().unwrap().len(), &deleted[0]["status"]), (1, &json!("paused")));
    assert_eq!((&deleted[0]["deleted_at"], &deleted[0]["restorable_until"]), (&json!(at), &json!(until)));
    let back = app.api().post(&format!("{path}/restore")).await.assert(200).json();
    assert_eq!((&back["status"], back.get("deleted_at"), back.get("restorable_until")), (&json!("paused"), None, None));
    app.api().post(&format!("{path}/restore")).await.assert(404);

    app.api().delete(&path).await.assert(204);
    app.advance(Duration::from_hours(30 * 24));
    app.api().post(&format!("{path}/restore")).await.assert(404);
    assert_eq!(app.api().get("/api/v1/flows?deleted=true").await.json()["data"], json!([]));
}

#[app_test]
async fn nobody_overwrites_what_they_have_not_read(app: TestApp) {
    let path = create(&app, "surveys", &survey()).await;
    let read = app.api().get(&path).await;
    let etag = read.header("etag").to_owned();
    let written = app.api().json(&survey()).header("if-match", &etag).put(&path).await.assert(200);
    let refused = app.api().json(&survey()).header("if-match", &etag).put(&path).await.assert(409);
    assert_eq!(refused.code(), "conflict");
    app.api().header("if-match", &etag).post(&format!("{path}/publish")).await.assert(409);
    let now = written.header("etag").to_owned();
    app.api().header("if-match", &now).post(&format!("{path}/publish")).await.assert(200);
    app.api().json(&survey()).put(&path).await.assert(200);
}

#[app_test]
async fn a_list_is_read_in_pages_newest_first(app: TestApp) {
    let mut made = Vec::new();
    for _ in 0..3 {
        app.advance(Duration::from_secs(1));
        made.push(create(&app, "surveys", &survey()).await);
    }
    create(&app, "flows", &flow()).await;
    let first = app.api().get("/api/v1/surveys?limit=2").await.assert(200).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.api().get(&format!("/api/v1/surveys?limit=2&cursor={cursor}")).await.assert(200).json();
    let ids =
        [&first["data"][0], &first["data"][1], &second["data"][0]].map(|it| it["id"].as_str().unwrap().to_owned());
    made.reverse();
    assert!(made.iter().zip(&ids).all(|(path, id)| path.ends_with(id.as_str())));
    assert_eq!((&second["next_cursor"], second["data"].as_array().unwrap().len()), (&json!(null), 1));
    assert_eq!(first["data"][0]["figures"], json!({"shown": 0, "completed": 0, "dismissed": 0}));
    app.api().get("/api/v1/surveys?limit=0").await.assert(422);
    app.api().get("/api/v1/surveys?cursor=x").await.assert(422);
    app.api().get("/api/v1/surveys?colour=blue").await.assert(400);
}

#[app_test]
async fn another_org_gets_404(app: TestApp) {
    let path = create(&app, "surveys", &survey()).await;
    let stranger = app.stranger().await;
    stranger.clone().get(&path).await.assert(404);
    stranger.clone().json(&survey()).put(&path).await.assert(404);
    for action in ["publish", "pause", "restore"] {
        stranger.clone().post(&format!("{path}/{action}")).await.assert(404);
    }
    stranger.clone().delete(&path).await.assert(404);
    assert_eq!(stranger.get("/api/v1/surveys").await.assert(200).json()["data"], json!([]));
    app.api().get(&path.replace("surveys/srv_", "flows/srv_")).await.assert(404);
}

#[app_test]
async fn each_role_does_what_it_may(app: TestApp) {
    let path = create(&app, "surveys", &survey()).await;
    let (viewer, editor) = (app.api_as(Role::Viewer).await, app.api_as(Role::Editor).await);
    viewer.clone().get(&path).await.assert(200);
    viewer.clone().json(&survey()).post("/api/v1/surveys").await.assert(403);
    viewer.clone().json(&survey()).put(&path).await.assert(403);
    viewer.delete(&path).await.assert(403);
    editor.clone().json(&survey()).put(&path).await.assert(200);
    editor.clone().post(&format!("{path}/publish")).await.assert(403);
    app.api_as(Role::Publisher).await.post(&format!("{path}/publish")).await.assert(200);
    editor.clone().post(&format!("{path}/pause")).await.assert(403);
    assert_eq!(editor.clone().delete(&path).await.assert(403).code(), "forbidden");
    app.api().post(&format!("{path}/pause")).await.assert(200);
    editor.delete(&path).await.assert(204);
}

#[app_test]
async fn every_change_is_recorded_on_its_transaction(app: TestApp) {
    let path = create(&app, "surveys", &survey()).await;
    app.api().json(&survey()).put(&path).await.assert(200);
    for action in ["publish", "pause"] {
        app.api().post(&format!("{path}/{action}")).await.assert(200);
    }
    app.api().delete(&path).await.assert(204);
    app.api().post(&format!("{path}/restore")).await.assert(200);
    app.api().header("if-match", "\"1\"").post(&format!("{path}/publish")).await.assert(409);
    let rows = sql("SELECT action, object FROM audit_records WHERE environment_id = $1 ORDER BY id")
        .bind(app.production())
        .fetch_all(app.app().main.read(Scope::System))
        .await
        .unwrap();
    let mut actions: Vec<String> = rows.iter().map(|row| row.get("action").unwrap()).collect();
    actions.sort();
    let expected = ["create", "delete", "edit", "pause", "publish", "restore"].map(|verb| format!("content.{verb}"));
    assert_eq!(actions, expected);
    assert!(rows.iter().all(|row| path.ends_with(row.get::<String>("object").unwrap().as_str())));
}
