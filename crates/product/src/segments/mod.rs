//! Segments: audiences over the people of an environment. What is there is the *preview*: how many people an audience matches
//! now, for an editor who is writing it. Saved segments come later.
//!
//! Invariants: the count comes from the function that decides for `sync`, so it cannot tell another story; a personal value is
//! never asked for; what is looked at, how long that takes and how many look at a time is bounded ([`preview`]).

pub(crate) mod api;
mod preview;
#[cfg(test)]
mod tests;

pub(crate) use preview::Previews;
