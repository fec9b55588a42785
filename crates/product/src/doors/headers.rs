//! Security headers: the strict ones are on every answer; a page loosens what it must by setting the header itself.

use axum::extract::FromRequestParts;
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use base::id::RequestId;
use std::convert::Infallible;

use super::Door;

/// Two years, as Mozilla's guideline says.
const HSTS: &str = "max-age=63072000";

/// The id of the request at hand, for records and for support.
#[derive(Debug, Clone, Copy)]
pub struct RequestIdOf(pub RequestId);

impl<S: Send + Sync> FromRequestParts<S> for RequestIdOf {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(RequestId(uuid::Uuid::nil()))))
    }
}

const fn name(text: &'static str) -> HeaderName {
    HeaderName::from_static(text)
}

/// Sets on an answer what it does not set itself.
pub(super) fn secure(door: Door, headers: &mut HeaderMap) {
    let resource_policy = if door == Door::Edge { "cross-origin" } else { "same-origin" };
    let defaults = [
        (header::STRICT_TRANSPORT_SECURITY, HSTS),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (name("cross-origin-opener-policy"), "same-origin"),
        (name("cross-origin-resource-policy"), resource_policy),
        (name("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// The headers of a dashboard page whose scripts and styles carry this nonce.
pub fn page_headers(nonce: &str) -> [(HeaderName, String); 2] {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    [(header::CONTENT_SECURITY_POLICY, policy), (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned())]
}
