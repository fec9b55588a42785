//! Frames: a block of events, compressed, sealed under the file's key together with its place in the log.

use base::Secret;
use keys::aead::{Aad, AeadKey, NONCE_LEN, TAG_LEN};

use super::Bytes;

/// Bytes of a frame before and after its ciphertext.
pub(crate) const FRAME_OVERHEAD: usize = LENGTH + NONCE_LEN + TAG_LEN;
/// Bytes of a block's own head, which is sealed but not compressed.
pub(crate) const PROLOGUE: usize = 18;
/// Bytes of the largest block before compression. Greater claims are refused before memory is taken.
pub(crate) const MAX_BLOCK: usize = 16 << 20;

/// What is sealed here is a frame of a log file.
const LABEL: &str = "pilotfish/log-frame/v1";
const LENGTH: usize = 4;
const KIND_EVENTS: u8 = 1;

/// How a block's payload is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Raw,
    Zstd,
}

/// What stands before a block's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prologue {
    /// When this frame was written, every frame below this sequence was durable.
    pub(crate) durable: u64,
    /// How many events.
    pub(crate) count: u32,
    /// Bytes of the payload before compression.
    pub(crate) raw_length: u32,
    pub(crate) codec: Codec,
}

/// What a frame holds, once opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) prologue: Prologue,
    pub(crate) payload: Vec<u8>,
}

/// Why a frame can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the file ends within the frame")]
    Short,
    #[error("the frame's length is impossible")]
    Length,
    #[error("the frame is another one than belongs here")]
    Sequence,
    #[error("the frame does not authenticate")]
    Unauthentic,
    #[error("the frame's block cannot be read")]
    Block,
}

/// A file's own key and id: what seals and opens its frames.
pub(crate) struct FileKey {
    file: [u8; 16],
    key: AeadKey,
}

impl FileKey {
    pub(crate) fn new(file: [u8; 16], key: &Secret<[u8; 32]>) -> Self {
        Self { file, key: AeadKey::new(key) }
    }

    /// A counter, since the key is the file's own and a file has one writer, once: 4 bytes of the file's id, which make
    /// a frame findable behind a broken one, then the sequence.
    fn nonce(&self, sequence: u64) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        nonce[..4].copy_from_slice(&self.file[..4]);
        nonce[4..].copy_from_slice(&sequence.to_be_bytes());
        nonce
    }

    fn aad(&self, sequence: u64) -> Aad {
        Aad::new(LABEL).bytes(&self.file).u64(sequence)
    }

    /// Appends a frame to what will be written.
    pub(crate) fn seal(
        &self,
        sequence: u64,
        prologue: Prologue,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let sealed = PROLOGUE + payload.len() + TAG_LEN;
        let length = u32::try_from(NONCE_LEN + sealed).map_err(|_| FrameError::Length)?;
        let nonce = self.nonce(sequence);
        out.reserve(LENGTH + length as usize);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&nonce);
        let from = out.len();
        out.push(KIND_EVENTS);
        out.push(u8::from(prologue.codec == Codec::Zstd));
        out.extend_from_slice(&prologue.durable.to_le_bytes());
        out.extend_from_slice(&prologue.count.to_le_bytes());
        out.extend_from_slice(&prologue.raw_length.to_le_bytes());
        out.extend_from_slice(payload);
        let tag = self.key.seal_in_place(nonce, &self.aad(sequence), &mut out[from..]);
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// Opens the frame that begins `bytes`; with how many bytes it takes.
    pub(crate) fn open(&self, sequence: u64, bytes: &[u8]) -> Result<(Block, usize), FrameError> {
        let mut reader = Bytes(bytes);
        let length = u32::from_le_bytes(reader.array().ok_or(FrameError::Short)?) as usize;
        if !(NONCE_LEN + PROLOGUE + TAG_LEN..=MAX_BLOCK * 2).contains(&length) {
            return Err(FrameError::Length);
        }
        let mut reader = Bytes(reader.slice(length).ok_or(FrameError::Short)?);
        let nonce = reader.array().ok_or(FrameError::Short)?;
        if nonce != self.nonce(sequence) {
            return Err(FrameError::Sequence);
        }
        let mut opened = reader.0.to_vec();
        let opened_len = self.key.open_with_nonce(nonce, &self.aad(sequence), &mut opened).map(|opened| opened.len());
        opened.truncate(opened_len.map_err(|_| FrameError::Unauthentic)?);
        let block = Block::read(opened).ok_or(FrameError::Block)?;
        Ok((block, LENGTH + length))
    }

    /// The first whole frame of `sequence` or later within `bytes`: its offset and sequence.
    pub(crate) fn find(&self, bytes: &[u8], sequence: u64) -> Option<(usize, u64)> {
        let mut from = LENGTH;
        while let Some(at) = bytes.get(from..)?.windows(4).position(|window| window == &self.file[..4]) {
            let at = from + at;
            let number = bytes.get(at + 4..)?.first_chunk().map(|number| u64::from_be_bytes(*number))?;
            if number >= sequence && self.open(number, &bytes[at - LENGTH..]).is_ok() {
                return Some((at - LENGTH, number));
            }
            from = at + 1;
        }
        None
    }
}

impl Block {
    fn read(mut opened: Vec<u8>) -> Option<Self> {
        let mut reader = Bytes(&opened);
        let [kind, codec] = reader.array()?;
        let durable = u64::from_le_bytes(reader.array()?);
        let count = u32::from_le_bytes(reader.array()?);
        let raw_length = u32::from_le_bytes(reader.array()?);
        let codec = match codec {
            0 => Codec::Raw,
            1 => Codec::Zstd,
            _ => return None,
        };
        if kind != KIND_EVENTS || raw_length as usize > MAX_BLOCK {
            return None;
        }
        let payload = opened.split_off(PROLOGUE);
        Some(Self { prologue: Prologue { durable, count, raw_length, codec }, payload })
    }

    /// The events' bytes.
    pub(crate) fn unpack(self) -> Result<Vec<u8>, FrameError> {
        let raw_length = self.prologue.raw_length as usize;
        let raw = match self.prologue.codec {
            Codec::Raw => self.payload,
            Codec::Zstd => zstd::bulk::decompress(&self.payload, raw_length).map_err(|_| FrameError::Block)?,
        };
        if raw.len() == raw_length { Ok(raw) } else { Err(FrameError::Block) }
    }
}
