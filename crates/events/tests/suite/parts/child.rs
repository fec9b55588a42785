//! A process that appends, seals, merges, erases and trims until it is done or killed.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::{Clock, SystemClock};
use events::{Erase, PartOptions};

use super::{edge, options};
use crate::child::Stage;
use crate::support::{ENVIRONMENT, environment, event};

/// Erased by each child: events of a number that divides by 7 are this person's …
pub(super) const ERASED: u64 = 0;
/// … and by one that appends nothing also the next.
pub(super) const ERASED_THEN: u64 = 1;

/// Small parts, but not so small that sealing lags behind. Nothing is sent twice, so that log files may go at once.
pub(super) fn child_options() -> PartOptions {
    let duplicate_window = Duration::ZERO;
    PartOptions { seal_rows: 2_000, group_rows: 256, whole_rows: 8_000, duplicate_window, ..options() }
}

/// What a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Appends so many batches of 20, while it seals, merges, erases and trims.
    Append(u64),
    /// Seals, merges and erases, step by step, and ends.
    Seal,
    /// Trims what is sealed, and ends.
    Trim,
}

/// A child whose events have numbers from `first` on.
pub(super) fn command(stage: &Stage, first: u64, work: Work, wrapper: &[&str]) -> Command {
    let plan = match work {
        Work::Append(batches) => format!("{first} append {batches}"),
        Work::Seal => format!("{first} seal"),
        Work::Trim => format!("{first} trim"),
    };
    std::fs::write(stage.0.path().join("parts-plan"), plan).unwrap();
    let program = std::env::current_exe().unwrap();
    let test = ["--exact", "parts::child::work_as_planned", "--ignored", "--nocapture", "--test-threads=1"];
    let mut command = match wrapper.split_first() {
        None => Command::new(program),
        Some((wrapper, arguments)) => {
            let mut command = Command::new(wrapper);
            command.args(arguments).arg(program);
            command
        }
    };
    command.args(test).current_dir(stage.0.path());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command
}

#[test]
#[ignore = "run by other tests, as a process of its own"]
fn work_as_planned() {
    let Ok(plan) = std::fs::read_to_string("parts-plan") else { return };
    let plan: Vec<&str> = plan.split(' ').collect();
    match plan[1] {
        "append" => append_and_work(plan[0].parse().unwrap(), plan[2].parse().unwrap()),
        // As a worker does: again, after an error too.
        "seal" => (0..4).for_each(|_| step(&[ERASED, ERASED_THEN])),
        _ => (0..4).for_each(|_| trim()),
    }
}

fn append_and_work(first: u64, batches: u64) {
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let worker = std::thread::spawn(move || {
        while !stopping.load(Ordering::SeqCst) {
            // Most are killed before they have done both: every other child begins with what earlier ones left to be trimmed.
            if first / 100_000 % 2 == 1 {
                trim();
            }
            step(&[ERASED]);
            trim();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(append(first, batches));
    stop.store(true, Ordering::SeqCst);
    worker.join().unwrap();
}

/// One round of the worker; an error is not the end.
fn step(erased: &[u64]) {
    let Ok(parts) = super::try_open(Path::new("data"), Arc::new(SystemClock), child_options()) else { return };
    let _ = parts.seal_now();
    let _ = parts.seal_now();
    let _ = parts.erase(erased, Erase::Whole);
    let _ = parts.compact_due();
    let _ = parts.rewrite_due();
}

/// Trims what is sealed; nobody follows the log.
fn trim() {
    let Ok(parts) = super::try_open(Path::new("data"), Arc::new(SystemClock), child_options()) else { return };
    let trimming = super::trim_logs(&parts, &super::floor(u64::MAX));
    let _ = std::fs::write("trimming", format!("{trimming:?}"));
}

async fn append(first: u64, batches: u64) {
    let log = edge(Path::new("data"), "edge", Arc::new(SystemClock));
    let mut said = crate::child::notes();
    for batch in 0..batches {
        let numbers = first + batch * 20..first + (batch + 1) * 20;
        let events: Vec<_> = numbers.clone().map(|number| event(number, SystemClock.now())).collect();
        if log.append(environment(ENVIRONMENT), events).await.is_ok() {
            let lines: Vec<_> = numbers.map(|number| number.to_string()).collect();
            said.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
        }
        if batch % 16 == 0 {
            let _ = log.remove_trimmed();
        }
    }
    log.shutdown().await;
}
