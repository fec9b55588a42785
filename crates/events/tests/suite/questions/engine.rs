//! An engine that is given events as senders do has the oracle's answers, before and after sealing, compaction, erasure
//! and restart, while another edge appends to a log of its own.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use base::{SeededRng, Timestamp};
use events::{
    AppendError, Batch, Control, Cursor, EmbeddedEngine, Erase, Event, EventEngine, EventLog, Known, LogId, Outcome, PartOptions,
    Query, Subject, Timeline,
};

use super::oracle::{Oracle, comparable};
use super::stream::Dice;
use super::{Events, ask, stream};
use crate::support::{ENVIRONMENT, Fixture, TestKeys, environment, event};

/// Sends a batch in which some events of the engine's own log come again with other content; keeps what was acknowledged first.
async fn send(engine: &impl EventEngine, own: LogId, dice: &mut Dice, kept: &mut Events) {
    let mut batch: Vec<Event> = (0..=dice.below(12)).map(|_| stream::event(dice)).collect();
    for _ in 0..dice.below(4) {
        let first = kept.get(usize::try_from(dice.below(kept.len() as u64 + 1)).unwrap());
        if let Some((_, first)) = first.filter(|(arrival, _)| arrival.log == own) {
            batch.push(Event { message: first.message, ..stream::event(dice) });
        }
    }
    batch.push(Event { message: batch[0].message, ..stream::event(dice) });
    let outcomes = engine.append(environment(ENVIRONMENT), Batch::from(batch.clone())).await.unwrap();
    let known: HashSet<_> = kept.iter().map(|(_, event)| event.message).collect();
    for (event, outcome) in batch.into_iter().zip(outcomes) {
        if let Outcome::Stored(arrival) = outcome {
            assert!(!known.contains(&event.message), "a copy was stored");
            kept.push((arrival, event));
        }
    }
}

/// Sends a batch to another edge over the same data folder.
async fn send_elsewhere(other: &EventLog, dice: &mut Dice, kept: &mut Events) {
    let batch: Vec<Event> = (0..=dice.below(6)).map(|_| stream::event(dice)).collect();
    let outcomes = other.append(environment(ENVIRONMENT), batch.clone()).await.unwrap();
    for (event, outcome) in batch.into_iter().zip(outcomes) {
        let Outcome::Stored(arrival) = outcome else { panic!("{outcome:?}") };
        kept.push((arrival, event));
    }
}

/// Every question has the oracle's answer.
fn compare(engine: &impl EventEngine, dice: &mut Dice, events: &Events, known: &Known) {
    let control = Control::new().chunk(10);
    for _ in 0..6 {
        let question = ask::question(dice);
        let query = Query::parse(&question, "").unwrap();
        let mut resolved = known.clone();
        stream::resolve(&query, &mut resolved);
        let (known, oracle) = (&resolved, Oracle::new(events, &resolved));
        let answer = engine.query(environment(ENVIRONMENT), &query, known, &control).unwrap();
        assert_eq!(comparable(&answer), oracle.answer(&query), "{question}");
    }
    let oracle = Oracle::new(events, known);
    for who in [3, 6, 11] {
        let who = known.aliases.person(who);
        let numbers = known.aliases.before(who).chain([who]).collect();
        assert_eq!(pages(engine, &Subject::Person(numbers), known), oracle.timeline(&Subject::Person(vec![who])));
    }
    assert_eq!(pages(engine, &Subject::Company(2), known), oracle.timeline(&Subject::Company(2)));
    let moment = |hours: i64| Timestamp(stream::start() + hours * 3_600_000_000);
    let some = i64::try_from(dice.below(72)).unwrap();
    for range in [Timestamp(i64::MIN)..Timestamp(i64::MAX), moment(some)..moment(some + 31), moment(5)..moment(5)] {
        let expected = Oracle::counts(events, &range);
        assert_eq!(engine.counts(environment(ENVIRONMENT), range, &control).unwrap(), expected);
    }
}

