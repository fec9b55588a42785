//! The key provider: what holds the root key and the erasable keys, apart from everything that they protect.
//!
//! Calls answer with boxed futures, since a provider may sit behind a network; the file provider's are ready at once
//! and need no runtime. Nothing on a hot path asks the provider: a [`KeySet`](crate::KeySet) keeps what it unwrapped.

pub(crate) mod bundle;
pub(crate) mod file;

use crate::aead::Aad;
use crate::{KeyState, PrivateKey, PublicKey, SecretKey};
use base::Timestamp;
use base::id::EnvironmentId;
use std::path::PathBuf;
use std::pin::Pin;

/// What a provider answers.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// Erasable key pairs of an environment: a person's is named by the first byte of the person's random id.
pub const BUCKETS: usize = 256;

/// One version of the root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootVersion {
    /// 1, 2, …
    pub version: u32,
    /// What it may still do.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The public half of a bucket's newest erasable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasablePublic {
    /// Whose pair it is.
    pub environment: EnvironmentId,
    /// Which of the 256.
    pub bucket: u8,
    /// 1, 2, …; raised whenever somebody of the bucket is erased.
    pub version: u32,
    /// The public half.
    pub public: PublicKey,
}

/// One version of an erasable key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasableVersion {
    /// Which of the 256.
    pub bucket: u8,
    /// 1, 2, …
    pub version: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A place where the provider keeps the erasable keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasablePlace {
    /// Names it for people.
    pub name: String,
    /// When something of it was lost or damaged and came back from the other place, since this process began.
    pub mended_at: Option<Timestamp>,
    /// Why the places cannot be brought to hold the same.
    pub failure: Option<String>,
}

/// Holds the root key and the erasable keys.
pub trait KeyProvider: Send + Sync + 'static {
    /// Names the provider for people, as `file:/etc/pilotfish/root.key`.
    fn name(&self) -> String;

    /// The versions of the root key, oldest first.
    fn root_versions(&self) -> Answer<'_, Vec<RootVersion>>;

    /// Adds a new primary version to the root key, durably; the one before stays until it is destroyed. If a newer one
    /// than `after` is there already, that one is the answer, so that an interrupted rotation goes on where it was.
    fn rotate_root(&self, after: u32) -> Answer<'_, RootVersion>;

    /// Wraps anew under the primary root key whatever the provider itself keeps under an older version.
    fn rewrap_own(&self) -> Answer<'_, ()>;

    /// Destroys an older version of the root key, durably. The primary one is refused, and one under which the provider
    /// itself still keeps something; that nothing else needs it is for the caller to know. Does nothing if it is gone
    /// already.
    fn destroy_root(&self, version: u32) -> Answer<'_, ()>;

    /// Wraps a key under the primary root key. The bytes begin as [`WrappedHeader`](crate::WrappedHeader) says.
    fn wrap<'a>(&'a self, context: &'a Aad, key: &'a SecretKey) -> Answer<'a, Vec<u8>>;

    /// Unwraps what [`wrap`](Self::wrap) made with the same context.
    fn unwrap<'a>(&'a self, context: &'a Aad, wrapped: &'a [u8]) -> Answer<'a, SecretKey>;

    /// Makes the erasable keys of an environment, durably. Does nothing if they are there.
    fn create_environment(&self, environment: EnvironmentId) -> Answer<'_, ()>;

    /// The environments that have erasable keys here, in order.
    fn environments(&self) -> Answer<'_, Vec<EnvironmentId>>;

    /// Refuses to go on without the erasable keys of an environment that storage knows.
    fn check_environments<'a>(&'a self, known: &'a [EnvironmentId]) -> Answer<'a, ()>;

    /// The public half to seal to now.
    fn erasable_public(&self, environment: EnvironmentId, bucket: u8) -> Answer<'_, ErasablePublic>;

    /// The places where the erasable keys are kept, looked at and mended now. One place alone is not kept twice.
    fn erasable_places(&self) -> Answer<'_, Vec<ErasablePlace>>;

    /// Every version of every erasable key of an environment, by bucket, oldest first.
    fn erasable_versions(&self, environment: EnvironmentId) -> Answer<'_, Vec<ErasableVersion>>;

    /// The private half of one version.
    fn erasable_private(&self, environment: EnvironmentId, bucket: u8, version: u32) -> Answer<'_, PrivateKey>;

    /// Adds a new pair to a bucket, durably; the old one stays until it is destroyed. If a newer one than `after` is
    /// there already, that one is the answer, so that an interrupted rotation goes on where it was.
    fn rotate_erasable(&self, environment: EnvironmentId, bucket: u8, after: u32) -> Answer<'_, ErasablePublic>;

    /// Destroys an older version: its bytes are overwritten, durably. The newest is refused. Does nothing if it is
    /// gone already.
    fn destroy_erasable(&self, environment: EnvironmentId, bucket: u8, version: u32) -> Answer<'_, ()>;
}

