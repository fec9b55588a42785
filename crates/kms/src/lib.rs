//! AWS KMS as the key provider.
//!
//! A version of the root key is 32 random bytes, as with the file provider, and KMS seals it: `Encrypt` when it is made,
//! `Decrypt` when a process starts, with an encryption context that names its version. What is sealed lies in a file,
//! `root.kms`, in a folder that the operator names, outside the data folder: without KMS it is of no use, so copies of it
//! may be kept anywhere. The erasable keys lie in the same folder, sealed under the root key, as the file provider keeps
//! them, since KMS has nothing that is overwritten without history.
//!
//! KMS is asked when a process starts, when the root key turns, and when another process turned it. Nothing else waits for
//! it, so requests are answered while it is away; but where another process turned the root key and this one cannot have it
//! opened, a call waits two seconds each half minute, and what needs the newer version is refused. Nothing is wrapped under a version before KMS has opened it once.
//!
//! The root key turns by a new version, sealed by the KMS key that is named then: to move to another KMS key, name an alias,
//! let it point to the other one, and turn the root key. The old version's sealed bytes are overwritten; a copy of
//! `root.kms` from before opens it as long as the KMS key lives. Pilotfish makes and deletes no KMS keys, and so needs the
//! rights `kms:Encrypt` and `kms:Decrypt` only: whoever owns the server cannot have the KMS key deleted.
//!
//! The two calls are made here, without AWS's own libraries ([ADR 12](../../../docs/adr/0012-aws-kms.md)): keys go to one
//! endpoint, over TLS or to this machine, never by way of a redirection or a proxy, and no library logs them.

mod client;
mod provider;
mod sealed_root;
mod signature;

#[cfg(test)]
mod tests;

pub use client::{Call, Credentials, KmsClient, KmsError, Settings};
pub use provider::KmsProvider;
