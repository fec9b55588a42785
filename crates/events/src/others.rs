//! Logs that other processes append to, read as they grow.
//!
//! Each is taken in up to its published durable offset and no further: frames below it are final, so what was read once
//! is never read again and never taken back. Whoever asks a question takes in first what came since, and so sees what
//! the other process acknowledged before the question was asked.
//!
//! Invariant: nothing here writes. What is missing or damaged is reported and passed over, once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base::id::EnvironmentId;

use crate::disk;
use crate::encoding::Events;
use crate::error::{OpenError, ReadError};
use crate::format::{Durable, FileName};
use crate::index::{Frame, Holds, LogFile};
use crate::inspect::{Folder, candidate};
use crate::log::{Log, Shared};
use crate::log_keys::LogKeyError;
use crate::report::FindingKind;

/// How often a published offset is read that was being overwritten.
const LOOKS: u32 = 16;

/// The logs of other edges in this data folder, as far as they were read; and which folders could not be read, as was reported.
#[derive(Default)]
pub(crate) struct Others(Mutex<HashMap<(String, EnvironmentId), Arc<Followed>>>, Mutex<HashSet<PathBuf>>);

/// A log that another process appends to.
struct Followed {
    log: Arc<Log>,
    place: Mutex<Place>,
}

/// How far a log was read.
struct Place {
    /// Every frame below this sequence was taken in, or is lost.
    next: u64,
    file: Option<Reading>,
    /// Files that are not usable, as was reported.
    unusable: BTreeSet<FileName>,
}

/// The file in which reading goes on.
struct Reading {
    name: FileName,
    file: Arc<LogFile>,
    number: u32,
    offset: u64,
}

impl Others {
    /// The logs of an environment but for this edge's own, each as it is now.
    pub(crate) fn of(
        &self,
        root: &Path,
        own: Option<&str>,
        environment: EnvironmentId,
        shared: &Arc<Shared>,
    ) -> Result<Vec<Arc<Log>>, ReadError> {
        let mut logs = Vec::new();
        for edge in edges(root, own)? {
            let folder = Folder::new(root, &edge, environment);
            if is_there(&folder.path)? {
                logs.push(self.log(folder, shared)?);
            }
        }
        Ok(logs)
    }

    /// Up to which sequence a log was read; what is missing below was passed over.
    pub(crate) fn read_to(&self, folder: &Folder) -> u64 {
        let logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let followed = logs.get(&(folder.edge.clone(), folder.environment));
        followed.map_or(0, |followed| followed.place.lock().unwrap_or_else(PoisonError::into_inner).next - 1)
    }

    /// The logs of all environments, as far as they can be read; what keeps one from being read is reported once.
    pub(crate) fn all(&self, root: &Path, own: Option<&str>, shared: &Arc<Shared>) -> Result<Vec<Arc<Log>>, ReadError> {
        let mut logs = Vec::new();
        for edge in edges(root, own)? {
            let folder = root.join("log").join(&edge);
            let names = disk::names(&folder).map_err(storage(&folder));
            for environment in self.or_report(&folder, names).iter().flatten().filter_map(|name| name.parse().ok()) {
                let of = Folder::new(root, &edge, environment);
                let path = of.path.clone();
                logs.extend(self.or_report(&path, self.log(of, shared)));
            }
        }
        Ok(logs)
    }

    /// What was read; or nothing, and its reason is said, unless it was said before.
    fn or_report<T>(&self, path: &Path, read: Result<T, ReadError>) -> Option<T> {
        let mut reported = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(read) => {
                reported.remove(path);
                Some(read)
            }
            Err(error) => {
                if reported.insert(path.to_owned()) {
                    tracing::error!(%error, "an event log of another process cannot be read");
                }
                None
            }
        }
    }

    fn log(&self, folder: Folder, shared: &Arc<Shared>) -> Result<Arc<Log>, ReadError> {
        let followed = {
            let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let of = (folder.edge.clone(), folder.environment);
            let begin = || Arc::new(Followed::new(Log::of_others(folder, Arc::clone(shared))));
            Arc::clone(logs.entry(of).or_insert_with(begin))
        };
        followed.catch_up()?;
        Ok(Arc::clone(&followed.log))
    }
}

/// The edges that have logs here.
fn edges(root: &Path, own: Option<&str>) -> Result<Vec<String>, ReadError> {
    let folder = root.join("log");
    let mut edges = disk::names(&folder).map_err(storage(&folder))?;
    edges.retain(|edge| crate::open::is_edge_name(edge) && Some(edge.as_str()) != own);
    Ok(edges)
}

