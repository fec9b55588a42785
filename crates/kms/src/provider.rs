//! The provider: the root key in `root.kms`, opened by KMS at the start; the erasable keys beside it.
//!
//! Several processes may share the folder. Each looks whether the file is another one before it uses the root key, and has
//! KMS open the versions that it does not know yet.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::id::EnvironmentId;
use base::{Clock, Rng, Secret, Timestamp};
use keys::{
    Aad, Answer, ErasablePlace, ErasablePublic, ErasableVersion, FileProvider, KeyProvider, KeyState, PrivateKey,
    ProviderError, RootKeys, RootVersion, SecretKey, private_file,
};
use tokio::sync::Mutex;

use crate::client::{KmsClient, KmsError};
use crate::sealed_root::{SealedRoot, SealedVersion};

const FILE: &str = "root.kms";
const ERASABLE: &str = "erasable";

/// AWS KMS, and a folder.
pub struct KmsProvider {
    client: KmsClient,
    folder: PathBuf,
    inner: FileProvider,
    /// The file that was read last. Held while it is read or changed.
    read: Mutex<LastRead>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// Tells one file from another that took its place.
type Stamp = (u64, u64, i64, i64);

/// What was read last.
struct LastRead {
    stamp: Option<Stamp>,
    /// When a newer file could not be opened.
    failed_at: Option<Timestamp>,
}

/// How long it is waited after a newer file could not be opened.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

impl KmsProvider {
    /// Whether a root key is in this folder.
    pub fn exists(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// Makes a root key and has KMS seal it. Does nothing if there is one.
    pub async fn create(
        client: &KmsClient,
        folder: &Path,
        data_folder: &Path,
        clock: &dyn Clock,
        rng: &dyn Rng,
    ) -> Result<(), ProviderError> {
        private_file::folder(folder, data_folder)?;
        let key = Secret::new(rng.bytes());
        let first = sealed(client, &key, 1, clock).await?;
        match private_file::write_new(&folder.join(FILE), &SealedRoot::of(first).text(), rng) {
            // Another process that shares the folder was quicker.
            Err(ProviderError::AlreadyExists { .. }) => Ok(()),
            other => other,
        }
    }

    /// Opens the root key that is there.
    pub async fn open(
        client: KmsClient,
        folder: &Path,
        data_folder: &Path,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, ProviderError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(ProviderError::Missing { path });
        }
        private_file::folder(folder, data_folder)?;
        let file = read(&path)?;
        let root = opened(&client, &file, &HashMap::new()).await?;
        let (name, erasable) = (name_of(&client), folder.join(ERASABLE));
        let inner = FileProvider::with_root(name, root, &erasable, data_folder, clock.clone(), rng.clone())?;
        let read = Mutex::new(LastRead { stamp: stamp(&path), failed_at: None });
        Ok(Self { client, folder: folder.to_owned(), inner, read, clock, rng })
    }

    /// Keeps the erasable keys a second time in another folder.
    pub fn with_second_place(mut self, folder: &Path, data_folder: &Path) -> Result<Self, ProviderError> {
        self.inner = self.inner.with_second_place(folder, data_folder)?;
        Ok(self)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Learns what another process changed. Nobody waits for it but the one who asks KMS, and without KMS it goes on with what
    /// is known.
    async fn refresh(&self) {
        let Ok(mut last) = self.read.try_lock() else { return };
        let now = self.clock.now();
        if last.failed_at.is_some_and(|at| now.since(at) < AGAIN_AFTER) {
            return;
        }
        last.failed_at = None;
        if let Err(error) = self.refresh_under_lock(&mut last).await {
            tracing::error!(%error, "another process changed the root key, and it cannot be opened; it is tried again");
            last.failed_at = Some(now);
        }
    }

    async fn refresh_under_lock(&self, last: &mut LastRead) -> Result<(), ProviderError> {
        let now = stamp(&self.path());
        if now.is_none() || now == last.stamp {
            return Ok(());
        }
        let file = read(&self.path())?;
        let known = self.inner.root_keys()?.keys();
        self.inner.set_root(opened(&self.client, &file, &known).await?)?;
        last.stamp = now;
        Ok(())
    }

    async fn rotate(&self, after: u32) -> Result<RootVersion, ProviderError> {
        let mut last = self.read.lock().await;
        self.refresh_under_lock(&mut last).await?;
        let known = self.inner.root_keys()?.primary_version();
        if known.version > after {
            return Ok(known);
        }
        let key = Secret::new(self.rng.bytes());
        let newest = sealed(&self.client, &key, known.version + 1, self.clock.as_ref()).await?;
        // Nobody is asked while the lock is held.
        let lock = private_file::lock(&self.folder)?;
        let file = read(&self.path())?;
        if file.newest() == known.version {
            private_file::replace(&self.path(), &file.with(newest).text(), self.rng.as_ref())?;
        }
        drop(lock);
        self.refresh_under_lock(&mut last).await?;
        Ok(self.inner.root_keys()?.primary_version())
    }

    async fn destroy(&self, version: u32) -> Result<(), ProviderError> {
        let mut last = self.read.lock().await;
        self.refresh_under_lock(&mut last).await?;
        let known = self.inner.root_versions().await?;
        match known.iter().find(|known| known.version == version).map(|known| known.state) {
            Some(KeyState::Destroyed) => return Ok(()),
            Some(KeyState::Enabled) => {}
            Some(KeyState::Primary) => return Err(ProviderError::RootInUse { version }),
            None => return Err(ProviderError::UnknownRootVersion { provider: self.name(), version }),
        }
        if self.inner.keeps_under(version)? {
            return Err(ProviderError::RootInUse { version });
        }
        let lock = private_file::lock(&self.folder)?;
        let file = read(&self.path())?;
        private_file::replace(&self.path(), &file.without(version).text(), self.rng.as_ref())?;
        drop(lock);
        self.refresh_under_lock(&mut last).await
    }
}

fn name_of(client: &KmsClient) -> String {
    format!("aws-kms:{}", client.key())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.mtime(), file.mtime_nsec()))
}

