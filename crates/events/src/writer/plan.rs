//! Which batches go into which frames of a group.

use std::borrow::Cow;

use super::Share;
use crate::log::Log;
use crate::pack::Packed;
use crate::queue::{Job, Piece, Run};

/// The frames of a group.
pub(super) struct Plan<'a> {
    pub(super) frames: Vec<Planned<'a>>,
    /// Per batch, where its events come to lie.
    pub(super) runs: Vec<Vec<Run>>,
}

/// A frame to be sealed.
pub(super) struct Planned<'a> {
    pub(super) packed: Cow<'a, Packed>,
    pub(super) count: u32,
    pub(super) events: Vec<Share>,
}

/// Small batches' bytes, gathered into one block.
#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    count: u32,
    events: Vec<Share>,
}

/// Puts batches that their senders packed into frames of their own, and gathers the others.
pub(super) fn plan<'a>(jobs: &'a [Job], next: u64, log: &Log) -> Plan<'a> {
    let runs = vec![Vec::new(); jobs.len()];
    let mut plan = Plan { frames: Vec::new(), runs };
    let mut gathered = Gathered::default();
    for (number, job) in jobs.iter().enumerate() {
        let mut start = 0;
        for piece in &job.pieces {
            match piece {
                Piece::Packed { packed, count } => {
                    let end = start + *count as usize;
                    plan.add(next, Cow::Borrowed(packed), *count, vec![(number, start..end)]);
                    start = end;
                }
                Piece::Raw { bytes, count } => {
                    let end = start + *count as usize;
                    gathered.bytes.extend_from_slice(bytes);
                    gathered.count += count;
                    gathered.events.push((number, start..end));
                    start = end;
                }
            }
        }
        if gathered.bytes.len() >= log.shared.options.block_bytes {
            plan.close(next, std::mem::take(&mut gathered), log);
        }
    }
    plan.close(next, gathered, log);
    plan
}

impl<'a> Plan<'a> {
    fn close(&mut self, next: u64, gathered: Gathered, log: &Log) {
        if gathered.count > 0 {
            let packed = log.shared.packer.pack(&gathered.bytes);
            self.add(next, Cow::Owned(packed), gathered.count, gathered.events);
        }
    }

    fn add(&mut self, next: u64, packed: Cow<'a, Packed>, count: u32, events: Vec<Share>) {
        let sequence = next + self.frames.len() as u64;
        let mut first = 0;
        for (job, range) in &events {
            let count = u32::try_from(range.len()).unwrap_or(u32::MAX);
            self.runs[*job].push(Run { sequence, first, count });
            first += count;
        }
        self.frames.push(Planned { packed, count, events });
    }
}
