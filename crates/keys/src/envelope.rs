//! The sealed value, format 1: a value that only the holder of a private half opens, each by itself.
//!
//! ```text
//! format u8 = 1 │ key kind u8 │ key version u32 │ key number u64 │ enc 32 │ nonce 12 │ ciphertext │ tag 16
//! └──────────────────────── header, 14 bytes ────────────────────┘
//! ```
//! `enc` carries a shared secret by DHKEM(X25519, HKDF-SHA256). The AES-256 key is HKDF-Expand-SHA256 (shared secret,
//! label ‖ header), so the header can't be changed. What the value is (environment, subject, field, version) is
//! authenticated and not stored with it: a value moved to another place does not open.

use crate::aead::{Aad, AeadKey, NONCE_LEN, OVERHEAD, OpenError};
use crate::kem::{self, KemError};
use crate::{KeyKind, PrivateKey, PublicKey, SecretKey};
use aws_lc_rs::hkdf;
use base::id::{CompanyId, EnvironmentId, PersonId};
use base::{Clock, Personal, Rng, Secret, Timestamp};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;
use zeroize::Zeroize;

/// How long one encapsulation may be used, and so how long a sender's secret may live.
pub const MAX_SENDER_AGE: Duration = Duration::from_mins(10);

const FORMAT: u8 = 1;
const HEADER_LEN: usize = 14;
const ENC_LEN: usize = 32;
const MIN_LEN: usize = HEADER_LEN + ENC_LEN + OVERHEAD;
const KEY_LABEL: &[u8] = b"pilotfish/sealed-value/key/v1";
const AAD_LABEL: &str = "pilotfish/sealed-value/v1";

/// Whose value it is: part of what is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The environment.
    pub environment: EnvironmentId,
    /// The person's or company's id; zeros for the environment itself.
    pub id: [u8; 16],
}

impl Subject {
    /// A person.
    pub fn person(environment: EnvironmentId, id: PersonId) -> Self {
        Self { environment, id: id.bytes() }
    }

    /// A company.
    pub fn company(environment: EnvironmentId, id: CompanyId) -> Self {
        Self { environment, id: id.bytes() }
    }

    /// Nobody in particular: what is sealed to the environment's inbox.
    pub fn inbox(environment: EnvironmentId) -> Self {
        Self { environment, id: [0; 16] }
    }

    /// The bucket whose erasable key protects this subject's private half.
    pub const fn bucket(&self) -> u8 {
        self.id[0]
    }

    fn aad(&self, field: &str, version: u64) -> Aad {
        Aad::new(AAD_LABEL).bytes(&self.environment.bytes()).bytes(&self.id).text(field).u64(version)
    }
}

/// Names the key pair that a value is sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId {
    /// Person, company, erasable or inbox.
    pub kind: KeyKind,
    /// The pair's version.
    pub version: u32,
    /// Person number, company number, erasable bucket, or 0 for the inbox.
    pub number: u64,
}

/// A key pair's public half with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient {
    /// Its name.
    pub key: KeyId,
    /// Its public half.
    pub public: PublicKey,
}

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Values are not sealed to keys of this kind.
    #[error("values are not sealed to {0} keys")]
    Kind(KeyKind),
    /// The recipient's public half is unusable.
    #[error(transparent)]
    Key(#[from] KemError),
    /// The sender is older than 10 minutes.
    #[error("the sender's secret is too old")]
    Expired,
    /// The sender was wiped: it left its cache, or its subject was fenced. The cache says which.
    #[error("the sender's secret was dropped")]
    Dropped,
    /// The subject is being erased: nothing more is sealed for it.
    #[error("the subject was fenced")]
    Fenced,
    /// The erasable key is not the one of this subject's bucket and environment.
    #[error("this erasable key belongs to another bucket or environment")]
    WrongBucket,
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// Not a sealed value of a format known here.
    #[error("not a sealed value of a known format")]
    Malformed,
    /// Another key, another place, or changed bytes.
    #[error(transparent)]
    Refused(#[from] OpenError),
}

/// What a sealed value says without any key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedHeader {
    /// The key pair that it is sealed to.
    pub key: KeyId,
}

impl SealedHeader {
    /// Reads the header, and refuses what can't be a sealed value.
    pub fn parse(sealed: &[u8]) -> Result<Self, UnsealError> {
        Parts::of(sealed).map(|parts| Self { key: parts.key })
    }
}

struct Parts<'a> {
    key: KeyId,
    enc: &'a [u8; ENC_LEN],
    nonce: [u8; NONCE_LEN],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a [u8]) -> Result<Self, UnsealError> {
        Self::read(sealed).ok_or(UnsealError::Malformed)
    }

    fn read(sealed: &'a [u8]) -> Option<Self> {
        if sealed.len() < MIN_LEN {
            return None;
        }
        let ([format, kind], rest) = sealed.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (enc, rest) = rest.split_first_chunk()?;
        let (nonce, body) = rest.split_first_chunk()?;
        let kind = KeyKind::from_code(*kind).filter(|kind| is_recipient(*kind))?;
        let key = KeyId { kind, version: u32::from_be_bytes(*version), number: u64::from_be_bytes(*number) };
        (*format == FORMAT).then_some(Self { key, enc, nonce: *nonce, body })
    }
}

const fn is_recipient(kind: KeyKind) -> bool {
    matches!(kind, KeyKind::Person | KeyKind::Company | KeyKind::Erasable | KeyKind::Inbox)
}

