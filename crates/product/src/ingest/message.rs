//! Messages, checked: whom each is about, what it says, when it happened.

use std::borrow::Cow;
use std::ops::Deref;

use super::given::{Fields, Given};
use super::ids::outside_id;
use super::moment::{self, happened};
use super::place::{self, Agent};
use super::wire::{Context, Text, Wire};
use crate::attributes::{MAX_NAME, Sighting, mentions};
use crate::people::Who;
use base::{Code, Rng, Timestamp};
use events::{DeviceKind, Kind};

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
    pub(super) sent_at: Option<Timestamp>,
    /// The request's own user agent; a server's says nothing about people.
    pub(super) user_agent: Option<&'a str>,
    /// Whose key it came with.
    pub(super) sighting: Sighting,
}

/// A message; texts borrow from the body.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(super) kind: Kind,
    /// What a name in it that nobody knows counts for.
    pub(super) sighting: Sighting,
    /// The sender's id of it; copies have the same.
    pub(super) id: Cow<'a, str>,
    pub(super) at: Timestamp,
    pub(super) anonymous: Option<Cow<'a, str>>,
    pub(super) user: Option<Cow<'a, str>>,
    pub(super) previous: Option<Cow<'a, str>>,
    pub(super) group: Option<Cow<'a, str>>,
    /// The event's name; one of ours, with `$`, for what is not `track`.
    pub(super) name: Cow<'a, str>,
    pub(super) properties: Fields<'a>,
    pub(super) traits: Fields<'a>,
    pub(super) path: Option<Cow<'a, str>>,
    pub(super) device: Option<DeviceKind>,
    /// Facts about the surroundings, under names of ours.
    pub(super) surroundings: Vec<(&'static str, Cow<'a, str>)>,
    pub(super) content: Option<Cow<'a, str>>,
    pub(super) step: Option<Cow<'a, str>>,
}

impl Message<'_> {
    /// Whom it says that it is about.
    pub(super) fn who(&self) -> Who<'_> {
        Who { anonymous: self.anonymous.as_deref(), user: self.user.as_deref(), previous: self.previous.as_deref() }
    }

    /// The outside ids in it, which are not stored in clear.
    pub(super) fn own_ids(&self) -> OwnIds<'_> {
        let mut own = OwnIds::default();
        for id in [&self.anonymous, &self.user, &self.previous, &self.group].into_iter().flatten() {
            own.ids[own.count] = id;
            own.count += 1;
        }
        own
    }
}

/// The outside ids of a message.
#[derive(Debug, Default)]
pub(super) struct OwnIds<'a> {
    ids: [&'a str; 4],
    count: usize,
}

impl<'a> Deref for OwnIds<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        &self.ids[..self.count]
    }
}

/// The kinds, as paths and `type` name them.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    let kinds = [Kind::Track, Kind::Page, Kind::Screen, Kind::Identify, Kind::Group, Kind::Alias];
    kinds.into_iter().find(|kind| kind.as_str() == name)
}

