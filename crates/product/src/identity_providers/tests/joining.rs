//! Who becomes a member by a provider's word, and as what.

use app_test::app_test;
use serde_json::json;

use super::{World, person, records};
use crate::doors::Door;
use crate::testing::{OWNER, PASSWORD, THEIR_PASSWORD, TestApp};

#[app_test]
async fn a_new_member_may_do_what_the_rules_say_or_is_refused(app: TestApp) {
    let rules = json!({
        "role_claim": "groups", "default_role": null,
        "role_rules": [{"value": "it", "role": "admin"}, {"value": "writers", "role": "editor"}],
    });
    let world = World::with(&app, rules).await;
    let refused = world.tries().await.assert(403);
    assert_eq!(refused.code(), "identity_not_linked");
    assert!(refused.json()["detail"].as_str().unwrap().contains("invite you"));
    for (subject, groups, role) in [
        ("1", json!(["writers", "it"]), "admin"),
        ("2", json!("writers"), "editor"),
        ("3", json!(["writers"]), "editor"),
    ] {
        let mut claims = person(subject, &format!("{subject}@acme.example"));
        claims.insert("groups".to_owned(), groups);
        world.issuer.is(claims);
        let joined = world.signs_in().await;
        let me = joined.asks().get("/api/v1/me").await.assert(200).json();
        assert_eq!(me["role"], role);
        // Whoever is a member already keeps the role that the organisation gave them since.
        world.issuer.says(json!({"groups": []}));
        assert_eq!(world.signs_in().await.id, joined.id);
    }
    assert_eq!(records(&app).await.iter().filter(|action| *action == "member.join_over_provider").count(), 3);
}

#[app_test]
async fn who_nobody_vouches_for_is_refused(app: TestApp) {
    let world = World::with(&app, json!({"domains": ["acme.example"]})).await;
    for (email, verified, joins) in [
        (json!("a@acme.example"), json!(false), false),
        (json!("a@other.example"), json!(false), false),
        (json!("a@other.example"), json!(null), false),
        (json!("not an address"), json!(true), false),
        (json!(null), json!(true), false),
        (json!("b@acme.example"), json!(true), true),
        (json!("c@acme.example"), json!("true"), true),
        (json!("d@other.example"), json!(true), false),
        (json!("d@sub.acme.example"), json!(true), false),
    ] {
        let mut claims = person(&email.to_string(), "");
        claims.insert("email".to_owned(), email.clone());
        claims.insert("email_verified".to_owned(), verified.clone());
        world.issuer.is(claims);
        assert_eq!(world.tries().await.status == 201, joins, "{email} {verified}");
    }
    // The authority for a domain need not say that it has verified an address of it.
    let mut claims = person("e", "e@acme.example");
    claims.remove("email_verified");
    world.issuer.is(claims);
    world.signs_in().await;
}

#[app_test]
async fn what_the_token_leaves_out_is_asked_for_and_must_be_of_the_same_subject(app: TestApp) {
    let world = World::new(&app).await;
    let mut claims = person("bob at acme", "");
    claims.retain(|name, _| name == "sub");
    world.issuer.is(claims);
    world.issuer.says_apart(json!({"sub": "somebody else", "email": "bob@acme.example", "email_verified": true}));
    assert_eq!(world.tries().await.assert(401).code(), "identity_not_accepted");
    app.advance(std::time::Duration::from_mins(1));
    world.issuer.says_apart(json!({
        "sub": "bob at acme", "email": "bob@acme.example", "email_verified": true, "name": "Bob", "amr": ["mfa"],
    }));
    let bob = world.signs_in().await;
    assert_eq!(bob.asks().get("/api/v1/account").await.assert(200).json()["name"], "Bob");
    // That an address was verified is not said of another one.
    let mut claims = person("eve", "owner@elsewhere.example");
    claims.retain(|name, _| ["sub", "email"].contains(&name.as_str()));
    world.issuer.is(claims);
    world.issuer.says_apart(json!({"sub": "eve", "email": "eve@acme.example", "email_verified": true}));
    assert_eq!(world.tries().await.assert(403).code(), "identity_not_linked");
}

