//! Reads and transactions that know whose they are. A store function that takes one of them needs no id of a tenant
//! beside it, and cannot be given another's. Over PostgreSQL both carry their scope to row-level security: of the
//! environment where there is one, else of the organisation; never the system's.

use base::id::{EnvironmentId, OrganisationId};
use base::{Code, Problem, ProblemResult};
use store::{Reader, Scope, Tx};

use super::Caller;
use crate::App;
use crate::edge_keys::EdgeKey;
use crate::organisations;
use crate::problem::store_failed;

/// Whose work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tenant {
    organisation: OrganisationId,
    environment: Option<EnvironmentId>,
}

impl Tenant {
    fn environment(self) -> ProblemResult<EnvironmentId> {
        self.environment.ok_or_else(|| {
            Problem::new(Code::InvalidRequest).detail("name the environment in the header pilotfish-environment")
        })
    }

    fn scope(self) -> Scope {
        self.environment.map_or(Scope::Organisation(self.organisation), Scope::Environment)
    }
}

impl From<&Caller> for Tenant {
    fn from(caller: &Caller) -> Self {
        Self { organisation: caller.organisation, environment: caller.environment }
    }
}

impl From<&EdgeKey> for Tenant {
    fn from(key: &EdgeKey) -> Self {
        Self { organisation: key.organisation, environment: Some(key.environment) }
    }
}

impl From<&organisations::Tenant> for Tenant {
    fn from(tenant: &organisations::Tenant) -> Self {
        Self { organisation: tenant.organisation, environment: Some(tenant.environment) }
    }
}

/// Reads within one tenant. Made by [`Caller::reader`] or of an environment's key.
#[derive(Clone, Copy)]
pub struct TenantReader<'a> {
    app: &'a App,
    tenant: Tenant,
}

impl<'a> TenantReader<'a> {
    pub(crate) fn new(app: &'a App, tenant: impl Into<Tenant>) -> Self {
        Self { app, tenant: tenant.into() }
    }

    /// The organisation.
    pub fn organisation(&self) -> OrganisationId {
        self.tenant.organisation
    }

    /// The environment.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] if the caller named none.
    pub fn environment(&self) -> ProblemResult<EnvironmentId> {
        self.tenant.environment()
    }

    /// What a query about the environment runs on.
    pub(crate) fn db(&self) -> Reader<'a> {
        self.app.main.read(self.tenant.scope())
    }

    /// What a query about the organisation's own tables runs on, also while an environment is named.
    pub(crate) fn organisations_db(&self) -> Reader<'a> {
        self.app.main.read(Scope::Organisation(self.tenant.organisation))
    }
}

/// A mutation within one organisation, and within one environment if the caller named one.
#[must_use = "a transaction that is not committed is rolled back"]
pub struct TenantTx {
    tx: Tx,
    tenant: Tenant,
}

impl TenantTx {
    /// Opens one: for a caller, or for who has an environment's key.
    pub(crate) async fn begin(app: &App, tenant: impl Into<Tenant>) -> ProblemResult<Self> {
        let tenant = tenant.into();
        let tx = app.main.begin(tenant.scope()).await.map_err(store_failed)?;
        Ok(Self { tx, tenant })
    }

    /// The organisation.
    pub fn organisation(&self) -> OrganisationId {
        self.tenant.organisation
    }

    /// The environment.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] if the caller named none.
    pub fn environment(&self) -> ProblemResult<EnvironmentId> {
        self.tenant.environment()
    }

    /// What store functions run on.
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Makes everything durable.
    pub async fn commit(self) -> ProblemResult<()> {
        self.tx.commit().await.map_err(store_failed)
    }
}

/// The system's own work, over all tenants: start, set-up, sign-in. Rare; every use is a place to look at.
#[must_use = "a transaction that is not committed is rolled back"]
pub struct SystemTx(pub(crate) Tx);

impl SystemTx {
    /// Opens one.
    pub async fn begin(app: &App) -> ProblemResult<Self> {
        app.main.begin(Scope::System).await.map(Self).map_err(store_failed)
    }

    /// Makes everything durable.
    pub async fn commit(self) -> ProblemResult<()> {
        self.0.commit().await.map_err(store_failed)
    }
}
