//! An organisation whose members must sign in over its provider, and the owner who gets in without.

use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};

use super::issuer::CLIENT;
use super::{PROVIDERS, World, adds, person, records, settings};
use crate::testing::{Answer, OWNER, PASSWORD, SignedIn, THEIR_PASSWORD, TestApp, TotpOf};

const RULE: &str = "/api/v1/organisation/sign-in";

async fn requires(who: &SignedIn, required: bool) -> Answer {
    who.says(json!({"identity_provider_required": required})).put(RULE).await
}

/// The owner has a second factor and has linked their identity, and everybody must; bob signs in there from now on.
async fn required(world: &mut World) -> TotpOf {
    let totp = world.owner.sets_up_totp().await;
    proves_the_provider(world).await;
    requires(&world.owner, true).await.assert(200);
    totp
}

/// The owner links their own identity.
async fn proves_the_provider(world: &mut World) {
    world.issuer.is(person("ana at acme", "ana@acme.example"));
    world.owner = world.app.began(&world.links(&world.owner).await.assert(200));
    world.issuer.is(person("bob at acme", "bob@acme.example"));
}

#[app_test]
async fn it_is_required_by_an_owner_who_gets_in_without_and_once_the_provider_works(app: TestApp) {
    let mut world = World::new(&app).await;
    let admin = app.member("carol@example.org", "admin").await;
    assert_eq!(requires(&admin, true).await.assert(403).code(), "forbidden");
    let refused = requires(&world.owner, true).await.assert(409);
    assert!(refused.json()["detail"].as_str().unwrap().contains("second factor"));
    world.owner.sets_up_totp().await;
    // That somebody else has signed in over it is no proof to them.
    world.signs_in().await;
    let refused = requires(&world.owner, true).await.assert(409);
    assert!(refused.json()["detail"].as_str().unwrap().contains("you have not signed in"));
    proves_the_provider(&mut world).await;
    let rule = requires(&world.owner, true).await.assert(200).json();
    let organisation = app.installed().organisation.id;
    assert_eq!(
        rule,
        json!({
            "identity_provider_required": true,
            "sign_in_url": format!("https://dashboard.localhost:8444/sign-in/{organisation}"),
        })
    );
    assert_eq!(world.owner.asks().get(RULE).await.assert(200).json(), rule);
    assert!(records(&app).await.contains(&"organisation.set_sign_in".to_owned()));
    app.advance(Duration::from_mins(11));
    assert_eq!(requires(&world.owner, false).await.assert(403).code(), "step_up_required");
}

#[app_test]
async fn who_did_not_come_over_the_provider_can_do_nothing_here_from_the_next_request_on(app: TestApp) {
    let mut world = World::new(&app).await;
    let carol = app.member("carol@example.org", "admin").await;
    let over = world.signs_in().await;
    required(&mut world).await;
    assert_eq!(carol.asks().get("/api/v1/me").await.assert(403).code(), "identity_provider_required");
    assert_eq!(carol.asks().get("/api/v1/members").await.assert(403).code(), "identity_provider_required");
    over.asks().get("/api/v1/me").await.assert(200);
    world.owner.asks().get("/api/v1/me").await.assert(200);
    // Signing in anew with the password is no way around it; it says what to do.
    let anew = app.try_to_sign_in("carol@example.org", THEIR_PASSWORD).await.assert(201);
    assert_eq!(anew.json()["needs"], "identity_provider");
    let devices = anew.headers.get_all("set-cookie").iter().filter(|set| set.to_str().unwrap().contains("_device"));
    assert_eq!(devices.count(), 0);
    let carol = app.began(&anew);
    assert_eq!(carol.asks().get("/api/v1/me").await.assert(403).code(), "identity_provider_required");
    // They link their identity, signed in as they were, and are in.
    world.issuer.is(person("carol at acme", "carol@acme.example"));
    let linked = world.links(&carol).await.assert(200);
    assert_eq!(linked.json()["needs"], Value::Null);
    app.began(&linked).asks().get("/api/v1/me").await.assert(200);
    world.signs_in().await.asks().get("/api/v1/members").await.assert(200);
    // It is taken back.
    let owner = app.try_to_sign_in(OWNER, PASSWORD).await.assert(403);
    assert_eq!(owner.code(), "mfa_required");
    requires(&world.owner, false).await.assert(200);
    app.signs_in("carol@example.org", THEIR_PASSWORD).await.asks().get("/api/v1/me").await.assert(200);
}

