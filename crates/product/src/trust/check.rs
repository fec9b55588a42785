//! What a check is, and what it may say.

use std::time::Duration;

use futures::future::BoxFuture;
use store::StoreError;

use crate::App;

/// A check of something that this installation promises.
pub(super) struct Check {
    /// Its stable name.
    pub(super) id: &'static str,
    /// The promises that it shows.
    pub(super) promises: &'static [&'static str],
    /// What it looks at, for somebody who decides whether that is enough.
    pub(super) observes: &'static str,
    /// How often it is made; less often if it takes long ([`super::run`]).
    pub(super) every: Duration,
    pub(super) look: for<'a> fn(&'a App) -> BoxFuture<'a, Result<Seen, Unseen>>,
}

/// How a promise fares, by what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Kept,
    /// Kept, but weakly.
    Weak,
    Broken,
}

impl Verdict {
    const ALL: [Self; 3] = [Self::Kept, Self::Weak, Self::Broken];

    /// The stable name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Weak => "weak",
            Self::Broken => "broken",
        }
    }

    /// The verdict of a stored name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// What a check saw. Every text is a sentence for strangers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    broken: Vec<String>,
    weak: Vec<String>,
    evidence: Vec<String>,
}

impl Seen {
    /// Something that was looked at and is as it should be, or how it is.
    pub(super) fn shows(&mut self, text: impl Into<String>) {
        self.evidence.push(text.into());
    }

    /// The promise is kept weakly, and why.
    pub(super) fn weak(&mut self, text: impl Into<String>) {
        self.weak.push(text.into());
    }

    /// The promise is broken, and how.
    pub(super) fn broken(&mut self, text: impl Into<String>) {
        self.broken.push(text.into());
    }

    /// Shows what is so, or says that it is broken.
    pub(super) fn demand(&mut self, holds: bool, kept: impl Into<String>, broken: impl Into<String>) {
        if holds { self.shows(kept) } else { self.broken(broken) }
    }

    pub(super) fn verdict(&self) -> Verdict {
        match (self.broken.is_empty(), self.weak.is_empty()) {
            (false, _) => Verdict::Broken,
            (true, false) => Verdict::Weak,
            (true, true) => Verdict::Kept,
        }
    }

    /// Why it is not simply kept.
    pub(super) fn reason(&self) -> String {
        let reasons = if self.broken.is_empty() { &self.weak } else { &self.broken };
        reasons.join(" ")
    }

    pub(super) fn evidence(&self) -> &[String] {
        &self.evidence
    }
}

/// Why a check could not look. It counts as broken: what nobody can see, nobody can rely on.
#[derive(Debug, thiserror::Error)]
#[error("{plain}")]
pub(super) struct Unseen {
    /// For strangers.
    pub(super) plain: &'static str,
    /// For the log.
    pub(super) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Unseen {
    pub(super) fn because(plain: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { plain, source: Some(source.into()) }
    }
}

impl From<StoreError> for Unseen {
    fn from(error: StoreError) -> Self {
        Self::because("The store did not answer.", error)
    }
}

impl From<base::Problem> for Unseen {
    fn from(problem: base::Problem) -> Self {
        Self::because("A part of the server did not answer.", problem.code.name())
    }
}

impl From<std::io::Error> for Unseen {
    fn from(error: std::io::Error) -> Self {
        Self::because("A file could not be read.", error)
    }
}

impl From<keys::KeyError> for Unseen {
    fn from(error: keys::KeyError) -> Self {
        Self::because("A key could not be had.", error)
    }
}

impl From<keys::ProviderError> for Unseen {
    fn from(error: keys::ProviderError) -> Self {
        Self::because("The key provider did not answer.", error)
    }
}

impl From<tokio::task::JoinError> for Unseen {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::because("The check ended unexpectedly.", error)
    }
}