fn read(path: &Path) -> Result<SealedRoot, ProviderError> {
    let bytes = private_file::read(path)?.ok_or_else(|| ProviderError::Missing { path: path.to_owned() })?;
    SealedRoot::parse(&bytes).map_err(|reason| ProviderError::Malformed { path: path.to_owned(), reason })
}

fn refused(client: &KmsClient, error: KmsError) -> ProviderError {
    let provider = name_of(client);
    if error.is_wrong_key() {
        return ProviderError::WrongRootKey { provider };
    }
    ProviderError::Unavailable { provider, source: Box::new(error) }
}

async fn sealed(
    client: &KmsClient,
    key: &SecretKey,
    version: u32,
    clock: &dyn Clock,
) -> Result<SealedVersion, ProviderError> {
    let (kms_key, sealed) = client.encrypt(key, version).await.map_err(|error| refused(client, error))?;
    Ok(SealedVersion { version, state: KeyState::Primary, created_at: clock.now(), kms_key, sealed })
}

/// Has KMS open what is not known yet. A key that is named by an alias may have been sealed by the KMS key that the alias
/// pointed to before; one that is named itself must be the one.
async fn opened(
    client: &KmsClient,
    file: &SealedRoot,
    known: &HashMap<u32, SecretKey>,
) -> Result<RootKeys, ProviderError> {
    let mut entries = Vec::with_capacity(file.versions.len());
    for sealed in &file.versions {
        let SealedVersion { version, state, created_at, kms_key, .. } = sealed;
        let key = match known.get(version) {
            _ if *state == KeyState::Destroyed => None,
            Some(key) => Some(key.clone()),
            None => {
                let by = if client.key().contains("alias/") { kms_key } else { client.key() };
                let key = client.decrypt(by, &sealed.sealed, *version).await;
                Some(key.map_err(|error| refused(client, error))?)
            }
        };
        entries.push((RootVersion { version: *version, state: *state, created_at: *created_at }, key));
    }
    RootKeys::of(entries).ok_or_else(|| ProviderError::WrongRootKey { provider: name_of(client) })
}

impl KeyProvider for KmsProvider {
    fn name(&self) -> String {
        name_of(&self.client)
    }

    fn root_versions(&self) -> Answer<'_, Vec<RootVersion>> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.root_versions().await
        })
    }

    fn rotate_root(&self, after: u32) -> Answer<'_, RootVersion> {
        Box::pin(self.rotate(after))
    }

    fn rewrap_own(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.rewrap_own().await
        })
    }

    fn destroy_root(&self, version: u32) -> Answer<'_, ()> {
        Box::pin(self.destroy(version))
    }

    fn wrap<'a>(&'a self, context: &'a Aad, key: &'a SecretKey) -> Answer<'a, Vec<u8>> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.wrap(context, key).await
        })
    }

    fn unwrap<'a>(&'a self, context: &'a Aad, wrapped: &'a [u8]) -> Answer<'a, SecretKey> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.unwrap(context, wrapped).await
        })
    }

    fn create_environment(&self, environment: EnvironmentId) -> Answer<'_, ()> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.create_environment(environment).await
        })
    }

    fn environments(&self) -> Answer<'_, Vec<EnvironmentId>> {
        self.inner.environments()
    }

    fn check_environments<'a>(&'a self, known: &'a [EnvironmentId]) -> Answer<'a, ()> {
        self.inner.check_environments(known)
    }

    fn erasable_public(&self, environment: EnvironmentId, bucket: u8) -> Answer<'_, ErasablePublic> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.erasable_public(environment, bucket).await
        })
    }

    fn erasable_places(&self) -> Answer<'_, Vec<ErasablePlace>> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.erasable_places().await
        })
    }

    fn erasable_versions(&self, environment: EnvironmentId) -> Answer<'_, Vec<ErasableVersion>> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.erasable_versions(environment).await
        })
    }

    fn erasable_private(&self, environment: EnvironmentId, bucket: u8, version: u32) -> Answer<'_, PrivateKey> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.erasable_private(environment, bucket, version).await
        })
    }

    fn rotate_erasable(&self, environment: EnvironmentId, bucket: u8, after: u32) -> Answer<'_, ErasablePublic> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.rotate_erasable(environment, bucket, after).await
        })
    }

    fn destroy_erasable(&self, environment: EnvironmentId, bucket: u8, version: u32) -> Answer<'_, ()> {
        Box::pin(async move {
            self.refresh().await;
            self.inner.destroy_erasable(environment, bucket, version).await
        })
    }
}
