//! The edge bundle: a file that lets an edge run without the root key. It holds a grant's id and its key; what that key
//! opens lies in the main store, sealed by whoever holds the root key ([`GrantKey`]).
//!
//! ```text
//! # comment lines
//! pilotfish-edge-bundle 1
//! egr_… <key: 64 hex digits> <checksum: 8 hex digits>
//! ```
//! As a root key's, the file lies outside the data folder, is its owner's alone and is never overwritten. The checksum is the
//! beginning of SHA-256 (label ‖ grant ‖ key).
//!
//! As a provider a bundle unwraps what was granted and knows the public halves that it was [given](BundleProvider::take_publics).
//! Everything else it refuses: it has no root key and no private halves.

use super::file::{checks, root_key};
use super::{Answer, ErasablePlace, ErasablePublic, ErasableVersion, KeyProvider, ProviderError, RootVersion};
use crate::grant::ChainAndKey;
use crate::{Aad, GrantKey, PrivateKey, SecretKey, hex};
use aws_lc_rs::digest;
use base::id::{EdgeGrantId, EnvironmentId};
use base::{Rng, Secret};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

const COMMENT: &str = "\
# This is an edge bundle of a Pilotfish installation: with it and the databases a process of the role edge takes in events
# and delivers content, and opens nobody's personal data. Whoever has it can be an edge. Keep it outside the data folder and
# outside backups: another one is made with pilotfish keys grant edge, and this one ended with pilotfish keys grant revoke.
";
const HEAD: &str = "pilotfish-edge-bundle 1";
const CHECKSUM_LABEL: &[u8] = b"pilotfish/edge-bundle/v1";

/// Whether this file says that it is an edge bundle. What cannot be read is none.
pub fn is_bundle(path: &Path) -> bool {
    let text = checks::open_private(path).ok().flatten().and_then(|file| root_key::read(file, path).ok());
    text.is_some_and(|text| content(text.expose()).next().is_some_and(|line| line.trim_end() == HEAD))
}

/// Writes a bundle, durably, with the folders above it; what exists already is never overwritten.
pub fn write_bundle(path: &Path, data_folder: &Path, grant: &GrantKey, rng: &dyn Rng) -> Result<(), ProviderError> {
    checks::outside(path, data_folder)?;
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        checks::make_folders(parent)?;
    }
    checks::outside(path, data_folder)?;
    checks::write_new(path, text(grant).expose().as_bytes(), rng)
}

/// What an edge holds that has no root key.
pub struct BundleProvider {
    path: PathBuf,
    grant: GrantKey,
    publics: RwLock<HashMap<EnvironmentId, Vec<ErasablePublic>>>,
}

impl std::fmt::Debug for BundleProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BundleProvider").field("path", &self.path).finish_non_exhaustive()
    }
}

impl BundleProvider {
    /// Opens a bundle, or says why it must not be used.
    pub fn open(path: &Path, data_folder: &Path) -> Result<Self, ProviderError> {
        let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such edge bundle");
        let file = checks::open_private(path)?
            .ok_or_else(|| ProviderError::Io { path: path.to_owned(), source: missing() })?;
        checks::outside(path, data_folder)?;
        let text = root_key::read(file, path)?;
        let malformed = |reason: &str| ProviderError::Malformed { path: path.to_owned(), reason: reason.to_owned() };
        let grant = parse(text.expose()).map_err(malformed)?;
        Ok(Self { path: path.to_owned(), grant, publics: RwLock::default() })
    }

    /// Where the bundle is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The grant.
    pub const fn grant(&self) -> &GrantKey {
        &self.grant
    }

    /// Takes the public halves of an environment's erasable keys as they were sealed for this grant. One that is older than
    /// what is known is no news.
    pub fn take_publics(&self, environment: EnvironmentId, sealed: &[u8]) -> Result<(), ProviderError> {
        let given = self.grant.open_publics(environment, sealed).map_err(|_| self.wrong())?;
        let mut publics = self.publics.write().unwrap_or_else(PoisonError::into_inner);
        let known = publics.entry(environment).or_insert_with(|| given.clone());
        for (known, given) in known.iter_mut().zip(given) {
            if given.version > known.version {
                *known = given;
            }
        }
        Ok(())
    }

    /// Opens a certificate chain and its private key (PKCS #8), all in DER, as they were sealed for this grant.
    pub fn open_leaf(&self, sealed: &[u8]) -> Result<ChainAndKey, ProviderError> {
        self.grant.open_leaf(sealed).map_err(|_| self.wrong())
    }

    fn public(&self, environment: EnvironmentId, bucket: u8) -> Result<ErasablePublic, ProviderError> {
        let publics = self.publics.read().unwrap_or_else(PoisonError::into_inner);
        let public = publics.get(&environment).and_then(|publics| publics.get(usize::from(bucket)));
        public.copied().ok_or_else(|| self.not_in("the public halves of that environment's erasable keys"))
    }

    fn wrong(&self) -> ProviderError {
        ProviderError::WrongBundle { path: self.path.clone() }
    }

    fn not_in(&self, what: &'static str) -> ProviderError {
        ProviderError::NotInBundle { path: self.path.clone(), what }
    }

