//! Several requests that write the same rows at once, and what a failed write leaves.

use std::time::Duration;

use ::store::{Scope, sql};
use app_test::app_test;
use serde_json::{Value, json};

use super::{find, row, store, write_seen};
use crate::authority::TenantTx;
use crate::doors::Door;
use crate::testing::{Logs, TestApp};

/// A batch of one message that brings these new attributes.
fn brings(names: &[String]) -> Value {
    let traits: serde_json::Map<String, Value> = names.iter().map(|name| (name.clone(), 1.into())).collect();
    json!({"batch": [{"type": "identify", "userId": "ana", "traits": traits}]})
}

#[tokio::test]
async fn two_who_register_the_same_names_crosswise_wait_for_each_other() {
    let app = TestApp::start_postgres("names_crosswise").await;
    let key = app.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
    let send = |body: Value| app.at(Door::Edge).bearer(&key).json(&body).post("/v1/batch");
    send(json!({"batch": [{"type": "identify", "userId": "ana", "traits": {}}]})).await.assert(200);
    let mut names: Vec<String> = (10..60).map(|number| format!("name {number}")).collect();
    let forward = brings(&names);
    names.reverse();
    let backward = brings(&names);
    // Both wait in the middle of their rows.
    let mut middle = app.app().main.begin(Scope::System).await.unwrap();
    sql("INSERT INTO registered_attributes (environment_id, scope, name, type, class, first_seen_at) \
         VALUES ($1, 'person', 'name 35', 'number', 'plain', 1)")
    .bind(app.production())
    .execute(&mut middle)
    .await
    .unwrap();
    let logs = Logs::default();
    let guard = logs.listen();
    let (one, other, ()) = tokio::join!(send(forward), send(backward), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(middle);
    });
    drop(guard);
    assert_eq!(
        (one.assert(200).json(), other.assert(200).json()),
        (json!({"success": true}), json!({"success": true}))
    );
    assert!(!logs.text().contains("broken off"), "{}", logs.text());
    app.finish().await;
}

#[tokio::test]
async fn two_who_claim_the_same_messages_crosswise_wait_for_each_other() {
    let test = TestApp::start_postgres("messages_crosswise").await;
    let (app, environment) = (test.app(), test.production());
    let mut messages: Vec<[u8; 16]> = (0..50_u8).map(|number| [number; 16]).collect();
    let forward = messages.clone();
    messages.reverse();
    let claim = async |messages: &[[u8; 16]]| {
        let mut tx = TenantTx::begin(app, environment).await.unwrap();
        let new = store::claim_messages(&mut tx, messages, app.clock.now()).await?;
        tx.commit().await?;
        ::store::StoreResult::Ok(new.len())
    };
    let mut middle = TenantTx::begin(app, environment).await.unwrap();
    store::claim_messages(&mut middle, &[[25; 16]], app.clock.now()).await.unwrap();
    let (one, other, ()) = tokio::join!(claim(&forward), claim(&messages), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(middle);
    });
    assert_eq!(one.unwrap() + other.unwrap(), 50, "each message is one's");
    test.finish().await;
}

#[app_test]
async fn who_was_seen_is_not_forgotten_when_it_cannot_be_written(app: TestApp) {
    let ana = app.user("ana");
    ana.does("A", json!({})).await;
    write_seen(app.app()).await.unwrap();
    app.advance(Duration::from_mins(1));
    ana.does("A", json!({})).await;
    let rename = |from: &str, to: &str| {
        sql(format!("ALTER TABLE {from} RENAME TO {to}")).execute(app.app().main.read(Scope::System))
    };
    rename("people", "elsewhere").await.unwrap();
    write_seen(app.app()).await.unwrap_err();
    rename("elsewhere", "people").await.unwrap();
    write_seen(app.app()).await.unwrap();
    let person = find(app.app(), app.production(), "ana").await.unwrap().unwrap();
    assert_eq!(row(app.app(), &person).await.unwrap().last_seen_at, app.app().clock.now());
}
