//! People: who an event belongs to, what is known of them, and how it is read back.
//!
//! A person has a number of ours; which outside id leads to it stands in the keyring only ([`resolve`], by the rules of
//! [`identity`]). What is known of them is one row in the main store ([`PersonRow`]): attributes that are not personal,
//! outcomes of predicates over those that are, what was seen, counters. Personal values lie beside it, each sealed to the
//! person's own key pair, and are opened for callers who may read them, on the record.
//!
//! Invariants: the keyring commits before the main store; an attribute that was written by an older event never
//! overwrites a newer one; a message writes its attributes once; reads cover a person and everybody who was merged into it.

pub(crate) mod api;
mod cache;
mod identity;
mod index_hasher;
mod indexes;
mod presence;
mod recent;
mod record;
mod reindex;
mod resolve;
mod seal;
mod search;
mod store;
mod write;

#[cfg(test)]
mod contention_tests;
#[cfg(test)]
mod scope_tests;

use std::time::Duration;

use ::store::keyring::{self, Subject, SubjectKind};
use ::store::{Scope, StoreResult};
use base::id::{CompanyId, EnvironmentId, PersonId};
use base::{ProblemResult, Timestamp};
use keys::{KeyId, KeyKind, PublicKey, Recipient};
use uuid::Uuid;

use crate::App;
use crate::authority::{SystemTx, TenantReader, TenantTx};
use crate::problem::store_failed;
use crate::retry::retrying;

pub(crate) use cache::People;
pub(crate) use identity::Conflict;
pub(crate) use presence::Standing;
pub(crate) use record::{AttributeSet, Counter, PersonRow};
pub(crate) use reindex::{indexed_with, reindex};
pub(crate) use resolve::{Who, companies, company, find, find_company, resolve, resolve_all};
pub(crate) use seal::{Openers, seal};
pub(crate) use search::{group, newest_personal_values, outside_ids};
pub(crate) use store::{
    Extent, ROWS, SealedAttribute, extent, hold_whole, int, json, page_of_sealed, read_attributes, read_json, roots,
    rows_of, update, whole_rows,
};
pub(crate) use write::{
    Attributes, Batch, CompanyChange, PersonChange, Written, is_unchanged, missing, personal_field, update_rows, write,
};

/// The log's window of de-duplication, and a day on top.
const COPIES_RECOGNISED: Duration = Duration::from_hours(8 * 24);

/// A person or company of an environment: enough to store something about it and to seal to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SubjectRef {
    pub(crate) environment: EnvironmentId,
    pub(crate) subject: Subject,
}

/// A person; never one that was merged.
pub(crate) type PersonRef = SubjectRef;
/// A company.
pub(crate) type CompanyRef = SubjectRef;

impl SubjectRef {
    /// The number that rows and events name it by.
    pub(crate) fn number(&self) -> u64 {
        self.subject.number
    }

    /// A person's id.
    pub(crate) fn person_id(&self) -> PersonId {
        PersonId(Uuid::from_bytes(self.subject.id))
    }

    /// What authenticated data name it by.
    pub(crate) fn sealed_to(&self) -> keys::Subject {
        keys::Subject { environment: self.environment, id: self.subject.id }
    }

    /// What its kind is called among keys.
    pub(crate) fn key_kind(&self) -> KeyKind {
        match self.subject.kind {
            SubjectKind::Person => KeyKind::Person,
            SubjectKind::Company => KeyKind::Company,
        }
    }

    /// The key pair to seal to.
    pub(crate) fn recipient(&self) -> Recipient {
        let Subject { number, key_version, public_key, .. } = self.subject;
        let key = KeyId { kind: self.key_kind(), version: key_version, number };
        Recipient { key, public: PublicKey(public_key) }
    }
}

/// What a decision needs to know about a person.
pub(crate) async fn row(app: &App, person: &PersonRef) -> StoreResult<PersonRow> {
    let row = store::row(TenantReader::new(app, person), person.number()).await?;
    Ok(row.unwrap_or_else(|| PersonRow::of_nobody_known(person, app.clock.now())))
}

/// Notes that people were seen; written down within a second.
pub(crate) fn touch(app: &App, environment: EnvironmentId, seen: impl Iterator<Item = (u64, Timestamp)>) {
    app.people.presence.touch(environment, seen);
}

/// How a person stands, if this process knows.
pub(crate) fn standing(app: &App, environment: EnvironmentId, number: u64) -> Option<Standing> {
    app.people.presence.get(environment, number)
}

/// Writes down who was seen since the last time. What could not be written is kept for the next time.
pub(crate) async fn write_seen(app: &App) -> ProblemResult<()> {
    let mut result = Ok(());
    for (environment, mut seen) in app.people.presence.take() {
        seen.sort_unstable_by_key(|(number, _)| *number);
        let seen = &seen;
        let written = retrying(app, || async move {
            let mut tx = TenantTx::begin(app, environment).await.map_err(store_failed)?;
            store::set_seen(&mut tx, seen).await.map_err(store_failed)?;
            tx.commit().await.map_err(store_failed)
        });
        if let Err(problem) = written.await {
            app.people.presence.give_back(environment, seen);
            result = Err(problem);
        }
    }
    result
}

/// Forgets which messages wrote attributes longer ago than the log recognises copies.
pub(crate) async fn forget_messages(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::forget_messages(&mut tx, app.clock.now().minus(COPIES_RECOGNISED)).await.map_err(store_failed)?;
    tx.commit().await
}

/// The person of an id of ours; whom they were merged into, if they were.
pub(crate) async fn by_id(app: &App, environment: EnvironmentId, id: PersonId) -> ProblemResult<Option<PersonRef>> {
    let reader = app.keyring.read(Scope::Environment(environment));
    let subject = keyring::by_id(reader, environment, SubjectKind::Person, id.bytes()).await.map_err(store_failed)?;
    Ok(subject.map(|subject| SubjectRef { environment, subject }))
}

/// The company of an id of ours.
pub(crate) async fn company_by_id(
    app: &App,
    environment: EnvironmentId,
    id: CompanyId,
) -> ProblemResult<Option<CompanyRef>> {
    let reader = app.keyring.read(Scope::Environment(environment));
    let subject = keyring::by_id(reader, environment, SubjectKind::Company, id.bytes()).await.map_err(store_failed)?;
    Ok(subject.map(|subject| SubjectRef { environment, subject }))
}
