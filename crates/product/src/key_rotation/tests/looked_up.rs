//! What is found by a keyed hash is found before, during and after the turn of its key: people by their ids and addresses,
//! copies of messages.

use std::sync::Arc;
use std::time::Duration;

use ::store::keyring::{self, IndexKey, Replaced, SubjectKind};
use ::store::{Scope, sql};
use app_test::app_test;
use keys::hash::namespace;
use keys::{KeyError, KeyKind, KeyState, Owner};
use serde_json::{Value, json};

use super::{look, states, turn};
use crate::doors::Door;
use crate::testing::{Answer, TestApp};
use crate::{App, people, router};

const TURNED: [(u32, KeyState); 2] = [(1, KeyState::Destroyed), (2, KeyState::Primary)];
const KEPT: [(u32, KeyState); 2] = [(1, KeyState::Enabled), (2, KeyState::Primary)];
const DAY: Duration = Duration::from_hours(24);

/// How many people the keyring knows.
async fn people(app: &TestApp) -> i64 {
    let query = sql("SELECT COUNT(*) AS people FROM subjects WHERE kind = 'person' AND state = 'active'");
    query.fetch_one(app.app().keyring.read(Scope::System)).await.unwrap().get("people").unwrap()
}

/// The versions that index entries are under.
async fn entry_versions(app: &TestApp) -> Vec<i64> {
    let query = sql("SELECT DISTINCT key_version FROM blind_indexes ORDER BY key_version");
    let rows = query.fetch_all(app.app().keyring.read(Scope::System)).await.unwrap();
    rows.iter().map(|row| row.get("key_version").unwrap()).collect()
}

/// The ids of those who have this address.
async fn with_email(app: &TestApp, email: &str) -> Vec<String> {
    let found = app.api().json(&json!({"email": email})).post("/api/v1/people/search").await.assert(200).json();
    found["data"].as_array().unwrap().iter().map(|person| person["external_id"].as_str().unwrap().to_owned()).collect()
}

/// The number that an id leads to.
async fn number(app: &Arc<App>, environment: base::id::EnvironmentId, id: &str) -> u64 {
    people::find(app, environment, id).await.unwrap().unwrap().number()
}

async fn found_before_and_after(app: &TestApp) {
    app.api().get("/api/v1/people/ana").await.assert(200);
    app.api().get("/api/v1/companies/acme").await.assert(200);
    assert_eq!(with_email(app, "ANA@example.org").await, ["ana"]);
    assert_eq!(with_email(app, "bob@example.org").await, ["bob"]);
    // The same device, the same ids: nobody is made.
    app.user("ana").send("/v1/identify", json!({"anonymousId": "device"})).await.assert(200);
    app.user("bob").send("/v1/group", json!({"groupId": "acme"})).await.assert(200);
    assert_eq!(people(app).await, 2);
}

