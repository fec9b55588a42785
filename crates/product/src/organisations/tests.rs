use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};

use crate::testing::{SignedIn, THEIR_PASSWORD, TestApp};

const BOB: &str = "bob@example.org";

fn policy(require_mfa: &str, grace_days: u32) -> Value {
    json!({"require_mfa": require_mfa, "grace_days": grace_days, "idle_minutes": 30, "absolute_hours": 12})
}

async fn sets(owner: &SignedIn, policy: Value) -> Value {
    owner.says(policy).put("/api/v1/organisation/security").await.assert(200).json()
}

#[app_test]
async fn a_required_factor_leaves_a_grace_and_then_nothing_but_enrolling(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "admin").await);
    assert_eq!(owner.says(policy("any", 7)).put("/api/v1/organisation/security").await.assert(409).code(), "conflict");
    owner.sets_up_totp().await;
    let set = sets(&owner, policy("any", 7)).await;
    assert!(set["grace_until"].is_string());

    let session = bob.asks().get("/api/v1/sessions/current").await.assert(200).json();
    assert_eq!((&session["needs"], &session["enrol_until"]), (&Value::Null, &set["grace_until"]));
    bob.asks().get("/api/v1/me").await.assert(200);

    app.advance(Duration::from_hours(7 * 24));
    let bob = app.signs_in(BOB, THEIR_PASSWORD).await;
    assert_eq!(bob.asks().get("/api/v1/sessions/current").await.assert(200).json()["needs"], "enrolment");
    for path in ["/api/v1/me", "/api/v1/members", "/api/v1/organisation/security"] {
        assert_eq!(bob.asks().get(path).await.assert(403).code(), "mfa_enrolment_required", "{path}");
    }
    bob.says(json!({"name": "x"})).post("/api/v1/surveys").await.assert(403);
    bob.asks().get("/api/v1/account").await.assert(200);
    bob.asks().get("/api/v1/sessions").await.assert(200);
    bob.sets_up_totp().await;
    assert_eq!(bob.asks().get("/api/v1/sessions/current").await.assert(200).json()["needs"], Value::Null);
    bob.asks().get("/api/v1/me").await.assert(200);
}

#[app_test]
async fn who_joins_later_has_a_grace_of_their_own(app: TestApp) {
    let owner = app.owner().await;
    let totp = owner.sets_up_totp().await;
    sets(&owner, policy("any", 3)).await;
    app.advance(Duration::from_hours(10 * 24));
    let owner = app.signs_in_with_totp(&totp).await;
    let token = owner.invites(BOB, "editor").await;
    let bob = app.began(&app.accepts(&token, THEIR_PASSWORD).await.assert(201));
    bob.asks().get("/api/v1/me").await.assert(200);
    app.advance(Duration::from_hours(3 * 24));
    let bob = app.signs_in(BOB, THEIR_PASSWORD).await;
    bob.asks().get("/api/v1/me").await.assert(403);
}

#[app_test]
async fn an_organisation_makes_sessions_shorter_never_longer(app: TestApp) {
    let owner = app.owner().await;
    for (field, value) in [("idle_minutes", 31), ("idle_minutes", 4), ("absolute_hours", 13), ("grace_days", 91)] {
        let mut refused = policy("off", 7);
        refused[field] = json!(value);
        let refused = owner.says(refused).put("/api/v1/organisation/security").await.assert(422).json();
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"));
    }
    let mut shorter = policy("off", 7);
    (shorter["idle_minutes"], shorter["absolute_hours"]) = (json!(5), json!(1));
    sets(&owner, shorter).await;
    assert_eq!(owner.asks().get("/api/v1/sessions/current").await.assert(200).json()["idle_seconds"], 300);
    app.advance(Duration::from_mins(6));
    assert!(!owner.is_in().await);
    let owner = app.owner().await;
    for _ in 0..14 {
        app.advance(Duration::from_mins(4));
        assert!(owner.is_in().await);
    }
    app.advance(Duration::from_mins(5));
    assert!(!owner.is_in().await);
}

#[app_test]
async fn only_who_may_changes_what_is_asked(app: TestApp) {
    let (editor, officer) = (app.member(BOB, "editor").await, app.member("cem@example.org", "privacy_officer").await);
    editor.asks().get("/api/v1/organisation/security").await.assert(403);
    officer.asks().get("/api/v1/organisation/security").await.assert(200);
    officer.says(policy("off", 7)).put("/api/v1/organisation/security").await.assert(403);
    // What one organisation asks is not asked in another.
    let other = app.other_owner("olga@example.org").await;
    other.sets_up_totp().await;
    sets(&other, policy("any", 0)).await;
    editor.asks().get("/api/v1/me").await.assert(200);
}
