//! Content: what a team shows to people. Its kinds are surveys and flows, with one shape, one table and one life:
//!
//! ```text
//! draft ──publish──▶ live ◀──publish── paused        DELETE: gone from view, restorable for 30 days, as paused
//!                     └────── pause ─────▶┘
//! ```
//!
//! A *draft* may have gaps: only its shape is checked ([`model`]). Publishing demands that it is sound ([`sound`]) and
//! makes an immutable *version*; what somebody was shown stays what it was. All live content of an environment is its
//! *ruleset*; its number counts up with every change of it ([`crate::delivery`]).
//!
//! Invariants: every mutation and its audit record are on one transaction; nobody changes what they have not read, if
//! they say what they read (`If-Match`); what comes back from deletion is never live at once.

pub(crate) mod api;
mod change;
pub(crate) mod model;
pub(crate) mod published;
pub(crate) mod read;
mod sound;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

pub(crate) use api::kind_routes;
