//! The account and the certificates, sealed. A file is: format (2), version of the key (4 bytes), length of the directory's URL
//! (2 bytes), that URL, then `aead::seal` under that version of the key kind `acme`. The additional data names the file and
//! the directory, so that an account is not used with another authority; the URL stands there so that a file can be sealed
//! anew by whoever does not ask that authority now.
//!
//! A file of an earlier release is: version (4 bytes, below 2²⁴), then the sealed bytes, under the key kind
//! `local_authority`. It opens as long as that version lives, and becomes one of the other form when its authority is next
//! asked.
//!
//! Files are written under the folder's lock only: what is sealed anew never takes the place of what another process was
//! given meanwhile.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Rng, Secret};
use data_encoding::HEXLOWER;
use keys::{Aad, KeyKind, KeySet, Owner, aead};
use store::folder::write_durably;

use super::super::certificate::file_error;
use super::AcmeSettings;
use crate::doors::CertificateError;

const ACCOUNT: &str = "account.sealed";
const EXTENSION: &str = "sealed";
const FORMAT: u8 = 2;

/// Where they lie and what seals them.
pub(super) struct Files {
    folder: PathBuf,
    /// The certificate's file: one for each set of names.
    certificate: String,
    directory: String,
    keys: Arc<KeySet>,
    rng: Arc<dyn Rng>,
}

impl Files {
    pub(super) fn new(folder: PathBuf, keys: Arc<KeySet>, rng: Arc<dyn Rng>, settings: &AcmeSettings) -> Self {
        let names = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, settings.hosts.join("\n").as_bytes());
        let certificate = format!("{}.{EXTENSION}", HEXLOWER.encode(&names.as_ref()[..8]));
        Self { folder, certificate, directory: settings.directory.clone(), keys, rng }
    }

    /// Keeps other processes of this data folder from asking too; `None` while one does.
    pub(super) fn try_lock(&self) -> Result<Option<File>, CertificateError> {
        std::fs::create_dir_all(&self.folder).map_err(|error| file_error(&self.folder, &error))?;
        try_lock(&self.folder)
    }

    /// The account's credentials.
    pub(super) fn account(&self) -> Option<Secret<Vec<u8>>> {
        self.read(ACCOUNT)
    }

    pub(super) fn write_account(&self, credentials: &Secret<Vec<u8>>) -> Result<(), CertificateError> {
        self.write(ACCOUNT, credentials)
    }

    /// The chain in PEM, and the private key in PKCS #8.
    pub(super) fn certificate(&self) -> Option<(String, Secret<Vec<u8>>)> {
        let bytes = self.read(&self.certificate)?;
        let (length, rest) = bytes.expose().split_first_chunk::<4>()?;
        let (chain, key) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        Some((String::from_utf8(chain.to_vec()).ok()?, Secret::new(key.to_vec())))
    }

    pub(super) fn write_certificate(&self, chain: &str, key: &Secret<Vec<u8>>) -> Result<(), CertificateError> {
        let length = u32::try_from(chain.len()).unwrap_or(u32::MAX).to_be_bytes();
        let bytes = Secret::new([length.as_slice(), chain.as_bytes(), key.expose()].concat());
        self.write(&self.certificate, &bytes)
    }

    /// Seals anew what lies under an older key. The caller holds the folder's lock.
    pub(super) fn reseal(&self) {
        if let Err(error) = reseal(&self.folder, &self.keys, self.rng.as_ref(), Some(&self.directory)) {
            tracing::warn!(%error, "the ACME authority's files stay sealed under an older key");
        }
    }

    /// What a file holds, if it is there and opens. What does not open can be had again.
    fn read(&self, name: &str) -> Option<Secret<Vec<u8>>> {
        let bytes = std::fs::read(self.folder.join(name)).ok()?;
        let file = SealedFile::parse(&bytes).filter(|file| file.directory.is_none_or(|of| of == self.directory));
        let plain = file.and_then(|file| file.open(name, &self.directory, &self.keys));
        if plain.is_none() {
            tracing::warn!(file = name, "does not open with this installation's keys: it is asked for anew");
        }
        plain
    }

    fn write(&self, name: &str, plain: &Secret<Vec<u8>>) -> Result<(), CertificateError> {
        write(&self.folder.join(name), name, &self.directory, plain, &self.keys, self.rng.as_ref())
    }
}

