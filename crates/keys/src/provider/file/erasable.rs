//! An environment's erasable keys: one file of fixed size, overwritten in place.
//!
//! ```text
//! file  header 512 bytes (magic 16 │ environment 16 │ zeros), then 256 slots of 512 bytes, one per bucket
//! slot  4 cells of 128 bytes
//! cell  zeros, or: format u8 = 1 │ root version u32 │ version u32 │ created i64 (µs) │ public 32 │
//!       nonce 12 │ private half 32, sealed under the root key │ tag 16 │ 19 zeros
//! ```
//! A new version goes to a free cell and is synced before the old cell is touched; the old cell is overwritten with
//! zeros and synced. So at no moment is neither there, a torn cell does not open and counts as free, and after
//! [`ErasableFile::destroy`] the old bytes are gone from the file. Four cells leave room to write a version anew under
//! another root key in the middle of a rotation. Processes keep out of each other's way with a lock on the file.

pub(super) mod places;
mod rewrap;

use super::FileProvider;
use crate::aead::{self, Aad};
use crate::provider::{BUCKETS, ErasablePublic, KeyProvider as _, ProviderError};
use crate::{PrivateKey, PublicKey, SecretKey, kem};
use base::id::EnvironmentId;
use base::{Rng, Secret, Timestamp};
use places::Handles;
use rustix::fs::FlockOperation;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

const MAGIC: &[u8; 16] = b"pilotfish-erase\x01";
const HEADER_LEN: usize = 512;
const CELL_LEN: usize = 128;
const CELLS: usize = 4;
const SLOT_LEN: usize = CELL_LEN * CELLS;
pub(super) const FILE_LEN: usize = HEADER_LEN + BUCKETS * SLOT_LEN;
const CELL_FORMAT: u8 = 1;
const PUBLIC_AT: usize = 17;
const SEALED_AT: usize = 49;
const SEALED_END: usize = SEALED_AT + 32 + aead::OVERHEAD;

/// An open file.
pub(super) struct ErasableFile {
    path: PathBuf,
    second: Option<PathBuf>,
    environment: EnvironmentId,
    handles: Mutex<Handles>,
}

/// A version that opened.
struct Key {
    version: u32,
    created_at: Timestamp,
    public: PublicKey,
    private: PrivateKey,
}

/// A slot as it was read.
struct Slot {
    cells: [[u8; CELL_LEN]; CELLS],
    keys: Vec<Key>,
    /// Some cell is well formed and does not open.
    refused: bool,
}

impl Slot {
    fn newest(&self) -> Option<&Key> {
        self.keys.iter().max_by_key(|key| key.version)
    }
}

impl ErasableFile {
    /// The public half of the newest version.
    pub(super) fn newest(&self, bucket: u8, provider: &FileProvider) -> Result<ErasablePublic, ProviderError> {
        self.locked(provider, |file| {
            let slot = self.read(file, bucket, provider)?;
            let key = slot.newest().ok_or_else(|| self.unopened(&slot, bucket, 0, provider))?;
            Ok(self.public(bucket, key))
        })
    }

    /// The private half of a version.
    pub(super) fn private(
        &self,
        bucket: u8,
        version: u32,
        provider: &FileProvider,
    ) -> Result<PrivateKey, ProviderError> {
        self.locked(provider, |file| {
            let slot = self.read(file, bucket, provider)?;
            if let Some(key) = slot.keys.iter().find(|key| key.version == version) {
                return Ok(key.private.clone());
            }
            let environment = self.environment;
            match slot.newest() {
                Some(newest) if version < newest.version && !slot.refused => {
                    Err(ProviderError::ErasableDestroyed { environment, bucket, version })
                }
                Some(_) => Err(ProviderError::ErasableUnreadable { environment, bucket, version }),
                None => Err(self.unopened(&slot, bucket, version, provider)),
            }
        })
    }

    /// Adds a version newer than `after`, unless there is one.
    pub(super) fn rotate(
        &self,
        bucket: u8,
        after: u32,
        provider: &FileProvider,
    ) -> Result<ErasablePublic, ProviderError> {
        self.changing(provider, |file| {
            let slot = self.read(file, bucket, provider)?;
            let newest = slot.newest().ok_or_else(|| self.unopened(&slot, bucket, 0, provider))?;
            if newest.version > after {
                return Ok(self.public(bucket, newest));
            }
            let (environment, version) = (self.environment, newest.version + 1);
            let free = slot.free_cell().ok_or(ProviderError::ErasableFull { environment, bucket })?;
            let (cell, public) = self.new_cell(bucket, version, provider)?;
            self.write(file, bucket, free, &cell)?;
            Ok(ErasablePublic { environment, bucket, version, public })
        })
    }

