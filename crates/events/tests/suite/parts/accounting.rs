//! Before the last other copy of an event goes, it is accounted for: what is not in parts, or not whole there, keeps its file and
//! is named, whatever else was erased, let go or had twice; and one log keeps no other back.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use base::id::EnvironmentId;
use base::{Secret, SeededRng};
use events::{
    Erase, EventLog, FindingKind, LogId, LogKeyError, LogKeys, PartError, Parts, ReadError, Trimmed, Trimming,
};

use super::trimming::{DAY, everything, filled, reader, trimmed};
use super::{edge, files, floor, folder, log_id, numbers, open, options, sealed, trim, trim_logs, trimmable, verify};
use crate::support::{ENVIRONMENT, Fixture, TestKeys, append, environment};

/// What was trimmed, and the reason for which something was not.
fn try_to_trim(parts: &Parts, logs: &[&str]) -> (Trimming, String) {
    let floor: BTreeMap<_, _> = logs.iter().map(|edge| (LogId::of(edge, environment(ENVIRONMENT)), u64::MAX)).collect();
    let mut look = parts.look_to_trim().unwrap();
    loop {
        match parts.trim_due(&mut look, &floor) {
            Ok(true) => {}
            Ok(false) => return (look.done(), String::new()),
            Err(error) => return (look.done(), error.to_string()),
        }
    }
}

#[tokio::test]
async fn what_is_sealed_and_not_in_parts_is_noticed_whoever_is_erased() {
    for erased in [false, true] {
        // Two logs of as many frames of as many events.
        let (fixture, other) = (Fixture::new(), Fixture::new());
        let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
        for (fixture, first) in [(&fixture, 0), (&other, 500)] {
            for number in 0..4 {
                let log = fixture.open().0;
                append(&log, [first + number], fixture.now()).await;
                log.shutdown().await;
            }
            fixture.clock.advance(DAY * 8);
        }
        while parts.seal_now().unwrap().more {}
        if erased {
            parts.erase(&[6], Erase::Whole).unwrap();
            parts.retain(fixture.now().minus(DAY * 400)).unwrap();
        }
        let (ours, theirs) = (fixture.log_folder(), other.log_folder());
        fs::remove_dir_all(&ours).unwrap();
        fs::rename(&theirs, &ours).unwrap();
        let (done, reason) = try_to_trim(&parts, &["edge"]);
        assert!(reason.contains("of its 1 events 0 were found in parts, others are in their places"), "{reason}");
        assert_eq!((done, fixture.files().len()), (Trimming::default(), 4));
    }
}

#[tokio::test]
async fn a_message_that_comes_again_and_again_by_two_edges_keeps_no_file() {
    for together in [true, false] {
        let fixture = Fixture::new();
        let (data, start) = (fixture.folder.path(), fixture.now());
        let (one, other) = (edge(data, "edge", fixture.clock.clone()), edge(data, "other", fixture.clock.clone()));
        let parts = open(data, fixture.clock.clone(), options());
        for (day, log) in [(0, &other), (3, &one), (7, &other), (8, &other), (8, &one)] {
            fixture.clock.advance((DAY * day).saturating_sub(fixture.now().since(start)));
            append(log, [if day == 8 { 900 } else { 1 }], fixture.now()).await;
            if !together {
                while parts.seal_now().unwrap().more {}
            }
        }
        while parts.seal_now().unwrap().more {}
        let kept = sealed(data).len();
        fixture.clock.advance(DAY * 8);
        for log in [one, other] {
            append(&log, [901], fixture.now()).await;
            log.shutdown().await;
        }
        while parts.seal_now().unwrap().more {}
        fixture.clock.advance(DAY * 8);
        let (done, reason) = try_to_trim(&parts, &["edge", "other"]);
        assert_eq!((done.events, reason.as_str()), (5, ""), "{done:?}");
        let (log, parts) = (fixture.verify(), verify(data));
        assert!(log.findings().next().is_none() && parts.findings().next().is_none(), "{log}{parts}");
        assert!(kept < 5, "{kept}");
    }
}

#[tokio::test]
async fn who_is_erased_after_sealing_is_accounted_for_file_by_file() {
    let (fixture, log, parts) = filled().await;
    parts.erase(&[2, 5], Erase::Whole).unwrap();
    while parts.compact_due().unwrap() {}
    let files = fixture.files().len() as u64;
    let done = trim(&parts);
    assert_eq!((done.files, done.removed), (files - 1, files - 1), "{done:?}");
    let expected: Vec<u64> = (0..1_500).filter(|number| ![2, 5].contains(&(number % 7))).collect();
    assert_eq!(numbers(sealed(fixture.folder.path()).values()), expected);
    log.shutdown().await;
}

