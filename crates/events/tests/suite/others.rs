//! Reading logs that other processes append to: what was acknowledged is there at once, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use base::{SeededRng, Timestamp};
use events::{
    AppendError, Control, Cursor, EmbeddedEngine, EventEngine as _, EventLog, Known, OpenError, Page, PartOptions,
    QueryError, ReadError, Subject, Timeline,
};

use crate::support::{ENVIRONMENT, Fixture, TestKeys, append, environment, event, number, stored};

fn reader(fixture: &Fixture) -> Arc<EventLog> {
    let (clock, options) = (fixture.clock.clone(), fixture.options.clone());
    let (keys, rng) = (Arc::new(TestKeys), Arc::new(SeededRng::new(9)));
    Arc::new(EventLog::open_to_read(fixture.folder.path(), keys, clock, rng, options))
}

fn edge(fixture: &Fixture, name: &str, seed: u64) -> EventLog {
    let (clock, options) = (fixture.clock.clone(), fixture.options.clone());
    let (keys, rng) = (Arc::new(TestKeys), Arc::new(SeededRng::new(seed)));
    EventLog::open(fixture.folder.path(), name, keys, clock, rng, options).unwrap().0
}

/// The numbers of the events of every log, sorted.
fn all(fixture: &Fixture, log: &Arc<EventLog>) -> Vec<u64> {
    let (engine, mut numbers) = (fixture.engine(log, 1, PartOptions::default()), Vec::new());
    engine.scan(environment(ENVIRONMENT), None, |_, event| numbers.push(number(event))).unwrap();
    numbers.sort_unstable();
    numbers
}

/// What person 0 did.
fn page(engine: &EmbeddedEngine, before: Option<Cursor>, limit: usize) -> Result<Page, QueryError> {
    let timeline = Timeline { of: Subject::Person(vec![0]), names: None, before, limit };
    let known = Known::new(jiff::tz::TimeZone::UTC, Timestamp(0));
    engine.timeline(environment(ENVIRONMENT), &timeline, &known, &Control::new())
}

#[tokio::test]
async fn what_another_process_acknowledged_is_read_at_once_over_groups_files_and_restarts() {
    let mut fixture = Fixture::new();
    fixture.options.roll_bytes = 2_000;
    let reader = reader(&fixture);
    assert_eq!(all(&fixture, &reader), Vec::<u64>::new());
    let mut sent = 0;
    for seed in 0..3 {
        let log = edge(&fixture, "edge", seed);
        for _ in 0..20 {
            append(&log, sent..sent + 3, fixture.now()).await;
            sent += 3;
            assert_eq!(all(&fixture, &reader), (0..sent).collect::<Vec<_>>());
        }
        log.shutdown().await;
    }
    let view = reader.others().unwrap().remove(0);
    assert_eq!((view.durable(), view.environment()), (60, environment(ENVIRONMENT)));
    assert!(!reader.appends() && reader.log_id(environment(ENVIRONMENT)).is_none());
    let refused = reader.append(environment(ENVIRONMENT), vec![event(0, fixture.now())]).await;
    assert_eq!(refused, Err(AppendError::ReadOnly));
}

#[tokio::test]
async fn a_page_goes_through_the_logs_of_all_edges_by_time() {
    let fixture = Fixture::new();
    let (one, other, reader) = (edge(&fixture, "one", 1), edge(&fixture, "other", 2), reader(&fixture));
    let at = |second: i64| Timestamp(fixture.now().micros() + second * 1_000_000);
    // Person 0 has every seventh number; many of the same time, in both logs.
    for step in 0..12_u64 {
        let log = if step % 2 == 0 { &one } else { &other };
        append(log, [step * 7], at(i64::try_from(step / 4).unwrap())).await;
    }
    for log in [reader, Arc::new(one), Arc::new(other)] {
        let engine = fixture.engine(&log, 3, PartOptions::default());
        let page = |before, limit| page(&engine, before, limit).unwrap();
        let whole = page(None, 100);
        assert_eq!((whole.events.len(), whole.next), (12, None));
        assert!(whole.events.is_sorted_by_key(|(arrival, event)| std::cmp::Reverse((event.time, *arrival))));
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let page = page(before, 5);
            paged.extend(page.events);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole.events);
        let counts =
            engine.counts(environment(ENVIRONMENT), Timestamp(0)..Timestamp(i64::MAX), &Control::new()).unwrap();
        assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 12);
        assert!(counts.is_sorted() && counts.len() == 5, "{counts:?}");
    }
}

