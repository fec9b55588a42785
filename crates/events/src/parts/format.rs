//! What is in clear around parts, as `docs/formats/parts.md` tells it: the note by which a part's key is found, and the
//! envelope of the manifest.
//!
//! Invariant: what is in clear tells nothing personal (magic, version, ids, numbers), and is authenticated with what it
//! stands before.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use base::id::EnvironmentId;
use base::{Rng, Secret};
use keys::aead::{self, Aad};
use uuid::Uuid;

use crate::format::Bytes;

const NOTE_MAGIC: &[u8; 8] = b"PFPRT\r\n\x1a";
const MANIFEST_MAGIC: &[u8; 8] = b"PFMAN\r\n\x1a";
const VERSION: u16 = 1;
const NOTE_LABEL: &str = "pilotfish/part-file/v1";
const MANIFEST_LABEL: &str = "pilotfish/parts-manifest/v1";

/// Bytes of a part's note: magic, version, environment, part, key version, sealed key.
const NOTE: usize = 8 + 2 + 16 + 16 + 4 + 32 + aead::OVERHEAD;
const NOTE_CLEAR: usize = NOTE - 32 - aead::OVERHEAD;
const ENVELOPE: usize = 8 + 2 + 16 + 4;

/// A part's id: random, and its file's name.
pub(crate) type PartId = [u8; 16];

/// Why bytes of ours can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    #[error("it does not begin as such a file does")]
    Magic,
    #[error("it is of format version {0}, this binary reads {VERSION}")]
    Version(u16),
    #[error("it belongs to another environment or stands in another's place")]
    Place,
    #[error("it does not authenticate: wrong key or changed bytes")]
    Unauthentic,
    #[error("what it holds cannot be read: {0}")]
    Content(String),
}

/// What stands in a part's file beside its encrypted footer: whose part it is, and its key, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyNote {
    pub(crate) environment: EnvironmentId,
    pub(crate) part: PartId,
    /// The version of the environment's `part` key that seals the part's.
    pub(crate) key_version: u32,
}

impl KeyNote {
    /// The note's bytes, with a new key for the part sealed in them.
    pub(crate) fn seal(&self, key: &Secret<[u8; 32]>, rng: &dyn Rng) -> (Vec<u8>, Secret<[u8; 32]>) {
        let part_key = Secret::new(rng.bytes::<32>());
        let mut bytes = Vec::with_capacity(NOTE);
        bytes.extend_from_slice(NOTE_MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.environment.bytes());
        bytes.extend_from_slice(&self.part);
        bytes.extend_from_slice(&self.key_version.to_le_bytes());
        let sealed = aead::seal(key, &Aad::new(NOTE_LABEL).bytes(&bytes), part_key.expose(), rng);
        bytes.extend_from_slice(&sealed);
        (bytes, part_key)
    }

    /// What a note says, not yet authenticated.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Bytes(bytes);
        head(&mut reader, *NOTE_MAGIC)?;
        let mut fields = || {
            let environment = EnvironmentId(Uuid::from_bytes(reader.array()?));
            let (part, key_version) = (reader.array()?, u32::from_le_bytes(reader.array()?));
            Some(Self { environment, part, key_version })
        };
        fields().filter(|_| bytes.len() == NOTE).ok_or(FormatError::Magic)
    }

    /// Authenticates the note; the part's key.
    pub(crate) fn open(bytes: &[u8], key: &Secret<[u8; 32]>) -> Result<Secret<[u8; 32]>, FormatError> {
        let (clear, sealed) = bytes.split_at_checked(NOTE_CLEAR).ok_or(FormatError::Magic)?;
        let opened = aead::open(key, &Aad::new(NOTE_LABEL).bytes(clear), sealed);
        let opened = opened.map_err(|_| FormatError::Unauthentic)?;
        opened.expose().first_chunk().map(|key| Secret::new(*key)).ok_or(FormatError::Unauthentic)
    }

    /// The note of a file, looked for in its end; nothing if there is none, or no file.
    pub(crate) fn of_file(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let length = file.metadata()?.len();
        let mut tail = [0; 8];
        let Some(at) = length.checked_sub(8) else { return Ok(None) };
        file.read_exact_at(&mut tail, at)?;
        let [a, b, c, d, ..] = tail;
        let footer = u64::from(u32::from_le_bytes([a, b, c, d]));
        let Some(start) = at.checked_sub(footer) else { return Ok(None) };
        // The note stands in what precedes the encrypted footer's ciphertext, within a few dozen bytes.
        let mut bytes = vec![0; usize::try_from(footer.min(1_024)).unwrap_or_default()];
        file.read_exact_at(&mut bytes, start)?;
        let found = bytes.windows(NOTE).find(|window| window.starts_with(NOTE_MAGIC));
        Ok(found.and_then(|note| Self::read(note).ok()))
    }

    /// What every page of the part is authenticated with beside its place: whose it is.
    pub(crate) fn identity(&self) -> Vec<u8> {
        [self.environment.bytes(), self.part].concat()
    }
}

