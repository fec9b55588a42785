//! Extractors that refuse with a problem: what was wrong, where, and what is accepted. They come after
//! [`crate::authority::Can`] among a handler's arguments, so that nobody learns anything before proving who they are.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use base::{Code, Problem};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(Code::UnsupportedMediaType).detail("send content-type: application/json"));
        }
        parse(&read(request).await?).map(Self)
    }
}

/// The query of a URL.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|_| {
            Problem::new(Code::InvalidRequest).detail("the query has a parameter that is unknown or not well formed")
        })
    }
}

/// The whole body. The door's limit has been put around it.
pub(crate) async fn read(request: Request) -> Result<bytes::Bytes, Problem> {
    let body = request.into_body().collect().await.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
        Problem::new(if too_large { Code::PayloadTooLarge } else { Code::InvalidRequest }).detail(if too_large {
            "send less"
        } else {
            "the body ended early"
        })
    })?;
    Ok(body.to_bytes())
}

/// Parses JSON; the refusal points at the field and never quotes a value. A NUL character is refused in every text:
/// PostgreSQL cannot store it.
pub(crate) fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Problem> {
    without_nul(bytes)?;
    parse_outer(bytes)
}

/// As [`parse`], of what is known to be UTF-8: looking at that again costs a tenth of reading.
pub(crate) fn parse_text<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Problem> {
    without_nul(text.as_bytes())?;
    serde_json::from_str(text).or_else(|_| parse_outer(text.as_bytes()))
}

/// Refuses JSON with a NUL character in a text.
pub(crate) fn without_nul(json: &[u8]) -> Result<(), Problem> {
    if holds_nul(json) {
        return Err(Problem::new(Code::InvalidJson).field("", "send texts without the NUL character (\\u0000)"));
    }
    Ok(())
}

/// As [`parse`], of a body whose parts are parsed one by one after this: a NUL character is the fault of its part.
pub(crate) fn parse_outer<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Problem> {
    // Finding out where something is wrong costs as much again as reading: only when something is.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        Problem::new(Code::InvalidJson).field(pointer, reason(&inner))
    })?;
    deserializer.end().map_err(|error| Problem::new(Code::InvalidJson).detail(reason(&error)))?;
    Ok(value)
}

/// Whether JSON has an escaped NUL; a bare one is not JSON.
fn holds_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        if rest[at + 1..].starts_with(b"u0000") {
            return true;
        }
        // Whatever is escaped, a backslash too, begins no escape itself.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// What serde says, without the values that it quotes.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!("line {} column {}", error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => match text.split_once(", expected ") {
            Some((_, expected)) if text.starts_with("invalid") => {
                let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
                format!("expected {expected} ({place})")
            }
            _ if text.starts_with("missing field") => text,
            _ if text.starts_with("unknown") => match text.split_once(", expected ") {
                Some((_, expected)) => format!("unknown name, expected {expected}"),
                None => format!("unknown name ({place})"),
            },
            _ => format!("not acceptable ({place})"),
        },
        serde_json::error::Category::Eof => format!("the JSON ends early ({place})"),
        _ => format!("not JSON ({place})"),
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("{pointer}/{variant}"),
        Segment::Unknown => pointer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only parsing is tested")]
    struct Sample {
        names: Vec<String>,
        count: u32,
    }

    fn refusal(text: &str) -> (String, String) {
        let problem = parse::<Sample>(text.as_bytes()).unwrap_err();
        problem.errors.first().map_or_else(
            || (String::new(), problem.detail.clone().unwrap_or_default()),
            |error| (error.pointer.clone(), error.detail.clone()),
        )
    }

    #[test]
    fn a_refusal_points_at_the_field_and_quotes_no_value() {
        let (pointer, detail) = refusal(r#"{"names":["a", {"secret":"hunter2"}],"count":1}"#);
        assert_eq!(pointer, "/names/1");
        assert_eq!(detail, "expected a string (line 1 column 15)");
        let (pointer, detail) = refusal(r#"{"names":[],"count":"hunter2"}"#);
        assert_eq!((pointer.as_str(), detail.contains("hunter2")), ("/count", false));
        let (_, detail) = refusal(r#"{"names":[],"hunter2":1}"#);
        assert_eq!(detail, "unknown name, expected `names` or `count` at line 1 column 21");
    }

    #[test]
    fn an_escaped_nul_is_found_and_an_escaped_backslash_is_not_one() {
        for (json, found) in [
            (r#"["a\u0000b"]"#, true),
            (r#"["\\\u0000"]"#, true),
            (r#"["\n\u0000"]"#, true),
            (r#"["\\u0000"]"#, false),
            (r#"["\u0001 u0000"]"#, false),
            (r#"["a\"#, false),
        ] {
            assert_eq!(holds_nul(json.as_bytes()), found, "{json}");
        }
    }

    #[test]
    fn what_follows_the_value_is_refused() {
        assert!(refusal(r#"{"names":[],"count":1} x"#).1.starts_with("not JSON"));
    }
}
