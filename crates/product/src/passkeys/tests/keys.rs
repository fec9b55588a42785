use app_test::app_test;
use serde_json::{Value, json};

use super::authenticator::{Authenticator, RELYING_PARTY, b64};
use super::{PROOF, asked, proves, signs_in, tries_to_add};
use crate::doors::Door;
use crate::testing::{OWNER, THEIR_PASSWORD, TestApp};

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
    let mut key = Authenticator::new("ana's");
    tries_to_add(&owner, &mut key).await.assert(201);
    let proof = owner.asks().post(PROOF).await.assert(201).json();
    assert_eq!(proof["public_key"]["allowCredentials"][0]["id"], b64(b"ana's"));
    app.at(Door::Dashboard).post(PROOF).await.assert(401);
    assert_eq!(tries_to_add(&owner, &mut key).await.assert(409).code(), "conflict", "it is there already");
}

#[app_test]
async fn a_security_key_is_a_second_factor_and_not_the_only_one(app: TestApp) {
    let owner = app.owner().await;
    let mut key = Authenticator { verifies: false, ..Authenticator::new("yellow") };
    let added = tries_to_add(&owner, &mut key).await.assert(201).json();
    assert_eq!(added["passkey"]["kind"], "security_key");
    assert_eq!(signs_in(&app, &mut key).await.assert(401).code(), "invalid_credentials");
    let half = app.half_signed_in().await;
    let proven = proves(&half, &mut key).await.assert(200);
    assert_eq!((&proven.json()["level"], &proven.json()["needs"]), (&json!("phishing_resistant"), &Value::Null));
}

#[app_test]
async fn a_member_has_twenty_keys_and_no_more(app: TestApp) {
    let owner = app.owner().await;
    for number in 0..19 {
        tries_to_add(&owner, &mut Authenticator::new(&format!("key {number}"))).await.assert(201);
    }
    let path = "/api/v1/account/passkeys/challenge";
    let mut status = Vec::new();
    for (name, challenge) in [("a", asked(owner.asks(), path).await), ("b", asked(owner.asks(), path).await)] {
        let body = json!({"challenge": challenge, "credential": Authenticator::new(name).makes(&challenge)});
        status.push(owner.says(body).post("/api/v1/account/passkeys").await.status.as_u16());
    }
    assert_eq!(status, [201, 409]);
    owner.asks().post(path).await.assert(409);
}

#[app_test]
async fn a_new_key_that_was_made_elsewhere_or_cannot_be_used_is_refused(app: TestApp) {
    let owner = app.owner().await;
    for mut key in [
        Authenticator { origin: "https://evil.example".to_owned(), ..Authenticator::new("a") },
        Authenticator { relying_party: "evil.example".to_owned(), ..Authenticator::new("a") },
        Authenticator { touched: false, ..Authenticator::new("a") },
        Authenticator { cross_origin: true, ..Authenticator::new("a") },
    ] {
        assert_eq!(tries_to_add(&owner, &mut key).await.assert(403).code(), "invalid_proof");
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
    tries_to_add(&owner, &mut key).await.assert(201);
    let bob =
        app.began(&app.accepts(&owner.invites("bob@example.org", "editor").await, THEIR_PASSWORD).await.assert(201));
    let policy =
        json!({"require_mfa": "phishing_resistant", "grace_days": 0, "idle_minutes": 30, "absolute_hours": 12});
    owner.says(policy).put("/api/v1/organisation/security").await.assert(200);
    assert_eq!(bob.asks().get("/api/v1/me").await.assert(403).code(), "mfa_enrolment_required");
    bob.sets_up_totp().await;
    assert_eq!(bob.asks().get("/api/v1/me").await.assert(403).code(), "mfa_enrolment_required");
    tries_to_add(&bob, &mut Authenticator::new("bob's")).await.assert(201);
    bob.asks().get("/api/v1/me").await.assert(200);
    // Whoever has lost the key gets in with a recovery code, to make another one and for nothing else.
    let codes = owner.asks().post("/api/v1/account/recovery-codes").await.assert(201).json();
    let half = app.half_signed_in().await;
    let body = json!({"kind": "recovery_code", "code": codes["recovery_codes"][0]});
    let lost = app.began(&half.says(body).post("/api/v1/sessions/current/proofs").await.assert(200));
    assert_eq!(lost.asks().get("/api/v1/me").await.assert(403).code(), "mfa_required");
    tries_to_add(&lost, &mut Authenticator::new("ana's second")).await.assert(201);
    lost.asks().get("/api/v1/me").await.assert(200);
    signs_in(&app, &mut key).await.assert(201);
}

#[app_test]
async fn a_key_is_removed_by_its_member_only_and_the_last_factor_takes_the_codes_along(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member("bob@example.org", "admin").await);
    let mut key = Authenticator::new("ana's");
    let id = tries_to_add(&owner, &mut key).await.assert(201).json()["passkey"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/account/passkeys/{id}");
    bob.asks().delete(&path).await.assert(404);
    owner.asks().delete(&path).await.assert(204);
    owner.asks().delete(&path).await.assert(404);
    assert_eq!(owner.asks().get("/api/v1/account").await.assert(200).json()["recovery_codes_left"], 0);
    signs_in(&app, &mut key).await.assert(401);
    app.owner().await;
}
