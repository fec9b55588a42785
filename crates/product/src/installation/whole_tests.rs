//! An installation is whole or refused.

use app_test::app_test;
use serde_json::json;
use store::{Identity, Scope, StoreError, identity, sql};

use super::{create, ensure, made_before};
use crate::doors::Door;
use crate::testing::{TestApp, Unowned};
use crate::{App, Databases};

#[app_test]
async fn stores_that_do_not_belong_together_are_refused(app: TestApp) {
    let (main, keyring) = (&app.app().main, &app.app().keyring);
    let check = || identity::check(main, keyring, None);
    check().await.unwrap();
    let refused = |result: Result<(), StoreError>, lost: &str| match result.unwrap_err() {
        StoreError::Foreign { store } => assert_eq!(store, lost),
        other => panic!("{other}"),
    };
    refused(identity::check(main, keyring, Some(Identity::new(app.app().rng.as_ref()))).await, "the main store");
    set(keyring, "UPDATE store_identity SET identity = $1", true).await;
    refused(check().await, "the keyring");
    set(keyring, "DELETE FROM store_identity", false).await;
    refused(check().await, "the keyring");
    set(main, "DELETE FROM store_identity", false).await;
    refused(check().await, "the keyring");
    set(keyring, "INSERT INTO store_identity (id, identity) VALUES (1, $1)", true).await;
    refused(check().await, "the main store");
}

async fn set(db: &store::Db, statement: &'static str, with_other: bool) {
    let mut tx = db.begin(Scope::System).await.unwrap();
    let statement = if with_other { sql(statement).bind([9_u8; 16]) } else { sql(statement) };
    assert_eq!(statement.execute(&mut tx).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

#[app_test]
async fn an_installation_that_another_process_made_is_taken_over(app: TestApp) {
    let app: &App = app.app();
    assert!(create(app, None).await.is_err());
    ensure(app).await.unwrap();
}

#[tokio::test]
async fn what_was_made_in_postgres_is_known_from_either_database() {
    let app = TestApp::start_postgres("made_before").await;
    let Databases::Postgres { main, keyring } = app.databases() else { panic!("not PostgreSQL") };
    assert!(made_before(main, keyring).await.unwrap());
    set(&app.app().main, "DELETE FROM store_identity", false).await;
    assert!(made_before(main, keyring).await.unwrap());
    set(&app.app().keyring, "DELETE FROM store_identity", false).await;
    assert!(!made_before(main, keyring).await.unwrap());
    app.finish().await;
}

#[app_test]
async fn nothing_secret_is_made_when_nobody_is_there_to_see_it(app: Unowned) {
    let count = async |text: &'static str| sql(text).fetch_all(app.app().main.read(Scope::System)).await.unwrap().len();
    assert_eq!(count("SELECT id FROM api_keys").await, 0);
    assert_eq!(count("SELECT hash FROM environment_keys WHERE kind = 'server'").await, 0);
    assert_eq!(count("SELECT hash FROM environment_keys WHERE kind = 'browser'").await, 2);
}

#[app_test]
async fn an_owner_makes_a_server_key_and_it_opens_the_edge(app: TestApp) {
    let made = app.api().json(&json!({})).post("/api/v1/installation/server-key").await.assert(201).json();
    let key = made["server_key"].as_str().unwrap();
    assert!(key.starts_with("pfs_"));
    let event = json!({"userId": "u1", "event": "Invoice Sent", "writeKey": key});
    app.at(Door::Edge).json(&event).post("/v1/track").await.assert(200);
    let recorded = sql("SELECT action FROM audit_records WHERE action = 'server_key.create'");
    assert_eq!(recorded.fetch_all(app.app().main.read(Scope::System)).await.unwrap().len(), 1);
    let analyst = app.api_as(crate::authority::Role::Analyst).await;
    analyst.json(&json!({})).post("/api/v1/installation/server-key").await.assert(403);
}

#[app_test]
async fn an_unknown_migration_among_the_known_ones_is_another_line(app: TestApp) {
    let main = &app.app().main;
    let mut tx = main.begin(Scope::System).await.unwrap();
    let other = "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
                 SELECT 8, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations \
                 WHERE version = 1";
    sql(other).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let refused = store::migrate_main(main).await.unwrap_err();
    assert!(matches!(refused, StoreError::OtherMigration { version: 8, .. }), "{refused}");
}
