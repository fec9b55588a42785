use app_test::app_test;
use data_encoding::BASE64;
use serde_json::json;

use super::Of;
use crate::doors::Door;
use crate::testing::TestApp;

#[app_test]
async fn every_path_takes_its_message(app: TestApp) {
    let paths = [
        ("track", "t", json!({"userId": "u1", "event": "Invoice Sent"})),
        ("identify", "i", json!({"userId": "u1", "traits": {"plan": "pro"}})),
        ("page", "p", json!({"userId": "u1", "properties": {"url": "https://app.example/a?b=c"}})),
        ("screen", "s", json!({"userId": "u1", "name": "Home"})),
        ("group", "g", json!({"userId": "u1", "groupId": "c1", "traits": {"employees": 7}})),
        ("alias", "a", json!({"userId": "u1", "previousId": "device-1"})),
    ];
    for (long, short, message) in paths {
        for path in [long, short] {
            let answer = app.edge().json(&message).post(&format!("/v1/{path}")).await.assert(200);
            assert_eq!(answer.json(), json!({"success": true}), "{path}");
        }
    }
    for path in ["batch", "b", "import"] {
        let body = json!({"batch": [{"type": "track", "userId": "u1", "event": "Invoice Paid"}]});
        app.edge().json(&body).post(&format!("/v1/{path}")).await.assert(200);
    }
    assert_eq!(app.events_of("u1").await.len(), 15);
}

#[app_test]
async fn the_key_is_taken_wherever_clients_put_it(app: TestApp) {
    let (server, browser) = (app.server_key(Of::Staging), app.browser_key(Of::Staging));
    let message = json!({"anonymousId": "a1", "event": "Opened"});
    for key in [&server, &browser] {
        let basic = format!("Basic {}", BASE64.encode(format!("{key}:").as_bytes()));
        app.at(Door::Edge).header("authorization", &basic).json(&message).post("/v1/t").await.assert(200);
        app.at(Door::Edge).bearer(key).json(&message).post("/v1/t").await.assert(200);
        let mut with_key = message.clone();
        with_key["writeKey"] = key.as_str().into();
        let plain = app.at(Door::Edge).body(with_key.to_string()).header("content-type", "text/plain;charset=UTF-8");
        plain.post("/v1/t").await.assert(200);
    }
}

#[app_test]
async fn without_a_good_key_nothing_is_looked_at(app: TestApp) {
    let body = json!({"batch": "not a batch"});
    let refused = async |asking: crate::testing::Asking| {
        assert_eq!(asking.json(&body).post("/v1/batch").await.assert(401).code(), "unauthenticated");
    };
    refused(app.at(Door::Edge)).await;
    refused(app.at(Door::Edge).bearer("pfe_wrong")).await;
    refused(app.at(Door::Edge).bearer(app.installed().api_key.as_ref().unwrap().expose())).await;
    refused(app.at(Door::Edge).header("authorization", "Basic !!!")).await;
    let unknown = keys::ApiKey::generate(keys::ApiKeyKind::Server, app.app().rng.as_ref()).text();
    refused(app.at(Door::Edge).bearer(unknown.expose())).await;
    app.at(Door::Edge).body("not json").post("/v1/t").await.assert(401);
}

#[app_test]
async fn with_a_good_key_in_the_body_a_malformed_batch_is_told_what_is_wrong(app: TestApp) {
    let key = app.server_key(Of::Production);
    for (body, pointer) in [
        (json!({"writeKey": key, "batch": "not a batch"}), "/batch"),
        (json!({"sentAt": 1_700_000_000, "batch": [], "writeKey": key}), "/sentAt"),
    ] {
        let refused = app.at(Door::Edge).json(&body).post("/v1/batch").await.assert(400).json();
        assert_eq!((&refused["code"], &refused["errors"][0]["pointer"]), (&json!("invalid_json"), &json!(pointer)));
    }
}

