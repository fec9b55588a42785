//! An engine that is given events as senders do has the oracle's answers, before and after a restart.

use std::collections::HashSet;
use std::sync::Arc;

use events::{
    Arrival, Batch, Control, Cursor, EmbeddedEngine, Event, EventEngine, Known, Outcome, Query, Subject, Timeline,
};

use super::oracle::{Oracle, comparable};
use super::stream::Dice;
use super::{Events, ask, stream};
use crate::support::{ENVIRONMENT, Fixture, environment};

/// Sends a batch in which some events come again with other content; keeps what was acknowledged first.
async fn send(engine: &impl EventEngine, dice: &mut Dice, kept: &mut Events) {
    let mut batch: Vec<Event> = (0..dice.below(12) + 1).map(|_| stream::event(dice)).collect();
    for _ in 0..dice.below(4) {
        if let Some((_, first)) = kept.get(usize::try_from(dice.below(kept.len() as u64 + 1)).unwrap()) {
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

/// Every question has the oracle's answer.
fn compare(engine: &impl EventEngine, dice: &mut Dice, events: &Events, known: &Known) {
    let (oracle, control) = (Oracle::new(events, known), Control::new().chunk(10));
    for _ in 0..6 {
        let question = ask::question(dice);
        let query = Query::parse(&question, "").unwrap();
        let answer = engine.query(environment(ENVIRONMENT), &query, known, &control).unwrap();
        assert_eq!(comparable(&answer), oracle.answer(&query), "{question}");
    }
    for who in [3, 6, 11] {
        let numbers = known.aliases.iter().filter(|(_, to)| **to == who).map(|(from, _)| *from).chain([who]).collect();
        assert_eq!(pages(engine, &Subject::Person(numbers), known), oracle.timeline(&Subject::Person(vec![who])));
    }
    assert_eq!(pages(engine, &Subject::Company(2), known), oracle.timeline(&Subject::Company(2)));
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

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_has_the_answers_of_the_oracle_before_and_after_a_restart() {
    for seed in 0..6 {
        let (fixture, mut dice) = (Fixture::new(), Dice::new(seed));
        let known = stream::known(&mut dice);
        let mut kept: Vec<(Arrival, Event)> = Vec::new();
        for _ in 0..3 {
            let log = Arc::new(fixture.open().0);
            let engine = EmbeddedEngine::new(Arc::clone(&log));
            compare(&engine, &mut dice, &kept, &known);
            for _ in 0..4 {
                send(&engine, &mut dice, &mut kept).await;
                compare(&engine, &mut dice, &kept, &known);
            }
            log.shutdown().await;
        }
    }
}
