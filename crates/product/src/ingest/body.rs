//! The body of an edge request and the key that it comes with.
//!
//! A key in a header is checked before the body is read; only without one the body is read, within the limits, to find
//! `writeKey`. Bodies are JSON whatever they call themselves: browsers send `text/plain`, so that they need no preflight.

use std::borrow::Cow;
use std::io::Read as _;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use base::{Code, Problem, ProblemResult};
use bytes::Bytes;
use data_encoding::BASE64;
use flate2::read::MultiGzDecoder;
use keys::ApiKeyKind;

use super::wire::Envelope;
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

/// Reads a request to the edge.
///
/// # Errors
/// 401 without a valid key, 429, 413, 415, 400.
pub(crate) async fn edge_body(app: &App, request: Request) -> ProblemResult<EdgeRequest> {
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
    let request = match given {
        None => with_key_inside(app, body, kind, user_agent).await?,
        Some(key) => {
            kind?;
            let body = within(body?)?;
            let token = if key.kind == ApiKeyKind::Browser { token_in(&body)? } else { None };
            EdgeRequest { key, body, token, user_agent: user_agent.filter(|_| key.kind == ApiKeyKind::Browser) }
        }
    };
    if let (ApiKeyKind::Browser, Some(origin)) = (request.key.kind, origin) {
        page_origins::note(app, &request.key, &origin).await?;
    }
    Ok(request)
}

async fn with_key_inside(
    app: &App,
    body: ProblemResult<Bytes>,
    kind: ProblemResult<()>,
    user_agent: Option<String>,
) -> ProblemResult<EdgeRequest> {
    let body = within(body?)?;
    let (key, token) = {
        let envelope: Envelope<'_> = extract::parse_outer(&body).map_err(|_| edge_keys::refused())?;
        (envelope.write_key.map(Cow::into_owned), envelope.token.map(Cow::into_owned))
    };
    let key = edge_keys::check(app, &key.ok_or_else(edge_keys::refused)?).await?;
    kind?;
    Ok(EdgeRequest { key, body, token, user_agent: user_agent.filter(|_| key.kind == ApiKeyKind::Browser) })
}

fn token_in(body: &[u8]) -> ProblemResult<Option<String>> {
    let envelope: Envelope<'_> = extract::parse_outer(body)?;
    Ok(envelope.token.map(Cow::into_owned))
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