#[tokio::test]
async fn a_part_whose_bytes_have_changed_vouches_for_nothing() {
    let fixture = Fixture::new();
    let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
    for number in 0..4 {
        let log = fixture.open().0;
        append(&log, [number], fixture.now()).await;
        log.shutdown().await;
    }
    parts.seal_now().unwrap();
    fixture.clock.advance(DAY * 8);
    let (before, all) = (fixture.files(), files(fixture.folder.path()));
    let [part] = all.as_slice() else { panic!("{all:?}") };
    let bytes = fs::read(part).unwrap();
    // Whatever the place: columns that are not looked at lie in it as well.
    for at in (0..bytes.len()).step_by(bytes.len() / 64) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(part, &changed).unwrap();
        let error = trim_logs(&parts, &floor(u64::MAX)).unwrap_err();
        assert!(matches!(&error, PartError::Damaged { path, .. } if path == part), "byte {at}: {error}");
        assert_eq!(fixture.files(), before, "byte {at}");
    }
    fs::write(part, bytes).unwrap();
    assert_eq!(trim(&parts).removed, 3);
}

#[tokio::test]
async fn a_log_whose_beginning_is_missing_is_not_trimmed_and_keeps_no_other_back() {
    let (fixture, log, parts) = filled().await;
    let data = fixture.folder.path();
    let other = edge(data, "other", fixture.clock.clone());
    for day in 0..3 {
        append(&other, [5_000 + day], fixture.now()).await;
        fixture.clock.advance(DAY * 2);
    }
    while parts.seal_now().unwrap().more {}
    fixture.clock.advance(DAY * 8);
    let first = fixture.files().remove(0);
    let bytes = fs::read(&first).unwrap();
    fs::remove_file(&first).unwrap();
    let left = fixture.files();
    assert!(!trimmable(&parts).contains_key(&log_id()));
    let (done, reason) = try_to_trim(&parts, &["edge", "other"]);
    assert!(done.files == 2 && reason.contains("were not trimmed"), "{done:?} {reason}");
    assert_eq!(fixture.files(), left);
    let missing = |fixture: &Fixture| fixture.verify().findings().any(|found| found.kind == FindingKind::Missing);
    assert!(missing(&fixture), "it goes on being named");
    fs::write(&first, bytes).unwrap();
    assert!(trim(&parts).files > 2 && !missing(&fixture));
    for log in [&*log, &other] {
        log.shutdown().await;
    }
}

#[tokio::test]
async fn a_mark_that_is_gone_takes_nothing_with_it_and_is_not_made_anew() {
    let (fixture, log, parts) = filled().await;
    let all = fixture.files();
    let first = |at: usize| all[at].file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(trim_logs(&parts, &floor(first(2) - 1)).unwrap().files, 2);
    let mark = folder(fixture.folder.path()).join("trimmed");
    let bytes = fs::read(&mark).unwrap();
    fs::remove_file(&mark).unwrap();
    let (done, reason) = try_to_trim(&parts, &["edge"]);
    assert!(done == Trimming::default() && reason.contains("were not trimmed"), "{done:?} {reason}");
    assert_eq!((fixture.files(), mark.exists()), (all[2..].to_vec(), false));
    let report = fixture.verify();
    let finding = report.findings().find(|found| found.kind == FindingKind::Missing).expect("it is named");
    assert_eq!(finding.frames, 1..first(2));
    fs::write(&mark, bytes).unwrap();
    assert!(trim(&parts).files > 0);
    log.shutdown().await;
}

#[tokio::test]
async fn a_trimmed_log_whose_files_or_folder_are_gone_is_named() {
    let (fixture, log, parts) = filled().await;
    assert!(trim(&parts).files > 2);
    log.shutdown().await;
    drop(log);
    let data = fixture.folder.path();
    fixture.files().iter().for_each(|file| fs::remove_file(file).unwrap());
    let _ = fs::remove_file(fixture.log_folder().join("durable"));
    let report = fixture.verify();
    let finding = report.findings().find(|found| found.kind == FindingKind::Missing).expect("its last file");
    assert!(finding.reason.contains("last file"), "{report}");
    assert!(verify(data).findings().next().is_none());
    fs::remove_dir_all(fixture.log_folder()).unwrap();
    let report = verify(data);
    assert!(report.findings().any(|found| found.reason.contains("its folder is not there")), "{report}");
    assert!(!report.is_whole());
}

