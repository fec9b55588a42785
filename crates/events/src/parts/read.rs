//! Reads a part: its footer once, then the groups and columns that are wanted.
//!
//! The Parquet reader checks every page's tag before it uses it, but trusts some lengths that stand in clear: where a
//! damaged file makes it panic, that is caught here and becomes the same error.
//!
//! Invariant: what is returned was authenticated as this part's; a changed byte is an error, never another answer.

mod group;

use std::fs::File;
use std::io::{self, Read};
use std::ops::{Range, RangeInclusive};
use std::os::unix::fs::FileExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Field;
use base::Secret;
use base::id::EnvironmentId;
use bytes::Bytes;
use keys::KeyKind;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::encryption::decrypt::{FileDecryptionProperties, KeyRetriever};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMask, PageIndexPolicy, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;

use super::error::PartError;
use super::format::KeyNote;
use super::keys::PartKeys;
use super::manifest::PartEntry;
use super::note::{NOTE_KEY, Note};
use super::schema::{self, FIXED, Fixed};
pub(crate) use group::GroupRows;

/// A part that can be read, by several threads at once.
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    pub(crate) entry: PartEntry,
    pub(crate) note: Note,
    pub(crate) groups: Vec<Group>,
    file: Handle,
    metadata: ArrowReaderMetadata,
}

/// A group of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    pub(crate) rows: usize,
    pub(crate) people: (u64, u64),
    pub(crate) time: (i64, i64),
}

/// A page of the people of a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// Its first row within the group.
    pub(crate) start: usize,
    pub(crate) people: (u64, u64),
}

/// A file that is read at places, whoever else reads it.
#[derive(Clone)]
struct Handle {
    file: Arc<File>,
    length: u64,
}

/// Bytes that are read at once while a page's head is looked for: heads have a hundred.
const HEAD: usize = 512;

