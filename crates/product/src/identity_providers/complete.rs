//! Coming back from a provider: the state is used up first, the provider is asked outside of any transaction, and what it says is
//! believed for what the state was made for.

use axum::http::HeaderMap;
use base::id::{IdentityProviderId, MemberId};
use base::{Code, Problem, ProblemResult, Secret};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::identities::LinkedBy;
use super::state::{self, Purpose};
use super::store::{self, Provider};
use super::{exchange, identities, joining, level};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Permission as _, SecureAccount, SystemTx};
use crate::members::{self, WorksAs};
use crate::problem::store_failed;
use crate::sessions::{self, Attempt, Begun, Found, How, ProofKind};
use crate::sign_ins::{self, Origin, Outcome};

/// What a provider sent somebody back with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProviderAnswer)]
pub(super) struct Back {
    /// Whose redirect URI it was sent to, as the path says.
    identity_provider: IdentityProviderId,
    state: String,
    #[schema(value_type = Option<String>, format = Password, nullable = false)]
    code: Option<Secret<String>>,
    /// What it gave in the place of a code.
    #[schema(nullable = false)]
    error: Option<String>,
    /// The issuer that it says it is.
    #[schema(nullable = false)]
    iss: Option<String>,
}

/// What came of it.
pub(super) enum Done {
    /// A session has begun.
    SignedIn(Begun),
    /// The session that there was goes on, under this token if it has another.
    Proven(Found, Option<Secret<String>>),
}

/// Looks at what somebody came back with.
pub(super) async fn complete(app: &App, from: &Origin<'_>, back: &Back) -> ProblemResult<Done> {
    let attempt = sessions::count_identity(app, &back.state, from).await?;
    let done = looked_at(app, from, back, &attempt).await;
    match &done {
        Err(problem) if problem.code.status().is_client_error() => {
            sign_ins::note_wrong(app, from, None, ProofKind::IdentityProvider).await?;
        }
        // What the provider or we are at fault for is nobody's attempt.
        Err(_) => take_back(app, &attempt).await?,
        Ok(_) => {}
    }
    done
}

async fn take_back(app: &App, attempt: &Attempt) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    sessions::forget_attempts(&mut tx, attempt).await?;
    tx.commit().await
}

async fn looked_at(app: &App, from: &Origin<'_>, back: &Back, attempt: &Attempt) -> ProblemResult<Done> {
    let session = sessions::found(app, from.headers).await?;
    let own = session.as_ref().map(|session| (session.member, session.id));
    let taken = state::take(app, from.headers, own, back.identity_provider, &back.state).await?.ok_or_else(|| {
        Problem::new(Code::InvalidProof)
            .detail("begin again: this was begun in another browser, with another provider, more than ten minutes ago, or is used up")
    })?;
    let provider = super::provider(app, back.identity_provider).await?;
    let Some(code) = back.code.as_ref().filter(|_| back.error.is_none()) else {
        return Err(Problem::new(Code::IdentityProviderRefused).detail("begin again"));
    };
    let claims = exchange::claims(app, &provider, &taken, code, back.iss.as_deref()).await?;
    match (taken.purpose, session) {
        (Purpose::SignIn, _) => sign_in(app, from, &provider, &claims, attempt).await.map(Done::SignedIn),
        (Purpose::Link(..), Some(session)) => link(app, from, &provider, &claims, &session, attempt).await,
        (Purpose::Prove(..), Some(session)) => prove(app, from, &provider, &claims, &session, attempt).await,
        _ => Err(Problem::new(Code::InvalidProof)),
    }
}

async fn sign_in(
    app: &App,
    from: &Origin<'_>,
    provider: &Provider,
    claims: &Map<String, Value>,
    attempt: &Attempt,
) -> ProblemResult<Begun> {
    let (mut tx, ref provider) = begin_answer(app, provider).await?;
    let member = joining::member(app, &mut tx, provider, claims).await?;
    note(app, &mut tx, from, provider, member, attempt).await?;
    let how = How::over(provider.id, level::of(claims, provider.settings.trusts_mfa));
    let begun = sessions::begin(app, &mut tx, member, provider.organisation, from.headers, how).await?;
    tx.commit().await?;
    Ok(begun)
}

/// Links an identity with the account that is signed in, if the organisation lets its provider speak for it. If its session is in the
/// provider's organisation, it is over the provider from now on.
async fn link(
    app: &App,
    from: &Origin<'_>,
    provider: &Provider,
    claims: &Map<String, Value>,
    session: &Found,
    attempt: &Attempt,
) -> ProblemResult<Done> {
    let (mut tx, ref provider, session) = held(app, provider, session).await?;
    session.standing.allows(SecureAccount::PROVEN, SecureAccount::AGE, app.clock.now())?;
    let works = members::works_as(&mut tx, session.member, provider.organisation).await?;
    if !matches!(works, WorksAs::Active(_)) {
        return Err(joining::refused("you do not work in this provider's organisation"));
    }
    match whose(app, &mut tx, provider, claims).await? {
        Some(member) if member != session.member => {
            let detail = "this identity is linked with another account: sign in over the provider to use that one";
            return Err(Problem::new(Code::Conflict).detail(detail));
        }
        Some(_) => {}
        None => {
            joining::refuse_unless_linkable(provider, claims)?;
            joining::link(app, &mut tx, provider, claims, session.member, LinkedBy::Member).await?;
            record_link(app, &mut tx, provider, &session).await?;
        }
    }
    note(app, &mut tx, from, provider, session.member, attempt).await?;
    let is_of = |own| own == provider.id;
    let token = if session.organisation == provider.organisation && session.standing.began.provider.is_none_or(is_of) {
        let level = level::of(claims, provider.settings.trusts_mfa);
        Some(sessions::goes_over(app, &mut tx, &session, provider.id, level).await?)
    } else {
        None
    };
    tx.commit().await?;
    Ok(Done::Proven(session, token))
}

