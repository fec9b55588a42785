//! A process is killed at any moment of ingest, sealing, merging, erasing and trimming: each event is there exactly once.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{SeededRng, SystemClock};
use events::{EmbeddedEngine, EngineParts};

use super::child::{ERASED, Work, child_options, command};
use super::{edge, numbers, open, sealed, verify};
use crate::child::Stage;
use crate::support::{ENVIRONMENT, TestKeys, environment, number};

fn engine_parts(data: &Path) -> EngineParts {
    EngineParts {
        data: data.to_owned(),
        keys: Arc::new(TestKeys),
        log_keys: Arc::new(TestKeys),
        clock: Arc::new(SystemClock),
        rng: Arc::new(SeededRng::new(1)),
        options: child_options(),
    }
}

/// Seals the rest of what children left, and checks that every acknowledged event is there once.
pub(super) async fn check(stage: &Stage, erased: &[u64], context: &str) {
    let data = stage.data();
    let before = verify(&data);
    assert!(before.is_whole(), "{context}: {before}");
    let before = events::verify(&data, &TestKeys).unwrap();
    assert!(before.is_whole(), "{context}: {before}");
    let log = Arc::new(edge(&data, "edge", Arc::new(SystemClock)));
    let parts = open(&data, Arc::new(SystemClock), child_options());
    // A file begun anew makes what was durable before count: see the log's own recovery.
    crate::support::append(&log, [u64::MAX / 16], base::Clock::now(&SystemClock)).await;
    while parts.seal_now().unwrap().more {}
    parts.erase(erased, events::Erase::Whole).unwrap();
    let in_log: BTreeSet<u64> =
        super::logged(&log).values().filter(|event| !erased.contains(&event.person)).map(number).collect();
    // Every event that was ever durable: what is in the log, and what was counted when it was trimmed.
    let report = events::verify(&data, &TestKeys).unwrap();
    assert!(report.findings().next().is_none(), "{context}: {report}");
    let (here, trimmed) = (&report.logs[0], report.logs[0].trimmed);
    assert_eq!(here.events + trimmed.events, verify(&data).environments[0].taken, "{context}: {report}");
    let in_parts = numbers(sealed(&data).values());
    let distinct: BTreeSet<u64> = in_parts.iter().copied().collect();
    assert_eq!(in_parts.len(), distinct.len(), "{context}: an event is there twice");
    let acknowledged: BTreeSet<u64> =
        stage.acknowledged().into_iter().filter(|number| !erased.contains(&(number % 7))).collect();
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "{context}: acknowledged and lost: {lost:?}");
    assert!(in_log.is_subset(&distinct), "{context}: the parts have not what the log has");
    let mut everywhere = Vec::new();
    let engine = EmbeddedEngine::new(Arc::clone(&log), engine_parts(&data));
    engine.scan(environment(ENVIRONMENT), None, |_, event| everywhere.push(number(event))).unwrap();
    everywhere.sort_unstable();
    assert_eq!(everywhere, in_parts, "{context}: log and parts together");
    while parts.compact_due().unwrap() {}
    assert_eq!(numbers(sealed(&data).values()), in_parts, "{context}: merging changed something");
    let after = verify(&data);
    assert!(after.findings().next().is_none(), "{context}: {after}");
    log.shutdown().await;
}

#[tokio::test]
async fn a_process_killed_again_and_again_loses_and_doubles_nothing() {
    let stage = Stage::new();
    let (mut killed, mut round, mut generations, mut trimmed) = (0, 0_u64, BTreeSet::new(), BTreeSet::new());
    while killed < 100 {
        let mut child = command(&stage, round * 100_000, Work::Append(100_000), &[]).spawn().unwrap();
        let seen = stage.acknowledged().len();
        let deadline = Instant::now() + Duration::from_mins(1);
        while stage.acknowledged().len() == seen && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the child acknowledges nothing");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_micros(20_000 + round * 7_919 % 320_000));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
        generations.insert(super::snapshot(&stage.data()).generation());
        let report = events::verify(&stage.data(), &TestKeys).unwrap();
        assert!(report.is_whole(), "kill {killed}: {report}");
        trimmed.insert(report.logs[0].trimmed.upto);
        round += 1;
        assert!(round < 200, "children end before they are killed");
    }
    assert!(generations.len() > 25, "the parts hardly changed: {generations:?}");
    assert!(trimmed.len() > 10, "the log was hardly trimmed: {trimmed:?}");
    check(&stage, &[ERASED], "after the kills").await;
}
