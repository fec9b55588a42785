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
use std::path::{Path, PathBuf};

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
    /// The erasable keys are gone: an escrow without them would look whole and not be.
    #[error("the erasable keys are missing: there is no folder {0}; put it back before an escrow is written")]
    NoErasable(PathBuf),
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

/// An escrow as it is written.
#[derive(Debug)]
pub struct Escrow {
    /// Armored age text.
    pub text: String,
    /// Of how many environments it holds the erasable keys.
    pub environments: usize,
}

impl FileProvider {
    /// Root key and erasable keys, encrypted to an age recipient.
    pub fn escrow(&self, recipient: &str) -> Result<Escrow, EscrowError> {
        let to: age::x25519::Recipient =
            recipient.trim().parse().map_err(|_| EscrowError::Recipient(recipient.to_owned()))?;
        if !self.folder.is_dir() {
            return Err(EscrowError::NoErasable(self.folder.clone()));
        }
        // One moment for all: no root key is destroyed between what it wraps and itself.
        let wire = self.changing_root(|| self.gather())?;
        let environments = wire.expose().erasable.len();
        let json = serde_json::to_vec(wire.expose()).map(Secret::new);
        let json = json.map_err(|error| EscrowError::Encrypt(error.to_string()))?;
        let text = age::encrypt_and_armor(&to, json.expose());
        let text = text.map_err(|error| EscrowError::Encrypt(error.to_string()))?;
        Ok(Escrow { text, environments })
    }

    /// What goes into the escrow; every pair in it opens with the root key in it.
    fn gather(&self) -> Result<Secret<Wire>, ProviderError> {
        let mut erasable = BTreeMap::new();
        for environment in self.environments_now()? {
            let bytes = self.file(environment)?.bytes(self)?;
            erasable::all_open(bytes.expose(), environment, self)?;
            erasable.insert(environment, BASE64.encode(bytes.expose()));
        }
        Ok(Secret::new(Wire {
            kind: KIND.to_owned(),
            format: FORMAT,
            created_at: self.clock.now(),
            root_key: self.root.current()?.text().expose().clone(),
            erasable,
        }))
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

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Of how many environments the erasable keys were written.
    pub written: usize,
    /// Of how many they were there already and were left as they are: they may be newer.
    pub kept: usize,
}

/// Writes a decrypted escrow's files where a [`FileProvider`] finds them. Nothing is overwritten: what is missing is
/// written, erasable keys that are there stay, and another root key is refused. The root key comes last, so that its
/// presence says that all is there.
pub fn restore_escrow(json: &[u8], path: &Path, data_folder: &Path, rng: &dyn Rng) -> Result<Restored, EscrowError> {
    let escrowed = Escrowed::parse(json)?;
    let folder = folder_of(path);
    checks::outside(path, data_folder)?;
    checks::make_folders(&folder)?;
    checks::outside(path, data_folder)?;
    checks::outside(&folder, data_folder)?;
    let there = has_root_key(path, &escrowed)?;
    let mut restored = Restored { written: 0, kept: 0 };
    for (environment, bytes) in &escrowed.erasable {
        match checks::write_new(&folder.join(environment.to_string()), bytes.expose(), rng) {
            Ok(()) => restored.written += 1,
            Err(ProviderError::AlreadyExists { .. }) => restored.kept += 1,
            Err(error) => return Err(error.into()),
        }
    }
    if !there {
        checks::write_new(path, escrowed.root_key.expose().as_bytes(), rng)?;
    } else if restored.written == 0 {
        return Err(ProviderError::AlreadyExists { path: path.to_owned() }.into());
    }
    Ok(restored)
}

/// Whether the escrow's root key is at this path.
///
/// # Errors
/// [`ProviderError::AlreadyExists`] if another is.
fn has_root_key(path: &Path, escrowed: &Escrowed) -> Result<bool, EscrowError> {
    let Some(file) = checks::open_private(path)? else { return Ok(false) };
    if root_key::read(file, path)?.expose() == escrowed.root_key.expose() {
        return Ok(true);
    }
    Err(ProviderError::AlreadyExists { path: path.to_owned() }.into())
}
