//! Identity providers: an organisation's members sign in with what they sign in with at work, over OpenID Connect (authorization
//! code with PKCE). An organisation has one or several, and may require that its members use them.
//!
//! A provider's word is good for its own organisation: a session that begins over it is in that organisation alone, and where
//! its member works elsewhere too it changes nothing of what they sign in with, until they prove something here. Who somebody
//! is, is the provider and the subject that it names, never the address alone. By the address a member is found once, to be
//! linked: if the provider is the authority for its domain, and the member works in this organisation only and is no owner.
//! Anybody else links their identity by themselves, signed in as they always were.
//!
//! What a provider says is verified by `jsonwebtoken`, under its published keys and one of four algorithms; which claims must
//! hold is in [`token`]; why no larger library does it in `docs/adr/0015-openid-connect.md`.
//!
//! Invariants: an issuer never changes; nobody is asked but the issuers that an organisation named, over TLS, with bounds; a
//! state is of one browser, one provider and one purpose, good once and for ten minutes, and answered at that provider's own
//! redirect URI; an identity is linked only of an address that the provider is the authority for, and if the rules let it in;
//! whoever leaves, or whose provider is removed, keeps no identity and no session of it; whoever left an organisation comes back by
//! an invitation only; whoever becomes an owner keeps those that they linked themselves; nothing that only owners may do is done by
//! a provider's word.
//!
//! Order of locks: an organisation's providers (shared by those who take a provider's word) or its memberships, then members, then
//! identities, then sessions.

mod address;
pub(crate) mod api;
mod complete;
mod directory;
mod exchange;
mod former;
mod http;
mod identities;
mod joining;
mod level;
mod model;
mod networks;
pub(crate) mod reseal;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod token;

use ::store::{Scope, StoreResult, Tx};
use base::id::{IdentityProviderId, MemberId, OrganisationId};
use base::{Code, Problem, ProblemResult, Secret};
use keys::{Aad, KeyKind, Owner};

use crate::App;
use crate::authority::{OrganisationTx, SystemTx};
use crate::problem::store_failed;
use crate::sealed;

pub(crate) use directory::Directory;
pub(crate) use store::Provider;

/// Where a provider sends browsers back to: a screen of the dashboard. Each has its own, so that the answer of one is not taken for
/// another's (RFC 9700, section 4.4.2.2).
fn redirect_uri(app: &App, provider: IdentityProviderId) -> String {
    format!("{}/sign-in/oidc/callback/{provider}", app.urls.dashboard)
}

/// A provider, whoever's it is.
async fn provider(app: &App, id: IdentityProviderId) -> ProblemResult<Provider> {
    store::find(app.main.read(Scope::System), id).await.map_err(store_failed)?.ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::new(Code::NotFound).detail("there is no such identity provider")
}

fn secret_context(id: IdentityProviderId) -> Aad {
    Aad::new("pilotfish/identity-provider/v1").bytes(&id.bytes()).text("client_secret")
}

fn seal_secret(
    app: &App,
    organisation: OrganisationId,
    id: IdentityProviderId,
    secret: &Secret<String>,
) -> ProblemResult<Vec<u8>> {
    let owner = Owner::Organisation(organisation);
    sealed::seal(app, KeyKind::Organisation, owner, &secret_context(id), secret.expose().as_bytes())
}

fn open_secret(app: &App, provider: &Provider) -> ProblemResult<Secret<String>> {
    let owner = Owner::Organisation(provider.organisation);
    let (context, sealed) = (secret_context(provider.id), provider.client_secret.as_slice());
    sealed::open_text(app, KeyKind::Organisation, owner, &context, sealed).map(Secret::new)
}

/// Whether a member has an identity at any provider.
pub(crate) async fn has_identity(tx: &mut SystemTx, member: MemberId) -> ProblemResult<bool> {
    identities::has_any(&mut tx.0, member).await.map_err(store_failed)
}

/// Refuses to do without a member as an owner with a second factor, if nobody else gets in should the provider fail that an
/// organisation requires: in this one, or in any. Two who go at the same moment are not seen.
///
/// # Errors
/// 409.
pub(crate) async fn keep_a_way_in(
    tx: &mut Tx,
    member: MemberId,
    organisation: Option<OrganisationId>,
) -> ProblemResult<()> {
    if !store::is_last_way_in(tx, member, organisation).await.map_err(store_failed)? {
        return Ok(());
    }
    Err(Problem::new(Code::Conflict).detail(
        "members must sign in over an identity provider, and no other owner would get in should it fail: take back that they must, \
         and require it again when another owner has a second factor",
    ))
}

/// Forgets a member's identities.
pub(crate) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    identities::forget_of(tx, member).await
}

/// Forgets a member's identities at the providers of an organisation that they leave, and remembers for a time who that was: no
/// provider brings them back.
pub(crate) async fn forget_here(app: &App, tx: &mut OrganisationTx, member: MemberId) -> ProblemResult<()> {
    former::remember(tx, member, app.clock.now()).await.map_err(store_failed)?;
    identities::forget_here(tx, member).await.map(drop).map_err(store_failed)
}

/// Forgets a member's identities at the providers of the organisation that a provider's word linked, and not the member: of whoever
/// becomes an owner. Whoever configures a provider must not come to be one by it.
pub(crate) async fn forget_linked_by_provider(tx: &mut OrganisationTx, member: MemberId) -> ProblemResult<()> {
    identities::forget_linked_by_provider(tx, member).await.map(drop).map_err(store_failed)
}

/// Forgets the states that nobody can answer any more, and who left long ago.
pub(crate) async fn forget_old(app: &App) -> ProblemResult<()> {
    let (mut tx, now) = (SystemTx::begin(app).await?, app.clock.now());
    store::forget_states(&mut tx.0, now).await.map_err(store_failed)?;
    former::forget_old(&mut tx.0, now).await.map_err(store_failed)?;
    tx.commit().await
}