/// Reads one message. `kind` is the path's, if the path says it.
pub(super) fn read<'a>(
    text: &'a str,
    kind: Option<Kind>,
    received: &Received<'a>,
    rng: &dyn Rng,
) -> Result<Message<'a>, Refusal> {
    if text.len() > MAX_MESSAGE {
        return Err(Refusal::new(Code::MessageTooLarge, format!("send at most {MAX_MESSAGE} bytes a message")));
    }
    let wire: Wire<'a> =
        crate::extract::parse_text(text).map_err(|problem| {
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

fn checked<'a>(wire: Wire<'a>, kind: Kind, received: &Received<'a>, rng: &dyn Rng) -> Result<Message<'a>, Refusal> {
    let stated = wire.original_timestamp.get().or_else(|| wire.timestamp.get());
    let sent_at = wire.sent_at.get().map_or(received.sent_at, moment::read);
    let at = happened(stated, sent_at, received.at).map_err(|error| Refusal::invalid(error.to_string()))?;
    let id = |name: &str, text: Text<'a>| {
        outside_id(text.into_text()).map_err(|error| Refusal::invalid(format!("/{name}: {error}")))
    };
    let mut context = wire.context.unwrap_or_default();
    let group = if wire.group_id.get().is_some() { wire.group_id } else { std::mem::take(&mut context.group_id) };
    let message_id = wire.message_id.into_text();
    let mut message = Message {
        kind,
        sighting: received.sighting,
        id: message_id.unwrap_or_else(|| base::id::encode(base::id::uuid_v4(rng)).into()),
        at,
        anonymous: id("anonymousId", wire.anonymous_id)?,
        user: id("userId", wire.user_id)?,
        previous: if kind == Kind::Alias { id("previousId", wire.previous_id)? } else { None },
        group: id("groupId", group)?,
        name: name_of(kind, wire.event.into_text())?,
        properties: wire.properties.unwrap_or_default(),
        traits: wire.traits.unwrap_or_default(),
        path: None,
        device: None,
        surroundings: Vec::new(),
        content: None,
        step: None,
    };
    complete(&message)?;
    if kind == Kind::Identify && message.traits.is_empty() {
        message.traits = context.traits.take().unwrap_or_default();
    }
    describe(&mut message, context, wire.name, received.user_agent);
    about_content(&mut message);
    Ok(message)
}

fn name_of(kind: Kind, event: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, Refusal> {
    let name = match kind {
        Kind::Track => event.ok_or_else(|| Refusal::invalid("/event: a track message names its event"))?,
        Kind::Page => "$page".into(),
        Kind::Screen => "$screen".into(),
        Kind::Identify => "$identify".into(),
        Kind::Group => "$group".into(),
        Kind::Alias => "$alias".into(),
        Kind::Answer => "$answer".into(),
    };
    if name.len() > MAX_NAME {
        return Err(Refusal::invalid(format!("/event: at most {MAX_NAME} bytes")));
    }
    Ok(name)
}

fn complete(message: &Message<'_>) -> Result<(), Refusal> {
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

/// What a page or screen says of itself among its properties; taken out, since the context's replaces it.
#[derive(Default)]
struct Said<'a> {
    url: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    referrer: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
}

impl<'a> Said<'a> {
    fn taken_from(message: &mut Message<'a>) -> Self {
        if !matches!(message.kind, Kind::Page | Kind::Screen) {
            return Self::default();
        }
        let mut take = |name| match message.properties.take(name) {
            Some(Given::Text(text)) => Some(text),
            _ => None,
        };
        take("search");
        take("title");
        Self { url: take("url"), path: take("path"), referrer: take("referrer"), name: take("name") }
    }
}

/// Takes from the context what may be stored. What pages say of themselves is replaced by it.
fn describe<'a>(message: &mut Message<'a>, context: Context<'a>, name: Text<'a>, user_agent: Option<&'a str>) {
    let said = Said::taken_from(message);
    let page = context.page.unwrap_or_default();
    let (page_path, page_referrer) = (page.path.into_text(), page.referrer.into_text());
    let url = page.url.into_text().or(said.url);
    let referrer = page_referrer.or(said.referrer);
    let own = message.own_ids();
    let screen = name.into_text().or(said.name).filter(|name| message.kind == Kind::Screen && name.len() <= MAX_NAME);
    let host = url.as_ref().and_then(place::host_within).filter(|host| !mentions(host, &own));
    let referrer = referrer.and_then(|referrer| place::referrer_of(&referrer, host.as_deref(), &own));
    let path = url.or(page_path).or(said.path).and_then(|path| place::path_within(path, &own));
    let path = path.or_else(|| Some(place::screen_of(&screen?, &own).into()));
    let tag = |text: Text<'a>| text.into_text().filter(|text| is_tag(text) && !mentions(text, &own));

    let agent: Option<Agent> = context.user_agent.get().or(user_agent).map(place::agent);
    let system = context.os.and_then(|os| tag(os.name));
    let facts = [
        ("$host", host),
        ("$referrer", referrer.map(Cow::Owned)),
        ("$locale", context.locale.into_text().filter(|text| is_locale(text))),
        ("$library", context.library.and_then(|library| tag(library.name))),
        ("$browser", agent.and_then(|agent| agent.browser).map(Cow::Borrowed)),
        ("$system", system.or_else(|| agent?.system.map(Cow::Borrowed))),
    ];
    let stated = context.device.as_ref().and_then(|device| device.r#type.get()).map(|kind| match kind {
        "ios" | "android" | "mobile" => DeviceKind::Mobile,
        "tablet" => DeviceKind::Tablet,
        "desktop" => DeviceKind::Desktop,
        _ => DeviceKind::Other,
    });
    message.path = path;
    message.surroundings.extend(facts.into_iter().filter_map(|(name, value)| Some((name, value?))));
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
fn about_content(message: &mut Message<'_>) {
    if message.kind != Kind::Track || !super::after::is_reserved(&message.name) {
        return;
    }
    let mut take = |name: &str| match message.properties.take(name) {
        Some(Given::Text(text)) if text.len() <= 64 && is_tag(&text) => Some(text),
        _ => None,
    };
    (message.content, message.step) = (take("content"), take("step"));
    let version = message.properties.take("version");
    let version = version.filter(|version| matches!(version, Given::Number(number) if number.is_u64()));
    message.properties.keep(version.map(|version| ("version".into(), version)));
}
