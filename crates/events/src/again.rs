//! Verifying a log again and again, at the cost of what has changed since.
//!
//! A file that was whole is not read again until the kernel says that it changed, or until a while has gone by: a disk may
//! lose bits of a file that nobody touched. Whoever reads may stop between two files, and goes on from there the next time.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use base::Timestamp;

use crate::error::OpenError;
use crate::inspect::{Folder, Inspection, inspect, storage};
use crate::log_keys::LogKeys;
use crate::recover::{Nothing, read_file};
use crate::report::LogReport;

/// What files held when they were read last and nothing was wrong with them.
#[derive(Debug, Default)]
pub struct Remembered(HashMap<(u64, u64), Known>);

impl Remembered {
    /// Whether no file is remembered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How something is verified by somebody who has verified it before.
pub struct Again<'a, R = Remembered> {
    /// What was found then.
    pub remembered: &'a mut R,
    pub now: Timestamp,
    /// A file that was read so long ago is read though it has not changed, if there is time.
    pub whole_again: Duration,
    /// Asked before each file is read: false leaves it for the next time.
    pub go_on: &'a mut dyn FnMut() -> bool,
}

/// What was found in a file, and what it depends on.
#[derive(Debug, Clone, Copy)]
struct Known {
    about: About,
    read_at: Timestamp,
    frames: u64,
    events: u64,
    next: u64,
}

/// What changes with a file's content and with what is to be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct About {
    length: u64,
    /// When the kernel last changed it, which nobody can set.
    changed: (i64, i64),
    /// Where the next file begins; of the last one, up to where frames are known to have been durable.
    end: (Option<u64>, u64),
}

/// Reads of a log what is not remembered.
pub(crate) fn verify_log(
    folder: Folder,
    keys: &dyn LogKeys,
    again: &mut Again<'_>,
    seen: &mut HashSet<(u64, u64)>,
) -> Result<LogReport, OpenError> {
    let mut inspection = inspect(folder, keys)?;
    let mut next = inspection.report.next;
    for at in 0..inspection.files.len() {
        if let Some((finding, _)) = inspection.judge_unusable(at) {
            next = next.max(finding.frames.end).max(inspection.files[at].name.first);
            inspection.report.findings.push(finding);
            continue;
        }
        let Ok(opened) = &inspection.files[at].state else { continue };
        let (file, about) = about(&inspection, at, &opened.file.path)?;
        seen.insert(file);
        let known = again.remembered.0.get(&file).filter(|known| known.about == about).copied();
        let fresh = known.is_some_and(|known| again.now.since(known.read_at) < again.whole_again);
        let known = if fresh || !(again.go_on)() {
            known
        } else {
            let (_, mut judged, frames, events) = read_file(&inspection, at, opened, &mut Nothing)?;
            let known = Known { about, read_at: again.now, frames, events, next: judged.next };
            if judged.findings.is_empty() {
                again.remembered.0.insert(file, known);
            } else {
                again.remembered.0.remove(&file);
            }
            inspection.report.findings.append(&mut judged.findings);
            Some(known)
        };
        let Some(known) = known else {
            inspection.report.unread += 1;
            continue;
        };
        next = next.max(known.next);
        inspection.report.frames += known.frames;
        inspection.report.events += known.events;
    }
    inspection.report.next = next.max(inspection.published_next());
    Ok(inspection.report)
}

/// Which file it is, and how it is before it is read: what is written meanwhile changes it.
fn about(inspection: &Inspection, at: usize, path: &Path) -> Result<((u64, u64), About), OpenError> {
    let file = fs::metadata(path).map_err(storage(path))?;
    let boundary = inspection.boundary(at);
    let published = if boundary.is_none() { inspection.published_next() } else { 0 };
    let changed = (file.ctime(), file.ctime_nsec());
    Ok(((file.dev(), file.ino()), About { length: file.len(), changed, end: (boundary, published) }))
}

/// Forgets files that are not there any more.
pub(crate) fn forget(remembered: &mut Remembered, seen: &HashSet<(u64, u64)>) {
    remembered.0.retain(|file, _| seen.contains(file));
}
