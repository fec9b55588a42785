//! From outside ids to people and companies, for a whole batch in one round trip (a few for thousands of ids), or in none.
//!
//! What nobody knows yet is minted, and people are joined, under the environment's lock and after another look, so that two
//! requests or processes that meet the same new id agree. Key pairs are made before the transaction is opened.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use ::store::keyring::{self, IndexKey, NewIndex, NewSubject, Subject, SubjectKind};
use ::store::{Scope, StoreError, Tx};
use base::id::{CompanyId, EnvironmentId, PersonId};
use base::{Clock, Code, Problem, ProblemResult, Rng, Timestamp};
use keys::hash::namespace;
use keys::{ErasablePublic, KeyKind, PairId, SealError, mint_pair};

use super::identity::{Claim, Conflict, Id, Plan, Step};
use super::index_hasher::{Asked, IndexHasher, Writing, not_held_yet};
use super::{CompanyRef, PersonRef, SubjectRef, seal};
use crate::App;
use crate::problem::{internal, store_failed};
use crate::retry::retrying;

/// How often somebody else's simultaneous write is looked at anew.
const ATTEMPTS: usize = 5;
/// So many key pairs are minted, or ids sealed, apart from what the thread serves beside.
const MANY: usize = 16;
/// The version of a sealed outside id: it never changes.
const ID_VERSION: u64 = 1;

/// Who a message says that it is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Who<'a> {
    /// The device's opaque credential.
    pub(crate) anonymous: Option<&'a str>,
    /// The customer's id.
    pub(crate) user: Option<&'a str>,
    /// For an alias: what the user was called before.
    pub(crate) previous: Option<&'a str>,
}

/// Whom a batch is about.
pub(crate) struct Resolved {
    /// Per claim the person.
    pub(crate) people: Vec<Result<PersonRef, Conflict>>,
    /// Numbers of people who were merged, and into whom: the main store is told on the next write.
    pub(crate) merged: Vec<(u64, PersonRef)>,
}

/// The one person that a request is about; made if nobody knows them yet.
pub(crate) async fn resolve(app: &App, environment: EnvironmentId, who: Who<'_>) -> ProblemResult<PersonRef> {
    let Resolved { people, merged } = resolve_all(app, environment, &[who]).await?;
    let person = people.into_iter().next().and_then(Result::ok);
    let person = person.ok_or_else(|| Problem::new(Code::InvalidValue).field("/anonymousId", "name a person"))?;
    super::update_rows(app, environment, merged, &[person]).await?;
    Ok(person)
}

/// The people that a batch is about; made and joined as the rules say.
pub(crate) async fn resolve_all(app: &App, environment: EnvironmentId, batch: &[Who<'_>]) -> ProblemResult<Resolved> {
    retrying(app, || resolve_once(app, environment, batch)).await
}

async fn resolve_once(app: &App, environment: EnvironmentId, batch: &[Who<'_>]) -> ProblemResult<Resolved> {
    let hasher = IndexHasher::of(app, environment)?;
    let claims: Vec<Claim<'_>> = batch.iter().map(|who| hasher.claim(who)).collect();
    let now = Instant::now();
    let settled: Option<Vec<_>> = claims.iter().map(|claim| settled(app, environment, claim, now)).collect();
    if let Some(subjects) = settled {
        let people = subjects.into_iter().map(|subject| Ok(SubjectRef { environment, subject })).collect();
        return Ok(Resolved { people, merged: Vec::new() });
    }
    let ids: Vec<Id<'_>> = claims.iter().flat_map(ids_of).collect();
    let mut merged = Vec::new();
    let epoch = app.people.epoch();
    let (known, remembered) = look_up(app, &hasher, environment, &ids, &mut merged).await?;
    let mut plan = Plan::make(&known, &claims);
    let subjects = if plan.steps.is_empty() {
        plan.nodes.iter().filter_map(|node| node.known).collect()
    } else {
        let (written, subjects) = carry_out(app, environment, &hasher, &claims, plan).await?;
        plan = written;
        subjects
    };
    let of = |node: usize| SubjectRef { environment, subject: subjects[node] };
    for step in &plan.steps {
        if let Step::Merge { from, into } = *step {
            merged.push((subjects[from].number, of(into)));
        }
    }
    let written = !plan.steps.is_empty();
    if written {
        app.people.next_epoch();
    }
    for id in ids.iter().filter(|id| written || !remembered.contains(&id.hash)) {
        if let Some(node) = plan.leads_to(&id.hash) {
            app.people.remember(environment, id.hash, subjects[node], if written { None } else { Some(epoch) });
        }
    }
    let people = plan.people().map(|person| person.map(of)).collect();
    Ok(Resolved { people, merged })
}

/// Whom a claim is about if that is remembered of all its ids, and changes nothing: what a [`Plan`] without a step says.
fn settled(app: &App, environment: EnvironmentId, claim: &Claim<'_>, now: Instant) -> Option<Subject> {
    if claim.previous.is_some() {
        return None;
    }
    let remembered = |id: Option<Id<'_>>| match id {
        Some(id) => app.people.get(environment, &id.hash, now).map(Some),
        None => Some(None),
    };
    match (remembered(claim.user)?, remembered(claim.anonymous)?) {
        (Some(user), Some(device)) => (device.number == user.number || device.identified).then_some(user),
        (user, device) => user.or(device),
    }
}

fn ids_of<'a>(claim: &Claim<'a>) -> impl Iterator<Item = Id<'a>> {
    let (as_anonymous, as_user) = claim.previous.unzip();
    [claim.anonymous, claim.user, as_anonymous, as_user].into_iter().flatten()
}

