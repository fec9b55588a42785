//! Keys: who holds them, how they are wrapped, and the formats of everything sealed or hashed with them.
//!
//! ```text
//! root key (KeyProvider)
//!  └─ wraps the keys of a KeySet: store files, log, parts, indexes, hashes, organisations, …
//! erasable keys (KeyProvider, 256 pairs per environment)
//!  └─ a person's or company's private half is sealed to one of them
//!      └─ personal values are sealed to the public half (Sender), opened by the private one (Opener)
//! ```
//!
//! Invariants: every format has a number, is final, is described byte by byte in `docs/formats` and held there by
//! vectors; secrets are [`Secret`](base::Secret), wiped when dropped, and do not print; no parser of bytes from
//! outside panics. No database and no runtime here.

pub mod aead;
mod api_key;
mod envelope;
mod grant;
mod harden;
pub mod hash;
mod hex;
mod kem;
mod kind;
mod person;
mod provider;
mod sender_cache;
mod set;
mod wrapped;

#[cfg(test)]
mod tests;

pub use aead::{Aad, AeadKey};
pub use api_key::{ApiKey, ApiKeyError, ApiKeyKind, random_token};
pub use envelope::{KeyId, MAX_SENDER_AGE, Opener, Recipient, SealError, SealedHeader, Sender, Subject, UnsealError};
pub use grant::{ChainAndKey, GrantKey, NotGrantable};
pub use harden::harden_process;
pub use kem::{KemError, PrivateKey, PublicKey, SecretKey, public_of};
pub use kind::{KeyKind, Owner, OwnerKind, UnknownKeyKind};
pub use person::{OpenPrivateError, PairId, PersonKeys, mint_pair, open_private, reseal_private};
pub use provider::bundle::{BundleProvider, is_bundle, write_bundle};
pub use provider::file::FileProvider;
pub use provider::file::escrow::{Escrow, EscrowError, Escrowed, Restored, restore_escrow};
pub use provider::file::private_file;
pub use provider::file::root::HeldRoot;
pub use provider::file::root_key::RootKeys;
pub use provider::{
    Answer, BUCKETS, ErasablePlace, ErasablePublic, ErasableVersion, KeyProvider, ProviderError, RootVersion,
};
pub use sender_cache::SenderCache;
pub use set::{Grants, HeldKeys, KeyError, KeySet, rewrap};
pub use wrapped::{KeyState, UnknownKeyState, WrappedHeader, WrappedKey, context as wrapping_context};
