use std::time::Duration;

use app_test::app_test;
use axum::http::HeaderMap;
use base::{Code, Personal, Secret};
use serde_json::json;

use super::api::after_password;
use super::prove_password;
use crate::authority::SystemTx;
use crate::doors::Door;
use crate::members;
use crate::sign_ins::Origin;
use crate::testing::{OWNER, PASSWORD, TestApp};

#[app_test]
async fn the_owner_signs_in_and_out(app: TestApp) {
    let cookie = app.sign_in().await;
    let me = app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(200).json();
    assert_eq!(me["member"]["email"], OWNER);
    assert_eq!(me["role"], "owner");
    app.at(Door::Dashboard).cookie(&cookie).delete("/api/v1/sessions/current").await.assert(204);
    app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(401);
}

#[app_test]
async fn the_cookie_is_bound_to_its_host_and_hidden_from_scripts(app: TestApp) {
    let body = json!({"email": OWNER, "password": PASSWORD});
    let answer = app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await.assert(201);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-pilotfish_session="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
}

#[app_test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer(app: TestApp) {
    let ask = |email: &str| {
        let body = json!({"email": email, "password": "a wrong password, long enough"});
        app.at(Door::Dashboard).json(&body)
    };
    let mut known = ask(OWNER).post("/api/v1/sessions").await.assert(401).json();
    let mut unknown = ask("nobody@example.org").post("/api/v1/sessions").await.assert(401).json();
    assert_eq!(known["code"], "invalid_credentials");
    known.as_object_mut().unwrap().remove("request_id");
    unknown.as_object_mut().unwrap().remove("request_id");
    assert_eq!(known, unknown);
}

#[app_test]
async fn a_session_ends_after_half_an_hour_without_a_request(app: TestApp) {
    let cookie = app.sign_in().await;
    app.advance(Duration::from_mins(29));
    app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(200);
    app.advance(Duration::from_mins(29));
    app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(200);
    app.advance(Duration::from_mins(31));
    app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(401);
}

#[app_test]
async fn a_session_ends_after_twelve_hours_however_busy(app: TestApp) {
    let cookie = app.sign_in().await;
    for _ in 0..36 {
        app.advance(Duration::from_mins(20));
        app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(200);
    }
    app.advance(Duration::from_mins(1));
    app.at(Door::Dashboard).cookie(&cookie).get("/api/v1/me").await.assert(401);
}

#[app_test]
async fn a_password_that_was_replaced_while_it_was_looked_at_begins_nothing(app: TestApp) {
    let headers = HeaderMap::new();
    let from = Origin { address: "192.0.2.7".parse().unwrap(), headers: &headers, known: None };
    let (email, password) = (Personal::new(OWNER.to_owned()), Secret::new(PASSWORD.to_owned()));
    let (product, place) = (app.app(), app.app().passwords.queue().unwrap());
    let (account, attempt) = prove_password(product, place, &from, &email, &password).await.unwrap();
    let (new, upgraded) = (Secret::new("nine kettles on a shelf".to_owned()), account.password.clone());
    let new = members::prepare_password(product, account.id, &new).await.unwrap();
    let mut tx = SystemTx::begin(product).await.unwrap();
    members::set_password(product, &mut tx, account.id, new, None).await.unwrap();
    tx.commit().await.unwrap();
    let refused = after_password(product, &from, account.id, &upgraded, &attempt).await.err().unwrap();
    assert_eq!(refused.code, Code::InvalidCredentials);
    let rows = store::sql("SELECT id FROM sessions WHERE ended_at IS NULL");
    assert!(rows.fetch_all(product.main.read(store::Scope::System)).await.unwrap().is_empty());
    let account = members::account(product, &email).await.unwrap().unwrap();
    assert!(after_password(product, &from, account.id, &account.password, &attempt).await.is_ok());
}

#[app_test]
async fn sessions_that_are_over_are_not_listed(app: TestApp) {
    let owner = app.owner().await;
    let policy = json!({"require_mfa": "off", "grace_days": 0, "idle_minutes": 5, "absolute_hours": 1});
    owner.says(policy).put("/api/v1/organisation/security").await.assert(200);
    app.advance(Duration::from_mins(6));
    let owner = app.owner().await;
    let listed = async |who: &crate::testing::SignedIn| {
        let listed = who.asks().get("/api/v1/sessions").await.assert(200).json();
        listed["data"].as_array().unwrap().len()
    };
    assert_eq!(listed(&owner).await, 1, "the first one was not used for five minutes");
    owner.sets_up_totp().await;
    let half = app.half_signed_in().await;
    assert_eq!(listed(&owner).await, 2);
    for _ in 0..11 {
        app.advance(Duration::from_mins(1));
        assert!(owner.is_in().await);
        half.is_in().await;
    }
    assert_eq!(listed(&owner).await, 1, "nobody gave the second factor for ten minutes");
}

