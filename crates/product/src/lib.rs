//! The product: one folder per feature, the doors that they answer at, and what every feature works with.
//!
//! A request passes the door ([`doors`]), proves its authority by the handler's first argument ([`authority::Can`]), and
//! reaches a handler, which calls store functions on a transaction of its tenant. Two layers, no more.

mod api_keys;
mod app;
mod attributes;
pub mod audit;
pub mod authority;
mod companies;
pub mod doors;
mod edge_keys;
mod event_log;
mod extract;
mod identity_tokens;
mod ingest;
pub mod installation;
mod members;
mod organisations;
mod page_origins;
mod pages;
mod people;
mod problem;
mod routers;
mod sdk_files;
mod sealed;
mod sessions;
mod static_files;
#[cfg(test)]
mod testing;
mod timeline;
mod timer;

pub use app::{App, Databases, OpenError, Urls};
pub use organisations::{NewEnvironment, NewOrganisation};
pub use routers::router;