/// What is known of these ids, from memory and for the rest from the keyring; and which were in memory.
async fn look_up(
    app: &App,
    hasher: &IndexHasher,
    environment: EnvironmentId,
    ids: &[Id<'_>],
    merged: &mut Vec<(u64, SubjectRef)>,
) -> ProblemResult<(HashMap<[u8; 16], Subject>, HashSet<[u8; 16]>)> {
    let mut known = HashMap::with_capacity(ids.len());
    let (mut asked, now) = (Vec::new(), Instant::now());
    for id in ids {
        if known.contains_key(&id.hash) {
            continue;
        }
        match app.people.get(environment, &id.hash, now) {
            Some(subject) => {
                known.insert(id.hash, subject);
            }
            None => asked.push(*id),
        }
    }
    let remembered = known.keys().copied().collect();
    if asked.is_empty() {
        return Ok((known, remembered));
    }
    let asked = hasher.asked(asked.into_iter());
    let reader = app.keyring.read(Scope::Environment(environment));
    for found in keyring::find(reader, environment, &asked.keys).await.map_err(store_failed)? {
        if found.own != found.subject.number {
            merged.push((found.own, SubjectRef { environment, subject: found.subject }));
        }
        known.insert(asked.id_of(&found.key), found.subject);
    }
    Ok((known, remembered))
}

/// Writes a plan, made anew over what the keyring holds once the lock is ours. The answer names each node's subject.
async fn carry_out<'a>(
    app: &App,
    environment: EnvironmentId,
    hasher: &IndexHasher,
    claims: &[Claim<'a>],
    first: Plan<'a>,
) -> ProblemResult<(Plan<'a>, Vec<Subject>)> {
    let mut pairs = mint(app, environment, SubjectKind::Person, first.mints()).await?;
    let asked = hasher.asked(claims.iter().flat_map(ids_of));
    for _ in 0..ATTEMPTS {
        let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
        keyring::lock(&mut tx, app.keyring.engine(), environment).await.map_err(store_failed)?;
        let Some(writing) = hasher.writing(app, &mut tx).await? else {
            drop(tx);
            return Err(not_held_yet(app).await);
        };
        let found = keyring::find(&mut tx, environment, &asked.keys).await.map_err(store_failed)?;
        let known = found.into_iter().map(|found| (asked.id_of(&found.key), found.subject)).collect();
        let plan = Plan::make(&known, claims);
        if plan.mints() > pairs.len() {
            drop(tx);
            let missing = plan.mints() - pairs.len();
            pairs.extend(mint(app, environment, SubjectKind::Person, missing).await?);
            continue;
        }
        match write(app, &mut tx, environment, writing, &plan, &pairs).await? {
            Written::Whole(subjects) => {
                tx.commit().await.map_err(store_failed)?;
                return Ok((plan, subjects));
            }
            Written::Taken => drop(tx),
            Written::Outdated => {
                drop(tx);
                app.follow_grant().await?;
                pairs = mint(app, environment, SubjectKind::Person, plan.mints()).await?;
            }
        }
    }
    Err(Problem::new(Code::StorageUnavailable).retry_after(1))
}

/// What came of a plan.
enum Written {
    /// All of it is there; each node's subject.
    Whole(Vec<Subject>),
    /// Somebody else took one of its ids.
    Taken,
    /// The pairs are sealed to an erasable key that is being replaced.
    Outdated,
}

/// Writes a plan's steps.
async fn write(
    app: &App,
    tx: &mut Tx,
    environment: EnvironmentId,
    writing: Writing<'_>,
    plan: &Plan<'_>,
    pairs: &[NewSubject],
) -> ProblemResult<Written> {
    let new: Vec<usize> =
        plan.steps.iter().filter_map(|step| if let Step::Mint(node) = step { Some(*node) } else { None }).collect();
    let rows: Vec<NewSubject> = new
        .iter()
        .zip(pairs)
        .map(|(node, pair)| NewSubject { identified: plan.nodes[*node].identified, ..pair.clone() })
        .collect();
    let minted = keyring::insert(tx, environment, SubjectKind::Person, &rows, app.clock.now()).await;
    let mut minted = match minted {
        Err(StoreError::Outdated) => return Ok(Written::Outdated),
        minted => minted.map_err(store_failed)?.into_iter(),
    };
    let mut subjects = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let subject = match node.known {
            Some(known) => Subject { identified: node.identified, ..known },
            None => minted.next().ok_or_else(|| internal(StoreError::Conflict))?,
        };
        subjects.push(subject);
    }
    let mut indexes = Vec::new();
    for step in &plan.steps {
        match *step {
            Step::Mint(_) => {}
            Step::Bind(id, node) => {
                indexes.push(index(app, environment, writing, &id, subjects[node])?);
                if indexes.len().is_multiple_of(MANY) {
                    tokio::task::yield_now().await;
                }
            }
            Step::Identify(node) => {
                keyring::mark_identified(tx, environment, subjects[node].number).await.map_err(store_failed)?;
            }
            Step::Merge { from, into } => {
                let (from, into) = (subjects[from].number, subjects[into].number);
                keyring::merge(tx, environment, from, into).await.map_err(store_failed)?;
            }
        }
    }
    match keyring::add_indexes(tx, environment, SubjectKind::Person, &indexes).await {
        Ok(()) => Ok(Written::Whole(subjects)),
        Err(StoreError::Conflict) => Ok(Written::Taken),
        Err(error) => Err(store_failed(error)),
    }
}

