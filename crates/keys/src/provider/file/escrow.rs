//! The escrow: root key and erasable keys in one age file, for a safe that is not this machine.
//!
//! An escrow is a copy of the key provider: what was destroyed after it was written lives on in it. Write it anew
//! after erasures, and destroy the old one.

use super::{FileProvider, checks, erasable, folder_of, root_key};
use crate::provider::ProviderError;
use base::id::EnvironmentId;
use base::{Rng, Secret, Timestamp};
use data_encoding::BASE64;
use std::collections::BTreeMap;
use std::path::Path;

const KIND: &str = "pilotfish-escrow";
const FORMAT: u32 = 1;

/// Why there is no escrow, or none can be restored.
#[derive(Debug, thiserror::Error)]
pub enum EscrowError {
    /// Not an age recipient.
    #[error("{0:?} is not an age recipient: expected one that starts with age1, as age-keygen prints it")]
    Recipient(String),
    /// age failed.
    #[error("the escrow could not be encrypted: {0}")]
    Encrypt(String),
    /// The decrypted text is not an escrow.
    #[error("this is not an escrow of pilotfish: {0}")]
    Malformed(String),
    /// The provider's files failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

#[derive(serde::Serialize, serde::Deserialize, zeroize::Zeroize)]
struct Wire {
    kind: String,
    format: u32,
    #[zeroize(skip)]
    created_at: Timestamp,
    root_key: String,
    #[zeroize(skip)]
    erasable: BTreeMap<EnvironmentId, String>,
}

/// A decrypted escrow.
#[derive(Debug)]
pub struct Escrowed {
    /// When it was written.
    pub created_at: Timestamp,
    /// The root key file's text.
    pub root_key: Secret<String>,
    /// The erasable key files' bytes.
    pub erasable: BTreeMap<EnvironmentId, Secret<Vec<u8>>>,
}

impl FileProvider {
    /// Root key and erasable keys, encrypted to an age recipient, as armored text.
    pub fn escrow(&self, recipient: &str) -> Result<String, EscrowError> {
        let to: age::x25519::Recipient =
            recipient.trim().parse().map_err(|_| EscrowError::Recipient(recipient.to_owned()))?;
        let mut erasable = BTreeMap::new();
        for environment in self.environments_now()? {
            erasable.insert(environment, BASE64.encode(self.file(environment)?.bytes()?.expose()));
        }
        let root_key = self.root.text();
        let wire = Secret::new(Wire {
            kind: KIND.to_owned(),
            format: FORMAT,
            created_at: self.clock.now(),
            root_key: root_key.expose().clone(),
            erasable,
        });
        let json = serde_json::to_vec(wire.expose()).map(Secret::new);
        let json = json.map_err(|error| EscrowError::Encrypt(error.to_string()))?;
        age::encrypt_and_armor(&to, json.expose()).map_err(|error| EscrowError::Encrypt(error.to_string()))
    }
}

impl Escrowed {
    /// Reads a decrypted escrow, whole.
    pub fn parse(json: &[u8]) -> Result<Self, EscrowError> {
        let wire: Wire = serde_json::from_slice(json)
            .map_err(|error| EscrowError::Malformed(format!("line {}, column {}", error.line(), error.column())))?;
        let wire = Secret::new(wire);
        let Wire { kind, format, created_at, root_key, erasable } = wire.expose();
        if kind != KIND || *format != FORMAT {
            return Err(EscrowError::Malformed(format!("expected {KIND} of format {FORMAT}")));
        }
        root_key::RootKeys::parse(root_key).map_err(EscrowError::Malformed)?;
        let mut files = BTreeMap::new();
        for (environment, text) in erasable {
            let bytes = BASE64.decode(text.as_bytes()).unwrap_or_default();
            if bytes.len() != erasable::FILE_LEN || !bytes.starts_with(&erasable::file_header(*environment)) {
                return Err(EscrowError::Malformed(format!("the erasable keys of {environment} are not whole")));
            }
            files.insert(*environment, Secret::new(bytes));
        }
        Ok(Self { created_at: *created_at, root_key: Secret::new(root_key.clone()), erasable: files })
    }
}

/// Writes a decrypted escrow's files where a [`FileProvider`] finds them. Nothing is overwritten; the root key comes
/// last, so that its presence says that all is there.
pub fn restore_escrow(json: &[u8], path: &Path, data_folder: &Path, rng: &dyn Rng) -> Result<(), EscrowError> {
    let escrowed = Escrowed::parse(json)?;
    let folder = folder_of(path);
    checks::outside(path, data_folder)?;
    checks::make_folders(&folder)?;
    checks::outside(path, data_folder)?;
    checks::outside(&folder, data_folder)?;
    if path.exists() {
        return Err(ProviderError::AlreadyExists { path: path.to_owned() }.into());
    }
    for (environment, bytes) in &escrowed.erasable {
        checks::write_new(&folder.join(environment.to_string()), bytes.expose(), rng)?;
    }
    Ok(checks::write_new(path, escrowed.root_key.expose().as_bytes(), rng)?)
}
