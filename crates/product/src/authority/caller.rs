//! Somebody whose credential and permission have been checked.

use ::store::Scope;
use base::id::{ApiKeyId, EnvironmentId, MemberId, OrganisationId, RequestId, SessionId};
use base::{Code, Problem, ProblemResult};

use super::{
    OrganisationReader, OrganisationTx, OwnOrganisation, Permission as _, Role, SystemTx, TenantReader, TenantTx,
};
use crate::problem::store_failed;
use crate::sessions::{self, Standing};
use crate::{App, members};

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
    pub(super) standing: Option<Standing>,
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

    /// What its session has proven.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a key, which has none.
    pub(crate) fn standing(&self) -> ProblemResult<&Standing> {
        self.standing.as_ref().ok_or_else(|| Problem::new(Code::NotFound))
    }

    /// Refuses to do what only owners may for whoever has not proven enough for it: the same as for what is behind
    /// [`OwnOrganisation`]. Whether it is an owner is for who asks to see.
    ///
    /// # Errors
    /// 403 `step_up_required`.
    pub(crate) fn acts_as_owner(&self, app: &App) -> ProblemResult<()> {
        self.standing()?.allows(OwnOrganisation::PROVEN, OwnOrganisation::AGE, app.clock.now())
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

    /// Reads within the environment that the request is about.
    ///
    /// # Errors
    /// As of [`environment`](Self::environment).
    pub fn reader<'a>(&self, app: &'a App) -> ProblemResult<TenantReader<'a>> {
        Ok(TenantReader::new(app, self.environment()?))
    }

    /// Opens the transaction of a mutation within the environment that the request is about.
    ///
    /// # Errors
    /// As of [`environment`](Self::environment), [`sessions::still_works`]'s, or the store's.
    pub async fn begin(&self, app: &App) -> ProblemResult<TenantTx> {
        sessions::still_works(app.main.read(Scope::System), self).await?;
        TenantTx::begin(app, self.environment()?).await.map_err(store_failed)
    }

    /// Reads what this caller's organisation has above its environments.
    pub fn organisation_reader<'a>(&self, app: &'a App) -> OrganisationReader<'a> {
        OrganisationReader::new(app, self)
    }

    /// Opens the transaction of a mutation of what this caller's organisation has above its environments.
    ///
    /// # Errors
    /// [`sessions::still_works`]'s, or the store's.
    pub async fn begin_organisation(&self, app: &App) -> ProblemResult<OrganisationTx> {
        sessions::still_works(app.main.read(Scope::System), self).await?;
        OrganisationTx::begin(app, self).await.map_err(store_failed)
    }

    /// Opens the transaction of a change of the caller's own account. Nobody else changes it until it ends, and a session that
    /// somebody's change ended changes nothing.
    ///
    /// # Errors
    /// [`sessions::still_works`]'s, or the store's.
    pub(crate) async fn begin_account(&self, app: &App) -> ProblemResult<SystemTx> {
        let (member, _) = self.member()?;
        let mut tx = SystemTx::begin(app).await?;
        members::lock(app, &mut tx.0, member).await?;
        sessions::still_works(&mut tx.0, self).await?;
        Ok(tx)
    }

    /// The member and their session.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a key, which is nobody.
    pub(crate) fn member(&self) -> ProblemResult<(MemberId, SessionId)> {
        match self.actor {
            Actor::Member(member, session) => Ok((member, session)),
            Actor::ApiKey(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}
