//! Where something happened: of a URL the path alone, of a user agent the browser, the system and the kind of device.
//! Query strings, fragments and user names within URLs are dropped; a part of a path that looks personal, or is an
//! outside id of the message, is put out of sight.

use std::borrow::Cow;

use events::DeviceKind;

use crate::attributes::names_somebody;

/// What stands in place of a part of a path that is not stored.
const HIDDEN: &str = ":hidden";
const MAX_PATH: usize = 500;

/// The path of a URL or path, fit to be stored.
pub(super) fn path_of(url: &str, own: &[&str]) -> Option<String> {
    let rest = match url.find("://") {
        Some(at) => {
            let rest = &url[at + 3..];
            rest.find(['/', '?', '#']).map_or("/", |slash| &rest[slash..])
        }
        None => url,
    };
    let path = rest.split(['?', '#']).next().unwrap_or(rest);
    let path = if path.is_empty() { "/" } else { path };
    if !path.starts_with('/') {
        return None;
    }
    let parts: Vec<Cow<'_, str>> = path.split('/').map(|part| visible(part, own)).collect();
    let mut path = parts.join("/");
    if path.len() > MAX_PATH {
        let end = (0..=MAX_PATH).rev().find(|end| path.is_char_boundary(*end)).unwrap_or(0);
        path.truncate(end);
    }
    Some(path)
}

fn visible<'a>(part: &'a str, own: &[&str]) -> Cow<'a, str> {
    let decoded = percent_decoded(part);
    if names_somebody(&decoded) || (!decoded.is_empty() && own.contains(&decoded.as_ref())) {
        Cow::Borrowed(HIDDEN)
    } else {
        Cow::Borrowed(part)
    }
}

/// Host and path of a URL, without what follows.
pub(super) fn referrer_of(url: &str, own: &[&str]) -> Option<String> {
    let host = host_of(url)?;
    Some(format!("{host}{}", path_of(url, own)?))
}

/// The host of a URL, without user name and port.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty() && host.len() <= 255 && !names_somebody(host)).then_some(host)
}

/// A URL within a text value, without user name, query and fragment; any other text as it is.
pub(super) fn without_query(text: &str, own: &[&str]) -> Option<String> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    Some(format!("{scheme}{}{}", host_of(text)?, path_of(text, own)?))
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        if *byte == b'%'
            && let [high, low, after @ ..] = after
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(*byte);
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a user agent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agent {
    pub(super) browser: Option<&'static str>,
    pub(super) system: Option<&'static str>,
    pub(super) kind: DeviceKind,
}

/// Reads a user agent. The first mark that is found decides, since browsers name their ancestors too.
pub(super) fn agent(text: &str) -> Agent {
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let first =
        |marks: &[(&str, &'static str)]| marks.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name);
    let has = |mark| text.contains(mark);
    let kind = if has("bot") || has("Bot") || has("crawler") {
        DeviceKind::Other
    } else if has("iPad") || has("Tablet") || (has("Android") && !has("Mobile")) {
        DeviceKind::Tablet
    } else if has("Mobile") || has("iPhone") {
        DeviceKind::Mobile
    } else if has("Mozilla/") {
        DeviceKind::Desktop
    } else {
        DeviceKind::Other
    };
    Agent { browser: first(&BROWSERS), system: first(&SYSTEMS), kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_a_url_the_path_stays() {
        let path = |url| path_of(url, &["u-17"]);
        assert_eq!(path("https://ana:pw@app.example/a/b?email=ana@example.org#x").as_deref(), Some("/a/b"));
        assert_eq!(path("https://app.example?x=1").as_deref(), Some("/"));
        assert_eq!(path("/people/ana%40example.org/edit").as_deref(), Some("/people/:hidden/edit"));
        assert_eq!(path("/people/u-17").as_deref(), Some("/people/:hidden"));
        assert_eq!(path("about:blank"), None);
        assert_eq!(referrer_of("https://a.example:8443/x?y", &[]).as_deref(), Some("a.example/x"));
        assert_eq!(without_query("https://a.example/x?y#z", &[]).as_deref(), Some("https://a.example/x"));
        assert_eq!(without_query("plain", &[]), None);
    }

    #[test]
    fn agents_become_browser_system_and_kind() {
        let agent = |text| agent(text);
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36";
        assert_eq!(agent(chrome), Agent { browser: Some("Chrome"), system: Some("Linux"), kind: DeviceKind::Desktop });
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1";
        assert_eq!(agent(iphone), Agent { browser: Some("Safari"), system: Some("iOS"), kind: DeviceKind::Mobile });
    }

    proptest! {
        #[test]
        fn no_url_panics_and_no_query_stays(url in "\\PC{0,60}") {
            if let Some(path) = path_of(&url, &[]) {
                prop_assert!(!path.contains('?') && !path.contains('#'));
            }
            let _ = (referrer_of(&url, &[]), without_query(&url, &[]), agent(&url));
        }
    }
}