#[app_test]
async fn an_owner_gets_in_without_the_provider_with_password_and_second_factor(app: TestApp) {
    let mut world = World::new(&app).await;
    let totp = required(&mut world).await;
    world.issuer.is_down(true);
    app.advance(Duration::from_hours(2));
    let half = app.half_signed_in().await;
    assert_eq!(half.asks().get("/api/v1/me").await.assert(403).code(), "mfa_required");
    let owner = app.signs_in_with_totp(&totp).await;
    owner.asks().get("/api/v1/me").await.assert(200);
    requires(&owner, false).await.assert(200);
}

#[app_test]
async fn an_owners_second_factor_that_came_after_it_was_required_is_no_way_around_the_provider(app: TestApp) {
    let mut world = World::new(&app).await;
    let dora = app.member("dora@example.org", "owner").await;
    required(&mut world).await;
    assert_eq!(dora.asks().get("/api/v1/me").await.assert(403).code(), "identity_provider_required");
    // Whoever has her password sets one up: it is nothing that she had.
    app.advance(Duration::from_secs(30));
    let late = dora.sets_up_totp().await;
    assert_eq!(dora.asks().get("/api/v1/me").await.assert(403).code(), "identity_provider_required");
    // It is required since when it was, however often it is.
    requires(&world.owner, true).await.assert(200);
    app.advance(Duration::from_secs(30));
    let half = app.half(&app.try_to_sign_in("dora@example.org", THEIR_PASSWORD).await.assert(403));
    let code = late.code_at(app.app().clock.now());
    let whole = world.proves(&half, json!({"kind": "totp", "code": code})).await;
    assert_eq!(whole.asks().get("/api/v1/me").await.assert(403).code(), "identity_provider_required");
    // Over the provider she is in, and it counts from the next time on that it is required.
    world.issuer.is(person("dora at acme", "dora@acme.example"));
    let over = app.began(&world.links(&whole).await.assert(200));
    over.asks().get("/api/v1/me").await.assert(200);
    requires(&over, false).await.assert(200);
    requires(&over, true).await.assert(200);
    app.advance(Duration::from_secs(30));
    let half = app.half(&app.try_to_sign_in("dora@example.org", THEIR_PASSWORD).await.assert(403));
    let code = late.code_at(app.app().clock.now());
    let whole = world.proves(&half, json!({"kind": "totp", "code": code})).await;
    whole.asks().get("/api/v1/me").await.assert(200);
}

#[app_test]
async fn an_owners_second_factor_that_came_in_the_place_of_one_from_before_counts(app: TestApp) {
    let mut world = World::new(&app).await;
    // Somebody else gets in, too, so that this one may go.
    app.member("dora@example.org", "owner").await.sets_up_totp().await;
    required(&mut world).await;
    app.advance(Duration::from_secs(30));
    // In a session that has proven the one that there was.
    let second = world.owner.sets_up_totp().await;
    app.advance(Duration::from_secs(30));
    let owner = app.signs_in_with_totp(&second).await;
    owner.asks().get("/api/v1/me").await.assert(200);
    // One that was removed in between is no factor from before.
    app.advance(Duration::from_secs(30));
    owner.asks().delete("/api/v1/account/totp").await.assert(204);
    assert_eq!(owner.asks().get("/api/v1/me").await.assert(403).code(), "identity_provider_required");
    owner.sets_up_totp().await;
    assert_eq!(owner.asks().get("/api/v1/me").await.assert(403).code(), "identity_provider_required");
}

#[app_test]
async fn it_is_not_required_by_whose_second_factor_was_removed_since(app: TestApp) {
    let world = World::new(&app).await;
    world.owner.sets_up_totp().await;
    world.signs_in().await;
    world.owner.asks().delete("/api/v1/account/totp").await.assert(204);
    let refused = requires(&world.owner, true).await.assert(409);
    assert!(refused.json()["detail"].as_str().unwrap().contains("second factor"));
}

#[app_test]
async fn while_it_is_required_an_owner_stays_who_gets_in_without_the_provider(app: TestApp) {
    let mut world = World::new(&app).await;
    let dora = app.member("dora@example.org", "owner").await;
    required(&mut world).await;
    // Dora's factor is none from before.
    app.advance(Duration::from_secs(30));
    world.issuer.is(person("dora at acme", "dora@acme.example"));
    let dora = app.began(&world.links(&dora).await.assert(200));
    dora.sets_up_totp().await;
    let refused = |answer: Answer| {
        let told = answer.assert(409).json();
        assert!(told["detail"].as_str().unwrap().contains("no other owner would get in"), "{told}");
    };
    let of = |who: &SignedIn, what: &str| format!("/api/v1/members/{}{what}", who.id);
    refused(dora.says(json!({"role": "admin"})).put(&of(&world.owner, "/role")).await);
    refused(dora.asks().post(&of(&world.owner, "/suspend")).await);
    refused(dora.asks().delete(&of(&world.owner, "")).await);
    refused(world.owner.asks().post(&of(&dora, "/ownership")).await);
    refused(world.owner.asks().delete("/api/v1/account/membership").await);
    refused(world.owner.asks().delete("/api/v1/account/totp").await);
    assert!(world.owner.is_in().await);
    // When it is required again, Dora's counts.
    requires(&dora, false).await.assert(200);
    requires(&dora, true).await.assert(200);
    world.owner.asks().delete("/api/v1/account/totp").await.assert(204);
    dora.says(json!({"role": "admin"})).put(&of(&world.owner, "/role")).await.assert(200);
}

