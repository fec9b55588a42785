//! Timelines and counts against an independent slow computation, over random streams.

use std::collections::BTreeMap;

use base::{SeededRng, Timestamp};
use events::{Count, Cursor, Event, Outcome};

use crate::support::{ENVIRONMENT, Fixture, environment, event};

const DAY: i64 = 86_400_000_000;

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
async fn timelines_and_counts_equal_the_slow_ones() {
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
                compare(&log, &kept, &rng, &fixture);
            }
            log.shutdown().await;
        }
        let (log, _) = fixture.open();
        compare(&log, &kept, &rng, &fixture);
        let mut scanned = Vec::new();
        log.scan(environment(ENVIRONMENT), |arrival, event| scanned.push((*arrival, event.clone()))).unwrap();
        assert_eq!(scanned, kept);
        log.shutdown().await;
    }
}

fn compare(log: &events::EventLog, kept: &[(events::Arrival, Event)], rng: &dyn base::Rng, fixture: &Fixture) {
    let people = [below(rng, 11), below(rng, 11), 99];
    let mut expected: Vec<_> = kept.iter().filter(|(_, event)| people.contains(&event.person)).cloned().collect();
    expected.sort_by_key(|(arrival, event)| std::cmp::Reverse((event.time, *arrival)));
    let (mut read, mut cursor): (Vec<_>, Option<Cursor>) = (Vec::new(), None);
    let limit = 1 + usize::try_from(below(rng, 40)).unwrap();
    loop {
        let page = log.timeline(environment(ENVIRONMENT), &people, cursor, limit).unwrap();
        assert!(page.events.len() == limit || page.next.is_none());
        read.extend(page.events);
        cursor = page.next.map(|next| next.to_string().parse().unwrap());
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(read, expected);

    let random = || Timestamp(fixture.now().micros() - 9 * DAY + below(rng, 10 * DAY.cast_unsigned()).cast_signed());
    for (from, to) in [(Timestamp(i64::MIN), Timestamp(i64::MAX)), (random(), random())] {
        let mut expected: BTreeMap<(i64, String), u64> = BTreeMap::new();
        for (_, event) in kept.iter().filter(|(_, event)| event.time >= from && event.time < to) {
            *expected.entry((event.time.micros().div_euclid(DAY), event.name.clone())).or_default() += 1;
        }
        let expected: Vec<_> = expected
            .into_iter()
            .map(|((day, name), count)| Count { day: Timestamp(day * DAY), event: name.into(), count })
            .collect();
        assert_eq!(log.counts(environment(ENVIRONMENT), from, to).unwrap(), expected);
    }
}