/// All of a timeline, page by page.
fn pages(engine: &impl EventEngine, of: &Subject, known: &Known) -> Events {
    let (mut events, mut before): (Events, Option<Cursor>) = (Vec::new(), None);
    loop {
        let timeline = Timeline { of: of.clone(), names: Some(vec!["A".into(), "C".into()]), before, limit: 3 };
        let page = engine.timeline(environment(ENVIRONMENT), &timeline, known, &Control::new()).unwrap();
        assert!(page.events.len() <= 3);
        events.extend(page.events);
        before = page.next;
        if before.is_none() {
            return events;
        }
    }
}

/// The log of an edge that is not the engine's.
pub(super) fn elsewhere(fixture: &Fixture, seed: u64) -> EventLog {
    let (clock, options) = (fixture.clock.clone(), fixture.options.clone());
    let rng = Arc::new(SeededRng::new(1_000 + seed));
    EventLog::open(fixture.folder.path(), "other", Arc::new(TestKeys), clock, rng, options).unwrap().0
}

pub(super) fn engine(fixture: &Fixture, seed: u64) -> (Arc<EventLog>, EmbeddedEngine) {
    let log = Arc::new(fixture.open().0);
    let options =
        PartOptions { seal_rows: 40, group_rows: 8, whole_rows: 60, merge_parts: 2, ..PartOptions::default() };
    let engine = fixture.engine(&log, seed, options);
    (log, engine)
}

/// What was erased and let go: it stays so for events that come later.
#[derive(Default)]
struct Forgotten {
    whole: HashSet<u64>,
    personal: HashSet<u64>,
    before: Option<Timestamp>,
}

impl Forgotten {
    /// Erases somebody, whole or personally, or lets go of the oldest events.
    fn more(&mut self, engine: &EmbeddedEngine, dice: &mut Dice) {
        let (who, environment) = (dice.pick(&stream::people()), environment(ENVIRONMENT));
        match dice.below(3) {
            0 => {
                engine.erase(environment, &[who], Erase::Whole).unwrap();
                self.whole.insert(who);
            }
            1 => {
                engine.erase(environment, &[who], Erase::Personal).unwrap();
                self.personal.insert(who);
            }
            _ => {
                let before = Timestamp(stream::start() + i64::try_from(dice.below(48)).unwrap() * 3_600_000_000);
                engine.retain(environment, before).unwrap();
                self.before = self.before.max(Some(before));
            }
        }
    }

