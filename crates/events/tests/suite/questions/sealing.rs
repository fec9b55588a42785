//! While events come in, are sealed and compacted, an answer has each acknowledged event once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use base::Timestamp;
use events::{Answer, Batch, Control, EmbeddedEngine, Event, EventEngine, EventLog, Known, Query};
use jiff::tz::TimeZone;
use serde_json::json;

use super::engine::{elsewhere, engine};
use super::stream::{self, Dice};
use crate::support::{ENVIRONMENT, Fixture, environment};

/// How many events were handed over, and how many of them are acknowledged.
#[derive(Default)]
struct Sent {
    begun: AtomicU64,
    acknowledged: AtomicU64,
}

impl Sent {
    async fn send(&self, log: &EventLog, dice: &mut Dice) {
        let batch: Vec<Event> =
            (0..=dice.below(9)).map(|_| Event { name: "A".to_owned(), ..stream::event(dice) }).collect();
        let count = batch.len() as u64;
        self.begun.fetch_add(count, Ordering::SeqCst);
        log.append(environment(ENVIRONMENT), Batch::from(batch)).await.unwrap();
        self.acknowledged.fetch_add(count, Ordering::SeqCst);
    }
}

fn total(engine: &EmbeddedEngine) -> u64 {
    let question = json!({
        "kind": "trend", "range": {"from": "2026-10-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}, "interval": "month",
        "series": [{"event": "A", "measure": "total"}],
    });
    let known = Known::new(TimeZone::UTC, Timestamp(stream::start()));
    let query = Query::parse(&question, "").unwrap();
    let answer = engine.query(environment(ENVIRONMENT), &query, &known, &Control::new()).unwrap();
    let Answer::Trend(trend) = answer else { panic!("{answer:?}") };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let total = trend.series[0].total as u64;
    total
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_has_each_acknowledged_event_once_while_parts_are_made() {
    let fixture = Fixture::new();
    let (log, engine) = engine(&fixture, 1);
    let (engine, other) = (Arc::new(engine), elsewhere(&fixture, 1));
    let (sent, done) = (Arc::new(Sent::default()), Arc::new(AtomicBool::new(false)));
    let parts = engine.parts(environment(ENVIRONMENT)).unwrap();
    let merged = Arc::new(AtomicU64::new(0));
    let making = tokio::task::spawn_blocking({
        let (done, merged) = (Arc::clone(&done), Arc::clone(&merged));
        move || {
            while !done.load(Ordering::SeqCst) {
                parts.seal_now().unwrap();
                merged.fetch_add(u64::from(parts.compact_due().unwrap()), Ordering::SeqCst);
            }
        }
    });
    let asking: Vec<_> = (0..2)
        .map(|_| {
            let (engine, sent, done) = (Arc::clone(&engine), Arc::clone(&sent), Arc::clone(&done));
            tokio::task::spawn_blocking(move || {
                let mut asked = 0_u64;
                while !done.load(Ordering::SeqCst) {
                    let least = sent.acknowledged.load(Ordering::SeqCst);
                    let total = total(&engine);
                    let most = sent.begun.load(Ordering::SeqCst);
                    assert!(least <= total && total <= most, "{total}, of {least} to {most}");
                    asked += 1;
                }
                asked
            })
        })
        .collect();
    let append = async |log: &EventLog, seed| {
        let mut dice = Dice::new(seed);
        let mut times = 0;
        while times < 60 || merged.load(Ordering::SeqCst) == 0 {
            sent.send(log, &mut dice).await;
            times += 1;
        }
    };
    let all = async { tokio::join!(append(&log, 7), append(&other, 8)) };
    tokio::time::timeout(Duration::from_mins(1), all).await.expect("no parts are merged");
    done.store(true, Ordering::SeqCst);
    let mut asked = 0;
    for asking in asking {
        asked += asking.await.unwrap();
    }
    making.await.unwrap();
    assert!(asked > 0);
    assert_eq!(total(&engine), sent.acknowledged.load(Ordering::SeqCst));
    log.shutdown().await;
    other.shutdown().await;
}
