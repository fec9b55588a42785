//! Somebody whose credential and permission have been checked.

use base::id::{ApiKeyId, EnvironmentId, MemberId, OrganisationId, RequestId, SessionId};
use base::{Code, Problem, ProblemResult};

use super::{Role, TenantReader, TenantTx};
use crate::App;

/// Whose credential it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A member, signed in.
    Member(MemberId, SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
}

/// A checked caller. Made by [`super::Can`] only.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) actor: Actor,
    pub(super) organisation: OrganisationId,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) role: Role,
    pub(super) request: RequestId,
}

impl Caller {
    /// Who it is.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The organisation that it belongs to.
    pub fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// What it is trusted with.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The request at hand.
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// The environment that the request is about.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] if the permission was about the organisation and none was named.
    pub fn environment(&self) -> ProblemResult<EnvironmentId> {
        self.environment.ok_or_else(|| {
            Problem::new(Code::InvalidRequest).detail("name the environment in the header pilotfish-environment")
        })
    }

    /// Reads within this caller's tenant.
    pub fn reader<'a>(&self, app: &'a App) -> TenantReader<'a> {
        TenantReader::new(app, self)
    }

    /// Opens the transaction of a mutation, within this caller's tenant.
    pub async fn begin(&self, app: &App) -> ProblemResult<TenantTx> {
        TenantTx::begin(app, self).await
    }
}
