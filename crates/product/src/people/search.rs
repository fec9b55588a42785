//! Reading what is personal: outside ids for lists, values for whoever may see them, exact search.

use std::collections::{BTreeMap, HashMap};

use ::store::Scope;
use ::store::keyring::{self, IndexKey, SubjectKind};
use base::id::EnvironmentId;
use base::{Personal, ProblemResult};
use keys::hash::namespace;
use serde_json::Value;

use super::index_hasher::IndexHasher;
use super::indexes::searched;
use super::record::AttributeSet;
use super::seal::Openers;
use super::{PersonRef, SubjectRef, store, write};
use crate::App;
use crate::authority::TenantReader;
use crate::problem::store_failed;

/// The version of a sealed outside id.
const ID_VERSION: u64 = 1;

/// The customer's ids of these subjects, by number; those without one are left out.
pub(crate) async fn outside_ids(
    app: &App,
    environment: EnvironmentId,
    kind: SubjectKind,
    numbers: &[u64],
) -> ProblemResult<HashMap<u64, String>> {
    let mut ids = HashMap::with_capacity(numbers.len());
    if numbers.is_empty() {
        return Ok(ids);
    }
    let namespace = match kind {
        SubjectKind::Person => namespace::EXTERNAL_ID,
        SubjectKind::Company => namespace::COMPANY_ID,
    };
    let reader = app.keyring.read(Scope::Environment(environment));
    let sealed = keyring::indexes_of(reader, environment, kind, numbers, namespace).await.map_err(store_failed)?;
    let owners: Vec<u64> = sealed.iter().map(|id| id.number).collect();
    let openers = Openers::load(app, environment, kind, &owners).await?;
    for id in sealed {
        if let Some(value) = openers.open_text(id.number, namespace, ID_VERSION, &id.sealed) {
            ids.entry(id.number).or_insert_with(|| value.into_open());
        }
    }
    Ok(ids)
}

/// A subject's number and those of everybody who was merged into it.
pub(crate) async fn group(app: &App, subject: &SubjectRef) -> ProblemResult<Vec<u64>> {
    let reader = app.keyring.read(Scope::Environment(subject.environment));
    keyring::group(reader, subject.environment, subject.subject.kind, subject.number()).await.map_err(store_failed)
}

/// The personal values of a person or company, opened: of each attribute the newest in the group.
pub(crate) async fn personal_values(
    app: &App,
    subject: &SubjectRef,
    attributes: &AttributeSet,
) -> ProblemResult<BTreeMap<String, Personal<Value>>> {
    if attributes.outcomes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (environment, kind) = (subject.environment, subject.subject.kind);
    let numbers = group(app, subject).await?;
    let reader = TenantReader::new(app, subject);
    let mut sealed = store::sealed_of(reader, kind, &numbers).await.map_err(store_failed)?;
    sealed.retain(|value| attributes.outcomes.contains_key(&value.name));
    sealed.sort_by_key(|value| value.version);
    let owners: Vec<u64> = sealed.iter().map(|value| value.number).collect();
    let openers = Openers::load(app, environment, kind, &owners).await?;
    let mut values = BTreeMap::new();
    for value in sealed {
        let field = write::field(subject, &value.name);
        if let Some(open) = openers.open_json(value.number, &field, value.version, &value.sealed) {
            values.insert(value.name, open);
        }
    }
    Ok(values)
}

/// The personal values of the people who were seen last, opened, by number. Of somebody into whom another was merged,
/// those that are sealed to themselves.
pub(crate) async fn newest_personal_values(
    app: &App,
    environment: EnvironmentId,
    people: usize,
) -> ProblemResult<Vec<(u64, BTreeMap<String, Personal<Value>>)>> {
    super::write_seen(app).await?;
    let reader = TenantReader::new(app, environment);
    let rows = store::page(reader, None, people).await.map_err(store_failed)?;
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let sealed = store::sealed_of(reader, SubjectKind::Person, &numbers).await.map_err(store_failed)?;
    let openers = Openers::load(app, environment, SubjectKind::Person, &numbers).await?;
    let mut values: HashMap<u64, BTreeMap<String, Personal<Value>>> = HashMap::new();
    for value in sealed {
        let field = write::personal_field(SubjectKind::Person, &value.name);
        if let Some(open) = openers.open_json(value.number, &field, value.version, &value.sealed) {
            values.entry(value.number).or_default().insert(value.name, open);
        }
    }
    Ok(numbers.into_iter().filter_map(|number| Some((number, values.remove(&number)?))).collect())
}

/// The people whose attribute `email` has just this value now, in whatever case.
pub(crate) async fn by_email(
    app: &App,
    environment: EnvironmentId,
    email: &Personal<String>,
) -> ProblemResult<Vec<PersonRef>> {
    let wanted = Value::from(email.open().as_str());
    let Some((namespace, text)) = searched("email", &wanted) else { return Ok(Vec::new()) };
    let hashes = IndexHasher::of(app, environment)?.all(&namespace, &text);
    let keys: Vec<IndexKey> =
        hashes.into_iter().map(|hash| IndexKey { namespace: namespace.clone().into(), hash }).collect();
    let reader = app.keyring.read(Scope::Environment(environment));
    let found = keyring::find(reader, environment, &keys).await.map_err(store_failed)?;
    let mut people: Vec<PersonRef> =
        found.into_iter().map(|found| SubjectRef { environment, subject: found.subject }).collect();
    people.sort_unstable_by_key(SubjectRef::number);
    people.dedup_by_key(|person| person.number());
    let mut matching = Vec::new();
    for person in people {
        let row = super::row(app, &person).await.map_err(store_failed)?;
        let values = personal_values(app, &person, &row.attributes).await?;
        let now = values.get("email").and_then(|value| searched("email", value.open()));
        if now.is_some_and(|(_, current)| current == text) {
            matching.push(person);
        }
    }
    Ok(matching)
}
