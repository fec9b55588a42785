use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};

use crate::authority::SystemTx;
use crate::doors::Door;
use crate::mail::tests::Letterbox;
use crate::testing::{Answer, OWNER, PASSWORD, THEIR_PASSWORD, TestApp, dump};

const BOB: &str = "bob@example.org";

async fn looks(app: &TestApp, token: &str) -> Answer {
    app.at(Door::Dashboard).json(&json!({"token": token})).post("/api/v1/invitations/look").await
}

async fn waiting(app: &TestApp) -> Vec<Value> {
    let listed = app.owner().await.asks().get("/api/v1/invitations").await.assert(200).json();
    listed["data"].as_array().unwrap().clone()
}

#[app_test]
async fn whoever_has_the_link_joins_once(app: TestApp) {
    let token = app.owner().await.invites(BOB, "editor").await;
    let seen = looks(&app, &token).await.assert(200).json();
    assert_eq!(seen, json!({"organisation": "My organisation", "email": BOB, "role": "editor"}));
    assert_eq!(waiting(&app).await.len(), 1);
    let bob = app.began(&app.accepts(&token, THEIR_PASSWORD).await.assert(201));
    let me = bob.asks().get("/api/v1/me").await.assert(200).json();
    assert_eq!(
        (&me["member"]["email"], &me["member"]["name"], &me["role"]),
        (&json!(BOB), &json!("Bob Bell"), &json!("editor"))
    );
    assert_eq!(app.accepts(&token, THEIR_PASSWORD).await.assert(403).code(), "link_invalid");
    assert_eq!(looks(&app, &token).await.assert(403).code(), "link_invalid");
    assert!(waiting(&app).await.is_empty());
    app.signs_in(BOB, THEIR_PASSWORD).await;
}

#[app_test]
async fn of_two_who_accept_at_once_one_joins(app: TestApp) {
    let token = app.owner().await.invites(BOB, "editor").await;
    let (one, other) = tokio::join!(app.accepts(&token, THEIR_PASSWORD), app.accepts(&token, THEIR_PASSWORD));
    let mut answers = [one.status.as_u16(), other.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [201, 403]);
}

#[app_test]
async fn a_link_ends_with_the_next_one_when_it_is_withdrawn_and_after_a_week(app: TestApp) {
    let owner = app.owner().await;
    let first = owner.invites(BOB, "editor").await;
    let second = owner.invites(" BOB@example.org", "viewer").await;
    assert_eq!(app.accepts(&first, THEIR_PASSWORD).await.assert(403).code(), "link_invalid");
    let listed = waiting(&app).await;
    assert_eq!((listed.len(), &listed[0]["role"]), (1, &json!("viewer")));
    let path = format!("/api/v1/invitations/{}", listed[0]["id"].as_str().unwrap());
    app.other_owner("olga@example.org").await.asks().delete(&path).await.assert(404);
    owner.asks().delete(&path).await.assert(204);
    owner.asks().delete(&path).await.assert(404);
    app.accepts(&second, THEIR_PASSWORD).await.assert(403);

    let third = owner.invites(BOB, "editor").await;
    app.advance(Duration::from_hours(7 * 24));
    app.accepts(&third, THEIR_PASSWORD).await.assert(403);
    assert!(waiting(&app).await.is_empty());
    super::forget_old(app.app()).await.unwrap();
    assert!(
        super::store::of_organisation(app.app().main.read(store::Scope::System), app.installed().organisation.id)
            .await
            .unwrap()
            .is_empty()
    );
}

#[app_test]
async fn only_who_may_invites_and_only_owners_invite_owners(app: TestApp) {
    let (editor, admin) = (app.member(BOB, "editor").await, app.member("cem@example.org", "admin").await);
    let body = |role: &str| json!({"email": "dora@example.org", "role": role});
    editor.says(body("viewer")).post("/api/v1/invitations").await.assert(403);
    editor.asks().get("/api/v1/invitations").await.assert(403);
    admin.says(body("owner")).post("/api/v1/invitations").await.assert(403);
    admin.says(body("admin")).post("/api/v1/invitations").await.assert(201);
    let refused = admin.says(json!({"email": "nobody", "role": "admin"})).post("/api/v1/invitations").await;
    assert_eq!(refused.assert(422).json()["errors"][0]["pointer"], "/email");
    assert_eq!(
        admin.says(json!({"email": OWNER, "role": "admin"})).post("/api/v1/invitations").await.assert(409).code(),
        "conflict"
    );
}

