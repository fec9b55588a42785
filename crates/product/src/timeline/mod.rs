//! Reading events back: a person's or company's timeline, newest first, and counts per event and day. What was
//! acknowledged a moment ago is there.
//!
//! A personal property stands as `{"personal": true}`. An API key whose role may read personal data sees the values; a member
//! sees those of a page after asking for them (`reveal`). Either way the look is recorded, as it is for people.

pub(crate) mod api;
#[cfg(test)]
mod tests;
