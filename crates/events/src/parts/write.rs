//! Writes a part: rows in order, a group at a time, each byte hashed on its way to the disk.
//!
//! Invariant: a part that is not finished leaves no file.

mod columns;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use base::Rng;
use base::id::EnvironmentId;
use keys::KeyKind;
use parquet::arrow::ArrowWriter;
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;

use super::error::PartError;
use super::format::KeyNote;
use super::keys::PartKeys;
use super::manifest::{Bounds, PartEntry};
use super::note::NOTE_KEY;
use super::row::Row;
use super::schema::{self, PropertyColumn};
use crate::disk;
use columns::Builders;

/// What all parts of an environment are made with.
#[derive(Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) environment: EnvironmentId,
    pub(crate) keys: &'a dyn PartKeys,
    pub(crate) rng: &'a dyn Rng,
    pub(crate) group_rows: usize,
}

/// A part in the making.
pub(crate) struct PartWriter {
    path: PathBuf,
    note: KeyNote,
    slice: i64,
    writer: Option<ArrowWriter<Hashed>>,
    builders: Builders,
    group_rows: usize,
    names: BTreeSet<u32>,
    logs: BTreeSet<u64>,
    bounds: Option<Bounds>,
    rows: u64,
}

/// A file, with the hash and length of what was written.
struct Hashed {
    file: File,
    hash: Context,
    length: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        disk::write_whole_at(&self.file, bytes, self.length)?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What went wrong, as the operating system said it if it did.
fn failed(path: &Path) -> impl FnOnce(ParquetError) -> PartError {
    let path = path.to_owned();
    move |error| {
        let source = match error {
            ParquetError::External(error) => match error.downcast::<io::Error>() {
                Ok(error) => *error,
                Err(error) => io::Error::other(error),
            },
            other => io::Error::other(other),
        };
        PartError::Storage { path, source }
    }
}

impl PartWriter {
    /// Begins a part of a slice with columns of their own for these properties.
    pub(crate) fn create(maker: Maker<'_>, slice: i64, plan: Vec<PropertyColumn>) -> Result<Self, PartError> {
        let (key_version, key) = maker.keys.primary(KeyKind::Part, maker.environment)?;
        let note = KeyNote { environment: maker.environment, part: maker.rng.bytes(), key_version };
        let (sealed, part_key) = note.seal(&key, maker.rng);
        let path = maker.folder.join(super::file_name(note.part));
        let encryption = FileEncryptionProperties::builder(part_key.expose().to_vec())
            .with_footer_key_metadata(sealed)
            .with_aad_prefix(note.identity());
        let schema = schema::schema(&plan);
        let properties = encryption
            .build()
            .and_then(|encryption| Ok(schema::properties()?.with_file_encryption_properties(encryption).build()))
            .map_err(failed(&path))?;
        let file = disk::create_new(&path).map_err(PartError::storage(&path))?;
        let hashed = Hashed { file, hash: Context::new(&SHA256), length: 0 };
        let mut part = Self {
            path,
            note,
            slice,
            writer: None,
            builders: Builders::new(schema.clone(), plan),
            group_rows: maker.group_rows,
            names: BTreeSet::new(),
            logs: BTreeSet::new(),
            bounds: None,
            rows: 0,
        };
        let writer = ArrowWriter::try_new(hashed, schema, Some(properties)).map_err(failed(&part.path))?;
        part.writer = Some(writer);
        Ok(part)
    }

    /// Adds a row; they come in order.
    pub(crate) fn push(&mut self, row: &Row<'_>) -> Result<(), PartError> {
        self.names.insert(row.name);
        self.logs.insert(row.log);
        let here = Bounds::of(row);
        self.bounds = Some(self.bounds.map_or(here, |bounds| bounds.with(&here)));
        self.builders.push(row).map_err(|error| PartError::damaged(&self.path, error))?;
        self.rows += 1;
        if self.builders.rows() >= self.group_rows { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), PartError> {
        if self.builders.rows() == 0 {
            return Ok(());
        }
        let batch = self.builders.take().map_err(|error| PartError::damaged(&self.path, error))?;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.write(&batch).and_then(|()| writer.flush()).map_err(failed(&self.path))
    }

    /// Writes what is left and syncs the file; not yet its folder. Without rows there is no part.
    pub(crate) fn finish(mut self) -> Result<Option<PartEntry>, PartError> {
        self.flush()?;
        let Some(bounds) = self.bounds else { return Ok(None) };
        let Some(mut writer) = self.writer.take() else { return Ok(None) };
        let note = self.builders.described();
        let note = serde_json::to_string(&note).map_err(|error| PartError::damaged(&self.path, error))?;
        writer.append_key_value_metadata(KeyValue::new(NOTE_KEY.to_owned(), note));
        // This writes the footer.
        let hashed = writer.into_inner().map_err(failed(&self.path)).inspect_err(|_| self.remove())?;
        hashed.file.sync_all().map_err(PartError::storage(&self.path)).inspect_err(|_| self.remove())?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(hashed.hash.finish().as_ref());
        Ok(Some(PartEntry {
            id: self.note.part,
            slice: self.slice,
            rows: self.rows,
            bytes: hashed.length,
            sha256,
            key_version: self.note.key_version,
            bounds,
            names: self.names.iter().copied().collect(),
            logs: self.logs.iter().copied().collect(),
            erasures: 0,
        }))
    }

    fn remove(&self) {
        // Should this fail, the next process that writes here removes it: no manifest names it.
        let _ = fs::remove_file(&self.path);
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            self.remove();
        }
    }
}
