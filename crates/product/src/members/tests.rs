use std::time::Duration;

use app_test::app_test;
use base::id::OrganisationId;
use serde_json::json;

use crate::authority::SystemTx;
use crate::doors::Door;
use crate::testing::{OWNER, PASSWORD, SignedIn, THEIR_PASSWORD, TestApp, dump};

const BOB: &str = "bob@example.org";

async fn roles(of: &SignedIn) -> Vec<(String, String, String)> {
    let team = of.asks().get("/api/v1/members").await.assert(200).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let members = team["data"].as_array().unwrap();
    members.iter().map(|one| (text(&one["email"]), text(&one["role"]), text(&one["state"]))).collect()
}

fn at(member: &SignedIn, what: &str) -> String {
    format!("/api/v1/members/{}{what}", member.id)
}

#[app_test]
async fn a_team_sees_who_works_here(app: TestApp) {
    app.advance(Duration::from_secs(1));
    app.member(BOB, "editor").await;
    let owner = app.owner().await;
    let expected = [(OWNER, "owner", "active"), (BOB, "editor", "active")];
    assert_eq!(roles(&owner).await, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    let team = owner.asks().get("/api/v1/members").await.assert(200).json();
    assert_eq!((&team["data"][0]["you"], &team["data"][1]["you"]), (&json!(true), &json!(false)));
    assert_eq!(team["data"][1]["name"], "Bob Bell");
    owner.sets_up_totp().await;
    let team = owner.asks().get("/api/v1/members").await.assert(200).json();
    assert_eq!((&team["data"][0]["mfa"], &team["data"][1]["mfa"]), (&json!("any"), &json!("none")));
}

#[app_test]
async fn only_who_may_manage_members_does(app: TestApp) {
    let (editor, officer) = (app.member(BOB, "editor").await, app.member("cem@example.org", "privacy_officer").await);
    editor.asks().get("/api/v1/members").await.assert(403);
    officer.asks().get("/api/v1/members").await.assert(200);
    for member in [&editor, &officer] {
        member.says(json!({"role": "admin"})).put(&at(&editor, "/role")).await.assert(403);
        member.asks().post(&at(&editor, "/suspend")).await.assert(403);
        member.asks().delete(&at(&editor, "")).await.assert(403);
        member.asks().post(&at(&editor, "/ownership")).await.assert(403);
    }
}

#[app_test]
async fn another_organisations_member_is_404(app: TestApp) {
    let (owner, other) = (app.owner().await, app.other_owner("olga@example.org").await);
    for (who, of) in [(&owner, &other), (&other, &owner)] {
        who.says(json!({"role": "viewer"})).put(&at(of, "/role")).await.assert(404);
        for what in ["/suspend", "/resume", "/ownership"] {
            who.asks().post(&at(of, what)).await.assert(404);
        }
        who.asks().delete(&at(of, "")).await.assert(404);
    }
    assert_eq!(roles(&other).await.len(), 1);
}

#[app_test]
async fn another_role_ends_the_sessions_that_had_the_old_one(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "editor").await);
    let changed = owner.says(json!({"role": "viewer"})).put(&at(&bob, "/role")).await.assert(200).json();
    assert_eq!(changed["role"], "viewer");
    assert!(!bob.is_in().await);
    let again = app.signs_in(BOB, THEIR_PASSWORD).await;
    assert_eq!(again.asks().get("/api/v1/me").await.assert(200).json()["role"], "viewer");
    assert!(owner.is_in().await);
}

