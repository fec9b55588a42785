//! The event log as its callers and its disk see it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says why it failed by where it panicked")]

mod again;
mod child;
mod damage;
mod duplicates;
mod faults;
mod others;
mod parts;
mod questions;
mod recovery;
mod streams;
mod support;
mod vector;
mod writing;
