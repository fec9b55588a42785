mod concurrent;
mod counted;
mod impressions;

use app_test::app_test;
use serde_json::{Value, json};
use store::{Engine, Scope, sql};

use crate::delivery::tests::publish;
use crate::testing::TestApp;

const SECRET: &str = "the dolphins told me so, honestly";

/// A survey with a question of each kind.
pub(crate) fn survey() -> Value {
    let choices = json!([{"id": "a", "text": "A"}, {"id": "b", "text": "B"}, {"id": "c", "text": "C"}]);
    json!({"name": "All kinds", "definition": {"questions": [
        {"id": "q1", "kind": "nps", "text": "How likely?", "required": true},
        {"id": "q2", "kind": "single_choice", "text": "Which?", "choices": choices},
        {"id": "q3", "kind": "multiple_choice", "text": "Which ones?", "choices": choices},
        {"id": "q4", "kind": "open_text", "text": "Why?"},
    ]}})
}

/// An answer under an id that ends in this number.
pub(crate) fn answer(number: u8, content: &str, answers: Value, complete: bool) -> Value {
    let id = format!("3f2504e0-4f89-41d3-9a0c-0305e82c33{number:02x}");
    json!({"id": id, "content": content, "version": 1, "answers": answers, "complete": complete})
}

/// In SQL, an id of the number `i`.
fn numbered_id(app: &TestApp) -> &'static str {
    match app.app().main.engine() {
        Engine::Sqlite => "CAST(printf('%016d', i) AS BLOB)",
        Engine::Postgres => "decode(lpad(to_hex(i), 32, '0'), 'hex')",
    }
}

/// In SQL, the numbers `i` from 1 on.
fn numbers(count: u32) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})")
}

async fn stored(app: &TestApp) -> Vec<(String, bool)> {
    let rows = sql("SELECT answers, complete FROM answers WHERE environment_id = $1 ORDER BY id")
        .bind(app.production())
        .fetch_all(app.app().main.read(Scope::Environment(app.production())))
        .await
        .unwrap();
    rows.iter().map(|row| (row.get("answers").unwrap(), row.get("complete").unwrap())).collect()
}