fn try_lock(folder: &Path) -> Result<Option<File>, CertificateError> {
    let path = folder.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| file_error(&path, &error))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(file_error(&path, &error)),
    }
}

/// A file, as far as it is read without a key.
struct SealedFile<'a> {
    kind: KeyKind,
    version: u32,
    /// Not in a file of an earlier release.
    directory: Option<&'a str>,
    sealed: &'a [u8],
}

impl<'a> SealedFile<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        if bytes.first()? != &FORMAT {
            let (version, sealed) = bytes.split_first_chunk()?;
            let version = u32::from_be_bytes(*version);
            return Some(Self { kind: KeyKind::LocalAuthority, version, directory: None, sealed });
        }
        let (version, rest) = bytes[1..].split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (directory, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let directory = Some(std::str::from_utf8(directory).ok()?);
        Some(Self { kind: KeyKind::Acme, version: u32::from_be_bytes(*version), directory, sealed })
    }

    fn open(&self, name: &str, directory: &str, keys: &KeySet) -> Option<Secret<Vec<u8>>> {
        let key = keys.version(self.kind, Owner::Installation, self.version).ok()?;
        aead::open(&key, &context(name, directory), self.sealed).ok()
    }
}

fn write(
    path: &Path,
    name: &str,
    directory: &str,
    plain: &Secret<Vec<u8>>,
    keys: &KeySet,
    rng: &dyn Rng,
) -> Result<(), CertificateError> {
    let (version, key) = keys.primary(KeyKind::Acme, Owner::Installation)?;
    let sealed = aead::seal(&key, &context(name, directory), plain.expose(), rng);
    let length = u16::try_from(directory.len()).map_err(|_| file_error(path, &"the directory's URL is too long"))?;
    let (version, length) = (version.to_be_bytes(), length.to_be_bytes());
    let bytes = [&[FORMAT], version.as_slice(), &length, directory.as_bytes(), &sealed].concat();
    Ok(write_durably(path, &bytes, rng)?)
}

fn context(name: &str, directory: &str) -> Aad {
    Aad::new("pilotfish/acme/v1").text(name).text(directory)
}

