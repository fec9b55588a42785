//! Addresses of providers: what may be asked at all. TLS, always; without it only on this machine, for an installation that is on
//! this machine itself.

use std::net::IpAddr;

use url::{Host, Url};

use crate::App;
use crate::routers::host_of;

const LONGEST: usize = 2_000;
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// An address that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(Url);

impl Address {
    /// Reads an address; nothing if it may not be asked.
    pub(super) fn parse(app: &App, text: &str) -> Option<Self> {
        Self::read(text, is_here(host_of(&app.urls.dashboard)))
    }

    fn read(text: &str, on_this_machine: bool) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST)?;
        let host = url.host()?.to_owned();
        let secure = url.scheme() == "https" || (url.scheme() == "http" && on_this_machine && is_loopback(&host));
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        (secure && plain).then_some(Self(url))
    }

    /// Where an issuer says what it is.
    pub(super) fn of_discovery(app: &App, issuer: &str) -> Option<Self> {
        let issuer_itself = Self::parse(app, issuer)?;
        if issuer_itself.0.query().is_some() {
            return None;
        }
        Self::parse(app, &format!("{}{DISCOVERY}", issuer.trim_end_matches('/')))
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// The address of the machine, if it is no name.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }
}

/// Whether a host is this machine by its name.
pub(super) fn is_here(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    let loopback = bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || bare == "localhost" || bare.ends_with(".localhost")
}

fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_asked_over_tls_and_otherwise_on_this_machine_by_an_installation_of_this_machine() {
        for (text, on_this_machine, may) in [
            ("https://id.example.org", false, true),
            ("https://id.example.org/realms/one", false, true),
            ("http://id.example.org", true, false),
            ("http://127.0.0.1:3000", true, true),
            ("http://[::1]:3000", true, true),
            ("http://localhost:3000/a", true, true),
            ("http://127.0.0.1:3000", false, false),
            ("http://localhost.example.org", true, false),
            ("http://10.0.0.1", true, false),
            ("https://user:password@id.example.org", false, false),
            ("https://id.example.org/#fragment", false, false),
            ("file:///etc/passwd", true, false),
            ("id.example.org", true, false),
        ] {
            assert_eq!(Address::read(text, on_this_machine).is_some(), may, "{text}");
        }
        assert!(is_here("dashboard.localhost") && is_here("127.0.0.1") && is_here("[::1]"));
        assert!(!is_here("localhost.example.org") && !is_here("dashboard.example.org"));
    }
}
