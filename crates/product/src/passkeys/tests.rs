mod authenticator;
mod keys;

use std::time::Duration;

use app_test::app_test;
use base::id::OrganisationId;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use self::authenticator::b64;
use crate::doors::Door;
use crate::testing::{Answer, OWNER, PASSWORD, SignedIn, TestApp};

pub(crate) use authenticator::Authenticator;

const PROOF: &str = "/api/v1/sessions/current/proofs/challenge";
/// As long as one attempt must wait for another, so that no limit says what a check should.
const BETWEEN: Duration = Duration::from_secs(40);

async fn asked(asking: crate::testing::Asking, path: &str) -> String {
    asking.post(path).await.assert(201).json()["challenge"].as_str().unwrap().to_owned()
}

pub(crate) async fn tries_to_add(who: &SignedIn, key: &mut Authenticator) -> Answer {
    let asked = who.asks().post("/api/v1/account/passkeys/challenge").await.assert(201).json();
    let challenge = asked["challenge"].as_str().unwrap();
    key.user = asked["public_key"]["user"]["id"].clone();
    who.says(json!({"challenge": challenge, "credential": key.makes(challenge)})).post("/api/v1/account/passkeys").await
}

pub(crate) async fn signs_in(app: &TestApp, key: &mut Authenticator) -> Answer {
    let challenge = asked(app.at(Door::Dashboard), "/api/v1/passkeys/challenge").await;
    signs_in_with(app, &challenge, key.signs(&challenge)).await
}

async fn signs_in_with(app: &TestApp, challenge: &str, credential: Value) -> Answer {
    let body = json!({"passkey": {"challenge": challenge, "credential": credential}});
    app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await
}

async fn proves(who: &SignedIn, key: &mut Authenticator) -> Answer {
    let challenge = asked(who.asks(), PROOF).await;
    let body = json!({"kind": "passkey", "challenge": challenge, "credential": key.signs(&challenge)});
    who.says(body).post("/api/v1/sessions/current/proofs").await
}

/// The findings of a kind, with the organisation that each is of.
async fn findings(app: &TestApp, kind: &str) -> Vec<(Option<OrganisationId>, String)> {
    let rows = store::sql("SELECT organisation_id, detail FROM findings WHERE kind = $1").bind(kind);
    let rows = rows.fetch_all(app.app().main.read(store::Scope::System)).await.unwrap();
    rows.iter().map(|row| (row.get("organisation_id").unwrap(), row.get("detail").unwrap())).collect()
}

/// How many attempts with passkeys a member sees that were wrong.
async fn wrong_ones(who: &SignedIn) -> usize {
    let seen = who.asks().get("/api/v1/account/sign-ins").await.assert(200).json();
    let is_wrong = |row: &&Value| row["method"] == "passkey" && row["outcome"] == "wrong";
    seen["data"].as_array().unwrap().iter().filter(is_wrong).count()
}

#[app_test]
async fn a_passkey_is_all_that_one_signs_in_with(app: TestApp) {
    let (owner, elsewhere) = (app.owner().await, app.owner().await);
    let mut key = Authenticator::new("ana's");
    let added = tries_to_add(&owner, &mut key).await.assert(201).json();
    assert_eq!((&added["passkey"]["kind"], added["recovery_codes"].as_array().unwrap().len()), (&json!("passkey"), 10));
    assert!(owner.is_in().await && !elsewhere.is_in().await);
    let session = owner.asks().get("/api/v1/sessions/current").await.assert(200).json();
    assert_eq!(session["level"], "phishing_resistant", "who has just made it has proven it");

    let signed_in = signs_in(&app, &mut key).await.assert(201);
    assert_eq!((&signed_in.json()["level"], &signed_in.json()["needs"]), (&json!("phishing_resistant"), &Value::Null));
    let account = app.began(&signed_in).asks().get("/api/v1/account").await.assert(200).json();
    assert!(account["passkeys"][0]["last_used_at"].is_string());
    // The password alone does not do any more.
    let half = app.try_to_sign_in(OWNER, PASSWORD).await.assert(403);
    assert_eq!(half.json()["next"], json!(["passkey", "recovery_code"]));
}