fn header(key: KeyId) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[0] = FORMAT;
    header[1] = key.kind.code();
    header[2..6].copy_from_slice(&key.version.to_be_bytes());
    header[6..].copy_from_slice(&key.number.to_be_bytes());
    header
}

/// The AES key of a shared secret and header.
fn value_key(shared: &SecretKey, header: &[u8; HEADER_LEN]) -> SecretKey {
    let info = [KEY_LABEL, header];
    let mut key = [0; 32];
    let expanded = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, shared.expose())
        .expand(&info, hkdf::HKDF_SHA256)
        .and_then(|material| material.fill(&mut key));
    assert!(expanded.is_ok(), "HKDF-SHA256 gives 32 bytes");
    let secret = Secret::new(key);
    key.zeroize();
    secret
}

/// Seals values of one subject to one recipient, by one encapsulation, for at most [`MAX_SENDER_AGE`].
pub struct Sender {
    recipient: Recipient,
    subject: Subject,
    created_at: Timestamp,
    enc: [u8; ENC_LEN],
    secret: RwLock<Option<SecretKey>>,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("key", &self.recipient.key).finish_non_exhaustive()
    }
}

impl Sender {
    /// Encapsulates a fresh secret to the recipient.
    pub fn new(recipient: Recipient, subject: Subject, clock: &dyn Clock, rng: &dyn Rng) -> Result<Self, SealError> {
        if !is_recipient(recipient.key.kind) {
            return Err(SealError::Kind(recipient.key.kind));
        }
        let (shared, enc) = kem::encapsulate(&recipient.public, rng)?;
        let secret = RwLock::new(Some(value_key(&shared, &header(recipient.key))));
        Ok(Self { recipient, subject, created_at: clock.now(), enc, secret })
    }

    /// To whom it seals.
    pub fn recipient(&self) -> Recipient {
        self.recipient
    }

    /// Whose values it seals.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// When its secret was made.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Whether its secret is too old to be used, or gone.
    pub fn is_spent(&self, clock: &dyn Clock) -> bool {
        let now = clock.now();
        let gone = self.secret.read().unwrap_or_else(PoisonError::into_inner).is_none();
        gone || now < self.created_at || now.since(self.created_at) >= MAX_SENDER_AGE
    }

    /// Wipes the secret at once, whoever else still holds this sender.
    pub fn wipe(&self) {
        *self.secret.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Seals one value. `field` and `version` say which value it is and must be given again to open it.
    pub fn seal(
        &self,
        field: &str,
        version: u64,
        plain: &[u8],
        clock: &dyn Clock,
        rng: &dyn Rng,
    ) -> Result<Vec<u8>, SealError> {
        let secret = self.secret.read().unwrap_or_else(PoisonError::into_inner);
        let secret = secret.as_ref().ok_or(SealError::Dropped)?;
        let now = clock.now();
        if now < self.created_at || now.since(self.created_at) >= MAX_SENDER_AGE {
            return Err(SealError::Expired);
        }
        let mut sealed = Vec::with_capacity(MIN_LEN + plain.len());
        sealed.extend_from_slice(&header(self.recipient.key));
        sealed.extend_from_slice(&self.enc);
        sealed.extend_from_slice(&AeadKey::new(secret).seal(&self.subject.aad(field, version), plain, rng));
        Ok(sealed)
    }
}

type Opened = ([u8; HEADER_LEN + ENC_LEN], SecretKey);

/// A private half, ready to open what was sealed to its public half. Wiped when dropped.
pub struct Opener {
    private: PrivateKey,
    public: PublicKey,
    last: Mutex<Option<Opened>>,
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Opener {
    /// Takes a private half.
    pub fn new(private: PrivateKey) -> Result<Self, KemError> {
        let public = kem::public_of(&private)?;
        Ok(Self { private, public, last: Mutex::default() })
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Opens a value at the place that it was sealed for.
    pub fn open(
        &self,
        sealed: &[u8],
        subject: &Subject,
        field: &str,
        version: u64,
    ) -> Result<Personal<Vec<u8>>, UnsealError> {
        self.open_secret(sealed, subject, field, version).map(|plain| Personal::new(plain.expose().clone()))
    }

    pub(crate) fn open_secret(
        &self,
        sealed: &[u8],
        subject: &Subject,
        field: &str,
        version: u64,
    ) -> Result<Secret<Vec<u8>>, UnsealError> {
        let parts = Parts::of(sealed)?;
        let key = AeadKey::new(&self.value_key(&parts)?);
        let mut plain = parts.body.to_vec();
        let length = key.open_with_nonce(parts.nonce, &subject.aad(field, version), &mut plain)?.len();
        plain.truncate(length);
        Ok(Secret::new(plain))
    }

    /// Values sealed by one sender share an encapsulation: the last one's key is kept.
    fn value_key(&self, parts: &Parts<'_>) -> Result<SecretKey, UnsealError> {
        let header = header(parts.key);
        let mut name = [0; HEADER_LEN + ENC_LEN];
        name[..HEADER_LEN].copy_from_slice(&header);
        name[HEADER_LEN..].copy_from_slice(parts.enc);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = last.as_ref().filter(|(known, _)| *known == name) {
            return Ok(key.clone());
        }
        let shared = kem::decapsulate(&self.private, parts.enc).map_err(|_| OpenError)?;
        let key = value_key(&shared, &header);
        *last = Some((name, key.clone()));
        Ok(key)
    }
}
