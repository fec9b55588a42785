//! The bytes of the log's files, as `docs/formats/event-log.md` tells them: header, frames, durable offset, names.
//!
//! Invariants: what is in clear tells nothing personal (magic, version, ids, numbers, lengths); every other byte is
//! authenticated together with its place, so that nothing can be changed, moved, dropped in the middle or swapped
//! between files without being seen.

mod durable;
mod frame;
mod header;
mod name;

pub(crate) use durable::Durable;
pub(crate) use frame::{Codec, FRAME_OVERHEAD, FileKey, FrameError, MAX_BLOCK, PROLOGUE, Prologue};
pub(crate) use header::{Header, MAX_EDGE_NAME};
pub(crate) use name::FileName;

/// Reads fixed-size numbers off the front of some bytes.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}