#[app_test]
async fn other_organisations_of_a_member_require_nothing_by_it(app: TestApp) {
    let mut world = World::new(&app).await;
    let other = app.other_owner("olga@other.example").await;
    let token = world.owner.invites("olga@other.example", "editor").await;
    let olga = app.began(&app.accepts(&token, THEIR_PASSWORD).await.assert(201));
    required(&mut world).await;
    assert_eq!(olga.asks().get("/api/v1/me").await.assert(403).code(), "identity_provider_required");
    other.asks().get("/api/v1/me").await.assert(200);
    let account = olga.asks().get("/api/v1/account").await.assert(200).json();
    let organisations = account["organisations"].as_array().unwrap();
    let elsewhere = organisations.iter().find(|one| one["name"] == "Other").unwrap()["id"].clone();
    olga.says(json!({"organisation": elsewhere})).put("/api/v1/sessions/current/organisation").await.assert(200);
    olga.asks().get("/api/v1/me").await.assert(200);
}

#[app_test]
async fn the_only_provider_stays_while_it_is_required_and_takes_its_sessions_along(app: TestApp) {
    let mut world = World::new(&app).await;
    required(&mut world).await;
    let bob = world.signs_in().await;
    let path = format!("{PROVIDERS}/{}", world.provider);
    assert_eq!(world.owner.asks().delete(&path).await.assert(409).code(), "conflict");
    assert!(bob.is_in().await);
    requires(&world.owner, false).await.assert(200);
    let gone = world.goes().await;
    world.owner.asks().delete(&path).await.assert(204);
    assert!(!bob.is_in().await);
    world.comes_back(&gone).await.assert(404);
    assert!(!world.owner.is_in().await, "they had linked theirs");
}

#[app_test]
async fn while_it_is_required_no_provider_goes_or_becomes_another_client_but_beside_one_that_works(app: TestApp) {
    let mut world = World::new(&app).await;
    required(&mut world).await;
    let second = adds(&world.owner, &world.issuer, "Second", json!({})).await;
    let path = |id: &str| format!("{PROVIDERS}/{id}");
    let changed = |client: &str| json!({"name": "Acme", "client_id": client, "settings": settings(json!({}))});
    // Nobody has used the second one yet.
    assert_eq!(world.owner.asks().delete(&path(&world.provider)).await.assert(409).code(), "conflict");
    let first = path(&world.provider);
    assert_eq!(world.owner.says(changed("another client")).put(&first).await.assert(409).code(), "conflict");
    // What leaves its client as it is may change, and what nobody needs may go.
    world.owner.says(changed(CLIENT)).put(&first).await.assert(200);
    world.owner.says(changed("another client")).put(&path(&second)).await.assert(200);
    world.owner.says(changed(CLIENT)).put(&path(&second)).await.assert(200);
    // The owner links their identity at the second one too: now the first may go.
    let before = std::mem::replace(&mut world.provider, second);
    world.issuer.is(person("ana at the second", "ana@acme.example"));
    world.links(&world.owner).await.assert(200);
    world.owner.asks().delete(&path(&before)).await.assert(204);
}

#[app_test]
async fn a_provider_that_became_another_client_counts_as_unused(app: TestApp) {
    let mut world = World::new(&app).await;
    world.owner.sets_up_totp().await;
    proves_the_provider(&mut world).await;
    let path = format!("{PROVIDERS}/{}", world.provider);
    for client in ["another client", CLIENT] {
        let changed = json!({"name": "Acme", "client_id": client, "settings": settings(json!({}))});
        let provider = world.owner.says(changed).put(&path).await.assert(200).json();
        assert_eq!(provider["last_used_at"], Value::Null);
    }
    requires(&world.owner, true).await.assert(409);
    world.issuer.is(person("ana at acme", "ana@acme.example"));
    assert_eq!(world.tries().await.assert(403).code(), "mfa_required", "they are known there");
    requires(&world.owner, true).await.assert(200);
}
