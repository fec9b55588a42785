//! A batch on its way: people, attributes, log, in this order.

use std::collections::{BTreeMap, HashMap};

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult, Timestamp};
use events::{AppendError, Event, Kind, Outcome};
use keys::{KeyKind, Owner, hash};
use serde_json::{Map, Value};

use super::classify::{self, Said};
use super::message::{Message, Refusal};
use super::{after, noting};
use crate::App;
use crate::attributes::{Scope, Sighting};
use crate::people::{
    self, Attributes, Batch, CompanyChange, CompanyRef, Conflict, PersonChange, PersonRef, Who, Written,
};
use crate::problem::internal;

/// A message with its index in the batch, and what is known of it so far.
struct Item {
    index: usize,
    message: Message,
    said: Said,
    hash: [u8; 16],
}

/// Stores checked messages. The answer names those that were refused, by their index.
pub(super) async fn store(
    app: &App,
    environment: EnvironmentId,
    received: Timestamp,
    messages: Vec<(usize, Message)>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<()> {
    let items = classified(app, environment, messages, refused).await?;
    let (items, people, merged) = resolved(app, environment, items, refused).await?;
    if items.is_empty() {
        return Ok(());
    }
    let groups: Vec<&str> = items.iter().filter_map(|item| item.message.group.as_deref()).collect();
    let companies = people::companies(app, environment, &groups).await?;
    let seen = people.iter().zip(&items).map(|(person, item)| (*person, item.message.at)).collect();
    let new = people::missing(app, environment, seen).await?;
    let mut batch = Batch { merged, new, ..Batch::default() };
    let mut events: Vec<Event> = Vec::with_capacity(items.len());
    // A message that names no company is about the one that its person acts for at that point of the batch.
    let mut acting: HashMap<u64, (u64, Timestamp)> = HashMap::new();
    for (item, person) in items.into_iter().zip(people) {
        let company = item.message.group.as_deref().and_then(|group| companies.get(group)).copied();
        let mut event = part(app, item, person, company, received, &mut batch)?;
        match event.company {
            Some(company) if matches!(event.kind, Kind::Group | Kind::Identify) => {
                let known = || people::standing(app, environment, event.person)?.company_at;
                let since = acting.get(&event.person).map(|(_, at)| *at).or_else(known);
                if since.is_none_or(|since| since <= event.time) {
                    acting.insert(event.person, (company, event.time));
                }
            }
            Some(_) => {}
            None => {
                let known = || people::standing(app, environment, event.person)?.company;
                event.company = acting.get(&event.person).map(|(company, _)| *company).or_else(known);
            }
        }
        events.push(event);
    }
    people::write(app, environment, batch).await?;
    let watch = app.watches.of(environment);
    let noted: Vec<bool> = events.iter().map(|event| after::is_noted(&watch, &event.name)).collect();
    people::touch(app, environment, events.iter().map(|event| (event.person, event.time)));
    let outcomes = append(app, environment, events).await?;
    let noted = outcomes.iter().zip(noted).filter(|(_, noted)| *noted);
    // Of a copy the first one may have been written a moment ago.
    let upto = noted.map(|(outcome, _)| match outcome {
        Outcome::Stored(arrival) => arrival.sequence,
        Outcome::Duplicate => app.log().map_or(0, |log| log.durable(environment)),
    });
    if let Some(upto) = upto.max() {
        noting::wait(app, environment, upto).await;
    }
    Ok(())
}

async fn classified(
    app: &App,
    environment: EnvironmentId,
    messages: Vec<(usize, Message)>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<Vec<Item>> {
    let (known, refusals) = classify::learn(app, environment, messages.iter().map(|(_, message)| message)).await?;
    let (_, key) = app.keys.primary(KeyKind::MessageHash, Owner::Environment(environment)).map_err(internal)?;
    let hasher = hash::Hasher::new(&key);
    let mut items = Vec::with_capacity(messages.len());
    for ((index, mut message), refusal) in messages.into_iter().zip(refusals) {
        let said = match refusal {
            Some(refusal) => Err(refusal),
            None => classify::classify(&known, &mut message),
        };
        match said {
            Ok(said) => {
                let hash = hasher.message_hash(environment, &message.id);
                items.push(Item { index, message, said, hash });
            }
            Err(refusal) => refused.push((index, refusal)),
        }
    }
    Ok(items)
}

type ResolvedItems = (Vec<Item>, Vec<PersonRef>, Vec<(u64, PersonRef)>);

async fn resolved(
    app: &App,
    environment: EnvironmentId,
    items: Vec<Item>,
    refused: &mut Vec<(usize, Refusal)>,
) -> ProblemResult<ResolvedItems> {
    let claims: Vec<Who<'_>> = items.iter().map(|item| item.message.who()).collect();
    let resolved = people::resolve_all(app, environment, &claims).await?;
    let mut kept = Vec::with_capacity(items.len());
    let mut people = Vec::with_capacity(items.len());
    for (item, person) in items.into_iter().zip(resolved.people) {
        match person {
            Ok(person) => {
                kept.push(item);
                people.push(person);
            }
            Err(conflict) => refused.push((item.index, refusal_of(conflict))),
        }
    }
    Ok((kept, people, resolved.merged))
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

/// Adds what a message changes to the batch, and makes its event.
fn part(
    app: &App,
    item: Item,
    person: PersonRef,
    company: Option<CompanyRef>,
    received: Timestamp,
    batch: &mut Batch,
) -> ProblemResult<Event> {
    let Item { message, said, hash, .. } = item;
    let attributes = Attributes { at: message.at, values: said.traits };
    let nothing = Attributes { at: message.at, values: Vec::new() };
    let message_hash = Some(hash);
    match (message.kind, company) {
        (Kind::Group, Some(company)) => {
            batch.companies.push(CompanyChange { company, attributes, message: message_hash });
            batch.people.push(PersonChange {
                person,
                attributes: nothing,
                company: Some(company),
                message: message_hash,
            });
        }
        (Kind::Identify | Kind::Alias, company) => {
            batch.people.push(PersonChange { person, attributes, company, message: message_hash });
        }
        _ => {}
    }
    let (properties, sealed) = properties(app, &person, said.properties, &message.surroundings, hash)?;
    Ok(Event {
        person: person.number(),
        company: company.map(|company| company.number()),
        time: message.at,
        received,
        message: hash,
        kind: message.kind,
        name: message.name,
        session: None,
        path: message.path,
        device: message.device,
        content: message.content,
        step: message.step,
        properties,
        sealed,
    })
}

type Properties = (Map<String, Value>, BTreeMap<String, Vec<u8>>);

fn properties(
    app: &App,
    person: &PersonRef,
    said: Vec<(String, Written)>,
    surroundings: &[(&'static str, String)],
    message: [u8; 16],
) -> ProblemResult<Properties> {
    let mut plain = Map::with_capacity(said.len() + surroundings.len());
    let mut sealed = BTreeMap::new();
    for (name, value) in said {
        match value {
            Written::Plain(value) => drop(plain.insert(name, value)),
            Written::Personal(value) => {
                let bytes = serde_json::to_vec(value.open()).map_err(internal)?;
                let value = people::seal(app, person, &property_field(&name), property_version(message), &bytes)?;
                sealed.insert(name, value);
            }
            Written::Removed => {}
        }
    }
    plain.extend(surroundings.iter().map(|(name, value)| ((*name).to_owned(), Value::String(value.clone()))));
    Ok((plain, sealed))
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

/// Puts events into the log; when this answers they are durable.
pub(crate) async fn append(app: &App, environment: EnvironmentId, events: Vec<Event>) -> ProblemResult<Vec<Outcome>> {
    app.log()?.append(environment, events).await.map_err(append_failed)
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
    let known = classify::learn_names(app, environment, scope, &values, own, sighting).await?;
    classify::values(&known, scope, values, own, sighting)
        .map_err(|refusal| Problem::new(refusal.code).detail(refusal.detail))
}
