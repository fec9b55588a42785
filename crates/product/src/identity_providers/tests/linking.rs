//! Identities that members link by themselves, and what a session over a provider may do.

use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};

use super::{Gone, IDENTITIES, World, person, resets};
use crate::passkeys::tests::{Authenticator, signs_in, tries_to_add};
use crate::testing::{Answer, OWNER, PASSWORD, SignedIn, THEIR_PASSWORD, TestApp};

async fn identities(of: &SignedIn) -> Value {
    of.asks().get(IDENTITIES).await.assert(200).json()
}

#[app_test]
async fn a_member_links_their_identity_and_signs_in_with_it(app: TestApp) {
    let world = World::new(&app).await;
    let offered = json!([{"id": world.provider, "name": "Acme"}]);
    assert_eq!(identities(&world.owner).await, json!({"data": [], "can_link": offered}));
    // Whatever their own address is, the provider's is of a domain that it is the authority for.
    world.issuer.is(person("ana at acme", "somebody@elsewhere.example"));
    let refused = world.links(&world.owner).await.assert(403).json();
    assert!(refused["detail"].as_str().unwrap().contains("none of the domains"), "{refused}");
    world.issuer.is(person("ana at acme", "somebody@acme.example"));
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
    world.issuer.is(person("another", "ana@acme.example"));
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
    world.issuer.is(person("ana at acme", "ana@acme.example"));
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
    assert_ne!(world.signs_in().await.id, other.id, "whoever it is there is somebody new");
}