#[app_test]
async fn whoever_is_suspended_is_out_at_once_and_back_when_they_may_work_again(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "admin").await);
    let suspended = owner.asks().post(&at(&bob, "/suspend")).await.assert(200).json();
    assert_eq!(suspended["state"], "suspended");
    bob.asks().get("/api/v1/me").await.assert(401);
    let refused = app.try_to_sign_in(BOB, THEIR_PASSWORD).await.assert(401);
    assert_eq!(refused.code(), "invalid_credentials", "the same as for a wrong password");
    owner.asks().post(&at(&bob, "/resume")).await.assert(200);
    assert_eq!(owner.asks().post(&at(&owner, "/suspend")).await.assert(409).code(), "conflict");
    assert!(!bob.is_in().await, "the session that was ended stays so");
    app.advance(Duration::from_mins(16));
    app.signs_in(BOB, THEIR_PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_members_next_request_fails_in_another_process() {
    let app = TestApp::start_postgres("suspended_elsewhere").await;
    let (owner, bob) = (app.owner().await, app.member(BOB, "admin").await);
    let second = app.second_process().await;
    let elsewhere = TestApp::through(crate::router(&second, Door::Dashboard), "dashboard.localhost");
    elsewhere.clone().cookie(&bob.cookie).get("/api/v1/me").await.assert(200);
    owner.asks().post(&at(&bob, "/suspend")).await.assert(200);
    let asked = std::time::Instant::now();
    elsewhere.cookie(&bob.cookie).get("/api/v1/me").await.assert(401);
    assert!(asked.elapsed() < Duration::from_secs(1));
    second.close().await;
    drop((owner, bob));
    app.finish().await;
}

#[app_test]
async fn owners_are_changed_by_owners_only(app: TestApp) {
    let (owner, admin) = (app.owner().await, app.member(BOB, "admin").await);
    assert_eq!(admin.says(json!({"role": "admin"})).put(&at(&owner, "/role")).await.assert(403).code(), "forbidden");
    admin.says(json!({"role": "owner"})).put(&at(&admin, "/role")).await.assert(403);
    admin.asks().post(&at(&owner, "/suspend")).await.assert(403);
    admin.asks().delete(&at(&owner, "")).await.assert(403);
    owner.says(json!({"role": "owner"})).put(&at(&admin, "/role")).await.assert(200);
    app.signs_in(BOB, THEIR_PASSWORD).await.says(json!({"role": "admin"})).put(&at(&owner, "/role")).await.assert(200);
}

#[app_test]
async fn an_organisation_keeps_an_owner(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "admin").await);
    assert_eq!(owner.asks().delete("/api/v1/account/membership").await.assert(409).code(), "last_owner");
    owner.says(json!({"role": "admin"})).put(&at(&owner, "/role")).await.assert(409);
    owner.asks().delete(&at(&owner, "")).await.assert(409);
    // A suspended owner is none who could act.
    owner.says(json!({"role": "owner"})).put(&at(&bob, "/role")).await.assert(200);
    owner.asks().post(&at(&bob, "/suspend")).await.assert(200);
    owner.asks().delete("/api/v1/account/membership").await.assert(409);
    owner.asks().post(&at(&bob, "/resume")).await.assert(200);
    owner.asks().delete("/api/v1/account/membership").await.assert(204);
    assert!(!owner.is_in().await);
}

#[app_test]
async fn of_two_owners_who_leave_at_once_one_stays(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "owner").await);
    let (one, other) = tokio::join!(
        owner.asks().delete("/api/v1/account/membership"),
        bob.asks().delete("/api/v1/account/membership"),
    );
    let mut answers = [one.status.as_u16(), other.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [204, 409]);
}

#[app_test]
async fn an_organisation_is_handed_over(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "editor").await);
    let elsewhere = app.owner().await;
    assert_eq!(owner.asks().post(&at(&owner, "/ownership")).await.assert(409).code(), "conflict");
    let handed = owner.asks().post(&at(&bob, "/ownership")).await.assert(200).json();
    assert_eq!(handed["role"], "owner");
    assert_eq!(owner.asks().get("/api/v1/me").await.assert(200).json()["role"], "admin", "this session goes on");
    assert!(!elsewhere.is_in().await && !bob.is_in().await, "the others had the old roles");
    owner.asks().post(&at(&bob, "/ownership")).await.assert(403);
}

#[app_test]
async fn whoever_is_removed_and_works_nowhere_else_is_forgotten(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "editor").await);
    owner.asks().delete(&at(&bob, "")).await.assert(204);
    assert!(!bob.is_in().await);
    assert_eq!(app.works_off().await, 1);
    let left = store::sql("SELECT COUNT(*) AS members FROM members")
        .fetch_one(app.app().main.read(store::Scope::System))
        .await
        .unwrap();
    assert_eq!(left.get::<i64>("members").unwrap(), 1);
    app.try_to_sign_in(BOB, THEIR_PASSWORD).await.assert(401);
    // And may come back as somebody new.
    let again = app.member(BOB, "viewer").await;
    assert_ne!(again.id, bob.id);
}

