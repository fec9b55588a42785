//! Every promise: the rows of the two security pages that Pilotfish keeps, and what it promises besides. What stands here is
//! how far each is kept by this release; what the checks see comes on top ([`super::page`]).
//!
//! Whoever lands a part changes its row in the same commit: a [`Standing`] that says less than is true is a pity, one that
//! says more is a lie. A test sees to it that each named test is there.

mod own;
mod userleap;
mod userpilot;

use super::check::Check;
use super::checks::CHECKS;

/// A promise.
pub(super) struct Promise {
    /// Its row, as the design documents and the checks name it.
    pub(super) id: &'static str,
    /// What was promised.
    pub(super) says: &'static str,
    /// What keeping it means here.
    pub(super) means: &'static str,
    /// How it is proven once it is kept: live, test, record.
    pub(super) kind: &'static str,
    pub(super) standing: Standing,
    /// Tests that prove it, or the part of it that is kept.
    pub(super) tests: &'static [Test],
}

/// How far this release keeps a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// All of it.
    Kept,
    /// It is kept, but weakly or in part: how.
    Weak(&'static str),
    /// It is not: what is missing.
    NotYet(&'static str),
    /// By roles that run apart, which the embedded store does not let them: what that takes.
    Apart(&'static str),
}

/// A test of this repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Test {
    /// From the root of the repository.
    pub(super) file: &'static str,
    pub(super) name: &'static str,
}

/// Promises from one place.
pub(super) struct Chapter {
    pub(super) title: &'static str,
    pub(super) promises: &'static [Promise],
}

/// All of them, in the order of the page.
pub(super) static CHAPTERS: [Chapter; 3] = [
    Chapter { title: "In-product surveys", promises: userleap::PROMISES },
    Chapter { title: "In-app experiences", promises: userpilot::PROMISES },
    Chapter { title: "Besides", promises: own::PROMISES },
];

impl Promise {
    /// The checks that show it.
    pub(super) fn checks(&self) -> impl Iterator<Item = &'static Check> {
        CHECKS.iter().filter(|check| check.promises.contains(&self.id))
    }
}

const fn test(file: &'static str, name: &'static str) -> Test {
    Test { file, name }
}