/// Why a provider refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// There is no such file.
    #[error(
        "the root key {path} is missing; without it nothing that it protects can be opened: put it back, from a copy or from its escrow"
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{path} exists already and is not overwritten")]
    AlreadyExists {
        /// What exists.
        path: PathBuf,
    },
    /// A folder, a device, a pipe.
    #[error("{path} is not a regular file")]
    NotAFile {
        /// What was found.
        path: PathBuf,
    },
    /// Group or others have a right on it.
    #[error(
        "{path} can be read or changed by others than its owner (mode {mode:04o}): take those rights away with chmod go= {path}"
    )]
    ReadableByOthers {
        /// The file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Somebody else could change it, or give rights on it away.
    #[error("{path} belongs to another user (id {owner}): run pilotfish as that user, or chown it to this one")]
    OwnedByAnother {
        /// The file or folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// A copy of the data folder would hold its own key.
    #[error(
        "the key {path} lies inside the data folder {data_folder}: keep it outside, so that no copy of the data holds its own key"
    )]
    InsideDataFolder {
        /// The key's real path.
        path: PathBuf,
        /// The data folder's real path.
        data_folder: PathBuf,
    },
    /// The file is not what it should be.
    #[error("{path} is malformed: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The root key did not wrap these bytes, or they were changed.
    #[error(
        "the root key of {provider} does not open this key: it is another installation's root key, or the stored bytes were changed"
    )]
    WrongRootKey {
        /// The provider's name.
        provider: String,
    },
    /// The wrapped bytes have no format that this version knows.
    #[error("the wrapped key has an unknown format")]
    UnknownFormat,
    /// The root key has no such version.
    #[error("the root key of {provider} has no version {version}")]
    UnknownRootVersion {
        /// The provider's name.
        provider: String,
        /// The version that was asked for.
        version: u32,
    },
    /// An edge bundle holds what an edge may hold, and nothing else.
    #[error("the edge bundle {path} does not hold {what}: that is for a process that has the root key")]
    NotInBundle {
        /// The bundle's file.
        path: PathBuf,
        /// What was asked for.
        what: &'static str,
    },
    /// What was sealed for a grant does not open with its bundle.
    #[error(
        "the edge bundle {path} does not open what was sealed for it: it is another grant's, or the stored bytes were changed"
    )]
    WrongBundle {
        /// The bundle's file.
        path: PathBuf,
    },
    /// That version of the root key is gone.
    #[error("version {version} of the root key was destroyed")]
    RootVersionDestroyed {
        /// The version that was asked for.
        version: u32,
    },
    /// Something still needs that version of the root key.
    #[error("version {version} of the root key is in use and can't be destroyed")]
    RootInUse {
        /// The version.
        version: u32,
    },
    /// The environment's erasable keys are not there.
    #[error(
        "the erasable keys of {environment} are missing at {path}: without them its personal data can't be opened; put them back, from their second place or from the escrow"
    )]
    ErasableMissing {
        /// The environment.
        environment: EnvironmentId,
        /// Where they should be.
        path: PathBuf,
    },
    /// That version is gone: an erasure destroyed it.
    #[error("version {version} of erasable key {bucket} of {environment} was destroyed")]
    ErasableDestroyed {
        /// The environment.
        environment: EnvironmentId,
        /// The bucket.
        bucket: u8,
        /// The version.
        version: u32,
    },
    /// That version was never there, or its bytes are broken.
    #[error(
        "version {version} of erasable key {bucket} of {environment} can't be read: it is unknown or its bytes are broken"
    )]
    ErasableUnreadable {
        /// The environment.
        environment: EnvironmentId,
        /// The bucket.
        bucket: u8,
        /// The version; 0 for the newest.
        version: u32,
    },
    /// The newest version of an erasable key must stay.
    #[error("version {version} of erasable key {bucket} of {environment} is the newest and can't be destroyed")]
    ErasableInUse {
        /// The environment.
        environment: EnvironmentId,
        /// The bucket.
        bucket: u8,
        /// The version.
        version: u32,
    },
    /// Too many versions wait for their destruction.
    #[error("erasable key {bucket} of {environment} has no room for another version: destroy older ones first")]
    ErasableFull {
        /// The environment.
        environment: EnvironmentId,
        /// The bucket.
        bucket: u8,
    },
    /// The file system failed.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// A provider behind a network did not answer, or refused.
    #[error("the key provider {provider} cannot be used: {source}")]
    Unavailable {
        /// The provider's name.
        provider: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
