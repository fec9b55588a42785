use std::process::Command;
use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};

use crate::doors::Door;
use crate::testing::{OWNER, PASSWORD, SignedIn, TestApp, dump};

async fn proves(who: &SignedIn, proof: Value) -> crate::testing::Answer {
    who.says(proof).post("/api/v1/sessions/current/proofs").await
}

/// What Debian's oathtool makes of a secret, at the time of the test's clock.
fn oathtool(app: &TestApp, secret: &str) -> String {
    let now = format!("@{}", app.app().clock.now().seconds());
    let output = Command::new("oathtool").args(["--totp", "--base32", "--now", &now, secret]).output();
    let output = output.expect("oathtool is not there: apt-get install oathtool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[app_test]
async fn codes_of_an_authenticator_app_are_asked_for_after_the_password(app: TestApp) {
    let owner = app.owner().await;
    let totp = owner.sets_up_totp().await;
    assert!(totp.uri.starts_with("otpauth://totp/Pilotfish:ana%40example.org?"), "{}", totp.uri);
    assert_eq!(totp.recovery_codes.len(), 10);
    let session = owner.asks().get("/api/v1/sessions/current").await.assert(200).json();
    assert_eq!((&session["level"], &session["needs"]), (&json!("mfa"), &Value::Null));

    let answer = app.try_to_sign_in(OWNER, PASSWORD).await.assert(403);
    assert_eq!((answer.code().as_str(), &answer.json()["next"]), ("mfa_required", &json!(["totp", "recovery_code"])));
    let cookie = answer.cookie();
    let half = |path: &'static str| app.at(Door::Dashboard).cookie(&cookie).get(path);
    for path in ["/api/v1/me", "/api/v1/account", "/api/v1/sessions", "/api/v1/members"] {
        assert_eq!(half(path).await.assert(403).code(), "mfa_required", "{path}");
    }
    let session = half("/api/v1/sessions/current").await.assert(200).json();
    assert_eq!((&session["needs"], &session["level"]), (&json!("mfa"), &json!("password")));

    app.advance(Duration::from_secs(30));
    let body = json!({"kind": "totp", "code": oathtool(&app, &totp.secret)});
    let proven = app.at(Door::Dashboard).cookie(&cookie).json(&body).post("/api/v1/sessions/current/proofs").await;
    let proven = proven.assert(200);
    assert_eq!(proven.json()["needs"], Value::Null);
    assert_ne!(proven.cookie(), cookie, "whoever saw the cookie before the proof has nothing of it");
    half("/api/v1/sessions/current").await.assert(401);
    app.at(Door::Dashboard).cookie(&proven.cookie()).get("/api/v1/me").await.assert(200);
}

#[app_test]
async fn a_code_is_good_once(app: TestApp) {
    let owner = app.owner().await;
    let totp = owner.sets_up_totp().await;
    app.advance(Duration::from_secs(30));
    let code = oathtool(&app, &totp.secret);
    let first = app.half_signed_in().await;
    let second = app.half_signed_in().await;
    let body = json!({"kind": "totp", "code": code});
    let (one, other) = tokio::join!(proves(&first, body.clone()), proves(&second, body.clone()));
    let mut answers = [one.status.as_u16(), other.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [200, 403], "at the same moment");
    let third = app.half_signed_in().await;
    assert_eq!(proves(&third, body).await.assert(403).code(), "invalid_proof");
    // Nor does one of an earlier step, whose turn would still be.
    let before = totp.code_at(app.app().clock.now().minus(Duration::from_secs(30)));
    proves(&third, json!({"kind": "totp", "code": before})).await.assert(403);
    app.advance(Duration::from_secs(30));
    proves(&third, json!({"kind": "totp", "code": oathtool(&app, &totp.secret)})).await.assert(200);
}

#[app_test]
async fn codes_of_a_clock_that_differs_by_a_step_are_taken_and_of_two_are_not(app: TestApp) {
    let totp = app.owner().await.sets_up_totp().await;
    app.advance(Duration::from_mins(5));
    let half = app.half_signed_in().await;
    for (seconds, status) in [(60_i64, 403), (-60, 403), (30, 200)] {
        let by = Duration::from_secs(seconds.unsigned_abs());
        let now = app.app().clock.now();
        let at = if seconds > 0 { now.plus(by) } else { now.minus(by) };
        proves(&half, json!({"kind": "totp", "code": totp.code_at(at)})).await.assert(status);
    }
}

#[app_test]
async fn guesses_of_codes_are_limited(app: TestApp) {
    app.owner().await.sets_up_totp().await;
    let half = app.half_signed_in().await;
    let mut checked = 0;
    for _ in 0..400 {
        match proves(&half, json!({"kind": "totp", "code": "000000"})).await.status.as_u16() {
            403 => checked += 1,
            429 => app.advance(Duration::from_secs(1)),
            other => panic!("{other}"),
        }
    }
    assert!(checked <= 10, "{checked}");
    // A new session with the password does not begin anew.
    let again = app.half_signed_in().await;
    proves(&again, json!({"kind": "totp", "code": "000000"})).await.assert(429);
}

#[app_test]
async fn a_session_waits_ten_minutes_for_the_second_factor(app: TestApp) {
    app.owner().await.sets_up_totp().await;
    let half = app.half_signed_in().await;
    app.advance(Duration::from_mins(10));
    half.asks().get("/api/v1/sessions/current").await.assert(200);
    app.advance(Duration::from_secs(1));
    half.asks().get("/api/v1/sessions/current").await.assert(401);
}

#[app_test]
async fn a_recovery_code_is_good_once_however_it_is_typed(app: TestApp) {
    let owner = app.owner().await;
    let totp = owner.sets_up_totp().await;
    let typed = totp.recovery_codes[3].to_uppercase().replace('-', " ");
    let half = app.half_signed_in().await;
    let body = json!({"kind": "recovery_code", "code": typed});
    assert_eq!(proves(&half, body.clone()).await.assert(200).json()["level"], "recovery_code");
    assert_eq!(owner.asks().get("/api/v1/account").await.assert(200).json()["recovery_codes_left"], 9);
    let again = app.half_signed_in().await;
    assert_eq!(proves(&again, body).await.assert(403).code(), "invalid_proof");
    // New ones end the old.
    let renewed = owner.asks().post("/api/v1/account/recovery-codes").await.assert(201).json();
    assert!(!again.is_in().await, "new codes end other sessions");
    let again = app.half_signed_in().await;
    proves(&again, json!({"kind": "recovery_code", "code": totp.recovery_codes[4]})).await.assert(403);
    let again = app.half_signed_in().await;
    proves(&again, json!({"kind": "recovery_code", "code": renewed["recovery_codes"][0]})).await.assert(200);
}

#[app_test]
async fn setting_up_and_removing_a_factor_ends_the_other_sessions(app: TestApp) {
    let (owner, elsewhere) = (app.owner().await, app.owner().await);
    owner.sets_up_totp().await;
    assert!(owner.is_in().await && !elsewhere.is_in().await);
    owner.asks().delete("/api/v1/account/totp").await.assert(204);
    owner.asks().delete("/api/v1/account/totp").await.assert(404);
    let account = owner.asks().get("/api/v1/account").await.assert(200).json();
    assert_eq!((&account["totp"], &account["recovery_codes_left"]), (&Value::Null, &json!(0)));
    app.owner().await;
}

#[app_test]
async fn a_wrong_first_code_sets_nothing_up(app: TestApp) {
    let owner = app.owner().await;
    let refused = owner.says(json!({"code": "000000"})).post("/api/v1/account/totp/confirm").await;
    assert_eq!(refused.assert(409).code(), "conflict", "there is nothing to confirm");
    owner.asks().post("/api/v1/account/totp").await.assert(201);
    let refused = owner.says(json!({"code": "000000"})).post("/api/v1/account/totp/confirm").await;
    assert_eq!(refused.assert(403).code(), "invalid_proof");
    app.owner().await;
}

#[app_test]
async fn what_is_delicate_asks_again_after_ten_minutes(app: TestApp) {
    let owner = app.owner().await;
    app.advance(Duration::from_mins(11));
    let refused = owner.says(json!({"email": "bob@example.org", "role": "editor"})).post("/api/v1/invitations").await;
    let refused = refused.assert(403);
    assert_eq!((refused.code().as_str(), &refused.json()["next"]), ("step_up_required", &json!(["password"])));
    for (path, method) in [("/api/v1/account/totp", "POST"), ("/api/v1/account/recovery-codes", "POST")] {
        let method = method.parse().unwrap();
        assert_eq!(owner.asks().send(method, path).await.assert(403).code(), "step_up_required", "{path}");
    }
    owner.asks().get("/api/v1/members").await.assert(200);
    let wrong = json!({"kind": "password", "password": "a wrong password, long enough"});
    assert_eq!(proves(&owner, wrong).await.assert(403).code(), "invalid_proof");
    let proven = proves(&owner, json!({"kind": "password", "password": PASSWORD})).await.assert(200);
    let owner = app.began(&proven);
    owner.invites("bob@example.org", "editor").await;
    // Who has a second factor proves that one.
    let totp = owner.sets_up_totp().await;
    app.advance(Duration::from_mins(11));
    let refused = proves(&owner, json!({"kind": "password", "password": PASSWORD})).await.assert(403);
    assert_eq!(refused.code(), "invalid_proof");
    let owner =
        app.began(&proves(&owner, json!({"kind": "totp", "code": oathtool(&app, &totp.secret)})).await.assert(200));
    owner.invites("cem@example.org", "editor").await;
}

#[app_test]
async fn a_new_password_ends_the_other_sessions_and_may_be_short_beside_a_factor_only(app: TestApp) {
    let (owner, elsewhere) = (app.owner().await, app.owner().await);
    let sets = |password: &str| owner.says(json!({"password": password})).put("/api/v1/account/password");
    assert_eq!(sets("vq7 lmrw").await.assert(422).json()["errors"][0]["pointer"], "/password");
    sets("nine anchors on the wall").await.assert(204);
    assert!(owner.is_in().await && !elsewhere.is_in().await);
    app.try_to_sign_in(OWNER, PASSWORD).await.assert(401);
    owner.sets_up_totp().await;
    sets("vq7 lmrw").await.assert(204);
    let refused = owner.asks().delete("/api/v1/account/totp").await.assert(409);
    assert!(refused.json()["detail"].as_str().unwrap().contains("15 characters"));
    sets("nine anchors on the wall").await.assert(204);
    owner.asks().delete("/api/v1/account/totp").await.assert(204);
}

#[app_test]
async fn nothing_of_a_factor_is_stored_in_clear(app: TestApp) {
    let totp = app.owner().await.sets_up_totp().await;
    let everything = dump(&app.app().main).await;
    let secret = data_encoding::BASE32_NOPAD.decode(totp.secret.as_bytes()).unwrap();
    let code = totp.recovery_codes[0].replace('-', "");
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    for secret in
        [totp.secret.to_lowercase(), hex(&secret), hex(totp.secret.as_bytes()), code.clone(), hex(code.as_bytes())]
    {
        assert!(!everything.contains(&secret), "{secret}");
    }
}

#[app_test]
async fn a_turn_of_the_key_seals_secrets_anew(app: TestApp) {
    let totp = app.owner().await.sets_up_totp().await;
    let wanted = crate::key_rotation::Wanted { kind: Some(keys::KeyKind::SecondFactor), now: true };
    crate::key_rotation::rotate(app.app(), wanted).await.unwrap();
    let old = app.app().keys.version(keys::KeyKind::SecondFactor, keys::Owner::Installation, 1);
    assert!(matches!(old, Err(keys::KeyError::Destroyed { .. })));
    app.advance(Duration::from_mins(1));
    app.signs_in_with_totp(&totp).await;
}
