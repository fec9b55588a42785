//! The doors: edge, api, dashboard, metrics and the demo's site, each with a listener, router, host name and limits of its own.
//!
//! Every door speaks TLS only; a plain listener beside them ([`plain`]) is off unless it is configured. Every answer passes [`outermost`], which gives the request its id, keeps the door's
//! limits, turns whatever went wrong into a problem document, sets the security headers and writes the access log, in
//! which routes are templates and never paths.

mod acme;
mod certificate;
mod connections;
mod headers;
mod idle;
mod limits;
mod listen;
mod outermost;
mod panics;
mod plain;
mod resealing;
mod serve;
#[cfg(test)]
mod tests;
pub mod tls;
mod under_way;
mod unread;

pub use acme::{Acme, AcmeError, AcmeSettings, Challenges, Proof};
pub use certificate::{CertificateError, CertificateFiles, LocalAuthority};
pub use headers::{RequestIdOf, page_headers};
pub(crate) use limits::bounded;
pub use limits::{AddressLimits, DoorLimits};
pub use listen::{Bound, BoundPlain};
pub(crate) use outermost::InProcess;
pub use outermost::{DoorContext, outermost};
pub(crate) use resealing::{authority_keys, reseal, sealed_with};
pub use serve::{CertificateSource, ServeError, Server, TlsSettings};
pub use tls::TlsProfile;

/// Which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// Events, delivery, SDK files: environment keys, no cookies.
    Edge,
    /// The REST interface: API keys, no sessions, no cookies.
    Api,
    /// The team's pages and their interface: sessions, no keys. Answers under its own host name only.
    Dashboard,
    /// Figures for the operator's monitoring.
    Metrics,
    /// The demo's customer app: an origin of its own, none of Pilotfish's credentials.
    Site,
}

impl Door {
    /// Its name in logs, metrics and flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Api => "api",
            Self::Dashboard => "dashboard",
            Self::Metrics => "metrics",
            Self::Site => "site",
        }
    }
}
