//! Writing what became known: one transaction for a whole batch.
//!
//! Rows are made where they are missing, held, changed in memory and written back; values that are personal are sealed on
//! the way. A message whose attributes were written once does not write them again, so that the first copy wins.

use std::collections::{BTreeMap, HashMap, HashSet};

use ::store::keyring::SubjectKind;
use base::id::EnvironmentId;
use base::{Personal, ProblemResult, Timestamp};
use keys::{Aad, KeyKind, Owner, hash};
use serde_json::Value;

use super::cache::ValueOf;
use super::indexes::{self, Touched};
use super::record::{AttributeSet, PersonRow};
use super::store::{self, SealedAttribute};
use super::{CompanyRef, PersonRef, Standing, SubjectRef, seal};
use crate::App;
use crate::answers;
use crate::authority::{TenantReader, TenantTx};
use crate::companies::store as companies;
use crate::ingest::{MessageHash, Watch};
use crate::problem::{internal, store_failed};
use crate::retry::retrying;

/// A value as it will be stored.
#[derive(Debug, Clone)]
pub(crate) enum Written<V = Value> {
    /// In clear.
    Plain(V),
    /// Sealed to its owner.
    Personal(Personal<V>),
    /// Not any more.
    Removed,
}

impl<V> Written<V> {
    /// The same of another form of the value.
    pub(crate) fn map<W>(self, of: impl FnOnce(V) -> W) -> Written<W> {
        match self {
            Self::Plain(value) => Written::Plain(of(value)),
            Self::Personal(value) => Written::Personal(Personal::new(of(value.into_open()))),
            Self::Removed => Written::Removed,
        }
    }
}

/// Attributes that a message brings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes {
    /// When the event was.
    pub(crate) at: Timestamp,
    pub(crate) values: Vec<(String, Written)>,
}

/// What a message says of a person.
#[derive(Debug, Clone)]
pub(crate) struct PersonChange {
    pub(crate) person: PersonRef,
    pub(crate) attributes: Attributes,
    /// The company that the person acts for from now on.
    pub(crate) company: Option<CompanyRef>,
    /// The message's hash; without one the change is always made.
    pub(crate) message: Option<MessageHash>,
}

/// What a message says of a company.
#[derive(Debug, Clone)]
pub(crate) struct CompanyChange {
    pub(crate) company: CompanyRef,
    pub(crate) attributes: Attributes,
    pub(crate) message: Option<MessageHash>,
}

/// Everything that a batch changes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Numbers of people who were merged, and into whom.
    pub(crate) merged: Vec<(u64, PersonRef)>,
    /// People without a row, and since when they are known.
    pub(crate) new: Vec<(PersonRef, Timestamp)>,
    pub(crate) people: Vec<PersonChange>,
    pub(crate) companies: Vec<CompanyChange>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.merged.is_empty() && self.new.is_empty() && self.people.is_empty() && self.companies.is_empty()
    }
}

/// Rows for people who have none, and what is left over from merges.
pub(crate) async fn update_rows(
    app: &App,
    environment: EnvironmentId,
    merged: Vec<(u64, PersonRef)>,
    people: &[PersonRef],
) -> ProblemResult<()> {
    let now = app.clock.now();
    let new = missing(app, environment, people.iter().map(|person| (person, now))).await?;
    write(app, environment, Batch { merged, new, ..Batch::default() }).await
}

/// Of these people those who have no row. How the others stand is remembered.
pub(crate) async fn missing(
    app: &App,
    environment: EnvironmentId,
    people: impl Iterator<Item = (&PersonRef, Timestamp)>,
) -> ProblemResult<Vec<(PersonRef, Timestamp)>> {
    let mut asked: BTreeMap<u64, (PersonRef, Timestamp)> = BTreeMap::new();
    for (person, at) in people {
        if app.people.presence.get(environment, person.number()).is_none() {
            let entry = asked.entry(person.number()).or_insert((*person, at));
            entry.1 = entry.1.min(at);
        }
    }
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<u64> = asked.keys().copied().collect();
    let reader = TenantReader::new(app, environment);
    for (number, standing) in store::standings(reader, &numbers).await.map_err(store_failed)? {
        app.people.presence.set(environment, number, standing);
        asked.remove(&number);
    }
    Ok(asked.into_values().collect())
}

