//! Published versions, as answers and reserved events name them. Whoever holds a browser's key, which is public, can name
//! anything: what was never published in the environment, and questions and steps that the named version does not have,
//! are refused there.
//!
//! A version never changes, so what was read once is remembered. That something is not there is not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ::store::StoreResult;
use base::id::EnvironmentId;
use moka::sync::Cache;
use serde_json::Value;
use targeting::{Conditions, Frequency};

use super::model::{Body, ContentId, Definition};
use super::store;
use crate::App;
use crate::authority::TenantReader;

const REMEMBERED: u64 = 2_000;
/// Of content that is shown whenever its trigger fires: what comes sooner than this is the same impression.
const SAME_IMPRESSION: Duration = Duration::from_secs(10);

/// A version that is or was published.
#[derive(Debug)]
pub(crate) struct Version {
    /// What it asks, or leads through.
    pub(crate) body: Body,
    frequency: Frequency,
}

impl Version {
    fn read(id: ContentId, definition: &Value) -> Option<Self> {
        let frequency = Conditions::parse(definition, "").ok()?.frequency;
        Some(Self { body: Definition::parse(id.kind(), definition, "").ok()?.body, frequency })
    }

    /// Whether it has a step of this id; a survey has none.
    pub(crate) fn has_step(&self, step: &str) -> bool {
        match &self.body {
            Body::Flow(flow) => flow.steps.iter().any(|other| other.id == step),
            Body::Survey(_) => false,
        }
    }

    /// How long after an impression the next one can be, by the frequency that was published; `None` for never.
    pub(crate) fn until_next_impression(&self) -> Option<Duration> {
        match self.frequency {
            Frequency::Once => None,
            Frequency::Recontact { days } => Some(Duration::from_hours(24 * u64::from(days))),
            Frequency::Always => Some(SAME_IMPRESSION),
        }
    }
}

/// Versions that were named lately.
pub(crate) struct Versions(Cache<(EnvironmentId, ContentId, u64), Arc<Version>>);

impl Versions {
    pub(crate) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

/// A version; `None` if it was never published in this environment.
pub(crate) async fn version(
    app: &App,
    environment: EnvironmentId,
    id: ContentId,
    number: u64,
) -> StoreResult<Option<Arc<Version>>> {
    Ok(versions(app, environment, [(id, number)].into()).await?.remove(&(id, number)))
}

/// Of these versions those that were published in this environment, in one round trip or none.
pub(crate) async fn versions(
    app: &App,
    environment: EnvironmentId,
    wanted: BTreeSet<(ContentId, u64)>,
) -> StoreResult<BTreeMap<(ContentId, u64), Arc<Version>>> {
    let (mut found, mut asked) = (BTreeMap::new(), Vec::new());
    for (id, number) in wanted {
        match app.versions.0.get(&(environment, id, number)) {
            Some(version) => drop(found.insert((id, number), version)),
            None => asked.push((id, number)),
        }
    }
    if asked.is_empty() {
        return Ok(found);
    }
    let reader = TenantReader::new(app, environment);
    for (id, number, definition) in store::versions(reader, &asked).await? {
        if let Some(version) = Version::read(id, &definition) {
            let version = Arc::new(version);
            app.versions.0.insert((environment, id, number), Arc::clone(&version));
            found.insert((id, number), version);
        }
    }
    Ok(found)
}
