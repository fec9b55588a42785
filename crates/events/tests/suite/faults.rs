//! Real faults: a process is killed, its writes and syncs fail. Never a false acknowledgement, never a copy too many.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, SystemClock};
use events::{EventLog, Options, Report};

use crate::child::{Plan, Stage};
use crate::support::{ENVIRONMENT, TestKeys, environment, event, files, log_folder, numbers, open, stored};

/// Opens what a child left, and checks that every acknowledged event is there exactly once, now and after clients sent
/// everything again.
async fn check(stage: &Stage, sent: u64, context: &str) -> Report {
    let acknowledged: BTreeSet<u64> = stage.acknowledged().into_iter().collect();
    let before = events::verify(&stage.data(), &TestKeys).unwrap();
    let options = Options { idle: Duration::from_millis(10), ..Options::default() };
    let (log, report) = open(&stage.data(), Arc::new(SystemClock), options.clone());
    assert!(before.is_whole() && report.is_whole(), "{context}: {before}{report}");
    let found = numbers(&log);
    let distinct: BTreeSet<u64> = found.iter().copied().collect();
    assert_eq!(found.len(), distinct.len(), "{context}: an event is there twice");
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "{context}: acknowledged and lost: {lost:?}\n{report}");
    // What was durable but never said counts as sent.
    let sent = sent.max(found.iter().max().map_or(0, |last| last + 1));
    let again = resend(&log, sent).await;
    assert_eq!(again + found.len(), usize::try_from(sent).unwrap(), "{context}");
    log.shutdown().await;

    let (log, report) = open(&stage.data(), Arc::new(SystemClock), options);
    assert!(report.findings().next().is_none(), "{context}: recovery was not clean: {report}");
    let found: BTreeSet<u64> = numbers(&log).into_iter().collect();
    assert_eq!(found, (0..sent).collect(), "{context}");
    assert_eq!(report.events(), sent, "{context}");
    log.shutdown().await;
    report
}

async fn resend(log: &EventLog, sent: u64) -> usize {
    let events: Vec<_> = (0..sent).map(|number| event(number, SystemClock.now())).collect();
    stored(&log.append(environment(ENVIRONMENT), events).await.unwrap())
}

#[tokio::test]
async fn a_process_killed_again_and_again_loses_and_doubles_nothing() {
    let stage = Stage::new();
    let (mut killed, mut round) = (0, 0_u64);
    while killed < 25 {
        // Each child sends the last one's batches again, then its own.
        let first = round * 1_000;
        let plan = Plan { first: first.saturating_sub(1_000), batches: 4_000, size: 1 + round % 3, tasks: 8 };
        let mut child = stage.command(plan, &[]).spawn().unwrap();
        let seen = stage.acknowledged().len();
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        while stage.acknowledged().len() == seen && child.try_wait().unwrap().is_none() {
            assert!(std::time::Instant::now() < deadline, "the child acknowledges nothing");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_micros(round * 7_919 % 40_000));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
        round += 1;
        assert!(round < 60, "children end before they are killed");
    }
    let last = stage.acknowledged().into_iter().max().unwrap() + 1;
    let report = check(&stage, last, "after the kills").await;
    assert!(report.logs[0].files > 20, "{report}");
}

/// Runs a child under `strace`, which lets one call of a kind fail per thread.
fn strace(stage: &Stage, plan: Plan, fault: &str) {
    let inject = format!("inject={fault}");
    let wrapper = [
        "strace",
        "-f",
        "-qq",
        "-y",
        "-o",
        "trace",
        "-e",
        "trace=pwrite64,fdatasync,fsync,write,openat",
        "-e",
        &inject,
    ];
    let status = stage.command(plan, &wrapper).status().expect("strace is needed for this test");
    assert!(status.success(), "{fault}: {status}");
}

const SENT: u64 = 24;

async fn with_fault(call: &str, fault: &str, range: std::ops::Range<u32>) -> u32 {
    let mut met = 0;
    for when in range {
        let stage = Stage::new();
        let plan = Plan { first: 0, batches: SENT / 2, size: 2, tasks: 1 };
        let context = format!("{call}:{fault}:when={when}");
        strace(&stage, plan, &context);
        let trace = std::fs::read_to_string(stage.0.path().join("trace")).unwrap();
        met += u32::from(trace.contains("(INJECTED)"));
        each_is_said_after_its_sync(&trace, &context);
        no_failed_file_is_used_again(&trace, &context);
        check(&stage, SENT, &context).await;
    }
    met
}

/// With one task every batch has a sync of its own: between two lines of the child's there must be one that succeeded,
/// after the last that failed. (What a failed sync left in the page cache reads well, so reading back proves nothing.)
fn each_is_said_after_its_sync(trace: &str, context: &str) -> usize {
    let (mut synced, mut said) = (false, 0);
    for line in trace.lines() {
        if line.contains("fdatasync") && line.contains(" = ") {
            synced = line.ends_with(" = 0");
        } else if line.contains("write(") && line.contains("\\n\"") && line.contains(", \"") && says_number(line) {
            assert!(synced, "{context}: said without a sync: {line}\n{trace}");
            synced = false;
            said += 1;
        }
    }
    said
}

