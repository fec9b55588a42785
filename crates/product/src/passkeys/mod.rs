//! Passkeys and security keys (WebAuthn, level 3): a key pair that never leaves its device, and that signs for this dashboard's
//! pages only, so that nothing can be given to a forged one. A passkey that asked for its owner (a finger, a PIN) is all that
//! one signs in with; a security key is a second factor after the password.
//!
//! No attestation is asked for: what device it is, is the member's business. So what the browser says of a new key (its
//! SubjectPublicKeyInfo) is taken as it is, and no CBOR is read; see `docs/adr/0015-webauthn-without-a-library.md`.
//!
//! Invariants: a challenge is ours, for one purpose and one member, good for five minutes and once; only this dashboard's
//! origin may answer it; the counter of a key that has one counts up.

pub(crate) mod api;
mod ceremony;
mod challenge;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use ::store::{StoreResult, Tx};
use base::id::{MemberId, PasskeyId};
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::authority::SystemTx;
use crate::problem::store_failed;

pub(crate) use ceremony::Assertion;
use challenge::Purpose;

/// What a browser's `credential.toJSON()` says of a key that signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    /// What was to be signed.
    challenge: String,
    credential: Assertion,
}

impl Signed {
    /// By what its attempts are counted: the id that the key says it has, whether anybody knows it.
    pub(crate) fn subject(&self) -> &str {
        self.credential.said_id()
    }
}

/// What a key is to its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PasskeyKind {
    /// It asks for its owner, and is all that one signs in with.
    Passkey,
    /// It is touched, after the password.
    SecurityKey,
}

/// A key of a member.
pub(crate) struct Passkey {
    pub(crate) id: PasskeyId,
    pub(crate) kind: PasskeyKind,
    /// Browser and system with which it was made.
    pub(crate) device: String,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
}

impl PasskeyKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::SecurityKey => "security_key",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Passkey, Self::SecurityKey].into_iter().find(|kind| kind.name() == name)
    }
}

/// A member's keys, oldest first.
pub(crate) async fn list(app: &App, member: MemberId) -> ProblemResult<Vec<Passkey>> {
    store::list(&app.main, member).await.map_err(store_failed)
}

/// Whose key signed in, if it asked for its owner.
///
/// # Errors
/// 401 `invalid_credentials`, the same whatever is wrong.
pub(crate) async fn sign_in(app: &App, tx: &mut SystemTx, signed: &Signed) -> ProblemResult<MemberId> {
    let refused = || Problem::new(Code::InvalidCredentials);
    check(app, tx, signed, None).await?.filter(|seen| seen.owner_verified).map(|seen| seen.member).ok_or_else(refused)
}

/// Whether a member's key signed.
pub(crate) async fn prove(app: &App, tx: &mut SystemTx, signed: &Signed, member: MemberId) -> ProblemResult<bool> {
    Ok(check(app, tx, signed, Some(member)).await?.is_some())
}

/// A key that signed.
struct Seen {
    member: MemberId,
    owner_verified: bool,
}

/// Looks at what was signed, and uses the challenge up.
async fn check(app: &App, tx: &mut SystemTx, signed: &Signed, member: Option<MemberId>) -> ProblemResult<Option<Seen>> {
    let purpose = member.map_or(Purpose::SignIn, Purpose::Prove);
    if !challenge::take(app, tx, &signed.challenge, purpose).await? {
        return Ok(None);
    }
    let Some(credential) = signed.credential.id() else { return Ok(None) };
    let key = store::by_credential(&mut tx.0, &credential).await.map_err(store_failed)?;
    let Some(key) = key.filter(|key| member.is_none_or(|member| member == key.member)) else { return Ok(None) };
    let Some(seen) = signed.credential.verify(app, &signed.challenge, &key) else { return Ok(None) };
    let counter = i64::from(seen.counter);
    if store::used(&mut tx.0, key.id, counter, app.clock.now()).await.map_err(store_failed)? == 0 {
        tracing::warn!(passkey = %key.id, "a passkey's counter did not count up: it may have been copied");
        return Ok(None);
    }
    Ok(Some(Seen { member: key.member, owner_verified: seen.owner_verified }))
}

/// Forgets what a member had.
pub(crate) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    store::forget_of(tx, member).await
}

/// Forgets challenges that nobody can answer any more.
pub(crate) async fn forget_old(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::forget_challenges(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await
}
