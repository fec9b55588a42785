//! What the browser knows, from a URL and a language, as WHATWG's `URL` reads them.

use url::Url;

use crate::{Fact, Field, Scope};

/// The page and locale that client-side filters look at.
#[derive(Debug, Clone, Default)]
pub struct PageFacts {
    url: Option<Url>,
    path: String,
    query: Vec<(String, String)>,
    locale: Option<String>,
}

impl PageFacts {
    /// Reads an absolute URL; one that cannot be read is as unknown as none.
    pub fn new(url: Option<&str>, locale: Option<&str>) -> Self {
        let url = url.and_then(|url| Url::parse(url).ok());
        let path = url.as_ref().map_or_else(String::new, |url| url.path().to_owned());
        let query = url.iter().flat_map(|url| url.query_pairs().into_owned()).collect();
        Self { url, path, query, locale: locale.map(ToOwned::to_owned) }
    }

    /// `path` (as in `location.pathname`), `url` (`location.href`), `host` (`location.hostname`: without the port),
    /// `query.<name>` (the first of that name, decoded) and the locale; anything else is unknown here.
    pub fn attribute(&self, field: &Field) -> Fact<'_> {
        if field.scope() == Scope::Locale {
            return self.locale.as_deref().map_or(Fact::Unknown, Fact::Text);
        }
        let (Scope::Page, Some(url)) = (field.scope(), &self.url) else { return Fact::Unknown };
        match field.name() {
            "path" => Fact::Text(&self.path),
            "url" => Fact::Text(url.as_str()),
            "host" => Fact::Text(url.host_str().unwrap_or_default()),
            other => other.strip_prefix("query.").map_or(Fact::Unknown, |name| {
                self.query.iter().find(|(key, _)| key == name).map_or(Fact::Missing, |(_, value)| Fact::Text(value))
            }),
        }
    }
}
