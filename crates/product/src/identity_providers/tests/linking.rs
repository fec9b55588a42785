//! Identities that members link by themselves, and what a session over a provider may do.

use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};

use super::{Gone, World, person};
use crate::testing::{OWNER, PASSWORD, SignedIn, THEIR_PASSWORD, TestApp};

const IDENTITIES: &str = "/api/v1/account/identities";

async fn identities(of: &SignedIn) -> Value {
    of.asks().get(IDENTITIES).await.assert(200).json()
}

#[app_test]
async fn a_member_links_their_identity_and_signs_in_with_it(app: TestApp) {
    let world = World::new(&app).await;
    let offered = json!([{"id": world.provider, "name": "Acme"}]);
    assert_eq!(identities(&world.owner).await, json!({"data": [], "can_link": offered}));
    // Whatever the address is that the provider knows them by.
    world.issuer.is(person("ana at acme", "somebody@elsewhere.example"));
    let linked = world.links(&world.owner).await.assert(200);
    assert_eq!(linked.json()["identity_provider"], json!(world.provider), "the session is over the provider now");
    assert!(!world.owner.is_in().await, "its token is another one");
    let owner = app.began(&linked);
    let own = identities(&owner).await;
    assert_eq!((&own["data"][0]["name"], &own["data"][0]["organisation"]), (&json!("Acme"), &json!("My organisation")));
    assert_eq!(own["can_link"], json!([]));
    let signed_in = world.signs_in().await;
    assert_eq!(signed_in.asks().get("/api/v1/me").await.assert(200).json()["member"]["email"], OWNER);
    // Linking once more changes nothing; another identity is refused.
    world.links(&owner).await.assert(200);
    let owner = app.owner().await;
    world.issuer.is(person("another", OWNER));
    assert_eq!(world.links(&owner).await.assert(409).code(), "conflict");
}

#[app_test]
async fn an_identity_is_one_members_and_a_provider_links_who_works_there(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    assert_eq!(world.links(&world.owner).await.assert(409).code(), "conflict", "it is bob's");
    assert!(bob.is_in().await);
    let olga = app.other_owner("olga@other.example").await;
    let body = json!({"identity_provider": world.provider});
    olga.says(body).post(IDENTITIES).await.assert(404);
}

#[app_test]
async fn a_link_is_of_the_session_that_began_it(app: TestApp) {
    let world = World::new(&app).await;
    let carol = app.member("carol@example.org", "editor").await;
    world.issuer.is(person("carol at acme", "carol@acme.example"));
    let body = json!({"identity_provider": world.provider});
    let begun = world.owner.says(body).post(IDENTITIES).await.assert(201);
    let own = begun.cookie();
    let gone = Gone::new(&begun, Some(&world.owner.cookie));
    let back = world.issuer.approves(&gone.url);
    for session in [carol.cookie.clone(), app.owner().await.cookie, String::new()] {
        let other = Gone { url: gone.url.clone(), cookie: format!("{session}; {own}") };
        assert_eq!(world.says(&other, &back).await.assert(403).code(), "invalid_proof");
    }
    world.says(&gone, &back).await.assert(200);
}

#[app_test]
async fn linking_and_unlinking_ask_for_a_fresh_proof(app: TestApp) {
    let world = World::new(&app).await;
    world.issuer.is(person("ana at acme", OWNER));
    let owner = app.began(&world.links(&world.owner).await.assert(200));
    let id = identities(&owner).await["data"][0]["id"].as_str().unwrap().to_owned();
    let other = app.owner().await;
    app.advance(Duration::from_mins(11));
    let body = json!({"identity_provider": world.provider});
    assert_eq!(other.says(body).post(IDENTITIES).await.assert(403).code(), "step_up_required");
    let path = format!("{IDENTITIES}/{id}");
    assert_eq!(other.asks().delete(&path).await.assert(403).code(), "step_up_required");
    let other = app.owner().await;
    other.asks().delete(&path).await.assert(204);
    other.asks().delete(&path).await.assert(404);
    assert!(!owner.is_in().await, "its session was over the provider");
    assert!(other.is_in().await);
    world.tries().await.assert(403);
}

