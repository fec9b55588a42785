use std::time::Duration;

use app_test::app_test;
use base::Code;
use serde_json::{Value, json};

use super::{create, setup_link};
use crate::doors::Door;
use crate::testing::TestApp;

fn owner(link: &str) -> Value {
    let token = link.split_once("#token=").unwrap().1;
    json!({"token": token, "email": "bo@example.org", "name": "Bo", "password": "a long enough password",
           "organisation": "Harbour"})
}

#[tokio::test]
async fn the_link_makes_the_owner_once() {
    let app = TestApp::without_owner().await;
    assert_eq!(app.at(Door::Dashboard).get("/api/v1/setup").await.assert(200).json(), json!({"needed": true}));
    let link = setup_link(app.app()).await.unwrap().unwrap();
    let body = owner(link.expose());
    let cookie = app.at(Door::Dashboard).json(&body).post("/api/v1/setup").await.assert(201).cookie();
    let me = app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(200).json();
    assert_eq!((&me["organisation"]["name"], &me["member"]["name"]), (&json!("Harbour"), &json!("Bo")));
    let again = app.at(Door::Dashboard).json(&body).post("/api/v1/setup").await.assert(409);
    assert_eq!(again.code(), "already_set_up");
    assert!(setup_link(app.app()).await.unwrap().is_none());
    app.finish().await;
}

#[tokio::test]
async fn a_new_link_ends_the_one_before_it_and_each_ends_after_a_day() {
    let app = TestApp::without_owner().await;
    let first = setup_link(app.app()).await.unwrap().unwrap();
    let second = setup_link(app.app()).await.unwrap().unwrap();
    let refused = app.at(Door::Dashboard).json(&owner(first.expose())).post("/api/v1/setup").await.assert(403);
    assert_eq!(refused.code(), "setup_link_invalid");
    app.advance(Duration::from_hours(25));
    app.at(Door::Dashboard).json(&owner(second.expose())).post("/api/v1/setup").await.assert(403);
    app.finish().await;
}

#[tokio::test]
async fn a_refused_set_up_leaves_the_link_good() {
    let app = TestApp::without_owner().await;
    let link = setup_link(app.app()).await.unwrap().unwrap();
    let mut weak = owner(link.expose());
    weak["password"] = json!("short");
    let refused = app.at(Door::Dashboard).json(&weak).post("/api/v1/setup").await.assert(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/password");
    app.at(Door::Dashboard).json(&owner(link.expose())).post("/api/v1/setup").await.assert(201);
    app.finish().await;
}

#[app_test]
async fn a_second_installation_is_refused(app: TestApp) {
    let refused = create(app.app(), None).await.err().unwrap();
    assert_eq!(refused.code, Code::AlreadySetUp);
}

#[app_test]
async fn what_was_done_is_recorded_and_cannot_be_changed(app: TestApp) {
    let main = &app.app().main;
    let rows = store::sql("SELECT action FROM audit_records").fetch_all(main.read(store::Scope::System)).await.unwrap();
    assert_eq!(rows[0].get::<String>("action").unwrap(), "installation.create");
    for statement in ["UPDATE audit_records SET action = 'other'", "DELETE FROM audit_records"] {
        let mut tx = main.begin(store::Scope::System).await.unwrap();
        assert!(store::sql(statement).execute(&mut tx).await.is_err(), "{statement}");
    }
}

#[app_test]
async fn a_database_of_a_newer_release_is_refused(app: TestApp) {
    let main = &app.app().main;
    let mut tx = main.begin(store::Scope::System).await.unwrap();
    let newest = "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
                  SELECT 9999, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations \
                  WHERE version = 1";
    store::sql(newest).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let refused = store::migrate_main(main).await.unwrap_err().to_string();
    assert!(refused.starts_with("the main store has schema version 9999, newer than this release's"), "{refused}");
}

#[app_test]
async fn several_processes_may_migrate_at_once(app: TestApp) {
    let (main, keyring) = (&app.app().main, &app.app().keyring);
    let runs = (0..4).map(|_| async { (store::migrate_main(main).await, store::migrate_keyring(keyring).await) });
    for (main, keyring) in futures::future::join_all(runs).await {
        main.unwrap();
        keyring.unwrap();
    }
}

#[app_test]
async fn a_transaction_sees_only_the_environment_that_it_named(app: TestApp) {
    let main = &app.app().main;
    let [production, staging] = [0, 1].map(|at| app.installed().organisation.environments[at].id);
    let mut tx = main.begin(store::Scope::Environment(production)).await.unwrap();
    let insert =
        "INSERT INTO page_origins (environment_id, origin, first_heard_at, last_heard_at) VALUES ($1, 'x', 1, 1)";
    store::sql(insert).bind(production).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let seen = |scope| store::sql("SELECT origin FROM page_origins").fetch_all(main.read(scope));
    assert_eq!(seen(store::Scope::Environment(production)).await.unwrap().len(), 1);
    if main.engine() == store::Engine::Postgres {
        assert_eq!(seen(store::Scope::Environment(staging)).await.unwrap().len(), 0);
        let mut tx = main.begin(store::Scope::Environment(staging)).await.unwrap();
        assert!(store::sql(insert).bind(production).execute(&mut tx).await.is_err());
    }
}
