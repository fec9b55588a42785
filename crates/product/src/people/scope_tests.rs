//! What is asked about an environment's people is the environment's: by the handle that it is asked on, and in PostgreSQL by
//! row-level security.

use ::store::{Scope, sql};
use app_test::app_test;
use serde_json::json;

use super::{find, rows_of, store};
use crate::authority::TenantReader;
use crate::testing::TestApp;

/// How many subjects a scope sees.
async fn subjects(app: &TestApp, scope: Scope) -> i64 {
    let query = sql("SELECT COUNT(*) AS subjects FROM subjects");
    query.fetch_one(app.app().keyring.read(scope)).await.unwrap().get("subjects").unwrap()
}

#[tokio::test]
async fn an_environment_sees_its_own_people_and_no_others() {
    let app = TestApp::start_postgres("keyring_scope").await;
    let [production, staging] = [0, 1].map(|of: usize| app.installed().organisation.environments[of].id);
    app.user("ana").is(json!({"email": "ana@example.org"})).await;
    assert_eq!(subjects(&app, Scope::Environment(production)).await, 1);
    assert_eq!(subjects(&app, Scope::Environment(staging)).await, 0);
    assert_eq!(subjects(&app, Scope::Organisation(app.installed().organisation.id)).await, 0);
    let other = sql("INSERT INTO numbers (environment_id, kind, next) VALUES ($1, 'person', 1)").bind(production);
    assert!(other.execute(app.app().keyring.read(Scope::Environment(staging))).await.is_err(), "nor does it write");
    app.finish().await;
}

#[tokio::test]
async fn nothing_about_people_needs_to_see_more_than_their_environment() {
    let app = TestApp::start_postgres("keyring_callers").await;
    let only_environments = "CREATE OR REPLACE FUNCTION in_scope(environment bytea) RETURNS boolean LANGUAGE sql STABLE \
        AS $$ SELECT encode(environment, 'hex') = current_setting('pilotfish.environment', true) $$";
    app.app().keyring.run_outside_transaction(only_environments.to_owned()).await.unwrap();
    let (ana, device) = (app.user("ana"), app.visitor("her-phone"));
    ana.is(json!({"email": "ana@example.org"})).await;
    ana.is(json!({"email": "ana@example.com"})).await;
    device.does("A", json!({})).await;
    ana.send("/v1/identify", json!({"anonymousId": "her-phone", "traits": {}})).await.assert(200);
    ana.send("/v1/group", json!({"groupId": "acme", "traits": {"name": "Acme"}})).await.assert(200);
    ana.send("/v1/alias", json!({"previousId": "before"})).await.assert(200);
    // What this process remembers would hide a look into the keyring.
    let other = app.second_process().await;
    let api = async |path: &str| app.api_of(&other).get(path).await;
    let person = api("/api/v1/people/ana").await.assert(200).json();
    api(&format!("/api/v1/people/{}", person["id"].as_str().unwrap())).await.assert(200);
    assert_eq!(api("/api/v1/people").await.assert(200).json()["data"][0]["external_id"], "ana");
    let company = api("/api/v1/companies").await.assert(200).json()["data"][0].clone();
    api(&format!("/api/v1/companies/{}", company["id"].as_str().unwrap())).await.assert(200);
    api("/api/v1/people/ana/events").await.assert(200);
    let search = app.api_of(&other).json(&json!({"email": "ANA@example.com"})).post("/api/v1/people/search");
    assert_eq!(search.await.assert(200).json()["data"].as_array().unwrap().len(), 1);
    other.close().await;
    app.finish().await;
}

#[app_test]
async fn a_reader_of_one_environment_finds_no_row_of_another(app: TestApp) {
    let [production, staging] = [0, 1].map(|of: usize| app.installed().organisation.environments[of].id);
    app.user("ana").is(json!({"plan": "pro"})).await;
    let ana = find(app.app(), production, "ana").await.unwrap().unwrap().number();
    for (environment, found) in [(production, 1), (staging, 0)] {
        let reader = TenantReader::new(app.app(), environment);
        assert_eq!(rows_of(reader, &[ana]).await.unwrap().len(), found);
        assert_eq!(store::row(reader, ana).await.unwrap().iter().count(), found);
        assert_eq!(store::standings(reader, &[ana]).await.unwrap().len(), found);
    }
}