#[app_test]
async fn the_last_thing_to_sign_in_with_is_not_removed(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    let id = identities(&bob).await["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("{IDENTITIES}/{id}");
    assert_eq!(bob.asks().delete(&path).await.assert(409).code(), "conflict");
    bob.says(json!({"password": THEIR_PASSWORD})).put("/api/v1/account/password").await.assert(204);
    bob.asks().delete(&path).await.assert(204);
    app.signs_in("bob@acme.example", THEIR_PASSWORD).await;
}

#[app_test]
async fn who_has_nothing_here_proves_once_more_at_the_provider(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    app.advance(Duration::from_mins(11));
    let asked = bob.says(json!({"password": THEIR_PASSWORD})).put("/api/v1/account/password").await.assert(403);
    assert_eq!((asked.code().as_str(), &asked.json()["next"]), ("step_up_required", &json!(["identity_provider"])));
    let path = "/api/v1/sessions/current/proofs/oidc";
    let begun = bob.asks().post(path).await.assert(201);
    let gone = Gone::new(&begun, Some(&bob.cookie));
    assert_eq!((gone.asked()["prompt"].as_str(), gone.asked()["max_age"].as_str()), ("login", "0"));
    // The provider has to say that they proved it now, and it has to be them.
    world.issuer.forges(|token| {
        let long_ago = token.claims["iat"].as_i64().unwrap() - 600;
        token.claims.insert("auth_time".to_owned(), json!(long_ago));
    });
    assert_eq!(world.comes_back(&gone).await.assert(401).code(), "identity_not_accepted");
    world.issuer.forges(|token| drop(token.claims.remove("auth_time")));
    assert_eq!(world.goes_signed_in(&bob, path).await.assert(401).code(), "identity_not_accepted");
    world.issuer.is_honest();
    world.issuer.is(person("carol at acme", "carol@acme.example"));
    world.signs_in().await;
    assert_eq!(world.goes_signed_in(&bob, path).await.assert(403).code(), "invalid_proof");
    world.issuer.is(person("bob at acme", "bob@acme.example"));
    let proven = app.began(&world.goes_signed_in(&bob, path).await.assert(200));
    proven.says(json!({"password": THEIR_PASSWORD})).put("/api/v1/account/password").await.assert(204);
    assert_eq!(world.owner.asks().post(path).await.assert(403).code(), "invalid_proof", "who signed in here");
}

#[app_test]
async fn a_session_over_a_provider_is_good_for_its_organisation_alone(app: TestApp) {
    let world = World::new(&app).await;
    let other = app.other_owner("olga@other.example").await;
    // The owner works in the other organisation too.
    let token = other.invites(OWNER, "admin").await;
    let there = app.began(&app.accepts(&token, PASSWORD).await.assert(201));
    let account = there.asks().get("/api/v1/account").await.assert(200).json();
    let organisations = account["organisations"].as_array().unwrap();
    let elsewhere = organisations.iter().find(|one| one["name"] == "Other").unwrap()["id"].clone();
    let here = json!(app.installed().organisation.id);
    there.says(json!({"organisation": here})).put("/api/v1/sessions/current/organisation").await.assert(200);
    world.issuer.is(person("ana at acme", OWNER));
    world.links(&there).await.assert(200);
    let over = world.signs_in().await;
    let moved = over.says(json!({"organisation": elsewhere})).put("/api/v1/sessions/current/organisation").await;
    assert_eq!(moved.assert(403).code(), "step_up_required", "it is the account's business");
    // In its organisation it may what its member may; the account is the other organisation's too.
    over.asks().get("/api/v1/me").await.assert(200);
    over.asks().get("/api/v1/organisation/security").await.assert(200);
    for path in ["/api/v1/account", "/api/v1/sessions", IDENTITIES] {
        let refused = over.asks().get(path).await.assert(403);
        assert_eq!((refused.code().as_str(), &refused.json()["next"]), ("step_up_required", &json!(["password"])));
    }
    let refused = over.says(json!({"password": THEIR_PASSWORD})).put("/api/v1/account/password").await.assert(403);
    assert_eq!(refused.code(), "step_up_required");
    assert_eq!(over.asks().post("/api/v1/account/totp").await.assert(403).code(), "step_up_required");
    // Proven here, it is theirs; but not in the other organisation.
    let body = json!({"kind": "password", "password": PASSWORD});
    let both = app.began(&over.says(body).post("/api/v1/sessions/current/proofs").await.assert(200));
    both.asks().get("/api/v1/account").await.assert(200);
    let moved = both.says(json!({"organisation": elsewhere})).put("/api/v1/sessions/current/organisation").await;
    assert_eq!(moved.assert(409).code(), "conflict");
}

#[app_test]
async fn the_local_second_factor_is_asked_for_unless_the_provider_is_trusted_with_one(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    let totp = bob.sets_up_totp().await;
    world.issuer.says(json!({"amr": ["pwd", "mfa"]}));
    let half = world.tries().await.assert(403);
    assert_eq!((half.code().as_str(), &half.json()["next"]), ("mfa_required", &json!(["totp", "recovery_code"])));
    let half = app.half(&half);
    assert_eq!(half.asks().get("/api/v1/me").await.assert(403).code(), "mfa_required");
    app.advance(Duration::from_mins(1));
    let code = totp.code_at(app.app().clock.now());
    let body = json!({"kind": "totp", "code": code});
    let whole = app.began(&half.says(body).post("/api/v1/sessions/current/proofs").await.assert(200));
    whole.asks().get("/api/v1/me").await.assert(200);

    let owner = app.owner().await;
    let trusting = super::settings(json!({"trusts_mfa": true}));
    let body = json!({"name": "Acme", "client_id": super::issuer::CLIENT, "settings": trusting});
    owner.says(body).put(&format!("{}/{}", super::PROVIDERS, world.provider)).await.assert(200);
    let trusted = world.tries().await.assert(201).json();
    assert_eq!((&trusted["level"], &trusted["needs"]), (&json!("mfa"), &Value::Null));
    world.issuer.says(json!({"amr": ["pwd"]}));
    world.tries().await.assert(403);
}

#[app_test]
async fn what_the_organisation_requires_holds_for_who_comes_over_a_provider_too(app: TestApp) {
    let world = World::with(&app, json!({"trusts_mfa": true})).await;
    let totp = world.owner.sets_up_totp().await;
    let policy = json!({"require_mfa": "any", "grace_days": 0, "idle_minutes": 30, "absolute_hours": 12});
    world.owner.says(policy).put("/api/v1/organisation/security").await.assert(200);
    drop(totp);
    let bob = world.signs_in().await;
    assert_eq!(bob.asks().get("/api/v1/me").await.assert(403).code(), "mfa_enrolment_required");
    world.issuer.says(json!({"acr": "https://refeds.org/profile/mfa"}));
    world.signs_in().await.asks().get("/api/v1/me").await.assert(200);
    world.issuer.says(json!({"acr": "1"}));
    let again = world.signs_in().await;
    again.sets_up_totp().await;
    again.asks().get("/api/v1/me").await.assert(200);
}
