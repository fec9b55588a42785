use std::sync::Arc;
use std::time::Duration;

use app_test::app_test;
use base::Code;
use serde_json::{Value, json};
use store::Db;

use super::{create, prepare, setup_link};
use crate::Databases;
use crate::doors::Door;
use crate::testing::{TestApp, Unowned, create_databases, drop_databases, open, unfenced_url};

fn owner(link: &str) -> Value {
    let token = link.split_once("#token=").unwrap().1;
    json!({"token": token, "email": "bo@example.org", "name": "Bo", "password": "a long enough password",
           "organisation": "Harbour"})
}

#[app_test]
async fn the_link_makes_the_owner_once(app: Unowned) {
    assert_eq!(app.at(Door::Dashboard).get("/api/v1/setup").await.assert(200).json(), json!({"needed": true}));
    let link = setup_link(app.app()).await.unwrap().unwrap();
    let body = owner(link.expose());
    let cookie = app.at(Door::Dashboard).json(&body).post("/api/v1/setup").await.assert(201).cookie();
    let me = app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(200).json();
    assert_eq!((&me["organisation"]["name"], &me["member"]["name"]), (&json!("Harbour"), &json!("Bo")));
    let again = app.at(Door::Dashboard).json(&body).post("/api/v1/setup").await.assert(409);
    assert_eq!(again.code(), "already_set_up");
    assert!(setup_link(app.app()).await.unwrap().is_none());
}

#[app_test]
async fn a_new_link_ends_the_one_before_it_and_each_ends_after_a_day(app: Unowned) {
    let first = setup_link(app.app()).await.unwrap().unwrap();
    let second = setup_link(app.app()).await.unwrap().unwrap();
    let refused = app.at(Door::Dashboard).json(&owner(first.expose())).post("/api/v1/setup").await.assert(403);
    assert_eq!(refused.code(), "setup_link_invalid");
    app.advance(Duration::from_hours(25));
    app.at(Door::Dashboard).json(&owner(second.expose())).post("/api/v1/setup").await.assert(403);
}

#[app_test]
async fn a_refused_set_up_leaves_the_link_good(app: Unowned) {
    let link = setup_link(app.app()).await.unwrap().unwrap();
    let mut weak = owner(link.expose());
    weak["password"] = json!("short");
    let refused = app.at(Door::Dashboard).json(&weak).post("/api/v1/setup").await.assert(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/password");
    app.at(Door::Dashboard).json(&owner(link.expose())).post("/api/v1/setup").await.assert(201);
}

#[app_test]
async fn every_table_of_an_environments_rows_has_row_level_security(app: TestApp) {
    if app.app().main.engine() == store::Engine::Sqlite {
        return;
    }
    for (db, least) in [(&app.app().main, 15), (&app.app().keyring, 3)] {
        let tables = store::sql(
            "SELECT c.relname::text AS name, (c.relrowsecurity AND c.relforcerowsecurity)::int::bigint AS fenced \
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
             WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace \
             AND a.attname = 'environment_id' AND NOT a.attisdropped ORDER BY c.relname",
        )
        .fetch_all(db.read(store::Scope::System))
        .await
        .unwrap();
        let open: Vec<String> = tables
            .iter()
            .filter(|row| !row.get::<bool>("fenced").unwrap())
            .map(|row| row.get("name").unwrap())
            .collect();
        assert_eq!(open, Vec::<String>::new());
        assert!(tables.len() >= least, "{}", tables.len());
    }
}

#[app_test]
async fn the_fields_of_a_set_up_are_checked(app: Unowned) {
    let link = setup_link(app.app()).await.unwrap().unwrap();
    let long = "x".repeat(101);
    for (field, value) in
        [("name", ""), ("name", "  "), ("name", "a\u{7}b"), ("name", &*long), ("organisation", "a\nb")]
    {
        let mut body = owner(link.expose());
        body[field] = json!(value);
        let refused = app.at(Door::Dashboard).json(&body).post("/api/v1/setup").await.assert(422).json();
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"), "{value}");
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_may_migrate_fresh_databases_at_once() {
    let databases = create_databases("migrate").await;
    let Databases::Postgres { main, keyring } = &databases else { panic!("not PostgreSQL") };
    let runs = (0..4).map(|_| async {
        let (main, keyring) = (Db::connect_postgres(main).await.unwrap(), Db::connect_postgres(keyring).await.unwrap());
        let done = (store::migrate_main(&main).await, store::migrate_keyring(&keyring).await);
        main.close().await;
        keyring.close().await;
        done
    });
    for (main, keyring) in futures::future::join_all(runs).await {
        main.unwrap();
        keyring.unwrap();
    }
    drop_databases(&databases).await;
}

#[tokio::test]
async fn an_init_over_postgresql_that_was_killed_before_its_commit_is_begun_again() {
    let databases = create_databases("killed_init").await;
    let folder = tempfile::tempdir().unwrap();
    let (clock, rng): (_, Arc<dyn base::Rng>) = (Arc::default(), Arc::new(base::SystemRng));
    let start = async || open(folder.path(), &databases, &clock, &rng).await;
    let app = start().await;
    let pending = prepare(&app, None).await.unwrap();
    app.authority_ahead().unwrap();
    let left = std::fs::read(app.tls_folder().join("ca.pem")).unwrap();
    drop(pending);
    drop(app);

    let app = start().await;
    let pending = prepare(&app, None).await.unwrap();
    app.authority_ahead().unwrap();
    pending.commit(&app).await.unwrap();
    let made = std::fs::read(app.tls_folder().join("ca.pem")).unwrap();
    assert_ne!(made, left, "its key was never kept");
    assert!(!app.tls_folder().join("making").exists());
    app.close().await;

    let app = start().await;
    app.authority().unwrap();
    assert_eq!(std::fs::read(app.tls_folder().join("ca.pem")).unwrap(), made);
    app.close().await;
    drop_databases(&databases).await;
}

#[tokio::test]
async fn a_role_above_row_level_security_may_not_serve() {
    let refused = Db::connect_postgres(&unfenced_url()).await.err();
    assert!(matches!(refused, Some(store::StoreError::Unfenced)), "{refused:?}");
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

#[app_test]
async fn an_organisations_work_sees_its_own_keys_and_no_environments_rows(app: TestApp) {
    let main = &app.app().main;
    if main.engine() == store::Engine::Sqlite {
        return;
    }
    let organisation = app.installed().organisation.id;
    let count = async |table: &str, scope| {
        store::sql(format!("SELECT 1 AS one FROM {table}")).fetch_all(main.read(scope)).await.unwrap().len()
    };
    let own = store::Scope::Organisation(organisation);
    app.stranger().await;
    assert_eq!((count("environment_keys", own).await, count("api_keys", own).await), (4, 1));
    assert_eq!(count("environment_keys", store::Scope::Environment(app.production())).await, 2);
    let insert =
        "INSERT INTO page_origins (environment_id, origin, first_heard_at, last_heard_at) VALUES ($1, 'x', 1, 1)";
    let mut tx = main.begin(own).await.unwrap();
    assert!(store::sql(insert).bind(app.production()).execute(&mut tx).await.is_err());
}
