//! The body of an edge request and the key that it comes with.
//!
//! A key in a header is checked before the body is read; only without one the body is read, within the limits, to find
//! `writeKey`. Bodies are JSON whatever they call themselves: browsers send `text/plain`, so that they need no preflight.

use std::borrow::Cow;
use std::io::Read as _;
use std::ops::Range;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use base::{Code, Problem, ProblemResult};
use bytes::Bytes;
use data_encoding::BASE64;
use flate2::read::MultiGzDecoder;
use keys::ApiKeyKind;
use serde_json::value::RawValue;

use super::wire::{BatchBody, Envelope};
use crate::App;
use crate::authority::bearer;
use crate::edge_keys::{self, EdgeKey};
use crate::{extract, page_origins};

/// The largest body, after decompression.
const MAX_BODY: usize = 500 * 1024;

/// A request to the edge whose key was checked.
pub(crate) struct EdgeRequest {
    pub(crate) key: EdgeKey,
    pub(crate) body: Bytes,
    /// The identity token, if one stands in the body.
    pub(crate) token: Option<String>,
    /// The browser's, if a browser's key was used.
    pub(crate) user_agent: Option<String>,
}

/// What a body has beside its message or messages.
struct Outer<T> {
    key: Option<String>,
    token: Option<String>,
    rest: T,
}

/// Reads a request to the edge.
///
/// # Errors
/// 401 without a valid key, 429, 413, 415, 400.
pub(crate) async fn edge_body(app: &App, request: Request) -> ProblemResult<EdgeRequest> {
    edge_request(app, request, envelope).await.map(|(request, ())| request)
}

fn envelope(body: &[u8]) -> ProblemResult<Outer<()>> {
    let Envelope { write_key, token } = extract::parse_outer(body)?;
    Ok(Outer { key: write_key.map(Cow::into_owned), token: token.map(Cow::into_owned), rest: () })
}

/// Where the messages of a batch stand in its body, and what is said of all of them.
pub(super) struct Messages {
    pub(super) places: Vec<Range<usize>>,
    pub(super) sent_at: Option<String>,
    pub(super) context: Option<Range<usize>>,
}

/// As [`edge_body`], of a batch: the body is read once for its key and its messages.
pub(super) async fn edge_batch(app: &App, request: Request) -> ProblemResult<(EdgeRequest, Messages)> {
    let read = |body: &[u8]| {
        let BatchBody { write_key, token, batch, sent_at, context } = extract::parse_outer(body)?;
        let place = |text: &RawValue| {
            let start = text.get().as_ptr().addr() - body.as_ptr().addr();
            start..start + text.get().len()
        };
        let rest = Messages {
            places: batch.into_iter().map(place).collect(),
            sent_at: sent_at.map(Cow::into_owned),
            context: context.map(place),
        };
        Ok(Outer { key: write_key.map(Cow::into_owned), token: token.map(Cow::into_owned), rest })
    };
    edge_request(app, request, read).await
}

async fn edge_request<T>(
    app: &App,
    request: Request,
    read: impl Fn(&[u8]) -> ProblemResult<Outer<T>>,
) -> ProblemResult<(EdgeRequest, T)> {
    let headers = request.headers();
    let given = match key_in(headers) {
        Some(text) => Some(edge_keys::check(app, &text).await?),
        None => None,
    };
    let (kind, zipped) = (content_kind(headers), is_zipped(headers));
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (user_agent, origin) = (text(header::USER_AGENT), text(header::ORIGIN));
    let body = extract::read(request).await;
    let body = match (body, zipped) {
        (Ok(body), Ok(true)) => unzip(&body),
        (Ok(_), Err(problem)) | (Err(problem), _) => Err(problem),
        (Ok(body), Ok(false)) => Ok(body),
    };
    let (key, body, Outer { token, rest, .. }) = match given {
        None => {
            let body = within(body?)?;
            let outer = read(&body);
            // Whoever shows a good key is told what is wrong with the rest.
            let named = match &outer {
                Ok(outer) => outer.key.clone(),
                Err(_) => envelope(&body).ok().and_then(|envelope| envelope.key),
            };
            let key = edge_keys::check(app, &named.ok_or_else(edge_keys::refused)?).await?;
            kind?;
            (key, body, outer?)
        }
        Some(key) => {
            kind?;
            let body = within(body?)?;
            let outer = read(&body)?;
            (key, body, outer)
        }
    };
    let is_browser = key.kind == ApiKeyKind::Browser;
    if let (true, Some(origin)) = (is_browser, origin) {
        page_origins::note(app, &key, &origin).await?;
    }
    let request =
        EdgeRequest { key, body, token: token.filter(|_| is_browser), user_agent: user_agent.filter(|_| is_browser) };
    Ok((request, rest))
}

/// The key of the authorization header, if there is such a header.
fn key_in(headers: &HeaderMap) -> Option<String> {
    if let Some(token) = bearer(headers) {
        return Some(token.to_owned());
    }
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or("");
    let (scheme, encoded) = value.split_once(' ').unwrap_or(("", ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Some(String::new());
    }
    let decoded = BASE64.decode(encoded.trim().as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.unwrap_or_default();
    Some(decoded.split_once(':').map_or(decoded.as_str(), |(user, _)| user).to_owned())
}

fn content_kind(headers: &HeaderMap) -> ProblemResult<()> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or("").split(';').next().unwrap_or("").trim();
    if ["application/json", "text/plain"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType).detail("send json as application/json or text/plain"))
}

fn is_zipped(headers: &HeaderMap) -> ProblemResult<bool> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("").trim()) {
        None | Some("" | "identity") => Ok(false),
        Some(encoding) if encoding.eq_ignore_ascii_case("gzip") => Ok(true),
        Some(_) => Err(Problem::new(Code::UnsupportedMediaType).detail("the one encoding taken is gzip")),
    }
}

/// Unpacks no more than a body may have, whatever the packed bytes promise.
fn unzip(packed: &[u8]) -> ProblemResult<Bytes> {
    let mut body = Vec::with_capacity(packed.len().saturating_mul(4).min(MAX_BODY + 1));
    let mut bounded = MultiGzDecoder::new(packed).take(MAX_BODY as u64 + 1);
    bounded.read_to_end(&mut body).map_err(|_| Problem::new(Code::InvalidRequest).detail("the body is not gzip"))?;
    Ok(body.into())
}

fn within(body: Bytes) -> ProblemResult<Bytes> {
    if body.len() > MAX_BODY {
        return Err(
            Problem::new(Code::PayloadTooLarge).detail(format!("send at most {MAX_BODY} bytes of json at once"))
        );
    }
    Ok(body)
}
