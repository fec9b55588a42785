use std::time::Duration;

use app_test::app_test;
use serde_json::json;

use super::{flow, publish, survey, why};
use crate::doors::Door;
use crate::testing::TestApp;

const DAY: Duration = Duration::from_hours(24);

#[app_test]
async fn what_is_published_is_shown_and_what_is_paused_is_not(app: TestApp) {
    let ana = app.user("ana");
    assert_eq!(ana.sync_with(json!({})).await, json!({"ruleset": 0, "events": [], "content": []}));
    let id = publish(&app, &survey(json!({"audience": null}))).await;
    let answer = ana.sync_with(json!({"page": {"url": "https://app.example/"}, "locale": "en", "sdk": "0.1.0"})).await;
    assert_eq!(answer["ruleset"], 1);
    assert_eq!(
        answer["content"],
        json!([{
            "id": id, "kind": "survey", "version": 1, "trigger": {"kind": "page", "where": null},
            "frequency": {"kind": "once"}, "theme": null,
            "questions": [{"id": "q1", "kind": "nps", "low": "Not at all likely", "high": "Extremely likely",
                           "text": "How likely?", "required": false}],
            "closing": null, "position": "bottom_right", "where": null, "resume": null,
        }])
    );
    app.api().post(&format!("/api/v1/surveys/{id}/pause")).await.assert(200);
    assert_eq!(ana.sync_with(json!({})).await["content"], json!([]));
    assert_eq!(why(&app, "ana", &id).await["reason"], "paused");
}

#[app_test]
async fn outside_the_audience_nothing_is_shown_and_why_says_so(app: TestApp) {
    let audience = json!({"all": [{"field": "person.plan", "op": "is", "value": "pro"},
                                  {"field": "company.size", "op": "gte", "value": 10}]});
    let id = publish(&app, &survey(json!({"audience": audience}))).await;
    let (ana, bo) = (app.user("ana"), app.user("bo"));
    let company = json!({"id": "c1", "traits": {"size": 50}});
    let seen = ana.sync_with(json!({"traits": {"plan": "pro"}, "company": company})).await;
    assert_eq!(seen["content"][0]["id"], json!(id), "what sync says counts at once");
    assert!(seen["content"][0].get("audience").is_none());
    assert_eq!(bo.sync_with(json!({"traits": {"plan": "free"}, "company": company})).await["content"], json!([]));
    let answer = why(&app, "bo", &id).await;
    assert_eq!((&answer["shown"], &answer["reason"]), (&json!(false), &json!("audience")));
    let plan = &answer["trace"]["parts"][2]["parts"][0]["parts"][0];
    assert_eq!(
        (&plan["field"], &plan["actual"], &plan["outcome"]),
        (&json!("person.plan"), &json!("free"), &json!("false"))
    );
    let answer = why(&app, "ana", &id).await;
    assert_eq!((&answer["shown"], &answer["reason"]), (&json!(true), &json!("eligible")));
    app.api().get(&format!("/api/v1/people/nobody/content/{id}/why")).await.assert(404);
    app.stranger().await.get(&format!("/api/v1/people/ana/content/{id}/why")).await.assert(404);
}

#[app_test]
async fn a_survey_is_shown_once_and_a_recontact_period_covers_all_surveys(app: TestApp) {
    let once = publish(&app, &survey(json!({"frequency": {"kind": "once"}}))).await;
    app.advance(Duration::from_secs(1));
    let again = publish(&app, &survey(json!({"frequency": {"kind": "recontact", "days": 30}}))).await;
    let ana = app.visitor("device-1");
    assert_eq!(ana.sees().await, [once.clone(), again.clone()]);
    ana.does("$shown", json!({"content": once, "version": 1})).await;
    assert_eq!(ana.sees().await, Vec::<String>::new());
    app.advance(30 * DAY);
    assert_eq!(ana.sees().await, [again]);
    assert_eq!(app.visitor("device-2").sees().await.len(), 2, "somebody else has not seen it");
}

#[app_test]
async fn an_interrupted_flow_goes_on_where_it_was(app: TestApp) {
    let first = publish(&app, &flow(json!({}))).await;
    app.advance(Duration::from_secs(1));
    let id = publish(&app, &flow(json!({"audience": {"field": "person.fresh", "op": "is", "value": true}}))).await;
    let ana = app.user("ana");
    ana.is(json!({"fresh": true})).await;
    assert_eq!(ana.sees().await, [first.clone(), id.clone()]);
    ana.does("$shown", json!({"content": id, "version": 1, "step": "s1"})).await;
    ana.does("$step", json!({"content": id, "version": 1, "step": "s2"})).await;
    ana.is(json!({"fresh": false})).await;
    let content = ana.sync_with(json!({})).await["content"].clone();
    assert_eq!((&content[0]["id"], &content[0]["resume"]), (&json!(id), &json!("s2")), "it goes on before all else");
    assert_eq!(content[1]["resume"], json!(null));
    ana.does("$completed", json!({"content": id, "version": 1})).await;
    assert_eq!(ana.sees().await, [first]);
}

#[app_test]
async fn what_only_the_browser_knows_is_left_to_it(app: TestApp) {
    let page = json!({"field": "page.path", "op": "starts_with", "value": "/invoices"});
    let audience = json!({"all": [{"field": "person.plan", "op": "is", "value": "pro"}, page,
                                  {"field": "device.kind", "op": "is", "value": "desktop"}]});
    publish(&app, &survey(json!({"audience": audience}))).await;
    let ana = app.user("ana");
    ana.is(json!({"plan": "pro"})).await;
    assert_eq!(ana.sees().await, Vec::<String>::new(), "the device is not known");
    let answer = ana.sync_with(json!({"device": {"kind": "desktop", "browser": "Firefox"}})).await;
    assert_eq!(answer["content"][0]["where"], page);
}

