//! Cutting sources by person, and working on the pieces with several threads.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Control, QueryError};
use crate::columns::Source;

/// Sources, as questions get them.
pub(super) type Sources = [Arc<dyn Source>];

/// As many rows as are worth a chunk.
const LEAST: u64 = 32_768;
/// As many rows as one may have, or else memory would grow with the number of events.
const MOST: u64 = 1 << 20;

/// Ranges of people that together are everybody, each with about as many rows.
pub(super) fn chunks(sources: &Sources, control: &Control) -> Vec<RangeInclusive<u64>> {
    let rows: u64 = sources.iter().map(|source| source.rows()).sum();
    let suits = || (rows / (control.thread_count() as u64 * 4)).clamp(LEAST, MOST);
    let target = control.chunk_rows().unwrap_or_else(suits);
    let mut splits: Vec<_> = sources.iter().flat_map(|source| source.splits()).collect();
    splits.sort_unstable();
    let (mut chunks, mut start, mut gathered) = (Vec::new(), 0, 0);
    for split in splits {
        if gathered >= target && split.person > start {
            chunks.push(start..=split.person - 1);
            (start, gathered) = (split.person, 0);
        }
        gathered += split.rows;
    }
    chunks.push(start..=u64::MAX);
    chunks
}

/// Sources in the order of their first time.
pub(super) fn in_time_order(sources: &Sources) -> Vec<Arc<dyn Source>> {
    let mut sources = sources.to_vec();
    sources.sort_by_key(|source| *source.time().start());
    sources
}

/// Has several threads work through numbered items, each with a state of its own; the answer is the states.
pub(super) fn each<S: Send>(
    control: &Control,
    items: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<(), QueryError> + Sync,
) -> Result<Vec<S>, QueryError> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = state();
        loop {
            let item = next.fetch_add(1, Ordering::Relaxed);
            if item >= items {
                return Ok(state);
            }
            control.check()?;
            if let Err(error) = work(&mut state, item) {
                next.store(items, Ordering::Relaxed);
                return Err(error);
            }
        }
    };
    let threads = control.thread_count().min(items);
    if threads <= 1 {
        return Ok(vec![run()?]);
    }
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut states = vec![run()];
        for other in others {
            states.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        states.into_iter().collect()
    })
}
