//! A key as storage holds it: wrapped by the provider's root key, versioned, with its state.
//!
//! Wrapped bytes begin alike whatever the provider: format (u8), root key version (u32, big endian). What follows
//! is the format's own; format 1 is nonce (12) ‖ AES-256-GCM of the key (32) ‖ tag (16).

use crate::aead::Aad;
use crate::{KeyKind, Owner};
use base::Timestamp;

/// Whether a key version seals, only opens, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Seals and opens; one per kind and owner.
    Primary,
    /// Opens what it sealed.
    Enabled,
    /// Gone for good.
    Destroyed,
}

impl KeyState {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Enabled => "enabled",
            Self::Destroyed => "destroyed",
        }
    }
}

impl std::fmt::Display for KeyState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for KeyState {
    type Err = UnknownKeyState;
    fn from_str(text: &str) -> Result<Self, UnknownKeyState> {
        [Self::Primary, Self::Enabled, Self::Destroyed]
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| UnknownKeyState(text.to_owned()))
    }
}

/// Not the name of a key state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no key state {0:?}")]
pub struct UnknownKeyState(pub String);

/// One version of a key, wrapped. Whoever holds only this holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WrappedKey {
    /// What it is for.
    pub kind: KeyKind,
    /// Whose it is.
    pub owner: Owner,
    /// 1, 2, … within kind and owner; never given twice.
    pub version: u32,
    /// What it may still do.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// The wrapped bytes; none once destroyed.
    #[serde(with = "crate::hex::serde")]
    pub bytes: Vec<u8>,
}

impl WrappedKey {
    /// What the wrapping is bound to.
    pub fn context(&self) -> Aad {
        context(self.kind, self.owner, self.version)
    }
}

/// The authenticated data of a wrapped key: label, kind, owner, version.
pub fn context(kind: KeyKind, owner: Owner, version: u32) -> Aad {
    Aad::new("pilotfish/wrapped-key/v1").u8(kind.code()).bytes(&owner.bytes()).u32(version)
}

/// Format 1: AES-256-GCM under a root key held by this process.
pub(crate) const FORMAT_LOCAL: u8 = 1;
/// Length of a key wrapped in format 1.
pub(crate) const LOCAL_LEN: usize = HEADER_LEN + 32 + crate::aead::OVERHEAD;
/// Length of what all formats begin with.
pub(crate) const HEADER_LEN: usize = 5;

/// What wrapped bytes say without any key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrappedHeader {
    /// How the rest is made.
    pub format: u8,
    /// The version of the root key that wrapped it.
    pub root_version: u32,
}

impl WrappedHeader {
    /// Reads the header; `None` if the bytes are too short.
    pub fn parse(wrapped: &[u8]) -> Option<Self> {
        let (format, rest) = wrapped.split_first()?;
        let root_version = u32::from_be_bytes(*rest.first_chunk()?);
        Some(Self { format: *format, root_version })
    }
}