#[app_test]
async fn a_member_is_found_by_their_address_where_the_provider_is_the_authority_for_it(app: TestApp) {
    let world = World::with(&app, json!({"domains": ["acme.example"]})).await;
    let bob = app.member("Bob@acme.example", "editor").await;
    let linked = world.signs_in().await;
    assert_eq!(linked.id, bob.id);
    assert_eq!(linked.asks().get("/api/v1/me").await.assert(200).json()["role"], "editor", "they keep their role");
    assert!(records(&app).await.contains(&"account.link_identity".to_owned()));
    // Another subject with the same address is not them too.
    world.issuer.is(person("another bob", "bob@acme.example"));
    assert_eq!(world.tries().await.assert(409).code(), "conflict");
}

#[app_test]
async fn a_member_elsewhere_an_owner_and_whoever_the_provider_is_no_authority_for_is_not_found_by_address(
    app: TestApp,
) {
    let world = World::with(&app, json!({"domains": ["acme.example", "example.org"]})).await;
    // The owner, who might be whoever configures the provider.
    world.issuer.is(person("the owner?", OWNER));
    let refused = world.tries().await.assert(403);
    assert_eq!(refused.code(), "identity_not_linked");
    assert!(refused.json()["detail"].as_str().unwrap().contains("link this identity on its page"));
    // Somebody of another domain.
    app.member("carol@other.example", "editor").await;
    world.issuer.is(person("carol?", "carol@other.example"));
    world.tries().await.assert(403);
    // Somebody who works in another organisation, only or too.
    let olga = app.other_owner("olga@acme.example").await;
    world.issuer.is(person("olga?", "olga@acme.example"));
    world.tries().await.assert(403);
    let token = world.owner.invites("olga@acme.example", "viewer").await;
    app.accepts(&token, THEIR_PASSWORD).await.assert(201);
    world.tries().await.assert(403);
    assert!(olga.is_in().await);
    // Somebody who is suspended here.
    let dan = app.member("dan@acme.example", "editor").await;
    world.owner.asks().post(&format!("/api/v1/members/{}/suspend", dan.id)).await.assert(200);
    world.issuer.is(person("dan?", "dan@acme.example"));
    world.tries().await.assert(403);
    app.signs_in(OWNER, PASSWORD).await;
}

#[app_test]
async fn who_is_suspended_or_removed_does_not_come_back(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    world.owner.asks().post(&format!("/api/v1/members/{}/suspend", bob.id)).await.assert(200);
    assert!(!bob.is_in().await);
    assert_eq!(world.tries().await.assert(403).code(), "identity_not_linked");
    world.owner.asks().post(&format!("/api/v1/members/{}/resume", bob.id)).await.assert(200);
    let back = world.signs_in().await;
    assert_eq!(back.id, bob.id);
    world.owner.asks().delete(&format!("/api/v1/members/{}", bob.id)).await.assert(204);
    assert!(!back.is_in().await);
    app.works_off().await;
    // Forgotten they are, and stay out, by another address or another subject too.
    for somebody in [
        person("bob at acme", "bob@acme.example"),
        person("bob at acme", "robert@acme.example"),
        person("bob once more", "BOB@acme.example"),
    ] {
        world.issuer.is(somebody);
        let refused = world.tries().await.assert(403);
        assert!(refused.json()["detail"].as_str().unwrap().contains("any more"));
    }
    // Until they are invited again; the provider is the authority for their address.
    world.issuer.is(person("bob at acme", "bob@acme.example"));
    let token = world.owner.invites("bob@acme.example", "viewer").await;
    world.tries().await.assert(403);
    let anew = app.began(&app.accepts(&token, THEIR_PASSWORD).await.assert(201));
    assert_eq!(world.signs_in().await.id, anew.id);
}

