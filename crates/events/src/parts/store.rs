//! The writer of an environment's parts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use base::id::EnvironmentId;
use base::{Clock, Rng};
use keys::KeyKind;

use super::error::PartError;
use super::file_name;
use super::format::PartId;
use super::keys::PartKeys;
use super::manifest::{MANIFEST, Manifest, NEXT, PartEntry};
use super::options::PartOptions;
use super::write::Maker;
use crate::disk;
use crate::log_keys::LogKeys;
use crate::record::LogId;
use crate::trimmed;

/// The file whose lock says that a process writes here.
pub(super) const LOCK: &str = "lock";

/// Writes the parts of an environment. One process at a time has one; its functions take turns.
pub struct Parts {
    pub(super) data: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) environment: EnvironmentId,
    pub(super) keys: Arc<dyn PartKeys>,
    pub(super) log_keys: Arc<dyn LogKeys>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rng: Arc<dyn Rng>,
    pub(super) options: PartOptions,
    state: Mutex<State>,
    progress: RwLock<Progress>,
    /// Held while this process may write.
    _lock: File,
}

/// How far sealing has come, for those who cannot wait for it.
#[derive(Debug, Default)]
struct Progress {
    sealed: BTreeMap<u64, u64>,
    /// Whether the last time failed.
    failed: bool,
}

/// What the writer knows.
#[derive(Default)]
pub(super) struct State {
    pub(super) manifest: Manifest,
    /// Whether it is what is durable on disk.
    settled: bool,
    /// Parts that could not be read: they are not tried again before the next start.
    pub(super) set_aside: BTreeSet<PartId>,
}

impl Parts {
    /// Takes an environment's parts to write them, and removes what a crash left behind. The first time it makes the folder.
    pub fn open(
        data: &Path,
        environment: EnvironmentId,
        keys: Arc<dyn PartKeys>,
        log_keys: Arc<dyn LogKeys>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        options: PartOptions,
    ) -> Result<Self, PartError> {
        let folder = super::folder(data, environment);
        disk::create_folders(&folder).map_err(PartError::storage(&folder))?;
        let path = folder.join(LOCK);
        let lock = disk::open_or_create(&path).map_err(PartError::storage(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(PartError::Locked(folder)),
            Err(fs::TryLockError::Error(error)) => return Err(PartError::storage(&path)(error)),
        }
        let data = data.to_owned();
        let (state, progress) = (Mutex::default(), RwLock::default());
        let parts = Self { data, folder, environment, keys, log_keys, clock, rng, options, state, progress, _lock: lock };
        let sealed = parts.state()?.manifest.sealed.clone();
        parts.progressed(Some(sealed));
        Ok(parts)
    }

    /// When they are sealed and merged.
    pub const fn options(&self) -> &PartOptions {
        &self.options
    }

    /// Whose parts they are.
    pub const fn environment(&self) -> EnvironmentId {
        self.environment
    }

    /// Up to which sequence a log is sealed; nothing if sealing fails. Never waits for who seals.
    pub(crate) fn sealed_of(&self, log: LogId) -> Option<u64> {
        let progress = self.progress.read().unwrap_or_else(PoisonError::into_inner);
        (!progress.failed).then(|| progress.sealed.get(&log.0).copied().unwrap_or(0))
    }

    /// Writes how far sealing has come, or that it failed.
    pub(super) fn progressed(&self, sealed: Option<BTreeMap<u64, u64>>) {
        let mut progress = self.progress.write().unwrap_or_else(PoisonError::into_inner);
        progress.failed = sealed.is_none();
        if let Some(sealed) = sealed {
            progress.sealed = sealed;
        }
    }

    /// The state, as it is on disk: for one that changes it at a time.
    pub(super) fn state(&self) -> Result<MutexGuard<'_, State>, PartError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.settled {
            state.manifest = self.settle()?;
            state.settled = true;
        }
        Ok(state)
    }

    /// The manifest on disk, made durable before anything counts on it; files that it does not name are removed.
    fn settle(&self) -> Result<Manifest, PartError> {
        let at = PartError::storage;
        let manifest = match Manifest::load(&self.folder, self.environment, self.keys.as_ref())? {
            Some(manifest) => {
                let path = self.folder.join(MANIFEST);
                File::open(&path).and_then(|file| file.sync_all()).map_err(at(&path))?;
                manifest
            }
            None => self.begin()?,
        };
        disk::sync_folders(&self.folder, &self.data).map_err(at(&self.folder))?;
        let named: BTreeSet<String> = manifest.parts.iter().map(|part| file_name(part.id)).collect();
        for name in disk::names(&self.folder).map_err(at(&self.folder))? {
            let path = self.folder.join(&name);
            if name == NEXT || name == trimmed::NEXT || name.ends_with(super::SUFFIX) && !named.contains(&name) {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(manifest)
    }

    /// The first manifest, durable before the first part is written: where there are parts, there was one.
    fn begin(&self) -> Result<Manifest, PartError> {
        let names = disk::names(&self.folder).map_err(PartError::storage(&self.folder))?;
        if names.iter().any(|name| name.ends_with(super::SUFFIX)) {
            return Err(PartError::damaged(&self.folder.join(MANIFEST), "it is not there, though parts are"));
        }
        let manifest = Manifest { generation: 1, ..Manifest::default() };
        manifest.store(&self.folder, self.environment, self.keys.as_ref(), self.rng.as_ref())?;
        Ok(manifest)
    }

    /// What parts are made with.
    pub(super) fn maker(&self) -> Maker<'_> {
        Maker {
            folder: &self.folder,
            environment: self.environment,
            keys: self.keys.as_ref(),
            rng: self.rng.as_ref(),
            group_rows: self.options.group_rows,
        }
    }

    /// Makes `next` the state: `new` parts are added, those in `gone` are left out and their files removed. After an error
    /// the disk holds the state before or this one; the next call finds out which.
    pub(super) fn commit(
        &self,
        state: &mut State,
        mut next: Manifest,
        new: Vec<PartEntry>,
        gone: &[PartEntry],
    ) -> Result<(), PartError> {
        state.settled = false;
        let folder = &self.folder;
        // A key that another one took over from while the file was written may be looked for and destroyed: not a file
        // under it may appear behind that.
        let (primary, _) = self.keys.primary(KeyKind::Part, self.environment)?;
        if let Some(part) = new.iter().find(|part| part.key_version != primary) {
            let (path, turned) = (folder.join(file_name(part.id)), "the key turned meanwhile: it is tried again");
            return Err(PartError::storage(&path)(std::io::Error::other(turned)));
        }
        next.generation = state.manifest.generation + 1;
        next.parts.retain(|part| gone.iter().all(|gone| gone.id != part.id));
        next.parts.extend(new);
        if !next.parts.is_empty() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(PartError::storage(folder))?;
        }
        loop {
            let before = self.keys.primary(KeyKind::Dictionary, self.environment)?.0;
            next.store(folder, self.environment, self.keys.as_ref(), self.rng.as_ref())?;
            if self.keys.primary(KeyKind::Dictionary, self.environment)?.0 == before {
                break;
            }
        }
        for part in gone {
            let path = folder.join(file_name(part.id));
            fs::remove_file(&path).map_err(PartError::storage(&path))?;
        }
        if !gone.is_empty() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(PartError::storage(folder))?;
        }
        (state.manifest, state.settled) = (next, true);
        Ok(())
    }
}

pub(super) fn rows(parts: &[PartEntry]) -> u64 {
    parts.iter().map(|part| part.rows).sum()
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("environment", &self.environment).finish_non_exhaustive()
    }
}
