//! The log becomes parts: each event once, exactly as it was, whatever comes late, twice or from another edge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::Timestamp;
use events::{Control, Event, EventEngine as _, LogId, PartError, PartOptions, Parts, QueryError, ReadError, Sealing};

use super::{edge, files, logged, numbers, open, options, sealed, snapshot, try_open, verify};
use crate::support::{ENVIRONMENT, Fixture, append, environment, event};

const DAY: Duration = Duration::from_hours(24);

fn seal_all(parts: &Parts) -> Vec<Sealing> {
    let mut all = Vec::new();
    loop {
        let sealing = parts.seal_now().unwrap();
        let more = sealing.more;
        all.push(sealing);
        if !more {
            return all;
        }
    }
}

#[tokio::test]
async fn what_is_sealed_is_what_the_log_has_before_and_after_compaction() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let data = fixture.folder.path();
    let parts = open(data, fixture.clock.clone(), options());
    for round in 0..12_u64 {
        let events: Vec<Event> = (round * 100..round * 100 + 100)
            .map(|number| {
                let mut event = event(number, fixture.now().minus(DAY * u32::try_from(number % 17).unwrap()));
                event.received = fixture.now();
                let small = usize::try_from(number % 10).unwrap();
                event.properties.insert("plan".to_owned(), ["free", "team"][small % 2].into());
                event.properties.insert("big".to_owned(), (u64::MAX - number).into());
                event.sealed.insert("email".to_owned(), vec![1; small % 5]);
                event
            })
            .collect();
        log.append(environment(ENVIRONMENT), events).await.unwrap();
        seal_all(&parts);
    }
    assert_eq!(sealed(data), logged(&log));
    let before = files(data).len();
    while parts.compact_due().unwrap() {}
    let after = files(data).len();
    assert!(after < before / 2, "{after} of {before}");
    assert_eq!(sealed(data), logged(&log));
    fixture.clock.advance(DAY * 2);
    while parts.compact_due().unwrap() {}
    assert!(files(data).len() <= after);
    assert_eq!(sealed(data), logged(&log));
    let report = verify(data);
    assert!(report.findings().next().is_none(), "{report}");
    assert_eq!(report.events(), 1_200);
    drop(parts);
    let parts = open(data, fixture.clock.clone(), options());
    assert_eq!(parts.seal_now().unwrap().events, 0, "sealed again after a restart");
    assert_eq!(sealed(data), logged(&log));
    log.shutdown().await;
}

#[tokio::test]
async fn it_waits_until_there_is_enough_or_it_is_old() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
    append(&log, 0..10, fixture.now()).await;
    assert_eq!(parts.seal_due().unwrap().events, 0);
    append(&log, 10..110, fixture.now()).await;
    assert_eq!(parts.seal_due().unwrap().events, 110, "enough");
    append(&log, 110..120, fixture.now()).await;
    assert_eq!(parts.seal_due().unwrap().events, 0);
    fixture.clock.advance(options().seal_age);
    assert_eq!(parts.seal_due().unwrap().events, 10, "old");
    log.shutdown().await;
}

#[tokio::test]
async fn of_copies_in_two_edges_logs_the_first_stays_within_the_window() {
    let fixture = Fixture::new();
    let data = fixture.folder.path();
    let (first, second) = (edge(data, "first", fixture.clock.clone()), edge(data, "second", fixture.clock.clone()));
    let parts = open(data, fixture.clock.clone(), options());
    // Both wait at once: what was received first wins, in whatever log it is.
    append(&second, 0..5, fixture.now()).await;
    fixture.clock.advance(Duration::from_secs(1));
    append(&first, 0..10, fixture.now()).await;
    let sealing = parts.seal_now().unwrap();
    assert_eq!((sealing.events, sealing.duplicates), (10, 5));
    let of_second = LogId::of("second", environment(ENVIRONMENT));
    let stayed: Vec<_> = sealed(data).into_keys().filter(|arrival| arrival.log == of_second).collect();
    assert_eq!(stayed.len(), 5);
    // One is in a part already: it stays, though the copy was received before.
    append(&second, 20..21, fixture.now()).await;
    parts.seal_now().unwrap();
    append(&first, 20..22, fixture.now()).await;
    append(&second, 5..10, fixture.now()).await;
    let sealing = parts.seal_now().unwrap();
    assert_eq!((sealing.events, sealing.duplicates), (1, 6));
    assert_eq!(numbers(sealed(data).values()), (0..10).chain(20..22).collect::<Vec<_>>());
    // Behind the window it is another event.
    fixture.clock.advance(DAY * 7);
    append(&second, 0..10, fixture.now()).await;
    let sealing = parts.seal_now().unwrap();
    assert_eq!((sealing.events, sealing.duplicates), (10, 0));
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test]
async fn far_and_late_times_do_not_make_parts_without_end() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
    let odd = (0..90_u64).map(|number| {
        let mut event = event(number, Timestamp(i64::MIN + i64::try_from(number).unwrap() * 100_000_000_000_000_000));
        event.received = fixture.now();
        event
    });
    log.append(environment(ENVIRONMENT), odd.collect::<Vec<_>>()).await.unwrap();
    parts.seal_now().unwrap();
    assert!(files(fixture.folder.path()).len() <= 2);
    assert_eq!(sealed(fixture.folder.path()), logged(&log));
    log.shutdown().await;
}

