//! What only owners may do, and a provider's word is not enough for: whoever runs the provider would be the owner.

use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};

use super::{World, person};
use crate::testing::{Answer, PASSWORD, SignedIn, TestApp};

const RULE: &str = "/api/v1/organisation/sign-in";
const PROOF: &str = "/api/v1/sessions/current/proofs/oidc";

/// Every way to do what only owners may, to an admin and to another owner.
async fn as_an_owner(who: &SignedIn, admin: &SignedIn, other: &SignedIn) -> Vec<Answer> {
    let of = |member: &SignedIn, what: &str| format!("/api/v1/members/{}{what}", member.id);
    vec![
        who.says(json!({"role": "owner"})).put(&of(admin, "/role")).await,
        who.asks().post(&of(admin, "/ownership")).await,
        who.says(json!({"role": "viewer"})).put(&of(other, "/role")).await,
        who.asks().post(&of(other, "/suspend")).await,
        who.asks().delete(&of(other, "")).await,
        who.says(json!({"email": "eve@evil.example", "role": "owner"})).post("/api/v1/invitations").await,
        who.says(json!({"identity_provider_required": false})).put(RULE).await,
    ]
}

fn refused(answers: Vec<Answer>, code: &str, next: &Value) {
    for answer in answers {
        let answer = answer.assert(403);
        assert_eq!((answer.code().as_str(), &answer.json()["next"]), (code, next), "{}", answer.json());
    }
}

#[app_test]
async fn whoever_runs_the_provider_does_nothing_as_the_owner(app: TestApp) {
    let world = World::with(&app, json!({"trusts_mfa": true})).await;
    let (eve, dora) = (app.member("eve@acme.example", "admin").await, app.member("dora@example.org", "owner").await);
    world.issuer.is(person("ana at acme", "ana@acme.example"));
    world.links(&world.owner).await.assert(200);
    // Eve runs the provider, and has it say that she is the owner, and all else that it can.
    world.issuer.says(json!({"amr": ["phr", "mfa"]}));
    let over = world.signs_in().await;
    refused(as_an_owner(&over, &eve, &dora).await, "step_up_required", &json!(["password"]));
    let again = app.began(&world.goes_signed_in(&over, PROOF).await.assert(200));
    refused(as_an_owner(&again, &eve, &dora).await, "step_up_required", &json!(["password"]));
    // What admins may she may anyway.
    let body = json!({"email": "mallory@evil.example", "role": "admin"});
    again.says(body).post("/api/v1/invitations").await.assert(201);
    // It is not the role that she lacks as an admin.
    world.issuer.is(person("eve", "eve@acme.example"));
    let as_admin = world.signs_in().await;
    assert_eq!(as_admin.id, eve.id);
    refused(as_an_owner(&as_admin, &eve, &dora).await, "forbidden", &Value::Null);
    // Whoever has the password is the owner, for as long as that is fresh. Nothing of the provider makes it so.
    let own = world.proves(&again, json!({"kind": "password", "password": PASSWORD})).await;
    app.advance(Duration::from_mins(9));
    world.issuer.is(person("ana at acme", "ana@acme.example"));
    let own = app.began(&world.links(&own).await.assert(200));
    assert_eq!(own.asks().post(PROOF).await.assert(403).code(), "invalid_proof");
    app.advance(Duration::from_mins(2));
    refused(as_an_owner(&own, &eve, &dora).await, "step_up_required", &json!(["password"]));
    let own = world.proves(&own, json!({"kind": "password", "password": PASSWORD})).await;
    own.asks().post(&format!("/api/v1/members/{}/ownership", eve.id)).await.assert(200);
}

#[app_test]
async fn a_providers_second_factor_stands_in_for_no_owners_own_one(app: TestApp) {
    let world = World::with(&app, json!({"trusts_mfa": true})).await;
    let (eve, dora) = (app.member("eve@acme.example", "admin").await, app.member("dora@example.org", "owner").await);
    world.issuer.is(person("ana at acme", "ana@acme.example"));
    world.links(&world.owner).await.assert(200);
    let totp = app.owner().await.sets_up_totp().await;
    world.issuer.says(json!({"amr": ["phr", "mfa"]}));
    let own = json!(["totp", "recovery_code"]);
    let half = world.tries().await.assert(403);
    assert_eq!((half.code().as_str(), &half.json()["next"]), ("mfa_required", &own));
    let half = app.half(&half);
    refused(as_an_owner(&half, &eve, &dora).await, "mfa_required", &own);
    app.advance(Duration::from_secs(30));
    let code = totp.code_at(app.app().clock.now());
    let whole = world.proves(&half, json!({"kind": "totp", "code": code})).await;
    whole.asks().post(&format!("/api/v1/members/{}/ownership", eve.id)).await.assert(200);
}
