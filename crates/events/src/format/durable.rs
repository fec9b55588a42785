//! The durable offset: a lower bound of what was synced, for recovery and for other processes that read the log.
//!
//! One sector, overwritten in place after each `fdatasync` of the log and never synced itself: other processes see it at
//! once through the page cache, and a crash of the machine may leave an older one, which is still true.

use aws_lc_rs::digest;

use super::Bytes;

const MAGIC: &[u8; 8] = b"PFDUR\r\n\x1a";
const SUMMED: usize = 8 + 16 + 8 + 8;

/// Every frame below `next` is durable; in the file it names that is everything below `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Durable {
    pub(crate) file: [u8; 16],
    pub(crate) next: u64,
    pub(crate) offset: u64,
}

impl Durable {
    pub(crate) const FILE_NAME: &'static str = "durable";

    pub(crate) fn to_bytes(self) -> [u8; SUMMED + 8] {
        let mut bytes = [0; SUMMED + 8];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..24].copy_from_slice(&self.file);
        bytes[24..32].copy_from_slice(&self.next.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.offset.to_le_bytes());
        let sum = checksum(&bytes[..SUMMED]);
        bytes[SUMMED..].copy_from_slice(&sum);
        bytes
    }

    /// `None` for what is damaged or not one.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (summed, sum) = bytes.split_at_checked(SUMMED)?;
        if sum != checksum(summed) {
            return None;
        }
        let mut reader = Bytes(summed.strip_prefix(MAGIC)?);
        let (file, next, offset) = (reader.array()?, reader.array()?, reader.array()?);
        Some(Self { file, next: u64::from_le_bytes(next), offset: u64::from_le_bytes(offset) })
    }
}

/// The first 8 bytes of SHA-256: against decay. Against forgery it would not help to do more, since an older genuine
/// file can always be put back.
fn checksum(bytes: &[u8]) -> [u8; 8] {
    let digest = digest::digest(&digest::SHA256, bytes);
    let mut sum = [0; 8];
    sum.copy_from_slice(&digest.as_ref()[..8]);
    sum
}
