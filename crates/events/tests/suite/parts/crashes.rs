//! A process is killed at any moment of ingest, sealing, merging and erasing: each event is there exactly once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::SystemClock;

use super::child::{ERASED, child_options, command};
use super::{edge, numbers, open, sealed, verify};
use crate::child::Stage;
use crate::support::number;

/// Seals the rest of what children left, and checks that every acknowledged event is there once.
pub(super) async fn check(stage: &Stage, erased: &[u64], context: &str) {
    let data = stage.data();
    let before = verify(&data);
    assert!(before.is_whole(), "{context}: {before}");
    let log = edge(&data, "edge", Arc::new(SystemClock));
    let parts = open(&data, Arc::new(SystemClock), child_options());
    // A file begun anew makes what was durable before count: see the log's own recovery.
    crate::support::append(&log, [u64::MAX / 16], base::Clock::now(&SystemClock)).await;
    while parts.seal_now().unwrap().more {}
    parts.erase(erased, events::Erase::Whole).unwrap();
    let in_log: BTreeSet<u64> =
        super::logged(&log).values().filter(|event| !erased.contains(&event.person)).map(number).collect();
    let in_parts = numbers(sealed(&data).values());
    let distinct: BTreeSet<u64> = in_parts.iter().copied().collect();
    assert_eq!(in_parts.len(), distinct.len(), "{context}: an event is there twice");
    let acknowledged: BTreeSet<u64> =
        stage.acknowledged().into_iter().filter(|number| !erased.contains(&(number % 7))).collect();
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "{context}: acknowledged and lost: {lost:?}");
    assert_eq!(distinct, in_log, "{context}: the parts are not what the log has");
    while parts.compact_due().unwrap() {}
    assert_eq!(numbers(sealed(&data).values()), in_parts, "{context}: merging changed something");
    let after = verify(&data);
    assert!(after.findings().next().is_none(), "{context}: {after}");
    log.shutdown().await;
}

#[tokio::test]
async fn a_process_killed_again_and_again_loses_and_doubles_nothing() {
    let stage = Stage::new();
    let (mut killed, mut round, mut generations) = (0, 0_u64, BTreeSet::new());
    while killed < 100 {
        let mut child = command(&stage, round * 100_000, 100_000, true, &[]).spawn().unwrap();
        let seen = stage.acknowledged().len();
        let deadline = Instant::now() + Duration::from_mins(1);
        while stage.acknowledged().len() == seen && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the child acknowledges nothing");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_micros(20_000 + round * 7_919 % 160_000));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
        generations.insert(super::snapshot(&stage.data()).generation());
        round += 1;
        assert!(round < 200, "children end before they are killed");
    }
    assert!(generations.len() > 50, "the parts hardly changed: {generations:?}");
    check(&stage, &[ERASED], "after the kills").await;
}
