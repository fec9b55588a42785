//! Keys that turn: a new version takes over, what the old one sealed or hashed moves to it, and the old one is destroyed
//! when nothing needs it any more. [`ways`] says for every kind how that goes, or that it does not turn yet and why.
//!
//! A turn has steps, each durable before the next: the new version is there; it is the primary one; everything that can be
//! moved is moved; the old one is destroyed. Which of them are done is read from the keys themselves, never from a note, so
//! whatever was interrupted is finished by whoever [looks](rotate) next: a process at its start, or the job that looks every
//! hour and begins what is due.
//!
//! Invariants:
//! - A version is destroyed in the transaction that found nothing under it, and only after everybody who may have begun with
//!   it has had [`Rotation::settle`] to end.
//! - Over PostgreSQL no process seals with a version before all processes had as long to learn of it.
//! - A look by a keyed hash asks for all versions at once: there is no moment at which it finds nothing.

mod erasable;
mod jobs;
mod list;
mod places;
mod policy;
mod root;
mod store_file;
#[cfg(test)]
mod tests;
mod ways;
mod wrapped;

use std::sync::Arc;
use std::time::Duration;

use ::store::{Engine, Tx, dialect};
use base::{Code, Problem, ProblemResult};
use keys::{Answer, KeyKind, KeyProvider, KeyState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::audit::{self, By, Entry};
use crate::problem::{internal, provider_failed, store_failed};
use crate::{App, edge_grants, organisations};
use list::Target;

pub use jobs::handlers;
pub(crate) use jobs::schedule;
pub use list::{Listed, list};
pub use places::places;
pub use policy::{Policy, PolicyError};
pub use ways::{WAYS, Way, way};

/// What the turning of keys needs to know, and the lock that lets one go on at a time in this process.
pub struct Rotation {
    /// How old keys may become.
    pub policy: Policy,
    /// How long whoever may have begun with an older version is given to end, and other processes to learn of a newer one.
    pub settle: Duration,
    /// Of how many bytes a store file may be at most to get another key by itself: requests wait meanwhile.
    pub largest_by_itself: u64,
    turning: Mutex<()>,
}

impl Rotation {
    /// With the default policy.
    pub(crate) fn new(engine: Engine) -> Self {
        let settle = match engine {
            Engine::Sqlite => Duration::from_secs(2),
            // Three times as long as a process takes to look for new keys.
            Engine::Postgres => Duration::from_secs(15),
        };
        let largest_by_itself = store_file::LARGEST_BY_ITSELF;
        Self { policy: Policy::default(), settle, largest_by_itself, turning: Mutex::default() }
    }
}

/// Which keys are to turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Of this kind only.
    pub kind: Option<KeyKind>,
    /// Whether or not they are due.
    pub now: bool,
}

/// An older version that something still needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The version.
    pub version: u32,
    /// By how many things it is needed; what they are is said by the kind's [`Way`].
    pub needed_by: u64,
}

/// A key that turned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turned {
    /// What it is for.
    pub kind: KeyKind,
    /// Whose it is.
    pub owner: String,
    /// The version that seals and hashes now.
    pub version: u32,
    /// Older ones that are not destroyed yet.
    pub kept: Vec<Kept>,
}

/// Turns keys, and finishes what was interrupted before. The answer is the keys that were to turn, as they stand now.
///
/// # Errors
/// 400 if keys of that kind do not turn.
pub async fn rotate(app: &App, wanted: Wanted) -> ProblemResult<Vec<Turned>> {
    if let Some(kind) = wanted.kind {
        refuse_unturning(kind)?;
    }
    let _turn = app.rotation.turning.lock().await;
    let now = app.clock.now();
    // Before anything is begun anew: a bucket has room for one turn at a time.
    finish(app).await?;
    let mut targets = list::targets(app).await?;
    targets.retain(|(target, made)| {
        let kind = target.kind();
        let due = wanted.now || app.rotation.policy.due_at(kind, *made).is_some_and(|due| due <= now);
        due && way(kind).turns
            && wanted.kind.is_none_or(|wanted| wanted == kind)
            && (wanted.now || !store_file::takes_long(app, kind))
    });
    // One that fails keeps no other from turning.
    let mut first_failure = Ok(());
    for (target, _) in &targets {
        first_failure = first_failure.and(begin(app, target).await);
    }
    first_failure.and(finish(app).await)?;
    let mut turned = Vec::with_capacity(targets.len());
    for (target, _) in &targets {
        turned.push(stands(app, target).await?);
    }
    Ok(turned)
}