#[app_test]
async fn neither_inviting_nor_the_link_tells_whether_there_is_an_account(app: TestApp) {
    let olga = app.other_owner("olga@example.org").await;
    let mut answers = Vec::new();
    for email in [OWNER, "nobody@example.org"] {
        let body = json!({"email": email, "role": "editor"});
        let invited = olga.says(body).post("/api/v1/invitations").await.assert(201).json();
        let token = invited["link"].as_str().unwrap().split_once("#token=").unwrap().1.to_owned();
        let mut seen = looks(&app, &token).await.assert(200).json();
        let mut invited = invited;
        for (value, key) in [(&mut invited["invitation"], "id"), (&mut seen, "email")] {
            value.as_object_mut().unwrap().remove(key);
        }
        invited["invitation"].as_object_mut().unwrap().remove("email");
        invited["link"] = json!(token.len());
        answers.push((invited, seen));
    }
    assert_eq!(answers[0], answers[1]);
}

#[app_test]
async fn who_has_an_account_joins_with_its_password_only(app: TestApp) {
    let olga = app.other_owner("olga@example.org").await;
    let token = olga.invites(OWNER, "viewer").await;
    let refused = app.accepts(&token, "not the password of the account").await.assert(401);
    assert_eq!(refused.code(), "invalid_credentials");
    // Guessing at a link is guessing at the account.
    let mut checked = 1;
    while app.accepts(&token, "not the password of the account").await.status == 401 {
        checked += 1;
    }
    assert!(checked <= 10, "{checked}");
    app.advance(Duration::from_mins(16));
    let ana = app.began(&app.accepts(&token, PASSWORD).await.assert(201));
    assert_eq!(ana.asks().get("/api/v1/me").await.assert(200).json()["role"], "viewer");
    assert_eq!(ana.asks().get("/api/v1/account").await.assert(200).json()["name"], "Ana", "the name stays");
}

#[app_test]
async fn who_has_a_second_factor_proves_it_before_they_join(app: TestApp) {
    let (ana, olga) = (app.owner().await, app.other_owner("olga@example.org").await);
    let totp = ana.sets_up_totp().await;
    let token = olga.invites(OWNER, "viewer").await;
    let half = app.accepts(&token, PASSWORD).await.assert(403);
    assert_eq!((half.code().as_str(), &half.json()["next"][0]), ("mfa_required", &json!("totp")));
    let (half, waits) = (half.cookie(), async || {
        looks(&app, &token).await.assert(200);
        let mine = ana.asks().get("/api/v1/account").await.assert(200).json();
        assert_eq!(mine["organisations"].as_array().unwrap().len(), 1);
    });
    waits().await;
    let accepts = async |cookie: &str, password: &str| {
        let body = json!({"token": token, "name": "", "password": password});
        app.at(Door::Dashboard).cookie(cookie).json(&body).post("/api/v1/invitations/accept").await
    };
    assert_eq!(accepts(&half, PASSWORD).await.assert(403).code(), "mfa_required", "a half session proves nothing");
    waits().await;
    app.advance(Duration::from_mins(1));
    let whole = app.signs_in_with_totp(&totp).await;
    // What was proven long ago does not do, nor what somebody else has proven.
    app.advance(Duration::from_mins(11));
    accepts(&whole.cookie, PASSWORD).await.assert(403);
    accepts(&olga.cookie, "not the password of the account").await.assert(401);
    let code = json!({"kind": "totp", "code": totp.code_at(app.app().clock.now())});
    let whole = app.began(&whole.says(code).post("/api/v1/sessions/current/proofs").await.assert(200));
    let joined = app.began(&accepts(&whole.cookie, "").await.assert(201));
    let me = joined.asks().get("/api/v1/me").await.assert(200).json();
    assert_eq!((&me["organisation"]["name"], &me["role"]), (&json!("Other"), &json!("viewer")));
    assert_eq!(joined.cookie, whole.cookie, "the session goes on there");
    assert_eq!(accepts(&joined.cookie, "").await.assert(403).code(), "link_invalid");
}

#[app_test]
async fn an_invitation_ends_with_the_right_to_it(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "admin").await);
    let (by_bob, by_owner) =
        (bob.invites("cem@example.org", "admin").await, owner.invites("dora@example.org", "editor").await);
    let bobs = bob.id.parse().unwrap();
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    super::forget_by(&mut tx.0, app.installed().organisation.id, bobs).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(app.accepts(&by_bob, THEIR_PASSWORD).await.assert(403).code(), "link_invalid");
    app.accepts(&by_owner, THEIR_PASSWORD).await.assert(201);
    for (method, what) in [("role", json!({"role": "editor"})), ("suspend", json!({})), ("remove", json!({}))] {
        let member = format!("{method}@example.org");
        let admin = app.member(&member, "admin").await;
        let token = admin.invites(&format!("by-{member}"), "editor").await;
        let path = format!("/api/v1/members/{}", admin.id);
        let answer = match method {
            "role" => owner.says(what).put(&format!("{path}/role")).await.assert(200),
            "suspend" => owner.asks().post(&format!("{path}/suspend")).await.assert(200),
            _ => owner.asks().delete(&path).await.assert(204),
        };
        drop(answer);
        assert_eq!(app.accepts(&token, THEIR_PASSWORD).await.assert(403).code(), "link_invalid", "{method}");
    }
    let by_owner = owner.invites("ede@example.org", "owner").await;
    owner.asks().post(&format!("/api/v1/members/{}/ownership", bob.id)).await.assert(200);
    assert_eq!(app.accepts(&by_owner, THEIR_PASSWORD).await.assert(403).code(), "link_invalid");
    app.works_off().await;
}

