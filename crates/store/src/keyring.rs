//! All SQL of the keyring: who is who. It alone connects an outside id with a person or company, and holds their key pairs,
//! the private halves sealed.
//!
//! Invariants: an outside id is one subject's (a unique index says so); a number is used once; whoever mints or joins
//! holds the environment's [`lock`] until the transaction ends, so two processes that meet the same new id agree; whoever
//! writes or removes index entries holds their [`index_version`], so that all are under one version at a time.
//! Lists are read in one round trip, or a few if they are longer than a statement may be.

mod read;
mod reindex;
mod reseal;
mod write;

pub use read::{Found, OutsideId, StoredPair, by_id, find, group, indexes_of, pairs};
pub use reindex::{
    Entry, entries_not_under, entries_under, index_version, move_entries, raise_index_version, remove_entry,
};
pub use reseal::{SealedPair, in_bucket, raise_floor, reseal};
pub use write::{NewIndex, NewSubject, Replaced, add_indexes, insert, lock, mark_identified, merge, remove_indexes};

/// What a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectKind {
    /// An end user.
    Person,
    /// A customer's company.
    Company,
}

impl SubjectKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Company => "company",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Person, Self::Company].into_iter().find(|kind| kind.name() == name)
    }
}

/// A person or company, as far as it is needed to store something about it and to seal to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Its number in the environment: what events and rows name it by.
    pub number: u64,
    /// Its random id.
    pub id: [u8; 16],
    /// Whether the customer knows it by an id of its own.
    pub identified: bool,
    /// The version of its key pair.
    pub key_version: u32,
    /// The public half of its key pair.
    pub public_key: [u8; 32],
}

/// By what a subject is found: a namespace of [`keys::hash::namespace`] and the keyed hash of the value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexKey {
    /// The namespace.
    pub namespace: std::borrow::Cow<'static, str>,
    /// The keyed hash.
    pub hash: [u8; 16],
}
