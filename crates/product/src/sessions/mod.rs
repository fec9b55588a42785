//! Sessions of the dashboard: an opaque token of 256 bits in a `__Host-` cookie, stored as a keyed hash.
//!
//! A session ends after 30 minutes without a request and after 12 hours, or sooner if its organisation says so, or when it is ended: by its member, or since they may
//! not work in its organisation any more. No process remembers one: each request looks, so that an end counts at once
//! everywhere. Signing in is counted per account, known or unknown alike, before a password is looked at.

pub(crate) mod api;
mod attempts;
mod device;
mod offer;
mod own;
mod proofs;
mod standing;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ::store::{Executor, StoreResult, Tx};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use base::id::{IdentityProviderId, MemberId, OrganisationId, SessionId};
use base::{Code, Personal, Problem, ProblemResult, Secret, Timestamp};
use keys::{Aad, KeyKind, Owner, hash, random_token};

use crate::App;
use crate::authority::{Actor, Caller, Identified, SystemTx};
use crate::hashed::Hashes;
use crate::problem::{internal, store_failed};
use crate::sign_ins::Origin;

pub(crate) const COOKIE: &str = "__Host-pilotfish_session";
/// The longest that an organisation may leave it.
pub(crate) const IDLE: Duration = Duration::from_mins(30);
pub(crate) const ABSOLUTE: Duration = Duration::from_hours(12);
/// How long the second factor may be waited for.
const UNPROVEN: Duration = Duration::from_mins(10);
/// How long a session is remembered after its last use.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// How exactly the last use is kept: a session's row is not written at every request.
const LAST_USE_TO: Duration = Duration::from_mins(1);
const PURPOSE: &str = "session";

pub(crate) use api::{CurrentSession, Peer, origin, prove_password, read};
pub use attempts::AttemptLimits;
pub(crate) use attempts::WINDOW as ATTEMPTS_COUNT_FOR;
pub(crate) use attempts::{Attempt, forget as forget_attempts};
pub(crate) use device::of as device;
pub(crate) use standing::{Level, ProofKind, RequireMfa, Standing};

/// By what a session begins.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// What was proven.
    level: Level,
    /// Over which identity provider, if over one.
    provider: Option<IdentityProviderId>,
}

impl From<Level> for How {
    fn from(level: Level) -> Self {
        Self { level, provider: None }
    }
}

impl How {
    /// By the word of an identity provider.
    pub(crate) fn over(provider: IdentityProviderId, level: Level) -> Self {
        Self { level, provider: Some(provider) }
    }
}

/// A session that has begun.
pub(crate) struct Begun {
    /// What the cookie says.
    pub(crate) token: Secret<String>,
    pub(crate) id: SessionId,
}

/// Begins a session in an organisation, on the device that the request comes from.
pub(crate) async fn begin(
    app: &App,
    tx: &mut SystemTx,
    member: MemberId,
    organisation: OrganisationId,
    headers: &HeaderMap,
    how: impl Into<How>,
) -> ProblemResult<Begun> {
    let How { level, provider } = how.into();
    let (level, provider_level) = if provider.is_some() { (Level::Password, level) } else { (level, Level::Password) };
    let token = random_token(app.rng.as_ref());
    let (key_version, key) = app.keys.primary(KeyKind::Session, Owner::Installation).map_err(internal)?;
    let (id, at) = (SessionId::new(app.clock.as_ref(), app.rng.as_ref()), app.clock.now());
    let hash = hash::token_hash(&key, PURPOSE, token.expose());
    let device = device::of(headers);
    let row = store::NewSession {
        hash,
        key_version,
        id,
        member,
        organisation,
        device,
        level,
        provider,
        provider_level,
        now: at,
    };
    store::insert(&mut tx.0, &row).await.map_err(store_failed)?;
    Ok(Begun { token, id })
}

/// Refuses a caller whose session ended, moved or has another role since the request was let in: its body may have taken long.
///
/// # Errors
/// 401.
pub(crate) async fn still_works(on: impl Executor, caller: &Caller) -> ProblemResult<()> {
    let Actor::Member(_, session) = caller.actor() else { return Ok(()) };
    let now = store::works(on, session).await.map_err(store_failed)?;
    if now == Some((caller.organisation(), caller.role())) {
        return Ok(());
    }
    Err(Problem::new(Code::Unauthenticated).detail("sign in"))
}

