//! Where something happened: of a URL the path alone, of a user agent the browser, the system and the kind of device.
//! Query strings, fragments and user names within URLs are dropped, but for the parameters that name a campaign; a part of
//! a path that looks personal, names an outside id of the message, or follows the folder of somebody (`/users/…`), is put
//! out of sight.

use std::borrow::Cow;

use events::DeviceKind;

use crate::attributes::{mentions, names_somebody, text_looks_personal};

/// What stands in place of what is not stored.
pub(super) const HIDDEN: &str = ":hidden";
const MAX_PATH: usize = 500;
/// The parameters of a query string that are stored: whoever publishes a link writes them, for everybody who follows it.
const ALLOWED: [&str; 5] = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_id"];
/// Folders of a path in which everybody has one of their own.
const PERSONS: [&str; 24] = [
    "users",
    "user",
    "u",
    "people",
    "person",
    "profiles",
    "profile",
    "members",
    "member",
    "customers",
    "customer",
    "contacts",
    "contact",
    "clients",
    "client",
    "patients",
    "patient",
    "employees",
    "employee",
    "students",
    "student",
    "authors",
    "author",
    "in",
];
/// What stands there, too, and is nobody.
const ROUTES: [&str; 30] = [
    "new",
    "edit",
    "settings",
    "me",
    "all",
    "list",
    "import",
    "export",
    "search",
    "invite",
    "invitations",
    "create",
    "index",
    "active",
    "archived",
    "billing",
    "profile",
    "security",
    "password",
    "notifications",
    "overview",
    "details",
    "delete",
    "login",
    "logout",
    "signup",
    "register",
    "preferences",
    "groups",
    "roles",
];

/// The path of a URL or path, fit to be stored.
pub(super) fn path_of<'a>(url: &'a str, own: &[&str]) -> Option<Cow<'a, str>> {
    let rest = match url.find("://") {
        Some(at) => {
            let rest = &url[at + 3..];
            rest.find(['/', '?', '#']).map_or("/", |slash| &rest[slash..])
        }
        None => url,
    };
    let path = rest.find(['?', '#']).map_or(rest, |end| &rest[..end]);
    let path = if path.is_empty() { "/" } else { path };
    if !path.starts_with('/') {
        return None;
    }
    let parts = || {
        let folders = std::iter::once("").chain(path.split('/'));
        path.split('/').zip(folders).map(|(part, folder)| if is_hidden(part, folder, own) { HIDDEN } else { part })
    };
    let is_whole = path.split('/').zip(parts()).all(|(part, shown)| std::ptr::eq(part, shown));
    let mut path = if is_whole { Cow::Borrowed(path) } else { Cow::Owned(parts().collect::<Vec<_>>().join("/")) };
    if path.len() > MAX_PATH {
        let end = (0..=MAX_PATH).rev().find(|end| path.is_char_boundary(*end)).unwrap_or(0);
        path.to_mut().truncate(end);
    }
    Some(path)
}

/// As [`path_of`], borrowing as long as the URL does.
pub(super) fn path_within<'a>(url: Cow<'a, str>, own: &[&str]) -> Option<Cow<'a, str>> {
    match url {
        Cow::Borrowed(url) => path_of(url, own),
        Cow::Owned(url) => path_of(&url, own).map(|path| Cow::Owned(path.into_owned())),
    }
}

fn is_hidden(part: &str, folder: &str, own: &[&str]) -> bool {
    if part.is_empty() {
        return false;
    }
    let decoded = percent_decoded(part);
    let is = |names: &[&str], text: &str| names.iter().any(|name| name.eq_ignore_ascii_case(text));
    let is_somebodys = decoded.starts_with('@') || (is(&PERSONS, folder) && !is(&ROUTES, part));
    is_somebodys || text_looks_personal(&decoded) || mentions(&decoded, own)
}

/// The path of a screen of an app.
pub(super) fn screen_of(name: &str, own: &[&str]) -> String {
    if text_looks_personal(name) || mentions(name, own) {
        return format!("/{HIDDEN}");
    }
    path_of(&format!("/{name}"), own).map(Cow::into_owned).unwrap_or_default()
}

/// Host and path of a URL, without what follows; of another site the host alone: what its paths say of somebody, nobody
/// here can tell.
pub(super) fn referrer_of(url: &str, here: Option<&str>, own: &[&str]) -> Option<String> {
    let host = host_of(url)?;
    if here.is_some_and(|here| here.eq_ignore_ascii_case(host)) {
        return Some(format!("{host}{}", path_of(url, own)?));
    }
    (!mentions(host, own)).then(|| host.to_owned())
}

/// The host of a URL, without user name and port.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    (!host.is_empty() && host.len() <= 255 && !names_somebody(host)).then_some(host)
}

/// As [`host_of`], borrowing as long as the URL does.
pub(super) fn host_within<'a>(url: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    match url {
        Cow::Borrowed(url) => host_of(url).map(Cow::Borrowed),
        Cow::Owned(url) => host_of(url).map(|host| Cow::Owned(host.to_owned())),
    }
}

