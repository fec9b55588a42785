//! Random streams: what was kept comes back as it was sent, in order, over files and restarts.

use base::{SeededRng, Timestamp};
use events::{Event, Outcome};

use crate::support::{ENVIRONMENT, Fixture, environment, event};

fn below(rng: &dyn base::Rng, limit: u64) -> u64 {
    u64::from_le_bytes(rng.bytes()) % limit
}

/// Out of order, late, with ties and copies.
fn stream(rng: &dyn base::Rng, fixture: &Fixture, length: u64) -> Vec<Event> {
    let start = fixture.now().micros();
    let one = |_| {
        let mut event = event(below(rng, length * 3 / 4), fixture.now());
        let spread = below(rng, 9 * 24 * 3_600).cast_signed() - 8 * 24 * 3_600;
        event.time = Timestamp(start + spread / 600 * 600_000_000);
        event.person = below(rng, 11);
        event.name = format!("Event {}", below(rng, 6));
        event
    };
    (0..length).map(one).collect()
}

#[tokio::test]
async fn what_was_kept_comes_back_as_it_was_sent() {
    for seed in 0..6 {
        let rng = SeededRng::new(seed);
        let mut fixture = Fixture::new();
        fixture.options.roll_bytes = 6_000;
        fixture.options.block_bytes = 1_000;
        let mut kept: Vec<(events::Arrival, Event)> = Vec::new();
        let mut stream = stream(&rng, &fixture, 600).into_iter();
        while stream.len() > 0 {
            let (log, _) = fixture.open();
            for _ in 0..12 {
                let size = usize::try_from(below(&rng, 30)).unwrap();
                let batch: Vec<Event> = stream.by_ref().take(size).collect();
                let outcomes = log.append(environment(ENVIRONMENT), batch.clone()).await.unwrap();
                for (event, outcome) in batch.into_iter().zip(outcomes) {
                    let known = kept.iter().any(|(_, other)| other.message == event.message);
                    assert_eq!(known, outcome == Outcome::Duplicate);
                    if let Outcome::Stored(arrival) = outcome {
                        kept.push((arrival, event));
                    }
                }
                assert_eq!(scanned(&log), kept);
            }
            log.shutdown().await;
        }
        let (log, _) = fixture.open();
        assert_eq!(scanned(&log), kept);
        log.shutdown().await;
    }
}

fn scanned(log: &events::EventLog) -> Vec<(events::Arrival, Event)> {
    let mut scanned = Vec::new();
    log.scan(environment(ENVIRONMENT), |arrival, event| scanned.push((*arrival, event.clone()))).unwrap();
    scanned
}
