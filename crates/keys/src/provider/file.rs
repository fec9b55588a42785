//! The file provider: the root key in one file, erasable keys in a folder beside it, both outside the data folder.
//!
//! `PATH` holds the root key's versions (text, see [`root_key`]); `PATH.erasable/<environment>` holds 256 slots
//! (binary, see [`erasable`]). Every call finishes without waiting for anything but the disk.

pub(super) mod checks;
mod erasable;
pub(crate) mod escrow;
pub mod private_file;
pub(crate) mod root;
pub(crate) mod root_key;

use crate::aead::{self, Aad};
use crate::provider::{
    Answer, ErasablePlace, ErasablePublic, ErasableVersion, KeyProvider, ProviderError, RootVersion,
};
use crate::wrapped::{FORMAT_LOCAL, HEADER_LEN, LOCAL_LEN, WrappedHeader};
use crate::{KeyState, PrivateKey, SecretKey};
use base::id::EnvironmentId;
use base::{Clock, Rng, Secret, Timestamp};
use erasable::ErasableFile;
use erasable::places::Mended;
use root::{HeldRoot, Root, RootFile};
use root_key::RootKeys;
use rustix::fs::FlockOperation;
use std::collections::HashMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Says in the first place that there was a second one, so that one which is empty is known to be lost.
const SECOND_PLACE: &str = "second-place";

/// Keys in files outside the data folder.
pub struct FileProvider {
    path: PathBuf,
    name: String,
    folder: PathBuf,
    root: Root,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    /// Where the erasable keys are a second time.
    second: Option<PathBuf>,
    open: Mutex<HashMap<EnvironmentId, Arc<ErasableFile>>>,
    /// When something of the first place, and of the second, was mended last.
    mended: Mutex<[Option<Timestamp>; 2]>,
}

impl std::fmt::Debug for FileProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileProvider").field("path", &self.path).finish_non_exhaustive()
    }
}

impl FileProvider {
    /// Makes a root key, durably, with the folders above it; what exists already is never overwritten.
    pub fn create(
        path: &Path,
        data_folder: &Path,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, ProviderError> {
        checks::outside(path, data_folder)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            checks::make_folders(parent)?;
        }
        checks::outside(path, data_folder)?;
        let text = RootKeys::generate(clock.now(), &*rng).text();
        checks::write_new(path, text.expose().as_bytes(), &*rng)?;
        checks::make_folders(&folder_of(path))?;
        Self::open(path, data_folder, clock, rng)
    }