/// The manifest's bytes on disk.
pub(crate) struct Sealed;

impl Sealed {
    /// Compresses and seals.
    pub(crate) fn seal(
        environment: EnvironmentId,
        (version, key): &(u32, Secret<[u8; 32]>),
        content: &[u8],
        rng: &dyn Rng,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(ENVELOPE + content.len() / 2);
        bytes.extend_from_slice(MANIFEST_MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&environment.bytes());
        bytes.extend_from_slice(&version.to_le_bytes());
        let packed = zstd::bulk::compress(content, 3)?;
        let mut plain = u64::try_from(content.len()).unwrap_or(u64::MAX).to_le_bytes().to_vec();
        plain.extend_from_slice(&packed);
        let sealed = aead::seal(key, &Aad::new(MANIFEST_LABEL).bytes(&bytes), &plain, rng);
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// Of which version of the key it is.
    pub(crate) fn key_version(environment: EnvironmentId, bytes: &[u8]) -> Result<u32, FormatError> {
        let mut reader = Bytes(bytes);
        head(&mut reader, *MANIFEST_MAGIC)?;
        let of: [u8; 16] = reader.array().ok_or(FormatError::Magic)?;
        if of != environment.bytes() {
            return Err(FormatError::Place);
        }
        reader.array().map(u32::from_le_bytes).ok_or(FormatError::Magic)
    }

    /// Authenticates and unpacks.
    pub(crate) fn open(bytes: &[u8], key: &Secret<[u8; 32]>) -> Result<Vec<u8>, FormatError> {
        let (clear, sealed) = bytes.split_at_checked(ENVELOPE).ok_or(FormatError::Magic)?;
        let opened = aead::open(key, &Aad::new(MANIFEST_LABEL).bytes(clear), sealed);
        let opened = opened.map_err(|_| FormatError::Unauthentic)?;
        let mut reader = Bytes(opened.expose());
        let length = reader.array().map(u64::from_le_bytes).and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or(FormatError::Unauthentic)?;
        zstd::bulk::decompress(reader.0, length).map_err(|error| FormatError::Content(error.to_string()))
    }

    /// Under which version of the key a file is sealed; nothing if it is none of ours, or gone.
    pub(crate) fn key_version_of(path: &Path) -> io::Result<Option<u32>> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut reader = Bytes(&bytes);
        if head(&mut reader, *MANIFEST_MAGIC).is_err() {
            return Ok(None);
        }
        Ok(reader.array::<16>().and_then(|_| reader.array()).map(u32::from_le_bytes))
    }
}

fn head(reader: &mut Bytes<'_>, magic: [u8; 8]) -> Result<(), FormatError> {
    if reader.array::<8>().as_ref() != Some(&magic) {
        return Err(FormatError::Magic);
    }
    match reader.array().map(u16::from_le_bytes) {
        Some(VERSION) => Ok(()),
        Some(other) => Err(FormatError::Version(other)),
        None => Err(FormatError::Magic),
    }
}
