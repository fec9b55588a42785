//! Messages, checked: whom each is about, what it says, when it happened.

use std::collections::HashMap;

use base::{Code, Rng, Timestamp};
use events::{DeviceKind, Kind};
use serde_json::{Map, Value};

use super::ids::outside_id;
use super::moment::happened;
use super::place::{self, Agent};
use super::wire::{Context, Wire};
use crate::attributes::{MAX_NAME, Sighting, mentions};
use crate::people::Who;

/// The longest message, in bytes.
pub(super) const MAX_MESSAGE: usize = 32 * 1024;

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidMessage, detail)
    }
}

/// What came with a message and is the same for its whole request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received<'a> {
    pub(super) at: Timestamp,
    pub(super) sent_at: Option<&'a str>,
    /// The request's own user agent; a server's says nothing about people.
    pub(super) user_agent: Option<&'a str>,
    /// Whose key it came with.
    pub(super) sighting: Sighting,
}

/// A message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(super) kind: Kind,
    /// What a name in it that nobody knows counts for.
    pub(super) sighting: Sighting,
    /// The sender's id of it; copies have the same.
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) anonymous: Option<String>,
    pub(super) user: Option<String>,
    pub(super) previous: Option<String>,
    pub(super) group: Option<String>,
    /// The event's name; one of ours, with `$`, for what is not `track`.
    pub(super) name: String,
    pub(super) properties: Map<String, Value>,
    pub(super) traits: Map<String, Value>,
    pub(super) path: Option<String>,
    pub(super) device: Option<DeviceKind>,
    /// Facts about the surroundings, under names of ours.
    pub(super) surroundings: Vec<(&'static str, String)>,
    pub(super) content: Option<String>,
    pub(super) step: Option<String>,
}

impl Message {
    /// Whom it says that it is about.
    pub(super) fn who(&self) -> Who<'_> {
        Who { anonymous: self.anonymous.as_deref(), user: self.user.as_deref(), previous: self.previous.as_deref() }
    }

    /// The outside ids in it, which are not stored in clear.
    pub(super) fn own_ids(&self) -> Vec<&str> {
        [&self.anonymous, &self.user, &self.previous, &self.group].into_iter().filter_map(|id| id.as_deref()).collect()
    }
}

/// The kinds, as paths and `type` name them.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    let kinds = [Kind::Track, Kind::Page, Kind::Screen, Kind::Identify, Kind::Group, Kind::Alias];
    kinds.into_iter().find(|kind| kind.as_str() == name)
}

/// Reads one message. `kind` is the path's, if the path says it.
pub(super) fn read(text: &str, kind: Option<Kind>, received: &Received<'_>, rng: &dyn Rng) -> Result<Message, Refusal> {
    if text.len() > MAX_MESSAGE {
        return Err(Refusal::new(Code::MessageTooLarge, format!("send at most {MAX_MESSAGE} bytes a message")));
    }
    let wire: Wire<'_> =
        crate::extract::parse(text.as_bytes()).map_err(|problem| {
            let field = problem.errors.into_iter().next();
            Refusal::invalid(field.map_or_else(
                || problem.detail.unwrap_or_default(),
                |field| format!("{}: {}", field.pointer, field.detail),
            ))
        })?;
    let kind = match kind {
        Some(kind) => kind,
        None => wire
            .r#type
            .get()
            .and_then(kind_of)
            .ok_or_else(|| Refusal::invalid("/type: expected track, identify, page, screen, group or alias"))?,
    };
    checked(wire, kind, received, rng)
}

fn checked(wire: Wire<'_>, kind: Kind, received: &Received<'_>, rng: &dyn Rng) -> Result<Message, Refusal> {
    let stated = wire.original_timestamp.get().or_else(|| wire.timestamp.get());
    let sent_at = wire.sent_at.get().or(received.sent_at);
    let at = happened(stated, sent_at, received.at).map_err(|error| Refusal::invalid(error.to_string()))?;
    let id = |name: &str, text: Option<&str>| {
        outside_id(text).map_err(|error| Refusal::invalid(format!("/{name}: {error}")))
    };
    let context = wire.context.unwrap_or_default();
    let group = wire.group_id.get().or_else(|| context.group_id.get());
    let mut message = Message {
        kind,
        sighting: received.sighting,
        id: wire.message_id.get().map_or_else(|| base::id::encode(base::id::uuid_v4(rng)), str::to_owned),
        at,
        anonymous: id("anonymousId", wire.anonymous_id.get())?,
        user: id("userId", wire.user_id.get())?,
        previous: if kind == Kind::Alias { id("previousId", wire.previous_id.get())? } else { None },
        group: id("groupId", group)?,
        name: name_of(kind, wire.event.get())?,
        properties: wire.properties.unwrap_or_default(),
        traits: wire.traits.unwrap_or_default(),
        path: None,
        device: None,
        surroundings: Vec::new(),
        content: None,
        step: None,
    };
    complete(&message)?;
    describe(&mut message, &context, wire.name.get(), received.user_agent);
    if kind == Kind::Identify && message.traits.is_empty() {
        message.traits = context.traits.unwrap_or_default();
    }
    about_content(&mut message);
    Ok(message)
}

