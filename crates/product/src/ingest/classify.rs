//! From what a message says to what is stored of it: names registered, values classified.

use std::borrow::Cow;
use std::sync::Arc;

use super::given::{Fields, Given};
use super::message::{Message, Refusal};
use super::scrub::scrub;
use crate::App;
use crate::attributes::{self, Known, New, Refused, Scope, Sighting};
use crate::people::Written;
use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult};
use events::Kind;

/// What a message says, as it will be stored.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// Of the person, or for a group message of the company.
    pub(super) traits: Classified<'a>,
    pub(super) properties: Classified<'a>,
}

/// Names, and how their values will be stored.
pub(super) type Classified<'a> = Vec<(Cow<'a, str>, Written<Given<'a>>)>;

/// Registers what is new in these messages. Those with a name that is refused are told so.
pub(super) async fn learn<'m, 'a: 'm>(
    app: &App,
    environment: EnvironmentId,
    messages: impl Iterator<Item = &'m Message<'a>>,
) -> ProblemResult<(Arc<Known>, Vec<Option<Refusal>>)> {
    let known = app.attributes.of(app, environment).await?;
    let mut new = Vec::new();
    let refusals = messages
        .map(|message| {
            let mut refusal = None;
            let own = message.own_ids();
            for (scope, name, value) in names(message) {
                match look(&known, scope, name, value, &own, message.sighting) {
                    Ok(judged) => new.extend(judged),
                    Err(refused) => refusal = refusal.or(Some(refused)),
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
    values: &Fields<'_>,
    own: &[&str],
    sighting: Sighting,
) -> ProblemResult<Arc<Known>> {
    let known = app.attributes.of(app, environment).await?;
    let mut new = Vec::new();
    for (name, value) in values.iter() {
        let judged = look(&known, scope, name, value, own, sighting);
        new.extend(judged.map_err(|refusal| Problem::new(refusal.code).detail(refusal.detail))?);
    }
    if new.is_empty() { Ok(known) } else { app.attributes.register(app, environment, &known, new).await }
}

/// What is to be registered of a name, if anything.
fn look(
    known: &Known,
    scope: Scope,
    name: &str,
    value: &Given<'_>,
    own: &[&str],
    sighting: Sighting,
) -> Result<Option<New>, Refusal> {
    if known.is_settled(scope, name, sighting) || attributes::is_dropped(name) {
        return Ok(None);
    }
    attributes::judge(scope, name, value, own, sighting).map(Some).map_err(|refused| refuse(scope, refused))
}

/// Every name in a message that must be registered, with its value.
fn names<'m, 'a>(message: &'m Message<'a>) -> impl Iterator<Item = (Scope, &'m str, &'m Given<'a>)> {
    let of = trait_scope(message.kind);
    let traits = message.traits.iter().map(move |(name, value)| (of, name, value));
    let properties = message.properties.iter().map(|(name, value)| (Scope::Event, name, value));
    let event = (message.kind == Kind::Track).then_some((Scope::EventName, &*message.name, &Given::Null));
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
        (_, Refused::Shape) => {
            Refusal::new(Code::InvalidMessage, "names have no line breaks, control or invisible characters")
        }
    }
}

fn too_many(scope: Scope, sighting: Sighting) -> Refusal {
    let what = match scope {
        Scope::Person => "attributes of people",
        Scope::Company => "attributes of companies",
        Scope::Event => "properties of events",
        Scope::EventName => "event names",
    };
    let detail = match sighting {
        Sighting::Trusted => format!("this environment has as many different {what} as it may have"),
        Sighting::Provisional => format!(
            "browsers have brought as many different {what} into this environment as they may: \
             send a message with this one through a server key first"
        ),
    };
    Refusal::new(Code::TooManyNames, detail)
}

/// What a message says, classified.
///
/// # Errors
/// [`Refusal`] if one of its names is beyond what an environment may have.
pub(super) fn classify<'a>(known: &Known, message: &mut Message<'a>) -> Result<Said<'a>, Refusal> {
    let sighting = message.sighting;
    if message.kind == Kind::Track && known.class(Scope::EventName, &message.name).is_none() {
        return Err(too_many(Scope::EventName, sighting));
    }
    let (traits, properties) = (std::mem::take(&mut message.traits), std::mem::take(&mut message.properties));
    let own = message.own_ids();
    let traits = values(known, trait_scope(message.kind), traits, &own, sighting)?;
    let properties = values(known, Scope::Event, properties, &own, sighting)?;
    Ok(Said { traits, properties })
}

/// Attributes or properties, classified.
pub(super) fn values<'a>(
    known: &Known,
    scope: Scope,
    values: Fields<'a>,
    own: &[&str],
    sighting: Sighting,
) -> Result<Classified<'a>, Refusal> {
    let values = values.into_iter();
    let mut classified = Vec::with_capacity(values.len());
    for (name, value) in values {
        let Some(rule) = known.rule(scope, &name) else {
            if attributes::is_dropped(&name) {
                continue;
            }
            return Err(too_many(scope, sighting));
        };
        if let Some(value) = scrub(&name, value, own) {
            let value = attributes::treat(rule, &name, value, own);
            classified.push((name, value));
        }
    }
    Ok(classified)
}

/// The same, by themselves.
pub(super) fn owned(classified: Classified<'_>) -> Vec<(String, Written)> {
    classified.into_iter().map(|(name, value)| (name.into_owned(), value.map(Given::into_value))).collect()
}