#[app_test]
async fn a_member_works_in_two_organisations_and_leaves_the_first(app: TestApp) {
    let (bob, olga) = (app.member(BOB, "editor").await, app.other_owner("olga@example.org").await);
    app.advance(Duration::from_secs(1));
    let token = olga.invites(BOB, "admin").await;
    let there = app.began(&app.accepts(&token, THEIR_PASSWORD).await.assert(201));
    assert_eq!(there.id, bob.id, "the same account");
    let account = there.asks().get("/api/v1/account").await.assert(200).json();
    let organisations = account["organisations"].as_array().unwrap();
    assert_eq!(organisations.iter().map(|one| one["role"].as_str().unwrap()).collect::<Vec<_>>(), ["editor", "admin"]);
    // A session goes on in the other one, and sees what is there.
    let (here, other) = (organisations[0]["id"].clone(), organisations[1]["id"].clone());
    let moved = bob.says(json!({"organisation": other})).put("/api/v1/sessions/current/organisation").await;
    assert_eq!(moved.assert(200).json()["organisation"], other);
    assert_eq!(bob.asks().get("/api/v1/me").await.assert(200).json()["organisation"]["name"], "Other");
    let back = bob.says(json!({"organisation": here})).put("/api/v1/sessions/current/organisation").await;
    back.assert(200);
    let stranger = app.owner().await;
    stranger.says(json!({"organisation": other})).put("/api/v1/sessions/current/organisation").await.assert(404);

    bob.asks().delete("/api/v1/account/membership").await.assert(204);
    assert!(!bob.is_in().await && there.is_in().await);
    assert_eq!(app.works_off().await, 1);
    // Name and address are sealed by the organisation that stays, and everything goes on.
    let account = there.asks().get("/api/v1/account").await.assert(200).json();
    assert_eq!((&account["email"], &account["name"]), (&json!(BOB), &json!("Bob Bell")));
    let sealed_by = store::sql("SELECT organisation_id FROM members WHERE id = $1")
        .bind(bob.id.parse::<base::id::MemberId>().unwrap())
        .fetch_one(app.app().main.read(store::Scope::System))
        .await
        .unwrap();
    let sealed_by: base::id::OrganisationId = sealed_by.get("organisation_id").unwrap();
    assert_eq!(json!(sealed_by), other);
    app.signs_in(BOB, THEIR_PASSWORD).await;
}

#[app_test]
async fn suspended_in_one_organisation_a_member_works_on_in_the_other(app: TestApp) {
    let (bob, olga) = (app.member(BOB, "editor").await, app.other_owner("olga@example.org").await);
    let there = app.began(&app.accepts(&olga.invites(BOB, "admin").await, THEIR_PASSWORD).await.assert(201));
    app.owner().await.asks().post(&at(&bob, "/suspend")).await.assert(200);
    assert!(!bob.is_in().await && there.is_in().await);
    let again = app.signs_in(BOB, THEIR_PASSWORD).await;
    assert_eq!(again.asks().get("/api/v1/me").await.assert(200).json()["organisation"]["name"], "Other");
}

