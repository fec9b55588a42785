use app_test::app_test;
use serde_json::{Value, json};
use targeting::ContentKind;

use super::super::model::Definition;
use super::{flow, survey};
use crate::testing::TestApp;

fn refusal(kind: ContentKind, definition: &Value) -> Vec<(String, String)> {
    let problems = Definition::parse(kind, definition, "/definition").unwrap_err();
    problems.into_iter().map(|problem| (problem.pointer, problem.detail)).collect()
}

#[test]
fn a_definition_read_again_is_the_same() {
    for (kind, body) in [(ContentKind::Survey, survey()), (ContentKind::Flow, flow())] {
        let read = Definition::parse(kind, &body["definition"], "").unwrap();
        assert_eq!(Definition::parse(kind, &read.to_json(), "").unwrap(), read);
    }
}

#[test]
fn a_wrong_shape_is_refused_with_every_place_and_what_is_accepted() {
    let definition = json!({
        "audience": [], "theme": {"accent": "red", "radius": 99, "colour": "#fff"}, "steps": [],
        "questions": [
            {"id": "q 1", "kind": "nps", "text": 3},
            {"id": "q2", "kind": "single_choise", "text": "?"},
            {"id": "q3", "kind": "open_text", "text": "?", "choices": []},
            "q4",
        ],
    });
    let found = refusal(ContentKind::Survey, &definition);
    let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/definition/audience",
            "/definition/theme/accent",
            "/definition/theme/radius",
            "/definition/theme/colour",
            "/definition/questions/0/id",
            "/definition/questions/0/text",
            "/definition/questions/1/kind",
            "/definition/questions/2/choices",
            "/definition/questions/3",
            "/definition/questions/3/id",
            "/definition/questions/3/kind",
            "/definition/steps",
        ]
    );
    assert_eq!(found[1].1, "expected a colour such as #0E7490");
    assert_eq!(found[6].1, "expected one of nps, single_choice, multiple_choice, open_text");
    assert!(found[7].1.starts_with("unknown key; accepted: id, kind, placeholder, text, required"));
}

#[test]
fn a_link_leads_to_a_page_and_runs_nothing() {
    let with = |url: &str| {
        json!({"steps": [{"id": "s", "kind": "modal", "title": "x", "body": "",
                          "buttons": [{"text": "Go", "action": "link", "url": url}]}]})
    };
    for url in ["/invoices", "https://example.org/a?b#c", "http://localhost:3000/"] {
        Definition::parse(ContentKind::Flow, &with(url), "").unwrap();
    }
    for url in ["javascript:alert(1)", "//evil.example", "/\\evil.example", "data:text/html,x", "/a\n", " /a"] {
        assert_eq!(refusal(ContentKind::Flow, &with(url))[0].0, "/definition/steps/0/buttons/0/url", "{url}");
    }
}

#[app_test]
async fn a_draft_with_gaps_is_kept_and_not_published(app: TestApp) {
    let body = json!({"name": "Gaps", "definition": {
        "audience": {"all": [{"field": "person.plan", "op": "is"}]}, "trigger": {"kind": "event", "event": ""},
        "questions": [{"id": "q1", "kind": "nps", "text": ""}, {"id": "q1", "kind": "single_choice", "text": "?"}],
    }});
    let made = app.api().json(&body).post("/api/v1/surveys").await.assert(201).json();
    let pointers = |errors: &Value| -> Vec<String> {
        errors.as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    };
    let expected = [
        "/definition/audience/all/0/value",
        "/definition/trigger/event",
        "/definition/questions/0/text",
        "/definition/questions/1/id",
        "/definition/questions/1/choices",
    ];
    assert_eq!(pointers(&made["problems"]), expected);
    let path = format!("/api/v1/surveys/{}/publish", made["id"].as_str().unwrap());
    let refused = app.api().post(&path).await.assert(422);
    assert_eq!(refused.code(), "not_publishable");
    assert_eq!(pointers(&refused.json()["errors"]), expected);
}

#[app_test]
async fn a_malformed_draft_is_not_kept(app: TestApp) {
    let mut body = flow();
    body["definition"]["steps"][1]["placement"] = json!("middle");
    let refused = app.api().json(&body).post("/api/v1/flows").await.assert(422);
    assert_eq!(refused.code(), "invalid_value");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/definition/steps/1/placement");
    let nameless = json!({"name": " ", "definition": {}});
    assert_eq!(
        app.api().json(&nameless).post("/api/v1/flows").await.assert(422).json()["errors"][0]["pointer"],
        "/name"
    );
    assert_eq!(app.api().get("/api/v1/flows").await.json()["data"], json!([]));
}
