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
    Aad, Answer, ErasablePlace, ErasablePublic, ErasableVersion, FileProvider, HeldRoot, KeyProvider, KeyState,
    PrivateKey, ProviderError, RootKeys, RootVersion, SecretKey, private_file,
};
use tokio::sync::Mutex;

use crate::client::{KmsClient, KmsError};
use crate::sealed_root::{SealedRoot, SealedVersion};

const FILE: &str = "root.kms";
const ERASABLE: &str = "erasable";
/// How long a call waits for KMS to open what another process changed, and how long none waits after that failed.
const WAIT: Duration = Duration::from_secs(2);
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// AWS KMS, and a folder.
pub struct KmsProvider {
    client: KmsClient,
    folder: PathBuf,
    root: HeldRoot,
    /// The erasable keys, and all that is done with the root key.
    files: FileProvider,
    read: Mutex<LastRead>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// Tells one file from another that took its place.
type Stamp = (u64, u64, u64, i64, i64);

/// What KMS opened, by what it had sealed: a version that comes again with other bytes is another key.
type Opened = HashMap<String, SecretKey>;

/// What was read last.
struct LastRead {
    stamp: Option<Stamp>,
    opened: Opened,
    /// When a newer file could not be opened, and why.
    failed: Option<(Timestamp, String)>,
}

/// Why the newest file is not what is known.
struct Behind(String);

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
        let (first, _) = sealed(client, 1, clock, rng).await?;
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
        // A file that takes its place meanwhile has another stamp, and is read again.
        let stamp = stamp(&path);
        let (root, opened) = opened(&client, &path, &Opened::new()).await?;
        let (name, root, erasable) = (name_of(&client), HeldRoot::new(root), folder.join(ERASABLE));
        let files = FileProvider::with_root(name, root.clone(), &erasable, data_folder, clock.clone(), rng.clone())?;
        let read = Mutex::new(LastRead { stamp, opened, failed: None });
        Ok(Self { client, folder: folder.to_owned(), root, files, read, clock, rng })
    }

    /// Keeps the erasable keys a second time in another folder.
    pub fn with_second_place(mut self, folder: &Path, data_folder: &Path) -> Result<Self, ProviderError> {
        self.files = self.files.with_second_place(folder, data_folder)?;
        Ok(self)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Learns what another process changed. Without KMS it goes on with what is known, and says so.
    async fn refresh(&self) -> Result<(), Behind> {
        let mut last = self.read.lock().await;
        if stamp(&self.path()).is_none_or(|now| last.stamp == Some(now)) {
            last.failed = None;
            return Ok(());
        }
        if let Some((at, why)) = &last.failed
            && self.clock.now().since(*at) < AGAIN_AFTER
        {
            return Err(Behind(why.clone()));
        }
        let why = match tokio::time::timeout(WAIT, self.catch_up(&mut last)).await {
            Ok(Ok(())) => {
                last.failed = None;
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("KMS gave no answer within {} seconds", WAIT.as_secs()),
        };
        tracing::error!(
            error = why,
            "another process changed the root key, and it cannot be opened; it is tried again"
        );
        // The time after it: what waited meanwhile does not wait again.
        last.failed = Some((self.clock.now(), why.clone()));
        Err(Behind(why))
    }

    /// Takes the file as it is now. Of a file that is gone: what it held.
    async fn catch_up(&self, last: &mut LastRead) -> Result<(), ProviderError> {
        let now = stamp(&self.path());
        if now.is_none() || now == last.stamp {
            return Ok(());
        }
        let (root, opened) = opened(&self.client, &self.path(), &last.opened).await?;
        self.root.set(root);
        (last.stamp, last.opened) = (now, opened);
        Ok(())
    }

    async fn rotate(&self, after: u32) -> Result<RootVersion, ProviderError> {
        self.catch_up(&mut *self.read.lock().await).await?;
        let primary = self.root.primary();
        if primary.version > after {
            return Ok(primary);
        }
        // Nobody waits for either lock while KMS is asked.
        let (newest, key) = sealed(&self.client, primary.version + 1, self.clock.as_ref(), self.rng.as_ref()).await?;
        let mut last = self.read.lock().await;
        last.opened.insert(newest.sealed.clone(), key);
        let lock = private_file::lock(&self.folder)?;
        let file = read(&self.path())?;
        if file.newest() == primary.version {
            private_file::replace(&self.path(), &file.with(newest).text(), self.rng.as_ref())?;
        }
        drop(lock);
        self.catch_up(&mut last).await?;
        Ok(self.root.primary())
    }

    async fn destroy(&self, version: u32) -> Result<(), ProviderError> {
        let mut last = self.read.lock().await;
        self.catch_up(&mut last).await?;
        let known = self.root.versions();
        match known.iter().find(|known| known.version == version).map(|known| known.state) {
            Some(KeyState::Destroyed) => return Ok(()),
            Some(KeyState::Enabled) => {}
            Some(KeyState::Primary) => return Err(ProviderError::RootInUse { version }),
            None => return Err(ProviderError::UnknownRootVersion { provider: self.name(), version }),
        }
        if self.files.keeps_under(version)? {
            return Err(ProviderError::RootInUse { version });
        }
        let lock = private_file::lock(&self.folder)?;
        let file = read(&self.path())?;
        // Somebody may have put another file there meanwhile.
        if file.newest() != self.root.primary().version {
            return Err(ProviderError::RootInUse { version });
        }
        private_file::replace(&self.path(), &file.without(version).text(), self.rng.as_ref())?;
        drop(lock);
        self.catch_up(&mut last).await
    }

    /// Asks the files to open something, with the root key as it is now, or as it was last known.
    fn opening<'a, T: 'a>(&'a self, ask: impl FnOnce(&'a FileProvider) -> Answer<'a, T> + Send + 'a) -> Answer<'a, T> {
        Box::pin(async move {
            let behind = self.refresh().await.err();
            match (ask(&self.files).await, behind) {
                // What is not known may be what another process made.
                (Err(ProviderError::WrongRootKey { .. } | ProviderError::UnknownRootVersion { .. }), Some(behind)) => {
                    Err(self.behind(behind))
                }
                (answer, _) => answer,
            }
        })
    }

    /// Asks the files for something that is only true, or only done, with the root key as it is now: what is sealed under a
    /// version that another process has destroyed since would be lost.
    fn current<'a, T: 'a>(&'a self, ask: impl FnOnce(&'a FileProvider) -> Answer<'a, T> + Send + 'a) -> Answer<'a, T> {
        Box::pin(async move {
            self.refresh().await.map_err(|behind| self.behind(behind))?;
            ask(&self.files).await
        })
    }

    fn behind(&self, Behind(why): Behind) -> ProviderError {
        let why = format!("another process changed the root key, and it could not be opened: {why}");
        ProviderError::Unavailable { provider: self.name(), source: why.into() }
    }
}

