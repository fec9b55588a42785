//! Where the doors' certificate comes from: the operator's files, reloaded when they change, or the installation's own
//! local authority.
//!
//! An authority that is made before its installation is kept lies under a marker (`tls/making`) until that is done: nobody
//! has been shown it, so what an interrupted `init` left of it is thrown away and made again. Without the marker an
//! authority that does not open is a loss, and is named, never replaced.
//!
//! The local authority may sign for the names it was made with and no others (name constraints, critical). Its private
//! key lies in the data folder sealed under a root-wrapped key, and is sealed anew when that key turns; the leaf's private
//! key is made at every start and never written.

use std::fs::File;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base::{Clock, Rng, Secret, Timestamp};
use keys::{Aad, SecretKey, aead};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use store::folder::{open_lock, remove_durably, write_durably, write_durably_for_all};

use super::tls;

#[cfg(test)]
mod tests;

const AUTHORITY_LIFE: Duration = Duration::from_hours(10 * 365 * 24);
const LEAF_LIFE: Duration = Duration::from_hours(90 * 24);
/// What is taken off the beginning, for clocks that go behind.
const LEEWAY: Duration = Duration::from_hours(1);

/// Why there is no certificate to present. The texts name files, never key material.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or is not what it should be.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that the local authority was not made for.
    #[error(
        "the local authority in {path} may not sign for {host}: name own files with --tls-certificate and --tls-key, \
         or move the folder away to have a new authority made"
    )]
    NotPermitted {
        /// The authority's folder.
        path: PathBuf,
        /// The host name that was asked for.
        host: String,
    },
    /// A file of the authority is not there.
    #[error("the local authority's {0} is missing: restore it, or move its folder away to have a new authority made")]
    Missing(PathBuf),
    /// The authority's private key does not open.
    #[error(
        "the local authority's private key in {0} cannot be opened with its key: it is another installation's, or was \
         changed; restore it, or move its folder away to have a new authority made"
    )]
    Sealed(PathBuf),
    /// The authority's certificate was made for another private key.
    #[error(
        "the local authority's certificate and private key in {0} do not belong together: restore both, or move the \
         folder away to have a new authority made"
    )]
    ForeignPair(PathBuf),
    /// An edge without the root key has no authority, and was given no certificate.
    #[error(
        "no certificate was granted to this edge: name own files with --tls-certificate and --tls-key, or have another edge \
         bundle made in the data folder in which the local authority lies"
    )]
    NotGranted,
    /// Making a certificate failed.
    #[error("a certificate could not be made")]
    Make(#[from] rcgen::Error),
    /// A certificate could not be used.
    #[error("the certificate cannot be used")]
    Use(#[from] rustls::Error),
    /// A file could not be written.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The key that seals the authority's private key could not be had.
    #[error(transparent)]
    Key(#[from] keys::KeyError),
}

/// The local certificate authority.
pub struct LocalAuthority {
    hosts: Vec<String>,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl LocalAuthority {
    /// Opens the authority in `DIR/tls`, making it for these hosts if there is none.
    ///
    /// # Errors
    /// [`CertificateError::NotPermitted`] if it is there and was not made for one of the hosts.
    pub fn open_or_create(
        folder: &Path,
        hosts: &[String],
        sealing_keys: &[SecretKey],
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, CertificateError> {
        let files = AuthorityFiles::of(folder);
        let _lock = lock(folder)?;
        let authority = Self::open_under_lock(&files, hosts, sealing_keys, clock, rng.clone())?;
        let (place, private) = unsealed(&files, sealing_keys)?;
        if place > 0 {
            // Its key turned while nobody who sees this folder was there.
            write_private(&files, sealing_keys, &private, rng.as_ref())?;
        }
        // The installation is there, and so is its authority.
        remove_durably(&files.making)?;
        Ok(authority)
    }

    /// Opens the authority in `DIR/tls` if it is there, whole, this installation's, and made for these hosts. Nothing is made,
    /// written or removed.
    ///
    /// # Errors
    /// Whatever keeps one from knowing: a file that cannot be read.
    pub(crate) fn open_if_its_own(
        folder: &Path,
        hosts: &[String],
        sealing_keys: &[SecretKey],
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Option<Self>, CertificateError> {
        let files = AuthorityFiles::of(folder);
        if files.making.exists() || !files.certificate.exists() {
            return Ok(None);
        }
        match Self::open(&files, &with_loopback(hosts), sealing_keys, clock, rng) {
            Ok(authority) => Ok(Some(authority)),
            Err(
                CertificateError::NotPermitted { .. }
                | CertificateError::Missing(_)
                | CertificateError::Sealed(_)
                | CertificateError::ForeignPair(_),
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`open_or_create`](Self::open_or_create), for an installation that is not kept yet.
    pub(crate) fn make_ahead(
        folder: &Path,
        hosts: &[String],
        sealing_keys: &[SecretKey],
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, CertificateError> {
        let files = AuthorityFiles::of(folder);
        let _lock = lock(folder)?;
        if !files.certificate.exists() {
            write_durably(&files.making, b"an installation is being made\n", rng.as_ref())?;
        }
        Self::open_under_lock(&files, hosts, sealing_keys, clock, rng)
    }

    fn open_under_lock(
        files: &AuthorityFiles,
        hosts: &[String],
        sealing_keys: &[SecretKey],
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, CertificateError> {
        let hosts = with_loopback(hosts);
        let made_ahead = files.making.exists();
        if made_ahead && files.certificate.exists() {
            match Self::open(files, &hosts, sealing_keys, clock.clone(), rng.clone()) {
                Ok(authority) => return Ok(authority),
                Err(error) => tracing::info!(%error, "what an interrupted start left of the local authority goes"),
            }
            remove_durably(&files.certificate)?;
        }
        if !files.certificate.exists() {
            make(files, &hosts, sealing_keys, clock.now(), rng.as_ref())?;
        }
        Self::open(files, &hosts, sealing_keys, clock, rng)
    }

    fn open(
        files: &AuthorityFiles,
        hosts: &[String],
        sealing_keys: &[SecretKey],
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, CertificateError> {
        let folder = &files.folder;
        let pem = read(&files.certificate)?;
        let certificate =
            CertificateDer::from_pem_slice(&pem).map_err(|error| file_error(&files.certificate, &error))?;
        let permitted = String::from_utf8_lossy(&read(&files.hosts)?).into_owned();
        if let Some(host) = hosts.iter().find(|host| !permitted.lines().any(|line| line == *host)) {
            return Err(CertificateError::NotPermitted { path: folder.clone(), host: host.clone() });
        }
        let (_, der) = unsealed(files, sealing_keys)?;
        let pkcs8 = PrivatePkcs8KeyDer::from(der.expose().as_slice());
        let pair = CertifiedKey::from_der(vec![certificate.clone()], pkcs8.clone_key().into(), &tls::provider());
        if pair.and_then(|pair| pair.keys_match()).is_err() {
            return Err(CertificateError::ForeignPair(folder.clone()));
        }
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &rcgen::PKCS_ECDSA_P256_SHA256)?;
        let params = authority_params(&key, hosts, clock.now(), rng.as_ref());
        let hosts = hosts.to_vec();
        Ok(Self { hosts, issuer: Issuer::new(params, key), certificate, clock, rng })
    }

    /// A fresh leaf for all hosts, with a private key that is never written.
    pub fn issue(&self) -> Result<CertifiedKey, CertificateError> {
        let (chain, private) = self.issue_parts()?;
        let private = PrivatePkcs8KeyDer::from(private.expose().as_slice()).clone_key();
        Ok(CertifiedKey::from_der(chain, PrivateKeyDer::Pkcs8(private), &tls::provider())?)
    }

    /// The same in parts, to be sealed for an edge: the chain, the leaf first, and its private key in PKCS #8.
    pub(crate) fn issue_parts(&self) -> Result<(Vec<CertificateDer<'static>>, Secret<Vec<u8>>), CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Pilotfish");
        params.subject_alt_names = self.hosts.iter().map(|host| subject_name(host)).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, self.clock.now(), LEAF_LIFE, self.rng.as_ref());
        let leaf = params.signed_by(&key, &self.issuer)?;
        Ok((vec![leaf.der().clone(), self.certificate.clone()], Secret::new(key.serialize_der())))
    }

    /// Tells this authority from others: SHA-256 of its certificate.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.certificate);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        bytes
    }
}

/// The authority's files.
struct AuthorityFiles {
    folder: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    hosts: PathBuf,
    /// There as long as the installation is not kept.
    making: PathBuf,
}

impl AuthorityFiles {
    fn of(folder: &Path) -> Self {
        let [certificate, key, hosts, making] =
            ["ca.pem", "ca.key.sealed", "ca.hosts", "making"].map(|name| folder.join(name));
        Self { folder: folder.to_owned(), certificate, key, hosts, making }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => CertificateError::Missing(path.to_owned()),
        _ => file_error(path, &error),
    })
}

/// Keeps other processes of this data folder out while one looks and makes; ends when it is dropped.
fn lock(folder: &Path) -> Result<File, CertificateError> {
    std::fs::create_dir_all(folder).map_err(|error| file_error(folder, &error))?;
    let path = folder.join("lock");
    let lock = open_lock(&path).map_err(|error| file_error(&path, &error))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).map_err(|error| file_error(&path, &error))?;
    Ok(lock)
}

/// Makes the authority. The certificate comes last, so that its presence says that all is there.
fn make(
    files: &AuthorityFiles,
    hosts: &[String],
    sealing_keys: &[SecretKey],
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), CertificateError> {
    let key = KeyPair::generate()?;
    let certificate = authority_params(&key, hosts, now, rng).self_signed(&key)?;
    write_private(files, sealing_keys, &Secret::new(key.serialize_der()), rng)?;
    write_durably_for_all(&files.hosts, hosts.join("\n").as_bytes(), rng)?;
    Ok(write_durably_for_all(&files.certificate, certificate.pem().as_bytes(), rng)?)
}

/// The authority's private key, and which of the keys opened it.
fn unsealed(files: &AuthorityFiles, keys: &[SecretKey]) -> Result<(usize, Secret<Vec<u8>>), CertificateError> {
    let sealed = read(&files.key)?;
    let opened = keys.iter().map(|key| aead::open(key, &sealing_context(), &sealed));
    let found = opened.enumerate().find_map(|(place, opened)| Some((place, opened.ok()?)));
    found.ok_or_else(|| CertificateError::Sealed(files.key.clone()))
}

/// Writes the private key, sealed with the first of the keys.
fn write_private(
    files: &AuthorityFiles,
    keys: &[SecretKey],
    private: &Secret<Vec<u8>>,
    rng: &dyn Rng,
) -> Result<(), CertificateError> {
    let key = keys.first().ok_or_else(|| CertificateError::Sealed(files.key.clone()))?;
    let sealed = aead::seal(key, &sealing_context(), private.expose(), rng);
    Ok(write_durably_for_all(&files.key, &sealed, rng)?)
}

/// Seals the authority's private key anew with the first of these keys, where another of them opens it.
pub(super) fn reseal(folder: &Path, keys: &[SecretKey], rng: &dyn Rng) -> Result<(), CertificateError> {
    let files = AuthorityFiles::of(folder);
    if !files.key.exists() {
        return Ok(());
    }
    let _lock = lock(folder)?;
    let (place, private) = unsealed(&files, keys)?;
    if place == 0 { Ok(()) } else { write_private(&files, keys, &private, rng) }
}

/// Whether the authority's private key is sealed with this key.
pub(super) fn is_sealed_with(folder: &Path, key: &SecretKey) -> Result<bool, CertificateError> {
    let files = AuthorityFiles::of(folder);
    if !files.key.exists() {
        return Ok(false);
    }
    match unsealed(&files, std::slice::from_ref(key)) {
        Ok(_) => Ok(true),
        Err(CertificateError::Sealed(_)) => Ok(false),
        // What cannot be read may be sealed with it.
        Err(error) => Err(error),
    }
}

/// The operator's own certificate files.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// PEM: the leaf, then its chain.
    pub certificate: PathBuf,
    /// PEM: the private key.
    pub key: PathBuf,
}

impl CertificateFiles {
    /// Reads both files.
    pub fn load(&self) -> Result<CertifiedKey, CertificateError> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| file_error(&self.certificate, &error))?;
        if chain.is_empty() {
            return Err(file_error(&self.certificate, &"holds no certificate in PEM form"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| file_error(&self.key, &error))?;
        let certified = CertifiedKey::from_der(chain, key, &tls::provider())?;
        certified.keys_match()?;
        Ok(certified)
    }

    /// When either was last changed, to notice a new pair.
    pub fn changed_at(&self) -> Option<(SystemTime, SystemTime)> {
        let changed = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        Some((changed(&self.certificate)?, changed(&self.key)?))
    }
}

fn sealing_context() -> Aad {
    Aad::new("pilotfish/local-authority/v1")
}

pub(super) fn file_error(path: &Path, reason: &dyn std::fmt::Display) -> CertificateError {
    CertificateError::File { path: path.to_owned(), reason: reason.to_string() }
}

fn with_loopback(hosts: &[String]) -> Vec<String> {
    let mut all: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    for host in hosts {
        if !all.contains(host) {
            all.push(host.clone());
        }
    }
    all
}

fn subject_name(host: &str) -> Result<SanType, rcgen::Error> {
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(host.try_into()?)),
    }
}

fn authority_params(key: &KeyPair, hosts: &[String], now: Timestamp, rng: &dyn Rng) -> CertificateParams {
    let fingerprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.public_key_raw());
    let short = data_encoding::HEXLOWER.encode(&fingerprint.as_ref()[..4]);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Pilotfish local authority {short}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: hosts.iter().map(|host| subtree(host)).collect(),
        excluded_subtrees: vec![],
    });
    set_validity(&mut params, now, AUTHORITY_LIFE, rng);
    params
}

fn subtree(host: &str) -> GeneralSubtree {
    match host.parse::<IpAddr>() {
        Ok(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
        }
        Err(_) => GeneralSubtree::DnsName(host.to_owned()),
    }
}

fn set_validity(params: &mut CertificateParams, now: Timestamp, life: Duration, rng: &dyn Rng) {
    let at = |time: Timestamp| {
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(time.seconds()).unwrap_or(0))
    };
    params.not_before = at(now.minus(LEEWAY));
    params.not_after = at(now.plus(life));
    params.serial_number = Some(SerialNumber::from_slice(&{
        let mut serial = rng.bytes::<16>();
        // Positive, and never shorter.
        serial[0] = serial[0] & 0x7f | 0x40;
        serial
    }));
}
