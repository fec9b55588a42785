use std::time::Duration;

use app_test::app_test;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::doors::Door;
use crate::testing::{Answer, OWNER, PASSWORD, SignedIn, THEIR_PASSWORD, TestApp};

const ORIGIN: &str = "https://dashboard.localhost:8444";
const RELYING_PARTY: &str = "dashboard.localhost";
/// As long as one attempt must wait for another, so that no limit says what a check should.
const BETWEEN: Duration = Duration::from_secs(40);

fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// A browser with a key in it, in software: written from the specification, beside the product's code.
pub(crate) struct Authenticator {
    pair: EcdsaKeyPair,
    credential: Vec<u8>,
    /// How often it signed; 0 for one that does not count.
    pub(crate) counter: u32,
    pub(crate) verifies: bool,
    pub(crate) touched: bool,
    pub(crate) origin: String,
    pub(crate) relying_party: String,
    pub(crate) cross_origin: bool,
}

impl Authenticator {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            credential: name.as_bytes().to_vec(),
            counter: 1,
            verifies: true,
            touched: true,
            origin: ORIGIN.to_owned(),
            relying_party: RELYING_PARTY.to_owned(),
            cross_origin: false,
        }
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let crossed = self.cross_origin;
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": crossed, "other": 1})
            .to_string()
            .into_bytes()
    }

    fn data(&self, new: bool) -> Vec<u8> {
        let flags = u8::from(self.touched) | u8::from(self.verifies) << 2 | u8::from(new) << 6;
        let mut data = digest(&SHA256, self.relying_party.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        if new {
            data.extend([7; 16]);
            data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
            data.extend(&self.credential);
            // COSE's form of the public key, which nobody reads.
            data.extend([0xa0]);
        }
        data
    }

    /// What a browser's `credential.toJSON()` says of the new key.
    pub(crate) fn makes(&self, challenge: &str) -> Value {
        let public: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        json!({
            "id": b64(&self.credential), "rawId": b64(&self.credential), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&self.client_data("webauthn.create", challenge)), "attestationObject": "oA",
                "authenticatorData": b64(&self.data(true)), "publicKey": b64(public.as_ref()),
                "publicKeyAlgorithm": -7, "transports": ["internal"],
            },
        })
    }

    /// The same of one that signed.
    pub(crate) fn signs(&mut self, challenge: &str) -> Value {
        if self.counter > 0 {
            self.counter += 1;
        }
        let (client_data, data) = (self.client_data("webauthn.get", challenge), self.data(false));
        let signed = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": b64(&self.credential), "rawId": b64(&self.credential), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&client_data), "authenticatorData": b64(&data), "signature": b64(signature.as_ref()),
                "userHandle": null,
            },
        })
    }
}

async fn asked(asking: crate::testing::Asking, path: &str) -> String {
    asking.post(path).await.assert(201).json()["challenge"].as_str().unwrap().to_owned()
}

async fn tries_to_add(who: &SignedIn, key: &Authenticator) -> Answer {
    let challenge = asked(who.asks(), "/api/v1/account/passkeys/challenge").await;
    who.says(json!({"challenge": challenge, "credential": key.makes(&challenge)}))
        .post("/api/v1/account/passkeys")
        .await
}

async fn signs_in(app: &TestApp, key: &mut Authenticator) -> Answer {
    let challenge = asked(app.at(Door::Dashboard), "/api/v1/passkeys/challenge").await;
    signs_in_with(app, &challenge, key.signs(&challenge)).await
}

async fn signs_in_with(app: &TestApp, challenge: &str, credential: Value) -> Answer {
    let body = json!({"passkey": {"challenge": challenge, "credential": credential}});
    app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await
}

async fn proves(who: &SignedIn, key: &mut Authenticator) -> Answer {
    let challenge = asked(who.asks(), "/api/v1/passkeys/challenge").await;
    let body = json!({"kind": "passkey", "challenge": challenge, "credential": key.signs(&challenge)});
    who.says(body).post("/api/v1/sessions/current/proofs").await
}

