//! UP-35: what was acknowledged is there.
//!
//! The log's files are read again from the disk and every event in them is counted. What they held before this process
//! began to count is the difference, so it must come out the same each time.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use base::id::EnvironmentId;
use events::{Counters, EventLog, LogKeys, Report};

use crate::App;
use crate::trust::check::{Seen, Unseen};

/// Between which numbers the events lie that the files held before.
pub(in crate::trust) type Before = RangeInclusive<u64>;

/// What is written is counted a moment later.
const COUNTED_WITHIN: Duration = Duration::from_millis(200);

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let log = app.log().ok();
    let counted = |log: Option<&Arc<EventLog>>| counted(log.map(Arc::as_ref));
    let earlier = counted(log);
    let mut report = read_again(app).await?;
    if !report.is_whole() {
        // A file that was begun between two looks of one reading is no loss.
        report = read_again(app).await?;
    }
    tokio::time::sleep(COUNTED_WITHIN).await;
    let later = counted(log);
    seen.demand(
        report.is_whole(),
        "The event log was read again from the disk: each frame is genuine, none is missing.",
        "The event log is damaged: acknowledged events are lost or changed.",
    );
    let agree = compare(app, &report, &earlier, &later);
    seen.demand(
        agree,
        "For every environment the events in the files are those that were acknowledged as stored.",
        "For an environment there are more or fewer events in the files than were acknowledged.",
    );
    if log.is_none() {
        seen.weak("The events are counted by another process: here only their files were read.");
    }
    seen.weak(
        "Stored events and copies are counted; what was refused is told to its sender, and not counted yet for each environment.",
    );
    Ok(seen)
}

fn counted(log: Option<&EventLog>) -> HashMap<EnvironmentId, Counters> {
    let environments = log.map(EventLog::environments).unwrap_or_default();
    let of = |environment| log.map(|log| (environment, log.counters(environment)));
    environments.into_iter().filter_map(of).collect()
}

async fn read_again(app: &App) -> Result<Report, Unseen> {
    let (data, keys) = (app.data().to_owned(), Arc::clone(&app.keys));
    let reading = tokio::task::spawn_blocking(move || events::verify(&data, keys.as_ref() as &dyn LogKeys));
    reading.await?.map_err(|error| Unseen::because("The event log could not be read.", error))
}

/// Whether what the files held before this process comes out the same as in earlier looks.
fn compare(
    app: &App,
    report: &Report,
    earlier: &HashMap<EnvironmentId, Counters>,
    later: &HashMap<EnvironmentId, Counters>,
) -> bool {
    let mut stored: HashMap<EnvironmentId, u64> = HashMap::new();
    for log in &report.logs {
        *stored.entry(log.environment).or_default() += log.events;
    }
    let mut before = app.trust.before.lock().unwrap_or_else(PoisonError::into_inner);
    let mut agree = true;
    for (environment, later) in later {
        let stored = stored.get(environment).copied().unwrap_or(0);
        let earlier = earlier.get(environment).map_or(0, |counters| counters.accepted);
        // Fewer events in the files than were acknowledged since: some are gone.
        agree &= stored >= earlier;
        let now = stored.saturating_sub(later.accepted)..=stored.saturating_sub(earlier);
        let known = before.entry(*environment).or_insert_with(|| now.clone());
        let both = *known.start().max(now.start())..=*known.end().min(now.end());
        if both.is_empty() {
            agree = false;
        } else {
            *known = both;
        }
    }
    agree
}