fn index(
    app: &App,
    environment: EnvironmentId,
    writing: Writing<'_>,
    id: &Id<'_>,
    subject: Subject,
) -> ProblemResult<NewIndex> {
    let owner = SubjectRef { environment, subject };
    Ok(NewIndex {
        key: IndexKey { namespace: id.namespace.into(), hash: writing.hash(id.namespace, id.value) },
        key_version: writing.version,
        number: subject.number,
        sealed_value: seal::seal(app, &owner, id.namespace, ID_VERSION, id.value.as_bytes())?,
        written_at: Timestamp::default(),
    })
}

/// Makes so many key pairs.
async fn mint(
    app: &App,
    environment: EnvironmentId,
    kind: SubjectKind,
    count: usize,
) -> ProblemResult<Vec<NewSubject>> {
    let mut wanted = Vec::with_capacity(count);
    for _ in 0..count {
        let rng = app.rng.as_ref();
        let (kind, subject) = match kind {
            SubjectKind::Person => (KeyKind::Person, keys::Subject::person(environment, PersonId::random(rng))),
            SubjectKind::Company => (KeyKind::Company, keys::Subject::company(environment, CompanyId::random(rng))),
        };
        let erasable = app.keys.provider().erasable_public(environment, subject.bucket()).await.map_err(internal)?;
        wanted.push((erasable, PairId { subject, kind, version: 1 }));
    }
    let (clock, rng) = (Arc::clone(&app.clock), Arc::clone(&app.rng));
    let mint = move || wanted.iter().map(|(erasable, pair)| new_subject(erasable, pair, &*clock, &*rng)).collect();
    let made: Result<_, SealError> = if count < MANY {
        mint()
    } else {
        // A tenth of a millisecond each: not on the threads that serve.
        tokio::task::spawn_blocking(mint).await.map_err(internal)?
    };
    made.map_err(internal)
}

fn new_subject(
    erasable: &ErasablePublic,
    pair: &PairId,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<NewSubject, SealError> {
    let made = mint_pair(erasable, pair, clock, rng)?;
    Ok(NewSubject {
        id: pair.subject.id,
        identified: true,
        key_version: 1,
        public_key: made.public.0,
        sealed_private: made.sealed_private,
    })
}

/// The companies of these ids; made if nobody knows them yet.
pub(crate) async fn companies(
    app: &App,
    environment: EnvironmentId,
    ids: &[&str],
) -> ProblemResult<HashMap<String, CompanyRef>> {
    retrying(app, || companies_once(app, environment, ids)).await
}

async fn companies_once(
    app: &App,
    environment: EnvironmentId,
    ids: &[&str],
) -> ProblemResult<HashMap<String, CompanyRef>> {
    let mut companies = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(companies);
    }
    let hasher = IndexHasher::of(app, environment)?;
    let mut ids: Vec<Id<'_>> = ids.iter().map(|value| hasher.id(namespace::COMPANY_ID, value)).collect();
    ids.sort_unstable_by_key(|id| id.hash);
    ids.dedup_by_key(|id| id.hash);
    let (known, remembered) = look_up(app, &hasher, environment, &ids, &mut Vec::new()).await?;
    let missing: Vec<Id<'_>> = ids.iter().filter(|id| !known.contains_key(&id.hash)).copied().collect();
    let made = if missing.is_empty() { HashMap::new() } else { make(app, environment, &hasher, &missing).await? };
    for id in ids {
        if let Some(subject) = known.get(&id.hash).or_else(|| made.get(&id.hash)) {
            if !remembered.contains(&id.hash) {
                app.people.remember(environment, id.hash, *subject, None);
            }
            companies.insert(id.value.to_owned(), SubjectRef { environment, subject: *subject });
        }
    }
    Ok(companies)
}