/// Whether a folder is there. One that may not be entered, or that nobody can say of, is an error: its events are not none.
fn is_there(path: &Path) -> Result<bool, ReadError> {
    match fs::metadata(path) {
        Ok(there) => Ok(there.is_dir()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(storage(path)(error)),
    }
}

fn storage(path: &Path) -> impl FnOnce(io::Error) -> ReadError {
    let path = path.to_owned();
    move |source| ReadError::Storage { path, source }
}

impl Followed {
    fn new(log: Log) -> Self {
        Self { log: Arc::new(log), place: Mutex::new(Place { next: 1, file: None, unusable: BTreeSet::new() }) }
    }

    /// Takes in what became durable since.
    fn catch_up(&self) -> Result<(), ReadError> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = &self.log.folder.path;
        self.log.forget_trimmed()?;
        place.next = place.next.max(self.log.index().trimmed() + 1);
        // The offset first: the files below it are there by then.
        let Some(durable) = published(folder)?.filter(|durable| durable.next > place.next) else { return Ok(()) };
        let names = disk::names(folder).map_err(storage(folder))?;
        // Again: what was trimmed before the files were listed is known by then, and is not missing.
        self.log.forget_trimmed()?;
        place.next = place.next.max(self.log.index().trimmed() + 1);
        let mut files: Vec<FileName> = names.iter().filter_map(|name| FileName::parse(name)).collect();
        files.sort_unstable();
        while place.next < durable.next {
            let begun = files.partition_point(|file| file.first <= place.next);
            // A file ends where the next begins: what it holds beyond was never acknowledged.
            let end = files.get(begun).map_or(durable.next, |next| next.first.min(durable.next));
            let from = place.next;
            let next = match self.file(&mut place, &files[..begun])? {
                Some(reading) => self.read(reading, from, end)?,
                None => from,
            };
            if next < end {
                let environment = self.log.folder.environment;
                tracing::error!(%environment, edge = self.log.folder.edge, from = next, to = end, "frames are missing");
            }
            place.next = end;
        }
        Ok(())
    }

    /// Where reading goes on: in the newest file that can be opened of those that begin at or before it.
    fn file<'a>(&self, place: &'a mut Place, begun: &[FileName]) -> Result<Option<&'a mut Reading>, ReadError> {
        for name in begun.iter().rev() {
            if place.file.as_ref().is_some_and(|reading| reading.name == *name) {
                break;
            }
            let path = self.log.folder.path.join(name.to_string());
            let (folder, keys) = (&self.log.folder, self.log.shared.keys.as_ref());
            let candidate = candidate(folder, *name, path.clone(), keys).map_err(|error| match error {
                // That it is gone has to be told from what else may be wrong.
                OpenError::Storage { path, source } => ReadError::Storage { path, source },
                other => ReadError::Storage { path: path.clone(), source: io::Error::other(other) },
            })?;
            match candidate.state {
                Ok(opened) => {
                    let number = self.log.index_mut().add_file(Arc::clone(&opened.file));
                    let offset = opened.start as u64;
                    place.file = Some(Reading { name: *name, file: opened.file, number, offset });
                    break;
                }
                Err((FindingKind::Key, reason)) => return Err(ReadError::Key { path, source: LogKeyError(reason) }),
                Err((_, reason)) if place.unusable.insert(*name) => {
                    tracing::warn!(file = %path.display(), reason, "a file of the event log is unusable");
                }
                Err(_) => {}
            }
        }
        Ok(place.file.as_mut())
    }

    /// Takes in a file's frames from one sequence up to another; the sequence that follows the last.
    fn read(&self, reading: &mut Reading, mut next: u64, end: u64) -> Result<u64, ReadError> {
        let bytes = tail(&reading.file.path, reading.offset)?;
        let mut at = 0;
        while next < end && at < bytes.len() {
            match self.take(reading, next, at, &bytes[at..]) {
                Ok(length) => at += length,
                Err(reason) => {
                    let (file, offset) = (reading.file.path.display(), reading.offset + at as u64);
                    tracing::error!(%file, offset, sequence = next, reason, "a frame of the event log is damaged");
                    let Some((to, sequence)) = reading.file.key.find(&bytes[at..], next + 1) else { break };
                    (at, next) = (at + to, sequence);
                    continue;
                }
            }
            next += 1;
        }
        reading.offset += at as u64;
        Ok(next.min(end))
    }

    /// Takes in one frame; how many bytes it has.
    fn take(&self, reading: &Reading, sequence: u64, at: usize, bytes: &[u8]) -> Result<usize, String> {
        let (block, length) = reading.file.key.open(sequence, bytes).map_err(|error| error.to_string())?;
        let block = block.unpack().map_err(|error| error.to_string())?;
        let place = |value: u64| u32::try_from(value).map_err(|_| "the file is too long".to_owned());
        let (offset, size) = (place(reading.offset + at as u64)?, place(length as u64)?);
        let holds: Result<Holds, _> = {
            let mut names = self.log.names();
            Events::of(&block).map(|event| event.map(|event| names.code(event.name))).collect()
        };
        let holds = holds.map_err(|error| error.to_string())?;
        self.log.index_mut().add_frame(Frame { sequence, file: reading.number, offset, length: size, holds });
        Ok(length)
    }
}

/// The published offset; none if none was published, or it cannot be read for now.
fn published(folder: &Path) -> Result<Option<Durable>, ReadError> {
    let path: PathBuf = folder.join(Durable::FILE_NAME);
    for _ in 0..LOOKS {
        match fs::read(&path) {
            Ok(bytes) => {
                if let Some(durable) = Durable::from_bytes(&bytes) {
                    return Ok(Some(durable));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(storage(&path)(error)),
        }
        std::thread::yield_now();
    }
    tracing::warn!(file = %path.display(), "the published offset of an event log cannot be read");
    Ok(None)
}

/// A file's bytes from an offset on.
fn tail(path: &Path, offset: u64) -> Result<Vec<u8>, ReadError> {
    let read = || {
        let file = File::open(path)?;
        let length = file.metadata()?.len().saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    };
    read().map_err(storage(path))
}
