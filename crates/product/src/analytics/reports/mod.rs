//! Reports: questions that a team keeps. A report is an environment's; whoever may read that environment's insights may
//! open it by its address, and whoever may ask questions may change it. It is nobody's own.
//!
//! Invariants: what is stored is a question that was checked; every change and its audit record are on one transaction;
//! nobody changes what they have not read, if they say what they read (`If-Match`); what was deleted can come back for 30
//! days. A record names the report and its kind, never what it asks.

pub(super) mod api;
mod change;
mod store;
