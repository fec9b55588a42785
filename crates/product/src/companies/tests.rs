use app_test::app_test;
use serde_json::{Value, json};

use crate::testing::TestApp;

async fn people(app: &TestApp, path: &str) -> Value {
    app.api().get(&format!("/api/v1/companies/{path}")).await.assert(200).json()
}

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|one| one["external_id"].as_str().unwrap()).collect()
}

#[app_test]
async fn a_companys_people_are_listed_page_by_page_and_nobody_else(app: TestApp) {
    for (user, company) in [("u1", "c1"), ("u2", "c1"), ("u3", "c2"), ("u4", "c1")] {
        app.advance(std::time::Duration::from_secs(1));
        app.send(json!([{"type": "group", "userId": user, "groupId": company}])).await;
    }
    let first = people(&app, "c1/people?limit=2").await;
    assert_eq!(ids(&first), ["u4", "u2"]);
    let rest = people(&app, &format!("c1/people?limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((ids(&rest), &rest["next_cursor"]), (vec!["u1"], &Value::Null));
    let own = first["data"][0]["company"]["id"].as_str().unwrap();
    assert_eq!(ids(&people(&app, &format!("{own}/people")).await), ["u4", "u2", "u1"], "by our id too");
    app.api().get("/api/v1/companies/c3/people").await.assert(404);
    app.api().get("/api/v1/companies/c1/people?cursor=x").await.assert(422);
}

#[app_test]
async fn a_company_is_found_by_its_exact_id(app: TestApp) {
    app.send(json!([{"type": "group", "userId": "u1", "groupId": "c1"}])).await;
    let found = app.api().get("/api/v1/companies?q=c1").await.assert(200).json();
    assert_eq!(ids(&found), ["c1"]);
    let none = app.api().get("/api/v1/companies?q=c").await.assert(200).json();
    assert_eq!(none, json!({"data": [], "next_cursor": null}));
}