#[app_test]
async fn a_weak_password_or_no_name_does_not_use_the_link_up(app: TestApp) {
    let token = app.owner().await.invites(BOB, "editor").await;
    let refused = app.accepts(&token, "short").await.assert(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/password");
    let body = json!({"token": token, "name": "", "password": THEIR_PASSWORD});
    app.at(Door::Dashboard).json(&body).post("/api/v1/invitations/accept").await.assert(422);
    app.accepts(&token, THEIR_PASSWORD).await.assert(201);
}

#[app_test]
async fn neither_address_nor_token_is_stored_in_clear(app: TestApp) {
    let token = app.owner().await.invites(BOB, "editor").await;
    let everything = dump(&app.app().main).await;
    let hex = |text: &str| data_encoding::HEXLOWER.encode(text.as_bytes());
    for secret in [BOB, &hex(BOB), &token, &hex(&token)] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

async fn with_mail(app: TestApp) -> (TestApp, Arc<Letterbox>) {
    let letters = Letterbox::new();
    let mailer = letters.clone();
    (app.restart_with(move |app| app.mailer = Some(mailer)).await, letters)
}

async fn invites_by_mail(app: TestApp) {
    let (app, letters) = with_mail(app).await;
    let owner = app.owner().await;
    let body = json!({"email": BOB, "role": "editor"});
    let invited = owner.says(body).post("/api/v1/invitations").await.assert(201).json();
    assert_eq!((&invited["link"], &invited["invitation"]["sent_at"]), (&Value::Null, &Value::Null));
    assert!(letters.take().is_empty(), "nobody waits for a mail server");
    letters.out_of_order.store(true, Ordering::SeqCst);
    assert_eq!(app.works_off().await, 1);
    assert!(letters.take().is_empty());
    let listed = owner.asks().get("/api/v1/invitations").await.assert(200).json();
    assert_eq!(listed["data"][0]["sent_at"], Value::Null, "it is not said to be sent before it is");
    letters.out_of_order.store(false, Ordering::SeqCst);
    app.advance(Duration::from_hours(1));
    assert_eq!(app.works_off().await, 1, "it is tried again");
    let [(to, text)] = letters.take().try_into().unwrap();
    assert_eq!(to, BOB);
    assert!(text.contains("My organisation") && !text.contains("Ana"), "{text}");
    let token = text.split_once("#token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    assert!(waiting(&app).await[0]["sent_at"].is_string());
    let everything = dump(&app.app().main).await;
    assert!(!everything.contains(&token) && !everything.contains(BOB), "a job says neither to whom nor what");
    app.accepts(&token, THEIR_PASSWORD).await.assert(201);
    // An address is not flooded, also where each invitation is withdrawn by the next.
    let owner = app.owner().await;
    app.works_off().await;
    letters.take();
    let mails_to =
        async |email: &str| owner.says(json!({"email": email, "role": "editor"})).post("/api/v1/invitations").await;
    for _ in 0..super::MOST_TO_ADDRESS {
        mails_to("cem@example.org").await.assert(201);
    }
    assert_eq!(mails_to(" CEM@example.org").await.assert(429).code(), "too_many_requests");
    mails_to("dora@example.org").await.assert(201);
    app.works_off().await;
    let mut sent: Vec<String> = letters.take().into_iter().map(|(to, _)| to).collect();
    sent.sort();
    assert_eq!(sent, ["cem@example.org", "dora@example.org"], "what was withdrawn is not mailed");
    drop(owner);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_mailed_over_embedded() {
    invites_by_mail(TestApp::start_embedded("mailed_embedded").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_mailed_over_postgres() {
    invites_by_mail(TestApp::start_postgres("mailed_postgres").await).await;
}

#[app_test]
async fn a_turn_of_the_organisations_key_seals_addresses_anew(app: TestApp) {
    let token = app.owner().await.invites(BOB, "editor").await;
    let wanted = crate::key_rotation::Wanted { kind: Some(keys::KeyKind::Organisation), now: true };
    crate::key_rotation::rotate(app.app(), wanted).await.unwrap();
    let owner = keys::Owner::Organisation(app.installed().organisation.id);
    let old = app.app().keys.version(keys::KeyKind::Organisation, owner, 1);
    assert!(matches!(old, Err(keys::KeyError::Destroyed { .. })));
    assert_eq!(looks(&app, &token).await.assert(200).json()["email"], BOB);
}
