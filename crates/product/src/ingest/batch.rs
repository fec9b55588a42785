//! A batch on its way: people, attributes, log, in this order.

use std::collections::HashMap;

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult, Timestamp};
use events::{AppendError, EventEngine as _, Head, Kind, Outcome, Plain};
use serde_json::{Map, Value};

use super::classify::{self, Said};
use super::given::{Fields, Given};
use super::message::{Message, Refusal};
use super::message_hash::{MessageHash, MessageHasher};
use super::{after, projection};
use crate::App;
use crate::attributes::{Scope, Sighting};
use crate::people::{
    self, Attributes, Batch, CompanyChange, CompanyRef, Conflict, PersonChange, PersonRef, Who, Written,
};
use crate::problem::internal;

/// A message with its index in the batch, and what is known of it so far.
struct Item<'a> {
    index: usize,
    message: Message<'a>,
    said: Said<'a>,
    hash: MessageHash,
}

/// Refuses, before a message is looked at, what the log would not take.
pub(super) fn admits(app: &App, environment: EnvironmentId) -> ProblemResult<()> {
    app.engine().admits(environment).map_err(append_failed)
}

/// Stores checked messages. The answer names those that were refused, by their index.
pub(super) async fn store(
    app: &App,
    environment: EnvironmentId,
    received: Timestamp,
    messages: Vec<(usize, Message<'_>)>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<()> {
    let items = classified(app, environment, messages, refused).await?;
    let (mut items, people, merged) = resolved(app, environment, items, refused).await?;
    if items.is_empty() {
        return Ok(());
    }
    let groups: Vec<&str> = items.iter().filter_map(|item| item.message.group.as_deref()).collect();
    let companies = people::companies(app, environment, &groups).await?;
    let seen = || people.iter().zip(&items).map(|(person, item)| (person, item.message.at));
    let new = people::missing(app, environment, seen()).await?;
    let mut batch = Batch { merged, new, ..Batch::default() };
    let mut events = events::Batch::with_capacity(items.len());
    let watch = app.watches.of(environment);
    let projected: Vec<bool> = items.iter().map(|item| after::is_projected(&watch, &item.message.name)).collect();
    let seen: Vec<(u64, Timestamp)> = seen().map(|(person, at)| (person.number(), at)).collect();
    // A message that names no company is about the one that its person acts for at that point of the batch.
    let mut acting: HashMap<u64, (u64, Timestamp)> = HashMap::new();
    for (item, person) in items.iter_mut().zip(people) {
        let named = item.message.group.as_deref().and_then(|group| companies.get(group)).copied();
        let (kind, at, number) = (item.message.kind, item.message.at, person.number());
        let company = match named.map(|company| company.number()) {
            Some(company) if matches!(kind, Kind::Group | Kind::Identify) => {
                let known = || people::standing(app, environment, number)?.company_at;
                let since = acting.get(&number).map(|(_, at)| *at).or_else(known);
                if since.is_none_or(|since| since <= at) {
                    acting.insert(number, (company, at));
                }
                Some(company)
            }
            Some(company) => Some(company),
            None => {
                let known = || people::standing(app, environment, number)?.company;
                acting.get(&number).map(|(company, _)| *company).or_else(known)
            }
        };
        add(app, item, &person, (company, received), &mut events)?;
        change(item, person, named, &mut batch);
    }
    people::write(app, environment, batch).await?;
    people::touch(app, environment, seen.into_iter());
    let outcomes = durable(app, environment, events).await?;
    let projected = outcomes.iter().zip(projected).filter(|(_, projected)| *projected);
    // Of a copy the first one may have been written a moment ago.
    let upto = projected.map(|(outcome, _)| match outcome {
        Outcome::Stored(arrival) => arrival.sequence,
        Outcome::Duplicate => app.log().durable(environment),
    });
    if let Some(upto) = upto.max() {
        projection::wait(app, environment, upto).await;
    }
    Ok(())
}

async fn classified<'a>(
    app: &App,
    environment: EnvironmentId,
    messages: Vec<(usize, Message<'a>)>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<Vec<Item<'a>>> {
    let (known, refusals) = classify::learn(app, environment, messages.iter().map(|(_, message)| message)).await?;
    let hasher = MessageHasher::of(app, environment)?;
    let mut items = Vec::with_capacity(messages.len());
    for ((index, mut message), refusal) in messages.into_iter().zip(refusals) {
        let said = match refusal {
            Some(refusal) => Err(refusal),
            None => classify::classify(&known, &mut message),
        };
        match said {
            Ok(said) => {
                let hash = hasher.hash(&message.id);
                items.push(Item { index, message, said, hash });
            }
            Err(refusal) => refused.push((index, refusal)),
        }
    }
    Ok(items)
}

type ResolvedItems<'a> = (Vec<Item<'a>>, Vec<PersonRef>, Vec<(u64, PersonRef)>);

async fn resolved<'a>(
    app: &App,
    environment: EnvironmentId,
    mut items: Vec<Item<'a>>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<ResolvedItems<'a>> {
    let claims: Vec<Who<'_>> = items.iter().map(|item| item.message.who()).collect();
    let resolved = people::resolve_all(app, environment, &claims).await?;
    let mut people = Vec::with_capacity(items.len());
    let mut found = resolved.people.into_iter();
    items.retain(|item| match found.next() {
        Some(Ok(person)) => {
            people.push(person);
            true
        }
        Some(Err(conflict)) => {
            refused.push((item.index, refusal_of(conflict)));
            false
        }
        None => false,
    });
    Ok((items, people, resolved.merged))
}

fn refusal_of(conflict: Conflict) -> Refusal {
    match conflict {
        Conflict::Nobody => Refusal::new(Code::InvalidMessage, "give a userId or an anonymousId"),
        Conflict::Identified => Refusal::new(
            Code::IdentityConflict,
            "previousId is an identified person: two identified people are never merged",
        ),
    }
}

/// Adds a message's event to those that go into the log.
fn add(
    app: &App,
    item: &Item<'_>,
    person: &PersonRef,
    (company, received): (Option<u64>, Timestamp),
    events: &mut events::Batch,
) -> ProblemResult<()> {
    let Item { message, said, hash, .. } = item;
    let mut sealed: Vec<(&str, Vec<u8>)> = Vec::new();
    for (name, value) in &said.properties {
        if let Written::Personal(value) = value {
            let bytes = serde_json::to_vec(&value.open().clone().into_value()).map_err(internal)?;
            sealed.push((
                name,
                people::seal(app, person, &property_field(name), property_version(hash.primary), &bytes)?,
            ));
        }
    }
    let head = Head {
        person: person.number(),
        company,
        time: message.at,
        received,
        message: hash.primary,
        kind: message.kind,
        name: &message.name,
        session: None,
        path: message.path.as_deref(),
        device: message.device,
        content: message.content.as_deref(),
        step: message.step.as_deref(),
    };
    let plain = said.properties.iter().filter_map(|(name, value)| match value {
        Written::Plain(value) => Some((name.as_ref(), plain(value)?)),
        Written::Personal(_) | Written::Removed => None,
    });
    let surroundings = message.surroundings.iter().map(|(name, value)| (*name, Plain::Text(value)));
    let sealed = sealed.iter().map(|(name, value)| (*name, value.as_slice()));
    events.add(&head, plain.chain(surroundings), sealed);
    for other in &hash.others {
        events.known_as(*other);
    }
    Ok(())
}

/// A value as the log takes it.
fn plain<'a>(value: &'a Given<'_>) -> Option<Plain<'a>> {
    match value {
        Given::Null => None,
        Given::Bool(value) => Some(Plain::Bool(*value)),
        Given::Number(number) => Some(Plain::Number(number)),
        Given::Text(text) => Some(Plain::Text(text)),
        Given::Nested(value) => Some(Plain::Nested(value)),
    }
}

/// Adds what a message changes of its person and company.
fn change(item: &mut Item<'_>, person: PersonRef, company: Option<CompanyRef>, batch: &mut Batch) {
    let (message, at, values) = (Some(item.hash.clone()), item.message.at, std::mem::take(&mut item.said.traits));
    match (item.message.kind, company) {
        (Kind::Group, Some(company)) => {
            let attributes = Attributes { at, values: classify::owned(values) };
            batch.companies.push(CompanyChange { company, attributes, message: message.clone() });
            let attributes = Attributes { at, values: Vec::new() };
            batch.people.push(PersonChange { person, attributes, company: Some(company), message });
        }
        (Kind::Identify | Kind::Alias, company) => {
            let attributes = Attributes { at, values: classify::owned(values) };
            batch.people.push(PersonChange { person, attributes, company, message });
        }
        _ => {}
    }
}

/// What a sealed property is bound to, beside its person.
pub(crate) fn property_field(name: &str) -> String {
    format!("event.{name}")
}

/// The event that a sealed property belongs to, as the version of the value.
pub(crate) fn property_version(message: [u8; 16]) -> u64 {
    let mut version = [0; 8];
    version.copy_from_slice(&message[..8]);
    u64::from_be_bytes(version)
}

/// Puts events into the log that no message of a client is; when this answers they are durable.
pub(crate) async fn append(
    app: &App,
    environment: EnvironmentId,
    events: impl Into<events::Batch>,
) -> ProblemResult<Vec<Outcome>> {
    let events = events.into();
    let taken = app.balances.take(environment, events.len());
    let appended = durable(app, environment, events).await;
    taken.answer(appended.as_ref().map(|_| 0));
    appended
}

async fn durable(app: &App, environment: EnvironmentId, events: events::Batch) -> ProblemResult<Vec<Outcome>> {
    app.engine().append(environment, events).await.map_err(append_failed)
}

/// What a failed append is told: try again, with the same message ids.
fn append_failed(error: AppendError) -> Problem {
    match error {
        AppendError::Overloaded { retry_after } => Problem::new(Code::TooManyRequests)
            .detail("more is arriving than can be written")
            .retry_after(retry_after.as_secs().max(1)),
        AppendError::TooLarge | AppendError::TooDeep(_) => {
            Problem::new(Code::PayloadTooLarge).detail("send less at once")
        }
        error => {
            tracing::error!(%error, "the event log took nothing");
            Problem::new(Code::StorageUnavailable).detail("the events were not stored: send them again").retry_after(1)
        }
    }
}

/// Writes what is said of a person, and of their company, outside of any event: what `sync` brings.
pub(crate) async fn update(
    app: &App,
    person: PersonRef,
    traits: Map<String, Value>,
    company: Option<(&str, Map<String, Value>)>,
    own: &[&str],
    sighting: Sighting,
) -> ProblemResult<()> {
    let environment = person.environment;
    let at = app.clock.now();
    let mut batch = Batch::default();
    let acts_for = match company {
        Some((id, traits)) => {
            let company = people::company(app, environment, id).await?;
            let own: Vec<&str> = own.iter().copied().chain([id]).collect();
            let values = known_values(app, environment, Scope::Company, traits, &own, sighting).await?;
            let attributes = Attributes { at, values };
            batch.companies.push(CompanyChange { company, attributes, message: None });
            Some(company)
        }
        None => None,
    };
    let values = known_values(app, environment, Scope::Person, traits, own, sighting).await?;
    let attributes = Attributes { at, values };
    if acts_for.is_some() || !attributes.values.is_empty() {
        batch.people.push(PersonChange { person, attributes, company: acts_for, message: None });
    }
    people::write(app, environment, batch).await
}

async fn known_values(
    app: &App,
    environment: EnvironmentId,
    scope: Scope,
    values: Map<String, Value>,
    own: &[&str],
    sighting: Sighting,
) -> ProblemResult<Vec<(String, Written)>> {
    let values = Fields::from(values);
    let known = classify::learn_names(app, environment, scope, &values, own, sighting).await?;
    classify::values(&known, scope, values, own, sighting)
        .map(classify::owned)
        .map_err(|refusal| Problem::new(refusal.code).detail(refusal.detail))
}
