//! The part of a definition that all content has and that decides delivery: audience, trigger, frequency.

use base::FieldProblem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::field::MAX_NAME;
use crate::parse::{kind, nearest, present};
use crate::{Place, Rule};

/// What kind of content it is; frequency means something else for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentKind {
    /// Questions.
    Survey,
    /// Steps, over one or more pages.
    Flow,
}

/// Where content is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Never published.
    Draft,
    /// Shown to its audience.
    Live,
    /// Published, and stopped.
    Paused,
}

/// What makes it appear.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// Being on a page; on any, without a rule.
    Page {
        /// Filters on page and locale.
        #[schema(required)]
        r#where: Option<Rule>,
    },
    /// Something that the person just did.
    Event {
        /// The event's name.
        event: String,
    },
    /// A call in the page.
    Manual,
}

/// How often one person may be shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Frequency {
    /// Survey: never again once it was shown. Flow: never again once it was completed or dismissed.
    Once,
    /// Survey: not within so many days of any survey. Flow: not within so many days of itself.
    Recontact {
        /// Days of 24 hours.
        days: u16,
    },
    /// Whenever its trigger fires.
    Always,
}

/// Audience, trigger and frequency of a definition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conditions {
    /// Who; everybody if there is no rule.
    pub audience: Option<Rule>,
    /// When.
    pub trigger: Trigger,
    /// How often.
    pub frequency: Frequency,
}

const MAX_DAYS: u16 = 730;

impl Conditions {
    /// Reads `audience`, `trigger` and `frequency` of a definition; what else it holds is its kind's affair.
    pub fn parse(definition: &Value, pointer: &str) -> Result<Self, Vec<FieldProblem>> {
        let Value::Object(object) = definition else {
            return Err(vec![problem(pointer, format!("expected an object, found {}", kind(definition)))]);
        };
        let mut problems = Vec::new();
        let mut keep = |mut found: Vec<FieldProblem>| problems.append(&mut found);
        let audience = present(object, "audience")
            .map(|rule| Rule::parse(rule, Place::Audience, &format!("{pointer}/audience")))
            .transpose();
        let audience = audience.map_err(&mut keep);
        let trigger = Trigger::parse(object.get("trigger"), &format!("{pointer}/trigger")).map_err(&mut keep);
        let frequency = Frequency::parse(object.get("frequency"), &format!("{pointer}/frequency")).map_err(&mut keep);
        match (audience, trigger, frequency) {
            (Ok(audience), Ok(trigger), Ok(frequency)) => Ok(Self { audience, trigger, frequency }),
            _ => Err(problems),
        }
    }

    /// The rules, for what has to look at each: the audience's and the trigger's.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let trigger = match &self.trigger {
            Trigger::Page { r#where } => r#where.as_ref(),
            Trigger::Event { .. } | Trigger::Manual => None,
        };
        self.audience.iter().chain(trigger)
    }
}

impl Trigger {
    /// Reads a trigger.
    pub fn parse(value: Option<&Value>, pointer: &str) -> Result<Self, Vec<FieldProblem>> {
        let (object, kind) = tagged(value, &["page", "event", "manual"], pointer)?;
        let known: &[&str] = match kind {
            "page" => &["kind", "where"],
            "event" => &["kind", "event"],
            _ => &["kind"],
        };
        only(object, known, pointer)?;
        match kind {
            "page" => {
                let place = format!("{pointer}/where");
                let rule = present(object, "where").map(|rule| Rule::parse(rule, Place::Page, &place)).transpose()?;
                Ok(Self::Page { r#where: rule })
            }
            "event" => match object.get("event").and_then(Value::as_str) {
                Some(event) if !event.is_empty() && event.len() <= MAX_NAME => {
                    Ok(Self::Event { event: event.to_owned() })
                }
                _ => {
                    let detail = format!("expected the name of an event, 1 to {MAX_NAME} bytes");
                    Err(vec![problem(&format!("{pointer}/event"), detail)])
                }
            },
            _ => Ok(Self::Manual),
        }
    }
}

impl Frequency {
    /// Reads a frequency.
    pub fn parse(value: Option<&Value>, pointer: &str) -> Result<Self, Vec<FieldProblem>> {
        let (object, kind) = tagged(value, &["once", "recontact", "always"], pointer)?;
        only(object, if kind == "recontact" { &["kind", "days"] } else { &["kind"] }, pointer)?;
        match kind {
            "once" => Ok(Self::Once),
            "always" => Ok(Self::Always),
            _ => {
                let days = object.get("days").and_then(Value::as_u64).and_then(|days| u16::try_from(days).ok());
                days.filter(|days| (1..=MAX_DAYS).contains(days)).map(|days| Self::Recontact { days }).ok_or_else(
                    || {
                        let detail = format!("expected a whole number of days from 1 to {MAX_DAYS}");
                        vec![problem(&format!("{pointer}/days"), detail)]
                    },
                )
            }
        }
    }
}

type Object = serde_json::Map<String, Value>;

fn problem(pointer: &str, detail: impl Into<String>) -> FieldProblem {
    FieldProblem { pointer: pointer.to_owned(), detail: detail.into() }
}

/// An object that says with `kind` which of several shapes it has.
fn tagged<'v>(
    value: Option<&'v Value>,
    kinds: &[&'static str],
    pointer: &str,
) -> Result<(&'v Object, &'static str), Vec<FieldProblem>> {
    let accepted = kinds.join(", ");
    let object = match value {
        Some(Value::Object(object)) => object,
        other => {
            let found = other.map_or("nothing", kind);
            return Err(vec![problem(
                pointer,
                format!("expected an object with kind one of {accepted}, found {found}"),
            )]);
        }
    };
    let text = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    kinds.iter().find(|kind| **kind == text).map(|kind| (object, *kind)).ok_or_else(|| {
        let suggestion = nearest(text, kinds.iter().copied());
        vec![problem(&format!("{pointer}/kind"), format!("unknown kind{suggestion}; accepted: {accepted}"))]
    })
}

fn only(object: &Object, known: &[&str], pointer: &str) -> Result<(), Vec<FieldProblem>> {
    let problems: Vec<_> = object
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
        .map(|key| {
            let suggestion = nearest(key, known.iter().copied());
            let place = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            problem(&place, format!("unknown key{suggestion}; accepted: {}", known.join(", ")))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
