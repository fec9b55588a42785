mod history;
mod processes;
mod showing;

use serde_json::{Value, json};

use crate::testing::TestApp;

/// A survey with one question and these conditions.
pub(crate) fn survey(conditions: Value) -> Value {
    let mut definition = json!({"questions": [{"id": "q1", "kind": "nps", "text": "How likely?"}]});
    definition.as_object_mut().unwrap().extend(conditions.as_object().unwrap().clone());
    json!({"name": "Survey", "definition": definition})
}

/// A flow of two steps and these conditions.
pub(crate) fn flow(conditions: Value) -> Value {
    let step =
        |id: &str| json!({"id": id, "kind": "modal", "title": id, "buttons": [{"text": "Next", "action": "next"}]});
    let mut definition = json!({"steps": [step("s1"), step("s2")]});
    definition.as_object_mut().unwrap().extend(conditions.as_object().unwrap().clone());
    json!({"name": "Flow", "definition": definition})
}

/// Publishes it; its id.
pub(crate) async fn publish(app: &TestApp, body: &Value) -> String {
    let kind = if body["definition"]["steps"].is_array() { "flows" } else { "surveys" };
    let made = app.api().json(body).post(&format!("/api/v1/{kind}")).await.assert(201).json();
    let id = made["id"].as_str().unwrap().to_owned();
    app.api().post(&format!("/api/v1/{kind}/{id}/publish")).await.assert(200);
    id
}

/// Why a user is shown something or not.
pub(crate) async fn why(app: &TestApp, user: &str, id: &str) -> Value {
    app.api().get(&format!("/api/v1/people/{user}/content/{id}/why")).await.assert(200).json()
}
