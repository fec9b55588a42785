//! The account and the certificate, sealed: version of the key (4 bytes), then `aead::seal` under it. The additional data
//! names the file and the directory, so that an account is not used with another authority. What lies under an older
//! version is sealed anew when it is read.

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
/// The key that also seals the local authority's: both are what the doors prove themselves with.
const KIND: KeyKind = KeyKind::LocalAuthority;

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
        let certificate = format!("{}.sealed", HEXLOWER.encode(&names.as_ref()[..8]));
        Self { folder, certificate, directory: settings.directory.clone(), keys, rng }
    }

    /// Keeps other processes of this data folder from asking too; `None` while one does.
    pub(super) fn try_lock(&self) -> Result<Option<File>, CertificateError> {
        std::fs::create_dir_all(&self.folder).map_err(|error| file_error(&self.folder, &error))?;
        let path = self.folder.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| file_error(&path, &error))?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(file_error(&path, &error)),
        }
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

    /// What a file holds, if it is there and opens. What does not open can be had again.
    fn read(&self, name: &str) -> Option<Secret<Vec<u8>>> {
        let path = self.folder.join(name);
        let bytes = std::fs::read(&path).ok()?;
        let Some((version, plain)) = self.open(name, &bytes) else {
            tracing::warn!(file = name, "does not open with this installation's keys: it is asked for anew");
            return None;
        };
        if self.keys.primary(KIND, Owner::Installation).is_ok_and(|(newest, _)| newest != version)
            && let Err(error) = self.write(name, &plain)
        {
            tracing::warn!(file = name, %error, "stays sealed under an older key");
        }
        Some(plain)
    }

    fn open(&self, name: &str, bytes: &[u8]) -> Option<(u32, Secret<Vec<u8>>)> {
        let (version, sealed) = bytes.split_first_chunk::<4>()?;
        let version = u32::from_be_bytes(*version);
        let key = self.keys.version(KIND, Owner::Installation, version).ok()?;
        Some((version, aead::open(&key, &self.context(name), sealed).ok()?))
    }

    fn write(&self, name: &str, plain: &Secret<Vec<u8>>) -> Result<(), CertificateError> {
        let (version, key) = self.keys.primary(KIND, Owner::Installation)?;
        let sealed = aead::seal(&key, &self.context(name), plain.expose(), self.rng.as_ref());
        let path: &Path = &self.folder.join(name);
        Ok(write_durably(path, &[version.to_be_bytes().as_slice(), &sealed].concat(), self.rng.as_ref())?)
    }

    fn context(&self, name: &str) -> Aad {
        Aad::new("pilotfish/acme/v1").text(name).text(&self.directory)
    }
}

#[cfg(test)]
mod tests {
    use app_test::app_test;

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

    #[app_test]
    async fn they_open_for_their_own_authority_only_and_move_to_the_newest_key(app: TestApp) {
        let own = files(&app, "https://ca.example.org/dir");
        own.write_account(&Secret::new(b"credentials".to_vec())).unwrap();
        own.write_certificate("chain", &Secret::new(b"key".to_vec())).unwrap();
        assert!(files(&app, "https://other.example.org/dir").account().is_none());
        let path = own.folder.join(ACCOUNT);
        let version = || std::fs::read(&path).unwrap()[..4].to_vec();
        assert_eq!(version(), [0, 0, 0, 1]);

        let (keys, owner) = (&app.app().keys, Owner::Installation);
        let second = keys.mint(KIND, owner, app.app().clock.as_ref(), app.app().rng.as_ref()).await.unwrap();
        keys.load(vec![second]).await.unwrap();
        keys.load(keys.promote(KIND, owner, 2).unwrap()).await.unwrap();
        assert_eq!(own.account().unwrap().expose(), b"credentials");
        assert_eq!(version(), [0, 0, 0, 2]);
        let (chain, key) = own.certificate().unwrap();
        assert_eq!((chain.as_str(), key.expose().as_slice()), ("chain", b"key".as_slice()));
        keys.load(vec![keys.destroy(KIND, owner, 1).unwrap()]).await.unwrap();
        assert_eq!(own.account().unwrap().expose(), b"credentials");
    }
}
