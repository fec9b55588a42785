//! The product: one folder per feature, the doors that they answer at, and what every feature works with.
//!
//! A request passes the door ([`doors`]), proves its authority by the handler's first argument ([`authority::Can`]), and
//! reaches a handler, which calls store functions on a transaction of its tenant. Two layers, no more.

mod answers;
mod api_keys;
mod app;
mod attributes;
pub mod audit;
pub mod authority;
mod companies;
mod content;
pub mod delivery;
pub mod demo;
pub mod doors;
mod edge_keys;
mod event_log;
mod extract;
mod flows;
mod identity_tokens;
mod ingest;
pub mod installation;
pub mod jobs;
mod members;
mod organisations;
mod people;
mod page_origins;
mod pages;
mod problem;
mod routers;
mod sdk_files;
mod sealed;
mod sessions;
mod surveys;
mod timeline;
mod timer;
mod static_files;
#[cfg(test)]
mod testing;

pub use app::{App, Databases, OpenError, Urls};
pub use organisations::{NewEnvironment, NewOrganisation};
pub use routers::router;