struct From {
    handle: Handle,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.handle.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Length for Handle {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Handle {
    type T = io::BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(io::BufReader::with_capacity(HEAD, From { handle: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let within = start.checked_add(length as u64).is_some_and(|end| end <= self.length);
        if !within {
            return Err(ParquetError::EOF("a page reaches beyond the file".to_owned()));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// Opens the key that stands in the file, if the file is the part that it should be.
struct Retriever {
    expected: KeyNote,
    key: Secret<[u8; 32]>,
}

impl KeyRetriever for Retriever {
    fn retrieve_key(&self, metadata: &[u8]) -> Result<Vec<u8>, ParquetError> {
        let general = |error: super::format::FormatError| ParquetError::General(error.to_string());
        let note = KeyNote::read(metadata).map_err(general)?;
        if note != self.expected {
            return Err(ParquetError::General("it is another part than its name says".to_owned()));
        }
        Ok(KeyNote::open(metadata, &self.key).map_err(general)?.expose().to_vec())
    }
}

/// Runs what may panic over damaged bytes.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, PartError>) -> Result<T, PartError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(PartError::damaged(path, "its pages make no sense")))
}

impl Part {
    /// Opens a part and reads its footer.
    pub(crate) fn open(
        folder: &Path,
        environment: EnvironmentId,
        entry: PartEntry,
        keys: &dyn PartKeys,
    ) -> Result<Self, PartError> {
        let path = folder.join(super::file_name(entry.id));
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PartError::damaged(&path, "it is not there"),
            _ => PartError::storage(&path)(error),
        })?;
        let length = file.metadata().map_err(PartError::storage(&path))?.len();
        if length != entry.bytes {
            return Err(PartError::damaged(&path, format!("it has {length} bytes instead of {}", entry.bytes)));
        }
        let key = keys.version(KeyKind::Part, environment, entry.key_version)?;
        let expected = KeyNote { environment, part: entry.id, key_version: entry.key_version };
        let handle = Handle { file: Arc::new(file), length };
        let opened = guarded(&path, || Self::footer(&path, &handle, expected, key))?;
        let (metadata, note) = opened;
        let groups = metadata.metadata().row_groups().iter().map(group).collect::<Option<Vec<_>>>();
        let groups = groups.ok_or_else(|| PartError::damaged(&path, "a group does not say what it holds"))?;
        if groups.iter().map(|group| group.rows as u64).sum::<u64>() != entry.rows {
            return Err(PartError::damaged(&path, "it does not hold the rows that the manifest says"));
        }
        Ok(Self { path, entry, note, groups, file: handle, metadata })
    }

    fn footer(
        path: &Path,
        handle: &Handle,
        expected: KeyNote,
        key: Secret<[u8; 32]>,
    ) -> Result<(ArrowReaderMetadata, Note), PartError> {
        let damaged = |error: ParquetError| PartError::damaged(path, error);
        let identity = expected.identity();
        let retriever = Arc::new(Retriever { expected, key });
        let decryption = FileDecryptionProperties::with_key_retriever(retriever).with_aad_prefix(identity);
        let decryption = decryption.build().map_err(damaged)?;
        let options = ArrowReaderOptions::new()
            .with_file_decryption_properties(decryption)
            .with_offset_index_policy(PageIndexPolicy::Optional)
            .with_column_index_policy(PageIndexPolicy::Optional)
            .with_column_index_mask(ColumnChunkMask::columns([Fixed::Person as usize]));
        let loaded = ArrowReaderMetadata::load(handle, options.clone()).map_err(damaged)?;
        let pairs = loaded.metadata().file_metadata().key_value_metadata();
        let note = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == NOTE_KEY)?.value.as_deref());
        let note = note.ok_or_else(|| PartError::damaged(path, "it says nothing of itself"))?;
        let note: Note = serde_json::from_str(note).map_err(|error| PartError::damaged(path, error))?;
        let expected = schema::schema(&note.properties);
        let same = |(a, b): (&Arc<Field>, &Arc<Field>)| a.name() == b.name() && a.data_type() == b.data_type();
        let fields = loaded.schema().fields();
        if fields.len() != expected.fields().len() || !fields.iter().zip(expected.fields()).all(same) {
            return Err(PartError::damaged(path, "it has other columns than it says"));
        }
        Ok((loaded, note))
    }

    /// The rows of a group among which these people's are: those of the pages that may hold them. All of them if the part
    /// does not say who is on which page.
    pub(crate) fn rows_of(&self, group: usize, people: &RangeInclusive<u64>) -> Range<usize> {
        let all = self.groups[group].rows;
        self.pages_of(group, people).unwrap_or(0..all)
    }

    fn pages_of(&self, group: usize, people: &RangeInclusive<u64>) -> Option<Range<usize>> {
        let pages = self.pages(group)?;
        let first = pages.partition_point(|page| page.people.1 < *people.start());
        let behind = pages.partition_point(|page| page.people.0 <= *people.end());
        let start_of = |page: usize| pages.get(page).map_or(self.groups[group].rows, |page| page.start);
        Some(start_of(first)..start_of(behind.max(first)))
    }

    /// Who is on which page of a group, in the order of rows; nothing if the part does not say.
    pub(crate) fn pages(&self, group: usize) -> Option<Vec<Page>> {
        let (index, column) = (self.metadata.metadata().page_index()?, Fixed::Person as usize);
        let ColumnIndexMetaData::INT64(people) = index.column_index(group, column)? else { return None };
        let starts = index.page_locations(group, column)?;
        let (firsts, lasts) = (people.min_values(), people.max_values());
        if firsts.len() != starts.len() || lasts.len() != starts.len() {
            return None;
        }
        let page = |((start, first), last): ((&PageLocation, &i64), &i64)| {
            let start = usize::try_from(start.first_row_index).ok()?;
            Some(Page { start, people: (first.cast_unsigned(), last.cast_unsigned()) })
        };
        let pages: Vec<Page> = starts.iter().zip(firsts).zip(lasts).map(page).collect::<Option<_>>()?;
        let (first, last) = (pages.first()?.start, pages.last()?.start);
        let whole = first == 0 && last <= self.groups[group].rows && pages.is_sorted_by_key(|page| page.start);
        whole.then_some(pages)
    }

    /// Some columns of rows of a group: these, of the rows within `rows`.
    pub(crate) fn batch(&self, group: usize, rows: Range<usize>, columns: &[usize]) -> Result<RecordBatch, PartError> {
        let damaged = |error: ParquetError| PartError::damaged(&self.path, error);
        guarded(&self.path, || {
            let all = self.groups[group].rows;
            let mask = ProjectionMask::leaves(self.metadata.parquet_schema(), columns.iter().copied());
            let mut builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone())
                    .with_row_groups(vec![group])
                    .with_projection(mask)
                    .with_batch_size(rows.len().max(1));
            if rows.len() < all {
                let selection = vec![
                    RowSelector::skip(rows.start),
                    RowSelector::select(rows.len()),
                    RowSelector::skip(all - rows.end),
                ];
                builder = builder.with_row_selection(RowSelection::from(selection));
            }
            let mut reader = builder.build().map_err(damaged)?;
            let batch = reader.next().ok_or_else(|| PartError::damaged(&self.path, "a group is empty"))?;
            let batch = batch.map_err(|error| PartError::damaged(&self.path, error))?;
            if batch.num_rows() == rows.len() {
                Ok(batch)
            } else {
                Err(PartError::damaged(&self.path, "a group lacks rows"))
            }
        })
    }

    /// Every column of a group.
    pub(crate) fn group(&self, group: usize) -> Result<GroupRows, PartError> {
        let columns: Vec<usize> = (0..FIXED + self.note.properties.len()).collect();
        let batch = self.batch(group, 0..self.groups[group].rows, &columns)?;
        GroupRows::new(&batch, &self.note).ok_or_else(|| PartError::damaged(&self.path, "a column has another type"))
    }
}

/// What the footer says of a group.
fn group(metadata: &RowGroupMetaData) -> Option<Group> {
    let of = |column: Fixed| match metadata.column(column as usize).statistics() {
        Some(Statistics::Int64(statistics)) => Some((*statistics.min_opt()?, *statistics.max_opt()?)),
        _ => None,
    };
    let ((first, last), time) = (of(Fixed::Person)?, of(Fixed::Time)?);
    let rows = usize::try_from(metadata.num_rows()).ok()?;
    Some(Group { rows, people: (first.cast_unsigned(), last.cast_unsigned()), time })
}
