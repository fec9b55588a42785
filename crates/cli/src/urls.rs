//! Public URLs: where the doors are reached from outside.

use product::Urls;
use url::{Host, Url};

use crate::Failure;
use crate::args::UrlArgs;

/// Public URLs, made from ports unless given.
///
/// The dashboard must have a host name of its own: cookies ignore ports, so the edge and the api would be sent the
/// dashboard's.
pub(crate) fn urls(given: &UrlArgs, edge: u16, api: u16, dashboard: u16) -> Result<Urls, Failure> {
    let edge = public_url("--edge-url", given.edge_url.as_deref(), "localhost", edge)?;
    let api = public_url("--api-url", given.api_url.as_deref(), "localhost", api)?;
    let dashboard = public_url("--dashboard-url", given.dashboard_url.as_deref(), "dashboard.localhost", dashboard)?;
    for (flag, other) in [("--edge-url", &edge), ("--api-url", &api)] {
        if other.host() == dashboard.host() {
            let host = dashboard.host_str().unwrap_or_default();
            return Err(Failure::Usage(format!(
                "--dashboard-url and {flag} have the same host {host}: give the dashboard a host name of its own, since \
                 browsers send its cookies to every port of a host"
            )));
        }
    }
    let text = |url: Url| url.origin().ascii_serialization();
    Ok(Urls { edge: text(edge), api: text(api), dashboard: text(dashboard) })
}

/// The public URL of the demo's site, made from its port unless given.
pub(crate) fn site_url(given: Option<&str>, port: u16) -> Result<String, Failure> {
    Ok(public_url("--site-url", given, "localhost", port)?.origin().ascii_serialization())
}

fn public_url(flag: &str, given: Option<&str>, host: &str, port: u16) -> Result<Url, Failure> {
    let made = format!("https://{host}:{port}");
    let text = given.unwrap_or(&made);
    let refused = |reason: &str| {
        Failure::Usage(format!("{flag} {text}: {reason}; give a URL of the form https://host or https://host:port"))
    };
    let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
    if url.scheme() != "https" || !text.to_ascii_lowercase().starts_with("https://") {
        return Err(refused("it does not begin with https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it has a user name or password"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it has a path, query or fragment"));
    }
    match url.host() {
        Some(Host::Domain(name)) if name.ends_with('.') => Err(refused("its host name ends with a dot")),
        Some(_) => Ok(url),
        None => Err(refused("it has no host")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(url: &str) -> Result<String, Failure> {
        let given = UrlArgs { edge_url: Some(url.to_owned()), ..UrlArgs::default() };
        urls(&given, 1, 2, 3).map(|urls| urls.edge)
    }

    #[test]
    fn a_url_has_one_form() {
        for (given, expected) in [
            ("https://Edge.Example.ORG", "https://edge.example.org"),
            ("https://edge.example.org:443/", "https://edge.example.org"),
            ("HTTPS://edge.example.org:8443", "https://edge.example.org:8443"),
            ("https://[2001:DB8:0::7]", "https://[2001:db8::7]"),
            ("https://[2001:db8::7]:8443", "https://[2001:db8::7]:8443"),
            ("https://192.0.2.7:8443", "https://192.0.2.7:8443"),
        ] {
            assert_eq!(edge(given).unwrap(), expected, "{given}");
        }
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        for given in [
            "",
            "edge.example.org",
            "http://edge.example.org",
            "https:edge.example.org",
            "https://",
            "https://ana@edge.example.org",
            "https://:word@edge.example.org",
            "https://edge.example.org/path",
            "https://edge.example.org/?",
            "https://edge.example.org?a=b",
            "https://edge.example.org#a",
            "https://edge.example.org.",
            "https://edge.example.org:70000",
            "https://edge example.org",
        ] {
            assert!(matches!(edge(given), Err(Failure::Usage(_))), "{given}");
        }
    }

    #[test]
    fn the_dashboard_shares_its_host_with_nobody() {
        let given = UrlArgs { dashboard_url: Some("https://LOCALHOST:8444".to_owned()), ..UrlArgs::default() };
        let refused = urls(&given, 1, 2, 3).unwrap_err().to_string();
        assert!(refused.contains("have the same host localhost"), "{refused}");
    }
}