#[tokio::test]
async fn frames_that_are_not_durable_are_not_read_and_those_that_recovery_keeps_are() {
    let fixture = Fixture::new();
    let log = edge(&fixture, "edge", 1);
    append(&log, [0], fixture.now()).await;
    let published = fs::read(fixture.log_folder().join("durable")).unwrap();
    append(&log, [1], fixture.now()).await;
    log.shutdown().await;
    // As if the process had been killed between the sync and what tells of it.
    fs::write(fixture.log_folder().join("durable"), published).unwrap();
    let reader = reader(&fixture);
    assert_eq!(all(&fixture, &reader), [0]);
    let engine = fixture.engine(&reader, 1, PartOptions::default());
    let read = engine.scan(environment(ENVIRONMENT), None, |_, _| {}).unwrap();
    assert_eq!(read.into_values().collect::<Vec<_>>(), [1], "it says how far it came");
    let log = edge(&fixture, "edge", 2);
    // The sender, who was not answered, sends again, and is answered that it is there.
    assert_eq!(stored(&append(&log, [1], fixture.now()).await), 0);
    assert_eq!(all(&fixture, &reader), [0, 1]);
    append(&log, [2], fixture.now()).await;
    assert_eq!(all(&fixture, &reader), [0, 1, 2]);
    log.shutdown().await;
}

#[tokio::test]
async fn a_damaged_frame_is_passed_over_and_a_missing_key_is_asked_for_again() {
    struct Late(std::sync::atomic::AtomicBool);
    impl events::LogKeys for Late {
        fn primary(&self, of: base::id::EnvironmentId) -> Result<(u32, base::Secret<[u8; 32]>), events::LogKeyError> {
            self.version(of, 2).map(|key| (2, key))
        }
        fn version(
            &self,
            of: base::id::EnvironmentId,
            version: u32,
        ) -> Result<base::Secret<[u8; 32]>, events::LogKeyError> {
            let known = self.0.load(std::sync::atomic::Ordering::SeqCst);
            if known { TestKeys.version(of, version) } else { Err(events::LogKeyError("not yet".to_owned())) }
        }
    }
    let fixture = Fixture::new();
    let log = edge(&fixture, "edge", 1);
    append(&log, [0], fixture.now()).await;
    let first = fs::metadata(&fixture.files()[0]).unwrap().len();
    append(&log, [1], fixture.now()).await;
    append(&log, [2], fixture.now()).await;
    let mut bytes = fs::read(&fixture.files()[0]).unwrap();
    bytes[usize::try_from(first).unwrap() + 40] ^= 1;
    fs::write(&fixture.files()[0], bytes).unwrap();
    let keys = Arc::new(Late(false.into()));
    let (clock, options) = (fixture.clock.clone(), fixture.options.clone());
    let reader = Arc::new(EventLog::open_to_read(
        fixture.folder.path(),
        keys.clone(),
        clock,
        Arc::new(SeededRng::new(3)),
        options,
    ));
    let page = page(&fixture.engine(&reader, 4, PartOptions::default()), None, 10);
    assert!(matches!(page, Err(QueryError::Read(ReadError::Key { .. }))), "{page:?}");
    keys.0.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(all(&fixture, &reader), [0, 2]);
    log.shutdown().await;
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_an_error_where_it_is_asked_for_and_hides_no_other() {
    let fixture = Fixture::new();
    let (one, other) = (edge(&fixture, "one", 1), edge(&fixture, "other", 2));
    append(&one, [0], fixture.now()).await;
    append(&other, [1], fixture.now()).await;
    // Whoever runs the tests may enter every folder: a loop of links cannot be entered by anybody.
    let folder = fixture.folder.path().join("log/one").join(environment(ENVIRONMENT).to_string());
    fs::rename(&folder, fixture.folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(&folder, &folder).unwrap();
    let reader = reader(&fixture);
    let engine = fixture.engine(&reader, 1, PartOptions::default());
    let asked = engine.scan(environment(ENVIRONMENT), None, |_, _| {});
    assert!(matches!(asked, Err(ReadError::Storage { .. })), "{asked:?}");
    let others = reader.others().unwrap();
    assert_eq!(others.iter().map(events::LogView::durable).collect::<Vec<_>>(), [1]);
    // None is none.
    fs::remove_file(&folder).unwrap();
    assert_eq!(all(&fixture, &reader), [1]);
    one.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn the_group_reads_what_is_made_in_a_folder_that_the_operator_shares_and_in_no_other() {
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let fixture = Fixture::new();
    let folder = fixture.folder.path().join("log/shared");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o2750)).unwrap();
    let (shared, own) = (edge(&fixture, "shared", 1), edge(&fixture, "edge", 2));
    append(&shared, [0], fixture.now()).await;
    append(&own, [1], fixture.now()).await;
    let below = folder.join(environment(ENVIRONMENT).to_string());
    assert_eq!(mode(&below), 0o2750);
    for file in ["durable", "00000000000000000001.log", "../lock"] {
        assert_eq!(mode(&below.join(file)), 0o640, "{file}");
    }
    let own_folder = fixture.log_folder();
    assert_eq!(mode(&own_folder) & 0o077, 0);
    for file in ["durable", "00000000000000000001.log", "../lock"] {
        assert_eq!(mode(&own_folder.join(file)), 0o600, "{file}");
    }
    let again = EventLog::open(
        fixture.folder.path(),
        "shared",
        Arc::new(TestKeys),
        fixture.clock.clone(),
        Arc::new(SeededRng::new(3)),
        fixture.options.clone(),
    );
    assert!(matches!(again.err(), Some(OpenError::Locked(_))), "two edges of one name");
    shared.shutdown().await;
    own.shutdown().await;
}