    /// Opens a root key, or says why it must not be used.
    pub fn open(
        path: &Path,
        data_folder: &Path,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, ProviderError> {
        let folder = folder_of(path);
        // That it is missing, or others' too, is said first.
        checks::open_private(path)?.ok_or_else(|| ProviderError::Missing { path: path.to_owned() })?;
        checks::outside(path, data_folder)?;
        checks::outside(&folder, data_folder)?;
        checks::private_folder(&folder)?;
        let root = Root::File(RootFile::open(path)?);
        let (open, mended) = (Mutex::default(), Mutex::default());
        let name = format!("file:{}", path.display());
        Ok(Self { path: path.to_owned(), name, folder, root, clock, rng, second: None, open, mended })
    }

    /// Over a root key that another provider keeps, which goes by this name: the erasable keys alone are files, in this folder.
    pub fn with_root(
        name: String,
        root: HeldRoot,
        folder: &Path,
        data_folder: &Path,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, ProviderError> {
        private_file::folder(folder, data_folder)?;
        let (path, folder) = (folder.to_owned(), folder.to_owned());
        let (open, mended) = (Mutex::default(), Mutex::default());
        Ok(Self { path, name, folder, root: Root::Held(root), clock, rng, second: None, open, mended })
    }

    /// Whether an erasable key is kept under a version of the root key.
    pub fn keeps_under(&self, version: u32) -> Result<bool, ProviderError> {
        for environment in self.environments_now()? {
            if self.file(environment)?.needs_root(version, self)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Keeps the erasable keys a second time in another folder, which follows every change and mends, and is mended by, the
    /// first place. An empty folder is filled.
    pub fn with_second_place(mut self, folder: &Path, data_folder: &Path) -> Result<Self, ProviderError> {
        checks::outside(folder, data_folder)?;
        checks::make_folders(folder)?;
        checks::outside(folder, data_folder)?;
        checks::private_folder(folder)?;
        checks::apart(folder, &self.folder)?;
        checks::make_folders(&self.folder)?;
        let marker = self.folder.join(SECOND_PLACE);
        let is_new = !marker.exists() && self.environments_in(folder)?.is_empty();
        self.second = Some(folder.to_owned());
        if is_new {
            self.tend_now()?;
            // It was filled, not mended.
            *self.mended.lock().unwrap_or_else(PoisonError::into_inner) = [None; 2];
        }
        if !marker.exists() {
            checks::write_new(&marker, folder.as_os_str().as_encoded_bytes(), &*self.rng)?;
        }
        Ok(self)
    }

    /// Where the root key is; of one that is kept elsewhere, the folder of erasable keys.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the erasable keys are.
    pub fn erasable_folder(&self) -> &Path {
        &self.folder
    }

    fn primary(&self) -> Result<(u32, SecretKey), ProviderError> {
        let keys = self.root.current()?;
        let (version, key) = keys.primary();
        Ok((version.version, key.clone()))
    }

    fn wrap_now(&self, context: &Aad, key: &SecretKey) -> Result<Vec<u8>, ProviderError> {
        let (version, root) = self.primary()?;
        let mut wrapped = Vec::with_capacity(LOCAL_LEN);
        wrapped.push(FORMAT_LOCAL);
        wrapped.extend_from_slice(&version.to_be_bytes());
        wrapped.extend_from_slice(&aead::seal(&root, context, key.expose(), &*self.rng));
        Ok(wrapped)
    }

    fn unwrap_now(&self, context: &Aad, wrapped: &[u8]) -> Result<SecretKey, ProviderError> {
        let header = WrappedHeader::parse(wrapped).ok_or(ProviderError::UnknownFormat)?;
        if header.format != FORMAT_LOCAL || wrapped.len() != LOCAL_LEN {
            return Err(ProviderError::UnknownFormat);
        }
        let root = self.root(header.root_version)?;
        let wrong = || ProviderError::WrongRootKey { provider: self.name_now() };
        let plain = aead::open(&root, context, &wrapped[HEADER_LEN..]).map_err(|_| wrong())?;
        plain.expose().as_slice().try_into().map(Secret::new).map_err(|_| wrong())
    }

    fn root(&self, version: u32) -> Result<SecretKey, ProviderError> {
        self.root.version(version, || self.name_now())
    }

    fn name_now(&self) -> String {
        self.name.clone()
    }

    /// Keeps other processes from changing the root key meanwhile.
    fn changing_root<T>(&self, change: impl FnOnce() -> Result<T, ProviderError>) -> Result<T, ProviderError> {
        let failed = |source| ProviderError::Io { path: self.folder.clone(), source };
        let folder = File::open(&self.folder).map_err(failed)?;
        rustix::fs::flock(&folder, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
        change()
    }

    fn rotate_root_now(&self, after: u32) -> Result<RootVersion, ProviderError> {
        checks::make_folders(&self.folder)?;
        self.changing_root(|| {
            let keys = self.root.current()?;
            let (newest, _) = keys.primary();
            if newest.version > after {
                return Ok(newest);
            }
            let keys = keys.rotated(self.clock.now(), &*self.rng);
            self.root.replace(&keys, &self.folder, &*self.rng)?;
            Ok(keys.primary().0)
        })
    }

    fn destroy_root_now(&self, version: u32) -> Result<(), ProviderError> {
        self.changing_root(|| {
            let keys = self.root.current()?;
            match keys.version(version) {
                Some((KeyState::Destroyed, _)) => return Ok(()),
                Some((KeyState::Enabled, _)) => {}
                Some((KeyState::Primary, _)) => return Err(ProviderError::RootInUse { version }),
                None => return Err(ProviderError::UnknownRootVersion { provider: self.name_now(), version }),
            }
            if self.keeps_under(version)? {
                return Err(ProviderError::RootInUse { version });
            }
            self.root.replace(&keys.without(version), &self.folder, &*self.rng)
        })
    }

    fn environment_path(&self, environment: EnvironmentId) -> PathBuf {
        self.folder.join(environment.to_string())
    }

    fn file(&self, environment: EnvironmentId) -> Result<Arc<ErasableFile>, ProviderError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&environment) {
            return Ok(Arc::clone(file));
        }
        let second = self.second.as_ref().map(|folder| folder.join(environment.to_string()));
        let file = Arc::new(ErasableFile::open(self.environment_path(environment), second, environment, self)?);
        open.insert(environment, Arc::clone(&file));
        Ok(file)
    }

    fn create_environment_now(&self, environment: EnvironmentId) -> Result<(), ProviderError> {
        let path = self.environment_path(environment);
        checks::make_folders(&self.folder)?;
        let (version, root) = self.primary()?;
        match self.file(environment) {
            Err(ProviderError::ErasableMissing { .. }) => {}
            other => return other.map(|_| ()),
        }
        let bytes = erasable::new_file(environment, version, &root, self.clock.now(), &*self.rng);
        if let Some(second) = &self.second {
            checks::make_folders(second)?;
            checks::write_new(&second.join(environment.to_string()), &bytes, &*self.rng)?;
        }
        match checks::write_new(&path, &bytes, &*self.rng) {
            Err(ProviderError::AlreadyExists { .. }) | Ok(()) => self.file(environment).map(|_| ()),
            Err(error) => Err(error),
        }
    }

    /// Notes that a place was mended.
    fn mended(&self, place: Mended) {
        let at = usize::from(place == Mended::Second);
        self.mended.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(self.clock.now());
    }

    /// Looks at every environment in both places and mends what is lost.
    fn tend_now(&self) -> Result<(), ProviderError> {
        self.environments_now()?.into_iter().try_for_each(|environment| self.file(environment)?.tend(self))
    }

    fn places_now(&self) -> Vec<ErasablePlace> {
        let failed = self.tend_now().err().map(|error| error.to_string());
        let mended = *self.mended.lock().unwrap_or_else(PoisonError::into_inner);
        let folders = [Some(&self.folder), self.second.as_ref()];
        let place = |(folder, mended_at): (Option<&PathBuf>, _)| {
            Some(ErasablePlace { name: format!("file:{}", folder?.display()), mended_at, failure: failed.clone() })
        };
        folders.into_iter().zip(mended).filter_map(place).collect()
    }

    /// The environments that have erasable keys in either place.
    fn environments_now(&self) -> Result<Vec<EnvironmentId>, ProviderError> {
        let mut found = self.environments_in(&self.folder)?;
        if let Some(second) = &self.second {
            found.extend(self.environments_in(second)?);
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    #[allow(clippy::unused_self, reason = "belongs to the provider")]
    fn environments_in(&self, folder: &Path) -> Result<Vec<EnvironmentId>, ProviderError> {
        let failed = |source| ProviderError::Io { path: folder.to_owned(), source };
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            found.extend(name.to_str().and_then(|name| name.parse::<EnvironmentId>().ok()));
        }
        Ok(found)
    }
}

/// The folder of erasable keys beside a root key.
fn folder_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".erasable");
    PathBuf::from(name)
}

impl KeyProvider for FileProvider {
    fn name(&self) -> String {
        self.name_now()
    }

    fn root_versions(&self) -> Answer<'_, Vec<RootVersion>> {
        Box::pin(async move { Ok(self.root.current()?.versions()) })
    }

    fn rotate_root(&self, after: u32) -> Answer<'_, RootVersion> {
        Box::pin(async move { self.rotate_root_now(after) })
    }