    /// Overwrites a version that is not the newest.
    pub(super) fn destroy(&self, bucket: u8, version: u32, provider: &FileProvider) -> Result<(), ProviderError> {
        self.changing(provider, |file| {
            let slot = self.read(file, bucket, provider)?;
            let environment = self.environment;
            let newest = slot.newest().ok_or_else(|| self.unopened(&slot, bucket, version, provider))?;
            if version == newest.version {
                return Err(ProviderError::ErasableInUse { environment, bucket, version });
            }
            if version > newest.version {
                return Err(ProviderError::ErasableUnreadable { environment, bucket, version });
            }
            // Whatever is well formed and says this version goes, and so does what is torn.
            for (index, cell) in slot.cells.iter().enumerate() {
                let torn = *cell != [0; CELL_LEN] && !is_well_formed(cell);
                if torn || is_well_formed(cell) && version_of(cell) == version {
                    self.write(file, bucket, index, &[0; CELL_LEN])?;
                }
            }
            Ok(())
        })
    }

    /// The file's bytes, for the escrow.
    pub(super) fn bytes(&self, provider: &FileProvider) -> Result<Secret<Vec<u8>>, ProviderError> {
        self.locked(provider, |file| {
            let mut bytes = vec![0; FILE_LEN];
            file.read_exact_at(&mut bytes, 0).map_err(|source| self.io(source))?;
            Ok(Secret::new(bytes))
        })
    }

    fn public(&self, bucket: u8, key: &Key) -> ErasablePublic {
        ErasablePublic { environment: self.environment, bucket, version: key.version, public: key.public }
    }

    fn new_cell(
        &self,
        bucket: u8,
        version: u32,
        provider: &FileProvider,
    ) -> Result<([u8; CELL_LEN], PublicKey), ProviderError> {
        let place = Place { environment: self.environment, bucket, version, created_at: provider.clock.now() };
        let (root_version, root) = provider.primary()?;
        Ok(new_cell(&place, root_version, &root, &*provider.rng))
    }

    /// Nothing in the slot opens: is the root key wrong, or are the bytes broken?
    fn unopened(&self, slot: &Slot, bucket: u8, version: u32, provider: &FileProvider) -> ProviderError {
        if slot.refused {
            return ProviderError::WrongRootKey { provider: provider.name() };
        }
        ProviderError::ErasableUnreadable { environment: self.environment, bucket, version }
    }

    /// Reads while nobody changes the file.
    fn locked<T>(
        &self,
        provider: &FileProvider,
        work: impl FnOnce(&File) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        self.follow(&mut handles, provider)?;
        self.hold(&handles.first, FlockOperation::LockShared)?;
        let done = work(&handles.first);
        self.hold(&handles.first, FlockOperation::Unlock)?;
        done
    }

    /// Changes the file, and the second place after it; nothing if the second place cannot be had.
    fn changing<T>(
        &self,
        provider: &FileProvider,
        work: impl FnOnce(&File) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        self.follow(&mut handles, provider)?;
        self.hold(&handles.first, FlockOperation::LockExclusive)?;
        let changed = self.agree(&mut handles, provider).and_then(|()| {
            let done = work(&handles.first);
            let agreed = self.agree(&mut handles, provider);
            done.and_then(|done| agreed.map(|()| done))
        });
        self.hold(&handles.first, FlockOperation::Unlock)?;
        changed
    }

    fn hold(&self, file: &File, operation: FlockOperation) -> Result<(), ProviderError> {
        rustix::fs::flock(file, operation).map_err(|error| self.io(error.into()))
    }

    fn read(&self, file: &File, bucket: u8, provider: &FileProvider) -> Result<Slot, ProviderError> {
        let mut slot = Slot { cells: [[0; CELL_LEN]; CELLS], keys: Vec::new(), refused: false };
        let mut bytes = [0; SLOT_LEN];
        file.read_exact_at(&mut bytes, offset(bucket, 0)).map_err(|source| self.io(source))?;
        slot.fill(&bytes, self.environment, bucket, provider);
        Ok(slot)
    }

    fn write(&self, file: &File, bucket: u8, index: usize, cell: &[u8; CELL_LEN]) -> Result<(), ProviderError> {
        let written = file.write_all_at(cell, offset(bucket, index)).and_then(|()| file.sync_data());
        written.map_err(|source| self.io(source))
    }

    fn io(&self, source: std::io::Error) -> ProviderError {
        ProviderError::Io { path: self.path.clone(), source }
    }
}

impl Slot {
    /// Takes over a slot's bytes and opens what opens.
    fn fill(&mut self, bytes: &[u8], environment: EnvironmentId, bucket: u8, provider: &FileProvider) {
        for (cell, read) in self.cells.iter_mut().zip(bytes.chunks_exact(CELL_LEN)) {
            cell.copy_from_slice(read);
            if !is_well_formed(cell) {
                continue;
            }
            match open_cell(cell, environment, bucket, provider) {
                Some(key) => self.keys.push(key),
                None => self.refused = true,
            }
        }
    }

    /// A free cell, or else a torn one.
    fn free_cell(&self) -> Option<usize> {
        let free = self.cells.iter().position(|cell| *cell == [0; CELL_LEN]);
        free.or_else(|| self.cells.iter().position(|cell| !is_well_formed(cell)))
    }
}