#[app_test]
async fn the_last_thing_to_sign_in_with_is_not_removed(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    let id = identities(&bob).await["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("{IDENTITIES}/{id}");
    assert_eq!(bob.asks().delete(&path).await.assert(409).code(), "conflict");
    // A code or a security key proves somebody who has signed in by something else.
    let totp = bob.sets_up_totp().await;
    app.advance(Duration::from_secs(30));
    let code = totp.code_at(app.app().clock.now());
    let bob = world.proves(&bob, json!({"kind": "totp", "code": code})).await;
    assert_eq!(bob.asks().delete(&path).await.assert(409).code(), "conflict");
    let mut touched = Authenticator::new("bob's key");
    touched.verifies = false;
    tries_to_add(&bob, &mut touched).await.assert(201);
    assert_eq!(bob.asks().delete(&path).await.assert(409).code(), "conflict");
    tries_to_add(&bob, &mut Authenticator::new("bob's passkey")).await.assert(201);
    bob.asks().delete(&path).await.assert(204);
    assert!(!bob.is_in().await, "it was over the provider");
}

#[app_test]
async fn a_passkey_is_not_removed_where_codes_alone_would_be_left(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    let mut key = Authenticator::new("bob's passkey");
    let added = tries_to_add(&bob, &mut key).await.assert(201).json();
    let passkey = format!("/api/v1/account/passkeys/{}", added["passkey"]["id"].as_str().unwrap());
    let bob = app.began(&signs_in(&app, &mut key).await.assert(201));
    bob.sets_up_totp().await;
    let identity = identities(&bob).await["data"][0]["id"].as_str().unwrap().to_owned();
    bob.asks().delete(&format!("{IDENTITIES}/{identity}")).await.assert(204);
    assert_eq!(bob.asks().delete(&passkey).await.assert(409).code(), "conflict");
    bob.says(json!({"password": THEIR_PASSWORD})).put("/api/v1/account/password").await.assert(204);
    bob.asks().delete(&passkey).await.assert(204);
}

#[app_test]
async fn an_identity_is_removed_by_who_has_a_password(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    bob.says(json!({"password": THEIR_PASSWORD})).put("/api/v1/account/password").await.assert(204);
    let bob = world.proves(&bob, json!({"kind": "password", "password": THEIR_PASSWORD})).await;
    let id = identities(&bob).await["data"][0]["id"].as_str().unwrap().to_owned();
    bob.asks().delete(&format!("{IDENTITIES}/{id}")).await.assert(204);
    app.signs_in("bob@acme.example", THEIR_PASSWORD).await;
}

/// Every way to change what somebody signs in with.
async fn changes(who: &SignedIn) -> Vec<Answer> {
    let body = json!({"password": "eve has chosen another one"});
    vec![
        who.says(body).put("/api/v1/account/password").await,
        who.says(json!({"email": "eve@evil.example"})).post("/api/v1/account/email").await,
        who.asks().post("/api/v1/account/totp").await,
        who.says(json!({"code": "123456"})).post("/api/v1/account/totp/confirm").await,
        who.asks().delete("/api/v1/account/totp").await,
        who.asks().post("/api/v1/account/recovery-codes").await,
        who.asks().post("/api/v1/account/passkeys/challenge").await,
        who.says(json!({"identity_provider": "idp_00000000000000000000000000"})).post(IDENTITIES).await,
        who.asks().delete(&format!("{IDENTITIES}/nothing")).await,
    ]
}

#[app_test]
async fn a_provider_changes_nothing_of_what_somebody_has_of_their_own(app: TestApp) {
    let world = World::with(&app, json!({"trusts_mfa": true})).await;
    // The provider says all that it can.
    world.issuer.says(json!({"amr": ["phr", "mfa"]}));
    let bob = world.signs_in().await;
    bob.says(json!({"password": THEIR_PASSWORD})).put("/api/v1/account/password").await.assert(204);
    for change in changes(&world.signs_in().await).await {
        let change = change.assert(403);
        assert_eq!((change.code().as_str(), &change.json()["next"]), ("step_up_required", &json!(["password"])));
    }
    // Signing in there once more proves nothing here.
    let over = world.signs_in().await;
    let path = "/api/v1/sessions/current/proofs/oidc";
    let again = app.began(&world.goes_signed_in(&over, path).await.assert(200));
    let refused = again.asks().post("/api/v1/account/totp").await.assert(403);
    assert_eq!((refused.code().as_str(), &refused.json()["next"]), ("step_up_required", &json!(["password"])));
    again.asks().get("/api/v1/account").await.assert(200);
    // Who proves what is theirs goes on.
    let bob = world.proves(&again, json!({"kind": "password", "password": THEIR_PASSWORD})).await;
    let totp = bob.sets_up_totp().await;
    let over = world.signs_in().await;
    for change in changes(&over).await {
        let change = change.assert(403);
        let next = json!(["totp", "recovery_code"]);
        assert_eq!((change.code().as_str(), &change.json()["next"]), ("step_up_required", &next));
    }
    app.advance(Duration::from_secs(30));
    let code = totp.code_at(app.app().clock.now());
    let bob = world.proves(&over, json!({"kind": "totp", "code": code})).await;
    bob.asks().post("/api/v1/account/passkeys/challenge").await.assert(201);
}

#[app_test]
async fn a_device_is_known_where_something_was_proven_and_not_by_a_providers_word(app: TestApp) {
    let world = World::new(&app).await;
    let devices = async |who: &SignedIn| {
        who.asks().get("/api/v1/account/devices").await.assert(200).json()["data"].as_array().unwrap().len()
    };
    let is_known = |answer: &Answer| {
        let mut cookies = answer.headers.get_all("set-cookie").iter();
        cookies.any(|cookie| cookie.to_str().unwrap().starts_with("__Host-pilotfish_device="))
    };
    let answer = world.tries().await.assert(201);
    assert!(!is_known(&answer));
    let bob = app.began(&answer);
    let totp = bob.sets_up_totp().await;
    assert_eq!(devices(&bob).await, 0);
    let half = world.tries().await.assert(403);
    assert!(!is_known(&half));
    app.advance(Duration::from_secs(30));
    let body = json!({"kind": "totp", "code": totp.code_at(app.app().clock.now())});
    let whole = app.half(&half).says(body).post("/api/v1/sessions/current/proofs").await.assert(200);
    assert!(is_known(&whole));
    assert_eq!(devices(&app.began(&whole)).await, 1);
}

#[app_test]
async fn an_identity_is_linked_for_nobody_whom_the_rules_would_not_let_in(app: TestApp) {
    let rules = json!({
        "domains": ["acme.example"], "role_claim": "hd", "default_role": null,
        "role_rules": [{"value": "acme.example", "role": "viewer"}],
    });
    let world = World::with(&app, rules).await;
    for (email, verified, hd, told) in [
        ("ana@gmail.example", json!(true), json!(null), "none of the domains"),
        ("ana@acme.example", json!(true), json!("evil.example"), "rules do not let this identity in"),
        ("ana@other.example", json!(false), json!("acme.example"), "no address of yours"),
        ("ana@other.example", json!(null), json!("acme.example"), "no address of yours"),
        ("nobody", json!(true), json!("acme.example"), "no address of yours"),
    ] {
        world.issuer.is(person("ana", email));
        world.issuer.says(json!({"email_verified": verified, "hd": hd}));
        let refused = world.links(&world.owner).await.assert(403);
        assert_eq!(refused.code(), "identity_not_linked", "{email} {verified} {hd}");
        // Not that they link it on the page that they come from.
        assert!(refused.json()["detail"].as_str().unwrap().contains(told), "{}", refused.json());
    }
    assert_eq!(identities(&world.owner).await["data"], json!([]));
    world.issuer.is(person("ana", "ana@acme.example"));
    world.issuer.says(json!({"hd": "acme.example"}));
    let owner = app.began(&world.links(&world.owner).await.assert(200));
    // Whoever has linked it keeps it, as whoever is a member keeps their role.
    world.issuer.says(json!({"hd": "another.example"}));
    assert_eq!(world.signs_in().await.id, owner.id);
}

#[app_test]
async fn what_happens_to_a_session_while_the_provider_answers_counts(app: TestApp) {
    let world = World::new(&app).await;
    let other = app.other_owner("olga@other.example").await;
    let token = other.invites(OWNER, "admin").await;
    app.accepts(&token, PASSWORD).await.assert(201);
    world.issuer.is(person("ana at acme", "ana@acme.example"));
    let here = json!(app.installed().organisation.id);
    let elsewhere = {
        let account = app.owner().await.asks().get("/api/v1/account").await.assert(200).json();
        let organisations = account["organisations"].as_array().unwrap().clone();
        organisations.into_iter().find(|one| one["name"] == "Other").unwrap()["id"].clone()
    };
    let session = async |organisation: &Value| {
        let owner = app.owner().await;
        owner
            .says(json!({"organisation": organisation}))
            .put("/api/v1/sessions/current/organisation")
            .await
            .assert(200);
        owner
    };
    let gate = world.issuer.holds_tokens();
    for (number, (what, begins, code)) in [
        ("it ends", &here, "unauthenticated"),
        ("it moves", &here, "unauthenticated"),
        ("its proof gets old", &here, "step_up_required"),
        ("it ends in another organisation", &elsewhere, "unauthenticated"),
    ]
    .into_iter()
    .enumerate()
    {
        let owner = session(begins).await;
        app.advance(Duration::from_mins(9));
        let begun = owner.says(json!({"identity_provider": world.provider})).post(IDENTITIES).await.assert(201);
        let gone = Gone::new(&begun, Some(&owner.cookie));
        let meanwhile = async {
            world.issuer.was_asked_for_tokens(number + 1).await;
            match number {
                0 | 3 => drop(owner.asks().delete("/api/v1/sessions/current").await.assert(204)),
                1 => {
                    let body = json!({"organisation": elsewhere});
                    owner.says(body).put("/api/v1/sessions/current/organisation").await.assert(200);
                }
                _ => app.advance(Duration::from_mins(2)),
            }
            gate.add_permits(1);
        };
        let (answer, ()) = tokio::join!(world.comes_back(&gone), meanwhile);
        assert_eq!(answer.code(), code, "{what}");
    }
    let owner = session(&here).await;
    assert_eq!(identities(&owner).await["data"], json!([]));
    // A provider counts for sessions in its own organisation.
    gate.add_permits(1);
    let linked = app.began(&world.links(&owner).await.assert(200));
    assert!(linked.is_in().await);
    let moved = ::store::sql("UPDATE sessions SET organisation_id = $1 WHERE provider_id IS NOT NULL");
    let mut tx = app.app().main.begin(::store::Scope::System).await.unwrap();
    let elsewhere: base::id::OrganisationId = elsewhere.as_str().unwrap().parse().unwrap();
    moved.bind(elsewhere).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!linked.is_in().await);
}

