//! A person's or company's key pair: minted where it is needed, its private half known to nobody afterwards.
//!
//! The private half is itself a sealed value: sealed to the erasable key of the subject's bucket, at the place
//! (environment, subject, field `person.private_key` or `company.private_key`, version of the pair). Once that
//! erasable key is destroyed, no copy of the sealed half opens, and so nothing sealed to its public half does.

use crate::envelope::{KeyId, Opener, Recipient, SealError, SealedHeader, Sender, Subject, UnsealError};
use crate::{ErasablePublic, KeyKind, KeyProvider, PrivateKey, ProviderError, PublicKey, kem};
use base::{Clock, Rng, Secret};

/// A fresh pair as the keyring stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonKeys {
    /// To seal to.
    pub public: PublicKey,
    /// A sealed value that holds the private half.
    pub sealed_private: Vec<u8>,
}

/// Which pair of which subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairId {
    /// Whose pair it is.
    pub subject: Subject,
    /// [`KeyKind::Person`] or [`KeyKind::Company`].
    pub kind: KeyKind,
    /// 1 for the first pair.
    pub version: u32,
}

impl PairId {
    fn field(&self) -> Result<&'static str, SealError> {
        match self.kind {
            KeyKind::Person => Ok("person.private_key"),
            KeyKind::Company => Ok("company.private_key"),
            other => Err(SealError::Kind(other)),
        }
    }
}

/// Why a private half could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenPrivateError {
    /// The provider failed, or the erasable key was destroyed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The sealed half was changed, or is another subject's.
    #[error(transparent)]
    Unseal(#[from] UnsealError),
    /// The pair can't be sealed so.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Makes a pair. The private half exists only within this call: it is sealed, and wiped before the call returns.
pub fn mint_pair(
    erasable: &ErasablePublic,
    pair: &PairId,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<PersonKeys, SealError> {
    let (private, public) = kem::generate(rng);
    let sealed_private = seal_private(erasable, pair, &private, clock, rng)?;
    Ok(PersonKeys { public, sealed_private })
}

fn seal_private(
    erasable: &ErasablePublic,
    pair: &PairId,
    private: &PrivateKey,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<Vec<u8>, SealError> {
    let field = pair.field()?;
    if erasable.environment != pair.subject.environment || erasable.bucket != pair.subject.bucket() {
        return Err(SealError::WrongBucket);
    }
    let key = KeyId { kind: KeyKind::Erasable, version: erasable.version, number: u64::from(erasable.bucket) };
    let sender = Sender::new(Recipient { key, public: erasable.public }, pair.subject, clock, rng)?;
    sender.seal(field, u64::from(pair.version), private.expose(), clock, rng)
}

/// Opens a pair's private half by its erasable key.
pub async fn open_private(
    provider: &dyn KeyProvider,
    sealed_private: &[u8],
    pair: &PairId,
) -> Result<Opener, OpenPrivateError> {
    let private = unseal_private(provider, sealed_private, pair).await?;
    Opener::new(private).map_err(|_| UnsealError::Malformed.into())
}

/// Seals a pair's private half to another erasable key of the same bucket, for rotations.
pub async fn reseal_private(
    provider: &dyn KeyProvider,
    sealed_private: &[u8],
    pair: &PairId,
    to: &ErasablePublic,
    clock: &dyn Clock,
    rng: &dyn Rng,
) -> Result<Vec<u8>, OpenPrivateError> {
    let private = unseal_private(provider, sealed_private, pair).await?;
    Ok(seal_private(to, pair, &private, clock, rng)?)
}

async fn unseal_private(
    provider: &dyn KeyProvider,
    sealed_private: &[u8],
    pair: &PairId,
) -> Result<PrivateKey, OpenPrivateError> {
    let field = pair.field()?;
    let header = SealedHeader::parse(sealed_private)?;
    let bucket = pair.subject.bucket();
    if header.key.kind != KeyKind::Erasable || header.key.number != u64::from(bucket) {
        return Err(UnsealError::Malformed.into());
    }
    let erasable = provider.erasable_private(pair.subject.environment, bucket, header.key.version).await?;
    let opener = Opener::new(erasable).map_err(|_| UnsealError::Malformed)?;
    let plain = opener.open_secret(sealed_private, &pair.subject, field, u64::from(pair.version))?;
    let private = plain.expose().as_slice().try_into().map_err(|_| UnsealError::Malformed)?;
    Ok(Secret::new(private))
}
