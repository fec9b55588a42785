//! What a filter looks at: `person.plan`, `page.query.utm_source`, `locale`; and which of it may be used where.

use std::fmt;

use crate::parse::nearest;

/// The longest name of an attribute or event, in bytes.
pub(crate) const MAX_NAME: usize = 200;

/// Whose attribute it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The person's attributes.
    Person,
    /// The attributes of the person's company.
    Company,
    /// The properties of one event.
    Event,
    /// `kind` and `browser` of the device.
    Device,
    /// `path`, `url`, `host` and `query.<name>` of the page; decided in the browser.
    Page,
    /// The browser's language; decided in the browser. Has no name.
    Locale,
}

/// Where a rule or filter stands, which decides what it may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Content's audience: person, company, device, page, locale, and what somebody did.
    Audience,
    /// A saved audience, which has no page: person, company, device, and what somebody did.
    Segment,
    /// A trigger's or a step's `where`: page and locale only.
    Page,
    /// A filter on one event: its properties, its page's path, its device.
    Event,
    /// A filter of an analytics question: the event's, and its person's and company's attributes.
    Query,
}

impl Place {
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Audience => &[
                "person.<name>",
                "company.<name>",
                "device.kind",
                "device.browser",
                "page.path",
                "page.url",
                "page.host",
                "page.query.<name>",
                "locale",
            ],
            Self::Segment => &["person.<name>", "company.<name>", "device.kind", "device.browser"],
            Self::Page => &["page.path", "page.url", "page.host", "page.query.<name>", "locale"],
            Self::Event => &["event.<name>", "page.path", "device.kind", "device.browser"],
            Self::Query => {
                &["event.<name>", "person.<name>", "company.<name>", "page.path", "device.kind", "device.browser"]
            }
        }
    }
}

/// A field of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field {
    scope: Scope,
    name: String,
}

impl Field {
    /// Reads `scope.name` as far as this place knows it; otherwise says what is accepted.
    pub fn parse(text: &str, place: Place) -> Result<Self, String> {
        let accepted = place.fields();
        let open = accepted.iter().filter_map(|field| field.strip_suffix("<name>"));
        let known = accepted.contains(&text)
            || open.into_iter().any(|prefix| text.strip_prefix(prefix).is_some_and(|name| !name.is_empty()));
        if !known || text.contains("<name>") {
            let suggestion = nearest(&head(text), accepted.iter().copied());
            return Err(format!("unknown field here{suggestion}; accepted: {}", accepted.join(", ")));
        }
        if text.len() > MAX_NAME {
            return Err(format!("too long: a field has at most {MAX_NAME} bytes"));
        }
        let (scope, name) = text.split_once('.').unwrap_or((text, ""));
        let scope = match scope {
            "person" => Scope::Person,
            "company" => Scope::Company,
            "event" => Scope::Event,
            "device" => Scope::Device,
            "page" => Scope::Page,
            _ => Scope::Locale,
        };
        Ok(Self { scope, name: name.to_owned() })
    }

    /// Whose attribute it is.
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// The attribute's name, verbatim (dots included); empty for the locale.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the browser decides it when it stands in an audience.
    pub const fn is_client(&self) -> bool {
        matches!(self.scope, Scope::Page | Scope::Locale)
    }

    /// Whether its value is always a text, so that a filter with a number could never hold.
    pub const fn is_text(&self) -> bool {
        matches!(self.scope, Scope::Page | Scope::Locale | Scope::Device)
    }
}

/// The part of a field that has to be one of ours: what follows an open prefix is the customer's.
fn head(text: &str) -> String {
    match text.split_once('.') {
        Some(("page", rest)) if rest.starts_with("query") => "page.query.<name>".to_owned(),
        Some((scope @ ("page" | "device"), rest)) => format!("{scope}.{rest}"),
        Some((scope, _)) => format!("{scope}.<name>"),
        None => text.to_owned(),
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = match self.scope {
            Scope::Person => "person",
            Scope::Company => "company",
            Scope::Event => "event",
            Scope::Device => "device",
            Scope::Page => "page",
            Scope::Locale => return f.write_str("locale"),
        };
        write!(f, "{scope}.{}", self.name)
    }
}

impl serde::Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