#[app_test]
async fn a_provider_is_written_to_a_session_of_its_own_organisation_that_goes_on(app: TestApp) {
    let world = World::new(&app).await;
    let olga = app.other_owner("olga@other.example").await;
    let (provider, level) = (world.provider.parse().unwrap(), crate::sessions::Level::Password);
    let found = async |who: &SignedIn| {
        let cookie = axum::http::HeaderValue::from_str(&who.cookie).unwrap();
        let headers = axum::http::HeaderMap::from_iter([(axum::http::header::COOKIE, cookie)]);
        crate::sessions::found(app.app(), &headers).await.unwrap().unwrap()
    };
    let written = async |session: &crate::sessions::Found| {
        let mut tx = crate::authority::SystemTx::begin(app.app()).await.unwrap();
        let written = crate::sessions::proven_over(app.app(), &mut tx, session, provider, level).await;
        tx.commit().await.unwrap();
        written.map(drop).map_err(|problem| problem.code)
    };
    let refused = Err(base::Code::Unauthenticated);
    let own = found(&world.owner).await;
    assert_eq!(written(&found(&olga).await).await, refused, "another organisation's");
    assert_eq!(
        written(&crate::sessions::Found { member: olga.id.parse().unwrap(), ..own }).await,
        refused,
        "another's"
    );
    let ended = app.owner().await;
    let session = found(&ended).await;
    ended.asks().delete("/api/v1/sessions/current").await.assert(204);
    assert_eq!(written(&session).await, refused, "it has ended");
    assert_eq!(written(&own).await, Ok(()));
}