#[app_test]
async fn a_passkey_is_all_that_one_signs_in_with(app: TestApp) {
    let (owner, elsewhere) = (app.owner().await, app.owner().await);
    let mut key = Authenticator::new("ana's");
    let added = tries_to_add(&owner, &key).await.assert(201).json();
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
async fn what_browsers_are_asked_for_is_what_they_take(app: TestApp) {
    let owner = app.owner().await;
    let asked = owner.asks().post("/api/v1/account/passkeys/challenge").await.assert(201).json();
    let options = &asked["public_key"];
    assert_eq!(options["rp"]["id"], RELYING_PARTY);
    assert_eq!((&options["user"]["name"], &options["challenge"]), (&json!(OWNER), &asked["challenge"]));
    let sign_in = app.at(Door::Dashboard).post("/api/v1/passkeys/challenge").await.assert(201).json();
    assert_eq!(sign_in["public_key"]["userVerification"], "required");
    assert_eq!(sign_in["public_key"]["allowCredentials"], json!([]), "it tells nothing of who there is");
    let key = Authenticator::new("ana's");
    tries_to_add(&owner, &key).await.assert(201);
    let proof = owner.asks().post("/api/v1/passkeys/challenge").await.assert(201).json();
    assert_eq!(proof["public_key"]["allowCredentials"][0]["id"], b64(b"ana's"));
    assert_eq!(tries_to_add(&owner, &key).await.assert(409).code(), "conflict", "it is there already");
}

#[app_test]
async fn a_security_key_is_a_second_factor_and_not_the_only_one(app: TestApp) {
    let owner = app.owner().await;
    let mut key = Authenticator { verifies: false, ..Authenticator::new("yellow") };
    let added = tries_to_add(&owner, &key).await.assert(201).json();
    assert_eq!(added["passkey"]["kind"], "security_key");
    assert_eq!(signs_in(&app, &mut key).await.assert(401).code(), "invalid_credentials");
    let half = app.half_signed_in().await;
    let proven = proves(&half, &mut key).await.assert(200);
    assert_eq!((&proven.json()["level"], &proven.json()["needs"]), (&json!("phishing_resistant"), &Value::Null));
}

#[app_test]
async fn a_challenge_is_good_once_for_its_purpose_its_member_and_five_minutes(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "editor").await);
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &key).await.assert(201);
    let public = asked(app.at(Door::Dashboard), "/api/v1/passkeys/challenge").await;
    let signed = key.signs(&public);
    signs_in_with(&app, &public, signed.clone()).await.assert(201);
    key.counter += 5;
    let replayed = key.signs(&public);
    signs_in_with(&app, &public, replayed).await.assert(401);
    signs_in_with(&app, &public, signed).await.assert(401);
    // One for a proof, or for a new key, is none for signing in; nor is one that somebody made up, or changed.
    let proof = asked(owner.asks(), "/api/v1/passkeys/challenge").await;
    let new = asked(owner.asks(), "/api/v1/account/passkeys/challenge").await;
    let mut changed = BASE64URL_NOPAD.decode(public.as_bytes()).unwrap();
    changed[10] ^= 1;
    for challenge in [proof, new, b64(&changed), b64(&[0; 56]), String::new(), "%".to_owned()] {
        let signed = key.signs(&challenge);
        app.advance(BETWEEN);
        signs_in_with(&app, &challenge, signed).await.assert(401);
    }
    // Another member's proof cannot be answered with one's own key.
    let of_bob = asked(bob.asks(), "/api/v1/passkeys/challenge").await;
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
    let owner = app.owner().await;
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &key).await.assert(201);
    let changes: [(&str, fn(&mut Authenticator)); 5] = [
        ("another origin", |key| key.origin = "https://dashboard.evil.example".to_owned()),
        ("the edge's origin", |key| key.origin = "https://localhost:8443".to_owned()),
        ("another relying party", |key| key.relying_party = "evil.example".to_owned()),
        ("in another page's frame", |key| key.cross_origin = true),
        ("not touched", |key| key.touched = false),
    ];
    for (what, change) in changes {
        let mut changed = Authenticator::new("ana's");
        changed.pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.pair.to_pkcs8v1().unwrap().as_ref()).unwrap();
        changed.counter = key.counter + 100;
        change(&mut changed);
        app.advance(BETWEEN);
        assert_eq!(signs_in(&app, &mut changed).await.status, 401, "{what}");
    }
    // Another key that says it were this one, and one that nobody knows.
    let mut forged = Authenticator::new("ana's");
    forged.counter = 1000;
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
    signs_in(&app, &mut key).await.assert(201);
}

#[app_test]
async fn a_copied_key_whose_counter_does_not_count_up_is_refused(app: TestApp) {
    let owner = app.owner().await;
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &key).await.assert(201);
    signs_in(&app, &mut key).await.assert(201);
    key.counter -= 1;
    signs_in(&app, &mut key).await.assert(401);
    signs_in(&app, &mut key).await.assert(201);
    // One that does not count at all is taken.
    let mut uncounted = Authenticator { counter: 0, ..Authenticator::new("other") };
    tries_to_add(&owner, &uncounted).await.assert(201);
    for _ in 0..2 {
        signs_in(&app, &mut uncounted).await.assert(201);
    }
}

