//! Reads and transactions that know whose they are. A store function takes one of them, never an id of a tenant beside it,
//! so it cannot be given another's: what its SQL names is what the handle was opened for. Over PostgreSQL the same id is
//! what row-level security holds the statements to.
//!
//! The tenant of what end users make is an environment. What a team has in common, above its environments, is read by an
//! [`OrganisationReader`].

use base::ProblemResult;
use base::id::{EnvironmentId, OrganisationId};
use store::{Engine, Executor, Query, Reader, Row, Scope, StoreResult, Tx};

use super::Caller;
use crate::App;
use crate::edge_keys::EdgeKey;
use crate::organisations;
use crate::people::SubjectRef;
use crate::problem::store_failed;

/// The environment as whose the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tenant(EnvironmentId);

/// Of an id that was found where nobody but Pilotfish writes: with a checked credential, on a job, in the event log.
impl From<EnvironmentId> for Tenant {
    fn from(environment: EnvironmentId) -> Self {
        Self(environment)
    }
}

impl From<&EdgeKey> for Tenant {
    fn from(key: &EdgeKey) -> Self {
        Self(key.environment)
    }
}

impl From<&organisations::Tenant> for Tenant {
    fn from(tenant: &organisations::Tenant) -> Self {
        Self(tenant.environment)
    }
}

/// A person or company is the environment's in which it was found.
impl From<&SubjectRef> for Tenant {
    fn from(subject: &SubjectRef) -> Self {
        Self(subject.environment)
    }
}

/// What a store function runs on that only reads: a [`TenantReader`], or a [`TenantTx`].
pub(crate) trait InTenant: Executor {
    /// The environment.
    fn environment(&self) -> EnvironmentId;
}

/// Reads within one environment. Made by [`Caller::reader`], or for who has an environment's key.
#[derive(Clone, Copy)]
pub struct TenantReader<'a> {
    db: Reader<'a>,
    environment: EnvironmentId,
}

impl<'a> TenantReader<'a> {
    pub(crate) fn new(app: &'a App, tenant: impl Into<Tenant>) -> Self {
        let Tenant(environment) = tenant.into();
        Self { db: app.main.read(Scope::Environment(environment)), environment }
    }

    /// The environment.
    pub(crate) fn environment(&self) -> EnvironmentId {
        self.environment
    }
}

impl InTenant for TenantReader<'_> {
    fn environment(&self) -> EnvironmentId {
        self.environment
    }
}

impl Executor for TenantReader<'_> {
    async fn rows(self, query: Query) -> StoreResult<Vec<Row>> {
        self.db.rows(query).await
    }

    async fn some_rows(&mut self, query: Query) -> StoreResult<Vec<Row>> {
        self.db.some_rows(query).await
    }

    async fn run(self, query: Query) -> StoreResult<u64> {
        self.db.run(query).await
    }
}

/// A mutation within one environment.
#[must_use = "a transaction that is not committed is rolled back"]
pub struct TenantTx {
    tx: Tx,
    engine: Engine,
    environment: EnvironmentId,
}

impl TenantTx {
    /// Opens one: for a caller, for who has an environment's key, or for a job.
    pub(crate) async fn begin(app: &App, tenant: impl Into<Tenant>) -> StoreResult<Self> {
        let Tenant(environment) = tenant.into();
        let tx = app.main.begin(Scope::Environment(environment)).await?;
        Ok(Self { tx, engine: app.main.engine(), environment })
    }

    /// The environment.
    pub(crate) fn environment(&self) -> EnvironmentId {
        self.environment
    }

    /// Which database it is in, for what a [dialect](store::dialect) has to know.
    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// For what is not of an environment, but belongs to the same unit of work: its audit record, for one.
    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Makes everything durable.
    pub(crate) async fn commit(self) -> StoreResult<()> {
        self.tx.commit().await
    }
}

impl InTenant for &mut TenantTx {
    fn environment(&self) -> EnvironmentId {
        self.environment
    }
}

impl Executor for &mut TenantTx {
    async fn rows(self, query: Query) -> StoreResult<Vec<Row>> {
        self.tx.rows(query).await
    }

    async fn some_rows(&mut self, query: Query) -> StoreResult<Vec<Row>> {
        (&mut self.tx).some_rows(query).await
    }

    async fn run(self, query: Query) -> StoreResult<u64> {
        self.tx.run(query).await
    }
}

/// Reads what an organisation has above its environments. Made by [`Caller::organisation_reader`].
#[derive(Clone, Copy)]
pub struct OrganisationReader<'a> {
    db: Reader<'a>,
    organisation: OrganisationId,
}

impl<'a> OrganisationReader<'a> {
    pub(super) fn new(app: &'a App, caller: &Caller) -> Self {
        let organisation = caller.organisation();
        Self { db: app.main.read(Scope::Organisation(organisation)), organisation }
    }

    /// The organisation.
    pub fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// What a query runs on.
    pub(crate) fn db(&self) -> Reader<'a> {
        self.db
    }
}

/// A mutation of what an organisation has above its environments: its members, for one. Made by
/// [`Caller::begin_organisation`].
#[must_use = "a transaction that is not committed is rolled back"]
pub struct OrganisationTx {
    tx: Tx,
    engine: Engine,
    organisation: OrganisationId,
}

impl OrganisationTx {
    pub(super) async fn begin(app: &App, caller: &Caller) -> StoreResult<Self> {
        let organisation = caller.organisation();
        let tx = app.main.begin(Scope::Organisation(organisation)).await?;
        Ok(Self { tx, engine: app.main.engine(), organisation })
    }

    /// The organisation.
    pub(crate) fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// Which database it is in, for what a [dialect](store::dialect) has to know.
    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// What statements run on.
    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Makes everything durable.
    pub(crate) async fn commit(self) -> ProblemResult<()> {
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