#[app_test]
async fn whoever_becomes_an_owner_keeps_the_identities_that_they_linked_themselves(app: TestApp) {
    let world = World::with(&app, json!({"domains": ["acme.example"]})).await;
    for (name, hands_over) in [("bob", false), ("carol", true)] {
        let email = format!("{name}@acme.example");
        let member = app.member(&email, "admin").await;
        world.issuer.is(person(name, &email));
        let over = world.signs_in().await;
        assert_eq!(over.id, member.id, "found by their address");
        let owner = if hands_over { app.owner().await } else { world.owner.clone() };
        if hands_over {
            owner.asks().post(&format!("/api/v1/members/{}/ownership", member.id)).await.assert(200);
        } else {
            let path = format!("/api/v1/members/{}/role", member.id);
            owner.says(json!({"role": "owner"})).put(&path).await.assert(200);
        }
        assert!(!over.is_in().await);
        assert_eq!(world.tries().await.assert(403).code(), "identity_not_linked");
        // They link it themselves, and it stays whatever they become.
        let own = app.signs_in(&email, THEIR_PASSWORD).await;
        let own = app.began(&world.links(&own).await.assert(200));
        assert_eq!(world.signs_in().await.id, own.id);
    }
    // Carol makes the first owner one again, whose own link stays too.
    let carol = app.signs_in("carol@acme.example", THEIR_PASSWORD).await;
    world.issuer.is(person("ana", "ana@acme.example"));
    let ana = app.owner().await;
    world.links(&ana).await.assert(200);
    carol.says(json!({"role": "owner"})).put(&format!("/api/v1/members/{}/role", ana.id)).await.assert(200);
    assert_eq!(world.signs_in().await.id, ana.id);
}

#[app_test]
async fn nobody_becomes_an_owner_by_a_providers_word(app: TestApp) {
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    let (role, ownership) =
        (format!("/api/v1/members/{}/role", bob.id), format!("/api/v1/members/{}/ownership", bob.id));
    for refused in
        [world.owner.says(json!({"role": "owner"})).put(&role).await, world.owner.asks().post(&ownership).await]
    {
        assert_eq!(refused.assert(409).code(), "conflict");
    }
    world.owner.says(json!({"role": "admin"})).put(&role).await.assert(200);
    resets(&app, "bob@acme.example", THEIR_PASSWORD).await;
    world.owner.says(json!({"role": "owner"})).put(&role).await.assert(200);
    assert_eq!(app.signs_in("bob@acme.example", THEIR_PASSWORD).await.id, bob.id);
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
    world.issuer.is(person("ana at acme", "ana@acme.example"));
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
async fn sessions_over_a_provider_are_listed_as_long_as_they_go_on(app: TestApp) {
    let world = World::with(&app, json!({"trusts_mfa": true})).await;
    world.signs_in().await.sets_up_totp().await;
    world.tries().await.assert(403);
    world.issuer.says(json!({"amr": ["mfa"]}));
    let over = world.signs_in().await;
    let levels = async || {
        let listed = over.asks().get("/api/v1/sessions").await.assert(200).json();
        let listed = listed["data"].as_array().unwrap().clone();
        assert_eq!(listed.iter().filter(|one| one["current"] == true).count(), 1);
        let mut levels: Vec<Value> = listed.iter().map(|one| one["level"].clone()).collect();
        levels.sort_by_key(Value::to_string);
        levels
    };
    assert_eq!(levels().await, ["mfa", "mfa", "password"]);
    app.advance(Duration::from_mins(11));
    assert!(over.is_in().await);
    assert_eq!(levels().await, ["mfa", "mfa"], "nobody gave the second factor of the other");
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
