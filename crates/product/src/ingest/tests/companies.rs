//! Who may speak for a company: servers, and browsers whose user's identity token names it.

use app_test::app_test;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::Of;
use crate::doors::Door;
use crate::testing::{Answer, TestApp};

impl TestApp {
    /// A token of production's identity secret.
    fn vouched(&self, user: &str, companies: &Value) -> String {
        let secret = self.installed().organisation.environments[0].identity_secret.expose().as_bytes();
        let exp = self.app().clock.now().seconds() + 3_600;
        let claims = json!({"sub": user, "exp": exp, "company_id": companies});
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret)).unwrap()
    }

    async fn browser(&self, path: &str, mut body: Value, token: Option<&str>) -> Answer {
        body["writeKey"] = self.browser_key(Of::Production).into();
        token.inspect(|token| body["token"] = (*token).into());
        self.at(Door::Edge).json(&body).post(path).await
    }

    async fn company(&self, id: &str) -> u16 {
        self.api().get(&format!("/api/v1/companies/{id}")).await.status.as_u16()
    }
}

/// Which messages of a batch were refused for their company.
fn refused(answer: &Answer) -> Vec<u64> {
    let rejected = answer.json()["rejected"].as_array().cloned().unwrap_or_default();
    assert!(rejected.iter().all(|one| one["code"] == NOT_IN_TOKEN), "{rejected:?}");
    rejected.iter().map(|one| one["index"].as_u64().unwrap()).collect()
}

const NOT_IN_TOKEN: &str = "company_not_in_token";

#[app_test]
async fn a_browser_speaks_for_the_companies_of_its_token_only(app: TestApp) {
    let batch = || {
        json!({"batch": [
            {"type": "group", "userId": "u1", "groupId": "c1", "traits": {"plan": "pro"}},
            {"type": "group", "userId": "u1", "groupId": "c2", "traits": {"plan": "free"}},
            {"type": "identify", "userId": "u1", "context": {"groupId": "c2"}},
            {"type": "track", "userId": "u1", "event": "E", "context": {"groupId": "c2"}},
            {"type": "track", "userId": "u1", "event": "F"},
        ]})
    };
    let token = app.vouched("u1", &json!("c1"));
    let answer = app.browser("/v1/batch", batch(), Some(&token)).await.assert(200);
    assert_eq!(refused(&answer), [1, 2, 3]);
    assert_eq!((app.company("c1").await, app.company("c2").await), (200, 404));
    assert_eq!(app.events_of("u1").await.len(), 2);
    let both = app.vouched("u1", &json!(["c1", "c2"]));
    assert_eq!(refused(&app.browser("/v1/batch", batch(), Some(&both)).await.assert(200)), [0_u64; 0]);
    assert_eq!(app.company("c2").await, 200);
    let counted = app.vouched("u1", &json!(7));
    let group = json!({"userId": "u1", "groupId": 7});
    app.browser("/v1/group", group.clone(), Some(&counted)).await.assert(200);
    for claim in [json!(null), json!([]), json!("70")] {
        let token = app.vouched("u1", &claim);
        assert_eq!(app.browser("/v1/group", group.clone(), Some(&token)).await.assert(403).code(), NOT_IN_TOKEN);
    }
    let odd = app.vouched("u1", &json!({"id": "c1"}));
    assert_eq!(app.browser("/v1/group", group, Some(&odd)).await.assert(401).code(), "invalid_identity_token");
}

#[app_test]
async fn nobody_anonymous_speaks_for_a_company(app: TestApp) {
    let token = app.vouched("u1", &json!("c1"));
    let group = json!({"anonymousId": "a", "groupId": "c1", "traits": {"plan": "pro"}});
    for token in [None, Some(token.as_str())] {
        assert_eq!(app.browser("/v1/group", group.clone(), token).await.assert(403).code(), NOT_IN_TOKEN);
        let mixed = json!({"batch": [{"type": "group", "anonymousId": "a", "groupId": "c1"},
            {"type": "track", "anonymousId": "a", "event": "E"}]});
        assert_eq!(refused(&app.browser("/v1/batch", mixed, token).await.assert(200)), [0]);
        let sync = json!({"anonymousId": "a", "company": {"id": "c1", "traits": {"plan": "pro"}}});
        assert_eq!(app.browser("/v1/sync", sync, token).await.assert(403).code(), NOT_IN_TOKEN);
    }
    assert_eq!(app.company("c1").await, 404);
}

#[app_test]
async fn sync_speaks_for_the_companies_of_its_token_only(app: TestApp) {
    let token = app.vouched("u1", &json!(["c1"]));
    let sync = |company: &str| json!({"userId": "u1", "company": {"id": company, "traits": {"plan": "pro"}}});
    assert_eq!(app.browser("/v1/sync", sync("c2"), Some(&token)).await.assert(403).code(), NOT_IN_TOKEN);
    app.browser("/v1/sync", sync("c1"), Some(&token)).await.assert(200);
    assert_eq!((app.company("c1").await, app.company("c2").await), (200, 404));
}

#[app_test]
async fn servers_and_staging_speak_for_any_company(app: TestApp) {
    app.send(json!([{"type": "group", "userId": "u1", "groupId": "c1"}])).await;
    assert_eq!(app.company("c1").await, 200);
    let group = json!({"writeKey": app.browser_key(Of::Staging), "anonymousId": "a", "groupId": "c1"});
    app.at(Door::Edge).json(&group).post("/v1/group").await.assert(200);
}