#[app_test]
async fn a_challenge_is_good_once_for_its_purpose_its_member_and_five_minutes(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "editor").await);
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &mut key).await.assert(201);
    let public = asked(app.at(Door::Dashboard), "/api/v1/passkeys/challenge").await;
    let signed = key.signs(&public);
    signs_in_with(&app, &public, signed.clone()).await.assert(201);
    key.counter += 5;
    let replayed = key.signs(&public);
    signs_in_with(&app, &public, replayed).await.assert(401);
    signs_in_with(&app, &public, signed).await.assert(401);
    // One for a proof, or for a new key, is none for signing in; nor is one that somebody made up, or changed.
    let proof = asked(owner.asks(), PROOF).await;
    let new = asked(owner.asks(), "/api/v1/account/passkeys/challenge").await;
    let mut changed = BASE64URL_NOPAD.decode(public.as_bytes()).unwrap();
    changed[10] ^= 1;
    for challenge in [proof, new, b64(&changed), b64(&[0; 56]), String::new(), "%".to_owned()] {
        let signed = key.signs(&challenge);
        app.advance(BETWEEN);
        signs_in_with(&app, &challenge, signed).await.assert(401);
    }
    // Another member's proof cannot be answered with one's own key.
    let of_bob = asked(bob.asks(), PROOF).await;
    let body = json!({"kind": "passkey", "challenge": of_bob, "credential": key.signs(&of_bob)});
    owner.says(body).post("/api/v1/sessions/current/proofs").await.assert(403);
    let late = asked(app.at(Door::Dashboard), "/api/v1/passkeys/challenge").await;
    app.advance(Duration::from_mins(5));
    let signed = key.signs(&late);
    signs_in_with(&app, &late, signed).await.assert(401);
    app.advance(BETWEEN);
    signs_in(&app, &mut key).await.assert(201);
}

#[app_test]
async fn what_another_page_or_another_key_signed_is_refused(app: TestApp) {
    type Change = fn(&mut Authenticator);
    let owner = app.owner().await;
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &mut key).await.assert(201);
    let changes: [(&str, Change); 5] = [
        ("another origin", |key| key.origin = "https://dashboard.evil.example".to_owned()),
        ("the edge's origin", |key| key.origin = "https://localhost:8443".to_owned()),
        ("another relying party", |key| key.relying_party = "evil.example".to_owned()),
        ("in another page's frame", |key| key.cross_origin = true),
        ("not touched", |key| key.touched = false),
    ];
    for (what, change) in changes {
        let mut forged = key.copy();
        forged.counter += 100;
        change(&mut forged);
        app.advance(BETWEEN);
        assert_eq!(signs_in(&app, &mut forged).await.status, 401, "{what}");
    }
    // Another key that says it were this one, and one that nobody knows.
    let mut forged = Authenticator::new("ana's");
    (forged.counter, forged.user) = (1000, key.user.clone());
    app.advance(BETWEEN);
    signs_in(&app, &mut forged).await.assert(401);
    signs_in(&app, &mut Authenticator::new("unknown")).await.assert(401);
    app.advance(BETWEEN);
    // What was signed is what counts: a flag that was set afterwards breaks it.
    let challenge = asked(app.at(Door::Dashboard), "/api/v1/passkeys/challenge").await;
    key.verifies = false;
    let mut signed = key.signs(&challenge);
    key.verifies = true;
    signed["response"]["authenticatorData"] = json!(b64(&key.data(false)));
    signs_in_with(&app, &challenge, signed).await.assert(401);
    app.advance(BETWEEN);
    // Whatever came of it, the challenge is used up.
    let signed = key.signs(&challenge);
    signs_in_with(&app, &challenge, signed).await.assert(401);
    app.advance(BETWEEN);
    signs_in(&app, &mut key).await.assert(201);
    assert_eq!(wrong_ones(&owner).await, 8, "those that said that they were this key");
}

