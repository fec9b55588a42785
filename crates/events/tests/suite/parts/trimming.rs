//! Log files go once what they hold is in parts, and nothing else does: every answer stays as it was, and what is missing for
//! another reason goes on being named.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::id::EnvironmentId;
use base::{Secret, SeededRng, Timestamp};
use events::{
    Arrival, Control, EmbeddedEngine, EngineParts, Erase, EventEngine as _, EventLog, FindingKind, LogId, LogKeyError,
    LogKeys, Options, PartError, PartFindingKind, PartKeyError, PartKeys, PartOptions, Parts, ReadError, Trimmed,
    Trimming,
};
use keys::KeyKind;

use super::{edge, floor, folder, log_id, numbers, open, options, sealed, trim, trim_logs, trimmable, verify};
use crate::support::{ENVIRONMENT, Fixture, TestKeys, append, environment, number, stored};

pub(super) const DAY: Duration = Duration::from_hours(24);

/// A log of 30 frames of 50 events, some files, sealed, and so old that all but the last may go.
pub(super) async fn filled() -> (Fixture, Arc<EventLog>, Parts) {
    let mut fixture = Fixture::new();
    fixture.options.roll_bytes = 4_000;
    let log = Arc::new(fixture.open().0);
    let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
    for round in 0..30_u64 {
        append(&log, round * 50..round * 50 + 50, fixture.now()).await;
        fixture.clock.advance(DAY / 8);
    }
    fixture.clock.advance(DAY * 8);
    while parts.seal_now().unwrap().more {}
    assert!(fixture.files().len() > 4, "{:?}", fixture.files());
    (fixture, log, parts)
}

pub(super) fn trimmed(fixture: &Fixture) -> Trimmed {
    fixture.verify().logs[0].trimmed
}

/// Everything that an engine over this log shows, and how many events it counts.
pub(super) fn everything(engine: &EmbeddedEngine) -> BTreeMap<Arrival, u64> {
    let mut all = BTreeMap::new();
    engine
        .scan(environment(ENVIRONMENT), None, |arrival, event| {
            assert!(all.insert(*arrival, number(event)).is_none(), "an event is shown twice");
        })
        .unwrap();
    let range = Timestamp(i64::MIN)..Timestamp(i64::MAX);
    let counts = engine.counts(environment(ENVIRONMENT), range, &Control::new()).unwrap();
    assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), all.len() as u64);
    all
}

/// A process that appends nothing and begins now.
pub(super) fn reader(fixture: &Fixture) -> Arc<EventLog> {
    let (clock, options) = (fixture.clock.clone(), fixture.options.clone());
    let (keys, rng) = (Arc::new(TestKeys), Arc::new(SeededRng::new(9)));
    Arc::new(EventLog::open_to_read(fixture.folder.path(), keys, clock, rng, options))
}

