//! Exact search over personal attributes: blind indexes of e-mail addresses, telephone numbers and user names in the
//! keyring. Values that a guess is likely to hit (a birthday, a first name) are not indexed.
//!
//! An index is added before the value is written and removed after it was replaced, by the order of the events: a removal
//! that comes late takes nothing away from a newer value. A stale index is harmless, since whoever searches opens the value
//! and compares.

use std::collections::HashSet;

use ::store::keyring::{self, IndexKey, NewIndex, Replaced, SubjectKind};
use ::store::{Scope, Tx};
use base::id::EnvironmentId;
use base::{ProblemResult, Timestamp};
use keys::hash::{self, namespace};
use serde_json::Value;

use super::index_hasher::{IndexHasher, Writing, not_held_yet};
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

/// An attribute of a person that a batch wrote.
#[derive(Debug, Clone)]
pub(super) struct Touched {
    pub(super) person: SubjectRef,
    pub(super) name: String,
    /// When it had been written before.
    pub(super) before: Option<i64>,
    /// When the event was.
    pub(super) at: Timestamp,
    /// Whether there was a sealed value.
    pub(super) replaced: bool,
}

impl Touched {
    /// In this order they are written, so that two who write at once wait for each other and not crosswise.
    fn key(&self) -> (u64, &str) {
        (self.person.number(), &self.name)
    }
}

/// An entry that is to be written, under whichever version.
struct NewEntry {
    /// Under the primary version.
    hash: [u8; 16],
    namespace: String,
    text: String,
    number: u64,
    sealed_value: Vec<u8>,
    written_at: Timestamp,
}

impl NewEntry {
    fn of(
        app: &App,
        hasher: &IndexHasher,
        person: &SubjectRef,
        (namespace, text): (String, String),
        written_at: Timestamp,
    ) -> ProblemResult<Self> {
        let sealed_value = seal::seal(app, person, &namespace, INDEX_VERSION, text.as_bytes())?;
        let hash = hasher.hash(&namespace, &text);
        Ok(Self { hash, namespace, text, number: person.number(), sealed_value, written_at })
    }

    fn under(&self, writing: Writing<'_>) -> NewIndex {
        let hash = writing.hash(&self.namespace, &self.text);
        NewIndex {
            key: IndexKey { namespace: self.namespace.clone().into(), hash },
            key_version: writing.version,
            number: self.number,
            sealed_value: self.sealed_value.clone(),
            written_at: self.written_at,
        }
    }
}

/// Adds the indexes of a batch's values; those that were not there as far as this process knew.
pub(super) async fn add(
    app: &App,
    environment: EnvironmentId,
    batch: &Batch,
) -> ProblemResult<HashSet<(u64, [u8; 16])>> {
    let hasher = IndexHasher::of(app, environment)?;
    let mut entries = Vec::new();
    for change in &batch.people {
        gather(app, &hasher, &change.person, &change.attributes, &mut entries)?;
    }
    if entries.is_empty() {
        return Ok(HashSet::new());
    }
    let new = &entries;
    retrying(app, || async move {
        let hasher = IndexHasher::of(app, environment)?;
        let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
        let Some(writing) = hasher.writing(app, &mut tx).await? else {
            drop(tx);
            return Err(not_held_yet(app).await);
        };
        let mut indexes: Vec<NewIndex> = new.iter().map(|entry| entry.under(writing)).collect();
        // In the order of the key, so that two who add at once wait for each other and not crosswise.
        indexes.sort_by(|one, other| (&one.key, one.number).cmp(&(&other.key, other.number)));
        keyring::add_indexes(&mut tx, environment, SubjectKind::Person, &indexes).await.map_err(store_failed)?;
        tx.commit().await.map_err(store_failed)
    })
    .await?;
    for entry in &entries {
        app.people.remember_indexed(environment, entry.number, entry.hash);
    }
    Ok(entries.into_iter().map(|entry| (entry.number, entry.hash)).collect())
}

