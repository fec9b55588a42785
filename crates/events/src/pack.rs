//! Compression of blocks, with contexts that are made once and used again.

use std::sync::{Mutex, PoisonError};

use zstd::bulk::Compressor;

use crate::format::Codec;

/// A block's bytes as they will be sealed.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    pub(crate) codec: Codec,
    pub(crate) raw_length: u32,
    pub(crate) payload: Vec<u8>,
}

/// Packs blocks.
pub(crate) struct Packer {
    level: i32,
    idle: Mutex<Vec<Compressor<'static>>>,
}

impl Packer {
    pub(crate) const fn new(level: i32) -> Self {
        Self { level, idle: Mutex::new(Vec::new()) }
    }

    /// Compresses, unless that gains nothing.
    pub(crate) fn pack(&self, raw: &[u8]) -> Packed {
        let raw_length = u32::try_from(raw.len()).unwrap_or(u32::MAX);
        match self.compress(raw) {
            Some(payload) if payload.len() < raw.len() => Packed { codec: Codec::Zstd, raw_length, payload },
            _ => Packed { codec: Codec::Raw, raw_length, payload: raw.to_vec() },
        }
    }

    fn compress(&self, raw: &[u8]) -> Option<Vec<u8>> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut compressor = idle.or_else(|| Compressor::new(self.level).ok())?;
        let payload = compressor.compress(raw).ok();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(compressor);
        payload
    }
}
