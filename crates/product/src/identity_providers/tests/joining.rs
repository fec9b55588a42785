//! Who becomes a member by a provider's word, and as what.

use std::time::Duration;

use app_test::app_test;
use serde_json::json;

use super::{IDENTITIES, World, person, records, resets};
use crate::mail::tests::Letterbox;
use crate::testing::{OWNER, PASSWORD, SignedIn, THEIR_PASSWORD, TestApp};

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
    app.advance(Duration::from_mins(1));
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
async fn where_one_comes_by_invitation_only_who_works_here_is_found_and_links_all_the_same(app: TestApp) {
    let world = World::with(&app, json!({"default_role": null})).await;
    let refused = world.tries().await.assert(403).json();
    assert!(refused["detail"].as_str().unwrap().contains("invite you"), "{refused}");
    let bob = app.member("bob@acme.example", "editor").await;
    assert_eq!(world.signs_in().await.id, bob.id, "found by their address");
    let carol = app.member("carol@elsewhere.example", "editor").await;
    world.issuer.is(person("carol", "carol@elsewhere.example"));
    world.links(&carol).await.assert(403);
    world.issuer.is(person("carol", "carol@acme.example"));
    world.tries().await.assert(403);
    world.links(&carol).await.assert(200);
    assert_eq!(world.signs_in().await.id, carol.id);
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
async fn whether_an_address_was_verified_is_said_by_what_names_it(app: TestApp) {
    let world = World::new(&app).await;
    for (in_token, apart, joins) in [
        // The token has verified an address that it does not name.
        (json!({"email_verified": true}), json!({"email": "a@acme.example", "email_verified": false}), false),
        // Nothing is said of this one, and the provider is the authority for it.
        (json!({"email_verified": false}), json!({"email": "a@acme.example"}), true),
        // Apart from it another address was not verified.
        (json!({"email": "d@acme.example"}), json!({"email": "b@acme.example", "email_verified": false}), true),
        (json!({"email_verified": false}), json!({"email": "b@acme.example", "email_verified": true}), true),
        (json!({}), json!({"email": "c@acme.example", "email_verified": true}), true),
    ] {
        let subject = format!("{in_token} {apart}");
        let mut claims = person(&subject, "");
        claims.retain(|name, _| name == "sub");
        world.issuer.is(claims);
        world.issuer.says(in_token);
        let mut said = apart;
        said["sub"] = json!(subject);
        world.issuer.says_apart(said);
        assert_eq!(world.tries().await.status == 201, joins, "{subject}");
    }
}

#[app_test]
async fn whom_the_rules_do_not_let_in_is_not_found_by_their_address_either(app: TestApp) {
    let rules = json!({
        "domains": ["acme.example"], "role_claim": "hd", "default_role": null,
        "role_rules": [{"value": "acme.example", "role": "viewer"}],
    });
    let world = World::with(&app, rules).await;
    let bob = app.member("bob@acme.example", "editor").await;
    let refused = world.tries().await.assert(403);
    assert!(refused.json()["detail"].as_str().unwrap().contains("linked with no account"));
    world.issuer.says(json!({"hd": "acme.example"}));
    assert_eq!(world.signs_in().await.id, bob.id);
}

/// Somebody at a provider whose admin waits for an address's owner.
async fn eve(world: &World) -> SignedIn {
    world.issuer.is(person("eve", VICTIM));
    world.signs_in().await
}

const VICTIM: &str = "victim@acme.example";

#[app_test]
async fn whoever_waits_for_an_addresss_owner_with_a_provider_keeps_nothing_of_it(app: TestApp) {
    let world = World::new(&app).await;
    let olga = app.other_owner("olga@other.example").await;
    let eve = eve(&world).await;
    eve.says(json!({"password": "eleven harbours at night"})).put("/api/v1/account/password").await.assert(204);
    // As what the provider made of it the account joins nothing else.
    let token = olga.invites(VICTIM, "admin").await;
    let refused = app.accepts(&token, "eleven harbours at night").await.assert(409);
    assert!(refused.json()["detail"].as_str().unwrap().contains("only an identity provider vouches"));
    // The address's owner proves it, by a link that was brought there.
    resets(&app, VICTIM, THEIR_PASSWORD).await;
    assert!(!eve.is_in().await);
    let victim = app.began(&app.accepts(&token, THEIR_PASSWORD).await.assert(201));
    assert_eq!(world.tries().await.assert(403).code(), "identity_not_linked");
    assert_eq!(victim.asks().get("/api/v1/me").await.assert(200).json()["role"], "admin");
    assert_eq!(victim.asks().get(IDENTITIES).await.assert(200).json()["data"], json!([]));
}

#[app_test]
async fn a_second_factor_outlives_the_reset_and_keeps_the_account_where_it_is(app: TestApp) {
    let world = World::new(&app).await;
    let olga = app.other_owner("olga@other.example").await;
    let planted = eve(&world).await.sets_up_totp().await;
    let token = olga.invites(VICTIM, "admin").await;
    resets(&app, VICTIM, THEIR_PASSWORD).await;
    // A letterbox alone is not enough for an account that has a second factor.
    app.advance(Duration::from_secs(30));
    let half = app.half(&app.accepts(&token, THEIR_PASSWORD).await.assert(403));
    assert_eq!(half.asks().get("/api/v1/account").await.assert(403).code(), "mfa_required");
    // Whose it is, may be whoever waited: the account joins nothing.
    let code = planted.code_at(app.app().clock.now());
    let whole = world.proves(&half, json!({"kind": "totp", "code": code})).await;
    let body = json!({"token": token, "name": "Vic", "password": ""});
    let accepted = whole.says(body.clone()).post("/api/v1/invitations/accept").await;
    assert_eq!(accepted.assert(409).code(), "conflict");
    // Without it, and once more by the link, it is the address's owner's alone.
    whole.asks().delete("/api/v1/account/totp").await.assert(204);
    assert_eq!(app.accepts(&token, THEIR_PASSWORD).await.assert(409).code(), "conflict");
    resets(&app, VICTIM, "another six lighthouses").await;
    assert!(!whole.is_in().await);
    let victim = app.began(&app.accepts(&token, "another six lighthouses").await.assert(201));
    // What is set up from now on stays, and so do identities that are linked from now on.
    let theirs = victim.sets_up_totp().await;
    resets(&app, VICTIM, "nine anchors on the wall").await;
    let half = app.half(&app.try_to_sign_in(VICTIM, "nine anchors on the wall").await.assert(403));
    app.advance(Duration::from_secs(30));
    let code = theirs.code_at(app.app().clock.now());
    assert!(world.proves(&half, json!({"kind": "totp", "code": code})).await.is_in().await);
}

#[app_test]
async fn a_password_beside_a_second_factor_that_stays_may_be_shorter(app: TestApp) {
    let world = World::new(&app).await;
    eve(&world).await.sets_up_totp().await;
    resets(&app, VICTIM, "kelp 7 fjord").await;
    assert_eq!(app.try_to_sign_in(VICTIM, "kelp 7 fjord").await.assert(403).code(), "mfa_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_was_asked_for_over_a_provider_is_nobodys_after_the_reset() {
    let letters = Letterbox::new();
    let mailer = letters.clone();
    let app = TestApp::start_embedded("oidc_waits_with_an_address").await;
    let app = app.restart_with(move |app| app.mailer = Some(mailer)).await;
    let world = World::new(&app).await;
    let eve = eve(&world).await;
    eve.says(json!({"email": "eve@evil.example"})).post("/api/v1/account/email").await.assert(202);
    app.works_off().await;
    let sent = letters.take();
    let link = sent.iter().find_map(|(_, text)| text.split_once("/email#token=")).unwrap().1;
    let token = link.split_whitespace().next().unwrap();
    resets(&app, VICTIM, THEIR_PASSWORD).await;
    let victim = app.signs_in(VICTIM, THEIR_PASSWORD).await;
    let confirmed = victim.says(json!({"token": token})).post("/api/v1/email-confirmations").await;
    assert_eq!(confirmed.assert(403).code(), "link_invalid");
    drop((world, victim, eve));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_told_of_every_link() {
    let letters = Letterbox::new();
    let mailer = letters.clone();
    let app = TestApp::start_embedded("oidc_links_are_told").await;
    let app = app.restart_with(move |app| app.mailer = Some(mailer)).await;
    let world = World::with(&app, json!({"domains": ["acme.example"]})).await;
    let told = async || {
        app.works_off().await;
        let letters = letters.take().into_iter().filter(|(_, text)| text.contains("at an identity provider"));
        letters.map(|(to, _)| to).collect::<Vec<_>>()
    };
    world.signs_in().await;
    assert_eq!(told().await, ["bob@acme.example"], "who joined");
    world.signs_in().await;
    assert!(told().await.is_empty(), "nothing is linked");
    let carol = joins(&app, &letters, "carol@acme.example").await;
    world.issuer.is(person("carol at acme", "carol@acme.example"));
    assert_eq!(world.signs_in().await.id, carol.id);
    assert_eq!(told().await, ["carol@acme.example"], "who was found by their address");
    world.issuer.is(person("ana at acme", "ana@acme.example"));
    world.links(&world.owner).await.assert(200);
    assert_eq!(told().await, [OWNER], "who linked it themselves");
    drop((world, carol));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_of_links_are_bounded_and_carry_nobodys_text() {
    let letters = Letterbox::new();
    let mailer = letters.clone();
    let app = TestApp::start_embedded("oidc_letters").await;
    let app = app.restart_with(move |app| app.mailer = Some(mailer)).await;
    let owner = app.owner().await;
    let issuer = super::issuer::Issuer::start(&app).await;
    let provider = super::adds(&owner, &issuer, "Prizes: https://evil.example", json!({})).await;
    let world = World { app: app.clone(), owner, issuer, provider };
    let told = async || {
        app.works_off().await;
        let mut sent = letters.take();
        sent.retain(|(_, text)| text.contains("at an identity provider"));
        sent
    };
    let were = async |letters: i64| {
        let mut tx = app.app().main.begin(::store::Scope::System).await.unwrap();
        let set = ::store::sql("UPDATE letter_counts SET letters = $1").bind(letters);
        set.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    let joins_as = async |name: &str| {
        world.issuer.is(person(name, &format!("{name}@acme.example")));
        world.signs_in().await;
    };
    joins_as("bob").await;
    let sent = told().await;
    assert_eq!(sent.len(), 1);
    assert!(!sent[0].1.contains("evil.example"), "{}", sent[0].1);
    // The last one to addresses that nobody has proven, and whoever joins after that joins all the same.
    were(99).await;
    joins_as("carol").await;
    joins_as("dan").await;
    assert_eq!(told().await.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["carol@acme.example"]);
    // Whoever has proven theirs is told, or nothing is linked.
    world.issuer.is(person("ana", "ana@acme.example"));
    for (before, status) in [(0, 200), (4, 200), (5, 429)] {
        were(before).await;
        let owner = app.owner().await;
        let linked = world.links(&owner).await.assert(status);
        assert_eq!(told().await.len(), usize::from(status == 200));
        if status == 200 {
            let owner = app.began(&linked);
            let own = owner.asks().get(IDENTITIES).await.assert(200).json();
            let path = format!("{IDENTITIES}/{}", own["data"][0]["id"].as_str().unwrap());
            owner.asks().delete(&path).await.assert(204);
        }
    }
    assert_eq!(app.owner().await.asks().get(IDENTITIES).await.assert(200).json()["data"], json!([]));
    drop(world);
    app.finish().await;
}

/// The owner invites somebody by mail, who joins.
async fn joins(app: &TestApp, letters: &Letterbox, email: &str) -> SignedIn {
    let body = json!({"email": email, "role": "editor"});
    app.owner().await.says(body).post("/api/v1/invitations").await.assert(201);
    app.works_off().await;
    let sent = letters.take();
    let link = sent.iter().find_map(|(_, text)| text.split_once("/invitation#token=")).unwrap().1;
    app.began(&app.accepts(link.split_whitespace().next().unwrap(), THEIR_PASSWORD).await.assert(201))
}
