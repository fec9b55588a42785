//! What of the logs is not in parts yet: the frames behind what was sealed, of every edge that appends in this data folder.
//!
//! Read from the files, so that it makes no difference who appends. Frames that are not known to be durable wait.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base::id::EnvironmentId;

use super::error::PartError;
use crate::disk;
use crate::encoding::packed;
use crate::format::FileName;
use crate::inspect::{Candidate, Folder, Inspection, inspect};
use crate::log_keys::LogKeys;
use crate::record::{Arrival, LogId};
use crate::recover::unpack;
use crate::report::{Finding, FindingKind};
use crate::scan::Segment;

/// A frame's events, unpacked.
pub(crate) struct Frame {
    pub(crate) log: LogId,
    pub(crate) sequence: u64,
    pub(crate) block: Vec<u8>,
}

/// How much is read at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl Limit {
    pub(crate) const fn is_reached(self, tail: &Tail) -> bool {
        tail.events >= self.events || tail.bytes >= self.bytes
    }
}

/// Some frames of all logs.
#[derive(Default)]
pub(crate) struct Tail {
    pub(crate) frames: Vec<Frame>,
    pub(crate) events: usize,
    /// Of the frames, unpacked.
    pub(crate) bytes: usize,
    /// Up to which sequence each log was looked at.
    pub(crate) upto: BTreeMap<u64, u64>,
    /// Acknowledged frames that cannot be read any more.
    pub(crate) lost: Vec<Finding>,
    /// Whether more lies behind.
    pub(crate) more: bool,
    /// Which files each log has.
    pub(crate) files: Vec<Files>,
    /// Why a log is not among these: what it has does not follow what is sealed of it.
    pub(crate) held_back: Option<PartError>,
}

/// A log's files.
pub(crate) struct Files {
    pub(crate) log: LogId,
    /// Up to this sequence they are gone.
    pub(crate) trimmed: u64,
    /// Their first sequences and ids. Of those that begin at the same one, the last: the others failed before it.
    pub(crate) firsts: BTreeMap<u64, Option<[u8; 16]>>,
}

impl Frame {
    /// Its events' bytes.
    pub(crate) fn events(&self) -> impl Iterator<Item = (Arrival, &[u8])> {
        let arrival = |index| Arrival { log: self.log, sequence: self.sequence, index };
        packed(&self.block).zip(0..).map(move |(event, index)| (arrival(index), event))
    }
}

/// Reads frames behind those that are sealed, log by log, until there is as much as the limit or more.
pub(crate) fn read(
    data: &Path,
    environment: EnvironmentId,
    keys: &dyn LogKeys,
    sealed: &BTreeMap<u64, u64>,
    limit: Limit,
) -> Result<Tail, PartError> {
    let mut tail = Tail::default();
    let logs = data.join("log");
    for edge in disk::names(&logs).map_err(PartError::storage(&logs))? {
        let folder = Folder::new(data, &edge, environment);
        if !folder.path.is_dir() {
            continue;
        }
        let log = LogId::of(&edge, environment);
        let after = sealed.get(&log.0).copied().unwrap_or(0);
        let inspection = inspect(folder, keys)?;
        let id = |file: &Candidate| file.state.as_ref().ok().map(|opened| opened.file.id);
        let firsts = inspection.files.iter().map(|file| (file.name.first, id(file))).collect();
        let files = Files { log, trimmed: inspection.report.trimmed.upto, firsts };
        match read_log(&mut tail, log, after, inspection, limit) {
            Ok(()) => tail.files.push(files),
            Err(error @ (PartError::Gap { .. } | PartError::Behind { .. })) => {
                tail.held_back.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(tail)
}

fn read_log(tail: &mut Tail, log: LogId, after: u64, inspection: Inspection, limit: Limit) -> Result<(), PartError> {
    if let Some(first) = inspection.files.first().map(|file| file.name.first)
        && first > after + 1
    {
        return Err(PartError::Gap { log: log.0, sealed: after, first });
    }
    let mut upto = after;
    for (at, Candidate { name: FileName { first, .. }, state, .. }) in inspection.files.iter().enumerate() {
        let end = inspection.boundary(at);
        if end.is_some_and(|end| end <= after + 1) {
            continue;
        }
        if limit.is_reached(tail) {
            tail.more = true;
            break;
        }
        let Ok(opened) = state else {
            if let Some((finding, _)) = inspection.judge_unusable(at).filter(|(_, torn)| !torn) {
                if finding.kind == FindingKind::Key {
                    // The key may come: what is in the file is not lost.
                    return Err(PartError::damaged(&finding.file, finding.reason));
                }
                upto = upto.max(finding.frames.end.saturating_sub(1)).max(first.saturating_sub(1));
                tail.lost.push(finding);
            }
            continue;
        };
        let path = &opened.file.path;
        let bytes = std::fs::read(path).map_err(PartError::storage(path))?;
        let judged = inspection.judge(at, opened, &bytes);
        if end.is_none() && judged.next <= after {
            return Err(PartError::Behind { log: log.0, sealed: after, last: judged.next.saturating_sub(1) });
        }
        // Of the last file, only what is known to be durable: its later frames may be in the page cache alone.
        let durable = end.unwrap_or_else(|| durable(&inspection, &judged.frames));
        let whole = judged.frames.iter().filter_map(|segment| match *segment {
            Segment::Whole { sequence, offset, .. } if sequence > after && sequence < durable => {
                Some((sequence, offset))
            }
            _ => None,
        });
        let mut full = false;
        for (sequence, offset) in whole {
            if limit.is_reached(tail) {
                (tail.more, full) = (true, true);
                break;
            }
            match unpack(&opened.file, sequence, &bytes[offset..]) {
                Ok((block, count)) => {
                    tail.events += count as usize;
                    tail.bytes += block.len();
                    tail.frames.push(Frame { log, sequence, block });
                }
                Err(reason) => tail.lost.push(lost(path.clone(), sequence, offset, reason)),
            }
            upto = sequence;
        }
        if full {
            break;
        }
        let losses = judged.findings.into_iter().filter(|finding| finding.kind.is_loss());
        tail.lost.extend(losses.filter(|finding| finding.frames.end > after + 1));
        upto = upto.max(judged.next.min(durable).saturating_sub(1));
    }
    tail.upto.insert(log.0, upto);
    Ok(())
}

fn lost(file: PathBuf, sequence: u64, offset: usize, reason: String) -> Finding {
    let bytes = offset as u64..offset as u64;
    Finding { kind: FindingKind::Damaged, file, bytes, frames: sequence..sequence + 1, reason }
}

/// Below this the last file's frames are known to be durable.
fn durable(inspection: &Inspection, frames: &[Segment]) -> u64 {
    let carried = frames.iter().map(|segment| match segment {
        Segment::Whole { durable, .. } => *durable,
        Segment::Broken { .. } => 0,
    });
    carried.max().unwrap_or(0).max(inspection.published_next())
}

impl Tail {
    /// Whether there is nothing to seal and nothing was passed over.
    pub(crate) fn is_empty(&self, sealed: &BTreeMap<u64, u64>) -> bool {
        self.upto.iter().all(|(log, upto)| sealed.get(log).copied().unwrap_or(0) >= *upto)
    }
}
