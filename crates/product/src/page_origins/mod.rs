//! *We hear your page*: which origins speak to the edge with an environment's browser key, and the tag that makes them.
//!
//! The key is public and the header the client's to choose, so an origin is one only if it is `http(s)://host[:port]` and
//! no more, of an environment the newest 50 are kept, an origin that is known is written every 10 seconds at most, and new
//! ones are written in a trickle: a burst of 20, then one a minute. An origin whose host is an IP address is not noted,
//! but for this very machine's.

pub(crate) mod api;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base::id::EnvironmentId;
use base::{ProblemResult, Timestamp};
use url::{Host, Url};

use crate::App;
use crate::authority::{TenantReader, TenantTx};
use crate::edge_keys::EdgeKey;
use crate::problem::store_failed;
use crate::retry::retrying;

/// How exactly the last time is kept.
const LAST_HEARD_TO: Duration = Duration::from_secs(10);
/// How many origins of one environment are kept.
const MOST: usize = 50;
/// How many new ones are written at once, and how often another one after that.
const BURST: u32 = 20;
const ANOTHER: Duration = Duration::from_mins(1);
/// The longest origin: a host name has at most 253 characters.
const LONGEST: usize = 270;

/// What is known of the origins, so that a request seldom writes.
#[derive(Default)]
pub(crate) struct Noted(Mutex<HashMap<EnvironmentId, Heard>>);

/// Of one environment.
struct Heard {
    /// When each origin was written last.
    written: HashMap<String, Timestamp>,
    /// How many new ones may be written, and since when that is counted.
    allowance: u32,
    counted_at: Timestamp,
}

impl Heard {
    /// Whether to write this origin now; if so it counts as written.
    fn take(&mut self, origin: &str, now: Timestamp) -> bool {
        if let Some(written) = self.written.get_mut(origin) {
            let due = now.since(*written) >= LAST_HEARD_TO;
            if due {
                *written = now;
            }
            return due;
        }
        let more = u32::try_from(now.since(self.counted_at).as_secs() / ANOTHER.as_secs()).unwrap_or(BURST);
        if more > 0 {
            self.allowance = self.allowance.saturating_add(more).min(BURST);
            self.counted_at = now;
        }
        let Some(left) = self.allowance.checked_sub(1) else { return false };
        self.allowance = left;
        if self.written.len() >= MOST
            && let Some(oldest) = self.written.iter().min_by_key(|(_, at)| **at).map(|(origin, _)| origin.clone())
        {
            self.written.remove(&oldest);
        }
        self.written.insert(origin.to_owned(), now);
        true
    }
}

/// Notes the origin of a request that carried a browser key.
pub(crate) async fn note(app: &App, by: &EdgeKey, origin: &str) -> ProblemResult<()> {
    if !is_origin(origin) {
        return Ok(());
    }
    let (environment, now) = (by.environment, app.clock.now());
    let due = if let Some(due) = app.noted.due(environment, origin, now) {
        due
    } else {
        let written = store::written(TenantReader::new(app, by)).await?;
        app.noted.remember(environment, written, now);
        app.noted.due(environment, origin, now).unwrap_or(false)
    };
    if due {
        retrying(app, || async move {
            let mut tx = TenantTx::begin(app, by).await.map_err(store_failed)?;
            store::note(&mut tx, origin, now, MOST).await?;
            tx.commit().await.map_err(store_failed)
        })
        .await?;
    }
    Ok(())
}

impl Noted {
    /// Whether to write this origin; `None` as long as nothing is known of the environment's.
    fn due(&self, environment: EnvironmentId, origin: &str, now: Timestamp) -> Option<bool> {
        let mut environments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(environments.get_mut(&environment)?.take(origin, now))
    }

    fn remember(&self, environment: EnvironmentId, written: HashMap<String, Timestamp>, now: Timestamp) {
        let mut environments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        environments.entry(environment).or_insert(Heard { written, allowance: BURST, counted_at: now });
    }
}

/// Whether a text is an origin of pages, as browsers write it.
fn is_origin(text: &str) -> bool {
    let Some(url) = Some(text).filter(|text| text.len() <= LONGEST).and_then(|text| Url::parse(text).ok()) else {
        return false;
    };
    let host_may_be_named = match url.host() {
        Some(Host::Domain(name)) => !name.is_empty(),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    host_may_be_named && ["http", "https"].contains(&url.scheme()) && url.origin().ascii_serialization() == text
}