/// Writes a batch.
pub(crate) async fn write(app: &App, environment: EnvironmentId, mut batch: Batch) -> ProblemResult<()> {
    batch.merged = unfolded(app, environment, batch.merged).await?;
    if batch.is_empty() {
        return Ok(());
    }
    let added = indexes::add(app, environment, &batch).await?;
    let changes = &batch;
    let done = retrying(app, || async move {
        let mut tx = TenantTx::begin(app, environment).await.map_err(store_failed)?;
        let done = write_on(app, &mut tx, changes).await?;
        tx.commit().await.map_err(store_failed)?;
        Ok(done)
    })
    .await?;
    for (person, _) in &batch.new {
        app.people.presence.set(environment, person.number(), Standing::default());
    }
    for (number, standing) in done.standings {
        app.people.presence.set(environment, number, standing);
    }
    for (of, hash, at) in done.written {
        app.people.remember_written(of, hash, at);
    }
    indexes::settle(app, environment, &batch, &done.touched, &added).await
}

/// What a batch did, for what this process remembers and for the keyring.
struct Done {
    standings: Vec<(u64, Standing)>,
    written: Vec<(ValueOf, [u8; 32], Timestamp)>,
    touched: Vec<Touched>,
}

/// Whether a personal attribute has just this value, as far as this process knows: it wrote it a short while ago, and
/// nobody has since.
pub(crate) fn is_unchanged(
    app: &App,
    environment: EnvironmentId,
    (kind, number): (SubjectKind, u64),
    known: &AttributeSet,
    name: &str,
    value: &Value,
) -> ProblemResult<bool> {
    let (true, Some(at)) = (known.outcomes.contains_key(name), known.times.get(name)) else { return Ok(false) };
    let of = (environment, kind, number, name.to_owned());
    let plain = serde_json::to_vec(value).map_err(internal)?;
    Ok(app.people.was_written(&of, &value_hash(app, &of, &plain)?, *at))
}

/// A value's keyed hash, kept in memory only. The same value of two people, or of two attributes, has two.
fn value_hash(app: &App, (environment, kind, number, name): &ValueOf, value: &[u8]) -> ProblemResult<[u8; 32]> {
    let (_, key) = app.keys.primary(KeyKind::Index, Owner::Environment(*environment)).map_err(internal)?;
    let fields = Aad::new("pilotfish/written-value/v1").bytes(&environment.bytes()).text(kind.name());
    Ok(hash::keyed(&key, &fields.u64(*number).text(name).bytes(value)))
}

async fn unfolded(
    app: &App,
    environment: EnvironmentId,
    merged: Vec<(u64, PersonRef)>,
) -> ProblemResult<Vec<(u64, PersonRef)>> {
    if merged.is_empty() {
        return Ok(merged);
    }
    let numbers: Vec<u64> = merged.iter().map(|(number, _)| *number).collect();
    let reader = TenantReader::new(app, environment);
    let left = store::not_folded(reader, &numbers).await.map_err(store_failed)?;
    let mut merged: Vec<_> = merged.into_iter().filter(|(number, _)| left.contains(number)).collect();
    merged.sort_unstable_by_key(|(number, _)| *number);
    merged.dedup_by_key(|(number, _)| *number);
    Ok(merged)
}