#[tokio::test]
async fn one_process_writes_and_a_snapshot_outlives_compaction() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let data = fixture.folder.path();
    let parts = open(data, fixture.clock.clone(), options());
    let second = try_open(data, fixture.clock.clone(), options());
    assert!(matches!(second, Err(PartError::Locked(_))));
    for round in 0..6 {
        append(&log, round * 50..round * 50 + 50, fixture.now()).await;
        parts.seal_now().unwrap();
    }
    let before = snapshot(data);
    while parts.compact_due().unwrap() {}
    let mut seen = Vec::new();
    before.scan(|_, event| seen.push(event)).unwrap();
    assert_eq!(numbers(&seen), (0..300).collect::<Vec<_>>());
    assert!(snapshot(data).generation() > before.generation());
    log.shutdown().await;
}

#[tokio::test]
async fn so_many_bytes_are_sealed_at_once_and_no_more() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let data = fixture.folder.path();
    let parts = open(data, fixture.clock.clone(), PartOptions { seal_rows: 1_000, seal_bytes: 20_000, ..options() });
    for number in 0..30 {
        let mut event = event(number, fixture.now());
        event.properties.insert("long".to_owned(), "a".repeat(4_000).into());
        log.append(environment(ENVIRONMENT), vec![event]).await.unwrap();
    }
    let due = parts.seal_due().unwrap();
    assert!((5..=6).contains(&due.events) && due.more, "so many bytes are due, and not more at once: {due:?}");
    assert!(seal_all(&parts).len() >= 4);
    assert_eq!(sealed(data), logged(&log));
    log.shutdown().await;
}

#[tokio::test]
async fn a_log_that_was_lost_or_put_back_is_not_taken_for_the_one_that_was_sealed() {
    let fixture = Fixture::new();
    let data = fixture.folder.path();
    let (log, _) = fixture.open();
    let parts = open(data, fixture.clock.clone(), options());
    for number in 0..3 {
        append(&log, [number], fixture.now()).await;
    }
    seal_all(&parts);
    log.shutdown().await;
    std::fs::remove_dir_all(fixture.log_folder()).unwrap();
    let log = Arc::new(fixture.open().0);
    append(&log, [3], fixture.now()).await;
    let sealing = parts.seal_now();
    assert!(matches!(sealing, Err(PartError::Behind { sealed: 3, last: 1, .. })), "{sealing:?}");
    let all = Timestamp(i64::MIN)..Timestamp(i64::MAX);
    let counts = fixture.engine(&log, 1, options()).counts(environment(ENVIRONMENT), all, &Control::new());
    let behind = |error: &QueryError| matches!(error, QueryError::Read(ReadError::Part(PartError::Behind { .. })));
    assert!(counts.as_ref().is_err_and(behind), "{counts:?}");
    log.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_passed_over_while_files_are_begun() {
    let mut fixture = Fixture::new();
    fixture.options.roll_bytes = 1_000;
    let data = fixture.folder.path();
    let log = fixture.open().0;
    let parts = Arc::new(open(data, fixture.clock.clone(), options()));
    let done = Arc::new(AtomicBool::new(false));
    let sealing = {
        let (parts, done) = (Arc::clone(&parts), Arc::clone(&done));
        std::thread::spawn(move || {
            while !done.load(Ordering::SeqCst) {
                assert!(parts.seal_now().unwrap().lost.is_empty(), "what is there is said to be lost");
            }
        })
    };
    for number in 0..3_000 {
        append(&log, [number], fixture.now()).await;
    }
    done.store(true, Ordering::SeqCst);
    sealing.join().unwrap();
    seal_all(&parts);
    assert_eq!(sealed(data), logged(&log));
    log.shutdown().await;
}
