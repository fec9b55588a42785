//! What content is, as a team writes it: the part that both kinds share, and each kind's own.
//!
//! A definition is read with its *shape* checked ([`Definition::parse`]): types, names and limits. Rules stay as they
//! were written, and texts may be empty, so that a draft can be kept while it is being made. What publishing demands is
//! in [`super::sound`]. Written and read again, a definition is the same.

use std::fmt;
use std::str::FromStr;

use base::id::{FlowId, SurveyId};
use base::{Clock, FieldProblem, Rng};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use targeting::{ContentKind, Frequency, Rule, Trigger};
use utoipa::ToSchema;
use uuid::Uuid;

use super::read::{Object, Problems};
use crate::flows::model::Flow;
use crate::surveys::model::Survey;

/// Definitions of more bytes than these are not content.
const MAX_BYTES: usize = 128 * 1024;

/// The id of a piece of content: `srv_…` or `flw_…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ContentId {
    /// A survey's.
    Survey(SurveyId),
    /// A flow's.
    Flow(FlowId),
}

impl ContentId {
    /// A new one.
    pub(crate) fn new(kind: ContentKind, clock: &dyn Clock, rng: &dyn Rng) -> Self {
        match kind {
            ContentKind::Survey => Self::Survey(SurveyId::new(clock, rng)),
            ContentKind::Flow => Self::Flow(FlowId::new(clock, rng)),
        }
    }

    /// The one of a stored row.
    pub(crate) const fn of(kind: ContentKind, uuid: Uuid) -> Self {
        match kind {
            ContentKind::Survey => Self::Survey(SurveyId(uuid)),
            ContentKind::Flow => Self::Flow(FlowId(uuid)),
        }
    }

    /// What storage knows it by.
    pub(crate) const fn uuid(self) -> Uuid {
        match self {
            Self::Survey(id) => id.0,
            Self::Flow(id) => id.0,
        }
    }

    /// Of which kind of content it is.
    pub(crate) const fn kind(self) -> ContentKind {
        match self {
            Self::Survey(_) => ContentKind::Survey,
            Self::Flow(_) => ContentKind::Flow,
        }
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Survey(id) => id.fmt(f),
            Self::Flow(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for ContentId {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().map(Self::Survey).or_else(|_| text.parse().map(Self::Flow)).map_err(|_| ())
    }
}

impl Serialize for ContentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A definition of well-formed shape. Clients see that of a kind, such as `Definition<Survey>`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Definition<B = Body> {
    /// A rule, or everybody.
    #[schema(value_type = Option<Rule>, required)]
    pub(crate) audience: Option<Value>,
    #[schema(value_type = Trigger)]
    pub(crate) trigger: Value,
    #[schema(value_type = Frequency)]
    pub(crate) frequency: Value,
    #[schema(required)]
    pub(crate) theme: Option<Theme>,
    #[serde(flatten)]
    pub(crate) body: B,
}

/// What a kind adds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Body {
    /// Questions.
    Survey(Survey),
    /// Steps.
    Flow(Flow),
}

/// How it looks; what is absent is the browser's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Theme {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    accent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    background: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    radius: u64,
    mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ThemeMode)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Light,
    Dark,
    Auto,
}

impl Definition {
    /// Reads a definition whose shape is right; pointers start with the given one.
    pub(crate) fn parse(kind: ContentKind, value: &Value, pointer: &str) -> Result<Self, Vec<FieldProblem>> {
        let mut problems = Problems::default();
        problems.unless(value.to_string().len() <= MAX_BYTES, pointer, "too large; at most 128 KB");
        let mut object = Object::new(value, pointer, &mut problems);
        let definition = Self {
            audience: object.raw("audience"),
            trigger: object.raw("trigger").unwrap_or_else(|| json!({"kind": "page", "where": null})),
            frequency: object.raw("frequency").unwrap_or_else(|| json!({"kind": "once"})),
            theme: object.object("theme", Theme::read),
            body: match kind {
                ContentKind::Survey => Body::Survey(Survey::read(&mut object)),
                ContentKind::Flow => Body::Flow(Flow::read(&mut object)),
            },
        };
        object.finish();
        let problems = problems.into_vec();
        if problems.is_empty() { Ok(definition) } else { Err(problems) }
    }

    /// As it is stored.
    pub(crate) fn to_json(&self) -> Value {
        // Everything in it is text, number, list or object with text keys: it always serialises.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Theme {
    fn read(object: &mut Object<'_, '_>) -> Self {
        Self {
            accent: object.colour("accent"),
            background: object.colour("background"),
            text: object.colour("text"),
            radius: object.number("radius", 0..=40, 8),
            mode: object.one_of(
                "mode",
                &[("light", Mode::Light), ("dark", Mode::Dark), ("auto", Mode::Auto)],
                Some(Mode::Auto),
            ),
        }
    }
}
