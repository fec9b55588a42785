//! The only listener without TLS, off unless it is configured: it answers an ACME authority that asks for the proof of a
//! name, and sends everybody else to the door of that name over HTTPS. It reads no credential and no body.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::Challenges;
use crate::routers::host_of;

/// What it answers from.
#[derive(Clone)]
struct Plain {
    challenges: Option<Challenges>,
    /// Public URLs of the doors.
    urls: Vec<String>,
}

/// Its answers: proofs, if certificates are asked for by ACME, and redirects to these URLs' hosts.
pub(super) fn router(challenges: Option<Challenges>, urls: Vec<String>) -> Router {
    Router::new()
        .route("/.well-known/acme-challenge/{token}", get(proof))
        .fallback(redirect)
        .with_state(Plain { challenges, urls })
}

async fn proof(State(plain): State<Plain>, Path(token): Path<String>) -> Response {
    match plain.challenges.and_then(|challenges| challenges.text(&token)) {
        Some(text) => ([(header::CONTENT_TYPE, "application/octet-stream")], text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whoever sends something over plain HTTP has shown it to everybody already: only what asks is sent on.
async fn redirect(State(plain): State<Plain>, request: Request) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let Some(url) = plain.urls.iter().find(|url| host_of(url).eq_ignore_ascii_case(host)) else {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    };
    let path = request.uri().path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let path = if path.starts_with('/') { path } else { "/" };
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, format!("{url}{path}"))]).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(method: Method, host: &str, path: &str) -> (u16, String) {
        let urls = ["https://edge.example.org", "https://team.example.org:8444"].map(str::to_owned).to_vec();
        let request = Request::builder().method(method).uri(path).header("host", host).body(Body::empty()).unwrap();
        let answer = router(None, urls).oneshot(request).await.unwrap();
        let location = answer.headers().get(header::LOCATION).map_or("", |to| to.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), location)
    }

    #[tokio::test]
    async fn a_name_of_ours_is_sent_to_its_door_and_no_other_is() {
        let to = |location: &str| (308, location.to_owned());
        assert_eq!(ask(Method::GET, "edge.example.org", "/a?b=c").await, to("https://edge.example.org/a?b=c"));
        assert_eq!(ask(Method::HEAD, "TEAM.example.org:80", "/").await, to("https://team.example.org:8444/"));
        assert_eq!(ask(Method::GET, "edge.example.org", "//evil.org").await, to("https://edge.example.org//evil.org"));
        assert_eq!(ask(Method::GET, "evil.org", "/").await, (421, String::new()));
        assert_eq!(ask(Method::POST, "edge.example.org", "/v1/track").await, (405, String::new()));
        assert_eq!(ask(Method::GET, "edge.example.org", "/.well-known/acme-challenge/x").await, (404, String::new()));
    }
}
