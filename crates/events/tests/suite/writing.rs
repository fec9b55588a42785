//! Appending: positions, groups, files, limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base::Secret;
use base::id::EnvironmentId;
use events::{AppendError, EventLog, LogKeyError, LogKeys, OpenError, Options, Outcome};

use crate::support::{ENVIRONMENT, Fixture, TestKeys, append, environment, event, numbers, stored};

#[tokio::test(flavor = "multi_thread")]
async fn sequences_grow_without_gaps_over_groups_files_and_restarts() {
    let mut fixture = Fixture::new();
    fixture.options.roll_bytes = 2_000;
    let mut positions = Vec::new();
    for start in 0..4 {
        let (log, report) = fixture.open();
        assert!(report.findings().next().is_none(), "{report}");
        let log = Arc::new(log);
        let mut tasks = tokio::task::JoinSet::new();
        for batch in 0..25 {
            let (log, now) = (Arc::clone(&log), fixture.now());
            let first = start * 1_000 + batch * 3;
            tasks.spawn(async move { append(&log, first..first + 3, now).await });
        }
        positions.extend(tasks.join_all().await.into_iter().flatten());
        log.shutdown().await;
    }
    let mut arrivals: Vec<_> = positions
        .iter()
        .map(|outcome| match outcome {
            Outcome::Stored(arrival) => (arrival.sequence, arrival.index),
            Outcome::Duplicate => panic!("nothing was sent twice"),
        })
        .collect();
    arrivals.sort_unstable();
    let mut expected = (1, 0);
    for arrival in arrivals {
        if arrival != expected {
            expected = (expected.0 + 1, 0);
        }
        assert_eq!(arrival, expected);
        expected.1 += 1;
    }
    assert!(fixture.files().len() >= 4, "every start begins a file");
    assert_eq!(fixture.verify().events(), 300);
}

#[tokio::test]
async fn an_arrival_names_the_event_that_is_read_there() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    // Large enough to be packed by the sender, in several blocks.
    let outcomes = append(&log, 0..3_000, fixture.now()).await;
    let mut at = std::collections::HashMap::new();
    log.scan(environment(ENVIRONMENT), |arrival, event| drop(at.insert(*arrival, event.clone()))).unwrap();
    assert!(at.keys().any(|arrival| arrival.sequence > 1), "one block only");
    for (outcome, number) in outcomes.iter().zip(0..) {
        let Outcome::Stored(arrival) = outcome else { panic!("{number} was not stored") };
        assert_eq!(at[arrival], event(number, fixture.now()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_what_was_taken_is_written() {
    let mut fixture = Fixture::new();
    fixture.options = Options { queue_bytes: 20_000, ..fixture.options };
    let (log, _) = fixture.open();
    let log = Arc::new(log);
    let mut tasks = tokio::task::JoinSet::new();
    for batch in 0..400 {
        let (log, now) = (Arc::clone(&log), fixture.now());
        tasks.spawn(async move {
            let events: Vec<_> = (batch * 20..batch * 20 + 20).map(|number| event(number, now)).collect();
            log.append(environment(ENVIRONMENT), events).await
        });
    }
    let results = tasks.join_all().await;
    let refused = AppendError::Overloaded { retry_after: Duration::from_secs(1) };
    let taken =
        results.iter().filter_map(|result| result.as_ref().ok()).map(|outcomes| stored(outcomes)).sum::<usize>();
    let overloaded = results.iter().filter(|result| result.as_ref() == Err(&refused)).count();
    assert!(overloaded > 0 && taken > 0, "{overloaded} refused, {taken} taken");
    assert_eq!(overloaded + taken / 20, 400);
    assert_eq!(numbers(&log).len(), taken);
    assert_eq!(log.counters(environment(ENVIRONMENT)).overloaded, overloaded as u64);
    // A refused batch left no claim behind.
    let again: usize = futures_of(&log, &fixture).await;
    assert_eq!(again + taken, 8_000);
}

async fn futures_of(log: &events::EventLog, fixture: &Fixture) -> usize {
    let mut count = 0;
    for batch in 0..400 {
        count += stored(&append(log, batch * 20..batch * 20 + 20, fixture.now()).await);
    }
    count
}

#[tokio::test]
async fn shutdown_writes_what_waits_and_refuses_more() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let waiting: Vec<_> =
        (0..50).map(|batch| Box::pin(append(&log, batch * 10..batch * 10 + 10, fixture.now()))).collect();
    let mut waiting = waiting;
    // Poll each once: they are queued, and nobody waits for their answers.
    for future in &mut waiting {
        let _ = std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await;
    }
    drop(waiting);
    log.shutdown().await;
    let refused = log.append(environment(ENVIRONMENT), vec![event(9_999, fixture.now())]).await;
    assert_eq!(refused, Err(AppendError::Closed));
    let (log, report) = fixture.open();
    assert_eq!(numbers(&log), (0..500).collect::<Vec<_>>());
    assert!(report.findings().next().is_none(), "{report}");
}

#[tokio::test]
async fn files_roll_by_age_and_idle_logs_go_on_in_theirs() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    append(&log, 0..1, fixture.now()).await;
    tokio::time::sleep(fixture.options.idle * 2).await;
    append(&log, 1..2, fixture.now()).await;
    assert_eq!(fixture.files().len(), 1);
    fixture.clock.advance(fixture.options.roll_age);
    append(&log, 2..3, fixture.now()).await;
    assert_eq!(fixture.files().len(), 2);
    assert_eq!(numbers(&log), [0, 1, 2]);
}

#[tokio::test]
async fn environments_have_logs_of_their_own_that_are_found_again() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    for number in 1..4 {
        log.append(environment(number), vec![event(number.into(), fixture.now())]).await.unwrap();
    }
    log.shutdown().await;
    let (log, report) = fixture.open();
    assert_eq!(report.logs.len(), 3);
    assert_eq!(log.environments(), [1, 2, 3].map(environment));
    assert_eq!(numbers(&log), [1]);
    log.scan(environment(4), |_, event| panic!("{event:?}")).unwrap();
}

