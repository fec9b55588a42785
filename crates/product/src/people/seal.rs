//! Sealing to a person or company, and opening for somebody who may read it.
//!
//! Sealing takes the public half only. Opening takes the private half, which the key provider unseals; what is opened
//! lives as long as the [`Openers`] of one request.

use std::collections::HashMap;

use ::store::Scope;
use ::store::keyring::{self, StoredPair, Subject, SubjectKind};
use base::id::EnvironmentId;
use base::{Personal, ProblemResult};
use keys::{OpenPrivateError, Opener, PairId, ProviderError, open_private};

use super::SubjectRef;
use crate::App;
use crate::problem::{internal, store_failed};

/// Seals a value to its owner. `field` and `version` must be given again to open it.
pub(crate) fn seal(app: &App, owner: &SubjectRef, field: &str, version: u64, value: &[u8]) -> ProblemResult<Vec<u8>> {
    let sender = app.people.senders.get(owner.recipient(), owner.sealed_to()).map_err(internal)?;
    sender.seal(field, version, value, app.clock.as_ref(), app.rng.as_ref()).map_err(internal)
}

/// Private halves, opened for one request.
pub(crate) struct Openers {
    environment: EnvironmentId,
    kind: SubjectKind,
    by_number: HashMap<u64, (Subject, Opener)>,
}

impl Openers {
    /// Opens the private halves of these subjects. One that was erased is left out.
    pub(crate) async fn load(
        app: &App,
        environment: EnvironmentId,
        kind: SubjectKind,
        numbers: &[u64],
    ) -> ProblemResult<Self> {
        let mut openers = Self { environment, kind, by_number: HashMap::with_capacity(numbers.len()) };
        let moved = openers.load_some(app, numbers).await?;
        // What was read was sealed anew before it was opened, and the key that it was sealed to is gone.
        for number in openers.load_some(app, &moved).await? {
            tracing::warn!(number, "a private key is sealed to an erasable key that was destroyed");
        }
        Ok(openers)
    }

    /// Opens the private halves of these subjects; the answer is those whose erasable key is gone.
    async fn load_some(&mut self, app: &App, numbers: &[u64]) -> ProblemResult<Vec<u64>> {
        let Self { environment, kind, .. } = *self;
        let mut moved = Vec::new();
        if numbers.is_empty() {
            return Ok(moved);
        }
        let reader = app.keyring.read(Scope::Environment(environment));
        let pairs = keyring::pairs(reader, environment, kind, numbers).await.map_err(store_failed)?;
        for StoredPair { subject, sealed_private } in pairs {
            let Some(sealed) = sealed_private else { continue };
            let owner = SubjectRef { environment, subject };
            let pair = PairId { subject: owner.sealed_to(), kind: owner.key_kind(), version: subject.key_version };
            match open_private(app.keys.provider().as_ref(), &sealed, &pair).await {
                Ok(opener) => {
                    self.by_number.insert(subject.number, (subject, opener));
                }
                Err(OpenPrivateError::Provider(ProviderError::ErasableDestroyed { .. })) => moved.push(subject.number),
                Err(error) => tracing::warn!(number = subject.number, %error, "a private key does not open"),
            }
        }
        Ok(moved)
    }

    /// Opens a value; `None` if its owner was erased or the bytes are not what they should be.
    pub(crate) fn open(&self, number: u64, field: &str, version: u64, sealed: &[u8]) -> Option<Personal<Vec<u8>>> {
        let (subject, opener) = self.by_number.get(&number)?;
        let owner = SubjectRef { environment: self.environment, subject: *subject };
        match opener.open(sealed, &owner.sealed_to(), field, version) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(number, kind = self.kind.name(), %error, "a sealed value does not open");
                None
            }
        }
    }

    /// As [`open`](Self::open), for text.
    pub(crate) fn open_text(&self, number: u64, field: &str, version: u64, sealed: &[u8]) -> Option<Personal<String>> {
        String::from_utf8(self.open(number, field, version, sealed)?.into_open()).ok().map(Personal::new)
    }

    /// As [`open`](Self::open), for a value that was sealed as JSON.
    pub(crate) fn open_json(
        &self,
        number: u64,
        field: &str,
        version: u64,
        sealed: &[u8],
    ) -> Option<Personal<serde_json::Value>> {
        serde_json::from_slice(self.open(number, field, version, sealed)?.open()).ok().map(Personal::new)
    }
}