#[tokio::test]
async fn log_files_go_when_they_are_sealed_old_and_below_the_floor() {
    let fixture = Fixture::new();
    let data = fixture.folder.path();
    let log = edge(data, "edge", fixture.clock.clone());
    let parts = open(data, fixture.clock.clone(), options());
    for round in 0..30_u64 {
        append(&log, round * 50..round * 50 + 50, fixture.now()).await;
        fixture.clock.advance(DAY / 8);
    }
    let all = fixture.files();
    assert!(all.len() > 3, "{all:?}");
    assert_eq!((trimmable(&parts), trim(&parts)), (BTreeMap::new(), Trimming::default()), "not sealed");
    while parts.seal_now().unwrap().more {}
    assert_eq!((trimmable(&parts), trim(&parts)), (BTreeMap::new(), Trimming::default()), "not old enough");
    fixture.clock.advance(DAY * 8);
    let upto = trimmable(&parts)[&log_id()];
    assert_eq!(trim_logs(&parts, &BTreeMap::new()).unwrap(), Trimming::default(), "no floor");
    assert_eq!(trim_logs(&parts, &floor(1)).unwrap(), Trimming::default(), "somebody follows");
    let some = trim_logs(&parts, &floor(upto - 1)).unwrap();
    assert_eq!(
        (some.files, some.removed),
        (all.len() as u64 - 2, all.len() as u64 - 2),
        "the file that it is in stays"
    );
    let rest = trim(&parts);
    assert_eq!(rest.files, 1);
    assert_eq!(fixture.files(), all[all.len() - 1..], "the last file stays");
    let (events, marked) = (some.events + rest.events, trimmed(&fixture));
    assert_eq!(marked, Trimmed { upto, events });
    assert_eq!((trimmable(&parts), trim(&parts)), (BTreeMap::new(), Trimming::default()), "once");
    let report = fixture.verify();
    assert!(report.findings().next().is_none() && verify(data).findings().next().is_none(), "{report}");
    assert_eq!(report.events() + events, 1_500);
    log.shutdown().await;
    // The log goes on, and so does sealing.
    let log = edge(data, "edge", fixture.clock.clone());
    append(&log, 5_000..5_010, fixture.now()).await;
    assert_eq!(parts.seal_now().unwrap().events, 10);
    assert_eq!(numbers(sealed(data).values()), (0..1_500).chain(5_000..5_010).collect::<Vec<_>>());
    // A log whose files are gone that are not in parts is not passed over.
    log.shutdown().await;
    fs::remove_dir_all(folder(data)).unwrap();
    drop(parts);
    let parts = open(data, fixture.clock.clone(), options());
    assert!(matches!(parts.seal_now(), Err(PartError::Gap { .. })));
    let report = fixture.verify();
    let lost = report.findings().find(|finding| finding.kind == FindingKind::Missing).expect("it is named");
    assert_eq!(lost.frames, 1..marked.upto + 1, "the mark went with the parts");
}

#[tokio::test]
async fn every_reader_has_the_same_before_while_and_after_a_log_is_trimmed() {
    let (fixture, log, parts) = filled().await;
    append(&log, 2_000..2_010, fixture.now()).await;
    let (early, lazy) =
        (fixture.engine(&reader(&fixture), 2, options()), fixture.engine(&reader(&fixture), 3, options()));
    let own = fixture.engine(&log, 1, options());
    let before = everything(&own);
    assert_eq!((before.len(), everything(&early)), (1_510, before.clone()));
    let (size, trimming) = (log_bytes(&fixture), trim(&parts));
    assert!(trimming.removed > 2 && log_bytes(&fixture) < size / 2, "{trimming:?}");
    assert_eq!(everything(&own), before, "this process, whose index had it");
    assert_eq!(everything(&early), before, "another that had read it");
    assert_eq!(everything(&lazy), before, "one that had not");
    assert_eq!(everything(&fixture.engine(&reader(&fixture), 4, options())), before, "one that begins");
    let view = reader(&fixture).others().unwrap().remove(0);
    let upto = trimmed(&fixture).upto;
    let told = view.follow(upto - 1, &["Event 0"], 10_000);
    assert!(
        matches!(told, Err(ReadError::Trimmed { upto: of, .. }) if of == upto),
        "who was to have passed it: {told:?}"
    );
    let following = view.follow(upto, &["Event 0"], 10_000).unwrap();
    assert_eq!((following.upto, following.damaged.len()), (view.durable(), 0));
    log.shutdown().await;
    drop((own, log));
    let log = Arc::new(fixture.open().0);
    let own = fixture.engine(&log, 5, options());
    assert_eq!(everything(&own), before, "the edge, when it starts again");
    append(&log, 2_010..2_020, fixture.now()).await;
    while parts.seal_now().unwrap().more {}
    for engine in [&own, &early, &lazy] {
        assert_eq!(everything(engine).len(), 1_520);
    }
    log.shutdown().await;
}