/// Holds that every pair in a file's bytes opens.
///
/// # Errors
/// [`ProviderError::ErasableUnreadable`] names the first that does not.
pub(super) fn all_open(bytes: &[u8], environment: EnvironmentId, provider: &FileProvider) -> Result<(), ProviderError> {
    for (bucket, slot) in (0..=u8::MAX).zip(bytes[HEADER_LEN..].chunks_exact(SLOT_LEN)) {
        for cell in slot.as_chunks::<CELL_LEN>().0.iter().filter(|cell| is_well_formed(cell)) {
            if open_cell(cell, environment, bucket, provider).is_none() {
                return Err(ProviderError::ErasableUnreadable { environment, bucket, version: version_of(cell) });
            }
        }
    }
    Ok(())
}

/// What a sealed private half is bound to.
struct Place {
    environment: EnvironmentId,
    bucket: u8,
    version: u32,
    created_at: Timestamp,
}

impl Place {
    fn aad(&self, public: &PublicKey) -> Aad {
        Aad::new("pilotfish/erasable-key/v1")
            .bytes(&self.environment.bytes())
            .u8(self.bucket)
            .u32(self.version)
            .bytes(&self.created_at.micros().to_be_bytes())
            .bytes(&public.0)
    }
}

/// The bytes of a new file: version 1 in every bucket.
pub(super) fn new_file(
    environment: EnvironmentId,
    root_version: u32,
    root: &SecretKey,
    created_at: Timestamp,
    rng: &dyn Rng,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FILE_LEN);
    bytes.extend_from_slice(&file_header(environment));
    for bucket in 0..=u8::MAX {
        let place = Place { environment, bucket, version: 1, created_at };
        bytes.extend_from_slice(&new_cell(&place, root_version, root, rng).0);
        bytes.extend_from_slice(&[0; SLOT_LEN - CELL_LEN]);
    }
    bytes
}

/// The first bytes of an environment's file.
pub(super) fn file_header(environment: EnvironmentId) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..16].copy_from_slice(MAGIC);
    header[16..32].copy_from_slice(&environment.bytes());
    header
}

fn new_cell(place: &Place, root_version: u32, root: &SecretKey, rng: &dyn Rng) -> ([u8; CELL_LEN], PublicKey) {
    let (private, public) = kem::generate(rng);
    (sealed_cell(place, &public, &private, root_version, root, rng), public)
}

fn sealed_cell(
    place: &Place,
    public: &PublicKey,
    private: &PrivateKey,
    root_version: u32,
    root: &SecretKey,
    rng: &dyn Rng,
) -> [u8; CELL_LEN] {
    let mut cell = [0; CELL_LEN];
    cell[0] = CELL_FORMAT;
    cell[1..5].copy_from_slice(&root_version.to_be_bytes());
    cell[5..9].copy_from_slice(&place.version.to_be_bytes());
    cell[9..PUBLIC_AT].copy_from_slice(&place.created_at.micros().to_be_bytes());
    cell[PUBLIC_AT..SEALED_AT].copy_from_slice(&public.0);
    cell[SEALED_AT..SEALED_END].copy_from_slice(&aead::seal(root, &place.aad(public), private.expose(), rng));
    cell
}

fn is_well_formed(cell: &[u8; CELL_LEN]) -> bool {
    cell[0] == CELL_FORMAT && cell[SEALED_END..].iter().all(|byte| *byte == 0)
}

fn version_of(cell: &[u8; CELL_LEN]) -> u32 {
    u32::from_be_bytes([cell[5], cell[6], cell[7], cell[8]])
}

fn root_version_of(cell: &[u8; CELL_LEN]) -> u32 {
    u32::from_be_bytes([cell[1], cell[2], cell[3], cell[4]])
}

fn open_cell(cell: &[u8; CELL_LEN], environment: EnvironmentId, bucket: u8, provider: &FileProvider) -> Option<Key> {
    let (_, rest) = cell.split_first()?;
    let (root_version, rest) = rest.split_first_chunk()?;
    let (version, rest) = rest.split_first_chunk()?;
    let (created_at, rest) = rest.split_first_chunk()?;
    let (public, _) = rest.split_first_chunk()?;
    let root = provider.root(u32::from_be_bytes(*root_version)).ok()?;
    let created_at = Timestamp(i64::from_be_bytes(*created_at));
    let place = Place { environment, bucket, version: u32::from_be_bytes(*version), created_at };
    let public = PublicKey(*public);
    let private = aead::open(&root, &place.aad(&public), &cell[SEALED_AT..SEALED_END]).ok()?;
    let private = Secret::new(private.expose().as_slice().try_into().ok()?);
    Some(Key { version: place.version, created_at, public, private })
}

fn offset(bucket: u8, cell: usize) -> u64 {
    (HEADER_LEN + usize::from(bucket) * SLOT_LEN + cell * CELL_LEN) as u64
}
