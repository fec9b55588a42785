//! X25519 key pairs, and DHKEM(X25519, HKDF-SHA256) of RFC 9180 as a key encapsulation, nothing more of HPKE.

use base::{CryptoRngOf, Rng, Secret};
use hpke::kem::X25519HkdfSha256 as Dhkem;
use hpke::{Deserializable, Kem, Serializable};
use zeroize::Zeroize;

type HpkePrivate = <Dhkem as Kem>::PrivateKey;
type HpkePublic = <Dhkem as Kem>::PublicKey;
type Encapsulated = <Dhkem as Kem>::EncappedKey;

/// The public half of an X25519 key pair.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::hex::encode(&self.0))
    }
}

/// A key of 256 bits.
pub type SecretKey = Secret<[u8; 32]>;

/// The private half of an X25519 key pair.
pub type PrivateKey = SecretKey;

/// A key that X25519 cannot work with: a point of small order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is not a usable X25519 key")]
pub struct KemError;

/// A new pair, by RFC 9180's `DeriveKeyPair` from 32 random bytes.
pub(crate) fn generate(rng: &dyn Rng) -> (PrivateKey, PublicKey) {
    let (private, public) = Dhkem::gen_keypair_with_rng(&mut CryptoRngOf(rng));
    let mut bytes = [0; 32];
    private.write_exact(&mut bytes);
    let secret = Secret::new(bytes);
    bytes.zeroize();
    (secret, PublicKey(public.to_bytes().into()))
}

/// The public half of a private one.
pub fn public_of(private: &PrivateKey) -> Result<PublicKey, KemError> {
    let private = HpkePrivate::from_bytes(private.expose()).map_err(|_| KemError)?;
    Ok(PublicKey(Dhkem::sk_to_pk(&private).to_bytes().into()))
}

/// A fresh shared secret for the holder of the private half, and what carries it.
pub(crate) fn encapsulate(to: &PublicKey, rng: &dyn Rng) -> Result<(SecretKey, [u8; 32]), KemError> {
    let to = HpkePublic::from_bytes(&to.0).map_err(|_| KemError)?;
    let (shared, carrier) = Dhkem::encap_with_rng(&to, None, &mut CryptoRngOf(rng)).map_err(|_| KemError)?;
    Ok((copy(&shared.0), carrier.to_bytes().into()))
}

/// The shared secret that was carried.
pub(crate) fn decapsulate(private: &PrivateKey, carrier: &[u8; 32]) -> Result<SecretKey, KemError> {
    let private = HpkePrivate::from_bytes(private.expose()).map_err(|_| KemError)?;
    let carrier = Encapsulated::from_bytes(carrier).map_err(|_| KemError)?;
    let shared = Dhkem::decap(&private, None, &carrier).map_err(|_| KemError)?;
    Ok(copy(&shared.0))
}

fn copy(shared: &[u8]) -> SecretKey {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(shared);
    let secret = Secret::new(bytes);
    bytes.zeroize();
    secret
}