#[tokio::test]
async fn a_second_process_is_refused_while_the_first_lives() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let open = || {
        let rng = Arc::new(base::SeededRng::new(1));
        let (clock, options) = (fixture.clock.clone(), Options::default());
        events::EventLog::open(fixture.folder.path(), "edge", Arc::new(TestKeys), clock, rng, options)
    };
    assert!(matches!(open(), Err(OpenError::Locked(_))));
    log.shutdown().await;
    assert!(open().is_ok());
}

#[tokio::test]
async fn what_cannot_be_encoded_is_refused_whole() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let mut deep = serde_json::Value::Null;
    for _ in 0..200 {
        deep = serde_json::Value::Array(vec![deep]);
    }
    let mut bad = event(1, fixture.now());
    bad.properties.insert("deep".into(), deep);
    let refused = log.append(environment(ENVIRONMENT), vec![event(0, fixture.now()), bad]).await;
    assert!(matches!(refused, Err(AppendError::TooDeep(_))), "{refused:?}");
    let mut large = event(2, fixture.now());
    large.properties.insert("large".into(), "x".repeat(3 << 20).into());
    assert_eq!(log.append(environment(ENVIRONMENT), vec![large]).await, Err(AppendError::TooLarge));
    assert_eq!(stored(&append(&log, 0..3, fixture.now()).await), 3);
}

#[tokio::test]
async fn nothing_readable_reaches_the_disk() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let mut secret = event(1, fixture.now());
    secret.name = "Zanzibar Opened".into();
    secret.properties.insert("zanzibar".into(), "zanzibar".into());
    log.append(environment(ENVIRONMENT), vec![secret]).await.unwrap();
    log.shutdown().await;
    for file in fixture.files() {
        let bytes = std::fs::read(file).unwrap();
        assert!(!bytes.to_ascii_lowercase().windows(8).any(|window| window == b"zanzibar"));
    }
}

#[tokio::test]
async fn a_follower_sees_each_event_of_the_names_that_it_asks_for_once_and_in_order() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    for batch in 0..20 {
        append(&log, batch * 10..batch * 10 + 10, fixture.now()).await;
    }
    append(&log, [205, 206], fixture.now()).await;
    let environment = environment(ENVIRONMENT);
    let (mut after, mut seen, mut looks) = (0, Vec::new(), 0);
    loop {
        let found = log.own(environment).unwrap().follow(after, &["Event 1", "Event 3", "Never"], 7).unwrap();
        assert!(found.damaged.is_empty());
        seen.extend(found.events.iter().map(|(_, event)| crate::support::number(event)));
        looks += 1;
        if found.upto == after {
            break;
        }
        after = found.upto;
    }
    let expected: Vec<u64> = (0..200).chain([206]).filter(|number| [1, 3].contains(&(number % 5))).collect();
    assert_eq!((seen, after), (expected, log.durable(environment)));
    assert!(looks > 5, "{looks}");
    log.shutdown().await;
}

#[tokio::test]
async fn all_logs_of_a_data_folder_are_scanned() {
    let fixture = Fixture::new();
    let log = Arc::new(fixture.open().0);
    append(&log, 0..3, fixture.now()).await;
    let (rng, keys) = (Arc::new(base::SeededRng::new(77)), Arc::new(TestKeys));
    let (clock, options) = (fixture.clock.clone(), fixture.options.clone());
    let other = events::EventLog::open(fixture.folder.path(), "other", keys, clock, rng, options).unwrap().0;
    append(&other, 10..14, fixture.now()).await;
    let (environment, mut seen) = (environment(ENVIRONMENT), Vec::new());
    let logs = fixture
        .engine(&log, 1, events::PartOptions::default())
        .scan(environment, None, |arrival, event| {
            seen.push((Some(arrival.log) == log.log_id(environment), crate::support::number(event)));
        })
        .unwrap();
    assert_eq!(seen[..3], [(true, 0), (true, 1), (true, 2)]);
    assert_eq!(seen[3..], [(false, 10), (false, 11), (false, 12), (false, 13)]);
    let last = |log: &events::EventLog| (log.log_id(environment).unwrap(), log.durable(environment));
    assert_eq!(logs, [last(&log), last(&other)].into());
    other.shutdown().await;
    log.shutdown().await;
}

/// Keys of which another version becomes primary while a file is begun.
#[derive(Default)]
struct TurningKeys(AtomicU32);

impl LogKeys for TurningKeys {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        let version = if self.0.fetch_add(1, Ordering::SeqCst) == 0 { 1 } else { 2 };
        Ok((version, self.version(environment, version)?))
    }

    fn version(&self, environment: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        TestKeys.version(environment, version)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_key_turned_while_it_was_begun_is_begun_anew() {
    let fixture = Fixture::new();
    let (keys, rng) = (Arc::new(TurningKeys::default()), Arc::new(base::SeededRng::new(1)));
    let path = fixture.folder.path();
    let (log, _) = EventLog::open(path, "edge", keys, fixture.clock.clone(), rng, fixture.options.clone()).unwrap();
    assert_eq!(stored(&append(&log, 0..3, fixture.now()).await), 3);
    let sealed = |version| events::sealed_with(path, environment(ENVIRONMENT), version).unwrap();
    assert_eq!((sealed(1), sealed(2)), (0, 1));
    assert_eq!(fixture.files().len(), 1);
    assert_eq!(numbers(&log), [0, 1, 2]);
    log.shutdown().await;
}