    fn apply(&self, kept: &mut Events) {
        kept.retain(|(_, event)| !self.whole.contains(&event.person));
        kept.retain(|(_, event)| self.before.is_none_or(|before| event.time >= before));
        for (_, event) in kept.iter_mut().filter(|(_, event)| self.personal.contains(&event.person)) {
            event.sealed.clear();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_has_the_answers_of_the_oracle_whatever_happens_to_its_files() {
    for seed in 0..5 {
        let (fixture, mut dice) = (Fixture::new(), Dice::new(seed));
        let known = stream::known(&mut dice);
        let (mut kept, mut forgotten): (Events, _) = (Vec::new(), Forgotten::default());
        for start in 0..3 {
            let (log, engine) = engine(&fixture, seed * 3 + start);
            let other = elsewhere(&fixture, seed * 3 + start);
            compare(&engine, &mut dice, &kept, &known);
            for _ in 0..4 {
                send(&engine, log.log_id(environment(ENVIRONMENT)).unwrap(), &mut dice, &mut kept).await;
                if dice.one_in(2) {
                    send_elsewhere(&other, &mut dice, &mut kept).await;
                }
                forgotten.apply(&mut kept);
                compare(&engine, &mut dice, &kept, &known);
                let parts = engine.parts(environment(ENVIRONMENT)).unwrap();
                if dice.one_in(2) {
                    assert!(parts.seal_now().unwrap().lost.is_empty());
                    compare(&engine, &mut dice, &kept, &known);
                }
                while dice.one_in(2) && parts.compact_due().unwrap() {}
                compare(&engine, &mut dice, &kept, &known);
            }
            forgotten.more(&engine, &mut dice);
            forgotten.apply(&mut kept);
            compare(&engine, &mut dice, &kept, &known);
            log.shutdown().await;
            other.shutdown().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_or_too_old_does_not_show_before_it_is_sealed_either() {
    let (fixture, mut dice) = (Fixture::new(), Dice::new(1));
    let (log, engine) = engine(&fixture, 1);
    let environment = environment(ENVIRONMENT);
    let known = Known::new(jiff::tz::TimeZone::UTC, fixture.now());
    let mut send = async |person, hour: i64| {
        let time = Timestamp(stream::start() + hour * 3_600_000_000);
        let sealed = [("email".to_owned(), vec![1, 2, 3])].into();
        let event = Event { person, time, name: "A".to_owned(), sealed, ..stream::event(&mut dice) };
        engine.append(environment, Batch::from(vec![event])).await.unwrap();
    };
    // How many events show, and of how many the sealed values do.
    let shown = |person| {
        let page = pages(&engine, &Subject::Person(vec![person]), &known);
        (page.len(), page.iter().filter(|(_, event)| !event.sealed.is_empty()).count())
    };
    for person in 1..=3 {
        send(person, 5).await;
    }
    assert_eq!([1, 2, 3].map(shown), [(1, 1); 3]);
    engine.erase(environment, &[1], Erase::Personal).unwrap();
    engine.erase(environment, &[2], Erase::Whole).unwrap();
    for person in 1..=3 {
        send(person, 7).await;
    }
    assert_eq!([1, 2, 3].map(shown), [(2, 0), (0, 0), (2, 2)]);
    engine.retain(environment, Timestamp(stream::start() + 6 * 3_600_000_000)).unwrap();
    send(3, 4).await;
    assert_eq!([1, 2, 3].map(shown), [(1, 0), (0, 0), (1, 1)]);
    assert_eq!(engine.parts(environment).unwrap().seal_now().unwrap().events, 2);
    assert_eq!([1, 2, 3].map(shown), [(1, 0), (0, 0), (1, 1)]);
    log.shutdown().await;
}

#[tokio::test]
async fn what_sealing_cannot_follow_is_refused_until_it_does() {
    let fixture = Fixture::new();
    let log = Arc::new(fixture.open().0);
    let options = PartOptions { seal_rows: 40, most_waiting: 100, ..PartOptions::default() };
    let engine = fixture.engine(&log, 1, options);
    let mut next = 0;
    let mut send = async || {
        next += 10;
        let events: Vec<_> = (next - 10..next).map(|number| event(number, fixture.now())).collect();
        engine.append(environment(ENVIRONMENT), Batch::from(events)).await.map(|outcomes| outcomes.len())
    };
    // Nobody here seals: that is another process's, and whatever the disk takes is taken.
    for _ in 0..15 {
        assert_eq!(send().await, Ok(10));
    }
    let parts = engine.parts(environment(ENVIRONMENT)).unwrap();
    let refused = Err(AppendError::Overloaded { retry_after: Duration::from_secs(1) });
    assert_eq!(send().await, refused, "150 wait");
    assert!(parts.seal_due().unwrap().more);
    assert_eq!(send().await, refused, "110 wait");
    assert_eq!(log.counters(environment(ENVIRONMENT)).overloaded, 2);
    parts.seal_due().unwrap();
    for _ in 0..3 {
        assert_eq!(send().await, Ok(10));
    }
    assert_eq!(send().await, refused, "100 wait");
    // Sealing that fails is no reason to refuse what the disk takes.
    let folder = fixture.folder.path().join("parts").join(environment(ENVIRONMENT).to_string());
    let aside = fixture.folder.path().join("aside");
    std::fs::rename(&folder, &aside).unwrap();
    parts.seal_due().unwrap_err();
    assert_eq!(send().await, Ok(10));
    std::fs::rename(&aside, &folder).unwrap();
    assert!(parts.seal_due().unwrap().more);
    assert_eq!(send().await, Ok(10));
}
