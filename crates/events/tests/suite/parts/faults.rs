//! Writes, syncs and removals fail while parts are written and logs trimmed: what was committed stays, what was not is as if
//! never tried.

use std::sync::Arc;

use super::child::{ERASED, ERASED_THEN, Work, child_options, command};
use super::crashes::check;
use crate::child::Stage;

/// Appends some events, then runs a child that works while one call of a kind fails. How often that was one on a file of which
/// this is a part of the path.
async fn with_fault(work: Work, call: &str, fault: &str, range: std::ops::Range<u32>, on: &str) -> u32 {
    let mut met = 0;
    for when in range {
        let stage = Stage::new();
        assert!(command(&stage, 0, Work::Append(16), &[]).status().unwrap().success());
        let clock = Arc::new(base::SystemClock);
        let log = super::edge(&stage.data(), "edge", clock.clone());
        crate::support::append(&log, 1_000..1_230, base::Clock::now(&base::SystemClock)).await;
        log.shutdown().await;
        if work == Work::Trim {
            let parts = super::open(&stage.data(), clock, child_options());
            while parts.seal_now().unwrap().more {}
        }
        let ever = if fault == REFUSED { "+" } else { "" };
        let context = format!("{call}:{fault}:when={when}{ever}");
        let inject = format!("inject={context}");
        let traced = format!("trace={call}");
        let wrapper = ["strace", "-f", "-qq", "-y", "-o", "trace", "-e", &traced, "-e", &inject];
        let status = command(&stage, 0, work, &wrapper).status().expect("strace is needed for this test");
        assert!(status.success(), "{context}: {status}");
        let trace = std::fs::read_to_string(stage.0.path().join("trace")).unwrap();
        met += u32::from(trace.lines().any(|line| line.contains("(INJECTED)") && line.contains(on)));
        let erased: &[u64] = if work == Work::Seal { &[ERASED, ERASED_THEN] } else { &[ERASED] };
        if fault == REFUSED {
            let trimming = std::fs::read_to_string(stage.0.path().join("trimming")).unwrap();
            assert!(trimming.starts_with("Ok(") && trimming.contains("removed: 0"), "{trimming}");
        }
        check(&stage, erased, &context).await;
    }
    met
}

/// What a process meets that may not change a folder.
const REFUSED: &str = "error=EACCES";

#[tokio::test]
async fn a_failed_sync_loses_nothing() {
    assert!(with_fault(Work::Seal, "fsync", "error=EIO", 1..12, "/parts/").await >= 7);
}

#[tokio::test]
async fn a_failed_or_short_write_loses_nothing() {
    assert!(with_fault(Work::Seal, "pwrite64", "error=ENOSPC", 1..6, "/parts/").await >= 4);
    assert!(with_fault(Work::Seal, "pwrite64", "retval=5", 3..7, "/parts/").await >= 3);
}

#[tokio::test]
async fn a_failed_rename_or_removal_loses_nothing() {
    assert!(with_fault(Work::Seal, "rename", "error=EIO", 1..4, "/parts/").await >= 3);
    assert!(with_fault(Work::Seal, "unlink", "error=EIO", 1..3, "/parts/").await >= 1);
}

#[tokio::test]
async fn whatever_fails_while_a_log_is_trimmed_nothing_is_lost() {
    assert!(with_fault(Work::Trim, "fsync", "error=EIO", 1..10, "trimmed.next").await >= 1);
    assert!(with_fault(Work::Trim, "fsync", "error=EIO", 6..16, "/log/").await >= 1);
    // The mark, once more, before a file goes: another process may have written it.
    assert!(with_fault(Work::Trim, "fsync", "error=EIO", 6..12, "/trimmed>").await >= 1);
    assert!(with_fault(Work::Trim, "pwrite64", "error=ENOSPC", 1..3, "trimmed.next").await >= 1);
    assert!(with_fault(Work::Trim, "pwrite64", "retval=5", 1..3, "trimmed.next").await >= 1);
    assert!(with_fault(Work::Trim, "rename", "error=EIO", 1..3, "trimmed.next").await >= 1);
    assert!(with_fault(Work::Trim, "unlink", "error=EIO", 1..3, "/log/").await >= 1);
}

#[tokio::test]
async fn files_that_a_process_may_not_remove_are_left_to_the_edge() {
    assert_eq!(with_fault(Work::Trim, "unlink", REFUSED, 1..2, "/log/").await, 1);
}
