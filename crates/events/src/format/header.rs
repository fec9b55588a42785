//! A file's header: whose log, which place in it, and the file's own key, sealed.

use base::id::EnvironmentId;
use base::{Rng, Secret, Timestamp};
use keys::aead::{self, Aad};
use uuid::Uuid;

use super::{Bytes, FileKey};

const MAGIC: &[u8; 8] = b"PFLOG\r\n\x1a";
const VERSION: u16 = 1;
/// What is sealed here is a file's key.
const LABEL: &str = "pilotfish/log-file/v1";
const SEALED_KEY: usize = 32 + aead::OVERHEAD;

/// Bytes of the longest edge name.
pub(crate) const MAX_EDGE_NAME: usize = 64;

/// What a file says of itself, in clear but authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) environment: EnvironmentId,
    pub(crate) edge: String,
    pub(crate) file: [u8; 16],
    /// The sequence of the file's first frame.
    pub(crate) first: u64,
    /// When the file was begun.
    pub(crate) opened: Timestamp,
    /// The version of the environment's log key that seals the file's key.
    pub(crate) key_version: u32,
}

/// Why a header can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("the header is not whole")]
    Short,
    #[error("the header does not begin as a log file does")]
    Magic,
    #[error("the header is of format version {0}, this binary reads {VERSION}")]
    Version(u16),
    #[error("the header does not authenticate")]
    Unauthentic,
}

impl Header {
    /// The header's bytes with a new key for the file, sealed under the environment's.
    pub(crate) fn seal(&self, key: &Secret<[u8; 32]>, rng: &dyn Rng) -> (Vec<u8>, FileKey) {
        let file_key = Secret::new(rng.bytes::<32>());
        let mut bytes = self.clear();
        let sealed = aead::seal(key, &Aad::new(LABEL).bytes(&bytes), file_key.expose(), rng);
        bytes.extend_from_slice(&sealed);
        (bytes, FileKey::new(self.file, &file_key))
    }

    fn clear(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(160);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.environment.bytes());
        bytes.extend_from_slice(&self.file);
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.opened.micros().to_le_bytes());
        bytes.extend_from_slice(&self.key_version.to_le_bytes());
        bytes.push(u8::try_from(self.edge.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(self.edge.as_bytes());
        bytes
    }

    /// What a file's first bytes say, not yet authenticated; and how many bytes that takes.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, usize), HeaderError> {
        let mut reader = Bytes(bytes);
        if &reader.array::<8>().ok_or(HeaderError::Short)? != MAGIC {
            return Err(HeaderError::Magic);
        }
        let version = u16::from_le_bytes(reader.array().ok_or(HeaderError::Short)?);
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        let header = Self::fields(&mut reader).ok_or(HeaderError::Short)?;
        Ok((header, bytes.len() - reader.0.len()))
    }

    fn fields(reader: &mut Bytes<'_>) -> Option<Self> {
        let environment = EnvironmentId(Uuid::from_bytes(reader.array()?));
        let file = reader.array()?;
        let first = u64::from_le_bytes(reader.array()?);
        let opened = Timestamp(i64::from_le_bytes(reader.array()?));
        let key_version = u32::from_le_bytes(reader.array()?);
        let [length] = reader.array()?;
        let edge = String::from_utf8_lossy(reader.slice(length.into())?).into_owned();
        Some(Self { environment, edge, file, first, opened, key_version })
    }

    /// Authenticates the header whose clear part takes `clear` bytes; the file's key, and where its frames begin.
    pub(crate) fn open(
        &self,
        bytes: &[u8],
        clear: usize,
        key: &Secret<[u8; 32]>,
    ) -> Result<(FileKey, usize), HeaderError> {
        let end = clear + SEALED_KEY;
        let sealed = bytes.get(clear..end).ok_or(HeaderError::Short)?;
        let opened = aead::open(key, &Aad::new(LABEL).bytes(&bytes[..clear]), sealed);
        let opened = opened.map_err(|_| HeaderError::Unauthentic)?;
        let file_key = Secret::new(*opened.expose().first_chunk().ok_or(HeaderError::Unauthentic)?);
        Ok((FileKey::new(self.file, &file_key), end))
    }
}