#[app_test]
async fn pages_of_any_origin_may_send(app: TestApp) {
    let asking =
        app.at(Door::Edge).header("origin", "https://shop.example").header("access-control-request-method", "POST");
    let preflight = asking.send(axum::http::Method::OPTIONS, "/v1/t").await.assert(204);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert!(preflight.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(preflight.header("access-control-allow-credentials"), "");
    let refused = app.at(Door::Edge).body("{}").post("/v1/t").await.assert(401);
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    app.at(Door::Edge).send(axum::http::Method::OPTIONS, "/v1/nowhere").await.assert(404);
    app.at(Door::Edge).body("{}").post("/v1/nowhere").await.assert(404);
}

#[app_test]
async fn the_settings_document_leads_back_to_this_edge(app: TestApp) {
    let key = app.browser_key(Of::Production);
    let document = app.at(Door::Edge).get(&format!("/v1/projects/{key}/settings")).await.assert(200).json();
    let segment = &document["integrations"]["Segment.io"];
    assert_eq!(
        (segment["apiKey"].as_str(), segment["apiHost"].as_str()),
        (Some(key.as_str()), Some("localhost:8443/v1"))
    );
    app.at(Door::Edge).get("/v1/projects/pfe_wrong/settings").await.assert(401);
}

#[app_test]
async fn a_refused_message_is_named_and_the_rest_is_kept(app: TestApp) {
    let rejected = app
        .rejected(json!([
            {"type": "track", "userId": "u1", "event": "First"},
            {"type": "track", "userId": "u1"},
            {"type": "dance", "userId": "u1"},
            {"type": "track", "event": "Nobody"},
            {"type": "track", "userId": "u1", "event": "Mail to ana@example.org"},
            {"type": "track", "userId": "u1", "event": "Old", "timestamp": "2019-01-01T00:00:00Z"},
            {"type": "track", "userId": "u1", "event": "Odd", "properties": 7},
            {"type": "track", "userId": "u1", "event": "Odd", "properties": {"ana@example.org": 1}},
            {"type": "track", "userId": "u1", "event": "Big", "properties": {"a": "x".repeat(40_000)}},
            {"type": "group", "userId": "u1"},
            42,
            {"type": "track", "userId": "u1", "event": "Last"},
        ]))
        .await;
    let expected = [
        (1, "invalid_message"),
        (2, "invalid_message"),
        (3, "invalid_message"),
        (4, "personal_event_name"),
        (5, "invalid_message"),
        (6, "invalid_message"),
        (7, "personal_property_name"),
        (8, "message_too_large"),
        (9, "invalid_message"),
        (10, "invalid_message"),
    ];
    assert_eq!(rejected, expected.map(|(index, code)| (index, code.to_owned())));
    assert_eq!(app.events_of("u1").await, ["Last", "First"]);
}

#[app_test]
async fn times_are_corrected_for_the_senders_clock(app: TestApp) {
    let body = json!({
        "batch": [{"type": "track", "userId": "u1", "event": "E", "timestamp": "2030-05-05T10:00:00Z"}],
        "sentAt": "2030-05-05T10:00:30Z",
    });
    app.edge().json(&body).post("/v1/batch").await.assert(200);
    let page = app.api().get("/api/v1/people/u1/events").await.assert(200).json();
    assert_eq!(page["data"][0]["time"], "2026-09-30T23:59:30Z");
}

#[app_test]
async fn a_copy_is_taken_and_changes_nothing(app: TestApp) {
    let first = json!([
        {"type": "identify", "messageId": "m1", "userId": "u1", "traits": {"plan": "free"}},
        {"type": "track", "messageId": "m2", "userId": "u1", "event": "E"},
    ]);
    app.send(first).await;
    app.send(json!([{"type": "identify", "messageId": "m3", "userId": "u1", "traits": {"plan": "pro"}}])).await;
    app.advance(std::time::Duration::from_mins(1));
    let copies = json!([
        {"type": "identify", "messageId": "m1", "userId": "u1", "traits": {"plan": "free"}},
        {"type": "track", "messageId": "m2", "userId": "u1", "event": "E", "timestamp": "2026-09-01T00:00:00Z"},
    ]);
    app.send(copies).await;
    assert_eq!(app.person("u1").await.json()["attributes"]["plan"], "pro");
    assert_eq!(app.events_of("u1").await, ["identify", "E", "identify"]);
}

#[app_test]
async fn a_nul_in_a_message_is_its_own_refusal_and_the_rest_goes_on(app: TestApp) {
    let nul = "a\0b";
    let messages = json!([
        {"type": "identify", "userId": "u1", "traits": {"plan": "pro"}},
        {"type": "track", "userId": "u1", "event": "A", "properties": {"note": nul}},
        {"type": "track", "userId": "u1", "event": nul},
        {"type": "identify", "userId": "u1", "traits": {nul: 1}},
        {"type": "track", "userId": nul, "event": "A"},
        {"type": "track", "userId": "u1", "event": "B", "properties": {"note": "a\\u0000b"}},
    ]);
    let refused = [1, 2, 3, 4].map(|index| (index, "invalid_message".to_owned()));
    assert_eq!(app.rejected(messages.clone()).await, refused);
    assert_eq!(app.events_of("u1").await, ["B", "identify"]);
    let inside = json!({"writeKey": app.server_key(Of::Production), "batch": messages});
    let told = app.at(Door::Edge).json(&inside).post("/v1/batch").await.assert(200).json();
    assert_eq!(told["rejected"].as_array().unwrap().len(), 4);
    app.edge().json(&json!({"userId": "u1", "event": nul})).post("/v1/track").await.assert(400);
    app.edge().json(&json!({"userId": "u1", "traits": {nul: 1}})).post("/v1/sync").await.assert(400);
}