#[tokio::test]
async fn an_edge_starts_though_the_mark_cannot_be_read_and_gives_no_sequence_again() {
    let (fixture, log, parts) = filled().await;
    assert!(trim(&parts).files > 2);
    log.shutdown().await;
    drop(log);
    let (mark, next) = (folder(fixture.folder.path()).join("trimmed"), fixture.verify().logs[0].next);
    fs::remove_file(&mark).unwrap();
    // What the operating system does not let a process read.
    fs::create_dir(&mark).unwrap();
    let (log, report) = fixture.open();
    let found = report.findings().find(|found| found.kind == FindingKind::TrimMark).expect("it is named");
    assert!(mark.ends_with(&found.file), "{found}");
    assert_eq!((report.logs[0].next, trimmed(&fixture)), (next, Trimmed::default()));
    append(&log, [7_000], fixture.now()).await;
    log.shutdown().await;
}

#[tokio::test]
async fn files_go_one_by_one_and_others_have_their_turn_between() {
    let (fixture, log, parts) = filled().await;
    let mut look = parts.look_to_trim().unwrap();
    append(&log, 2_000..2_010, fixture.now()).await;
    for files in 1..=2 {
        assert!(parts.trim_due(&mut look, &floor(u64::MAX)).unwrap());
        assert_eq!((look.done().files, look.done().removed), (files, files));
        if files == 1 {
            assert_eq!(parts.seal_now().unwrap().events, 10);
            parts.erase(&[4], Erase::Whole).unwrap();
        }
    }
    while parts.trim_due(&mut look, &floor(u64::MAX)).unwrap() {}
    assert!(look.done().files > 2);
    log.shutdown().await;
}

#[tokio::test]
async fn a_log_that_does_not_follow_its_parts_holds_back_no_other() {
    let fixture = Fixture::new();
    let data = fixture.folder.path();
    let parts = open(data, fixture.clock.clone(), options());
    for number in 0..3 {
        let log = fixture.open().0;
        append(&log, [number], fixture.now()).await;
        log.shutdown().await;
    }
    let files = fixture.files();
    files[..2].iter().for_each(|file| fs::remove_file(file).unwrap());
    let other = edge(data, "other", fixture.clock.clone());
    append(&other, 10..20, fixture.now()).await;
    assert_eq!(parts.seal_now().unwrap().events, 10, "the other's");
    assert!(matches!(parts.seal_now(), Err(PartError::Gap { first: 3, .. })), "and then it is said");
    other.shutdown().await;
}

/// Keys of logs while which are fetched something else happens, once.
struct Meanwhile(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl LogKeys for Meanwhile {
    fn primary(&self, environment: EnvironmentId) -> Result<(u32, Secret<[u8; 32]>), LogKeyError> {
        LogKeys::primary(&TestKeys, environment)
    }

    fn version(&self, environment: EnvironmentId, version: u32) -> Result<Secret<[u8; 32]>, LogKeyError> {
        if let Some(happens) = self.0.lock().unwrap().take() {
            happens();
        }
        LogKeys::version(&TestKeys, environment, version)
    }
}

#[tokio::test]
async fn who_reads_a_log_while_it_is_trimmed_misses_nothing_unknowingly() {
    let (fixture, log, parts) = filled().await;
    let all = fixture.files();
    let first = |at: usize| all[at].file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let (some, parts) = (first(1) - 1, Arc::new(parts));
    assert_eq!(trim_logs(&parts, &floor(some)).unwrap().files, 1);
    // The mark's bytes are read by then, and the files are not listed.
    let trims = Arc::clone(&parts);
    let happens: Box<dyn FnOnce() + Send> = Box::new(move || assert!(trim(&trims).files > 2));
    let keys = Arc::new(Meanwhile(Mutex::new(Some(happens))));
    let (clock, rng) = (fixture.clock.clone(), Arc::new(SeededRng::new(9)));
    let reading =
        Arc::new(EventLog::open_to_read(fixture.folder.path(), keys.clone(), clock, rng, fixture.options.clone()));
    let view = reading.others().unwrap().remove(0);
    assert!(keys.0.lock().unwrap().is_none());
    let upto = trimmed(&fixture).upto;
    let told = view.follow(some, &["Event 0"], 10_000);
    assert!(matches!(told, Err(ReadError::Trimmed { upto: of, .. }) if of == upto), "{told:?}");
    assert_eq!(everything(&fixture.engine(&reading, 2, options())).len(), 1_500);
    // And who knew the files before they went.
    let knows = reader(&fixture).others().unwrap().remove(0);
    append(&log, 2_000..2_010, fixture.now()).await;
    while parts.seal_now().unwrap().more {}
    fixture.clock.advance(DAY * 8);
    assert!(trim(&parts).files > 0);
    let then = trimmed(&fixture).upto;
    let told = knows.follow(upto, &["Event 0"], 10_000);
    assert!(matches!(told, Err(ReadError::Trimmed { upto: of, .. }) if of == then), "{told:?}");
    log.shutdown().await;
}
