//! Ingest: the Segment HTTP tracking API, so that instrumentation that is there already works unchanged.
//!
//! The way of a batch: key and limits; each message is checked by itself, and a refused one is reported by its index while
//! the rest goes on ([`message`]); names are registered and values classified; people and companies are resolved, in one
//! round trip or none; what became known of them is written, the keyring first, then the main store; the events, their
//! personal properties sealed, go to the log, and only when they are durable the answer goes out; last, counters and what
//! was seen are brought up to date by following the log ([`projection`]).
//!
//! Invariants: nothing is acknowledged before it is durable; a message that is sent again changes nothing; an event that is in
//! the log comes to be counted, once, whatever becomes of the request that brought it; no outside id
//! and no unsealed personal value reaches the main store or the log; IP addresses and query strings are not stored.

mod about_content;
mod after;
pub(crate) mod api;
mod balance;
mod batch;
mod body;
pub(crate) mod checkpoints;
mod classify;
mod given;
mod ids;
mod message;
mod message_hash;
mod moment;
mod place;
mod projection;
mod scrub;
mod settings;
#[cfg(test)]
mod tests;
mod watch;
mod wire;

pub(crate) use api::preflighted;
pub(crate) use balance::Balances;
pub(crate) use batch::{append, property_field, property_version, update};
pub(crate) use body::{EdgeRequest, edge_body};
pub(crate) use given::Given;
pub(crate) use ids::id_of_request;
pub(crate) use message_hash::{COPIES_RECOGNISED, MessageHash, MessageHasher};
pub(crate) use moment::happened;
pub(crate) use place::{agent, percent_decoded};
pub(crate) use projection::{
    Projection, ProjectionError, bring_checkpoints, catch_up, catch_up_for_others, catch_up_with,
};
pub(crate) use watch::{Watch, Watches, counts};
pub(crate) use wire::Text;
