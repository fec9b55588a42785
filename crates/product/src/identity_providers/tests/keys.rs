//! Keys that turn: a provider's, and ours.

use std::time::Duration;

use ::keys::{KeyKind, KeyState, Owner};
use app_test::app_test;

use super::World;
use super::issuer::Signer;
use crate::key_rotation::{self, Wanted};
use crate::testing::TestApp;

#[app_test]
async fn a_new_key_of_the_provider_is_asked_for_and_not_more_often_than_once_a_minute(app: TestApp) {
    let world = World::new(&app).await;
    world.signs_in().await;
    world.signs_in().await;
    assert_eq!(world.issuer.asked(), (1, 1), "both are remembered");
    app.advance(Duration::from_mins(1));
    world.issuer.signs_with(Signer::ec("second"));
    world.signs_in().await;
    assert_eq!(world.issuer.asked(), (2, 1));
    // Tokens of keys that nobody published have nobody asked as often as they come.
    world.issuer.forges(|token| drop(token.header.insert("kid".to_owned(), serde_json::json!("unknown"))));
    for _ in 0..5 {
        world.tries().await.assert(401);
    }
    assert_eq!(world.issuer.asked(), (2, 1));
    app.advance(Duration::from_mins(1));
    for _ in 0..5 {
        world.tries().await.assert(401);
    }
    assert_eq!(world.issuer.asked(), (3, 1));
    world.issuer.is_honest();
    world.signs_in().await;
    app.advance(Duration::from_hours(1));
    world.signs_in().await;
    assert_eq!(world.issuer.asked(), (4, 2), "after an hour both are asked for again");
}

#[app_test]
async fn a_key_that_the_provider_withdrew_is_not_taken_for_more_than_an_hour(app: TestApp) {
    let world = World::new(&app).await;
    world.signs_in().await;
    let withdrawn = std::sync::Mutex::new(Some(Signer::ec("withdrawn")));
    let key = withdrawn.lock().unwrap().as_ref().unwrap().jwk();
    world.issuer.publishes(key);
    app.advance(Duration::from_hours(1));
    world.signs_in().await;
    world.issuer.publishes_no_more();
    app.advance(Duration::from_hours(1));
    world.issuer.forges(move |token| {
        token.header.insert("kid".to_owned(), serde_json::json!("withdrawn"));
        token.by = super::issuer::By::Other(withdrawn.lock().unwrap().take().unwrap());
    });
    world.tries().await.assert(401);
}

#[app_test]
async fn known_keys_are_taken_for_an_hour_more_while_the_provider_fails_and_new_ones_once_it_answers(app: TestApp) {
    let world = World::new(&app).await;
    world.signs_in().await;
    world.issuer.is_down(true);
    app.advance(Duration::from_hours(1));
    world.signs_in().await;
    // A new key in the meantime: nobody can know it, and that is nobody's wrong attempt.
    world.issuer.signs_with(Signer::ec("second"));
    world.tries().await.assert(502);
    world.issuer.is_down(false);
    app.advance(Duration::from_mins(1));
    world.signs_in().await;
    world.issuer.is_down(true);
    app.advance(Duration::from_hours(2) - Duration::from_secs(1));
    world.signs_in().await;
    app.advance(Duration::from_mins(1));
    let body = serde_json::json!({"identity_provider": world.provider});
    app.at(crate::doors::Door::Dashboard).json(&body).post(super::BEGIN).await.assert(502);
}

#[app_test]
async fn secrets_and_identities_move_to_our_newest_keys(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    for kind in [KeyKind::Organisation, KeyKind::MemberIndex, KeyKind::Session] {
        key_rotation::rotate(app.app(), Wanted { kind: Some(kind), now: true }).await.unwrap();
    }
    assert_eq!(world.signs_in().await.id, bob.id);
    app.advance(Duration::from_mins(20));
    key_rotation::rotate(app.app(), Wanted { kind: None, now: false }).await.unwrap();
    let organisation = Owner::Organisation(app.installed().organisation.id);
    for (kind, owner) in [(KeyKind::Organisation, organisation), (KeyKind::MemberIndex, Owner::Installation)] {
        let records = app.app().keys.records();
        let first = records.iter().find(|key| (key.kind, key.owner, key.version) == (kind, owner, 1)).unwrap();
        assert_eq!(first.state, KeyState::Destroyed, "{kind}");
    }
    assert_eq!(world.signs_in().await.id, bob.id);
}

#[app_test]
async fn who_left_is_known_after_a_turn_of_the_key_too(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    world.owner.asks().delete(&format!("/api/v1/members/{}", bob.id)).await.assert(204);
    app.works_off().await;
    key_rotation::rotate(app.app(), Wanted { kind: Some(KeyKind::MemberIndex), now: true }).await.unwrap();
    app.advance(Duration::from_mins(20));
    key_rotation::rotate(app.app(), Wanted { kind: None, now: false }).await.unwrap();
    assert_eq!(world.tries().await.assert(403).code(), "identity_not_linked");
}

#[app_test]
async fn a_state_outlives_the_turn_of_the_key_that_it_was_made_with(app: TestApp) {
    let world = World::new(&app).await;
    let gone = world.goes().await;
    key_rotation::rotate(app.app(), Wanted { kind: Some(KeyKind::Session), now: true }).await.unwrap();
    world.comes_back(&gone).await.assert(201);
}

#[app_test]
async fn nothing_of_a_provider_or_an_identity_stands_in_the_store_in_clear(app: TestApp) {
    let world = World::new(&app).await;
    let gone = world.goes().await;
    let asked = gone.asked();
    world.comes_back(&gone).await.assert(201);
    let stored = crate::testing::dump(&app.app().main).await;
    let hex = |text: &str| data_encoding::HEXLOWER.encode(text.as_bytes());
    for text in [super::issuer::SECRET, "bob at acme", "bob@acme.example", &asked["nonce"], &asked["state"]] {
        let lower = text.to_lowercase();
        assert!(!stored.contains(&lower) && !stored.contains(&hex(text)), "{text}");
    }
}
