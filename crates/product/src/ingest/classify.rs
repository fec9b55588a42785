//! From what a message says to what is stored of it: names registered, values classified.

use std::sync::Arc;

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use events::Kind;
use serde_json::{Map, Value};

use super::message::{Message, Refusal};
use super::place;
use crate::App;
use crate::attributes::{self, Known, Refused, Scope};
use crate::people::Written;

/// What a message says, as it will be stored.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Of the person, or for a group message of the company.
    pub(super) traits: Vec<(String, Written)>,
    pub(super) properties: Vec<(String, Written)>,
}

/// Registers what is new in these messages. Those with a name that is refused are told so.
pub(super) async fn learn<'a>(
    app: &App,
    environment: EnvironmentId,
    messages: impl Iterator<Item = &'a Message>,
) -> ProblemResult<(Arc<Known>, Vec<Option<Refusal>>)> {
    let known = app.attributes.of(app, environment).await?;
    let mut new = Vec::new();
    let refusals = messages
        .map(|message| {
            let mut refusal = None;
            for (scope, name, value) in names(message) {
                if known.class(scope, name).is_some() || attributes::is_dropped(name) {
                    continue;
                }
                match attributes::judge(scope, name, value) {
                    Ok(judged) => new.push(judged),
                    Err(refused) => refusal = refusal.or(Some(refuse(scope, refused))),
                }
            }
            refusal
        })
        .collect();
    if new.is_empty() {
        return Ok((known, refusals));
    }
    Ok((app.attributes.register(app, environment, &known, new).await?, refusals))
}

/// Registers the names of values that come outside of any message.
///
/// # Errors
/// The refusal of a name, as a problem.
pub(super) async fn learn_names(
    app: &App,
    environment: EnvironmentId,
    scope: Scope,
    values: &Map<String, Value>,
) -> ProblemResult<Arc<Known>> {
    let known = app.attributes.of(app, environment).await?;
    let mut new = Vec::new();
    for (name, value) in values {
        if known.class(scope, name).is_none() && !attributes::is_dropped(name) {
            new.push(attributes::judge(scope, name, value).map_err(|refused| {
                let refusal = refuse(scope, refused);
                Problem::new(refusal.code).detail(refusal.detail)
            })?);
        }
    }
    if new.is_empty() { Ok(known) } else { app.attributes.register(app, environment, &known, new).await }
}

/// Every name in a message that must be registered, with its value.
fn names(message: &Message) -> impl Iterator<Item = (Scope, &str, &Value)> {
    let of = trait_scope(message.kind);
    let traits = message.traits.iter().map(move |(name, value)| (of, name.as_str(), value));
    let properties = message.properties.iter().map(|(name, value)| (Scope::Event, name.as_str(), value));
    let event = (message.kind == Kind::Track).then_some((Scope::EventName, message.name.as_str(), &Value::Null));
    event.into_iter().chain(traits).chain(properties)
}

fn trait_scope(kind: Kind) -> Scope {
    if kind == Kind::Group { Scope::Company } else { Scope::Person }
}

fn refuse(scope: Scope, refused: Refused) -> Refusal {
    match (scope, refused) {
        (Scope::EventName, Refused::Personal) => {
            Refusal::new(Code::PersonalEventName, "name what happened, not to whom: the name is stored in clear")
        }
        (_, Refused::Personal) => {
            Refusal::new(Code::PersonalPropertyName, "a property's name looks personal: put the value into the value")
        }
        (_, Refused::Length) => {
            Refusal::new(Code::InvalidMessage, format!("names have 1 to {} bytes", attributes::MAX_NAME))
        }
    }
}

fn too_many(scope: Scope) -> Refusal {
    let what = match scope {
        Scope::Person => "attributes of people",
        Scope::Company => "attributes of companies",
        Scope::Event => "properties of events",
        Scope::EventName => "event names",
    };
    Refusal::new(Code::TooManyNames, format!("this environment has as many different {what} as it may have"))
}

/// What a message says, classified.
///
/// # Errors
/// [`Refusal`] if one of its names is beyond what an environment may have.
pub(super) fn classify(known: &Known, message: &mut Message) -> Result<Said, Refusal> {
    if message.kind == Kind::Track && known.class(Scope::EventName, &message.name).is_none() {
        return Err(too_many(Scope::EventName));
    }
    let own: Vec<String> = message.own_ids().into_iter().map(str::to_owned).collect();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let scope = trait_scope(message.kind);
    let traits = values(known, scope, std::mem::take(&mut message.traits), &own)?;
    let properties = values(known, Scope::Event, std::mem::take(&mut message.properties), &own)?;
    Ok(Said { traits, properties })
}

/// Attributes or properties, classified.
pub(super) fn values(
    known: &Known,
    scope: Scope,
    values: Map<String, Value>,
    own: &[&str],
) -> Result<Vec<(String, Written)>, Refusal> {
    let mut classified = Vec::with_capacity(values.len());
    for (name, value) in values {
        if attributes::is_dropped(&name) {
            continue;
        }
        let class = known.class(scope, &name).ok_or_else(|| too_many(scope))?;
        let value = match value.as_str().and_then(|text| place::without_query(text, own)) {
            Some(url) => Value::String(url),
            None => value,
        };
        classified.push((name, attributes::treat(class, value, own)));
    }
    Ok(classified)
}