/// A text without user names, query strings and fragments of the URLs in it, if it has any.
pub(super) fn without_queries(text: &str, own: &[&str]) -> Option<String> {
    let may_have = text.contains("://") || text.contains(['?', '#']) || text.contains("%3");
    if !may_have {
        return None;
    }
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let bare = word.trim_end();
        match cut(bare, own) {
            Some(cut) => Cow::Owned(cut + &word[bare.len()..]),
            None => Cow::Borrowed(word),
        }
    });
    let words: Vec<Cow<'_, str>> = words.collect();
    words.iter().any(|word| matches!(word, Cow::Owned(_))).then(|| words.concat())
}

/// A word of a text, if it is or holds a URL.
fn cut(word: &str, own: &[&str]) -> Option<String> {
    let decoded = percent_decoded(word);
    let word = if !word.contains("://") && decoded.contains("://") { decoded.as_ref() } else { word };
    if let Some(at) = word.find("://") {
        let scheme = word[..at].rfind(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter));
        let begins = scheme.map_or(0, |before| before + word[before..].chars().next().map_or(1, char::len_utf8));
        let url = &word[begins..];
        let url = url.split(['"', '<', '>', '\'', '`']).next().unwrap_or(url);
        let host = host_of(url).unwrap_or(HIDDEN);
        let (scheme, path) = (&word[begins..at], path_of(url, own).unwrap_or_default());
        let query = url.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or(query));
        return Some(format!("{}{scheme}://{host}{path}{}", &word[..begins], campaign(query, own)));
    }
    let end = word.find(['?', '#'])?;
    let (path, rest) = word.split_at(end);
    let is_relative = path.starts_with('/') || (rest.starts_with('?') && rest.contains('='));
    is_relative.then(|| {
        let path = if path.starts_with('/') { path_of(path, own).unwrap_or_default() } else { path.into() };
        path.into_owned()
    })
}

/// What of a query string is stored.
fn campaign(query: &str, own: &[&str]) -> String {
    let pairs = query.split('&').filter(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decoded(value).replace('+', " ");
        ALLOWED.contains(&name) && !text_looks_personal(&value) && !mentions(&value, own)
    });
    let pairs: Vec<&str> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A text with percent-encoded bytes decoded.
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
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
pub(crate) struct Agent {
    pub(crate) browser: Option<&'static str>,
    pub(crate) system: Option<&'static str>,
    pub(super) kind: DeviceKind,
}

/// Reads a user agent. The first mark that is found decides, since browsers name their ancestors too.
pub(crate) fn agent(text: &str) -> Agent {
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
        assert_eq!(path("/calls/491705550142/u-17.html").as_deref(), Some("/calls/:hidden/:hidden"));
        assert_eq!(path("/Users/ana-lopez/posts").as_deref(), Some("/Users/:hidden/posts"));
        assert_eq!(path("/users/new").as_deref(), Some("/users/new"));
        assert_eq!(path("/@ana/x").as_deref(), Some("/:hidden/x"));
        assert_eq!(path("/people/").as_deref(), Some("/people/"));
        assert_eq!(screen_of("Invoice List", &[]), "/Invoice List");
        assert_eq!(screen_of("Call +49 170 5550142", &[]), "/:hidden");
        assert_eq!(screen_of("Chat with u-17", &["u-17"]), "/:hidden");
    }

    #[test]
    fn of_a_referrer_elsewhere_the_host_stays() {
        let referrer = |url| referrer_of(url, Some("a.example"), &[]);
        assert_eq!(referrer("https://a.example:8443/x?y").as_deref(), Some("a.example/x"));
        assert_eq!(referrer("https://social.example/in/ana-lopez").as_deref(), Some("social.example"));
        assert_eq!(referrer("https://203.0.113.7/x"), None);
        assert_eq!(referrer("https://[2001:db8::1]:8443/x"), None);
    }

    #[test]
    fn urls_in_texts_lose_what_follows_the_path() {
        for (text, kept) in [
            ("https://a.example/x?y#z", "https://a.example/x"),
            ("HTTPS://ana:pw@a.example:8443/x?token=1", "HTTPS://a.example/x"),
            ("see https://a.example/x?y=1, then /b?c=d", "see https://a.example/x then /b"),
            ("(\"https://a.example/x?y\")", "(\"https://a.example/x"),
            ("app://open?user=ana", "app://open/"),
            ("https://203.0.113.7/x?y", "https://:hidden/x"),
            ("/app#token=1", "/app"),
            ("a.example/x?token=1", "a.example/x"),
            ("?token=1", ""),
            ("https%3A%2F%2Fa.example%2Fx%3Ftoken%3D1", "https://a.example/x"),
            (
                "https://a.example/?utm_source=mail&e=1&utm_campaign=a%40b.example#x",
                "https://a.example/?utm_source=mail",
            ),
        ] {
            assert_eq!(without_queries(text, &[]).as_deref(), Some(kept), "{text}");
        }
        for text in ["plain", "either/or?", "50%3", "C# and F#", "why?"] {
            assert_eq!(without_queries(text, &[]), None, "{text}");
        }
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
            let _ = (referrer_of(&url, Some("a"), &["a-17"]), without_queries(&url, &["a-17"]), agent(&url), screen_of(&url, &[]));
        }
    }
}
