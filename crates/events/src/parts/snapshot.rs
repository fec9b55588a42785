//! Reading an environment's parts, in any process: a snapshot is one generation of the manifest with its parts open.
//!
//! Files that a later generation no longer names may be removed meanwhile: who has them open goes on reading them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base::id::EnvironmentId;

use super::error::PartError;
use super::format::PartId;
use super::keys::PartKeys;
use super::manifest::{Erased, MANIFEST, Manifest};
use super::read::Part;
use super::source::{Hidden, PartSource};
use crate::columns::Source;
use crate::record::{Arrival, Event, LogId};

/// Reads the parts of an environment.
pub struct PartReader {
    folder: PathBuf,
    environment: EnvironmentId,
    keys: Arc<dyn PartKeys>,
    latest: Mutex<Option<Latest>>,
}

/// The newest snapshot, and the file that it was made from.
struct Latest {
    file: (u64, u64, i64, i64),
    snapshot: Arc<Snapshot>,
    parts: HashMap<PartId, Arc<Part>>,
}

/// What the parts hold at one moment.
#[derive(Default)]
pub struct Snapshot {
    generation: u64,
    parts: Vec<Arc<Part>>,
    sources: Vec<Arc<dyn Source>>,
    names: Arc<Vec<Arc<str>>>,
    sealed: BTreeMap<LogId, u64>,
    erased: Erased,
    erasures: u64,
    retained: Option<i64>,
}

/// What tells what one snapshot hides from what another does: how often somebody was erased, and since when events are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hides {
    erasures: u64,
    retained: Option<i64>,
}

impl Snapshot {
    /// Shows every event, part by part in the order of person, time and arrival, exactly as the log had it.
    pub fn scan(&self, each: impl FnMut(Arrival, Event)) -> Result<(), PartError> {
        self.scan_named(None, each)
    }

    /// The same for events of these names only, if they are given; parts that have none of them are not read.
    pub(crate) fn scan_named(
        &self,
        names: Option<&BTreeSet<&str>>,
        mut each: impl FnMut(Arrival, Event),
    ) -> Result<(), PartError> {
        let wanted = |code: u32| {
            names.is_none_or(|names| self.names.get(code as usize).is_none_or(|name| names.contains(name.as_ref())))
        };
        for part in self.parts.iter().filter(|part| part.entry.names.iter().any(|code| wanted(*code))) {
            let damaged = |error| PartError::damaged(&part.path, error);
            for group in 0..part.groups.len() {
                let rows = part.group(group)?;
                for row in 0..rows.rows() {
                    let mut row = rows.row(row).map_err(damaged)?;
                    if !wanted(row.name)
                        || self.is_erased(row.person)
                        || self.retained.is_some_and(|before| row.time < before)
                    {
                        continue;
                    }
                    if self.is_erased_personally(row.person) {
                        row.sealed.clear();
                    }
                    each(row.arrival(), row.to_event(&self.names).map_err(damaged)?);
                }
            }
        }
        Ok(())
    }

    /// One more at each change.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// What it hides.
    pub(crate) const fn hides(&self) -> Hides {
        Hides { erasures: self.erasures, retained: self.retained }
    }

    /// The parts. Who is erased and what is retained no more does not show in them.
    pub fn sources(&self) -> &[Arc<dyn Source>] {
        &self.sources
    }

    /// The sequence up to which a log is in the parts: its tail begins behind it.
    pub fn sealed(&self, log: LogId) -> u64 {
        self.sealed.get(&log).copied().unwrap_or(0)
    }

    /// The logs of which something is in the parts.
    pub fn logs(&self) -> impl Iterator<Item = LogId> + '_ {
        self.sealed.keys().copied()
    }

    /// Whether a person's events are gone: they are to be left out of the tail as well.
    pub fn is_erased(&self, person: u64) -> bool {
        self.erased.whole.contains(&person)
    }

    /// Whether a person's personal properties are gone.
    pub fn is_erased_personally(&self, person: u64) -> bool {
        self.erased.personal.contains(&person)
    }

    /// Events timed before this are gone, in microseconds: they are to be left out of the tail as well.
    pub const fn retained(&self) -> Option<i64> {
        self.retained
    }
}

/// How often a manifest is read again because its parts were merged while they were opened.
const TRIES: u32 = 8;

impl PartReader {
    /// Of an environment whose parts may be there or not.
    pub fn new(data: &Path, environment: EnvironmentId, keys: Arc<dyn PartKeys>) -> Self {
        Self { folder: super::folder(data, environment), environment, keys, latest: Mutex::default() }
    }

    /// What is there now. Cheap if nothing changed since the last time.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, PartError> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        for attempt in 1.. {
            let Some(file) = self.file()? else { return Ok(Arc::default()) };
            if let Some(latest) = latest.as_ref().filter(|latest| latest.file == file) {
                return Ok(Arc::clone(&latest.snapshot));
            }
            match self.load(latest.as_ref(), file) {
                Ok(loaded) => {
                    let snapshot = Arc::clone(&loaded.snapshot);
                    *latest = Some(loaded);
                    return Ok(snapshot);
                }
                Err(error) if attempt == TRIES || self.file()? == Some(file) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(Arc::default())
    }

    /// What tells one manifest from the next without reading it.
    fn file(&self) -> Result<Option<(u64, u64, i64, i64)>, PartError> {
        let path = self.folder.join(MANIFEST);
        match fs::metadata(&path) {
            Ok(file) => Ok(Some((file.ino(), file.len(), file.ctime(), file.ctime_nsec()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PartError::storage(&path)(error)),
        }
    }

    fn load(&self, before: Option<&Latest>, file: (u64, u64, i64, i64)) -> Result<Latest, PartError> {
        let keys = self.keys.as_ref();
        let manifest = Manifest::load(&self.folder, self.environment, keys)?.unwrap_or_default();
        let names: Arc<Vec<Arc<str>>> = Arc::new(manifest.names.iter().map(|name| Arc::from(name.as_str())).collect());
        let hidden = Arc::new(Hidden { erased: manifest.erased.clone(), retained: manifest.retained });
        let (mut open, mut parts) = (HashMap::new(), Vec::new());
        let mut sources = Vec::<Arc<dyn Source>>::new();
        for entry in &manifest.parts {
            let part = match before.and_then(|before| before.parts.get(&entry.id)) {
                Some(part) => Arc::clone(part),
                None => Arc::new(Part::open(&self.folder, self.environment, entry.clone(), keys)?),
            };
            open.insert(entry.id, Arc::clone(&part));
            parts.push(Arc::clone(&part));
            let hidden = manifest.is_due(entry).then(|| Arc::clone(&hidden));
            sources.push(Arc::new(PartSource::new(part, Arc::clone(&names), hidden)));
        }
        let sealed = manifest.sealed.iter().map(|(log, upto)| (LogId(*log), *upto)).collect();
        let Manifest { generation, erased, erasures, retained, .. } = manifest;
        let snapshot = Snapshot { generation, parts, sources, names, sealed, erased, erasures, retained };
        Ok(Latest { file, snapshot: Arc::new(snapshot), parts: open })
    }
}

impl std::fmt::Debug for PartReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartReader").field("environment", &self.environment).finish_non_exhaustive()
    }
}
