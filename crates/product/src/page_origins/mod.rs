//! *We hear your page*: which origins speak to the edge with an environment's browser key, and the tag that makes them.

pub(crate) mod api;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base::id::EnvironmentId;
use base::{ProblemResult, Timestamp};
use moka::sync::Cache;

use crate::App;
use crate::authority::TenantTx;
use crate::edge_keys::EdgeKey;
use crate::retry::retrying;

/// How exactly the last time is kept.
const LAST_HEARD_TO: Duration = Duration::from_secs(10);
/// How many origins one environment may fill the table with: the header is the client's to choose.
const MOST: i64 = 100;
/// How many origins of all environments are remembered as noted lately.
const REMEMBERED: u64 = 10_000;

/// What was noted lately, so that a request seldom writes.
pub(crate) struct Noted(Cache<(EnvironmentId, String), Timestamp>);

impl Noted {
    pub(crate) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

/// Notes the origin of a request that carried a browser key.
pub(crate) async fn note(app: &App, by: &EdgeKey, origin: &str) -> ProblemResult<()> {
    if origin.len() > 200 || !origin.contains("://") {
        return Ok(());
    }
    let (key, now) = ((by.environment, origin.to_owned()), app.clock.now());
    if app.noted.0.get(&key).is_some_and(|at| now.since(at) < LAST_HEARD_TO) {
        return Ok(());
    }
    retrying(app, || async move {
        let mut tx = TenantTx::begin(app, by).await?;
        store::note(&mut tx, origin, now, MOST).await?;
        tx.commit().await
    })
    .await?;
    app.noted.0.insert(key, now);
    Ok(())
}
