//! Writes and syncs fail while parts are written: what was committed stays, what was not is as if never tried.

use super::child::{ERASED, ERASED_THEN, command};
use super::crashes::check;
use crate::child::Stage;

/// Appends some events, then runs a child that seals, merges and erases while one call of a kind fails.
async fn with_fault(call: &str, fault: &str, range: std::ops::Range<u32>) -> u32 {
    let mut met = 0;
    for when in range {
        let stage = Stage::new();
        assert!(command(&stage, 0, 16, true, &[]).status().unwrap().success());
        let log = super::edge(&stage.data(), "edge", std::sync::Arc::new(base::SystemClock));
        crate::support::append(&log, 1_000..1_230, base::Clock::now(&base::SystemClock)).await;
        log.shutdown().await;
        let context = format!("{call}:{fault}:when={when}");
        let inject = format!("inject={context}");
        let traced = format!("trace={call}");
        let wrapper = ["strace", "-f", "-qq", "-y", "-o", "trace", "-e", &traced, "-e", &inject];
        let status = command(&stage, 0, 0, false, &wrapper).status().expect("strace is needed for this test");
        assert!(status.success(), "{context}: {status}");
        let trace = std::fs::read_to_string(stage.0.path().join("trace")).unwrap();
        met += u32::from(trace.lines().any(|line| line.contains("(INJECTED)") && line.contains("/parts/")));
        check(&stage, &[ERASED, ERASED_THEN], &context).await;
    }
    met
}

#[tokio::test]
async fn a_failed_sync_loses_nothing() {
    assert!(with_fault("fsync", "error=EIO", 1..12).await >= 7);
}

#[tokio::test]
async fn a_failed_or_short_write_loses_nothing() {
    assert!(with_fault("pwrite64", "error=ENOSPC", 1..6).await >= 4);
    assert!(with_fault("pwrite64", "retval=5", 3..7).await >= 3);
}

#[tokio::test]
async fn a_failed_rename_or_removal_loses_nothing() {
    assert!(with_fault("rename", "error=EIO", 1..4).await >= 3);
    assert!(with_fault("unlink", "error=EIO", 1..3).await >= 1);
}
