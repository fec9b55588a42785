//! Answers with files: entity tag, gzip for whoever takes it, and how long it may be kept.

use std::borrow::Cow;

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
    let packed = file.gzip.as_ref().filter(|_| takes_gzip(text(header::ACCEPT_ENCODING)));
    // Other bytes, another tag.
    let etag = match packed {
        Some(_) => Cow::Owned(format!("{}-gzip\"", file.etag.trim_end_matches('"'))),
        None => Cow::Borrowed(&*file.etag),
    };
    let mut response = Response::builder()
        .header(header::CACHE_CONTROL, keep.header())
        .header(header::VARY, "accept-encoding")
        .header(header::ETAG, etag.as_ref());
    // A weak tag that names these bytes is good enough for a GET: caches weaken tags when they repack.
    let names_it = |tag: &str| tag.trim().strip_prefix("W/").unwrap_or(tag.trim()) == etag;
    if text(header::IF_NONE_MATCH).split(',').any(names_it) {
        return response.status(StatusCode::NOT_MODIFIED).body(Body::empty()).map_err(internal);
    }
    response = response.header(header::CONTENT_TYPE, file.content_type);
    match packed {
        Some(gzip) => {
            response.header(header::CONTENT_ENCODING, "gzip").body(Body::from(gzip.clone())).map_err(internal)
        }
        None => response.body(Body::from(file.body.clone())).map_err(internal),
    }
}

/// Whether an `Accept-Encoding` takes gzip: it is named, and not with a weight of zero.
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

/// The refusal of a path that has no file.
pub(crate) fn missing() -> Problem {
    Problem::new(base::Code::NotFound)
}
