//! The blocks that readers used last, unpacked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::record::LogId;

type Key = (LogId, u64);

/// Keeps so many bytes of blocks; the one used longest ago goes first.
pub(crate) struct BlockCache {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bytes: usize,
    blocks: VecDeque<(Key, Arc<Vec<u8>>)>,
}

impl BlockCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    pub(crate) fn get(&self, key: Key) -> Option<Arc<Vec<u8>>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let at = state.blocks.iter().position(|(held, _)| *held == key)?;
        let entry = state.blocks.remove(at)?;
        let block = Arc::clone(&entry.1);
        state.blocks.push_front(entry);
        Some(block)
    }

    pub(crate) fn put(&self, key: Key, block: Arc<Vec<u8>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.bytes += block.len();
        state.blocks.push_front((key, block));
        while state.bytes > self.capacity {
            let Some((_, oldest)) = state.blocks.pop_back() else { break };
            state.bytes -= oldest.len();
        }
    }
}