/// The sealed files of a folder, with their names; none if there is no folder.
fn sealed_files(folder: &Path) -> Result<Vec<(PathBuf, String)>, CertificateError> {
    let listed = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|error| file_error(folder, &error))?,
    };
    let mut files = Vec::new();
    for entry in listed {
        let path = entry.map_err(|error| file_error(folder, &error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        if let Some(name) = name.filter(|_| path.extension().is_some_and(|extension| extension == EXTENSION)) {
            files.push((path, name));
        }
    }
    Ok(files)
}

/// Seals anew what lies under another key than the primary one of its kind. Of which authority a file of an earlier release
/// is, is for the caller to say. What does not open stays as it is. The caller holds the folder's lock.
fn reseal(folder: &Path, keys: &KeySet, rng: &dyn Rng, of: Option<&str>) -> Result<(), CertificateError> {
    let (newest, _) = keys.primary(KeyKind::Acme, Owner::Installation)?;
    for (path, name) in sealed_files(folder)? {
        let bytes = std::fs::read(&path).map_err(|error| file_error(&path, &error))?;
        let Some(file) = SealedFile::parse(&bytes) else { continue };
        if (file.kind, file.version) == (KeyKind::Acme, newest) {
            continue;
        }
        let Some(directory) = file.directory.or(of) else { continue };
        if let Some(plain) = file.open(&name, directory, keys) {
            write(&path, &name, directory, &plain, keys, rng)?;
        }
    }
    Ok(())
}

/// As [`reseal`], by whoever asks no authority; not while another process does.
pub(in crate::doors) fn reseal_known(folder: &Path, keys: &KeySet, rng: &dyn Rng) -> Result<(), CertificateError> {
    if !folder.exists() {
        return Ok(());
    }
    match try_lock(folder)? {
        Some(_lock) => reseal(folder, keys, rng, None),
        None => Ok(()),
    }
}

/// How many files lie under a version of a key.
pub(in crate::doors) fn sealed_with(folder: &Path, kind: KeyKind, version: u32) -> Result<u64, CertificateError> {
    let mut count = 0;
    for (path, _) in sealed_files(folder)? {
        let bytes = std::fs::read(&path).map_err(|error| file_error(&path, &error))?;
        let file = SealedFile::parse(&bytes);
        count += u64::from(file.is_some_and(|file| (file.kind, file.version) == (kind, version)));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use app_test::app_test;
    use keys::KeyState;

    use super::*;
    use crate::doors::Proof;
    use crate::testing::TestApp;

    fn files(app: &TestApp, directory: &str) -> Files {
        let settings = AcmeSettings {
            directory: directory.to_owned(),
            email: None,
            root: None,
            hosts: vec!["in.example.org".to_owned()],
            proof: Proof::Tls,
        };
        let app = app.app();
        let folder = app.tls_folder().join("acme");
        std::fs::create_dir_all(&folder).unwrap();
        Files::new(folder, app.keys.clone(), app.rng.clone(), &settings)
    }

    /// Makes another version of a key, and the primary one of it.
    async fn turned(app: &TestApp, kind: KeyKind) {
        let (keys, owner) = (&app.app().keys, Owner::Installation);
        let (clock, rng) = (app.app().clock.as_ref(), app.app().rng.as_ref());
        let next = keys.mint(kind, owner, clock, rng).await.unwrap();
        let version = next.version;
        keys.load([next]).await.unwrap();
        keys.load(keys.promote(kind, owner, version).unwrap()).await.unwrap();
        let old = keys.records().into_iter().find(|key| key.kind == kind && key.version + 1 == version).unwrap();
        assert_eq!(old.state, KeyState::Enabled);
    }

    #[app_test]
    async fn they_open_for_their_own_authority_only_and_move_to_the_newest_key(app: TestApp) {
        let own = files(&app, "https://ca.example.org/dir");
        own.write_account(&Secret::new(b"credentials".to_vec())).unwrap();
        own.write_certificate("chain", &Secret::new(b"key".to_vec())).unwrap();
        assert!(files(&app, "https://other.example.org/dir").account().is_none());
        let sealed_with = |version| sealed_with(&own.folder, KeyKind::Acme, version).unwrap();
        assert_eq!(sealed_with(1), 2);

        turned(&app, KeyKind::Acme).await;
        let (keys, rng) = (&app.app().keys, app.app().rng.as_ref());
        let asking = own.try_lock().unwrap().unwrap();
        reseal_known(&own.folder, keys, rng).unwrap();
        assert_eq!(sealed_with(1), 2, "not while somebody asks for a certificate");
        drop(asking);
        reseal_known(&own.folder, keys, rng).unwrap();
        assert_eq!((sealed_with(1), sealed_with(2)), (0, 2), "also where no authority is asked");
        keys.load([keys.destroy(KeyKind::Acme, Owner::Installation, 1).unwrap()]).await.unwrap();
        assert_eq!(own.account().unwrap().expose(), b"credentials");
        let (chain, key) = own.certificate().unwrap();
        assert_eq!((chain.as_str(), key.expose().as_slice()), ("chain", b"key".as_slice()));
    }

    #[app_test]
    async fn files_of_an_earlier_release_open_and_are_sealed_anew_under_a_key_of_their_own(app: TestApp) {
        let directory = "https://ca.example.org/dir";
        let own = files(&app, directory);
        let (keys, rng) = (&app.app().keys, app.app().rng.as_ref());
        let (version, key) = keys.primary(KeyKind::LocalAuthority, Owner::Installation).unwrap();
        let sealed = aead::seal(&key, &context(ACCOUNT, directory), b"credentials", rng);
        let bytes = [version.to_be_bytes().as_slice(), &sealed].concat();
        std::fs::write(own.folder.join(ACCOUNT), bytes).unwrap();
        assert_eq!(own.account().unwrap().expose(), b"credentials");
        assert_eq!(sealed_with(&own.folder, KeyKind::LocalAuthority, 1).unwrap(), 1);
        reseal_known(&own.folder, keys, rng).unwrap();
        assert_eq!(sealed_with(&own.folder, KeyKind::LocalAuthority, 1).unwrap(), 1, "whose it is is not known");
        own.reseal();
        assert_eq!(sealed_with(&own.folder, KeyKind::LocalAuthority, 1).unwrap(), 0);
        assert_eq!(sealed_with(&own.folder, KeyKind::Acme, 1).unwrap(), 1);
        assert_eq!(own.account().unwrap().expose(), b"credentials");
    }
}