/// Finishes what was begun, and destroys old versions that nothing needs any more. Edges are given first what they lack.
async fn finish(app: &App) -> ProblemResult<()> {
    edge_grants::seal_missing(app).await?;
    if let Err(problem) = edge_grants::renew_certificates(app).await {
        tracing::error!(code = problem.code.name(), "edges' certificates are not renewed; the next look tries again");
    }
    let [wrapped, erasable, root, stores] = [
        wrapped::finish(app).await,
        erasable::finish(app).await,
        root::finish(app).await,
        store_file::finish(app).await,
    ];
    wrapped.and(erasable).and(root).and(stores)
}

async fn begin(app: &App, target: &Target) -> ProblemResult<()> {
    match target {
        Target::Root(version) => root::begin(app, *version).await,
        Target::Erasable(environment, newest) => erasable::begin(app, *environment, newest).await,
        Target::Wrapped(kind, _, version) if store_file::KINDS.contains(kind) => {
            store_file::begin(app, *kind, *version).await
        }
        Target::Wrapped(kind, owner, version) => wrapped::begin(app, *kind, *owner, *version).await,
    }
}

/// Keeps the root key's old version from being destroyed until the transaction ends: taken by whoever wraps a key, before
/// that.
pub(crate) async fn hold_root(app: &App, tx: &mut Tx) -> ProblemResult<()> {
    dialect::lock_shared(tx, app.main.engine(), root::PURPOSE, &[]).await.map_err(store_failed)
}

fn refuse_unturning(kind: KeyKind) -> ProblemResult<()> {
    let way = way(kind);
    if way.turns {
        return Ok(());
    }
    Err(Problem::new(Code::InvalidRequest).detail(format!("keys of kind {kind} do not rotate: {}", way.how)))
}

/// How a key stands after its turn.
async fn stands(app: &App, target: &Target) -> ProblemResult<Turned> {
    match target {
        Target::Root(_) => root::stands(app).await,
        Target::Erasable(environment, _) => erasable::stands(app, *environment).await,
        Target::Wrapped(kind, ..) if store_file::KINDS.contains(kind) => Ok(store_file::stands(app, *kind)),
        Target::Wrapped(kind, owner, _) => wrapped::stands(app, *kind, *owner).await,
    }
}

/// Has the provider do what writes to a disk again and again, on a thread that may wait. It goes on to its end, also when nobody
/// waits for it any more.
async fn slowly<T: Send + 'static>(
    app: &App,
    work: impl for<'a> FnOnce(&'a dyn KeyProvider) -> Answer<'a, T> + Send + 'static,
) -> ProblemResult<T> {
    let (provider, runtime) = (Arc::clone(app.keys.provider()), Handle::current());
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work(provider.as_ref())));
    done.await.map_err(internal)?.map_err(provider_failed)
}

/// Gives whoever may have begun with an older version time to end.
async fn settle(app: &App) {
    tokio::time::sleep(app.rotation.settle).await;
}

/// As [`settle`], where other processes must learn of something.
async fn settle_if_shared(app: &App) {
    if app.main.engine() == Engine::Postgres {
        settle(app).await;
    }
}

/// Writes down what became of a version, on the transaction that made it so where there is one.
async fn record(app: &App, tx: &mut Tx, what: &str, version: u32, state: KeyState) -> ProblemResult<()> {
    write_down(app, tx, if state == KeyState::Destroyed { "key.destroy" } else { "key.rotate" }, what, version).await
}

/// Writes down that a version is about to be destroyed where no transaction holds its bytes.
async fn intend(app: &App, tx: &mut Tx, what: &str, version: u32) -> ProblemResult<()> {
    write_down(app, tx, "key.destroy_begin", what, version).await
}

async fn write_down(app: &App, tx: &mut Tx, action: &'static str, what: &str, version: u32) -> ProblemResult<()> {
    let organisation = organisations::first(app).await?.organisation;
    let entry = Entry {
        action,
        object: what.to_owned(),
        detail: json!({ "version": version }),
        environment: None,
        by: By::System(organisation),
    };
    audit::record(app, tx, entry).await
}
