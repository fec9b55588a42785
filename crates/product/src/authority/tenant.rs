//! Transactions that know whose they are.

use base::id::{EnvironmentId, OrganisationId};
use base::{Code, Problem, ProblemResult};
use store::{Scope, Tx};

use super::Caller;
use crate::App;
use crate::problem::store_failed;

/// A mutation within one organisation, and within one environment if the caller named one.
#[must_use = "a transaction that is not committed is rolled back"]
pub struct TenantTx {
    tx: Tx,
    organisation: OrganisationId,
    environment: Option<EnvironmentId>,
}

impl TenantTx {
    pub(super) async fn begin(app: &App, caller: &Caller) -> ProblemResult<Self> {
        let scope = caller.environment.map_or(Scope::System, Scope::Environment);
        let tx = app.main.begin(scope).await.map_err(store_failed)?;
        Ok(Self { tx, organisation: caller.organisation, environment: caller.environment })
    }

    /// The organisation.
    pub fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// The environment.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] if the caller named none.
    pub fn environment(&self) -> ProblemResult<EnvironmentId> {
        self.environment.ok_or(Problem::new(Code::InvalidRequest))
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
