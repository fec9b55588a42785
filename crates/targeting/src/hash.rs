//! Stable names of questions, so that their answers can be stored apart from the values they were asked of.
//!
//! SHA-256 of a domain and the canonical JSON of the question (fixed key order, no white space, numbers in their
//! shortest form), cut to 16 bytes. Keyed by nothing: the question stands in the ruleset in clear anyway, and every
//! process must find the same name. Part of the stored format: never change it, add a version.

use std::fmt;

use sha2::{Digest, Sha256};

fn digest(domain: &str, canonical: &impl serde::Serialize) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(domain.as_bytes());
    hasher.update([0]);
    // Rules hold finite numbers and texts only, which always serialise; an empty text would be seen by the tests.
    hasher.update(serde_json::to_string(canonical).unwrap_or_default().as_bytes());
    let mut name = [0; 16];
    name.copy_from_slice(&hasher.finalize()[..16]);
    name
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $domain:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            pub(crate) fn of(canonical: &impl serde::Serialize) -> Self {
                Self(digest($domain, canonical))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            /// Reads what `Display` writes.
            fn from_str(text: &str) -> Result<Self, ()> {
                let mut name = [0; 16];
                if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                    return Err(());
                }
                for (index, byte) in name.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).map_err(|_| ())?;
                }
                Ok(Self(name))
            }
        }
    };
}

name!(
    /// The name of a filter over one attribute: what a stored outcome of a personal attribute is filed under.
    PredicateHash,
    "pilotfish.predicate.v1"
);
name!(
    /// The name of a counter: the event, its filters and its window, whatever count is asked for.
    CounterHash,
    "pilotfish.counter.v1"
);