    fn refuse<T: Send + 'static>(&self, what: &'static str) -> Answer<'_, T> {
        Box::pin(std::future::ready(Err(self.not_in(what))))
    }
}

const ROOT: &str = "the root key";
const PRIVATE: &str = "the erasable keys' private halves";

impl KeyProvider for BundleProvider {
    fn name(&self) -> String {
        format!("bundle:{}", self.path.display())
    }

    fn unwrap<'a>(&'a self, context: &'a Aad, wrapped: &'a [u8]) -> Answer<'a, SecretKey> {
        Box::pin(async move { self.grant.open_key(context, wrapped).map_err(|_| self.wrong()) })
    }

    fn erasable_public(&self, environment: EnvironmentId, bucket: u8) -> Answer<'_, ErasablePublic> {
        Box::pin(async move { self.public(environment, bucket) })
    }

    fn environments(&self) -> Answer<'_, Vec<EnvironmentId>> {
        Box::pin(async move {
            let publics = self.publics.read().unwrap_or_else(PoisonError::into_inner);
            let mut known: Vec<_> = publics.keys().copied().collect();
            known.sort();
            Ok(known)
        })
    }

    fn check_environments<'a>(&'a self, known: &'a [EnvironmentId]) -> Answer<'a, ()> {
        Box::pin(async move { known.iter().try_for_each(|environment| self.public(*environment, 0).map(|_| ())) })
    }

    fn root_versions(&self) -> Answer<'_, Vec<RootVersion>> {
        self.refuse(ROOT)
    }

    fn rotate_root(&self, _after: u32) -> Answer<'_, RootVersion> {
        self.refuse(ROOT)
    }

    fn rewrap_own(&self) -> Answer<'_, ()> {
        self.refuse(ROOT)
    }

    fn destroy_root(&self, _version: u32) -> Answer<'_, ()> {
        self.refuse(ROOT)
    }

    fn wrap<'a>(&'a self, _context: &'a Aad, _key: &'a SecretKey) -> Answer<'a, Vec<u8>> {
        self.refuse(ROOT)
    }

    fn create_environment(&self, _environment: EnvironmentId) -> Answer<'_, ()> {
        self.refuse(ROOT)
    }

    fn erasable_places(&self) -> Answer<'_, Vec<ErasablePlace>> {
        self.refuse(PRIVATE)
    }

    fn erasable_versions(&self, _environment: EnvironmentId) -> Answer<'_, Vec<ErasableVersion>> {
        self.refuse(PRIVATE)
    }

    fn erasable_private(&self, _environment: EnvironmentId, _bucket: u8, _version: u32) -> Answer<'_, PrivateKey> {
        self.refuse(PRIVATE)
    }

    fn rotate_erasable(&self, _environment: EnvironmentId, _bucket: u8, _after: u32) -> Answer<'_, ErasablePublic> {
        self.refuse(PRIVATE)
    }

    fn destroy_erasable(&self, _environment: EnvironmentId, _bucket: u8, _version: u32) -> Answer<'_, ()> {
        self.refuse(PRIVATE)
    }
}

/// The lines that are not comments.
fn content(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// The text of a bundle's file.
pub(crate) fn text(grant: &GrantKey) -> Secret<String> {
    let (id, key) = (grant.id(), grant.secret());
    let (digits, sum) = (Secret::new(hex::encode(key.expose())), hex::encode(&checksum(id, key)));
    let mut text = String::with_capacity(COMMENT.len() + 256);
    for part in [COMMENT, HEAD, "\n", &id.to_string(), " ", digits.expose(), " ", &sum, "\n"] {
        text.push_str(part);
    }
    Secret::new(text)
}

/// Reads the text; the error never names a key.
fn parse(text: &str) -> Result<GrantKey, &'static str> {
    let mut lines = content(text);
    if lines.next().is_none_or(|line| line.trim_end() != HEAD) {
        return Err("it is no edge bundle: make one with pilotfish keys grant edge");
    }
    let fields: Vec<&str> = lines.next().unwrap_or_default().split_ascii_whitespace().collect();
    let ([id, key, sum], None) = (&fields[..], lines.next()) else {
        return Err("expected one line with grant, key and checksum");
    };
    let id: EdgeGrantId = id.parse().map_err(|_| "the grant is not of the form egr_ and 26 letters and digits")?;
    let bytes = hex::decode(key).map(Secret::new).ok_or("the key is not lower-case hexadecimal")?;
    let key = bytes.expose().as_slice().try_into().map(Secret::new).map_err(|_| "the key has not 32 bytes")?;
    if hex::decode(sum).as_deref() != Some(&checksum(id, &key)) {
        return Err("the checksum does not fit: the key was mistyped or changed");
    }
    Ok(GrantKey::new(id, key))
}

fn checksum(id: EdgeGrantId, key: &SecretKey) -> [u8; 4] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(CHECKSUM_LABEL);
    context.update(&id.bytes());
    context.update(key.expose());
    let mut sum = [0; 4];
    sum.copy_from_slice(&context.finish().as_ref()[..4]);
    sum
}
