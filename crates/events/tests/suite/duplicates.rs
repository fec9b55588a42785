//! The first acknowledged copy wins.

use std::sync::Arc;
use std::time::Duration;

use base::id::EnvironmentId;
use base::{Secret, SeededRng, Timestamp};
use events::{AppendError, Batch, EventLog, Head, Kind, LogKeyError, LogKeys, Outcome};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{ENVIRONMENT, Fixture, TestKeys, append, environment, event, numbers, stored};

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_copy_is_dropped_whatever_it_says_even_after_a_restart() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    append(&log, 0..10, fixture.now()).await;
    let mut copy = event(3, fixture.now());
    copy.time = Timestamp(0);
    assert_eq!(log.append(environment(ENVIRONMENT), vec![copy.clone()]).await.unwrap(), [Outcome::Duplicate]);
    assert_eq!(log.counters(environment(ENVIRONMENT)).conflicts, 0, "another time alone is an honest retry");
    copy.name = "Another".into();
    log.append(environment(ENVIRONMENT), vec![copy.clone()]).await.unwrap();
    assert_eq!(log.counters(environment(ENVIRONMENT)).conflicts, 1);
    log.shutdown().await;

    let (log, _) = fixture.open();
    copy.received = fixture.now();
    let outcomes = log.append(environment(ENVIRONMENT), vec![copy, event(10, fixture.now())]).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Duplicate, Outcome::Stored(_)]), "{outcomes:?}");
    let counters = log.counters(environment(ENVIRONMENT));
    assert_eq!((counters.accepted, counters.duplicates, counters.conflicts), (1, 1, 1));
    assert_eq!(numbers(&log), (0..11).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_window_is_seven_days_by_receipt() {
    let fixture = Fixture::new();
    for restart in [false, true] {
        let (mut log, _) = fixture.open();
        let number = u64::from(restart);
        append(&log, [number], fixture.now()).await;
        for (pass, expected) in [((DAY * 7).saturating_sub(SECOND), 0), (SECOND, 1)] {
            fixture.clock.advance(pass);
            if restart {
                log.shutdown().await;
                log = fixture.open().0;
            }
            let mut copy = event(number, fixture.now());
            copy.time = fixture.now().minus(DAY * 300);
            let outcomes = log.append(environment(ENVIRONMENT), vec![copy]).await.unwrap();
            assert_eq!(stored(&outcomes), expected, "restart {restart}");
        }
        log.shutdown().await;
    }
}

#[tokio::test]
async fn copies_within_a_batch_are_stored_once() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let outcomes = append(&log, [1, 2, 1, 1, 3], fixture.now()).await;
    let stored: Vec<_> = outcomes.iter().map(|outcome| *outcome != Outcome::Duplicate).collect();
    assert_eq!(stored, [true, true, false, false, true]);
    assert_eq!(numbers(&log), [1, 2, 3]);
}

#[tokio::test]
async fn a_copy_is_known_by_any_of_its_hashes() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    // Three messages; of the second and the third copies may be here under other hashes.
    let batch = |hashes: [u8; 3], known_as: [&[u8]; 3]| {
        let mut batch = Batch::default();
        for (hash, known_as) in hashes.into_iter().zip(known_as) {
            let head = Head {
                person: u64::from(hash),
                company: None,
                time: fixture.now(),
                received: fixture.now(),
                message: [hash; 16],
                kind: Kind::Track,
                name: "Seen",
                session: None,
                path: None,
                device: None,
                content: None,
                step: None,
            };
            batch.add(&head, std::iter::empty(), std::iter::empty());
            for hash in known_as {
                batch.known_as([*hash; 16]);
            }
        }
        batch
    };
    let send = async |log: &EventLog, batch: Batch| {
        let outcomes = log.append(environment(ENVIRONMENT), batch).await.unwrap();
        outcomes.iter().map(|outcome| *outcome == Outcome::Duplicate).collect::<Vec<_>>()
    };
    assert_eq!(send(&log, batch([1, 2, 3], [&[], &[], &[]])).await, [false; 3]);
    let copies = batch([11, 12, 13], [&[], &[7, 2], &[8]]);
    assert_eq!(send(&log, copies).await, [false, true, false], "of the second one is here");
    assert_eq!(send(&log, batch([21, 22, 23], [&[11], &[12], &[13]])).await, [true, false, true]);
    log.shutdown().await;
    let (log, _) = fixture.open();
    assert_eq!(send(&log, batch([31, 32, 33], [&[3], &[], &[9, 13]])).await, [true, false, true], "after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_copies_are_stored_once_and_answered_when_durable() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let log = Arc::new(log);
    for round in 0..50 {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (log, now) = (Arc::clone(&log), fixture.now());
            tasks.spawn(async move {
                let outcomes = append(&log, round * 10..round * 10 + 10, now).await;
                // Whoever is answered, as first or as copy, finds the events there.
                assert!(numbers(&log).contains(&(round * 10)));
                stored(&outcomes)
            });
        }
        assert_eq!(tasks.join_all().await.into_iter().sum::<usize>(), 10, "round {round}");
    }
    assert_eq!(log.counters(environment(ENVIRONMENT)).duplicates, 50 * 70);
    assert_eq!(numbers(&log).len(), 500);
}

/// Keys that are not to be had for now, and take their time to say so.
#[derive(Default)]
struct LateKeys(AtomicBool);

impl LogKeys for LateKeys {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        std::thread::sleep(Duration::from_millis(300));
        if self.0.load(Ordering::SeqCst) { TestKeys.primary(environment) } else { Err(LogKeyError("later".into())) }
    }

    fn version(&self, environment: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        TestKeys.version(environment, version)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_what_then_fails_is_not_acknowledged() {
    let fixture = Fixture::new();
    let keys = Arc::new(LateKeys::default());
    let rng = Arc::new(SeededRng::new(1));
    let path = fixture.folder.path();
    let opened = EventLog::open(path, "edge", keys.clone(), fixture.clock.clone(), rng, fixture.options.clone());
    let log = Arc::new(opened.unwrap().0);
    let now = fixture.now();
    let send = |numbers: std::ops::Range<u64>| {
        let log = Arc::clone(&log);
        async move {
            log.append(environment(ENVIRONMENT), numbers.map(|number| event(number, now)).collect::<Vec<_>>()).await
        }
    };
    let (first, copy, mixed) = tokio::join!(send(0..3), send(0..3), send(2..5));
    for result in [first, copy, mixed] {
        assert!(matches!(result, Err(AppendError::Key(_))), "{result:?}");
    }
    keys.0.store(true, Ordering::SeqCst);
    let (first, copy) = tokio::join!(send(0..5), send(0..5));
    assert_eq!(stored(&first.unwrap()) + stored(&copy.unwrap()), 5);
    assert_eq!(numbers(&log), [0, 1, 2, 3, 4]);
}
