use std::time::Duration;

use app_test::app_test;
use serde_json::json;

use crate::doors::Door;
use crate::testing::{Answer, OWNER, PASSWORD, TestApp};

/// The device's cookie that came with an answer.
fn device(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let cookie = cookies.into_iter().find(|cookie| cookie.starts_with(super::COOKIE)).expect("no device's cookie");
    assert!(cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age="), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

async fn tries(app: &TestApp, device: Option<&str>, password: &str) -> Answer {
    let body = json!({"email": OWNER, "password": password});
    let asking = app.at(Door::Dashboard).json(&body);
    let asking = match device {
        Some(cookie) => asking.cookie(cookie),
        None => asking.from("198.51.100.7"),
    };
    asking.post("/api/v1/sessions").await
}

/// Guesses elsewhere until nothing is looked at any more.
async fn is_locked_out_elsewhere(app: &TestApp) {
    for _ in 0..600 {
        if tries(app, None, "a wrong password, long enough").await.status == 429 {
            app.advance(Duration::from_secs(1));
        }
    }
    tries(app, None, PASSWORD).await.assert(429);
}

#[app_test]
async fn a_known_device_gets_in_while_somebody_else_guesses(app: TestApp) {
    let known = device(&app.try_to_sign_in(OWNER, PASSWORD).await.assert(201));
    is_locked_out_elsewhere(&app).await;
    let signed_in = tries(&app, Some(&known), PASSWORD).await.assert(201);
    assert_ne!(device(&signed_in), known, "it has another token from now on");
    tries(&app, Some(&known), PASSWORD).await.assert(429);
}

#[app_test]
async fn a_known_device_has_an_allowance_of_its_own_and_no_more(app: TestApp) {
    let known = device(&app.try_to_sign_in(OWNER, PASSWORD).await.assert(201));
    let mut checked = 0;
    for _ in 0..600 {
        match tries(&app, Some(&known), "a wrong password, long enough").await.status.as_u16() {
            401 => checked += 1,
            429 => app.advance(Duration::from_secs(1)),
            other => panic!("{other}"),
        }
        if checked == 10 {
            break;
        }
    }
    app.advance(Duration::from_mins(1));
    tries(&app, Some(&known), PASSWORD).await.assert(429);
    tries(&app, None, PASSWORD).await.assert(201);
}

#[app_test]
async fn another_members_device_is_a_strangers(app: TestApp) {
    let token = app.owner().await.invites("bob@example.org", "editor").await;
    let of_bob = device(&app.accepts(&token, crate::testing::THEIR_PASSWORD).await.assert(201));
    is_locked_out_elsewhere(&app).await;
    tries(&app, Some(&of_bob), PASSWORD).await.assert(429);
    tries(&app, Some("__Host-pilotfish_device=made-up"), PASSWORD).await.assert(429);
}

#[app_test]
async fn a_device_is_known_once_the_second_factor_was_proven(app: TestApp) {
    app.owner().await.sets_up_totp().await;
    let half = app.try_to_sign_in(OWNER, PASSWORD).await.assert(403);
    assert_eq!(half.headers.get_all("set-cookie").iter().count(), 1, "the session's alone");
}

#[app_test]
async fn a_device_is_seen_and_forgotten_by_its_member_only(app: TestApp) {
    let answer = app.try_to_sign_in(OWNER, PASSWORD).await.assert(201);
    let known = device(&answer);
    let owner = app.began(&answer);
    let both = format!("{}; {known}", owner.cookie);
    let listed = app.at(Door::Dashboard).cookie(&both).get("/api/v1/account/devices").await.assert(200).json();
    assert_eq!(listed["data"][0]["current"], true);
    let path = format!("/api/v1/account/devices/{}", listed["data"][0]["id"].as_str().unwrap());
    app.member("bob@example.org", "admin").await.asks().delete(&path).await.assert(404);
    owner.asks().delete(&path).await.assert(204);
    owner.asks().delete(&path).await.assert(404);
    is_locked_out_elsewhere(&app).await;
    tries(&app, Some(&known), PASSWORD).await.assert(429);
}

#[app_test]
async fn a_device_that_is_not_used_is_forgotten(app: TestApp) {
    let known = device(&app.try_to_sign_in(OWNER, PASSWORD).await.assert(201));
    app.advance(Duration::from_hours(180 * 24));
    is_locked_out_elsewhere(&app).await;
    tries(&app, Some(&known), PASSWORD).await.assert(429);
    super::forget_old(app.app()).await.unwrap();
    let rows = store::sql("SELECT COUNT(*) AS devices FROM devices");
    let rows = rows.fetch_one(app.app().main.read(store::Scope::System)).await.unwrap();
    assert_eq!(rows.get::<i64>("devices").unwrap(), 0);
}
