//! Exact search over personal attributes: blind indexes of e-mail addresses, telephone numbers and user names in the
//! keyring. Values that a guess is likely to hit (a birthday, a first name) are not indexed.
//!
//! An index is added before the value is written and removed after it was replaced; a stale one is harmless, since whoever
//! searches opens the value and compares.

use ::store::Scope;
use ::store::keyring::{self, IndexKey, NewIndex, SubjectKind};
use base::ProblemResult;
use base::id::EnvironmentId;
use keys::hash::{self, namespace};
use serde_json::Value;

use super::resolve::IndexHasher;
use super::write::{Attributes, Batch, Written};
use super::{SubjectRef, seal};
use crate::App;
use crate::attributes::names;
use crate::problem::store_failed;
use crate::retry::retrying;

/// The version of a sealed index value: it never changes.
const INDEX_VERSION: u64 = 1;

/// The namespace of an attribute and the value as it is looked up; `None` if it is not searched.
pub(super) fn searched(name: &str, value: &Value) -> Option<(String, String)> {
    let text = value.as_str().filter(|text| text.len() <= 254)?;
    match names::searched_as(name)? {
        names::Searched::Email => Some((namespace::EMAIL.to_owned(), hash::normalised_email(text))),
        names::Searched::Exactly => Some((format!("attribute:{name}"), text.trim().to_owned())),
    }
}

/// Adds the indexes of a batch's values.
pub(super) async fn add(app: &App, environment: EnvironmentId, batch: &Batch) -> ProblemResult<()> {
    let hasher = IndexHasher::of(app, environment)?;
    let mut indexes = Vec::new();
    for change in &batch.people {
        gather(app, &hasher, &change.person, &change.attributes, &mut indexes)?;
    }
    if indexes.is_empty() {
        return Ok(());
    }
    // In the order of the key, so that two who add at once wait for each other and not crosswise.
    indexes.sort_by(|one, other| (&one.key, one.number).cmp(&(&other.key, other.number)));
    let new = &indexes;
    retrying(app, || async move {
        let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
        keyring::add_indexes(&mut tx, environment, SubjectKind::Person, new).await.map_err(store_failed)?;
        tx.commit().await.map_err(store_failed)
    })
    .await?;
    for index in indexes {
        app.people.remember_indexed(environment, index.number, index.key.hash);
    }
    Ok(())
}

fn gather(
    app: &App,
    hasher: &IndexHasher,
    person: &SubjectRef,
    attributes: &Attributes,
    indexes: &mut Vec<NewIndex>,
) -> ProblemResult<()> {
    for (name, written) in &attributes.values {
        let Written::Personal(value) = written else { continue };
        let Some((namespace, text)) = searched(name, value.open()) else { continue };
        let hash = hasher.hash(&namespace, &text);
        let number = person.number();
        let known = app.people.is_indexed(person.environment, number, hash)
            || indexes.iter().any(|index: &NewIndex| index.number == number && index.key.hash == hash);
        if !known {
            let sealed_value = seal::seal(app, person, &namespace, INDEX_VERSION, text.as_bytes())?;
            let key = IndexKey { namespace: namespace.into(), hash };
            indexes.push(NewIndex { key, key_version: hasher.version, number, sealed_value });
        }
    }
    Ok(())
}

/// Removes the indexes of values that were replaced or removed: all of the attribute's but its last value's.
pub(super) async fn remove(
    app: &App,
    environment: EnvironmentId,
    batch: &Batch,
    replaced: &[(SubjectRef, String)],
) -> ProblemResult<()> {
    let people = replaced
        .iter()
        .filter(|(owner, name)| owner.subject.kind == SubjectKind::Person && names::searched_as(name).is_some());
    let mut stale = Vec::new();
    let hasher = IndexHasher::of(app, environment)?;
    for (person, name) in people {
        let last = last_written(batch, person, name).and_then(|value| searched(name, value));
        let keep = last.map(|(namespace, text)| hasher.hash(&namespace, &text));
        if keep.is_none_or(|hash| !app.people.is_only_index(environment, person.number(), name, hash)) {
            stale.push((person, name, keep));
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    stale.sort_by(|(one, name, _), (other, others, _)| (one.number(), name).cmp(&(other.number(), others)));
    let old = &stale;
    retrying(app, || async move {
        let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
        for (person, name, keep) in old {
            let (kind, namespace) = (SubjectKind::Person, namespace_of(name));
            keyring::remove_indexes(&mut tx, environment, kind, person.number(), &namespace, keep.as_ref())
                .await
                .map_err(store_failed)?;
        }
        tx.commit().await.map_err(store_failed)
    })
    .await?;
    for (person, name, keep) in stale {
        app.people.remember_only_index(environment, person.number(), name, keep);
    }
    Ok(())
}

fn namespace_of(name: &str) -> String {
    match names::searched_as(name) {
        Some(names::Searched::Email) => namespace::EMAIL.to_owned(),
        _ => format!("attribute:{name}"),
    }
}

/// The newest value that the batch gives an attribute.
fn last_written<'a>(batch: &'a Batch, person: &SubjectRef, name: &str) -> Option<&'a Value> {
    let changes = batch.people.iter().filter(|change| change.person.number() == person.number());
    let written = changes.flat_map(|change| {
        let values = change.attributes.values.iter().filter(|(other, _)| other == name);
        values.map(|(_, written)| (change.attributes.at, written))
    });
    match written.max_by_key(|(at, _)| *at)?.1 {
        Written::Personal(value) => Some(value.open()),
        Written::Plain(_) | Written::Removed => None,
    }
}
