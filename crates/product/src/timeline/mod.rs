//! Reading events back: a person's or company's timeline, newest first, and counts per event and day. What was
//! acknowledged a moment ago is there.

pub(crate) mod api;
