//! The file that a writer appends to.

use std::fs::{self, File};
use std::io;
use std::sync::Arc;

use base::{Secret, Timestamp};

use super::plan::Plan;
use crate::disk;
use crate::error::AppendError;
use crate::format::{FileName, Header, Prologue};
use crate::index::{Frame, Holds, LogFile};
use crate::log::Log;

/// A file begun by this process, all of whose writes and syncs succeeded.
pub(super) struct OpenFile {
    handle: File,
    file: Arc<LogFile>,
    /// The index's number for it.
    number: u32,
    length: u64,
    /// Where its frames begin.
    start: u64,
    opened: Timestamp,
    /// Bytes to be written, kept between groups.
    buffer: Vec<u8>,
}

impl OpenFile {
    /// Begins a file with a key of its own, sealed under the version that is primary when it is there; durable with its folder when this returns.
    pub(super) fn create(log: &Log, first: u64) -> Result<Self, AppendError> {
        let mut primary = log.shared.keys.primary(log.folder.environment)?;
        loop {
            let (version, key) = primary;
            let file = Self::make(log, first, version, &key).map_err(|error| AppendError::storage(&error))?;
            // Whoever destroys a version looks for its files after another one became primary. This file was there before that
            // only if its version still is primary; else it may have been missed, and nothing is in it yet.
            primary = match log.shared.keys.primary(log.folder.environment) {
                Ok((now, _)) if now == version => return Ok(file),
                other => {
                    file.discard_if_empty();
                    other?
                }
            };
        }
    }

    fn make(log: &Log, first: u64, key_version: u32, key: &Secret<[u8; 32]>) -> io::Result<Self> {
        disk::create_folders(&log.folder.path)?;
        let (mut name, rng) = (FileName { first, attempt: 0 }, log.shared.rng.as_ref());
        let (path, handle) = loop {
            let path = log.folder.path.join(name.to_string());
            match disk::create_new(&path) {
                Ok(handle) => break (path, handle),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => name = name.next(),
                Err(error) => return Err(error),
            }
        };
        let header = Header {
            environment: log.folder.environment,
            edge: log.folder.edge.clone(),
            file: rng.bytes(),
            first,
            opened: log.shared.clock.now(),
            key_version,
        };
        let (bytes, file_key) = header.seal(key, rng);
        let written = disk::write_whole_at(&handle, &bytes, 0)
            .and_then(|()| handle.sync_all())
            .and_then(|()| disk::sync_folders(&log.folder.path, &log.folder.root));
        written.inspect_err(|_| {
            // Nothing of worth is in it; if even this fails, the next file takes another name.
            let _ = fs::remove_file(&path);
        })?;
        let file = Arc::new(LogFile { path, id: header.file, key: file_key });
        let length = bytes.len() as u64;
        let number = log.index_mut().add_file(Arc::clone(&file));
        Ok(Self { handle, file, number, length, start: length, opened: header.opened, buffer: Vec::new() })
    }

    /// Whether the next group belongs into another file.
    pub(super) fn is_done(&self, log: &Log) -> bool {
        let age = log.shared.clock.now().since(self.opened);
        self.length >= log.shared.options.roll_bytes || age >= log.shared.options.roll_age
    }

    /// Writes a group's frames and syncs them. After an error the file must not be used again.
    pub(super) fn append(&mut self, plan: &Plan<'_>, next: u64) -> Result<Vec<Frame>, AppendError> {
        let mut placed = Vec::with_capacity(plan.frames.len());
        self.buffer.clear();
        for (frame, sequence) in plan.frames.iter().zip(next..) {
            let from = self.buffer.len();
            let packed = &frame.packed;
            let (raw_length, codec) = (packed.raw_length, packed.codec);
            let prologue = Prologue { durable: next, count: frame.count, raw_length, codec };
            let sealed = self.file.key.seal(sequence, prologue, &packed.payload, &mut self.buffer);
            sealed.map_err(|error| AppendError::Storage(error.to_string().into()))?;
            let place = |value: u64| u32::try_from(value).map_err(|_| AppendError::TooLarge);
            let offset = place(self.length + from as u64)?;
            let length = place((self.buffer.len() - from) as u64)?;
            placed.push(Frame { sequence, file: self.number, offset, length, holds: Holds::default() });
        }
        disk::write_whole_at(&self.handle, &self.buffer, self.length).map_err(|error| AppendError::storage(&error))?;
        self.handle.sync_data().map_err(|error| AppendError::storage(&error))?;
        self.length += self.buffer.len() as u64;
        Ok(placed)
    }

    pub(super) fn id(&self) -> [u8; 16] {
        self.file.id
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Removes the file if nothing in it was ever acknowledged, so that a full device is not filled with such files.
    pub(super) fn discard_if_empty(self) {
        if self.length == self.start {
            // Should this fail, the file stays: the next one goes on at its first sequence and so voids it.
            let _ = fs::remove_file(&self.file.path);
        }
    }
}
