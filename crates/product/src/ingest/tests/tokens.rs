use app_test::app_test;
use base::Clock as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::Of;
use crate::doors::Door;
use crate::testing::{Answer, TestApp};

impl TestApp {
    fn secret(&self) -> &[u8] {
        self.installed().organisation.environments[0].identity_secret.expose().as_bytes()
    }

    /// Seconds from now.
    fn seconds(&self, from_now: i64) -> i64 {
        self.app().clock.now().seconds() + from_now
    }

    async fn as_browser(&self, user: &str, token: Option<&str>) -> Answer {
        let mut body = json!({"batch": [{"type": "track", "anonymousId": "a", "userId": user, "event": "E"}]});
        body["writeKey"] = self.browser_key(Of::Production).into();
        token.inspect(|token| body["token"] = (*token).into());
        self.at(Door::Edge).body(body.to_string()).post("/v1/batch").await
    }
}

fn token(claims: &Value, algorithm: Algorithm, secret: &[u8]) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).unwrap()
}

#[app_test]
async fn a_browser_names_a_user_with_a_token_only(app: TestApp) {
    let good = token(&json!({"sub": "u1", "exp": app.seconds(3_600)}), Algorithm::HS256, app.secret());
    app.as_browser("u1", Some(&good)).await.assert(200);
    assert_eq!(app.as_browser("u1", None).await.assert(401).code(), "invalid_identity_token");
    assert_eq!(app.as_browser("u2", Some(&good)).await.assert(401).code(), "invalid_identity_token");
    let anonymous = json!({"anonymousId": "a2", "event": "E", "writeKey": app.browser_key(Of::Production)});
    app.at(Door::Edge).body(anonymous.to_string()).post("/v1/t").await.assert(200);
    assert_eq!(app.events_of("u1").await, ["E"]);
}

#[app_test]
async fn forged_and_stale_tokens_are_refused(app: TestApp) {
    let soon = app.seconds(3_600);
    let claims = json!({"sub": "u1", "exp": soon});
    let good = token(&claims, Algorithm::HS256, app.secret());
    let (head, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
    let other = encode(&json!({"sub": "u2", "exp": soon}).to_string());
    let cases = [
        token(&claims, Algorithm::HS256, b"another secret"),
        token(&claims, Algorithm::HS512, app.secret()),
        token(&json!({"sub": "u1", "exp": app.seconds(-61)}), Algorithm::HS256, app.secret()),
        token(&json!({"sub": "u1", "exp": app.seconds(24 * 3_600 + 61)}), Algorithm::HS256, app.secret()),
        token(&json!({"sub": "u1"}), Algorithm::HS256, app.secret()),
        token(&json!({"exp": soon}), Algorithm::HS256, app.secret()),
        token(&json!({"sub": "u1", "exp": soon, "nbf": app.seconds(120)}), Algorithm::HS256, app.secret()),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{head}.{other}.{signature}"),
        format!("{head}.{payload}."),
        "not a token".to_owned(),
        String::new(),
    ];
    for (index, case) in cases.iter().enumerate() {
        let answer = app.as_browser("u1", Some(case)).await;
        assert_eq!(answer.status, 401, "case {index}");
        assert_eq!(answer.code(), "invalid_identity_token");
    }
    for exp in [-59, 24 * 3_600 + 59] {
        let claims = json!({"sub": "u1", "exp": app.seconds(exp)});
        app.as_browser("u1", Some(&token(&claims, Algorithm::HS256, app.secret()))).await.assert(200);
    }
}

#[app_test]
async fn one_wrong_user_refuses_the_whole_request(app: TestApp) {
    let good = token(&json!({"sub": "u1", "exp": app.seconds(60)}), Algorithm::HS256, app.secret());
    let body = json!({
        "writeKey": app.browser_key(Of::Production),
        "token": good,
        "batch": [
            {"type": "track", "userId": "u1", "event": "Mine"},
            {"type": "track", "userId": "u2", "event": "Not mine"},
        ],
    });
    app.at(Door::Edge).body(body.to_string()).post("/v1/batch").await.assert(401);
    app.person("u1").await.assert(404);
}

#[app_test]
async fn staging_lets_a_browser_name_anybody(app: TestApp) {
    let body = json!({"userId": "u1", "event": "E", "writeKey": app.browser_key(Of::Staging)});
    app.at(Door::Edge).body(body.to_string()).post("/v1/t").await.assert(200);
    app.person("u1").await.assert(404);
}
