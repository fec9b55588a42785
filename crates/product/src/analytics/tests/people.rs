//! Who is behind a number.

use app_test::app_test;
use serde_json::{Value, json};

use super::{invoices, september};
use crate::authority::Role;
use crate::testing::TestApp;

const PATH: &str = "/api/v1/query/people";

fn funnel() -> Value {
    json!({"kind": "funnel", "range": september(), "window": "1d",
        "steps": [{"event": "Invoice Created"}, {"event": "Invoice Sent"}]})
}

async fn behind(app: &TestApp, question: Value, of: Value) -> Value {
    app.api().json(&json!({"question": question, "of": of})).post(PATH).await.assert(200).json()
}

fn ids<'v>(page: &'v Value, what: &str) -> Vec<&'v str> {
    let mut ids: Vec<&str> =
        page[what].as_array().unwrap().iter().map(|one| one["external_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[app_test]
async fn every_number_leads_to_just_its_people(app: TestApp) {
    invoices(&app).await;
    let trend = json!({"kind": "trend", "range": september(), "series": [{"event": "Invoice Sent"}]});
    let split = json!({"kind": "trend", "range": september(), "series": [{"event": "Invoice Sent"}],
        "breakdown": {"field": "person.plan"}});
    let pro = json!({"kind": "trend", "series": 0, "breakdown": {"kind": "value", "value": "pro"}});
    let retention = json!({"kind": "retention", "range": september(), "interval": "day", "periods": 3,
        "start": {"event": "Invoice Created"}, "return": {"event": "Invoice Sent"}});
    let cohort = "2026-09-28T00:00:00Z";
    for (question, of, expected) in [
        (trend.clone(), json!({"kind": "trend", "series": 0}), vec!["u1", "u2", "u3"]),
        (trend, json!({"kind": "trend", "series": 0, "point": 1}), vec!["u3"]),
        (split, pro, vec!["u1"]),
        (funnel(), json!({"kind": "funnel", "step": 1}), vec!["u1", "u3"]),
        (funnel(), json!({"kind": "funnel", "step": 0, "dropped": true}), vec!["u2", "u4"]),
        (retention.clone(), json!({"kind": "retention", "cohort": cohort}), vec!["u1", "u2"]),
        (retention, json!({"kind": "retention", "cohort": cohort, "period": 2}), vec!["u2"]),
    ] {
        let page = behind(&app, question, of.clone()).await;
        assert_eq!(ids(&page, "people"), expected, "{of}");
        assert_eq!((page["total"].as_u64(), &page["next_cursor"]), (Some(expected.len() as u64), &Value::Null));
    }
    let mut by_company = funnel();
    by_company["by"] = json!("company");
    let page = behind(&app, by_company, json!({"kind": "funnel", "step": 0})).await;
    assert_eq!((ids(&page, "companies"), &page["people"]), (vec!["c1", "c2"], &json!([])));
}

#[app_test]
async fn they_come_page_by_page_and_masked(app: TestApp) {
    invoices(&app).await;
    let body = |cursor: Value| json!({"question": funnel(), "of": {"kind": "funnel", "step": 0}, "limit": 3, "cursor": cursor});
    let ask = async |cursor: Value| app.api().json(&body(cursor)).post(PATH).await.assert(200).json();
    let first = ask(Value::Null).await;
    let rest = ask(first["next_cursor"].clone()).await;
    assert_eq!((first["people"].as_array().unwrap().len(), &first["total"]), (3, &json!(4)));
    assert_eq!((rest["people"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    let mut all = [ids(&first, "people"), ids(&rest, "people")].concat();
    all.sort_unstable();
    assert_eq!(all, ["u1", "u2", "u3", "u4"]);
    let ana = first["people"].as_array().unwrap().iter().find(|one| one["external_id"] == "u1").unwrap();
    assert_eq!(ana["attributes"]["email"], json!({"personal": true}), "an owner's key sees no more in a list");
}

#[app_test]
async fn a_number_that_is_not_in_the_answer_is_refused(app: TestApp) {
    invoices(&app).await;
    for of in [json!({"kind": "funnel", "step": 2}), json!({"kind": "trend", "series": 0})] {
        let body = json!({"question": funnel(), "of": of});
        let refused = app.api().json(&body).post(PATH).await.assert(422).json();
        assert_eq!(refused["errors"][0]["pointer"], "/of", "{of}");
    }
    let body = json!({"question": {"kind": "funnel"}, "of": {"kind": "funnel", "step": 0}});
    let refused = app.api().json(&body).post(PATH).await.assert(422).json();
    assert!(refused["errors"][0]["pointer"].as_str().unwrap().starts_with("/question/"), "{refused}");
}

#[app_test]
async fn whoever_reads_the_environment_sees_them_and_nobody_else(app: TestApp) {
    invoices(&app).await;
    let body = json!({"question": funnel(), "of": {"kind": "funnel", "step": 0}});
    let seen = app.api_as(Role::Viewer).await.json(&body).post(PATH).await.assert(200).json();
    assert_eq!(seen["total"], 4);
    let stranger = app.stranger().await;
    let none = stranger.json(&body).post(PATH).await.assert(200).json();
    assert_eq!(none["total"], 0, "a stranger's own environment is empty");
    let production = app.production().to_string();
    app.stranger().await.header("pilotfish-environment", &production).json(&body).post(PATH).await.assert(404);
}