async fn write_on(app: &App, tx: &mut TenantTx, batch: &Batch) -> ProblemResult<Done> {
    let new = claim(app, tx, batch).await?;
    let watch = app.watches.of(tx.environment());
    let mut writer = Writer { app, watch: &watch, sealed: Vec::new(), touched: Vec::new(), written: Vec::new() };
    let mut standings = Vec::new();

    let (mut rows, roots) = held(app, tx, batch).await?;
    for (number, into) in &batch.merged {
        // Another request, with the same discovery, may have been here first.
        if roots.get(number).is_some_and(|root| root != number) {
            continue;
        }
        if let Some(from) = rows.remove(number)
            && let Some(into) = rows.get_mut(&into.number())
        {
            into.fold(from);
        }
        store::set_merged(tx, *number, into.number()).await.map_err(store_failed)?;
        answers::merge(tx, *number, into.number()).await.map_err(store_failed)?;
    }
    let folded: BTreeMap<u64, u64> = batch.merged.iter().map(|(from, into)| (*from, into.number())).collect();
    let whole = |number: u64| folded.get(&number).or_else(|| roots.get(&number)).copied().unwrap_or(number);
    let mut used = HashSet::new();
    for change in &batch.people {
        let is_first = |message: &MessageHash| new.contains(&message.primary) && used.insert(message.primary);
        if !change.message.as_ref().is_none_or(is_first) {
            continue;
        }
        let Some(row) = rows.get_mut(&whole(change.person.number())) else { continue };
        row.identified = change.person.subject.identified;
        if let Some(company) = change.company {
            row.act_for(company.number(), change.attributes.at);
            standings.push((row.number, Standing { company: row.company, company_at: row.company_at }));
        }
        writer.apply(&change.person, &mut row.attributes, &change.attributes)?;
    }
    let rows: Vec<PersonRow> = rows.into_values().collect();
    store::update(tx, &rows).await.map_err(store_failed)?;
    writer.finish(tx, SubjectKind::Person).await?;

    let mut used = HashSet::new();
    let is_first = |change: &&CompanyChange| {
        let message = change.message.as_ref();
        message.is_none_or(|message| new.contains(&message.primary) && used.insert(message.primary))
    };
    let changes: Vec<&CompanyChange> = batch.companies.iter().filter(is_first).collect();
    let mut rows = companies::hold(tx, &changes).await.map_err(store_failed)?;
    for change in changes {
        let Some(row) = rows.get_mut(&change.company.number()) else { continue };
        row.last_seen_at = row.last_seen_at.max(change.attributes.at);
        writer.apply(&change.company, &mut row.attributes, &change.attributes)?;
    }
    companies::update(tx, rows.values()).await.map_err(store_failed)?;
    writer.finish(tx, SubjectKind::Company).await?;
    Ok(Done { standings, written: writer.written, touched: writer.touched })
}

/// The messages of this batch whose attributes have not been written, by their primary hashes. A message is claimed under
/// every version of the key, so that two processes of which one does not hash with the newest yet agree.
async fn claim(app: &App, tx: &mut TenantTx, batch: &Batch) -> ProblemResult<HashSet<[u8; 16]>> {
    let of_people = batch.people.iter().filter_map(|change| change.message.as_ref());
    let messages: HashSet<&MessageHash> =
        of_people.chain(batch.companies.iter().filter_map(|change| change.message.as_ref())).collect();
    let hashes: Vec<[u8; 16]> = messages.iter().flat_map(|message| message.all()).collect();
    let new = store::claim_messages(tx, &hashes, app.clock.now()).await.map_err(store_failed)?;
    let new: HashSet<[u8; 16]> = new.into_iter().collect();
    let is_new = |message: &&MessageHash| message.all().all(|hash| new.contains(&hash));
    Ok(messages.into_iter().filter(is_new).map(|message| message.primary).collect())
}

/// The rows that the batch changes, held until the transaction ends, and which stands for whom. Made first where they are
/// missing.
async fn held(
    app: &App,
    tx: &mut TenantTx,
    batch: &Batch,
) -> ProblemResult<(HashMap<u64, PersonRow>, BTreeMap<u64, u64>)> {
    let now = app.clock.now();
    let roots = batch.merged.iter().map(|(_, into)| (*into, now));
    let changed = batch.people.iter().map(|change| (change.person, change.attributes.at));
    let mut people: Vec<(PersonRef, Timestamp)> = batch.new.iter().copied().chain(roots).chain(changed).collect();
    people.sort_by_key(|(person, at)| (person.number(), *at));
    people.dedup_by_key(|(person, _)| person.number());
    store::insert_missing(tx, &people).await.map_err(store_failed)?;
    let made: HashSet<u64> = batch.new.iter().map(|(person, _)| person.number()).collect();
    let changed: HashSet<u64> = batch.people.iter().map(|change| change.person.number()).collect();
    let merged = batch.merged.iter().flat_map(|(from, into)| [*from, into.number()]);
    let asked: Vec<u64> = merged.chain(changed.iter().copied()).collect();
    let mut numbers = asked.clone();
    for asked in asked.chunks(store::ROWS) {
        numbers.extend(store::roots(&mut *tx, asked).await.map_err(store_failed)?.into_values());
    }
    numbers.sort_unstable();
    numbers.dedup();
    tracing::debug!(made = made.len(), held = numbers.len(), "rows of people");
    let (mut rows, mut roots) = (Vec::with_capacity(numbers.len()), BTreeMap::new());
    for numbers in numbers.chunks(store::ROWS) {
        rows.extend(store::hold(&mut *tx, numbers).await.map_err(store_failed)?);
        roots.extend(store::roots(&mut *tx, numbers).await.map_err(store_failed)?);
    }
    // Merged between the two looks: seldom, and out of order.
    let mut wholes: Vec<u64> = roots.values().copied().filter(|root| numbers.binary_search(root).is_err()).collect();
    wholes.sort_unstable();
    wholes.dedup();
    rows.extend(store::hold(tx, &wholes).await.map_err(store_failed)?);
    Ok((rows.into_iter().map(|row| (row.number, row)).collect(), roots))
}

