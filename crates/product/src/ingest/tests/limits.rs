use std::io::Write as _;

use app_test::app_test;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::doors::Door;
use crate::testing::TestApp;

fn zipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[app_test]
async fn gzip_is_taken(app: TestApp) {
    let body = json!({"batch": [{"type": "track", "userId": "u1", "event": "E"}]}).to_string();
    let asking = app.edge().body(zipped(body.as_bytes())).header("content-encoding", "gzip");
    asking.header("content-type", "application/json").post("/v1/batch").await.assert(200);
    assert_eq!(app.events_of("u1").await, ["E"]);
}

#[app_test]
async fn a_gzip_bomb_is_refused_unopened(app: TestApp) {
    let bomb = zipped(&vec![b' '; 200 << 20]);
    assert!(bomb.len() < 400_000, "{}", bomb.len());
    let asking = app.edge().body(bomb).header("content-encoding", "gzip");
    assert_eq!(asking.post("/v1/batch").await.assert(413).code(), "payload_too_large");
    let asking = app.edge().body("not gzip").header("content-encoding", "gzip");
    asking.post("/v1/batch").await.assert(400);
    app.edge().body("{}").header("content-encoding", "br").post("/v1/batch").await.assert(415);
}

#[app_test]
async fn a_batch_has_at_most_500_kilobytes_and_a_message_32(app: TestApp) {
    let message = |size: usize| {
        let mut message = json!({"type": "track", "userId": "u1", "event": "E", "properties": {"a": ""}});
        let rest = size - message.to_string().len();
        message["properties"]["a"] = "x".repeat(rest).into();
        message
    };
    let full: Vec<_> = (0..15).map(|_| message(32 * 1024)).collect();
    app.send(json!(full)).await;
    let over: Vec<_> = (0..16).map(|_| message(32 * 1024)).collect();
    let answer = app.edge().json(&json!({"batch": over})).post("/v1/batch").await.assert(413);
    assert_eq!(answer.code(), "payload_too_large");
    assert_eq!(app.rejected(json!([message(32 * 1024 + 1)])).await, [(0, "message_too_large".to_owned())]);
    let single = app.edge().json(&message(32 * 1024 + 1)).post("/v1/track").await.assert(413);
    assert_eq!(single.code(), "message_too_large");
}

#[app_test]
async fn bodies_that_are_not_json_are_refused(app: TestApp) {
    app.edge().body("{").post("/v1/batch").await.assert(400);
    app.edge().body("{}").post("/v1/batch").await.assert(400);
    app.edge().body("{").post("/v1/track").await.assert(400);
    app.edge().body("{}").header("content-type", "application/xml").post("/v1/track").await.assert(415);
}

#[app_test]
async fn too_many_requests_are_told_when_to_come_back(app: TestApp) {
    let key = app.installed().organisation.environments[0].browser_key.expose();
    let path = format!("/v1/projects/{key}/settings");
    let mut refused = None;
    // The limit is a thousand a second of real time: many are asked at once, so that a slow machine meets it too.
    for _ in 0..20 {
        let asked = (0..1_000).map(|_| app.at(Door::Edge).get(&path));
        let answers = futures::future::join_all(asked).await;
        refused = answers.into_iter().find(|answer| answer.status == 429);
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("no limit was met");
    assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("too_many_requests", "1"));
}

#[app_test]
async fn names_are_bounded(app: TestApp) {
    for part in 0..5 {
        let properties: serde_json::Map<_, _> =
            (0..400).map(|index| (format!("p{part}x{index}"), json!(index))).collect();
        app.send(json!([{"type": "track", "userId": "u1", "event": "E", "properties": properties}])).await;
    }
    let one_more = json!([
        {"type": "track", "userId": "u1", "event": "E", "properties": {"one_more": 1}},
        {"type": "track", "userId": "u1", "event": "E", "properties": {"p0x0": 1}},
    ]);
    assert_eq!(app.rejected(one_more).await, [(0, "too_many_names".to_owned())]);
}

#[app_test]
async fn a_batch_has_at_most_2500_messages(app: TestApp) {
    let messages = |count: usize| vec![json!({"type": "track", "userId": "u1", "event": "E"}); count];
    app.send(json!(messages(2_500))).await;
    let refused = app.edge().json(&json!({"batch": messages(2_501)})).post("/v1/batch").await.assert(413);
    assert_eq!(refused.code(), "payload_too_large");
    assert!(refused.json()["detail"].as_str().unwrap().contains("2500 messages"));
}

#[app_test]
async fn more_ids_than_a_statement_takes_are_looked_up(app: TestApp) {
    use store::Scope;
    use store::keyring::{self, IndexKey};
    app.send(json!([{"type": "track", "userId": "u1", "event": "E"}])).await;
    let person = crate::people::find(app.app(), app.production(), "u1").await.unwrap().unwrap();
    let key = |number: u64| {
        let mut hash = [0; 16];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        IndexKey { namespace: "external_id".into(), hash }
    };
    let keys: Vec<IndexKey> = (0..40_000).map(key).collect();
    let reader = app.app().keyring.read(Scope::System);
    assert_eq!(keyring::find(reader, app.production(), &keys).await.unwrap(), []);
    let numbers: Vec<u64> = (0..40_000).collect();
    let pairs = keyring::pairs(reader, app.production(), person.subject.kind, &numbers).await;
    assert_eq!(pairs.unwrap().iter().map(|pair| pair.subject).collect::<Vec<_>>(), [person.subject]);
    let ids = keyring::indexes_of(reader, app.production(), person.subject.kind, &numbers, "external_id").await;
    assert_eq!(ids.unwrap().len(), 1);
}

#[app_test]
async fn many_people_of_one_batch_are_minted(app: TestApp) {
    let messages: Vec<_> = (0..40).map(|n| json!({"type": "track", "userId": format!("u{n}"), "event": "E"})).collect();
    app.send(json!(messages)).await;
    for number in [0, 17, 39] {
        assert_eq!(app.events_of(&format!("u{number}")).await, ["E"]);
    }
}
