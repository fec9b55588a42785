//! Walks the frames of one file's bytes: what is whole, what is broken, what comes behind it.

use crate::format::{FRAME_OVERHEAD, FileKey, FrameError, PROLOGUE};

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment {
    Whole {
        sequence: u64,
        offset: usize,
        length: usize,
        durable: u64,
    },
    /// Bytes that are not the frame of `sequence`; `next` is the sequence of the whole frame behind them.
    Broken {
        sequence: u64,
        next: Option<u64>,
        offset: usize,
        length: usize,
        error: FrameError,
    },
}

impl Segment {
    pub(crate) const fn sequence(&self) -> u64 {
        match self {
            Self::Whole { sequence, .. } | Self::Broken { sequence, .. } => *sequence,
        }
    }

    pub(crate) const fn offset(&self) -> usize {
        match self {
            Self::Whole { offset, .. } | Self::Broken { offset, .. } => *offset,
        }
    }
}

/// Every stretch from `offset` on, where the frame of `sequence` should begin.
pub(crate) fn scan(key: &FileKey, bytes: &[u8], mut offset: usize, mut sequence: u64) -> Vec<Segment> {
    let mut segments = Vec::with_capacity(bytes.len() / (FRAME_OVERHEAD + PROLOGUE + 4096) + 1);
    while offset < bytes.len() {
        match key.open(sequence, &bytes[offset..]) {
            Ok((block, length)) => {
                segments.push(Segment::Whole { sequence, offset, length, durable: block.prologue.durable });
                offset += length;
                sequence += 1;
            }
            Err(error) => {
                let found = key.find(&bytes[offset..], sequence);
                let length = found.map_or(bytes.len() - offset, |(at, _)| at);
                let next = found.map(|(_, next)| next);
                segments.push(Segment::Broken { sequence, next, offset, length, error });
                offset += length;
                sequence = next.unwrap_or(sequence);
            }
        }
    }
    segments
}
