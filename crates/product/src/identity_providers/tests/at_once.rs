//! What happens while a provider's answer is looked at.

use std::time::Duration;

use ::store::{Scope, sql};
use app_test::app_test;
use axum::http::HeaderMap;
use base::id::{IdentityProviderId, MemberId};
use serde_json::json;

use super::super::identities::LinkedBy;
use super::super::joining;
use super::{PROVIDERS, World, person};
use crate::authority::SystemTx;
use crate::members;
use crate::sessions::{self, How, Level};
use crate::testing::TestApp;

#[app_test]
async fn nobody_signs_in_over_a_provider_that_is_removed_meanwhile(app: TestApp) {
    let world = World::new(&app).await;
    world.signs_in().await;
    let provider: IdentityProviderId = world.provider.parse().unwrap();
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    let organisation = app.installed().organisation.id;
    super::super::store::lock(&mut tx.0, app.app().main.engine(), organisation).await.unwrap();
    let gone = world.goes().await;
    let removal = async {
        answered(&world, 1).await;
        for text in [
            "DELETE FROM member_identities WHERE provider_id = $1",
            "UPDATE sessions SET ended_at = 1 WHERE provider_id = $1",
            "DELETE FROM identity_providers WHERE id = $1",
        ] {
            sql(text).bind(provider).execute(&mut tx.0).await.unwrap();
        }
        tx.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(world.comes_back(&gone), removal);
    answer.assert(404);
    let query =
        sql("SELECT COUNT(*) AS sessions FROM sessions WHERE provider_id = $1 AND ended_at IS NULL").bind(provider);
    let row = query.fetch_one(app.app().main.read(Scope::System)).await.unwrap();
    assert_eq!(row.get::<i64>("sessions").unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_signs_in_with_an_identity_that_is_unlinked_meanwhile() {
    let app = TestApp::start_postgres("identity_unlinked").await;
    let world = World::new(&app).await;
    world.signs_in().await;
    let gone = world.goes().await;
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    sql("DELETE FROM member_identities").execute(&mut tx.0).await.unwrap();
    let unlinked = async {
        answered(&world, 1).await;
        tx.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(world.comes_back(&gone), unlinked);
    assert_eq!(answer.assert(403).code(), "identity_not_linked");
    drop(world);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_signs_in_over_a_provider_that_becomes_another_client_meanwhile() {
    let app = TestApp::start_postgres("another_client").await;
    let world = World::new(&app).await;
    world.signs_in().await;
    let gone = world.goes().await;
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    let organisation = app.installed().organisation.id;
    super::super::store::lock(&mut tx.0, app.app().main.engine(), organisation).await.unwrap();
    let changed = async {
        answered(&world, 1).await;
        sql("UPDATE identity_providers SET client_id = 'another client'").execute(&mut tx.0).await.unwrap();
        tx.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(world.comes_back(&gone), changed);
    assert_eq!(answer.assert(403).code(), "invalid_proof");
    drop(world);
    app.finish().await;
}

#[app_test]
async fn whoever_becomes_an_owner_or_leaves_keeps_nothing_that_a_provider_links_meanwhile(app: TestApp) {
    let world = World::new(&app).await;
    let provider = super::super::provider(app.app(), world.provider.parse().unwrap()).await.unwrap();
    for what in ["role", "removal", "ownership"] {
        let email = format!("{what}@acme.example");
        let member = app.member(&email, "admin").await;
        let id: MemberId = member.id.parse().unwrap();
        // Somebody signs in who is found by their address.
        let mut tx = SystemTx::begin(app.app()).await.unwrap();
        members::lock(app.app(), &mut tx.0, id).await.unwrap();
        let claims = person(what, &email);
        joining::link(app.app(), &mut tx, &provider, &claims, id, LinkedBy::Address).await.unwrap();
        let how = How::over(provider.id, Level::Password);
        sessions::begin(app.app(), &mut tx, id, provider.organisation, &HeaderMap::new(), how).await.unwrap();
        let changed = async {
            let path = format!("/api/v1/members/{id}");
            match what {
                "role" => {
                    drop(world.owner.says(json!({"role": "owner"})).put(&format!("{path}/role")).await.assert(200));
                }
                "removal" => drop(world.owner.asks().delete(&path).await.assert(204)),
                _ => drop(world.owner.asks().post(&format!("{path}/ownership")).await.assert(200)),
            }
        };
        let signed_in = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            tx.commit().await.unwrap();
        };
        tokio::join!(changed, signed_in);
        for left in [
            "SELECT COUNT(*) AS found FROM member_identities WHERE member_id = $1",
            "SELECT COUNT(*) AS found FROM sessions WHERE member_id = $1 AND ended_at IS NULL",
        ] {
            let row = sql(left).bind(id).fetch_one(app.app().main.read(Scope::System)).await.unwrap();
            assert_eq!(row.get::<i64>("found").unwrap(), 0, "{what}: {left}");
        }
    }
}

#[app_test]
async fn whoever_may_not_any_more_when_their_turn_comes_changes_no_provider(app: TestApp) {
    let world = World::new(&app).await;
    let admin = app.member("carol@example.org", "admin").await;
    let (id, organisation): (MemberId, _) = (admin.id.parse().unwrap(), app.installed().organisation.id);
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    super::super::store::lock(&mut tx.0, app.app().main.engine(), organisation).await.unwrap();
    let path = format!("{PROVIDERS}/{}", world.provider);
    let demoted = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for text in [
            "UPDATE memberships SET role = 'viewer' WHERE member_id = $1",
            "UPDATE sessions SET ended_at = 1 WHERE member_id = $1",
        ] {
            sql(text).bind(id).execute(&mut tx.0).await.unwrap();
        }
        tx.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(admin.asks().delete(&path), demoted);
    answer.assert(401);
    world.owner.asks().get(&path).await.assert(200);
}

/// With the others of the pool in use, whoever waits for a second one waits for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_in_needs_one_connection_at_a_time() {
    let app = TestApp::start_postgres("one_connection").await;
    let world = World::new(&app).await;
    app.member("carol@acme.example", "editor").await;
    let mut held = Vec::new();
    while let Ok(connection) = tokio::time::timeout(Duration::from_secs(1), app.app().main.begin(Scope::System)).await {
        held.push(connection.unwrap());
    }
    drop(held.pop());
    world.signs_in().await;
    world.issuer.is(person("carol", "carol@acme.example"));
    world.signs_in().await;
    drop((held, world));
    app.finish().await;
}

/// The provider has given another token, and whoever waits for nobody is done with it.
async fn answered(world: &World, given: usize) {
    // In the one file nobody writes meanwhile, so that nobody even comes to ask the provider.
    for _ in 0..100 {
        if world.issuer.tokens_given() > given {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
}
