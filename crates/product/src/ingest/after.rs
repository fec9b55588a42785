//! What is kept up to date once events are durable: counters that live rules ask for, and what each person has seen.
//!
//! Counters count an event once: copies are left out. What was seen is a set of latest times, so that noting it twice
//! changes nothing; a copy is noted again, in case the process ended between its first copy's sync and the note.

use std::collections::BTreeMap;

use ::store::Scope;
use base::id::EnvironmentId;
use base::{ProblemResult, Timestamp};
use events::{Event, Outcome};

use crate::App;
use crate::answers::{self, Encounter};
use crate::content::model::ContentId;
use crate::people::{self, Counter, PersonRow};
use crate::problem::store_failed;
use crate::retry::retrying;

const RESERVED: [&str; 4] = ["$shown", "$step", "$completed", "$dismissed"];

/// Whether an event tells what became of content.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// What an event changes in its person's row.
pub(super) struct Watched {
    /// Its place in the batch.
    index: usize,
    person: u64,
    time: Timestamp,
    /// Keys of counters, and whether each counts within a window.
    counters: Vec<(String, bool)>,
    seen: Option<SeenEvent>,
}

struct SeenEvent {
    name: &'static str,
    content: String,
    step: Option<String>,
    version: Option<u64>,
}

impl Watched {
    /// The encounter that it tells about, if it does, with the person who stands for its own.
    fn encounter(&self, person: u64) -> Option<(ContentId, Encounter)> {
        let seen = self.seen.as_ref()?;
        let met = Encounter {
            person,
            at: self.time,
            shown: seen.version.filter(|_| seen.name == "$shown"),
            completed: seen.name == "$completed",
            dismissed: seen.name == "$dismissed",
            step: seen.step.clone(),
        };
        Some((seen.content.parse().ok()?, met))
    }
}

/// Which of these events change something.
pub(super) fn watched(app: &App, environment: EnvironmentId, events: &[Event]) -> Vec<Watched> {
    let watch = app.watches.of(environment);
    let mut watched = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let counters: Vec<_> =
            watch.counters(event).map(|counted| (counted.key.clone(), counted.is_windowed())).collect();
        let seen = seen(event);
        if !counters.is_empty() || seen.is_some() {
            watched.push(Watched { index, person: event.person, time: event.time, counters, seen });
        }
    }
    watched
}

fn seen(event: &Event) -> Option<SeenEvent> {
    let name = RESERVED.into_iter().find(|name| *name == event.name)?;
    let version = event.properties.get("version").and_then(serde_json::Value::as_u64);
    Some(SeenEvent { name, content: event.content.clone()?, step: event.step.clone(), version })
}

/// Brings the rows of those people up to date.
pub(super) async fn note(
    app: &App,
    environment: EnvironmentId,
    watched: Vec<Watched>,
    outcomes: &[Outcome],
) -> ProblemResult<()> {
    let mut by_person: BTreeMap<u64, Vec<Watched>> = BTreeMap::new();
    for mut watched in watched {
        if !matches!(outcomes.get(watched.index), Some(Outcome::Stored(_))) {
            watched.counters.clear();
        }
        by_person.entry(watched.person).or_default().push(watched);
    }
    if by_person.is_empty() {
        return Ok(());
    }
    let by_person = &by_person;
    retrying(app, || write(app, environment, by_person)).await
}

async fn write(app: &App, environment: EnvironmentId, by_person: &BTreeMap<u64, Vec<Watched>>) -> ProblemResult<()> {
    let numbers: Vec<u64> = by_person.keys().copied().collect();
    let mut tx = app.main.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
    for numbers in numbers.chunks(people::ROWS) {
        let engine = app.main.engine();
        let (mut rows, roots) =
            people::hold_whole(&mut tx, engine, environment, numbers).await.map_err(store_failed)?;
        for (number, root) in roots {
            let Some(row) = rows.iter_mut().find(|row| row.number == root) else { continue };
            for watched in by_person.get(&number).into_iter().flatten() {
                if let Some((content, met)) = watched.encounter(root) {
                    answers::meet(app, &mut tx, environment, content, &met).await.map_err(store_failed)?;
                }
                apply(row, watched);
            }
        }
        people::update(&mut tx, environment, &rows).await.map_err(store_failed)?;
    }
    tx.commit().await.map_err(store_failed)
}

fn apply(row: &mut PersonRow, watched: &Watched) {
    for (counter, windowed) in &watched.counters {
        let empty = if *windowed { Counter::Times(Vec::new()) } else { Counter::Total(0) };
        row.counters.entry(counter.clone()).or_insert(empty).add(&[watched.time.seconds()]);
    }
    let Some(SeenEvent { name, content, step, version }) = &watched.seen else { return };
    let at = Some(watched.time);
    let seen = row.seen_mut(content);
    seen.version = seen.version.max(*version);
    match *name {
        "$shown" => seen.shown_at = seen.shown_at.max(at),
        "$completed" => seen.completed_at = seen.completed_at.max(at),
        "$dismissed" => seen.dismissed_at = seen.dismissed_at.max(at),
        _ => {}
    }
    if step.is_some() && at >= seen.step_at {
        (seen.step, seen.step_at) = (step.clone(), at);
    }
}