/// Takes the provider's word for a member who signed in over it, once more.
async fn prove(
    app: &App,
    from: &Origin<'_>,
    provider: &Provider,
    claims: &Map<String, Value>,
    session: &Found,
    attempt: &Attempt,
) -> ProblemResult<Done> {
    let wrong = || Problem::new(Code::InvalidProof).detail("it was somebody else who signed in there");
    let (mut tx, ref provider, session) = held(app, provider, session).await?;
    let may = session.standing.began.provider == Some(provider.id)
        && session.standing.next().contains(&ProofKind::IdentityProvider);
    if !may || whose(app, &mut tx, provider, claims).await? != Some(session.member) {
        return Err(wrong());
    }
    note(app, &mut tx, from, provider, session.member, attempt).await?;
    let level = level::of(claims, provider.settings.trusts_mfa);
    let token = sessions::proven_over(app, &mut tx, &session, provider.id, level).await?;
    tx.commit().await?;
    Ok(Done::Proven(session, Some(token)))
}

/// Opens the transaction of what a provider's answer changes, with the provider as it is now: nobody changes or removes it until the
/// transaction ends. Of another client everybody may be somebody else.
async fn begin_answer(app: &App, asked: &Provider) -> ProblemResult<(SystemTx, Provider)> {
    let mut tx = SystemTx::begin(app).await?;
    store::lock_shared(&mut tx.0, app.main.engine(), asked.organisation).await.map_err(store_failed)?;
    let provider = store::find(&mut tx.0, asked.id).await.map_err(store_failed)?.ok_or_else(super::missing)?;
    if provider.client_id != asked.client_id {
        return Err(Problem::new(Code::InvalidProof).detail("begin again: the identity provider was changed meanwhile"));
    }
    Ok((tx, provider))
}

/// The same of a change of a session's account, with the session as it is now: the provider may have taken long to answer. Nobody else
/// changes what its member signs in with until it ends.
async fn held(app: &App, asked: &Provider, session: &Found) -> ProblemResult<(SystemTx, Provider, Found)> {
    let (mut tx, provider) = begin_answer(app, asked).await?;
    members::lock(app, &mut tx.0, session.member).await?;
    let session = sessions::found_still(&mut tx.0, session).await?;
    Ok((tx, provider, session))
}

async fn whose(
    app: &App,
    tx: &mut SystemTx,
    provider: &Provider,
    claims: &Map<String, Value>,
) -> ProblemResult<Option<MemberId>> {
    let index = identities::index(app, provider.id, joining::subject(claims)?)?;
    identities::member_of(&mut tx.0, provider.id, &index.all).await.map_err(store_failed)
}

/// Writes that it was the right one.
async fn note(
    app: &App,
    tx: &mut SystemTx,
    from: &Origin<'_>,
    provider: &Provider,
    member: MemberId,
    attempt: &Attempt,
) -> ProblemResult<()> {
    let now = app.clock.now();
    if identities::used(&mut tx.0, provider.id, member, now).await.map_err(store_failed)? != 1 {
        return Err(joining::refused("this identity was unlinked a moment ago: begin again"));
    }
    store::used(&mut tx.0, provider.id, now).await.map_err(store_failed)?;
    sessions::forget_attempts(tx, attempt).await?;
    sign_ins::note(app, tx, from, Some(member), ProofKind::IdentityProvider, Outcome::Right).await
}

async fn record_link(app: &App, tx: &mut SystemTx, provider: &Provider, session: &Found) -> ProblemResult<()> {
    let detail = json!({"provider": provider.id, "by": "member"});
    let (object, by) = (session.member.to_string(), By::System(provider.organisation));
    let entry = Entry { action: "account.link_identity", object, detail, environment: None, by };
    audit::record(app, &mut tx.0, entry).await
}

/// Begins to go to a provider; where, and which browser it is.
pub(super) async fn begin(
    app: &App,
    headers: &HeaderMap,
    provider: &Provider,
    purpose: Purpose,
) -> ProblemResult<(String, state::Browser)> {
    let browser = state::Browser::of(app, headers);
    let made = state::make(app, &browser, provider.id, purpose)?;
    let url = exchange::ask(app, provider, &made, purpose).await?;
    Ok((url, browser))
}
