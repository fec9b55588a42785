//! The register of key kinds: a stable code for bytes, a stable name for people, and whose key it is.
//!
//! Codes stand in formats and in authenticated data: they are never changed and never given to another kind.

use base::id::{EnvironmentId, OrganisationId};
use uuid::Uuid;

/// To whom keys of a kind belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// One for the whole installation.
    Installation,
    /// One for every organisation.
    Organisation,
    /// One for every environment.
    Environment,
}

/// To whom a key belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The whole installation.
    Installation,
    /// An organisation.
    Organisation(OrganisationId),
    /// An environment.
    Environment(EnvironmentId),
}

impl Owner {
    /// Which kind of owner this is.
    pub const fn kind(self) -> OwnerKind {
        match self {
            Self::Installation => OwnerKind::Installation,
            Self::Organisation(_) => OwnerKind::Organisation,
            Self::Environment(_) => OwnerKind::Environment,
        }
    }

    /// The 16 bytes that authenticated data and storage use: the id, or zeros for the installation.
    pub fn bytes(self) -> [u8; 16] {
        match self {
            Self::Installation => [0; 16],
            Self::Organisation(id) => id.bytes(),
            Self::Environment(id) => id.bytes(),
        }
    }

    /// The owner of a stored key: `kind` says how to read the bytes of [`Owner::bytes`].
    pub fn from_bytes(kind: KeyKind, bytes: [u8; 16]) -> Self {
        match kind.owner_kind() {
            OwnerKind::Installation => Self::Installation,
            OwnerKind::Organisation => Self::Organisation(OrganisationId(Uuid::from_bytes(bytes))),
            OwnerKind::Environment => Self::Environment(EnvironmentId(Uuid::from_bytes(bytes))),
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Installation => f.write_str("installation"),
            Self::Organisation(id) => write!(f, "{id}"),
            Self::Environment(id) => write!(f, "{id}"),
        }
    }
}

/// Not the name of a key kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no key kind {0:?}")]
pub struct UnknownKeyKind(pub String);

/// Declares the register: variant, code, name, owner, and whether the root key wraps it.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal, $owner:ident, $wrapped:literal;)+) => {
        /// What a key is for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum KeyKind { $($(#[$doc])* $variant = $code,)+ }

        impl KeyKind {
            /// Every kind, by code.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name, in listings and in storage.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whose key this is.
            pub const fn owner_kind(self) -> OwnerKind {
                match self { $(Self::$variant => OwnerKind::$owner,)+ }
            }

            /// Whether keys of this kind are random 32 bytes wrapped by the root key, and so live in a
            /// [`KeySet`](crate::KeySet). The others appear in key ids and listings only.
            pub const fn is_wrapped(self) -> bool {
                match self { $(Self::$variant => $wrapped,)+ }
            }
        }
    };
}

kinds! {
    /// The root key itself, at the key provider.
    Root = 1, "root", Installation, false;
    /// An environment's erasable key pairs, at the key provider.
    Erasable = 2, "erasable", Environment, false;
    /// A person's key pair; the private half lives in the keyring, sealed to an erasable key.
    Person = 3, "person", Environment, false;
    /// A company's key pair; kept like a person's.
    Company = 4, "company", Environment, false;
    /// The private half of the key pair to which a browser may seal, end to end.
    Inbox = 5, "inbox", Environment, true;
    /// The file key of the embedded main store.
    MainStoreFile = 16, "main_store_file", Installation, true;
    /// The file key of the embedded keyring.
    KeyringFile = 17, "keyring_file", Installation, true;
    /// Seals the keys of event log files.
    EventLog = 18, "event_log", Environment, true;
    /// Seals the keys of parts.
    Part = 19, "part", Environment, true;
    /// Seals the event engine's durable dictionaries.
    Dictionary = 20, "dictionary", Environment, true;
    /// Blind indexes.
    Index = 21, "index", Environment, true;
    /// The hash of a message id, for duplicates.
    MessageHash = 22, "message_hash", Environment, true;
    /// Argon2's secret input for passwords.
    Pepper = 23, "pepper", Installation, true;
    /// Hashes of session, device and one-time tokens.
    Session = 24, "session", Installation, true;
    /// Hashes of API keys.
    ApiKeyHash = 25, "api_key_hash", Installation, true;
    /// Hashes of sign-in address prefixes.
    AddressHash = 26, "address_hash", Installation, true;
    /// Seals member data.
    Organisation = 27, "organisation", Organisation, true;
    /// Seals the verification secrets of identity tokens.
    Identity = 28, "identity", Environment, true;
    /// Seals the local certificate authority's private key.
    LocalAuthority = 29, "local_authority", Installation, true;
    /// The Ed25519 seed that signs audit heads and receipts.
    AuditSigning = 30, "audit_signing", Installation, true;
    /// Finds a member by their e-mail address.
    MemberIndex = 31, "member_index", Installation, true;
    /// Seals what one edge may hold: each version is one edge's.
    EdgeGrant = 32, "edge_grant", Installation, true;
    /// Seals the account and the certificates of an ACME authority.
    Acme = 33, "acme", Installation, true;
    /// Seals members' secrets of one-time codes.
    SecondFactor = 34, "second_factor", Installation, true;
}

impl KeyKind {
    /// The stable code, in formats.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for KeyKind {
    type Err = UnknownKeyKind;
    fn from_str(text: &str) -> Result<Self, UnknownKeyKind> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or_else(|| UnknownKeyKind(text.to_owned()))
    }
}

impl serde::Serialize for KeyKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for KeyKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_and_names_are_unique_and_read_back() {
        let codes: HashSet<u8> = KeyKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), KeyKind::ALL.len());
        for kind in KeyKind::ALL {
            assert_eq!(KeyKind::from_code(kind.code()), Some(*kind));
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        assert_eq!(KeyKind::from_code(0), None);
        assert!("Root".parse::<KeyKind>().is_err());
    }

    #[test]
    fn an_owner_reads_back_from_its_bytes() {
        let id = OrganisationId(Uuid::from_u128(7));
        let owner = Owner::Organisation(id);
        assert_eq!(Owner::from_bytes(KeyKind::Organisation, owner.bytes()), owner);
        assert_eq!(Owner::from_bytes(KeyKind::Pepper, [0; 16]), Owner::Installation);
    }
}
