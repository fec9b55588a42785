use app_test::app_test;
use serde_json::json;

use super::Of;
use crate::delivery::tests::{flow, publish};
use crate::doors::Door;
use crate::testing::TestApp;

#[app_test]
async fn what_a_server_sent_is_read_back_at_once(app: TestApp) {
    app.send(json!([
        {"type": "track", "userId": "u1", "event": "A", "properties": {"amount": 1.5}, "timestamp": "2026-09-30T10:00:00Z"},
        {"type": "track", "userId": "u1", "event": "B", "timestamp": "2026-09-30T11:00:00Z"},
        {"type": "group", "userId": "u1", "groupId": "c 1/ä", "traits": {"name": "Acme", "employees": 7}},
    ]))
    .await;
    let events = app.api().get("/api/v1/people/u1/events").await.assert(200).json();
    assert_eq!(events["data"][2]["properties"], json!({"amount": 1.5}));
    assert_eq!((&events["data"][2]["type"], &events["data"][2]["event"]), (&json!("track"), &json!("A")));
    let company = app.api().get("/api/v1/companies/c%201%2F%C3%A4").await.assert(200).json();
    assert_eq!(company["attributes"], json!({"name": "Acme", "employees": 7}));
    let of_company = app.api().get("/api/v1/companies/c%201%2F%C3%A4/events").await.assert(200).json();
    assert_eq!(of_company["data"].as_array().unwrap().len(), 1);
    let counts = app.api().get("/api/v1/events/counts?from=2026-09-30T00:00:00Z").await.assert(200).json();
    let expected = json!([
        {"event": "A", "day": "2026-09-30", "count": 1},
        {"event": "B", "day": "2026-09-30", "count": 1},
        {"event": "$group", "day": "2026-10-01", "count": 1},
    ]);
    assert_eq!(counts["data"], expected);
}

#[app_test]
async fn lists_are_read_page_by_page(app: TestApp) {
    for index in 0..5 {
        app.advance(std::time::Duration::from_secs(1));
        app.send(json!([{"type": "track", "userId": format!("u{index}"), "event": "E"}])).await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/people?limit=2".to_owned();
    loop {
        let page = app.api().get(&path).await.assert(200).json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|one| one["external_id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/people?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["u4", "u3", "u2", "u1", "u0"]);
    app.api().get("/api/v1/people?cursor=x").await.assert(422);
    app.api().get("/api/v1/people?limit=0").await.assert(422);
    app.api().get("/api/v1/people?colour=red").await.assert(400);
    let found = app.api().get("/api/v1/people?q=u3").await.assert(200).json();
    assert_eq!(found["data"][0]["external_id"], "u3");
}

#[app_test]
async fn another_environments_people_are_not_there(app: TestApp) {
    app.send(json!([{"type": "identify", "userId": "u1", "traits": {"email": "a@example.org"}}, {"type": "group", "userId": "u1", "groupId": "c1"}])).await;
    let staging = app.installed().organisation.environments[1].id.to_string();
    for path in ["people/u1", "people/u1/events", "companies/c1", "companies/c1/events"] {
        app.api().get(&format!("/api/v1/{path}")).await.assert(200);
        let there = app.api().header("pilotfish-environment", &staging).get(&format!("/api/v1/{path}")).await;
        assert_eq!(there.assert(404).code(), "not_found");
        app.at(Door::Api).get(&format!("/api/v1/{path}")).await.assert(401);
    }
    let id = app.person("u1").await.json()["id"].as_str().unwrap().to_owned();
    app.person(&id).await.assert(200);
    let there = app.api().header("pilotfish-environment", &staging).get(&format!("/api/v1/people/{id}")).await;
    there.assert(404);
    let search = app.api().header("pilotfish-environment", &staging).json(&json!({"email": "a@example.org"}));
    assert_eq!(search.post("/api/v1/people/search").await.assert(200).json()["data"], json!([]));
    app.at(Door::Api).bearer(&app.server_key(Of::Production)).get("/api/v1/people/u1").await.assert(401);
}

#[app_test]
async fn what_browsers_see_is_kept_per_person(app: TestApp) {
    let id = publish(&app, &flow(json!({}))).await;
    let seen = |event: &str, at: &str| {
        json!({"type": "track", "userId": "u1", "event": event, "timestamp": at,
        "properties": {"content": id, "version": 1, "step": "s2"}})
    };
    app.send(json!([seen("$shown", "2026-09-30T10:00:00Z"), seen("$step", "2026-09-30T10:01:00Z")])).await;
    app.send(json!([seen("$completed", "2026-09-30T10:02:00Z"), seen("$shown", "2026-09-30T09:00:00Z")])).await;
    let environment = app.installed().organisation.environments[0].id;
    let person = crate::people::find(app.app(), environment, "u1").await.unwrap().unwrap();
    let row = crate::people::row(app.app(), &person).await.unwrap();
    let seen = serde_json::to_value(&row.seen[&id]).unwrap();
    assert_eq!(seen["shown_at"], "2026-09-30T10:00:00Z");
    assert_eq!((&seen["completed_at"], &seen["step"]), (&json!("2026-09-30T10:02:00Z"), &json!("s2")));
}

#[app_test]
async fn what_rules_ask_for_is_counted_once_and_decided_in_the_clear(app: TestApp) {
    use crate::delivery::Watched;
    use targeting::{Place, Rule};
    let rule = json!({"all": [
        {"field": "person.email", "op": "ends_with", "value": "@example.org"},
        {"event": "Invoice Sent", "filters": [{"field": "event.amount", "op": "gt", "value": 10}]},
        {"event": "Invoice Sent", "within": "30d"},
    ]});
    let mentions = Rule::parse(&rule, Place::Audience, "").unwrap().mentions();
    let environment = app.installed().organisation.environments[0].id;
    let watched = mentions.counters.keys().map(|counter| (*counter, Watched::default())).collect();
    app.app().watches.set(environment, crate::ingest::Watch::of(&mentions, &watched));
    let sent = |id: &str, amount: i64| {
        json!({"type": "track", "messageId": id, "userId": "u1", "event": "Invoice Sent",
        "properties": {"amount": amount}, "timestamp": "2026-09-30T10:00:00Z"})
    };
    app.send(json!([{"type": "identify", "userId": "u1", "traits": {"email": "a@example.org"}}])).await;
    app.send(json!([sent("m1", 5), sent("m2", 50), sent("m3", 60), sent("m3", 60)])).await;
    app.send(json!([sent("m2", 50)])).await;
    let person = crate::people::find(app.app(), environment, "u1").await.unwrap().unwrap();
    let row = crate::people::row(app.app(), &person).await.unwrap();
    let outcomes: Vec<bool> = row.attributes.outcomes["email"].values().copied().collect();
    assert_eq!(outcomes, [true]);
    let counters = serde_json::to_value(&row.counters).unwrap();
    let mut counters: Vec<_> = counters.as_object().unwrap().values().cloned().collect();
    counters.sort_by_key(ToString::to_string);
    assert_eq!(counters, [json!({"times": [1_790_762_400, 1_790_762_400, 1_790_762_400]}), json!({"total": 2})]);
}