fn gather(
    app: &App,
    hasher: &IndexHasher,
    person: &SubjectRef,
    attributes: &Attributes,
    entries: &mut Vec<NewEntry>,
) -> ProblemResult<()> {
    for (name, written) in &attributes.values {
        let Written::Personal(value) = written else { continue };
        let Some((namespace, text)) = searched(name, value.open()) else { continue };
        let (hash, number) = (hasher.hash(&namespace, &text), person.number());
        let same = |entry: &&mut NewEntry| entry.number == number && entry.hash == hash;
        if let Some(entry) = entries.iter_mut().find(same) {
            entry.written_at = entry.written_at.max(attributes.at);
        } else if !app.people.is_indexed(person.environment, number, hash) {
            entries.push(NewEntry::of(app, hasher, person, (namespace, text), attributes.at)?);
        }
    }
    Ok(())
}

/// Lets the newest value alone be found, unless a later write has been there.
async fn replace(
    app: &App,
    tx: &mut Tx,
    (hasher, writing): (&IndexHasher, Writing<'_>),
    touched: &Touched,
    last: Option<&(String, String)>,
) -> ProblemResult<()> {
    let (environment, number) = (touched.person.environment, touched.person.number());
    let mut keep = Vec::new();
    if let Some((namespace, text)) = last {
        let entry = NewEntry::of(app, hasher, &touched.person, (namespace.clone(), text.clone()), touched.at)?;
        let new = [entry.under(writing)];
        keyring::add_indexes(tx, environment, SubjectKind::Person, &new).await.map_err(store_failed)?;
        keep = hasher.all(namespace, text);
    }
    let replaced = Replaced { at: touched.at, keep: &keep };
    let namespace = namespace_of(&touched.name);
    keyring::remove_indexes(tx, environment, SubjectKind::Person, number, &namespace, replaced)
        .await
        .map_err(store_failed)
}

/// Lets the indexes of what a batch wrote stand for its newest values, and removes those of the values before. What an even
/// later write has put there stays, and what an earlier one has taken away in the meantime is put back.
pub(super) async fn settle(
    app: &App,
    environment: EnvironmentId,
    batch: &Batch,
    touched: &[Touched],
    added: &HashSet<(u64, [u8; 16])>,
) -> ProblemResult<()> {
    let hasher = IndexHasher::of(app, environment)?;
    let mut stale = Vec::new();
    for touched in once_each(touched) {
        let number = touched.person.number();
        let last = last_written(batch, &touched.person, &touched.name).and_then(|value| searched(&touched.name, value));
        let hash = last.as_ref().map(|(namespace, text)| hasher.hash(namespace, text));
        let is_settled = hash.is_some_and(|hash| {
            let is_new = !touched.replaced && added.contains(&(number, hash));
            is_new || app.people.is_only_index(environment, number, &touched.name, (hash, touched.before))
        });
        match (hash, is_settled) {
            (Some(hash), true) => app.people.still_only_index(environment, number, &touched.name, (hash, touched.at)),
            (None, _) if !touched.replaced => {}
            _ => stale.push((touched, last, hash)),
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    stale.sort_by(|(one, ..), (other, ..)| one.key().cmp(&other.key()));
    let old = &stale;
    retrying(app, || async move {
        let hasher = IndexHasher::of(app, environment)?;
        let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
        let Some(writing) = hasher.writing(app, &mut tx).await? else {
            drop(tx);
            return Err(not_held_yet(app).await);
        };
        for (touched, last, _) in old {
            replace(app, &mut tx, (&hasher, writing), touched, last.as_ref()).await?;
        }
        tx.commit().await.map_err(store_failed)
    })
    .await?;
    for (touched, _, hash) in stale {
        let only = hash.map(|hash| (hash, touched.at));
        app.people.remember_only_index(environment, touched.person.number(), &touched.name, only);
    }
    Ok(())
}

/// The attributes that are searched, each once: as it was before the batch, and when it was written last.
fn once_each(touched: &[Touched]) -> Vec<Touched> {
    let mut once: Vec<Touched> = Vec::new();
    for new in touched {
        if new.person.subject.kind != SubjectKind::Person || names::searched_as(&new.name).is_none() {
            continue;
        }
        match once.iter_mut().find(|known| known.person.number() == new.person.number() && known.name == new.name) {
            Some(known) => (known.at, known.replaced) = (known.at.max(new.at), known.replaced || new.replaced),
            None => once.push(new.clone()),
        }
    }
    once
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::PersonChange;
    use crate::testing::TestApp;
    use app_test::app_test;
    use base::Personal;
    use serde_json::json;

    async fn finds(app: &TestApp, email: &str) -> usize {
        let found = app.api().json(&json!({"email": email})).post("/api/v1/people/search").await.assert(200).json();
        found["data"].as_array().unwrap().len()
    }

    #[app_test]
    async fn a_removal_that_comes_late_takes_nothing_from_a_newer_value(app: TestApp) {
        let identify = |email: &str, time: &str| json!([{"type": "identify", "userId": "u", "traits": {"email": email}, "timestamp": time}]);
        let [first, late, last] = ["2026-09-01T09:00:00Z", "2026-09-02T09:00:00Z", "2026-09-03T09:00:00Z"];
        let edge = async |messages: Value| {
            let key = app.installed().organisation.environments[0].server_key.as_ref().unwrap().expose().clone();
            let asking = app.at(crate::doors::Door::Edge).bearer(&key).json(&json!({"batch": messages}));
            asking.post("/v1/batch").await.assert(200);
        };
        edge(identify("v0@example.org", first)).await;
        edge(identify("v2@example.org", last)).await;
        assert_eq!((finds(&app, "v0@example.org").await, finds(&app, "v2@example.org").await), (0, 1));
        let environment = app.production();
        let person = crate::people::find(app.app(), environment, "u").await.unwrap().unwrap();
        let at = |time: &str| time.parse::<Timestamp>().unwrap();
        // Another request wrote v1 before v2 was there, and only now comes to the keyring.
        let change = |email: &str, time: &str| {
            let values = vec![("email".to_owned(), Written::Personal(Personal::new(json!(email))))];
            let attributes = Attributes { at: at(time), values };
            let people = vec![PersonChange { person, attributes, company: None, message: None }];
            let name = "email".to_owned();
            let touched = Touched { person, name, before: Some(at(first).micros()), at: at(time), replaced: true };
            (Batch { people, ..Batch::default() }, [touched])
        };
        let (batch, touched) = change("v1@example.org", late);
        settle(app.app(), environment, &batch, &touched, &HashSet::new()).await.unwrap();
        assert_eq!((finds(&app, "v1@example.org").await, finds(&app, "v2@example.org").await), (0, 1));
        // And what an earlier one took away meanwhile is put back.
        let mut tx = app.app().keyring.begin(Scope::System).await.unwrap();
        let all = Replaced { at: at("2026-09-09T09:00:00Z"), keep: &[] };
        let number = person.number();
        keyring::remove_indexes(&mut tx, environment, SubjectKind::Person, number, namespace::EMAIL, all)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(finds(&app, "v2@example.org").await, 0);
        let (batch, touched) = change("v2@example.org", last);
        settle(app.app(), environment, &batch, &touched, &HashSet::new()).await.unwrap();
        assert_eq!(finds(&app, "v2@example.org").await, 1);
        edge(json!([{"type": "identify", "userId": "u", "traits": {"email": null}}])).await;
        let all = crate::testing::dump(&app.app().keyring).await;
        assert!(!all.contains(" 'email' ") && !all.contains(",email,"), "an index of a removed value is left");
    }
}
