//! Signing in and out, on the dashboard only: `POST /sessions`, and what is under `/sessions/current`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ::store::Scope;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use axum::{Extension, Json as JsonBody};
use base::id::{IdentityProviderId, MemberId, OrganisationId, SessionId};
use base::{Code, Personal, Problem, ProblemResult, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::attempts::{self, Attempt};
use super::standing::{Level, Needs, ProofKind};
use super::store::FoundSession;
use super::{Begun, offer, own, proofs, store};
use crate::App;
use crate::authority::{Can, OwnAccount, OwnSession, SystemTx};
use crate::devices;
use crate::extract::Json;
use crate::members::{self, Account, Place};
use crate::passkeys::{self, Signed, Verdict};
use crate::problem::store_failed;
use crate::sign_ins::jobs::Notice;
use crate::sign_ins::{self, Origin, Outcome};

/// Who signs in: an address and a password, or a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    #[schema(value_type = Option<String>, nullable = false)]
    email: Option<Personal<String>>,
    #[schema(value_type = Option<String>, format = Password, nullable = false)]
    password: Option<Secret<String>>,
    #[schema(nullable = false)]
    passkey: Option<Signed>,
}

/// The session of the request, or one that has begun; its cookie is in the answer's headers.
#[derive(Serialize, ToSchema)]
pub(crate) struct CurrentSession {
    id: SessionId,
    member: MemberId,
    /// The organisation that it is in.
    organisation: OrganisationId,
    /// The identity provider over which it began, if it did: it is good for that provider's organisation only.
    #[schema(required)]
    identity_provider: Option<IdentityProviderId>,
    level: Level,
    /// What it has to do before everything is open to it that the member's role allows.
    #[schema(required)]
    needs: Option<Needs>,
    /// How something can be proven at `/sessions/current/proofs`.
    next: Vec<ProofKind>,
    /// When something was proven last; what is delicate asks again after ten minutes.
    proven_at: Timestamp,
    /// When it ends, however busy.
    ends_at: Timestamp,
    /// After so many seconds without a request it ends before.
    idle_seconds: u64,
    /// Until when the member may go without the second factor that the organisation requires and that they do not have.
    #[schema(required)]
    enrol_until: Option<Timestamp>,
}

/// Where the request comes from.
pub(crate) type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sign_in))
        .routes(routes!(current, sign_out))
        .routes(routes!(move_to))
        .merge(own::router())
        .merge(proofs::router())
        .merge(offer::router())
}

impl CurrentSession {
    fn new(found: &FoundSession, now: Timestamp) -> Self {
        let standing = &found.standing;
        Self {
            id: found.id,
            member: found.member,
            organisation: found.organisation,
            identity_provider: standing.began.provider,
            level: standing.shown(),
            needs: standing.needs(now),
            next: standing.next(),
            proven_at: standing.proven_at,
            ends_at: found.created_at.plus(found.limits.absolute),
            idle_seconds: found.limits.idle.as_secs(),
            enrol_until: standing.enrol_until(now),
        }
    }

    /// The answer that a session has begun: 201, or 403 `mfa_required` if the second factor is to follow. Both carry its
    /// cookie; whoever has signed in whole, and not by a provider's word alone, comes from a known device from now on.
    pub(crate) async fn begun(app: &App, from: &Origin<'_>, begun: &Begun) -> ProblemResult<Response> {
        let found = get(app, begun.id).await?;
        let body = Self::new(&found, app.clock.now());
        let cookie = [(header::SET_COOKIE, super::cookie(&begun.token)?)];
        if body.needs == Some(Needs::Mfa) {
            let next = body.next.iter().map(|kind| kind.name()).collect();
            let problem = Problem::new(Code::MfaRequired).next(next);
            return Ok((cookie, problem.into_response()).into_response());
        }
        if body.needs == Some(Needs::IdentityProvider) || !found.standing.began.proven_here {
            return Ok((StatusCode::CREATED, cookie, JsonBody(body)).into_response());
        }
        let device = AppendHeaders([(header::SET_COOKIE, known_device(app, from, body.member).await?)]);
        Ok((StatusCode::CREATED, cookie, device, JsonBody(body)).into_response())
    }
}