#[app_test]
async fn one_is_called_something_else(app: TestApp) {
    let owner = app.owner().await;
    owner.says(json!({"name": "Ana María"})).put("/api/v1/account/name").await.assert(204);
    assert_eq!(owner.asks().get("/api/v1/account").await.assert(200).json()["name"], "Ana María");
    let refused = owner.says(json!({"name": " "})).put("/api/v1/account/name").await.assert(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/name");
    assert!(!dump(&app.app().main).await.contains("maría"));
}

#[app_test]
async fn a_name_is_sealed_by_the_organisation_that_seals_the_member_then(app: TestApp) {
    let (bob, olga) = (app.member(BOB, "editor").await, app.other_owner("olga@example.org").await);
    let there = app.began(&app.accepts(&olga.invites(BOB, "admin").await, THEIR_PASSWORD).await.assert(201));
    let id: base::id::MemberId = bob.id.parse().unwrap();
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    let before = super::store::sealed(&mut tx.0, id).await.unwrap().unwrap();
    let memberships = store::sql("SELECT organisation_id FROM memberships WHERE member_id = $1").bind(id);
    let memberships = memberships.fetch_all(&mut tx.0).await.unwrap();
    let mut organisations = memberships.iter().map(|row| row.get::<OrganisationId>("organisation_id").unwrap());
    let other = organisations.find(|one| *one != before.sealed_by);
    super::reseal::to(app.app(), &mut tx, &before, other.unwrap()).await.unwrap();
    let (named, ()) = tokio::join!(there.says(json!({"name": "Bob B."})).put("/api/v1/account/name"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        tx.commit().await.unwrap();
    });
    named.assert(204);
    assert_eq!(there.asks().get("/api/v1/account").await.assert(200).json()["name"], "Bob B.");
    // And what was read before that is not sealed over what stands now.
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    let late = super::reseal::to(app.app(), &mut tx, &before, before.sealed_by).await.unwrap_err();
    assert_eq!(late.code, base::Code::StorageContended);
}

#[app_test]
async fn a_password_that_was_changed_meanwhile_is_not_the_one_that_was_verified(app: TestApp) {
    let owner = app.owner().await;
    let account = super::account(app.app(), &base::Personal::new(OWNER.to_owned())).await.unwrap().unwrap();
    let holds = async || {
        let mut tx = SystemTx::begin(app.app()).await.unwrap();
        super::holds_password(app.app(), &mut tx.0, account.id, &account.password).await.unwrap()
    };
    assert!(holds().await);
    owner.says(json!({"password": "nine anchors on the wall"})).put("/api/v1/account/password").await.assert(204);
    assert!(!holds().await);
}

#[app_test]
async fn a_short_password_is_refused_when_the_factor_is_gone_by_then(app: TestApp) {
    let owner = app.owner().await;
    owner.sets_up_totp().await;
    let (id, short) = (owner.id.parse().unwrap(), base::Secret::new("vq7 lmrw".to_owned()));
    let [early, late] = [(); 2].map(|()| super::prepare_password(app.app(), id, &short));
    let (early, late) = (early.await.unwrap(), late.await.unwrap());
    owner.asks().delete("/api/v1/account/totp").await.assert(204);
    let set = async |new| {
        let mut tx = SystemTx::begin(app.app()).await.unwrap();
        super::set_password(app.app(), &mut tx, id, new, None).await?;
        tx.commit().await
    };
    let refused = set(early).await.unwrap_err();
    assert_eq!((refused.code, refused.errors[0].pointer.as_str()), (base::Code::InvalidValue, "/password"));
    app.owner().await.sets_up_totp().await;
    set(late).await.unwrap();
}

#[app_test]
async fn what_becomes_of_members_is_on_record(app: TestApp) {
    let (owner, bob) = (app.owner().await, app.member(BOB, "editor").await);
    owner.says(json!({"role": "viewer"})).put(&at(&bob, "/role")).await.assert(200);
    owner.asks().post(&at(&bob, "/suspend")).await.assert(200);
    owner.asks().post(&at(&bob, "/resume")).await.assert(200);
    owner.asks().delete(&at(&bob, "")).await.assert(204);
    let rows = store::sql("SELECT action, object, detail FROM audit_records ORDER BY created_at, id")
        .fetch_all(app.app().main.read(store::Scope::System))
        .await
        .unwrap();
    let actions: Vec<String> = rows.iter().map(|row| row.get("action").unwrap()).collect();
    for action in ["invitation.create", "invitation.accept", "member.set_role", "member.suspend", "member.remove"] {
        assert!(actions.iter().any(|one| one == action), "{action}: {actions:?}");
    }
    let texts: Vec<String> = rows.iter().map(|row| row.get("detail").unwrap()).collect();
    assert!(texts.iter().all(|text| !text.contains("example.org") && !text.contains("Bob")), "{texts:?}");
    assert!(app.try_to_sign_in(OWNER, PASSWORD).await.status == 201);
}