#[app_test]
async fn a_rule_on_a_personal_attribute_goes_by_stored_outcomes(app: TestApp) {
    let (before, ana) = (app.user("before"), app.user("ana"));
    before.is(json!({"email": "bo@acme.example"})).await;
    let rule = json!({"field": "person.email", "op": "ends_with", "value": "@acme.example"});
    let id = publish(&app, &survey(json!({"audience": rule}))).await;
    ana.is(json!({"email": "ana@acme.example"})).await;
    app.user("cy").is(json!({"email": "cy@other.example"})).await;
    assert_eq!(ana.sees().await, std::slice::from_ref(&id), "asked when it was written");
    assert_eq!(app.user("cy").sees().await, Vec::<String>::new());
    assert_eq!(before.sees().await, Vec::<String>::new());
    let answer = why(&app, "before", &id).await;
    assert_eq!(answer["reason"], "audience_unknown");
    app.work().await;
    assert_eq!(before.sees().await, std::slice::from_ref(&id), "computed by the worker");
    for user in ["before", "ana", "cy"] {
        let trace = why(&app, user, &id).await.to_string();
        assert!(!trace.contains("acme") && !trace.contains("other.example"), "{trace}");
    }
}

#[app_test]
async fn a_personal_attribute_takes_no_time_from_now(app: TestApp) {
    app.user("ana").is(json!({"birthday": "1990-01-01"})).await;
    let rule = json!({"field": "person.birthday", "op": "before", "value": "-30d"});
    let made = app.api().json(&survey(json!({"audience": rule}))).post("/api/v1/surveys").await.assert(201).json();
    let path = format!("/api/v1/surveys/{}/publish", made["id"].as_str().unwrap());
    let refused = app.api().post(&path).await.assert(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/definition/audience/value");
}

#[app_test]
async fn the_edge_asks_for_a_key_a_token_and_json(app: TestApp) {
    let nobody = app.at(Door::Edge).body(r#"{"anonymousId":"x"}"#).post("/v1/sync").await.assert(401);
    assert_eq!((nobody.code().as_str(), nobody.header("access-control-allow-origin")), ("unauthenticated", "*"));
    let claimed = app.visitor("x").send("/v1/sync", json!({"userId": "ana"})).await.assert(401);
    assert_eq!(claimed.code(), "invalid_identity_token");
    app.visitor("x").send("/v1/sync", json!({"traits": 3})).await.assert(400);
}

#[app_test]
async fn ids_are_read_as_the_tracking_api_reads_them(app: TestApp) {
    let id = publish(&app, &survey(json!({"audience": {"field": "person.plan", "op": "is", "value": "pro"}}))).await;
    let server = app.user("unused");
    let identify = json!({"userId": 42, "traits": {"plan": "pro"}});
    server.send("/v1/identify", identify).await.assert(200);
    for user in [json!(42), json!("42"), json!(" 42 ")] {
        let answer = server.sync_with(json!({"userId": user, "anonymousId": ""})).await;
        assert_eq!(answer["content"][0]["id"], json!(id), "{user}");
    }
    let people = app.api().get("/api/v1/people").await.assert(200).json();
    assert_eq!(people["data"].as_array().unwrap().len(), 1);
    let nobody = server.send("/v1/sync", json!({"userId": "", "anonymousId": "  "})).await.assert(422).json();
    assert_eq!(nobody["errors"][0]["pointer"], "/anonymousId");
    let long = "x".repeat(257);
    for (body, pointer) in [
        (json!({"userId": long}), "/userId"),
        (json!({"anonymousId": long}), "/anonymousId"),
        (json!({"company": {"id": long}}), "/company/id"),
        (json!({"company": {"id": " "}}), "/company/id"),
    ] {
        let refused = server.send("/v1/sync", body).await.assert(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let answer = json!({"userId": " 42 ", "anonymousId": "", "id": "00000000-0000-4000-8000-000000000001",
                        "content": id, "version": 1, "answers": {"q1": 9}, "complete": true});
    server.send("/v1/answers", answer.clone()).await.assert(200);
    assert_eq!(why(&app, "42", &id).await["shown"], json!(false), "42 has answered it");
    let mut refused = answer;
    refused["userId"] = json!("x".repeat(257));
    server.send("/v1/answers", refused).await.assert(422);
}

#[app_test]
async fn a_personal_trait_that_has_not_changed_is_not_written_again(app: TestApp) {
    let (ana, bo) = (app.user("ana"), app.user("bo"));
    let written = async |user: &str| {
        let person = crate::people::find(app.app(), app.production(), user).await.unwrap().unwrap();
        crate::people::row(app.app(), &person).await.unwrap().attributes.times["email"]
    };
    let email = |text: &str| json!({"traits": {"email": text}});
    ana.sync_with(email("a@example.org")).await;
    let first = written("ana").await;
    app.advance(Duration::from_secs(1));
    ana.sync_with(email("a@example.org")).await;
    assert_eq!(written("ana").await, first);
    bo.sync_with(email("a@example.org")).await;
    assert_eq!(written("bo").await, first + 1_000_000, "another person's");
    ana.sync_with(email("b@example.org")).await;
    assert_eq!(written("ana").await, first + 1_000_000);
    app.advance(Duration::from_secs(1));
    ana.is(json!({"email": "c@example.org"})).await;
    app.advance(Duration::from_secs(1));
    ana.sync_with(email("b@example.org")).await;
    assert_eq!(written("ana").await, first + 3_000_000, "somebody has written another since");
    let company = |text: &str| json!({"company": {"id": "c1", "traits": {"email": text}}});
    ana.sync_with(company("c@example.org")).await;
    ana.sync_with(company("c@example.org")).await;
}