#[app_test]
async fn a_key_names_its_member(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "editor").await);
    let (mut key, mut of_bob) = (Authenticator::new("ana's"), Authenticator::new("bob's"));
    tries_to_add(&owner, &mut key).await.assert(201);
    tries_to_add(&bob, &mut of_bob).await.assert(201);
    let own = key.user.clone();
    for user in [of_bob.user, Value::Null, json!(""), json!("%")] {
        key.user = user;
        app.advance(BETWEEN);
        signs_in(&app, &mut key).await.assert(401);
    }
    // Whom the session names, the key need not.
    key.user = Value::Null;
    app.advance(BETWEEN);
    proves(&owner, &mut key).await.assert(200);
    key.user = own;
    signs_in(&app, &mut key).await.assert(201);
}

#[app_test]
async fn who_has_a_session_signs_in_with_a_passkey_as_others_do(app: TestApp) {
    let owner = app.owner().await;
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &mut key).await.assert(201);
    for signed_in in [owner, app.half_signed_in().await] {
        let challenge = asked(signed_in.asks(), "/api/v1/passkeys/challenge").await;
        let body = json!({"passkey": {"challenge": challenge, "credential": key.signs(&challenge)}});
        signed_in.says(body).post("/api/v1/sessions").await.assert(201);
    }
}

#[app_test]
async fn a_copied_key_whose_counter_does_not_count_up_is_refused(app: TestApp) {
    let owner = app.owner().await;
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &mut key).await.assert(201);
    signs_in(&app, &mut key).await.assert(201);
    let mut copy = key.copy();
    signs_in(&app, &mut key).await.assert(201);
    assert!(findings(&app, "passkey.copied").await.is_empty());
    signs_in(&app, &mut copy).await.assert(401);
    copy.counter -= 1;
    proves(&owner, &mut copy).await.assert(403);
    signs_in(&app, &mut key).await.assert(201);
    assert_eq!(wrong_ones(&owner).await, 2);
    let [(organisation, detail)] = findings(&app, "passkey.copied").await.try_into().unwrap();
    assert_eq!(organisation, Some(app.installed().organisation.id));
    assert!(detail.contains(&owner.id) && detail.contains("psk_"), "{detail}");
    // One that does not count at all is taken.
    let mut uncounted = Authenticator { counter: 0, ..Authenticator::new("other") };
    tries_to_add(&owner, &mut uncounted).await.assert(201);
    for _ in 0..2 {
        signs_in(&app, &mut uncounted).await.assert(201);
    }
}

#[app_test]
async fn a_suspended_members_passkey_signs_nobody_in(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "admin").await);
    let mut key = Authenticator::new("bob's");
    tries_to_add(&bob, &mut key).await.assert(201);
    owner.asks().post(&format!("/api/v1/members/{}/suspend", bob.id)).await.assert(200);
    let challenge = asked(app.at(Door::Dashboard), "/api/v1/passkeys/challenge").await;
    let refused = signs_in_with(&app, &challenge, key.signs(&challenge)).await.assert(401);
    assert_eq!(refused.code(), "invalid_credentials");
    let seen = owner.asks().get("/api/v1/organisation/sign-ins").await.assert(200).json();
    let is_noted = |row: &Value| row["member"]["id"] == bob.id.as_str() && row["outcome"] == "wrong";
    assert!(seen["data"].as_array().unwrap().iter().any(is_noted));
    // The challenge and the counter are used up.
    owner.asks().post(&format!("/api/v1/members/{}/resume", bob.id)).await.assert(200);
    let signed = key.signs(&challenge);
    signs_in_with(&app, &challenge, signed).await.assert(401);
    key.counter -= 2;
    signs_in(&app, &mut key).await.assert(401);
    key.counter += 2;
    signs_in(&app, &mut key).await.assert(201);
}

#[app_test]
async fn credentials_are_a_password_or_a_passkey(app: TestApp) {
    for body in [json!({}), json!({"email": OWNER}), json!({"password": PASSWORD})] {
        let refused = app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await.assert(400);
        assert_eq!(refused.code(), "invalid_json");
    }
}
