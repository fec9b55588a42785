//! The product: one folder per feature, the doors that they answer at, and what every feature works with.
//!
//! A request passes the door ([`doors`]), proves its authority by the handler's first argument ([`authority::Can`]), and
//! reaches a handler, which calls store functions on a transaction of its tenant. Two layers, no more.

mod analytics;
mod answers;
mod api_keys;
mod app;
mod attributes;
pub mod audit;
pub mod authority;
mod companies;
mod content;
mod delivery;
pub mod demo;
mod devices;
mod disk;
pub mod doors;
pub mod edge_grants;
mod edge_keys;
mod email_changes;
pub mod event_log;
mod extract;
pub mod figures;
mod flows;
mod hashed;
mod identity_providers;
mod identity_tokens;
mod ingest;
pub mod installation;
mod invitations;
pub mod jobs;
pub mod key_rotation;
pub mod mail;
mod members;
mod organisations;
mod page_origins;
mod pages;
mod parts;
mod passkeys;
pub mod password_resets;
mod people;
mod problem;
mod retry;
mod routers;
mod sdk_files;
mod sealed;
mod second_factors;
mod segments;
mod sessions;
mod sign_ins;
mod static_files;
mod surveys;
#[cfg(test)]
mod testing;
mod timeline;
mod timer;
pub mod trust;

pub use app::{App, Databases, Duties, OpenError, Urls, migrate};
pub use event_log::EDGE;
pub use organisations::{NewEnvironment, NewOrganisation};
pub use routers::{dashboard_document, router};
pub use sessions::AttemptLimits;