#[app_test]
async fn an_answer_grows_until_it_is_complete(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let ana = app.visitor("device-1");
    let send = |answers, complete| ana.send("/v1/answers", answer(1, &id, answers, complete));
    assert_eq!(send(json!({"q1": 9}), false).await.assert(200).json(), json!({"success": true}));
    send(json!({"q1": 9, "q2": "b", "q3": ["a", "c"]}), true).await.assert(200);
    send(json!({"q1": 3}), false).await.assert(200);
    let expected = (r#"{"q1":9,"q2":"b","q3":["a","c"]}"#.to_owned(), true);
    assert_eq!(stored(&app).await, [expected], "an earlier part that comes late changes nothing");
    assert_eq!(ana.sees().await, Vec::<String>::new(), "who answered has seen it");
    assert_eq!(app.event_counts(), [("$answer".to_owned(), 1)].into());
}

#[app_test]
async fn an_id_is_one_persons_and_one_surveys(app: TestApp) {
    let (id, other) = (publish(&app, &survey()).await, publish(&app, &survey()).await);
    let ana = app.visitor("device-1");
    ana.send("/v1/answers", answer(1, &id, json!({"q1": 9}), true)).await.assert(200);
    let taken = app.visitor("device-2").send("/v1/answers", answer(1, &id, json!({"q1": 0}), true)).await.assert(409);
    assert_eq!(taken.code(), "conflict");
    ana.send("/v1/answers", answer(1, &other, json!({"q1": 0}), true)).await.assert(409);
    assert_eq!(stored(&app).await.len(), 1);
    let known = app.user("ana");
    let device = json!({"anonymousId": "device-1"});
    let mut again = answer(1, &id, json!({"q1": 10}), true);
    again.as_object_mut().unwrap().extend(device.as_object().unwrap().clone());
    known.send("/v1/answers", again).await.assert(200);
    assert_eq!(stored(&app).await[0].0, r#"{"q1":10}"#, "the same person, identified since");
}

#[app_test]
async fn only_what_the_version_asks_is_accepted(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let ana = app.visitor("device-1");
    let long = "x".repeat(5_001);
    let wrong = json!({"q1": 11, "q2": "z", "q3": ["a", "a"], "q4": long, "q9": 1});
    let refused = ana.send("/v1/answers", answer(1, &id, wrong, false)).await.assert(422);
    let errors = refused.json()["errors"].clone();
    let mut pointers: Vec<_> = errors.as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    pointers.sort_by_key(ToString::to_string);
    assert_eq!(json!(pointers), json!(["/answers/q1", "/answers/q2", "/answers/q3", "/answers/q4", "/answers/q9"]));
    for value in [json!(-1), json!(1.5), json!("9"), json!([9])] {
        ana.send("/v1/answers", answer(1, &id, json!({"q1": value}), false)).await.assert(422);
    }
    let unfinished = ana.send("/v1/answers", answer(1, &id, json!({"q2": "a"}), true)).await.assert(422);
    assert_eq!(unfinished.json()["errors"][0]["pointer"], "/answers/q1");
    ana.send("/v1/answers", answer(1, &id, json!({"q1": null, "q4": " ", "q3": []}), false)).await.assert(200);
    let mut newer = answer(2, &id, json!({"q1": 9}), false);
    newer["version"] = json!(2);
    ana.send("/v1/answers", newer).await.assert(404);
    ana.send("/v1/answers", answer(2, "flw_nothing", json!({}), false)).await.assert(404);
    ana.send("/v1/answers", json!({"id": "1", "content": id, "version": 1, "answers": {}})).await.assert(400);
    assert_eq!(stored(&app).await, [("{}".to_owned(), false)]);
}

#[app_test]
async fn what_somebody_wrote_is_nowhere_in_clear(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let ana = app.user("ana");
    ana.send("/v1/answers", answer(1, &id, json!({"q1": 9, "q4": SECRET}), true)).await.assert(200);
    let needles = [SECRET.to_owned(), data_encoding::BASE64.encode(SECRET.as_bytes())];
    for table in ["answers", "people", "encounters", "sealed_attributes", "jobs", "audit_records"] {
        let mut rows = every_cell(&app, table).await;
        rows.retain(|cell| needles.iter().any(|needle| cell.contains(needle.as_str())));
        assert_eq!(rows, Vec::<String>::new(), "{table}");
    }
    assert!(
        every_cell(&app, "answers").await.iter().any(|cell| cell.contains("\"q1\":9")),
        "the search finds what is there"
    );
    for file in files(app.app().data()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!found, "{}", file.display());
    }
    let path = format!("/api/v1/surveys/{id}/results");
    assert!(!app.api().get(&path).await.assert(200).json().to_string().contains("dolphins"));
    let shown = app.api().post(&format!("{path}/reveal")).await.assert(200).json();
    assert_eq!(shown["questions"][3]["texts"][0]["text"], SECRET);
}

/// The texts of a table.
async fn every_cell(app: &TestApp, table: &'static str) -> Vec<String> {
    let columns: &[&str] = match table {
        "answers" => &["answers", "texts"],
        "people" => &["attributes", "outcomes", "seen", "counters"],
        "jobs" => &["payload", "result", "checkpoint"],
        "audit_records" => &["detail", "object"],
        "encounters" | "sealed_attributes" => return bytes_of(app, table).await,
        _ => panic!("{table}"),
    };
    let text = format!("SELECT {} FROM {table}", columns.join(", "));
    let rows = sql(text).fetch_all(app.app().main.read(Scope::System)).await.unwrap();
    let cells = rows.iter().flat_map(|row| columns.iter().map(|column| row.get::<Option<String>>(column).unwrap()));
    cells.flatten().collect()
}

async fn bytes_of(app: &TestApp, table: &'static str) -> Vec<String> {
    let column = if table == "encounters" { "content_id" } else { "sealed" };
    let text = format!("SELECT {column} AS cell FROM {table}");
    let rows = sql(text).fetch_all(app.app().main.read(Scope::System)).await.unwrap();
    rows.iter().map(|row| String::from_utf8_lossy(&row.get::<Vec<u8>>("cell").unwrap()).into_owned()).collect()
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
