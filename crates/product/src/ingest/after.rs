//! What an event changes in its person's row: counters that live rules ask for, and what the person has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ::store::StoreResult;
use events::{Arrival, Event};

use super::watch::Watch;
use crate::answers::{self, Encounter, Shown};
use crate::authority::TenantTx;
use crate::content::model::ContentId;
use crate::content::published::Version;
use crate::people::{self, Counter, PersonRow};

/// Events that tell what became of content.
pub(super) const RESERVED: [&str; 4] = ["$shown", "$step", "$completed", "$dismissed"];

/// How late an impression may be told and still be one more. Whoever has a page's key, which is public, may say of any
/// time in years that something was shown, and each impression is room for a response.
const TOLD_IN_TIME: Duration = Duration::from_hours(24);

/// Whether an event tells what became of content.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Versions that were published.
type Versions = BTreeMap<(ContentId, u64), Arc<Version>>;

/// Whether an event of this name may change something.
pub(super) fn is_projected(watch: &Watch, name: &str) -> bool {
    is_reserved(name) || watch.counts_event(name)
}

/// Whether an event changes something.
pub(super) fn changes_something(watch: &Watch, event: &Event) -> bool {
    content_of(event).is_some() || watch.counters(event).next().is_some()
}

/// The content that an event tells about, if it does.
fn content_of(event: &Event) -> Option<&str> {
    event.content.as_deref().filter(|_| is_reserved(&event.name))
}

/// The version of the content that an event tells about.
fn version_of(event: &Event) -> Option<u64> {
    event.properties.get("version").and_then(serde_json::Value::as_u64)
}

/// The version that an event says was shown, if it says so.
fn shown(event: &Event) -> Option<(ContentId, u64)> {
    let content = content_of(event).filter(|_| event.name == "$shown")?;
    Some((content.parse().ok()?, version_of(event)?))
}

/// The versions that these events say were shown.
pub(super) fn versions(events: &[(Arrival, Event)]) -> BTreeSet<(ContentId, u64)> {
    events.iter().filter_map(|(_, event)| shown(event)).collect()
}

/// The encounter that an event of this person tells about.
fn encounter(event: &Event, person: u64, versions: &Versions) -> Option<(ContentId, Encounter)> {
    let in_time = event.received.since(event.time) <= TOLD_IN_TIME;
    let until_next = |version| versions.get(&version).and_then(|it| it.until_next_impression()).filter(|_| in_time);
    let met = Encounter {
        person,
        at: event.time,
        shown: shown(event).map(|version| Shown::Perhaps(until_next(version))),
        completed: event.name == "$completed",
        dismissed: event.name == "$dismissed",
        step: event.step.clone(),
    };
    Some((content_of(event)?.parse().ok()?, met))
}

/// Brings the rows of these events' people up to date. The caller sees to it that each event comes here once, and that
/// `watch` is what the store says, and the versions are [those](versions) of the events.
pub(super) async fn write(
    tx: &mut TenantTx,
    (watch, versions): (&Watch, &Versions),
    events: &[(Arrival, Event)],
) -> StoreResult<()> {
    let mut by_person: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
    for (_, event) in events {
        by_person.entry(event.person).or_default().push(event);
    }
    let numbers: Vec<u64> = by_person.keys().copied().collect();
    for numbers in numbers.chunks(people::ROWS) {
        let (rows, roots) = people::hold_whole(&mut *tx, numbers).await?;
        let mut rows: BTreeMap<u64, PersonRow> = rows.into_iter().map(|row| (row.number, row)).collect();
        for (number, root) in roots {
            let Some(row) = rows.get_mut(&root) else { continue };
            for event in by_person.remove(&number).into_iter().flatten() {
                if let Some((content, met)) = encounter(event, root, versions) {
                    answers::meet(tx, content, &met).await?;
                }
                apply(row, watch, event);
            }
        }
        let mut rows: Vec<PersonRow> = rows.into_values().collect();
        for row in &mut rows {
            row.counters.retain(|key, _| watch.keeps(key));
        }
        people::update(tx, &rows).await?;
    }
    Ok(())
}

fn apply(row: &mut PersonRow, watch: &Watch, event: &Event) {
    for counted in watch.counters(event) {
        let counter = row.counters.entry(counted.key.clone()).or_insert_with(|| Counter::new(counted.is_windowed()));
        counter.add(&[event.time.seconds()]);
    }
    let Some(content) = content_of(event) else { return };
    let at = Some(event.time);
    let seen = row.seen_mut(content);
    seen.version = seen.version.max(version_of(event));
    match event.name.as_str() {
        "$shown" => seen.shown_at = seen.shown_at.max(at),
        "$completed" => seen.completed_at = seen.completed_at.max(at),
        "$dismissed" => seen.dismissed_at = seen.dismissed_at.max(at),
        _ => {}
    }
    if event.step.is_some() && at >= seen.step_at {
        (seen.step, seen.step_at) = (event.step.clone(), at);
    }
}
