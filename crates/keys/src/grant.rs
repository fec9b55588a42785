//! What one edge may hold, sealed for it: each version of each key of a kind that [`Grants::edge`] names, the public halves
//! of the erasable keys, and a TLS certificate with its private key. `docs/formats/edge-bundle.md` has the bytes.
//!
//! A grant has an id and a random key of its own. Whoever holds the root key seals with it; the edge, which has that key in
//! its bundle, opens.
//!
//! Invariant: no key of a kind that an edge may not hold is ever sealed for one.

use crate::aead::{AeadKey, OpenError};
use crate::{Aad, BUCKETS, ErasablePublic, Grants, KeyKind, PublicKey, SecretKey, WrappedKey};
use base::id::{EdgeGrantId, EnvironmentId};
use base::{Rng, Secret};

/// The only format there is, of all that is sealed for a grant.
const FORMAT: u8 = 1;
/// Bytes of one bucket's public half, with its version.
const PUBLIC_LEN: usize = 4 + 32;

/// A certificate chain, the leaf first, and its private key (PKCS #8); all in DER.
pub type ChainAndKey = (Vec<Vec<u8>>, Secret<Vec<u8>>);

/// Keys of this kind are not for edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an edge may not hold {0} keys")]
pub struct NotGrantable(pub KeyKind);

/// A grant's key, with whose it is.
#[derive(Debug, Clone)]
pub struct GrantKey {
    id: EdgeGrantId,
    key: SecretKey,
}

impl GrantKey {
    /// Takes a grant's key.
    pub const fn new(id: EdgeGrantId, key: SecretKey) -> Self {
        Self { id, key }
    }

    /// Whose it is.
    pub const fn id(&self) -> EdgeGrantId {
        self.id
    }

    /// The key itself, for the bundle's file.
    pub(crate) const fn secret(&self) -> &SecretKey {
        &self.key
    }

    /// Seals a version of a key; `record` says which.
    pub fn seal_key(&self, record: &WrappedKey, key: &SecretKey, rng: &dyn Rng) -> Result<Vec<u8>, NotGrantable> {
        if !record.kind.is_wrapped() || !Grants::edge().allows(record.kind) {
            return Err(NotGrantable(record.kind));
        }
        Ok(self.seal(&self.of_key(&record.context()), key.expose(), rng))
    }

    /// Opens a version of a key; `context` says which, as when it is wrapped.
    pub fn open_key(&self, context: &Aad, sealed: &[u8]) -> Result<SecretKey, OpenError> {
        let plain = self.open(&self.of_key(context), sealed)?;
        plain.expose().as_slice().try_into().map(Secret::new).map_err(|_| OpenError)
    }

    /// Seals the newest public halves of an environment's erasable keys, by bucket. They are no secret: what they must not be
    /// is another's, to whom persons' keys would be sealed.
    pub fn seal_publics(&self, environment: EnvironmentId, publics: &[ErasablePublic], rng: &dyn Rng) -> Vec<u8> {
        let plain: Vec<u8> =
            publics.iter().flat_map(|public| public.version.to_be_bytes().into_iter().chain(public.public.0)).collect();
        self.seal(&self.of_publics(environment), &plain, rng)
    }

    /// Opens the public halves of an environment's erasable keys.
    pub fn open_publics(&self, environment: EnvironmentId, sealed: &[u8]) -> Result<Vec<ErasablePublic>, OpenError> {
        let plain = self.open(&self.of_publics(environment), sealed)?;
        if plain.expose().len() != BUCKETS * PUBLIC_LEN {
            return Err(OpenError);
        }
        let read = |(bucket, bytes): (u8, &[u8])| {
            let (version, public) = bytes.split_first_chunk().ok_or(OpenError)?;
            let public = PublicKey(public.try_into().map_err(|_| OpenError)?);
            Ok(ErasablePublic { environment, bucket, version: u32::from_be_bytes(*version), public })
        };
        (0..=u8::MAX).zip(plain.expose().chunks_exact(PUBLIC_LEN)).map(read).collect()
    }

    /// Seals a certificate chain, the leaf first, with its private key (PKCS #8); all in DER.
    pub fn seal_leaf(&self, chain: &[&[u8]], private: &Secret<Vec<u8>>, rng: &dyn Rng) -> Vec<u8> {
        let mut plain = Vec::new();
        for part in chain.iter().copied().chain([private.expose().as_slice()]) {
            plain.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            plain.extend_from_slice(part);
        }
        self.seal(&self.of_leaf(), Secret::new(plain).expose(), rng)
    }

    /// Opens a certificate chain and its private key.
    pub fn open_leaf(&self, sealed: &[u8]) -> Result<ChainAndKey, OpenError> {
        let plain = self.open(&self.of_leaf(), sealed)?;
        let (mut chain, mut rest) = (Vec::new(), plain.expose().as_slice());
        loop {
            let (length, after) = rest.split_first_chunk::<4>().ok_or(OpenError)?;
            let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| OpenError)?;
            let (part, after) = after.split_at_checked(length).ok_or(OpenError)?;
            if after.is_empty() {
                return Ok((chain, Secret::new(part.to_vec())));
            }
            chain.push(part.to_vec());
            rest = after;
        }
    }

    fn of_key(&self, context: &Aad) -> Aad {
        Aad::new("pilotfish/granted-key/v1").bytes(&self.id.bytes()).bytes(context.as_bytes())
    }

    fn of_publics(&self, environment: EnvironmentId) -> Aad {
        Aad::new("pilotfish/granted-publics/v1").bytes(&self.id.bytes()).bytes(&environment.bytes())
    }

    fn of_leaf(&self) -> Aad {
        Aad::new("pilotfish/granted-leaf/v1").bytes(&self.id.bytes())
    }

    fn seal(&self, aad: &Aad, plain: &[u8], rng: &dyn Rng) -> Vec<u8> {
        let mut sealed = vec![FORMAT];
        sealed.extend(AeadKey::new(&self.key).seal(aad, plain, rng));
        sealed
    }

    fn open(&self, aad: &Aad, sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let sealed = sealed.strip_prefix(&[FORMAT]).ok_or(OpenError)?;
        AeadKey::new(&self.key).open(aad, sealed)
    }
}