/// Makes the device a known one, and tells its member if it was not; the cookie to set.
pub(super) async fn known_device(app: &App, from: &Origin<'_>, member: MemberId) -> ProblemResult<HeaderValue> {
    let mut tx = SystemTx::begin(app).await?;
    if !from.is_known_to(Some(member)) && devices::has_any(&mut tx, member).await? {
        let notice = Notice::NewDevice { device: super::device(from.headers) };
        sign_ins::jobs::tell(app, &mut tx, Some(member), notice).await?;
    }
    let cookie = devices::remember(app, &mut tx, member, from.known, from.headers).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// Where a request comes from.
pub(crate) async fn origin<'a>(app: &App, peer: &Peer, headers: &'a HeaderMap) -> ProblemResult<Origin<'a>> {
    Ok(Origin { address: address(peer), headers, known: devices::of(app, headers).await? })
}

/// A session as it stands.
pub(crate) async fn read(app: &App, id: SessionId) -> ProblemResult<CurrentSession> {
    Ok(CurrentSession::new(&get(app, id).await?, app.clock.now()))
}

async fn get(app: &App, id: SessionId) -> ProblemResult<FoundSession> {
    let found = store::get(app.main.read(Scope::System), id).await.map_err(store_failed)?;
    found.ok_or_else(|| Problem::new(Code::Unauthenticated))
}

/// Sign in.
#[utoipa::path(
    post, path = "/sessions", tag = "sessions", security(()), request_body = Credentials,
    responses((status = 201, body = CurrentSession), (status = 401, description = "invalid_credentials"),
              (status = 403, description = "mfa_required: the cookie is set, prove a second factor"),
              (status = 429, description = "too_many_requests"))
)]
async fn sign_in(
    State(app): State<Arc<App>>,
    peer: Peer,
    method: Method,
    headers: HeaderMap,
    Json(credentials): Json<Credentials>,
) -> ProblemResult<Response> {
    super::refuse_cross_site(&app, &method, &headers)?;
    let from = origin(&app, &peer, &headers).await?;
    let begun = match credentials {
        Credentials { email: Some(email), password: Some(password), passkey: None } => {
            with_password(&app, &from, &email, &password).await?
        }
        Credentials { email: None, password: None, passkey: Some(signed) } => {
            with_passkey(&app, &from, &signed).await?
        }
        _ => return Err(Problem::new(Code::InvalidJson).field("", "give an email and a password, or a passkey")),
    };
    CurrentSession::begun(&app, &from, &begun).await
}

async fn with_password(
    app: &App,
    from: &Origin<'_>,
    email: &Personal<String>,
    password: &Secret<String>,
) -> ProblemResult<Begun> {
    // A place in the queue first: who finds none has not been counted.
    let place = app.passwords.queue()?;
    let (account, attempt) = prove_password(app, place, from, email, password).await?;
    let verified = members::upgrade_password(app, &account, password).await?;
    after_password(app, from, account.id, &verified, &attempt).await
}

/// Begins after a password with this hash was found right, unless another one has come meanwhile.
pub(super) async fn after_password(
    app: &App,
    from: &Origin<'_>,
    member: MemberId,
    verified: &str,
    attempt: &Attempt,
) -> ProblemResult<Begun> {
    let mut tx = SystemTx::begin(app).await?;
    if members::holds_password(app, &mut tx.0, member, verified).await? {
        return begin(app, tx, from, attempt, member, ProofKind::Password).await;
    }
    refuse(app, tx, from, Some(member), ProofKind::Password).await
}

/// What a passkey signs cannot be guessed; it is counted so that nobody fills the records.
async fn with_passkey(app: &App, from: &Origin<'_>, signed: &Signed) -> ProblemResult<Begun> {
    let subject = attempts::of_passkey(app, signed.subject())?;
    let attempt = attempts::count(app, subject, Some(from.address), None).await?;
    let mut tx = SystemTx::begin(app).await?;
    match passkeys::sign_in(app, &mut tx, signed).await? {
        Verdict::Right(member) => begin(app, tx, from, &attempt, member, ProofKind::Passkey).await,
        Verdict::Wrong(member) => refuse(app, tx, from, member, ProofKind::Passkey).await,
    }
}

/// Begins where the member may work. Who may work nowhere has no account to sign in to.
async fn begin(
    app: &App,
    mut tx: SystemTx,
    from: &Origin<'_>,
    attempt: &Attempt,
    member: MemberId,
    by: ProofKind,
) -> ProblemResult<Begun> {
    let Some(organisation) = members::begins_in(&mut tx, member).await? else {
        return refuse(app, tx, from, Some(member), by).await;
    };
    let level = if by == ProofKind::Passkey { Level::PhishingResistant } else { Level::Password };
    attempts::forget(&mut tx, attempt).await?;
    sign_ins::note(app, &mut tx, from, Some(member), by, Outcome::Right).await?;
    let begun = super::begin(app, &mut tx, member, organisation, from.headers, level).await?;
    tx.commit().await?;
    Ok(begun)
}