    fn rewrap_own(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.environments_now()?.into_iter().try_for_each(|environment| self.file(environment)?.rewrap(self))
        })
    }

    fn destroy_root(&self, version: u32) -> Answer<'_, ()> {
        Box::pin(async move { self.destroy_root_now(version) })
    }

    fn wrap<'a>(&'a self, context: &'a Aad, key: &'a SecretKey) -> Answer<'a, Vec<u8>> {
        Box::pin(async move { self.wrap_now(context, key) })
    }

    fn unwrap<'a>(&'a self, context: &'a Aad, wrapped: &'a [u8]) -> Answer<'a, SecretKey> {
        Box::pin(async move { self.unwrap_now(context, wrapped) })
    }

    fn create_environment(&self, environment: EnvironmentId) -> Answer<'_, ()> {
        Box::pin(async move { self.create_environment_now(environment) })
    }

    fn environments(&self) -> Answer<'_, Vec<EnvironmentId>> {
        Box::pin(async move { self.environments_now() })
    }

    fn check_environments<'a>(&'a self, known: &'a [EnvironmentId]) -> Answer<'a, ()> {
        Box::pin(async move { known.iter().try_for_each(|environment| self.file(*environment).map(|_| ())) })
    }

    fn erasable_public(&self, environment: EnvironmentId, bucket: u8) -> Answer<'_, ErasablePublic> {
        Box::pin(async move { self.file(environment)?.newest(bucket, self) })
    }

    fn erasable_places(&self) -> Answer<'_, Vec<ErasablePlace>> {
        Box::pin(async move { Ok(self.places_now()) })
    }

    fn erasable_versions(&self, environment: EnvironmentId) -> Answer<'_, Vec<ErasableVersion>> {
        Box::pin(async move { self.file(environment)?.versions(self) })
    }

    fn erasable_private(&self, environment: EnvironmentId, bucket: u8, version: u32) -> Answer<'_, PrivateKey> {
        Box::pin(async move { self.file(environment)?.private(bucket, version, self) })
    }

    fn rotate_erasable(&self, environment: EnvironmentId, bucket: u8, after: u32) -> Answer<'_, ErasablePublic> {
        Box::pin(async move { self.file(environment)?.rotate(bucket, after, self) })
    }

    fn destroy_erasable(&self, environment: EnvironmentId, bucket: u8, version: u32) -> Answer<'_, ()> {
        Box::pin(async move { self.file(environment)?.destroy(bucket, version, self) })
    }
}
