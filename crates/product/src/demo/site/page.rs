//! Harbour's files. Every path that is no file's is the single page's, under a strict policy with a nonce of its own.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use base::ProblemResult;
use serde_json::{Value, json};

use super::Customer;
use crate::problem::internal;
use crate::static_files::{Keep, StaticFile, missing, respond};

const NONCE: &str = "__CSP_NONCE__";

/// What the script element of the installation page says.
pub(super) struct Tag<'a> {
    pub(super) source: String,
    pub(super) integrity: &'a str,
    pub(super) browser_key: &'a str,
}

/// Fills in what is the same for every answer. `<` is escaped, so that no name can end the script element.
pub(super) fn prepare(tag: &Tag<'_>, users: &Value) -> ProblemResult<String> {
    let page = assets::get(assets::Package::Harbour, "index.html").ok_or_else(missing)?;
    let page = String::from_utf8(page.bytes.into_owned()).map_err(internal)?;
    let config = json!({"users": users}).to_string().replace('<', "\\u003c");
    let Tag { source, integrity, browser_key } = tag;
    let tag = format!(
        "<script async src=\"{source}\" integrity=\"{integrity}\" crossorigin=\"anonymous\" nonce=\"{NONCE}\" \
         data-key=\"{browser_key}\"></script>"
    );
    Ok(page.replace("__HARBOUR_CONFIG__", &config).replace("__PILOTFISH_TAG__", &tag))
}

pub(super) async fn page(State(customer): State<Arc<Customer>>) -> Response {
    let nonce = data_encoding::BASE64URL_NOPAD.encode(&customer.rng.bytes::<16>());
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy(&nonce, &customer.edge_url)),
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
    ];
    (headers, customer.page.replace(NONCE, &nonce)).into_response()
}

/// As strict as a customer can make it; what Pilotfish needs of it is the edge, and the name of one policy.
fn policy(nonce: &str, edge: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; connect-src 'self' {edge}; \
         img-src 'self' {edge}; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types pilotfish"
    )
}

pub(super) async fn icon(headers: HeaderMap) -> ProblemResult<Response> {
    file("favicon.svg", Keep::AskAgain, &headers)
}

pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> ProblemResult<Response> {
    file(&format!("assets/{path}"), Keep::Forever, &headers)
}

fn file(path: &str, keep: Keep, headers: &HeaderMap) -> ProblemResult<Response> {
    let file = assets::get(assets::Package::Harbour, path).ok_or_else(missing)?;
    respond(&StaticFile::from(file), keep, headers)
}