/// After the first failure on a log file nothing more is written to it or synced.
fn no_failed_file_is_used_again(trace: &str, context: &str) {
    let mut failed: Vec<&str> = Vec::new();
    for line in trace.lines() {
        let Some(path) = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| path) else {
            continue;
        };
        if line.contains("O_EXCL") {
            // One that held nothing yet was removed and begun anew.
            failed.retain(|failed| !line.contains(failed));
        } else if path.contains(".log") {
            assert!(!failed.contains(&path), "{context}: used again: {line}\n{trace}");
            if line.contains("(INJECTED)") {
                failed.push(path);
            }
        }
    }
}

fn says_number(line: &str) -> bool {
    line.split(", \"").nth(1).is_some_and(|text| text.starts_with(|first: char| first.is_ascii_digit()))
}

#[tokio::test]
async fn no_failed_sync_is_acknowledged() {
    assert_eq!(with_fault("fdatasync", "error=EIO", 1..12).await, 11);
    assert_eq!(with_fault("fsync", "error=EIO", 1..6).await, 5);
    assert_eq!(with_fault("fdatasync", "error=ENOSPC", 1..4).await, 3);
}

#[tokio::test]
async fn no_failed_write_is_acknowledged() {
    assert_eq!(with_fault("pwrite64", "error=EIO", 1..12).await, 11);
    assert_eq!(with_fault("pwrite64", "error=ENOSPC", 1..12).await, 11);
}

#[tokio::test]
async fn no_short_write_is_acknowledged() {
    assert_eq!(with_fault("pwrite64", "retval=5", 1..12).await, 11);
}

#[tokio::test]
async fn a_device_that_stays_broken_acknowledges_nothing_more() {
    for fault in ["fdatasync:error=EIO:when=4+", "pwrite64:error=ENOSPC:when=7+"] {
        let stage = Stage::new();
        strace(&stage, Plan { first: 0, batches: SENT / 2, size: 2, tasks: 1 }, fault);
        let acknowledged = stage.acknowledged().len() as u64;
        assert!((1..SENT).contains(&acknowledged), "{fault}: {acknowledged}");
        check(&stage, SENT, fault).await;
    }
}

#[tokio::test]
async fn a_full_device_cuts_writes_anywhere_and_nothing_false_is_said() {
    // A limit on file size makes the kernel write up to that byte and fail from there: real short writes.
    let mut partial = 0;
    for limit in (150_u64..1_400).step_by(61) {
        let stage = Stage::new();
        let fsize = format!("--fsize={limit}");
        let ignore = ["sh", "-c", "trap '' XFSZ; exec prlimit \"$@\"", "sh", &fsize];
        let status = stage.command(Plan { first: 0, batches: SENT / 2, size: 2, tasks: 1 }, &ignore).status().unwrap();
        assert!(status.success() || stage.acknowledged().is_empty(), "{limit}: {status}");
        let cut = |path: &std::path::PathBuf| std::fs::metadata(path).unwrap().len() == limit;
        partial += u32::from(files(&log_folder(&stage.data())).iter().any(cut));
        check(&stage, SENT, &format!("limit {limit}")).await;
    }
    assert!(partial > 5, "only {partial} writes were cut");
}

#[tokio::test]
async fn the_sync_returns_before_the_acknowledgement_is_written() {
    let stage = Stage::new();
    let plan = Plan { first: 0, batches: 10, size: 1, tasks: 1 };
    let wrapper = ["strace", "-f", "-qq", "-o", "trace", "-e", "trace=pwrite64,fdatasync,write"];
    assert!(stage.command(plan, &wrapper).status().unwrap().success());
    let trace = std::fs::read_to_string(stage.0.path().join("trace")).unwrap();
    assert_eq!(each_is_said_after_its_sync(&trace, "no fault"), 10, "{trace}");
}

#[tokio::test]
async fn recovery_writes_again_and_syncs_what_may_be_in_the_page_cache_only() {
    let stage = Stage::new();
    let plan = Plan { first: 0, batches: 3, size: 2, tasks: 1 };
    assert!(stage.command(plan, &[]).status().unwrap().success());
    let log = &files(&log_folder(&stage.data()))[0];
    let length = std::fs::metadata(log).unwrap().len();
    std::fs::remove_file(log_folder(&stage.data()).join("durable")).unwrap();
    strace(&stage, Plan { batches: 0, ..plan }, "close:delay_exit=0:when=60000");
    let trace = std::fs::read_to_string(stage.0.path().join("trace")).unwrap();
    let written = trace.find(&format!(", {length}, 0) = {length}")).expect("the file is written again");
    assert!(trace[written..].lines().nth(1).unwrap().contains("fsync"), "{trace}");
}
