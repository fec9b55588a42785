//! The file `root.kms`: the versions of the root key, each sealed by a KMS key.

use base::Timestamp;
use keys::KeyState;
use serde::{Deserialize, Serialize};

/// What the file says that it is.
const FORMAT: u32 = 1;

/// A version of the root key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedVersion {
    pub(crate) version: u32,
    pub(crate) state: KeyState,
    pub(crate) created_at: Timestamp,
    /// The ARN of the KMS key that sealed it.
    pub(crate) kms_key: String,
    /// What it made of the key, in base64; empty once destroyed.
    pub(crate) sealed: String,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedRoot {
    #[serde(rename = "pilotfish-root-key-kms")]
    format: u32,
    /// Rising; one is the primary.
    pub(crate) versions: Vec<SealedVersion>,
}

impl SealedRoot {
    /// With a first version.
    pub(crate) fn of(first: SealedVersion) -> Self {
        Self { format: FORMAT, versions: vec![first] }
    }

    /// Reads the file's text, or says what is wrong with it.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let root: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let rising = root.versions.windows(2).all(|pair| pair[0].version < pair[1].version);
        let primaries = root.versions.iter().filter(|version| version.state == KeyState::Primary).count();
        if root.format != FORMAT || !rising || primaries != 1 {
            return Err("expected format 1, rising versions, and one that is primary".to_owned());
        }
        Ok(root)
    }

    /// The file's text.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// These versions and a newer primary one.
    pub(crate) fn with(&self, newest: SealedVersion) -> Self {
        let mut root = self.clone();
        for version in root.versions.iter_mut().filter(|version| version.state == KeyState::Primary) {
            version.state = KeyState::Enabled;
        }
        root.versions.push(newest);
        root
    }

    /// These versions, one of them without its key.
    pub(crate) fn without(&self, number: u32) -> Self {
        let mut root = self.clone();
        for version in root.versions.iter_mut().filter(|version| version.version == number) {
            version.state = KeyState::Destroyed;
            version.sealed.clear();
        }
        root
    }

    /// The newest version's number.
    pub(crate) fn newest(&self) -> u32 {
        self.versions.last().map_or(0, |version| version.version)
    }
}
