//! The extractor that is the authority.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base::id::{EnvironmentId, OrganisationId};
use base::{Code, Problem, ProblemResult};

use super::{Actor, Age, Caller, Permission, Reach, Role};
use crate::doors::RequestIdOf;
use crate::sessions::Standing;
use crate::{App, api_keys, organisations, sessions};

/// Which credential a door takes. Each interface router carries one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// The api door: `Authorization: Bearer pfk_…`, no session.
    ApiKey,
    /// The dashboard: the session cookie, no key.
    Session,
}

/// Proof that the request's credential is valid and has the permission `P`. Put it first among a handler's arguments.
pub struct Can<P> {
    /// Who it is.
    pub caller: Caller,
    permission: PhantomData<P>,
}

/// What a credential says, before the permission is looked at.
#[derive(Clone)]
pub(crate) struct Identified {
    pub(crate) actor: Actor,
    pub(crate) organisation: OrganisationId,
    /// The one environment that the credential is good for; `None` for all of the organisation.
    pub(crate) environment: Option<EnvironmentId>,
    pub(crate) role: Role,
    /// What a session has proven; a key has nothing more to prove.
    pub(crate) standing: Option<Standing>,
}

impl<P: Permission, S: Send + Sync> FromRequestParts<S> for Can<P>
where
    Arc<App>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = Arc::<App>::from_ref(state);
        let identified = match parts.extensions.remove::<Identified>() {
            Some(identified) => identified,
            None => identify(&app, parts.extensions.get(), &parts.headers).await?,
        };
        if matches!(identified.actor, Actor::Member(..)) {
            sessions::refuse_cross_site(&app, &parts.method, &parts.headers)?;
        }
        let now = app.clock.now();
        if let Some(standing) = &identified.standing {
            standing.allows(P::PROVEN, Age::Any, now)?;
        }
        if !P::ROLES.contains(&identified.role) {
            let role = identified.role.name();
            return Err(Problem::new(Code::Forbidden).detail(format!("the role {role} lacks {}", P::NAME)));
        }
        if let Some(standing) = &identified.standing {
            standing.allows(P::PROVEN, P::AGE, now)?;
        }
        let environment = match P::REACH {
            Reach::Organisation => identified.environment,
            Reach::Environment => Some(environment(&app, &identified, &parts.headers).await?),
        };
        let RequestIdOf(request) =
            RequestIdOf::from_request_parts(parts, state).await.unwrap_or_else(|never| match never {});
        let Identified { actor, organisation, role, standing, .. } = identified;
        let caller = Caller { actor, organisation, environment, role, standing, request };
        Ok(Self { caller, permission: PhantomData })
    }
}

/// Whose credential a request carries.
async fn identify(app: &App, kind: Option<&CredentialKind>, headers: &HeaderMap) -> ProblemResult<Identified> {
    match kind {
        Some(CredentialKind::ApiKey) => api_keys::identify(app, headers).await,
        Some(CredentialKind::Session) => sessions::identify(app, headers).await,
        None => Err(Problem::new(Code::Unauthenticated)),
    }
}

/// Refuses whoever has no valid credential before the method, the size or anything else of the request is looked at. The
/// paths of the set are public. What was found is kept for [`Can`].
pub(crate) async fn prove(
    State((app, public)): State<(Arc<App>, Arc<BTreeSet<String>>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if path.is_some_and(|path| public.contains(path)) {
        return next.run(request).await;
    }
    match identify(&app, request.extensions().get(), request.headers()).await {
        Ok(identified) => {
            request.extensions_mut().insert(identified);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// The environment that the request is about: the credential's own, or the one in the header, which must be the
/// organisation's.
async fn environment(app: &App, identified: &Identified, headers: &HeaderMap) -> ProblemResult<EnvironmentId> {
    let named = match headers.get("pilotfish-environment") {
        None => None,
        Some(value) => Some(
            value
                .to_str()
                .ok()
                .and_then(|text| text.parse::<EnvironmentId>().ok())
                .ok_or_else(|| Problem::new(Code::NotFound).detail("there is no such environment"))?,
        ),
    };
    match (identified.environment, named) {
        (Some(own), None) => Ok(own),
        (Some(own), Some(named)) if own == named => Ok(own),
        (None, Some(named)) if organisations::owns(app, identified.organisation, named).await? => Ok(named),
        (_, Some(_)) => Err(Problem::new(Code::NotFound).detail("there is no such environment")),
        (None, None) => {
            Err(Problem::new(Code::InvalidRequest).detail("name the environment in the header pilotfish-environment"))
        }
    }
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