#[app_test]
async fn a_new_key_that_was_made_elsewhere_or_cannot_be_used_is_refused(app: TestApp) {
    let owner = app.owner().await;
    for key in [
        Authenticator { origin: "https://evil.example".to_owned(), ..Authenticator::new("a") },
        Authenticator { relying_party: "evil.example".to_owned(), ..Authenticator::new("a") },
        Authenticator { touched: false, ..Authenticator::new("a") },
        Authenticator { cross_origin: true, ..Authenticator::new("a") },
    ] {
        assert_eq!(tries_to_add(&owner, &key).await.assert(403).code(), "invalid_proof");
    }
    let key = Authenticator::new("a");
    for (field, value, status) in [
        ("publicKeyAlgorithm", json!(-36), 422),
        ("publicKey", json!("AAAA"), 422),
        ("publicKey", Value::Null, 422),
        ("authenticatorData", json!("AAAA"), 403),
        ("clientDataJSON", json!("%%"), 403),
    ] {
        let challenge = asked(owner.asks(), "/api/v1/account/passkeys/challenge").await;
        let mut made = key.makes(&challenge);
        made["response"][field] = value;
        let body = json!({"challenge": challenge, "credential": made});
        owner.says(body).post("/api/v1/account/passkeys").await.assert(status);
    }
    let challenge = asked(owner.asks(), "/api/v1/account/passkeys/challenge").await;
    let mut made = key.makes(&challenge);
    made["rawId"] = json!(b64(b"another id"));
    owner.says(json!({"challenge": challenge, "credential": made})).post("/api/v1/account/passkeys").await.assert(403);
    assert_eq!(owner.asks().get("/api/v1/account").await.assert(200).json()["passkeys"], json!([]));
}

#[app_test]
async fn where_only_what_resists_phishing_does_codes_do_not(app: TestApp) {
    let owner = app.owner().await;
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &key).await.assert(201);
    let bob =
        app.began(&app.accepts(&owner.invites("bob@example.org", "editor").await, THEIR_PASSWORD).await.assert(201));
    let policy =
        json!({"require_mfa": "phishing_resistant", "grace_days": 0, "idle_minutes": 30, "absolute_hours": 12});
    owner.says(policy).put("/api/v1/organisation/security").await.assert(200);
    assert_eq!(bob.asks().get("/api/v1/me").await.assert(403).code(), "mfa_enrolment_required");
    bob.sets_up_totp().await;
    assert_eq!(bob.asks().get("/api/v1/me").await.assert(403).code(), "mfa_enrolment_required");
    tries_to_add(&bob, &Authenticator::new("bob's")).await.assert(201);
    bob.asks().get("/api/v1/me").await.assert(200);
    // Whoever has lost the key gets in with a recovery code, to make another one and for nothing else.
    let codes = owner.asks().post("/api/v1/account/recovery-codes").await.assert(201).json();
    let half = app.half_signed_in().await;
    let body = json!({"kind": "recovery_code", "code": codes["recovery_codes"][0]});
    let lost = app.began(&half.says(body).post("/api/v1/sessions/current/proofs").await.assert(200));
    assert_eq!(lost.asks().get("/api/v1/me").await.assert(403).code(), "mfa_required");
    tries_to_add(&lost, &Authenticator::new("ana's second")).await.assert(201);
    lost.asks().get("/api/v1/me").await.assert(200);
    signs_in(&app, &mut key).await.assert(201);
}

#[app_test]
async fn a_key_is_removed_by_its_member_only_and_the_last_factor_takes_the_codes_along(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "admin").await);
    let mut key = Authenticator::new("ana's");
    let id = tries_to_add(&owner, &key).await.assert(201).json()["passkey"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/account/passkeys/{id}");
    bob.asks().delete(&path).await.assert(404);
    owner.asks().delete(&path).await.assert(204);
    owner.asks().delete(&path).await.assert(404);
    assert_eq!(owner.asks().get("/api/v1/account").await.assert(200).json()["recovery_codes_left"], 0);
    signs_in(&app, &mut key).await.assert(401);
    app.owner().await;
}

#[app_test]
async fn a_suspended_members_passkey_signs_nobody_in(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "admin").await);
    let mut key = Authenticator::new("bob's");
    tries_to_add(&bob, &key).await.assert(201);
    owner.asks().post(&format!("/api/v1/members/{}/suspend", bob.id)).await.assert(200);
    assert_eq!(signs_in(&app, &mut key).await.assert(401).code(), "invalid_credentials");
}

#[app_test]
async fn credentials_are_a_password_or_a_passkey(app: TestApp) {
    for body in [json!({}), json!({"email": OWNER}), json!({"password": PASSWORD})] {
        let refused = app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await.assert(400);
        assert_eq!(refused.code(), "invalid_json");
    }
}