#[app_test]
async fn everybody_is_found_after_the_index_key_turned(app: TestApp) {
    app.visitor("device").does("Seen", json!({})).await;
    app.user("ana").send("/v1/identify", json!({"anonymousId": "device"})).await.assert(200);
    app.user("ana").is(json!({"email": "ana@example.org", "phone": "+49 30 901820"})).await;
    app.user("bob").is(json!({"email": "bob@example.org"})).await;
    app.user("bob").send("/v1/group", json!({"groupId": "acme"})).await.assert(200);
    found_before_and_after(&app).await;
    for round in 2..=3 {
        turn(&app, Some(KeyKind::Index)).await;
        assert_eq!(entry_versions(&app).await, [round]);
        found_before_and_after(&app).await;
    }
    let owner = Owner::Environment(app.production());
    let old = app.app().keys.version(KeyKind::Index, owner, 1);
    assert!(matches!(old, Err(KeyError::Destroyed { version: 1, .. })));
    // And what is written from now on replaces what was moved.
    app.user("ana").is(json!({"email": "new@example.org"})).await;
    assert_eq!(with_email(&app, "ana@example.org").await, [""; 0]);
    assert_eq!(with_email(&app, "new@example.org").await, ["ana"]);
    app.user("ana").is(json!({"email": null})).await;
    let left = sql("SELECT COUNT(*) AS left_over FROM blind_indexes WHERE namespace = 'email'");
    let left = left.fetch_one(app.app().keyring.read(Scope::System)).await.unwrap();
    assert_eq!(left.get::<i64>("left_over").unwrap(), 1, "bob's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_does_not_know_the_new_version_makes_nobody_twice() {
    let app = TestApp::start_postgres("index_race").await;
    let other = app.second_process().await;
    let key = app.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
    let at_other = async |body: Value| -> Answer {
        let edge = TestApp::through(router(&other, Door::Edge), "localhost");
        edge.bearer(&key).json(&body).post("/v1/identify").await.assert(200)
    };
    app.user("ana").is(json!({"email": "ana@example.org"})).await;
    turn(&app, Some(KeyKind::Index)).await;
    let newest = |app: &Arc<App>| app.keys.primary(KeyKind::Index, Owner::Environment(app_environment(app))).unwrap().0;
    assert_eq!((newest(app.app()), newest(&other)), (2, 1), "it has not looked for keys since");
    // Known under the new version only, and sent to the process that has the old one.
    at_other(json!({"userId": "ana", "traits": {"email": "ana@example.org"}})).await;
    assert_eq!(newest(&other), 2, "it was told");
    at_other(json!({"userId": "carla", "traits": {"email": "carla@example.org"}})).await;
    app.user("carla").is(json!({"email": "carla@example.org"})).await;
    assert_eq!(people(&app).await, 2);
    assert_eq!(entry_versions(&app).await, [2]);
    assert_eq!(with_email(&app, "carla@example.org").await, ["carla"]);
    let environment = app.production();
    assert_eq!(number(app.app(), environment, "ana").await, number(&other, environment, "ana").await);
    other.close().await;
    app.finish().await;
}

fn app_environment(app: &Arc<App>) -> base::id::EnvironmentId {
    let of_index = app.keys.records().into_iter().filter(|key| key.kind == KeyKind::Index);
    let owners = of_index.filter_map(|key| if let Owner::Environment(id) = key.owner { Some(id) } else { None });
    owners.min().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_in_two_processes_over_a_turn_are_one_person_each() {
    let app = TestApp::start_postgres("index_crowd").await;
    let other = app.second_process().await;
    let key = app.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
    let sent = futures::future::join_all((0..80).map(|number: u64| {
        let (own, other, key) = (app.clone(), other.clone(), key.clone());
        async move {
            tokio::time::sleep(Duration::from_millis(number * 15)).await;
            // Each of 40 ids meets both processes at about the same time.
            let body =
                json!({"userId": format!("user-{}", number / 2), "anonymousId": format!("device-{}", number / 2)});
            let edge = if number.is_multiple_of(2) {
                own.at(Door::Edge)
            } else {
                TestApp::through(router(&other, Door::Edge), "localhost")
            };
            edge.bearer(&key).json(&body).post("/v1/identify").await.assert(200);
        }
    }));
    let turning = async {
        for _ in 0..3 {
            turn(&app, Some(KeyKind::Index)).await;
        }
    };
    futures::future::join(sent, turning).await;
    assert_eq!(people(&app).await, 40);
    for number in 0..40 {
        app.api().get(&format!("/api/v1/people/user-{number}")).await.assert(200);
    }
    look(&app).await;
    assert_eq!(entry_versions(&app).await, [4]);
    other.close().await;
    app.finish().await;
}

#[app_test]
async fn an_entry_that_does_not_open_keeps_its_version_and_a_lost_ones_goes(app: TestApp) {
    for id in ["ana", "bob", "carla"] {
        app.user(id).is(json!({"email": format!("{id}@example.org")})).await;
    }
    let environment = app.production();
    let [bob, carla] = [number(app.app(), environment, "bob").await, number(app.app(), environment, "carla").await];
    let mut tx = app.app().keyring.begin(Scope::System).await.unwrap();
    let lost = sql("UPDATE subjects SET sealed_private_key = NULL, state = 'erased' WHERE number = $1");
    lost.bind(i64::try_from(bob).unwrap()).execute(&mut tx).await.unwrap();
    let broken = sql("UPDATE blind_indexes SET sealed_value = $1 WHERE number = $2 AND namespace = 'external_id'");
    broken.bind(&b"broken"[..]).bind(i64::try_from(carla).unwrap()).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();

    let turned = turn(&app, Some(KeyKind::Index)).await;
    let ours = turned.iter().find(|key| key.owner == environment.to_string()).unwrap();
    assert_eq!(ours.kept.iter().map(|kept| (kept.version, kept.needed_by)).collect::<Vec<_>>(), [(1, 1)]);
    app.api().get("/api/v1/people/ana").await.assert(200);
    app.api().get("/api/v1/people/bob").await.assert(404);
    app.api().get("/api/v1/people/carla").await.assert(200);
    let of_bob = sql("SELECT COUNT(*) AS entries FROM blind_indexes WHERE number = $1");
    let of_bob = of_bob.bind(i64::try_from(bob).unwrap()).fetch_one(app.app().keyring.read(Scope::System));
    assert_eq!(of_bob.await.unwrap().get::<i64>("entries").unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_removed_while_it_is_moved_is_gone() {
    let app = TestApp::start_postgres("index_removed").await;
    app.user("ana").is(json!({"email": "ana@example.org"})).await;
    let (environment, db) = (app.production(), &app.app().keyring);
    let ana = number(app.app(), environment, "ana").await;
    let row = sql("SELECT hash FROM blind_indexes WHERE namespace = 'email'").fetch_one(db.read(Scope::System)).await;
    let entry = IndexKey { namespace: namespace::EMAIL.into(), hash: row.unwrap().get("hash").unwrap() };
    // Moved, and not yet committed.
    let mut moving = db.begin(Scope::Environment(environment)).await.unwrap();
    keyring::move_entries(&mut moving, db.engine(), environment, 2, &[(entry, [7; 16])]).await.unwrap();
    let removing = async {
        let mut removing = db.begin(Scope::Environment(environment)).await.unwrap();
        keyring::index_version(&mut removing, db.engine(), environment).await.unwrap();
        let all = Replaced { at: app.app().clock.now(), keep: &[] };
        let kind = SubjectKind::Person;
        keyring::remove_indexes(&mut removing, environment, kind, ana, namespace::EMAIL, all).await.unwrap();
        removing.commit().await.unwrap();
    };
    let ended = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        moving.commit().await.unwrap();
    };
    futures::future::join(removing, ended).await;
    let left = sql("SELECT COUNT(*) AS entries FROM blind_indexes WHERE namespace = 'email'");
    assert_eq!(left.fetch_one(db.read(Scope::System)).await.unwrap().get::<i64>("entries").unwrap(), 0);
    app.finish().await;
}

async fn events_of_ana(app: &TestApp) -> usize {
    let events = app.api().get("/api/v1/people/ana/events").await.assert(200).json();
    events["data"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_a_message_are_recognised_for_seven_days_after_their_key_turned() {
    let app = TestApp::start_embedded("message_hash").await;
    copies_are_recognised(app).await.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_they_are_over_postgres() {
    let app = TestApp::start_postgres("message_hash_pg").await;
    copies_are_recognised(app).await.finish().await;
}

async fn copies_are_recognised(app: TestApp) -> TestApp {
    let track = async |app: &TestApp| {
        app.user("ana").send("/v1/track", json!({"messageId": "m-1", "event": "Seen"})).await.assert(200);
    };
    let identify = async |app: &TestApp, id: &str, plan: &str| {
        let body = json!({"messageId": id, "traits": {"plan": plan}});
        app.user("ana").send("/v1/identify", body).await.assert(200);
    };
    let plan = async |app: &TestApp| {
        app.api().get("/api/v1/people/ana").await.assert(200).json()["attributes"]["plan"].as_str().unwrap().to_owned()
    };
    track(&app).await;
    identify(&app, "m-2", "free").await;
    identify(&app, "m-3", "paid").await;
    let before = events_of_ana(&app).await;
    turn(&app, Some(KeyKind::MessageHash)).await;
    assert_eq!(states(&app, KeyKind::MessageHash).await, KEPT);
    let mut app = app;
    for _ in 0..2 {
        app.advance(DAY * 3);
        track(&app).await;
        identify(&app, "m-2", "free").await;
        assert_eq!((events_of_ana(&app).await, plan(&app).await.as_str()), (before, "paid"), "copies");
        look(&app).await;
        assert_eq!(states(&app, KeyKind::MessageHash).await, KEPT);
        // The log is read anew.
        app = app.restart().await;
    }
    app.advance(DAY + Duration::from_secs(1));
    look(&app).await;
    assert_eq!(states(&app, KeyKind::MessageHash).await, TURNED);
    let old = app.app().keys.version(KeyKind::MessageHash, Owner::Environment(app.production()), 1);
    assert!(matches!(old, Err(KeyError::Destroyed { version: 1, .. })));
    track(&app).await;
    assert_eq!(events_of_ana(&app).await, before + 1, "more than seven days later it is another message");
    track(&app).await;
    assert_eq!(events_of_ana(&app).await, before + 1);
    app
}
