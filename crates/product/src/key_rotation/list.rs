//! What keys there are: kind, owner, version, state, age and next rotation. Never their material.

use std::collections::BTreeMap;

use base::id::EnvironmentId;
use base::{ProblemResult, Timestamp};
use keys::{ErasableVersion, KeyKind, KeyState, Owner};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::problem::internal;

const SECONDS_PER_DAY: u64 = 86_400;

/// One version of a key. Of an environment's 256 erasable keys there is one line for each version that one of them has, with
/// the age of the oldest of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// What it is for.
    pub kind: KeyKind,
    /// Whose it is: `installation`, or an id.
    pub owner: String,
    /// 1, 2, …
    pub version: u32,
    /// What it may still do.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many whole days ago that was.
    pub age_days: u64,
    /// When it is due to turn; nothing for what never is.
    pub next_rotation: Option<Timestamp>,
}

/// What can turn by itself: a key of a kind and owner, with the version that it has before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The root key.
    Root(u32),
    /// An environment's erasable keys, with the newest of each bucket.
    Erasable(EnvironmentId, Vec<ErasableVersion>),
    /// A wrapped key.
    Wrapped(KeyKind, Owner, u32),
}

impl Target {
    pub(super) fn kind(&self) -> KeyKind {
        match self {
            Self::Root(_) => KeyKind::Root,
            Self::Erasable(..) => KeyKind::Erasable,
            Self::Wrapped(kind, ..) => *kind,
        }
    }
}

/// Every key, in the order of kind, owner and version.
pub async fn list(app: &App) -> ProblemResult<Vec<Listed>> {
    let provider = app.keys.provider();
    let installation = Owner::Installation.to_string();
    let mut listed = Vec::new();
    for root in provider.root_versions().await.map_err(internal)? {
        listed.push(line(app, KeyKind::Root, &installation, root.version, root.state, root.created_at));
    }
    for environment in provider.environments().await.map_err(internal)? {
        let versions = provider.erasable_versions(environment).await.map_err(internal)?;
        let owner = environment.to_string();
        for (version, state, made) in erasable(&versions) {
            listed.push(line(app, KeyKind::Erasable, &owner, version, state, made));
        }
    }
    for key in app.keys.records() {
        listed.push(line(app, key.kind, &key.owner.to_string(), key.version, key.state, key.created_at));
    }
    Ok(listed)
}

/// Everything that could turn, and since when it has not.
pub(super) async fn targets(app: &App) -> ProblemResult<Vec<(Target, Timestamp)>> {
    let provider = app.keys.provider();
    let mut targets = Vec::new();
    for root in provider.root_versions().await.map_err(internal)? {
        if root.state == KeyState::Primary {
            targets.push((Target::Root(root.version), root.created_at));
        }
    }
    for environment in provider.environments().await.map_err(internal)? {
        let newest = newest(app, environment).await?;
        if let Some(made) = oldest(&newest) {
            targets.push((Target::Erasable(environment, newest), made));
        }
    }
    for key in app.keys.records() {
        if key.state == KeyState::Primary {
            targets.push((Target::Wrapped(key.kind, key.owner, key.version), key.created_at));
        }
    }
    Ok(targets)
}

/// The versions that are there in any bucket, with the age of the oldest: primary as long as it is some bucket's newest.
fn erasable(versions: &[ErasableVersion]) -> Vec<(u32, KeyState, Timestamp)> {
    let mut newest = BTreeMap::new();
    for key in versions {
        let of_bucket = newest.entry(key.bucket).or_insert(0);
        *of_bucket = key.version.max(*of_bucket);
    }
    let mut by_version = BTreeMap::new();
    for key in versions {
        let (state, made) = by_version.entry(key.version).or_insert((KeyState::Enabled, key.created_at));
        *made = key.created_at.min(*made);
        if newest.get(&key.bucket) == Some(&key.version) {
            *state = KeyState::Primary;
        }
    }
    by_version.into_iter().map(|(version, (state, made))| (version, state, made)).collect()
}

/// The newest version of each bucket.
async fn newest(app: &App, environment: EnvironmentId) -> ProblemResult<Vec<ErasableVersion>> {
    let mut versions = app.keys.provider().erasable_versions(environment).await.map_err(internal)?;
    versions.reverse();
    versions.dedup_by_key(|key| key.bucket);
    versions.reverse();
    Ok(versions)
}

fn oldest(versions: &[ErasableVersion]) -> Option<Timestamp> {
    versions.iter().map(|key| key.created_at).min()
}

fn line(app: &App, kind: KeyKind, owner: &str, version: u32, state: KeyState, created_at: Timestamp) -> Listed {
    let next = app.rotation.policy.due_at(kind, created_at);
    Listed {
        kind,
        owner: owner.to_owned(),
        version,
        state,
        created_at,
        age_days: app.clock.now().since(created_at).as_secs() / SECONDS_PER_DAY,
        next_rotation: next.filter(|_| state == KeyState::Primary),
    }
}
