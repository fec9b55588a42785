//! Messages as clients send them: Segment's shape, read leniently where clients differ and strictly where it matters.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;

use super::given::Fields;

/// What every body may carry beside its message or messages.
#[derive(Default, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(default, borrow, rename = "writeKey")]
    pub(super) write_key: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(super) token: Option<Cow<'a, str>>,
}

/// The body of `/v1/batch`.
#[derive(Deserialize)]
pub(super) struct BatchBody<'a> {
    #[serde(default, borrow, rename = "writeKey")]
    pub(super) write_key: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(super) token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) batch: Vec<&'a RawValue>,
    #[serde(default, borrow, rename = "sentAt")]
    pub(super) sent_at: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(super) context: Option<&'a RawValue>,
}

/// One message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Wire<'a> {
    #[serde(borrow)]
    pub(super) r#type: Text<'a>,
    #[serde(borrow)]
    pub(super) message_id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) original_timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) sent_at: Text<'a>,
    #[serde(borrow)]
    pub(super) anonymous_id: Text<'a>,
    #[serde(borrow)]
    pub(super) user_id: Text<'a>,
    #[serde(borrow)]
    pub(super) previous_id: Text<'a>,
    #[serde(borrow)]
    pub(super) group_id: Text<'a>,
    #[serde(borrow)]
    pub(super) event: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) properties: Option<Fields<'a>>,
    #[serde(borrow)]
    pub(super) traits: Option<Fields<'a>>,
    #[serde(borrow)]
    pub(super) context: Option<Context<'a>>,
}

/// What of a message's context is looked at; the rest is dropped unread.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Context<'a> {
    #[serde(borrow)]
    pub(super) locale: Text<'a>,
    #[serde(borrow)]
    pub(super) user_agent: Text<'a>,
    #[serde(borrow)]
    pub(super) group_id: Text<'a>,
    #[serde(borrow)]
    pub(super) page: Option<PageContext<'a>>,
    #[serde(borrow)]
    pub(super) device: Option<DeviceContext<'a>>,
    #[serde(borrow)]
    pub(super) os: Option<NameContext<'a>>,
    #[serde(borrow)]
    pub(super) library: Option<NameContext<'a>>,
    #[serde(borrow)]
    pub(super) traits: Option<Fields<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PageContext<'a> {
    #[serde(borrow)]
    pub(super) url: Text<'a>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) referrer: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DeviceContext<'a> {
    #[serde(borrow)]
    pub(super) r#type: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NameContext<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

/// A text that clients also send as a number or null; empty is none.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a>(Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The same, by itself.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        let text = match self.0? {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
        Ok(Text(None))
    }

    fn visit_none<E: Error>(self) -> Result<Text<'de>, E> {
        Ok(Text(None))
    }
}
