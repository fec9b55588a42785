//! The dashboard's pages: one shell for every route of the single-page app, its hashed files, and the frame in which an
//! editor shows the SDK's own renderer. Scripts and styles carry the nonce of the answer that brought them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base::{Code, Problem, ProblemResult};

use crate::App;
use crate::doors::page_headers;
use crate::problem::internal;
use crate::static_files::{Keep, StaticFile, missing, respond};

/// A sandboxed frame has an origin of its own, to which even this server's files are another's.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const NONCE: &str = "__CSP_NONCE__";
/// The first part of a screen's path, as the dashboard's router has them.
const SCREENS: [&str; 7] = ["home", "content", "insights", "people", "companies", "settings", "account"];

/// The pages whose paths are known; every other path is [`file_or_shell`]'s, which a router may have once.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/", get(shell)).route("/preview.html", get(preview)).fallback(file_or_shell)
}

async fn shell(State(app): State<Arc<App>>) -> ProblemResult<Response> {
    let page = assets::get(assets::Package::Dashboard, "index.html").ok_or_else(missing)?;
    let nonce = data_encoding::BASE64URL_NOPAD.encode(&app.rng.bytes::<16>());
    let html = String::from_utf8(page.bytes.into_owned()).map_err(internal)?.replace(NONCE, &nonce);
    Ok((page_headers(&nonce), html).into_response())
}

/// A file of the package, the shell on a route of the app, or for a person who went astray the shell with a 404. There is
/// nothing to change here: other methods are told so where there is something, and find nothing where there is not.
async fn file_or_shell(
    state: State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> ProblemResult<Response> {
    let path = uri.path().trim_start_matches('/');
    if ![Method::GET, Method::HEAD].contains(&method) {
        let there = is_route(path) || (!is_template(path) && assets::get(assets::Package::Dashboard, path).is_some());
        return if there { Ok(read_only()) } else { Err(missing()) };
    }
    if let Some(asset) = path.strip_prefix("assets/") {
        return file_of_build(asset, &headers);
    }
    if let Some(file) = assets::get(assets::Package::Dashboard, path).filter(|_| !is_template(path)) {
        return respond(&StaticFile::from(file), Keep::AskAgain, &headers);
    }
    if is_route(path) {
        return shell(state).await;
    }
    let takes_pages = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !takes_pages.contains("text/html") || path.starts_with("api/") {
        return Err(missing());
    }
    let mut page = shell(state).await?;
    *page.status_mut() = StatusCode::NOT_FOUND;
    Ok(page)
}

/// What is not served as it is, but filled in.
fn is_template(path: &str) -> bool {
    ["index.html", "trust.html"].contains(&path)
}

/// The refusal of a method that changes something.
fn read_only() -> Response {
    let mut response = Problem::new(Code::MethodNotAllowed).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
    response
}

/// Whether the single-page app has a screen at this path. Most are an environment's: `app/<app>/<environment>/<screen>`.
fn is_route(path: &str) -> bool {
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    match segments.as_slice() {
        ["setup" | "sign-in" | "forgot" | "reset" | "email" | "invitation" | "enrol"]
        | ["app", _, _]
        | ["sign-in", _]
        | ["sign-in", "oidc", "callback", _] => true,
        ["app", _, _, screen, ..] => SCREENS.contains(screen),
        _ => false,
    }
}

/// A file whose name holds the hash of its content.
fn file_of_build(path: &str, headers: &HeaderMap) -> ProblemResult<Response> {
    let file = assets::get(assets::Package::Dashboard, &format!("assets/{path}")).ok_or_else(missing)?;
    let mut response = respond(&StaticFile::from(file), Keep::Forever, headers)?;
    if path.starts_with("preview-") {
        response.headers_mut().insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
    Ok(response)
}

/// The preview's frame: an opaque origin (the embedding element is sandboxed), so its script is named by origin.
async fn preview(State(app): State<Arc<App>>, headers: HeaderMap) -> ProblemResult<Response> {
    let file = assets::get(assets::Package::Dashboard, "preview.html").ok_or_else(missing)?;
    let mut response = respond(&StaticFile::from(file), Keep::AskAgain, &headers)?;
    let dashboard = &app.urls.dashboard;
    let policy = format!(
        "default-src 'none'; script-src {dashboard}; style-src {dashboard}; img-src {dashboard} data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors {dashboard}; sandbox allow-scripts"
    );
    let own = response.headers_mut();
    own.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).map_err(internal)?);
    own.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    own.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(response)
}