/// Writes that something was proven now; of a session that has proven more than before.
pub(crate) async fn raise(app: &App, tx: &mut Tx, id: SessionId, level: Level) -> ProblemResult<()> {
    store::raise(tx, id, level, app.clock.now()).await.map(drop).map_err(store_failed)
}

/// The same, and gives the session another token: whoever saw the one before the proof has nothing of it.
async fn prove(app: &App, tx: &mut Tx, id: SessionId, level: Level) -> ProblemResult<Secret<String>> {
    raise(app, tx, id, level).await?;
    renew(app, tx, id).await
}

async fn renew(app: &App, tx: &mut Tx, id: SessionId) -> ProblemResult<Secret<String>> {
    let token = random_token(app.rng.as_ref());
    let (version, key) = app.keys.primary(KeyKind::Session, Owner::Installation).map_err(internal)?;
    let hash = hash::token_hash(&key, PURPOSE, token.expose());
    store::replace_token(tx, id, &hash, version).await.map_err(store_failed)?;
    Ok(token)
}

/// A session's member has proven once more at their organisation's provider who they are: its new token.
///
/// # Errors
/// As of [`goes_over`].
pub(crate) async fn proven_over(
    app: &App,
    tx: &mut SystemTx,
    session: &Found,
    provider: IdentityProviderId,
    level: Level,
) -> ProblemResult<Secret<String>> {
    let token = goes_over(app, tx, session, provider, level).await?;
    raise(app, &mut tx.0, session.id, Level::Password).await?;
    Ok(token)
}

/// A session's member has signed in over their organisation's provider too: its new token. What was proven is as old as it was.
///
/// # Errors
/// 401 if the session has ended, or is not the provider's organisation's.
pub(crate) async fn goes_over(
    app: &App,
    tx: &mut SystemTx,
    session: &Found,
    provider: IdentityProviderId,
    level: Level,
) -> ProblemResult<Secret<String>> {
    let own = (session.member, session.id);
    if store::set_provider(&mut tx.0, own, provider, level).await.map_err(store_failed)? == 0 {
        return Err(Problem::new(Code::Unauthenticated).detail("sign in"));
    }
    renew(app, &mut tx.0, session.id).await
}

/// Ends the sessions that began over a provider; one member's, if one is given.
pub(crate) async fn end_over(
    app: &App,
    tx: &mut Tx,
    provider: IdentityProviderId,
    member: Option<MemberId>,
) -> ProblemResult<()> {
    store::end_over(tx, provider, member, app.clock.now()).await.map(drop).map_err(store_failed)
}

/// Counts that somebody comes back from an identity provider.
///
/// # Errors
/// 429.
pub(crate) async fn count_identity(app: &App, said: &str, from: &Origin<'_>) -> ProblemResult<Attempt> {
    let context = Aad::new("pilotfish/identity-attempt/v1").text(said);
    let subject = Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, &context))?;
    attempts::count(app, subject, Some(from.address), None).await
}

/// Ends a member's sessions in an organisation, but for one.
pub(crate) async fn end_in(
    app: &App,
    tx: &mut Tx,
    member: MemberId,
    organisation: OrganisationId,
    but: Option<SessionId>,
) -> ProblemResult<()> {
    store::end_in(tx, member, organisation, but, app.clock.now()).await.map(drop).map_err(store_failed)
}

/// Ends all sessions of a member, but for one.
pub(crate) async fn end_all(app: &App, tx: &mut Tx, member: MemberId, but: Option<SessionId>) -> ProblemResult<()> {
    store::end_all(tx, member, but, app.clock.now()).await.map(drop).map_err(store_failed)
}

/// Counts that a link for a forgotten password is asked for, whether or not somebody has this address.
///
/// # Errors
/// 429.
pub(crate) async fn count_reset(app: &App, email: &Personal<String>, from: &Origin<'_>) -> ProblemResult<()> {
    let address = hash::normalised_email(email.open());
    let context = Aad::new("pilotfish/reset-attempt/v1").text(&address);
    let subject = Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, &context))?;
    attempts::count(app, subject, Some(from.address), None).await.map(drop)
}

/// Forgets that a member had sessions.
pub(crate) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    store::forget_of(tx, member).await
}