#[app_test]
async fn who_left_is_remembered_for_half_a_year_and_in_that_organisation_alone(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    bob.asks().delete("/api/v1/account/membership").await.assert(204);
    app.works_off().await;
    world.tries().await.assert(403);
    let other = app.other_owner("olga@other.example").await;
    let theirs = super::adds(&other, &world.issuer, "Theirs", json!({})).await;
    let gone = world.goes_to(&theirs).await;
    world.comes_back(&gone).await.assert(201);
    other.asks().delete(&format!("/api/v1/members/{}", bob_of(&app).await)).await.assert(204);
    app.works_off().await;
    app.advance(std::time::Duration::from_hours(180 * 24));
    super::super::forget_old(app.app()).await.unwrap();
    let query = ::store::sql("SELECT COUNT(*) AS former FROM former_members");
    let row = query.fetch_one(app.app().main.read(::store::Scope::System)).await.unwrap();
    assert_eq!(row.get::<i64>("former").unwrap(), 0);
    world.signs_in().await;
}

/// The only member whose address a provider vouches for alone.
async fn bob_of(app: &TestApp) -> base::id::MemberId {
    let query = ::store::sql("SELECT id FROM members WHERE address_said = 1");
    query.fetch_one(app.app().main.read(::store::Scope::System)).await.unwrap().get("id").unwrap()
}

#[app_test]
async fn who_is_not_let_in_is_told_the_same_whether_or_not_there_is_an_account(app: TestApp) {
    // An admin who names the domain of others, and lets nobody in.
    let world = World::with(&app, json!({"domains": ["other.example"], "default_role": null})).await;
    app.other_owner("olga@other.example").await;
    app.other_owner("oscar@elsewhere.example").await;
    let mut told = std::collections::BTreeSet::new();
    for email in ["olga@other.example", "nobody@other.example", "oscar@elsewhere.example", "nobody@elsewhere.example"] {
        world.issuer.is(person(email, email));
        let refused = world.tries().await.assert(403).json();
        told.insert((refused["code"].to_string(), refused["detail"].to_string()));
    }
    assert_eq!(told.len(), 1, "{told:?}");
}

#[app_test]
async fn a_member_without_a_password_has_none_that_could_be_guessed(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    for password in ["", "anything that is long enough"] {
        let refused = app.try_to_sign_in("bob@acme.example", password).await.assert(401);
        assert_eq!(refused.code(), "invalid_credentials");
    }
    let account = bob.asks().get("/api/v1/account").await.assert(200).json();
    assert_eq!(account["password_changed_at"], json!(null));
    bob.says(json!({"password": THEIR_PASSWORD})).put("/api/v1/account/password").await.assert(204);
    assert_eq!(app.signs_in("bob@acme.example", THEIR_PASSWORD).await.id, bob.id);
}

#[app_test]
async fn whoever_waits_for_an_addresss_owner_with_a_provider_keeps_nothing_of_it(app: TestApp) {
    let world = World::new(&app).await;
    world.issuer.is(person("eve", "victim@acme.example"));
    let eve = world.signs_in().await;
    let totp = eve.sets_up_totp().await;
    // The address's owner proves it, by a link that was brought there.
    let email = base::Personal::new("victim@acme.example".to_owned());
    let link = crate::password_resets::link_for_operator(app.app(), &email).await.unwrap();
    let token = link.expose().rsplit_once('=').unwrap().1.to_owned();
    let body = json!({"token": token, "password": THEIR_PASSWORD});
    app.at(Door::Dashboard).json(&body).post("/api/v1/password-resets/complete").await.assert(204);
    assert!(!eve.is_in().await);
    let victim = app.signs_in("victim@acme.example", THEIR_PASSWORD).await;
    let account = victim.asks().get("/api/v1/account").await.assert(200).json();
    assert_eq!((&account["totp"], &account["recovery_codes_left"]), (&json!(null), &json!(0)));
    drop(totp);
    // What they set up from now on stays.
    let theirs = victim.sets_up_totp().await;
    let link = crate::password_resets::link_for_operator(app.app(), &email).await.unwrap();
    let token = link.expose().rsplit_once('=').unwrap().1.to_owned();
    let body = json!({"token": token, "password": "another six lighthouses"});
    app.at(Door::Dashboard).json(&body).post("/api/v1/password-resets/complete").await.assert(204);
    let half = app.try_to_sign_in("victim@acme.example", "another six lighthouses").await.assert(403);
    assert_eq!(half.code(), "mfa_required");
    drop(theirs);
}