fn name_of(kind: Kind, event: Option<&str>) -> Result<String, Refusal> {
    let name = match kind {
        Kind::Track => event.ok_or_else(|| Refusal::invalid("/event: a track message names its event"))?,
        Kind::Page => "$page",
        Kind::Screen => "$screen",
        Kind::Identify => "$identify",
        Kind::Group => "$group",
        Kind::Alias => "$alias",
        Kind::Answer => "$answer",
    };
    if name.len() > MAX_NAME {
        return Err(Refusal::invalid(format!("/event: at most {MAX_NAME} bytes")));
    }
    Ok(name.to_owned())
}

fn complete(message: &Message) -> Result<(), Refusal> {
    if message.anonymous.is_none() && message.user.is_none() {
        return Err(Refusal::invalid("/userId: give a userId or an anonymousId"));
    }
    if message.kind == Kind::Group && message.group.is_none() {
        return Err(Refusal::invalid("/groupId: a group message names its group"));
    }
    if message.kind == Kind::Alias && (message.previous.is_none() || message.user.is_none()) {
        return Err(Refusal::invalid("/previousId: an alias gives previousId and userId"));
    }
    Ok(())
}

/// Takes from the context what may be stored. What pages say of themselves is replaced by it.
fn describe(message: &mut Message, context: &Context<'_>, name: Option<&str>, user_agent: Option<&str>) {
    let taken: HashMap<&str, Value> = ["url", "path", "referrer", "search", "title", "name"]
        .into_iter()
        .filter(|_| matches!(message.kind, Kind::Page | Kind::Screen))
        .filter_map(|key| Some((key, message.properties.shift_remove(key)?)))
        .collect();
    let said = |key: &str| taken.get(key).and_then(Value::as_str);
    let page = context.page.as_ref();
    let url = page.and_then(|page| page.url.get()).or(said("url"));
    let path = url.or(page.and_then(|page| page.path.get())).or(said("path"));
    let referrer = page.and_then(|page| page.referrer.get()).or(said("referrer"));
    let own = message.own_ids();
    let screen = name.or(said("name")).filter(|name| message.kind == Kind::Screen && name.len() <= MAX_NAME);
    let path = path.and_then(|path| place::path_of(path, &own)).or_else(|| Some(place::screen_of(screen?, &own)));
    let host = url.and_then(place::host_of).filter(|host| !mentions(host, &own));

    let mut facts: Vec<(&'static str, Option<String>)> = vec![
        ("$host", host.map(str::to_owned)),
        ("$referrer", referrer.and_then(|url| place::referrer_of(url, host, &own))),
        ("$locale", context.locale.get().filter(|text| is_locale(text)).map(str::to_owned)),
        (
            "$library",
            (context.library.as_ref().and_then(|of| of.name.get()))
                .filter(|text| is_tag(text) && !mentions(text, &own))
                .map(str::to_owned),
        ),
    ];
    let agent: Option<Agent> = context.user_agent.get().or(user_agent).map(place::agent);
    let system = context.os.as_ref().and_then(|os| os.name.get());
    let system = system.filter(|text| is_tag(text) && !mentions(text, &own)).map(str::to_owned);
    facts.push(("$browser", agent.and_then(|agent| agent.browser).map(str::to_owned)));
    facts.push(("$system", system.or_else(|| agent?.system.map(str::to_owned))));
    message.path = path;
    message.surroundings = facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let stated = context.device.as_ref().and_then(|device| device.r#type.get()).map(|kind| match kind {
        "ios" | "android" | "mobile" => DeviceKind::Mobile,
        "tablet" => DeviceKind::Tablet,
        "desktop" => DeviceKind::Desktop,
        _ => DeviceKind::Other,
    });
    message.device = stated.or(agent.map(|agent| agent.kind).filter(|kind| *kind != DeviceKind::Other));
}

/// Whether a text is a short technical name, such as `en-GB` or `analytics.js`.
fn is_tag(text: &str) -> bool {
    text.len() <= 40
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || " -_./@".contains(letter))
        && !crate::attributes::names_somebody(text)
}

/// Whether a text is the name of a locale, such as `en-GB`, `zh_Hant_TW` or `de_DE.UTF-8`.
fn is_locale(text: &str) -> bool {
    let mut parts = text.split(['-', '_', '.', '@']);
    let is_part = |part: &str, range: std::ops::RangeInclusive<usize>| {
        range.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.len() <= 35 && parts.next().is_some_and(|part| is_part(part, 2..=3)) && parts.all(|part| is_part(part, 1..=8))
}

/// The reserved events say which content and step they are about.
fn about_content(message: &mut Message) {
    if message.kind != Kind::Track || !super::after::is_reserved(&message.name) {
        return;
    }
    let mut take = |key: &str| {
        let value = message.properties.shift_remove(key)?;
        value.as_str().filter(|text| text.len() <= 64 && is_tag(text)).map(str::to_owned)
    };
    (message.content, message.step) = (take("content"), take("step"));
    let version = message.properties.shift_remove("version").filter(Value::is_u64);
    message.properties.clear();
    version.map(|version| message.properties.insert("version".to_owned(), version));
}