fn name_of(client: &KmsClient) -> String {
    format!("aws-kms:{}", client.key())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
}

fn read(path: &Path) -> Result<SealedRoot, ProviderError> {
    let once = || {
        let bytes = private_file::read(path)?.ok_or_else(|| ProviderError::Missing { path: path.to_owned() })?;
        SealedRoot::parse(&bytes).map_err(|reason| ProviderError::Malformed { path: path.to_owned(), reason })
    };
    // Its bytes may have been overwritten under our eyes, since another one took its place.
    once().or_else(|_| once())
}

fn refused(client: &KmsClient, error: KmsError) -> ProviderError {
    ProviderError::Unavailable { provider: name_of(client), source: Box::new(error) }
}

/// A new primary version, which KMS seals and opens again: what it would not open later is not begun with.
async fn sealed(
    client: &KmsClient,
    version: u32,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<(SealedVersion, SecretKey), ProviderError> {
    let key = Secret::new(rng.bytes());
    let made = async {
        let (kms_key, sealed) = client.encrypt(&key, version).await?;
        let opened = client.decrypt(&kms_key, &sealed, version).await?;
        if opened.expose() != key.expose() {
            return Err(KmsError::Untrue);
        }
        Ok((kms_key, sealed))
    };
    let (kms_key, sealed) = made.await.map_err(|error| refused(client, error))?;
    Ok((SealedVersion { version, state: KeyState::Primary, created_at: clock.now(), kms_key, sealed }, key))
}

/// The versions in the file; KMS is asked for those that are not known yet. A key that is named by an alias may have been
/// sealed by the KMS key that the alias pointed to before; one that is named itself must be the one.
async fn opened(client: &KmsClient, path: &Path, known: &Opened) -> Result<(RootKeys, Opened), ProviderError> {
    let (mut entries, mut opened) = (Vec::new(), Opened::new());
    for sealed in read(path)?.versions {
        let SealedVersion { version, state, created_at, kms_key, sealed } = sealed;
        let key = match known.get(&sealed) {
            _ if state == KeyState::Destroyed => None,
            Some(key) => Some(key.clone()),
            None => {
                let by = if client.key().contains("alias/") { kms_key.as_str() } else { client.key() };
                let asked = client.decrypt(by, &sealed, version).await;
                Some(asked.map_err(|error| refused(client, error.of_root(version, path, &kms_key)))?)
            }
        };
        opened.extend(key.iter().map(|key| (sealed.clone(), key.clone())));
        entries.push((RootVersion { version, state, created_at }, key));
    }
    let malformed = || ProviderError::Malformed { path: path.to_owned(), reason: "it has no primary key".to_owned() };
    Ok((RootKeys::of(entries).ok_or_else(malformed)?, opened))
}

impl KeyProvider for KmsProvider {
    fn name(&self) -> String {
        name_of(&self.client)
    }

    fn root_versions(&self) -> Answer<'_, Vec<RootVersion>> {
        self.current(|files| files.root_versions())
    }

    fn rotate_root(&self, after: u32) -> Answer<'_, RootVersion> {
        Box::pin(self.rotate(after))
    }

    fn rewrap_own(&self) -> Answer<'_, ()> {
        self.current(|files| files.rewrap_own())
    }

    fn destroy_root(&self, version: u32) -> Answer<'_, ()> {
        Box::pin(self.destroy(version))
    }

    fn wrap<'a>(&'a self, context: &'a Aad, key: &'a SecretKey) -> Answer<'a, Vec<u8>> {
        self.current(move |files| files.wrap(context, key))
    }

    fn unwrap<'a>(&'a self, context: &'a Aad, wrapped: &'a [u8]) -> Answer<'a, SecretKey> {
        self.opening(move |files| files.unwrap(context, wrapped))
    }

    fn create_environment(&self, environment: EnvironmentId) -> Answer<'_, ()> {
        self.current(move |files| files.create_environment(environment))
    }

    fn environments(&self) -> Answer<'_, Vec<EnvironmentId>> {
        self.files.environments()
    }

    fn check_environments<'a>(&'a self, known: &'a [EnvironmentId]) -> Answer<'a, ()> {
        self.current(move |files| files.check_environments(known))
    }

    fn erasable_public(&self, environment: EnvironmentId, bucket: u8) -> Answer<'_, ErasablePublic> {
        self.opening(move |files| files.erasable_public(environment, bucket))
    }

    fn erasable_places(&self) -> Answer<'_, Vec<ErasablePlace>> {
        self.opening(|files| files.erasable_places())
    }

    fn erasable_versions(&self, environment: EnvironmentId) -> Answer<'_, Vec<ErasableVersion>> {
        self.opening(move |files| files.erasable_versions(environment))
    }

    fn erasable_private(&self, environment: EnvironmentId, bucket: u8, version: u32) -> Answer<'_, PrivateKey> {
        self.opening(move |files| files.erasable_private(environment, bucket, version))
    }

    fn rotate_erasable(&self, environment: EnvironmentId, bucket: u8, after: u32) -> Answer<'_, ErasablePublic> {
        self.current(move |files| files.rotate_erasable(environment, bucket, after))
    }

    fn destroy_erasable(&self, environment: EnvironmentId, bucket: u8, version: u32) -> Answer<'_, ()> {
        self.current(move |files| files.destroy_erasable(environment, bucket, version))
    }
}