/// Notes that it came to nothing, and keeps what was used up by it.
async fn refuse<T>(
    app: &App,
    mut tx: SystemTx,
    from: &Origin<'_>,
    member: Option<MemberId>,
    by: ProofKind,
) -> ProblemResult<T> {
    sign_ins::note(app, &mut tx, from, member, by, Outcome::Wrong).await?;
    tx.commit().await?;
    Err(Problem::new(Code::InvalidCredentials))
}

/// Whose address and password these are. It is counted as an attempt, which is [forgotten](attempts::forget) with what
/// follows.
///
/// # Errors
/// 401 `invalid_credentials` for a wrong password and an unknown account alike; 429.
pub(crate) async fn prove_password(
    app: &App,
    place: Place,
    from: &Origin<'_>,
    email: &Personal<String>,
    password: &Secret<String>,
) -> ProblemResult<(Account, Attempt)> {
    let account = members::account(app, email).await?;
    let member = account.as_ref().map(|account| account.id);
    let attempt = match from.known.filter(|known| Some(known.member) == member) {
        Some(known) => attempts::count(app, attempts::of_device(app, known.id)?, None, member).await?,
        None => attempts::count(app, members::email_index(app, email)?, Some(from.address), member).await?,
    };
    // Who signs in over a provider may have no password: that takes as long as a wrong one.
    let proven = if let Some(account) = account.filter(Account::has_password) {
        let (hash, pepper) = (&account.password, account.pepper_version);
        app.passwords.verify(app, place, password, hash, pepper).await?.then_some(account)
    } else {
        app.passwords.verify_nothing(app, place, password).await?;
        None
    };
    let Some(account) = proven else {
        sign_ins::note_wrong(app, from, member, ProofKind::Password).await?;
        return Err(Problem::new(Code::InvalidCredentials));
    };
    Ok((account, attempt))
}

/// Which address it is.
pub(super) fn address(peer: &Peer) -> IpAddr {
    peer.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(peer))| peer.ip())
}

/// Which session is this?
#[utoipa::path(get, path = "/sessions/current", tag = "sessions", operation_id = "get_session",
    responses((status = 200, body = CurrentSession)))]
async fn current(
    Can { caller, .. }: Can<OwnSession>,
    State(app): State<Arc<App>>,
) -> ProblemResult<JsonBody<CurrentSession>> {
    let (_, session) = caller.member()?;
    read(&app, session).await.map(JsonBody)
}

/// Sign out.
#[utoipa::path(delete, path = "/sessions/current", tag = "sessions", responses((status = 204)))]
async fn sign_out(Can { caller, .. }: Can<OwnSession>, State(app): State<Arc<App>>) -> ProblemResult<Response> {
    let (member, session) = caller.member()?;
    let mut tx = SystemTx::begin(&app).await?;
    store::end_own(&mut tx.0, member, session, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, super::forget())]).into_response())
}

/// Where the session goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Where {
    organisation: OrganisationId,
}

/// Go on in another organisation where the member works.
#[utoipa::path(put, path = "/sessions/current/organisation", tag = "sessions", operation_id = "move_session",
    request_body = Where, responses((status = 200, body = CurrentSession), (status = 409, description = "conflict")))]
async fn move_to(
    Can { caller, .. }: Can<OwnAccount>,
    State(app): State<Arc<App>>,
    Json(Where { organisation }): Json<Where>,
) -> ProblemResult<JsonBody<CurrentSession>> {
    let (_, session) = caller.member()?;
    if caller.standing()?.began.provider.is_some() {
        let detail =
            "you signed in over your organisation's identity provider: sign in to the other organisation by itself";
        return Err(Problem::new(Code::Conflict).detail(detail));
    }
    let mut tx = SystemTx::begin(&app).await?;
    if store::move_to(&mut tx.0, session, organisation).await.map_err(store_failed)? == 0 {
        return Err(Problem::new(Code::NotFound).detail("you work in no such organisation"));
    }
    tx.commit().await?;
    read(&app, session).await.map(JsonBody)
}
