//! Outside ids as clients give them, the same at every path of the edge: text or a number, without white space around it;
//! empty is none.

use std::borrow::Cow;

use base::{Code, Problem, ProblemResult};

use super::wire::Text;

/// The longest outside id, in bytes.
const MAX_ID: usize = 256;

/// An id is longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most {MAX_ID} bytes")]
pub(super) struct TooLong;

/// An id, if one is given.
pub(super) fn outside_id(text: Option<Cow<'_, str>>) -> Result<Option<Cow<'_, str>>, TooLong> {
    match text {
        Some(text) if text.len() > MAX_ID => Err(TooLong),
        text => Ok(text),
    }
}

/// The id in a request that is about one person.
///
/// # Errors
/// 422 that points to it.
pub(crate) fn id_of_request(pointer: &'static str, text: &Text<'_>) -> ProblemResult<Option<String>> {
    let id = outside_id(text.get().map(Cow::Borrowed));
    let id = id.map_err(|error| Problem::new(Code::InvalidValue).field(pointer, error.to_string()))?;
    Ok(id.map(Cow::into_owned))
}