/// Mints the companies that, once the lock is ours, still nobody knows.
async fn make(
    app: &App,
    environment: EnvironmentId,
    hasher: &IndexHasher,
    missing: &[Id<'_>],
) -> ProblemResult<HashMap<[u8; 16], Subject>> {
    let asked = hasher.asked(missing.iter().copied());
    for _ in 0..ATTEMPTS {
        let pairs = mint(app, environment, SubjectKind::Company, missing.len()).await?;
        if let Some(subjects) = try_make(app, environment, hasher, missing, &asked, pairs).await? {
            return Ok(subjects);
        }
        app.follow_grant().await?;
    }
    Err(Problem::new(Code::StorageUnavailable).retry_after(1))
}

/// `None` if the pairs are sealed to an erasable key that is being replaced.
async fn try_make(
    app: &App,
    environment: EnvironmentId,
    hasher: &IndexHasher,
    missing: &[Id<'_>],
    asked: &Asked,
    mut pairs: Vec<NewSubject>,
) -> ProblemResult<Option<HashMap<[u8; 16], Subject>>> {
    let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
    keyring::lock(&mut tx, app.keyring.engine(), environment).await.map_err(store_failed)?;
    let Some(writing) = hasher.writing(app, &mut tx).await? else {
        drop(tx);
        return Err(not_held_yet(app).await);
    };
    let found = keyring::find(&mut tx, environment, &asked.keys).await.map_err(store_failed)?;
    let mut subjects: HashMap<[u8; 16], Subject> =
        found.into_iter().map(|found| (asked.id_of(&found.key), found.subject)).collect();
    let new: Vec<&Id<'_>> = missing.iter().filter(|id| !subjects.contains_key(&id.hash)).collect();
    pairs.truncate(new.len());
    let kind = SubjectKind::Company;
    let made = match keyring::insert(&mut tx, environment, kind, &pairs, app.clock.now()).await {
        Err(StoreError::Outdated) => return Ok(None),
        made => made.map_err(store_failed)?,
    };
    let mut indexes = Vec::with_capacity(made.len());
    for (id, subject) in new.into_iter().zip(made) {
        indexes.push(index(app, environment, writing, id, subject)?);
        subjects.insert(id.hash, subject);
    }
    keyring::add_indexes(&mut tx, environment, kind, &indexes).await.map_err(store_failed)?;
    tx.commit().await.map_err(store_failed)?;
    Ok(Some(subjects))
}

/// The company of an id; made if nobody knows it yet.
pub(crate) async fn company(app: &App, environment: EnvironmentId, id: &str) -> ProblemResult<CompanyRef> {
    let company = companies(app, environment, &[id]).await?.remove(id);
    company.ok_or_else(|| internal(StoreError::Conflict))
}

/// The person whom the customer knows by this id.
pub(crate) async fn find(app: &App, environment: EnvironmentId, user: &str) -> ProblemResult<Option<PersonRef>> {
    find_in(app, environment, namespace::EXTERNAL_ID, user).await
}

/// The company that the customer knows by this id.
pub(crate) async fn find_company(app: &App, environment: EnvironmentId, id: &str) -> ProblemResult<Option<CompanyRef>> {
    find_in(app, environment, namespace::COMPANY_ID, id).await
}

async fn find_in(
    app: &App,
    environment: EnvironmentId,
    namespace: &'static str,
    value: &str,
) -> ProblemResult<Option<SubjectRef>> {
    let hasher = IndexHasher::of(app, environment)?;
    let id = hasher.id(namespace, value);
    let (known, _) = look_up(app, &hasher, environment, &[id], &mut Vec::new()).await?;
    Ok(known.get(&id.hash).map(|subject| SubjectRef { environment, subject: *subject }))
}
