//! Harbour's server as a client of Pilotfish: requests at the doors' routers, with everything around them, as from the
//! network but for the network.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use base::id::EnvironmentId;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::SeedError;
use crate::App;
use crate::demo::credentials::Credentials;
use crate::doors::{Door, InProcess};
use crate::routers::router;

/// How often a request is made again that was told to come later.
const TRIES: u32 = 60;

pub(super) struct Client {
    edge: Router,
    api: Router,
    /// Values of the authorization header.
    server_key: String,
    api_key: String,
    environment: String,
}

impl Client {
    pub(super) fn new(app: &Arc<App>, keys: &Credentials, environment: EnvironmentId) -> Self {
        Self {
            edge: router(app, Door::Edge),
            api: router(app, Door::Api),
            server_key: format!("Bearer {}", keys.server_key.expose()),
            api_key: format!("Bearer {}", keys.api_key.expose()),
            environment: environment.to_string(),
        }
    }

    /// Messages of the tracking API.
    ///
    /// # Errors
    /// Also if a single message is refused: all of ours are right.
    pub(super) async fn batch(&self, messages: &[Value]) -> Result<(), SeedError> {
        let answer = self.edge("/v1/batch", &json!({"batch": messages})).await?;
        match answer.get("rejected") {
            None => Ok(()),
            Some(rejected) => {
                Err(SeedError::Refused { what: "a batch".to_owned(), status: 200, answer: rejected.to_string() })
            }
        }
    }

    /// An answer to a survey.
    pub(super) async fn answer(&self, answer: &Value) -> Result<(), SeedError> {
        self.edge("/v1/answers", answer).await.map(drop)
    }

    /// A request to the REST interface, about the environment.
    pub(super) async fn rest(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, SeedError> {
        send(&self.api, method, path, &self.api_key, &self.environment, body).await
    }

    async fn edge(&self, path: &str, body: &Value) -> Result<Value, SeedError> {
        send(&self.edge, Method::POST, path, &self.server_key, &self.environment, Some(body)).await
    }
}

/// Makes a request until it is taken, waiting as long as it is told to.
async fn send(
    router: &Router,
    method: Method,
    path: &str,
    key: &str,
    environment: &str,
    body: Option<&Value>,
) -> Result<Value, SeedError> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let refused = |status: u16, answer: String| SeedError::Refused { what: format!("{method} {path}"), status, answer };
    for _ in 0..TRIES {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, key)
            .header("pilotfish-environment", environment)
            .header(header::CONTENT_TYPE, "application/json")
            .extension(InProcess)
            .body(Body::from(text.clone()))
            .map_err(|error| refused(0, error.to_string()))?;
        let Ok(response) = router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|error| refused(0, error.to_string()))?.to_bytes();
        if [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&parts.status) {
            let seconds = parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(1))).await;
            continue;
        }
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if parts.status.is_success() {
            return Ok(answer);
        }
        return Err(refused(parts.status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned()));
    }
    Err(refused(429, format!("{TRIES} times")))
}
