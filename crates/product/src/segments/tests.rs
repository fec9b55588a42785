//! How many people an audience matches, over HTTP.

use app_test::app_test;
use serde_json::{Value, json};

use crate::authority::Role;
use crate::delivery::tests::{publish, survey};
use crate::testing::TestApp;

const PATH: &str = "/api/v1/segments/preview";

async fn count(app: &TestApp, audience: Value) -> Value {
    app.api().json(&json!({"audience": audience})).post(PATH).await.assert(200).json()
}

/// What an exact count of everybody answers.
fn exact(count: u64, unknown: u64, total: u64) -> Value {
    json!({"count": count, "unknown": unknown, "total": total, "looked_at": total, "sampled": false})
}

#[app_test]
async fn people_are_counted_by_their_own_and_their_companys_attributes(app: TestApp) {
    assert_eq!(count(&app, json!(null)).await, exact(0, 0, 0));
    for (user, plan, size) in [("u1", "pro", 5), ("u2", "pro", 50), ("u3", "free", 50)] {
        let who = app.user(user);
        who.is(json!({"plan": plan})).await;
        let company = json!({"groupId": format!("c-{size}"), "traits": {"size": size}});
        who.send("/v1/group", company).await.assert(200);
    }
    app.user("u4").is(json!({"visits": 3})).await;
    let pro = json!({"field": "person.plan", "op": "is", "value": "pro"});
    let large = json!({"field": "company.size", "op": "gte", "value": 10});
    assert_eq!(count(&app, json!(null)).await, exact(4, 0, 4));
    assert_eq!(app.api().json(&json!({})).post(PATH).await.assert(200).json(), exact(4, 0, 4));
    assert_eq!(count(&app, pro.clone()).await, exact(2, 0, 4));
    assert_eq!(count(&app, json!({"all": [pro, large]})).await, exact(1, 0, 4));
    assert_eq!(count(&app, json!({"not": {"field": "person.plan", "op": "is_set"}})).await, exact(1, 0, 4));
}

#[app_test]
async fn what_is_not_known_is_counted_apart(app: TestApp) {
    app.user("u1").is(json!({"plan": "pro", "email": "ana@example.org"})).await;
    app.user("u2").is(json!({"plan": "free", "email": "bo@example.com"})).await;
    let page = json!({"field": "page.path", "op": "is", "value": "/invoices"});
    let pro = json!({"field": "person.plan", "op": "is", "value": "pro"});
    assert_eq!(count(&app, json!({"all": [pro, page]})).await, exact(0, 1, 2), "the browser decides for u1");
    let sealed = json!({"field": "person.email", "op": "ends_with", "value": "@example.org"});
    assert_eq!(count(&app, sealed.clone()).await, exact(0, 2, 2), "no outcome is kept before a live rule asks");
    publish(&app, &survey(json!({"audience": sealed}))).await;
    app.work().await;
    assert_eq!(count(&app, sealed).await, exact(1, 0, 2));
}

#[app_test]
async fn somebody_who_was_merged_counts_once(app: TestApp) {
    app.user("u0").is(json!({"plan": "pro"})).await;
    app.visitor("phone").does("Opened", json!({})).await;
    app.user("u1").is(json!({"plan": "pro"})).await;
    assert_eq!(count(&app, json!(null)).await, exact(3, 0, 3));
    app.user("u1").send("/v1/identify", json!({"anonymousId": "phone", "traits": {}})).await.assert(200);
    assert_eq!(count(&app, json!(null)).await, exact(2, 0, 2));
}

#[app_test]
async fn a_preview_is_for_who_edits_content_and_says_what_is_wrong(app: TestApp) {
    let everybody = json!({"audience": null});
    app.api_as(Role::Editor).await.json(&everybody).post(PATH).await.assert(200);
    app.api_as(Role::Viewer).await.json(&everybody).post(PATH).await.assert(403);
    app.user("u1").is(json!({"plan": "pro"})).await;
    assert_eq!(app.stranger().await.json(&everybody).post(PATH).await.assert(200).json(), exact(0, 0, 0));
    let wrong = json!({"audience": {"all": [{"field": "plan", "op": "is", "value": 1}]}});
    let problem = app.api().json(&wrong).post(PATH).await.assert(422).json();
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["pointer"]),
        (&json!("invalid_value"), &json!("/audience/all/0/field"))
    );
}

#[app_test]
async fn only_so_many_previews_are_made_at_a_time(app: TestApp) {
    let places = [app.app().previews.enter().unwrap(), app.app().previews.enter().unwrap()];
    let refused = app.api().json(&json!({})).post(PATH).await.assert(429);
    assert_eq!(refused.header("retry-after"), "1");
    drop(places);
    app.api().json(&json!({})).post(PATH).await.assert(200);
}
