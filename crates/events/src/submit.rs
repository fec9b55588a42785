//! A sender's side of an append: claim, pack, queue, wait.
//!
//! Who compresses and who seals: a batch large enough to be blocks of its own is packed here, on the sender's thread, so
//! that packing uses all cores and overlaps with the writer's syncs; small batches are left to the writer, which packs
//! many of them into one block (in `bench_log`, blocks of 10 events take 94 bytes an event, of 100 and more 66 to 70).
//! Sealing is the writer's: it needs the sequence, and took a tenth of compression's processor time in a profile of the
//! same run, a four-hundredth of the whole, so that there is nothing to gain by moving it.

use std::sync::Arc;

use crate::batch::{Batch, Encoded};
use crate::dedupe::Claim;
use crate::encoding::put_varint;
use crate::error::AppendError;
use crate::log::Log;
use crate::queue::{Fact, Fate, Job, Piece, verdict};
use crate::record::Arrival;
use crate::writer;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable, and this is where.
    Stored(Arrival),
    /// A copy of it is durable; this one was dropped.
    Duplicate,
}

/// Batches of at least so many bytes are packed by their sender.
const OWN_BLOCK: usize = 16 << 10;

/// A batch on its way.
pub(crate) struct Pending {
    log: Arc<Log>,
    /// Per event whether it is ours to write.
    new: Vec<bool>,
    own: Option<Fate>,
    /// Of the batches that hold copies of ours.
    others: Vec<Fate>,
}

/// Queues a batch. Never waits.
pub(crate) fn submit(log: &Arc<Log>, batch: &Batch) -> Result<Pending, AppendError> {
    if let Some(reason) = &batch.refused {
        return Err(reason.clone());
    }
    log.admits()?;
    let facts = facts(log, batch);
    let (verdict, own) = verdict();
    let (new, others) = claim(log, &facts, &batch.known_as, &own);
    let all_new = !new.contains(&false);
    let facts = if all_new {
        facts
    } else {
        facts.into_iter().zip(&new).filter(|(_, new)| **new).map(|(fact, _)| fact).collect()
    };
    let mut pending = Pending { log: Arc::clone(log), new, own: None, others };
    if !facts.is_empty() {
        let (pieces, bytes) = pack(log, batch, &pending.new);
        writer::enqueue(log, Job { pieces, facts, bytes, verdict })?;
        pending.own = Some(own);
    }
    Ok(pending)
}

fn facts(log: &Log, batch: &Batch) -> Vec<Fact> {
    let codes: Vec<u32> = {
        let mut names = log.names();
        batch.names.iter().map(|name| names.code(name)).collect()
    };
    let fact = |event: &Encoded| Fact { name: codes[event.name], message: event.message };
    batch.events.iter().map(fact).collect()
}

fn claim(log: &Log, facts: &[Fact], mut known_as: &[(usize, [u8; 16])], own: &Fate) -> (Vec<bool>, Vec<Fate>) {
    let mut others: Vec<Fate> = Vec::new();
    let mut dedupe = log.dedupe();
    let claims = facts.iter().enumerate().map(|(index, fact)| {
        let of_this = known_as.iter().take_while(|(of, _)| *of == index).count();
        let (its, rest) = known_as.split_at(of_this);
        known_as = rest;
        match dedupe.claim(fact.message, its, own) {
            Claim::New => true,
            Claim::Duplicate => false,
            Claim::InFlight(fate) => {
                if !others.iter().any(|other| other.same(&fate)) {
                    others.push(fate);
                }
                false
            }
        }
    });
    (claims.collect(), others)
}

/// The events that are new, as pieces, and their bytes before compression.
fn pack(log: &Log, batch: &Batch, new: &[bool]) -> (Vec<Piece>, usize) {
    let mut pieces = Vec::new();
    let own_blocks = batch.bytes.len() >= OWN_BLOCK;
    let room = || Vec::with_capacity(log.shared.options.block_bytes.min(batch.bytes.len() + 2 * batch.events.len()));
    let (mut block, mut count, mut total) = (room(), 0, 0);
    let mut start = 0;
    for (Encoded { end, .. }, new) in batch.events.iter().zip(new) {
        if *new {
            put_varint(&mut block, (end - start) as u64);
            block.extend_from_slice(&batch.bytes[start..*end]);
            count += 1;
        }
        start = *end;
        if own_blocks && block.len() >= log.shared.options.block_bytes {
            total += block.len();
            pieces.push(Piece::Packed { packed: log.shared.packer.pack(&block), count });
            (block, count) = (room(), 0);
        }
    }
    total += block.len();
    if count > 0 && own_blocks {
        pieces.push(Piece::Packed { packed: log.shared.packer.pack(&block), count });
    } else if count > 0 {
        pieces.push(Piece::Raw { bytes: block, count });
    }
    (pieces, total)
}

impl Log {
    /// Refuses at once when more waits than may, or the log is closed.
    fn admits(&self) -> Result<(), AppendError> {
        let queue = self.queue();
        if queue.closed {
            return Err(AppendError::Closed);
        }
        if queue.is_full(self.shared.options.queue_bytes) {
            drop(queue);
            self.count_overloaded();
            return Err(AppendError::Overloaded { retry_after: self.shared.options.retry_after });
        }
        Ok(())
    }
}

impl Pending {
    /// Waits until every event of the batch is durable, its own or the copy that came first.
    pub(crate) async fn outcome(self) -> Result<Vec<Outcome>, AppendError> {
        let runs = match self.own {
            Some(own) => own.learn().await?,
            None => Arc::default(),
        };
        for other in self.others {
            other.learn().await?;
        }
        let log = self.log.id;
        let mut stored = runs.iter().flat_map(|run| {
            (run.first..run.first + run.count).map(|index| Arrival { log, sequence: run.sequence, index })
        });
        let outcome = |new| if new { stored.next() } else { None }.map_or(Outcome::Duplicate, Outcome::Stored);
        Ok(self.new.into_iter().map(outcome).collect())
    }
}