fn log_bytes(fixture: &Fixture) -> u64 {
    fixture.files().iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

/// Keys while which are fetched something else happens, once.
struct Meanwhile(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl PartKeys for Meanwhile {
    fn primary(&self, kind: KeyKind, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), PartKeyError> {
        PartKeys::primary(&TestKeys, kind, environment)
    }

    fn version(&self, kind: KeyKind, of: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, PartKeyError> {
        if let Some(happens) = self.0.lock().unwrap().take() {
            happens();
        }
        PartKeys::version(&TestKeys, kind, of, version)
    }
}

#[tokio::test]
async fn who_has_read_an_older_manifest_when_files_go_takes_the_newer_one() {
    for scanned in [true, false] {
        let mut fixture = Fixture::new();
        fixture.options.roll_bytes = 4_000;
        let log = Arc::new(fixture.open().0);
        let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
        for round in 0..20 {
            append(&log, round * 50..round * 50 + 50, fixture.now()).await;
        }
        assert!(parts.seal_now().unwrap().more);
        fixture.clock.advance(DAY * 8);
        append(&log, 1_000..1_050, fixture.now()).await;
        fixture.clock.advance(DAY * 8);
        // The manifest's bytes are read by then, and the log is not.
        let happens: Box<dyn FnOnce() + Send> = Box::new(move || {
            while parts.seal_now().unwrap().more {}
            assert!(trim(&parts).removed > 2);
        });
        let keys = Arc::new(Meanwhile(Mutex::new(Some(happens))));
        let (clock, rng) = (fixture.clock.clone(), Arc::new(SeededRng::new(1)));
        let data = fixture.folder.path().to_owned();
        let parts =
            EngineParts { data, keys: keys.clone(), log_keys: Arc::new(TestKeys), clock, rng, options: options() };
        let engine = EmbeddedEngine::new(reader(&fixture), parts);
        let all = Timestamp(i64::MIN)..Timestamp(i64::MAX);
        let mut shown = 0;
        if scanned {
            engine.scan(environment(ENVIRONMENT), None, |_, _| shown += 1).unwrap();
        } else {
            let counts = engine.counts(environment(ENVIRONMENT), all, &Control::new()).unwrap();
            shown = counts.iter().map(|count| count.count).sum();
        }
        assert_eq!((shown, keys.0.lock().unwrap().is_none()), (1_050, true));
        log.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_is_whole_while_files_go() {
    let mut fixture = Fixture::new();
    fixture.options.roll_bytes = 2_000;
    let log = Arc::new(fixture.open().0);
    let options = PartOptions { duplicate_window: Duration::ZERO, ..options() };
    let (engine, reading) = (fixture.engine(&log, 1, options.clone()), fixture.engine(&reader(&fixture), 2, options));
    let parts = engine.parts(environment(ENVIRONMENT)).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let working = tokio::task::spawn_blocking({
        let done = Arc::clone(&done);
        move || {
            let mut files = 0;
            while !done.load(Ordering::SeqCst) {
                parts.seal_now().unwrap();
                parts.compact_due().unwrap();
                files += trim(&parts).files;
            }
            files
        }
    });
    let mut sent = 0;
    while sent < 500 {
        append(&log, sent..sent + 20, fixture.now()).await;
        sent += 20;
        tokio::task::block_in_place(|| {
            assert_eq!(everything(&engine).len() as u64, sent);
            assert_eq!(everything(&reading).len() as u64, sent);
        });
        log.remove_trimmed().unwrap();
    }
    done.store(true, Ordering::SeqCst);
    let files = working.await.unwrap();
    assert!(files > 3, "{files}");
    log.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_missing_is_lost_above_the_mark_and_trimmed_below() {
    let (fixture, log, parts) = filled().await;
    log.shutdown().await;
    let all = fixture.files();
    let first = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let some = first(&all[2]) - 1;
    assert_eq!(trim_logs(&parts, &floor(some)).unwrap().removed, 2);
    assert!(fixture.verify().findings().next().is_none());
    for lost in [2, 3] {
        let bytes = fs::read(&all[lost]).unwrap();
        fs::remove_file(&all[lost]).unwrap();
        let report = fixture.verify();
        let finding = report.findings().find(|finding| finding.kind == FindingKind::Missing).expect("it is named");
        assert_eq!(finding.frames, first(&all[lost])..first(&all[lost + 1]), "{report}");
        assert!(!report.is_whole());
        // An edge that starts says it as well, and gives no sequence again.
        let opened = fixture.open();
        assert!(!opened.1.is_whole());
        drop(opened);
        fs::write(&all[lost], bytes).unwrap();
    }
    let (last, next) = (all.last().unwrap(), fixture.verify().logs[0].next);
    fs::remove_file(last).unwrap();
    for file in &all[2..all.len() - 1] {
        fs::remove_file(file).unwrap();
    }
    let report = fixture.verify();
    let finding = report.findings().find(|finding| finding.kind == FindingKind::Missing).expect("all of it is named");
    assert_eq!((finding.frames.clone(), report.logs[0].next), (some + 1..next, next), "{report}");
    fs::remove_file(fixture.log_folder().join("durable")).unwrap();
    let (log, report) = fixture.open();
    assert_eq!(report.logs[0].next, some + 1, "what was trimmed is never given again");
    log.shutdown().await;
}

#[tokio::test]
async fn files_that_a_crash_left_below_the_mark_count_for_nothing_and_go() {
    let (fixture, log, parts) = filled().await;
    log.shutdown().await;
    drop(log);
    let left: Vec<_> = fixture.files().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    assert!(trim(&parts).removed > 2);
    let (kept, report) = (fixture.files(), fixture.verify());
    let put_back = || left.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    put_back();
    assert_eq!(fixture.verify(), report, "they are not counted twice");
    assert_eq!(trim(&parts), Trimming { removed: left.len() as u64 - 1, ..Trimming::default() });
    assert_eq!(fixture.files(), kept);
    // An edge removes them while it runs.
    put_back();
    let (log, opened) = fixture.open();
    assert_eq!((fixture.files().len(), opened), (left.len(), report));
    assert_eq!(log.remove_trimmed().unwrap(), left.len() as u64 - 1);
    assert_eq!(fixture.files(), kept);
    log.shutdown().await;
}

#[tokio::test]
async fn a_changed_mark_is_named_and_trims_nothing() {
    let (fixture, log, parts) = filled().await;
    let before = everything(&fixture.engine(&log, 1, options()));
    assert!(trim(&parts).removed > 2);
    log.shutdown().await;
    let (mark, marked) = (folder(fixture.folder.path()).join("trimmed"), trimmed(&fixture));
    let bytes = fs::read(&mark).unwrap();
    for at in (0..bytes.len()).step_by(9) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&mark, &changed).unwrap();
        let report = verify(fixture.folder.path());
        let finding = report.findings().find(|finding| finding.kind == PartFindingKind::Damaged);
        assert!(finding.is_some_and(|finding| mark.ends_with(&finding.file)), "byte {at}: {report}");
        let report = fixture.verify();
        assert!(!report.is_whole(), "byte {at}");
        assert_eq!(trimmed(&fixture), Trimmed::default());
    }
    assert!(trim_logs(&parts, &floor(u64::MAX)).is_err(), "it is not made anew");
    // Another reader answers from the parts all the same.
    assert_eq!(everything(&fixture.engine(&reader(&fixture), 2, options())), before);
    fs::write(&mark, bytes).unwrap();
    assert_eq!(trimmed(&fixture), marked);
    // A mark that is ahead of the parts vouches for nothing, and nothing goes by it.
    fs::remove_file(folder(fixture.folder.path()).join("manifest")).unwrap();
    for file in super::files(fixture.folder.path()) {
        fs::remove_file(file).unwrap();
    }
    drop(parts);
    drop(open(fixture.folder.path(), fixture.clock.clone(), options()));
    let report = verify(fixture.folder.path());
    assert!(report.findings().any(|finding| finding.reason.contains("only 0 are in parts")), "{report}");
}

#[tokio::test]
async fn a_copy_from_before_the_first_trimming_loses_nothing_to_a_newer_mark() {
    let (fixture, log, parts) = filled().await;
    let data = fixture.folder.path();
    log.shutdown().await;
    drop(log);
    let logs: Vec<_> = fixture.files().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let mark = folder(data).join("trimmed");
    let copy = tempfile::tempdir().unwrap();
    drop(open(copy.path(), fixture.clock.clone(), options()));
    let before = everything(&fixture.engine(&reader(&fixture), 1, options()));
    assert!(trim(&parts).removed > 2);
    drop(parts);
    // Put back over what is there: the log's files, and a manifest that knows of nothing.
    for (path, bytes) in &logs {
        fs::write(path, bytes).unwrap();
    }
    fs::copy(folder(copy.path()).join("manifest"), folder(data).join("manifest")).unwrap();
    assert!(mark.exists());
    let (log, _) = fixture.open();
    assert_eq!(fixture.files().len(), logs.len(), "an edge removes nothing at its start");
    let parts = open(data, fixture.clock.clone(), options());
    trim(&parts);
    assert!(!mark.exists() && folder(data).join("trimmed.ahead").exists());
    assert_eq!((log.remove_trimmed().unwrap(), fixture.files().len()), (0, logs.len()));
    log.shutdown().await;
    while parts.seal_now().unwrap().more {}
    drop(parts);
    assert_eq!(everything(&fixture.engine(&reader(&fixture), 2, options())), before);
}

#[tokio::test]
async fn a_file_that_is_damaged_or_not_in_parts_stays_with_what_lies_behind() {
    let (fixture, log, parts) = filled().await;
    log.shutdown().await;
    let all = fixture.files();
    let bytes = fs::read(&all[1]).unwrap();
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    fs::write(&all[1], &changed).unwrap();
    assert_eq!((trim(&parts).files, fixture.files()), (1, all[1..].to_vec()));
    assert!(!fixture.verify().is_whole(), "it goes on being named");
    fs::write(&all[1], bytes).unwrap();
    assert!(trim(&parts).files > 0);
}

#[tokio::test]
async fn copies_that_another_log_had_first_keep_no_file() {
    let fixture = Fixture::new();
    let (data, start) = (fixture.folder.path(), fixture.now());
    let (one, other) = (edge(data, "edge", fixture.clock.clone()), edge(data, "other", fixture.clock.clone()));
    let parts = open(data, fixture.clock.clone(), options());
    append(&other, 0..100, start).await;
    while parts.seal_now().unwrap().more {}
    append(&one, 50..150, start).await;
    while parts.seal_now().unwrap().more {}
    fixture.clock.advance(DAY * 8);
    append(&one, [900], fixture.now()).await;
    fixture.clock.advance(DAY * 8);
    while parts.seal_now().unwrap().more {}
    assert_eq!(trim(&parts).events, 100);
    assert_eq!(numbers(sealed(data).values()), (0..150).chain([900]).collect::<Vec<_>>());
    for log in [one, other] {
        log.shutdown().await;
    }
}

#[tokio::test]
async fn copies_and_those_who_are_erased_or_too_old_keep_no_file() {
    let fixture = Fixture::new();
    let (data, start) = (fixture.folder.path(), fixture.now());
    let (one, other) = (edge(data, "edge", fixture.clock.clone()), edge(data, "other", fixture.clock.clone()));
    let parts = open(data, fixture.clock.clone(), options());
    append(&one, 0..300, start).await;
    append(&other, 100..200, start).await;
    while parts.seal_now().unwrap().more {}
    append(&other, 200..400, start).await;
    append(&one, 400..500, start.minus(DAY * 40)).await;
    while parts.seal_now().unwrap().more {}
    parts.erase(&[3], Erase::Whole).unwrap();
    parts.retain(start.minus(DAY)).unwrap();
    append(&one, 500..800, start).await;
    while parts.seal_now().unwrap().more {}
    fixture.clock.advance(DAY * 8);
    // Another file behind each.
    for log in [one, other] {
        log.shutdown().await;
    }
    for name in ["edge", "other"] {
        let log = edge(data, name, fixture.clock.clone());
        append(&log, [if name == "edge" { 900 } else { 901 }], fixture.now()).await;
        log.shutdown().await;
    }
    while parts.seal_now().unwrap().more {}
    fixture.clock.advance(DAY * 8);
    let both = [log_id(), LogId::of("other", environment(ENVIRONMENT))].map(|log| (log, u64::MAX));
    let trimming = trim_logs(&parts, &BTreeMap::from(both)).unwrap();
    assert_eq!((trimming.events, trimming.files >= 2), (300 + 100 + 200 + 100 + 300, true), "{trimming:?}");
    let report = fixture.verify();
    assert!(report.findings().next().is_none(), "{report}");
    let parts = verify(data);
    assert!(parts.findings().next().is_none(), "{parts}");
    let trimmed: u64 = report.logs.iter().map(|log| log.trimmed.events).sum();
    assert_eq!(parts.environments[0].taken, report.events() + trimmed);
    let expected = (0..400).chain(500..800).chain([900, 901]).filter(|number| number % 7 != 3).collect::<Vec<_>>();
    assert_eq!(numbers(sealed(data).values()), expected);
}

#[tokio::test]
async fn a_copy_is_recognised_as_long_as_it_has_to_be_though_the_log_was_trimmed() {
    let (fixture, log, parts) = filled().await;
    append(&log, [3_000], fixture.now()).await;
    while parts.seal_now().unwrap().more {}
    fixture.clock.advance(DAY * 6);
    append(&log, [3_001], fixture.now()).await;
    while parts.seal_now().unwrap().more {}
    assert!(trim(&parts).removed > 2);
    log.shutdown().await;
    drop(log);
    let (log, _) = fixture.open();
    assert_eq!(stored(&append(&log, [3_000, 3_001], fixture.now()).await), 0);
    fixture.clock.advance(DAY);
    assert_eq!(stored(&append(&log, [3_000, 3_001], fixture.now()).await), 1, "the first is too old by now");
    log.shutdown().await;
}

#[tokio::test]
async fn a_file_stays_whose_events_were_received_by_a_clock_that_was_set_back() {
    let fixture = Fixture::new();
    let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
    let ahead = fixture.now().plus(DAY * 5);
    for time in [ahead, fixture.now()] {
        let log = fixture.open().0;
        append(&log, [number_at(time)], time).await;
        log.shutdown().await;
    }
    while parts.seal_now().unwrap().more {}
    for (pass, files) in [(DAY * 8, 2), (DAY * 4, 1)] {
        fixture.clock.advance(pass);
        trim(&parts);
        assert_eq!(fixture.files().len(), files);
    }
}

fn number_at(time: Timestamp) -> u64 {
    u64::try_from(time.micros()).unwrap()
}

/// Keys of which another version may become the one that seals.
struct Turned(u32);

impl LogKeys for Turned {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        Ok((self.0, self.version(environment, self.0)?))
    }

    fn version(&self, environment: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        LogKeys::version(&TestKeys, environment, version)
    }
}

#[tokio::test]
async fn the_mark_goes_with_the_logs_key() {
    let fixture = Fixture::new();
    let (data, clock) = (fixture.folder.path(), fixture.clock.clone());
    let log = |version, seed| {
        let (keys, rng) = (Arc::new(Turned(version)), Arc::new(SeededRng::new(seed)));
        EventLog::open(data, "edge", keys, clock.clone(), rng, Options::default()).unwrap().0
    };
    let parts = |version| {
        let (keys, log_keys, rng) = (Arc::new(TestKeys), Arc::new(Turned(version)), Arc::new(SeededRng::new(7)));
        Parts::open(data, environment(ENVIRONMENT), keys, log_keys, clock.clone(), rng, options()).unwrap()
    };
    for version in [1, 2] {
        let log = log(version, version.into());
        append(&log, [version.into()], fixture.now()).await;
        log.shutdown().await;
    }
    fixture.clock.advance(DAY * 8);
    let old = parts(1);
    old.seal_now().unwrap();
    let sealed = |version| events::sealed_with(data, environment(ENVIRONMENT), version).unwrap();
    assert_eq!((sealed(1), sealed(2)), (1, 1));
    assert_eq!(trim(&old).removed, 1);
    assert_eq!((sealed(1), sealed(2)), (1, 1), "the mark is sealed under the old version");
    assert!(!old.reseal_due().unwrap());
    drop(old);
    let new = parts(2);
    assert!(new.reseal_due().unwrap() && !new.reseal_due().unwrap());
    assert_eq!((sealed(1), sealed(2)), (0, 2));
    assert_eq!(trimmed(&fixture).upto, 1);
}