/// The `Set-Cookie` of a session.
pub(crate) fn cookie(token: &Secret<String>) -> ProblemResult<HeaderValue> {
    let text = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.expose());
    let mut value = HeaderValue::try_from(text).map_err(internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The `Set-Cookie` that forgets a session.
pub(crate) fn forget() -> HeaderValue {
    HeaderValue::from_static("__Host-pilotfish_session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// Whose session a request carries.
///
/// # Errors
/// 401, the same for no session, an unknown, an ended and an expired one.
pub(crate) async fn identify(app: &App, headers: &HeaderMap) -> ProblemResult<Identified> {
    let refused = || Problem::new(Code::Unauthenticated).detail("sign in");
    let token = token_of(headers).ok_or_else(refused)?;
    let now = app.clock.now();
    let hashes = Hashes::of(app, KeyKind::Session, |key| hash::token_hash(key, PURPOSE, token.expose()))?;
    let found = store::find(&app.main, &hashes.all).await.map_err(store_failed)?.ok_or_else(refused)?;
    if is_over(&found, now) {
        return Err(refused());
    }
    if found.key_version < hashes.version {
        store::rehash(&app.main, found.id, &hashes.primary, hashes.version).await.map_err(store_failed)?;
    }
    if now.since(found.last_used_at) > LAST_USE_TO {
        store::touch(&app.main, found.id, now).await.map_err(store_failed)?;
    }
    Ok(Identified {
        actor: Actor::Member(found.member, found.id),
        organisation: found.organisation,
        environment: None,
        role: found.role,
        standing: Some(found.standing),
    })
}

/// Whether a session is over by itself: it was not used for too long, is too old, or nobody gave the second factor.
fn is_over(found: &store::FoundSession, now: Timestamp) -> bool {
    let age = now.since(found.created_at);
    now.since(found.last_used_at) > found.limits.idle
        || age > found.limits.absolute
        || (found.standing.is_unproven() && age > UNPROVEN)
}

/// The session of a request to what is public.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) id: SessionId,
    pub(crate) member: MemberId,
    pub(crate) organisation: OrganisationId,
    pub(crate) standing: Standing,
}

/// The session that a request carries; nothing without a good one.
pub(crate) async fn found(app: &App, headers: &HeaderMap) -> ProblemResult<Option<Found>> {
    match identify(app, headers).await {
        Ok(Identified { actor: Actor::Member(member, id), organisation, standing: Some(standing), .. }) => {
            Ok(Some(Found { id, member, organisation, standing }))
        }
        Ok(_) => Ok(None),
        Err(problem) if problem.code == Code::Unauthenticated => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// A session that was found, as it stands now.
///
/// # Errors
/// 401 if it has ended since, or moved.
pub(crate) async fn found_still(on: impl Executor, found: &Found) -> ProblemResult<Found> {
    let now = store::get(on, found.id).await.map_err(store_failed)?;
    let now = now.filter(|now| (now.member, now.organisation) == (found.member, found.organisation));
    let now = now.ok_or_else(|| Problem::new(Code::Unauthenticated).detail("sign in"))?;
    Ok(Found { standing: now.standing, ..*found })
}

/// Forgets sessions that were over long ago.
pub(crate) async fn forget_old(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::forget_before(&mut tx.0, app.clock.now().minus(KEPT)).await.map_err(store_failed)?;
    tx.commit().await
}

/// How many sessions that may still be used are known by a hash under this version of the key.
pub(crate) async fn hashed_with(tx: &mut SystemTx, version: u32, now: Timestamp) -> ProblemResult<u64> {
    store::hashed_with(&mut tx.0, version, now.minus(IDLE), now.minus(ABSOLUTE)).await.map_err(store_failed)
}

/// Refuses what another site's page sends with this browser's cookie. Browsers say where a request comes from; what says
/// nothing is not a browser and carries no cookie that it was not given.
///
/// # Errors
/// 403 `cross_site`.
pub(crate) fn refuse_cross_site(app: &App, method: &Method, headers: &HeaderMap) -> ProblemResult<()> {
    if [Method::GET, Method::HEAD].contains(method) {
        return Ok(());
    }
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("(unreadable)"));
    let same_site = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let same_origin = text("origin").is_none_or(|origin| origin == app.urls.dashboard);
    if same_site && same_origin {
        return Ok(());
    }
    Err(Problem::new(Code::CrossSite).detail("only the dashboard's own pages may do this"))
}

fn token_of(headers: &HeaderMap) -> Option<Secret<String>> {
    cookie_of(headers, COOKIE)
}

/// The value of a cookie.
pub(crate) fn cookie_of(headers: &HeaderMap, wanted: &str) -> Option<Secret<String>> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then(|| Secret::new(value.to_owned()))
    })
}