#[app_test]
async fn guesses_are_limited_for_known_and_unknown_accounts_alike(app: TestApp) {
    for email in [OWNER, "nobody@example.org"] {
        let mut checked = 0;
        for _ in 0..600 {
            let body = json!({"email": email, "password": "a wrong password, long enough"});
            let answer = app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await;
            if answer.status == 401 {
                checked += 1;
                assert_ne!(checked, 11, "more than ten guesses were checked");
            } else {
                assert_eq!(answer.assert(429).code(), "too_many_requests");
                app.advance(Duration::from_secs(1));
            }
            if checked == 10 {
                break;
            }
        }
        assert_eq!(checked, 10);
        let body = json!({"email": email, "password": PASSWORD});
        app.advance(Duration::from_mins(5));
        let refused = app.at(Door::Dashboard).json(&body).post("/api/v1/sessions").await.assert(429);
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    }
    app.advance(Duration::from_mins(16));
    app.sign_in().await;
}

#[app_test]
async fn another_sites_page_can_neither_sign_in_nor_act(app: TestApp) {
    let body = json!({"email": OWNER, "password": PASSWORD});
    let foreign = app.at(Door::Dashboard).json(&body).header("origin", "https://evil.example");
    assert_eq!(foreign.post("/api/v1/sessions").await.assert(403).code(), "cross_site");
    let cookie = app.sign_in().await;
    let foreign = app.at(Door::Dashboard).cookie(&cookie).header("sec-fetch-site", "same-site");
    assert_eq!(foreign.delete("/api/v1/sessions/current").await.assert(403).code(), "cross_site");
    let own = app.at(Door::Dashboard).cookie(&cookie).header("origin", "https://dashboard.localhost:8444");
    own.delete("/api/v1/sessions/current").await.assert(204);
}

#[app_test]
async fn neither_the_token_nor_the_address_is_stored_in_clear(app: TestApp) {
    let cookie = app.sign_in().await;
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let rows = store::sql("SELECT hash, id FROM sessions").fetch_all(app.app().main.read(store::Scope::System)).await;
    let hash: Vec<u8> = rows.unwrap()[0].get("hash").unwrap();
    assert_ne!(hash, token.as_bytes());
    let rows = store::sql("SELECT email, name, password FROM members")
        .fetch_all(app.app().main.read(store::Scope::System))
        .await
        .unwrap();
    let email: Vec<u8> = rows[0].get("email").unwrap();
    assert!(!email.windows(3).any(|part| part == b"ana"));
    assert!(rows[0].get::<String>("password").unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}

async fn guess(app: &TestApp, account: usize, address: &str) -> crate::testing::Answer {
    let email = format!("person-{account}@example.org");
    let body = json!({"email": email, "password": "a wrong password, long enough"});
    app.at(Door::Dashboard).from(address).json(&body).post("/api/v1/sessions").await
}

#[app_test]
async fn guesses_from_one_address_are_limited_over_all_accounts(app: TestApp) {
    for account in 0..100 {
        guess(&app, account, "192.0.2.1").await.assert(401);
    }
    let refused = guess(&app, 100, "192.0.2.200").await.assert(429);
    assert_eq!(refused.header("retry-after"), "900");
    guess(&app, 101, "198.51.100.1").await.assert(401);
    app.advance(Duration::from_mins(16));
    guess(&app, 102, "192.0.2.1").await.assert(401);
}

#[app_test]
async fn a_right_password_does_not_use_up_the_addresss_guesses(app: TestApp) {
    for _ in 0..101 {
        app.sign_in().await;
    }
}

#[app_test]
async fn attempts_of_all_accounts_are_forgotten_after_the_window(app: TestApp) {
    guess(&app, 1, "192.0.2.1").await.assert(401);
    guess(&app, 2, "192.0.2.1").await.assert(401);
    app.advance(Duration::from_mins(16));
    guess(&app, 3, "198.51.100.1").await.assert(401);
    let main = &app.app().main;
    let rows = store::sql("SELECT subject FROM sign_in_attempts").fetch_all(main.read(store::Scope::System)).await;
    assert_eq!(rows.unwrap().len(), 2, "the account's and the address's of the last guess");
}

#[app_test]
async fn too_many_sign_ins_at_once_are_refused_at_once(app: TestApp) {
    let answers = futures::future::join_all((0..60).map(|account| guess(&app, account, "192.0.2.1"))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|answer| answer.header("retry-after") == "1"));
    assert!(answers.iter().filter(|answer| answer.status == 401).count() >= 18);
}
