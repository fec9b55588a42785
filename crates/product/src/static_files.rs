//! Answers with files: entity tag, gzip for whoever takes it, and how long it may be kept.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base::{Problem, ProblemResult};
use bytes::Bytes;

use crate::problem::internal;

/// A file that is ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct StaticFile {
    pub(crate) body: Bytes,
    pub(crate) gzip: Option<Bytes>,
    /// Quoted.
    pub(crate) etag: String,
    pub(crate) content_type: &'static str,
}

/// How long a file may be kept without asking again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    /// Its path names its content.
    Forever,
    /// Five minutes.
    Shortly,
    /// It is asked for each time; an unchanged one is not sent again.
    AskAgain,
}

impl Keep {
    const fn header(self) -> &'static str {
        match self {
            Self::Forever => "public, max-age=31536000, immutable",
            Self::Shortly => "public, max-age=300",
            Self::AskAgain => "no-cache",
        }
    }
}

impl From<assets::Asset> for StaticFile {
    fn from(asset: assets::Asset) -> Self {
        let bytes = |data: std::borrow::Cow<'static, [u8]>| match data {
            std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
            std::borrow::Cow::Owned(data) => Bytes::from(data),
        };
        let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&asset.sha256[..16]));
        Self { body: bytes(asset.bytes), gzip: asset.gzip.map(bytes), etag, content_type: asset.content_type }
    }
}

/// The answer to a request with these headers.
pub(crate) fn respond(file: &StaticFile, keep: Keep, request: &HeaderMap) -> ProblemResult<Response> {
    let text = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or("");
    let mut response = Response::builder()
        .header(header::CACHE_CONTROL, keep.header())
        .header(header::VARY, "accept-encoding")
        .header(header::ETAG, &file.etag);
    if text(header::IF_NONE_MATCH).split(',').any(|tag| tag.trim() == file.etag) {
        return response.status(StatusCode::NOT_MODIFIED).body(Body::empty()).map_err(internal);
    }
    response = response.header(header::CONTENT_TYPE, file.content_type);
    let takes_gzip = text(header::ACCEPT_ENCODING).split(',').any(|coding| coding.trim().starts_with("gzip"));
    match &file.gzip {
        Some(gzip) if takes_gzip => {
            response.header(header::CONTENT_ENCODING, "gzip").body(Body::from(gzip.clone())).map_err(internal)
        }
        _ => response.body(Body::from(file.body.clone())).map_err(internal),
    }
}

/// The refusal of a path that has no file.
pub(crate) fn missing() -> Problem {
    Problem::new(base::Code::NotFound)
}
