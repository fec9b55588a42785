//! The side of an edge that has a bundle: follows what is sealed for its grant.

use std::sync::Arc;

use ::store::{Db, Scope};
use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult, Timestamp};
use keys::{BundleProvider, KeyKind, KeySet, Owner};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::leaf::GrantedLeaf;
use super::store;
use crate::problem::internal;
use crate::{App, OpenError};

/// What this edge was granted.
pub(crate) struct Held {
    bundle: Arc<BundleProvider>,
    leaf: GrantedLeaf,
    /// When the certificate that is presented was made; one look goes on at a time.
    looked: Mutex<Option<Timestamp>>,
    ended: CancellationToken,
}

impl Held {
    pub(crate) fn new(bundle: Arc<BundleProvider>) -> Self {
        Self { bundle, leaf: GrantedLeaf::default(), looked: Mutex::default(), ended: CancellationToken::new() }
    }

    /// Takes what was sealed for the grant since the last look.
    ///
    /// # Errors
    /// [`OpenError::GrantEnded`] if the grant is not there or was revoked: from then on [`ended`](Self::ended) says so.
    pub(crate) async fn follow(&self, keys: &KeySet, main: &Db) -> Result<(), OpenError> {
        let mut looked = self.looked.lock().await;
        let grant = self.bundle.grant().id();
        let found = store::find(main.read(Scope::System), grant).await?;
        if found.is_none_or(|grant| grant.revoked_at.is_some()) {
            self.ended.cancel();
            return Err(OpenError::GrantEnded(grant));
        }
        for (environment, sealed) in store::publics(main.read(Scope::System), grant).await? {
            self.bundle.take_publics(environment, &sealed)?;
        }
        keys.load(store::keys_of(main.read(Scope::System), grant).await?).await?;
        let leaf = store::leaf(main.read(Scope::System), grant).await?;
        if let Some(leaf) = leaf.filter(|leaf| *looked != Some(leaf.issued_at)) {
            let (chain, private) = self.bundle.open_leaf(&leaf.sealed)?;
            self.leaf.take(chain, &private)?;
            *looked = Some(leaf.issued_at);
        }
        Ok(())
    }

    /// The certificate.
    pub(crate) fn leaf(&self) -> GrantedLeaf {
        self.leaf.clone()
    }

    /// Waits until the grant has ended.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl App {
    /// Makes sure that the keys of an environment are at hand, which another process may have made a moment ago.
    ///
    /// # Errors
    /// 503 if they are not.
    pub(crate) async fn know(&self, environment: EnvironmentId) -> ProblemResult<()> {
        let owner = Owner::Environment(environment);
        if self.keys.primary(KeyKind::Index, owner).is_ok() {
            return Ok(());
        }
        self.reload_keys().await.map_err(internal)?;
        let unknown = |_| Problem::new(Code::StorageUnavailable).detail("the environment is new here").retry_after(5);
        self.keys.primary(KeyKind::Index, owner).map(drop).map_err(unknown)
    }

    /// As [`reload_keys`](Self::reload_keys), where the provider does not know by itself what is new.
    pub(crate) async fn follow_grant(&self) -> ProblemResult<()> {
        if self.held.is_some() { self.reload_keys().await.map_err(internal) } else { Ok(()) }
    }

    /// Whether this process holds the root key; else it is an edge that has a bundle.
    pub fn has_root_key(&self) -> bool {
        self.held.is_none()
    }

    /// The certificate that this edge was granted, if it has no root key.
    pub fn granted_leaf(&self) -> Option<GrantedLeaf> {
        self.held.as_ref().map(Held::leaf)
    }

    /// Waits until this edge's grant has ended: it may not go on then. For ever where there is none.
    pub async fn grant_ended(&self) {
        match &self.held {
            Some(held) => held.ended().await,
            None => std::future::pending().await,
        }
    }
}