/// Applies attributes and gathers what is sealed.
struct Writer<'a> {
    app: &'a App,
    watch: &'a Watch,
    sealed: Vec<SealedAttribute>,
    /// What was sealed, is sealed now, or both.
    touched: Vec<Touched>,
    /// What it is now, as a keyed hash.
    written: Vec<(ValueOf, [u8; 32], Timestamp)>,
}

impl Writer<'_> {
    fn apply(&mut self, owner: &SubjectRef, set: &mut AttributeSet, new: &Attributes) -> ProblemResult<()> {
        for (name, written) in &new.values {
            if !set.accepts(name, new.at) {
                continue;
            }
            let (replaced, before) = (set.outcomes.contains_key(name), set.times.get(name).copied());
            if replaced || matches!(written, Written::Personal(_)) {
                self.touched.push(Touched { person: *owner, name: name.clone(), before, at: new.at, replaced });
            }
            match written {
                Written::Plain(value) => {
                    self.sealed.retain(|sealed| sealed.number != owner.number() || sealed.name != *name);
                    set.set(name, value.clone(), new.at);
                }
                Written::Personal(value) => {
                    let version = new.at.micros().cast_unsigned();
                    let plain = serde_json::to_vec(value.open()).map_err(internal)?;
                    let sealed = seal::seal(self.app, owner, &field(owner, name), version, &plain)?;
                    let number = owner.number();
                    let of = (owner.environment, owner.subject.kind, number, name.clone());
                    let hash = value_hash(self.app, &of, &plain)?;
                    self.written.push((of, hash, new.at));
                    self.sealed.retain(|sealed| sealed.number != number || sealed.name != *name);
                    self.sealed.push(SealedAttribute { number, name: name.clone(), version, sealed });
                    let outcomes = self.watch.outcomes(owner.subject.kind, name, value, self.app.clock.now());
                    set.set_sealed(name, outcomes, new.at);
                }
                Written::Removed => {
                    self.sealed.retain(|sealed| sealed.number != owner.number() || sealed.name != *name);
                    set.remove(name, new.at);
                }
            }
        }
        Ok(())
    }

    /// Removes and writes what was gathered for subjects of a kind.
    async fn finish(&mut self, tx: &mut TenantTx, kind: SubjectKind) -> ProblemResult<()> {
        let replaced = self.touched.iter().filter(|touched| touched.replaced && touched.person.subject.kind == kind);
        for Touched { person, name, .. } in replaced {
            store::remove_sealed(tx, kind, person.number(), name).await.map_err(store_failed)?;
        }
        self.sealed.sort_by(|one, other| (one.number, &one.name).cmp(&(other.number, &other.name)));
        store::put_sealed(tx, kind, &self.sealed).await.map_err(store_failed)?;
        self.sealed.clear();
        Ok(())
    }
}

/// What a sealed attribute is bound to, beside its owner.
pub(super) fn field(owner: &SubjectRef, name: &str) -> String {
    personal_field(owner.subject.kind, name)
}

/// What a sealed attribute of this kind of subject is bound to, beside its owner.
pub(crate) fn personal_field(kind: SubjectKind, name: &str) -> String {
    format!("{}.{name}", kind.name())
}
