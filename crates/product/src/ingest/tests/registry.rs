//! What a browser's key, which everybody has, can do to the registry.

use app_test::app_test;
use serde_json::{Map, Value, json};

use super::Of;
use crate::doors::Door;
use crate::testing::TestApp;

impl TestApp {
    /// Sends messages of somebody anonymous with production's browser key: what was rejected, as (index, code).
    async fn rejected_of_browser(&self, messages: Value) -> Vec<(u64, String)> {
        let body = json!({"writeKey": self.browser_key(Of::Production), "batch": messages});
        let answer = self.at(Door::Edge).json(&body).post("/v1/batch").await.assert(200).json();
        let rejected = answer["rejected"].as_array().cloned().unwrap_or_default();
        rejected.iter().map(|one| (one["index"].as_u64().unwrap(), one["code"].as_str().unwrap().to_owned())).collect()
    }

    /// How a name is registered: type, class, whether a browser's key alone brought it.
    async fn registered(&self, scope: &str, name: &str) -> Option<(String, String, bool)> {
        let query =
            store::sql("SELECT type, class, provisional FROM registered_attributes WHERE scope = $1 AND name = $2");
        let found = query.bind(scope).bind(name).fetch_optional(self.app().main.read(store::Scope::System)).await;
        found.unwrap().map(|row| (row.get("type").unwrap(), row.get("class").unwrap(), row.get("provisional").unwrap()))
    }
}

fn tracked(properties: &Value) -> Value {
    json!({"type": "track", "anonymousId": "a", "event": "E", "properties": properties})
}

fn numbered(prefix: &str, count: usize) -> Value {
    (0..count).map(|index| (format!("{prefix}{index}"), json!(index))).collect::<Map<_, _>>().into()
}

#[app_test]
async fn browsers_fill_half_of_the_room_and_servers_the_rest(app: TestApp) {
    for part in ["a", "b", "c"] {
        assert_eq!(app.rejected_of_browser(json!([tracked(&numbered(part, 333))])).await, []);
    }
    let more = || json!([tracked(&json!({"last": 1})), tracked(&json!({"beyond": 1})), tracked(&json!({"a0x": 1}))]);
    let refused = app.rejected_of_browser(more()).await;
    assert_eq!(refused, [(1, "too_many_names".to_owned()), (2, "too_many_names".to_owned())]);
    assert_eq!(app.rejected_of_browser(json!([tracked(&json!({"a332": 1}))])).await, []);

    app.send(json!([{"type": "track", "userId": "u", "event": "E", "properties": {"beyond": 1}}])).await;
    assert_eq!(
        app.rejected_of_browser(more()).await,
        [(2, "too_many_names".to_owned())],
        "a server's name is known to all"
    );
    for part in ["d", "e", "f"] {
        app.send(json!([{"type": "track", "userId": "u", "event": "E", "properties": numbered(part, 333)}])).await;
    }
    let beyond = json!([{"type": "track", "userId": "u", "event": "E", "properties": {"beyond_all": 1}}]);
    assert_eq!(app.rejected(beyond).await, [(0, "too_many_names".to_owned())]);
}

#[app_test]
async fn what_a_browser_saw_first_a_server_settles(app: TestApp) {
    app.rejected_of_browser(json!([tracked(&json!({"plan": 1, "customer_name": 7}))])).await;
    assert_eq!(app.registered("event", "plan").await, Some(("number".into(), "plain".into(), true)));
    assert_eq!(app.registered("event", "customer_name").await, Some(("number".into(), "personal".into(), true)));
    let properties = json!({"plan": "pro", "customer_name": "Ana"});
    app.send(json!([{"type": "track", "userId": "u", "event": "E", "properties": properties}])).await;
    assert_eq!(app.registered("event", "plan").await, Some(("text".into(), "plain".into(), false)));
    assert_eq!(app.registered("event", "customer_name").await, Some(("text".into(), "personal".into(), false)));
    app.rejected_of_browser(json!([tracked(&json!({"plan": true}))])).await;
    assert_eq!(app.registered("event", "plan").await, Some(("text".into(), "plain".into(), false)));
}

#[app_test]
async fn a_name_that_the_rules_protect_now_is_protected_whatever_was_registered(app: TestApp) {
    let environment = app.installed().organisation.environments[0].id;
    let mut tx = app.app().main.begin(store::Scope::Environment(environment)).await.unwrap();
    store::sql(
        "INSERT INTO registered_attributes (environment_id, scope, name, type, class, first_seen_at) \
                VALUES ($1, 'person', 'contact_name', 'text', 'plain', 0)",
    )
    .bind(environment)
    .execute(&mut tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    app.send(json!([{"type": "identify", "userId": "u", "traits": {"contact_name": "Ana", "plan": "pro"}}])).await;
    let person = app.person("u").await.json();
    assert_eq!(person["personal"], json!(["contact_name"]), "{person}");
}

#[app_test]
async fn names_that_cannot_be_read_are_refused(app: TestApp) {
    let names = ["", "  ", "a\nb", "a\u{7}b", "pl\u{200b}an", "\u{202e}nalp", "u-4711 score", &"x".repeat(201)];
    for name in names {
        let message = json!([{"type": "track", "userId": "u-4711", "event": "E", "properties": {name: 1}}]);
        assert_eq!(app.rejected(message).await.len(), 1, "{name:?}");
        if name.trim() == name && !name.is_empty() {
            let message = json!([{"type": "track", "userId": "u-4711", "event": name}]);
            assert_eq!(app.rejected(message).await.len(), 1, "{name:?}");
        }
    }
    app.send(json!([{"type": "track", "userId": "admin", "event": "Admin Invited", "properties": {"größe 1": 1}}]))
        .await;
}
