//! Passkeys and security keys (WebAuthn, level 3): a key pair that never leaves its device, and that signs for this
//! dashboard's pages only, so that nothing can be given to a forged one. A passkey that asked for its owner (a finger,
//! a PIN) is all that one signs in with; a security key is a second factor after the password.
//!
//! No attestation is asked for: what device it is, is the member's business. So what the browser says of a new key (its
//! SubjectPublicKeyInfo) is taken as it is, and no CBOR is read; see `docs/adr/0014-webauthn-without-a-library.md`.
//!
//! Invariants: a challenge is ours, for one purpose and one member, good for five minutes and once, whatever comes of
//! it; only this dashboard's origin may answer it; the counter of a key that has one counts up, and one that does not
//! is a finding.

pub(crate) mod api;
mod ceremony;
mod challenge;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use ::store::{StoreResult, Tx};
use base::id::{MemberId, PasskeyId};
use base::{ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::authority::SystemTx;
use crate::problem::store_failed;
use crate::sign_ins::jobs::{Notice, tell};
use crate::sign_ins::{self, Found};
use crate::{App, members};

pub(crate) use ceremony::Assertion;
use challenge::Purpose;

/// What a browser's `credential.toJSON()` says of a key that signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeyProof)]
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

/// What came of a key that signed.
pub(crate) enum Verdict {
    /// It is this member's.
    Right(MemberId),
    /// It proves nothing; whose it says it is.
    Wrong(Option<MemberId>),
}

/// Whose key signed in: one that asked for its owner. The challenge is used up with the transaction, right or wrong.
pub(crate) async fn sign_in(app: &App, tx: &mut SystemTx, signed: &Signed) -> ProblemResult<Verdict> {
    check(app, tx, signed, None).await
}

/// Whether a member's key signed. The challenge is used up with the transaction, right or wrong.
pub(crate) async fn prove(app: &App, tx: &mut SystemTx, signed: &Signed, member: MemberId) -> ProblemResult<bool> {
    Ok(matches!(check(app, tx, signed, Some(member)).await?, Verdict::Right(_)))
}

/// Looks at what was signed, by a certain member's key or by whosesoever.
async fn check(app: &App, tx: &mut SystemTx, signed: &Signed, member: Option<MemberId>) -> ProblemResult<Verdict> {
    let purpose = member.map_or(Purpose::SignIn, Purpose::Prove);
    let is_ours = challenge::take(app, tx, &signed.challenge, purpose).await?;
    let Some(key) = key_of(tx, signed).await? else { return Ok(Verdict::Wrong(None)) };
    let is_theirs = match (member, signed.credential.names(key.member)) {
        // Whom no session names, the key names.
        (None, named) => named == Some(true),
        (Some(member), named) => member == key.member && named != Some(false),
    };
    let seen = signed.credential.verify(app, &signed.challenge, &key);
    let seen = seen.filter(|seen| is_ours && is_theirs && (seen.owner_verified || member.is_some()));
    let Some(seen) = seen else { return Ok(Verdict::Wrong(Some(key.member))) };
    // Whoever removes a key holds the member first.
    members::lock(app, &mut tx.0, key.member).await?;
    let counter = i64::from(seen.counter);
    if store::used(&mut tx.0, key.id, counter, app.clock.now()).await.map_err(store_failed)? == 1 {
        return Ok(Verdict::Right(key.member));
    }
    if key_of(tx, signed).await?.is_some() {
        found_copy(app, tx, &key).await?;
    }
    Ok(Verdict::Wrong(Some(key.member)))
}

async fn key_of(tx: &mut SystemTx, signed: &Signed) -> ProblemResult<Option<store::Key>> {
    let Some(credential) = signed.credential.id() else { return Ok(None) };
    store::by_credential(&mut tx.0, &credential).await.map_err(store_failed)
}

/// Reports a key whose counter did not count up, and tells its member.
async fn found_copy(app: &App, tx: &mut SystemTx, key: &store::Key) -> ProblemResult<()> {
    let (subject, member) = (key.id.bytes(), Some(key.member));
    let detail = json!({ "member": member, "passkey": key.id });
    if sign_ins::report(app, tx, Found { kind: "passkey.copied", subject: &subject, member, detail }).await? {
        tell(app, tx, member, Notice::CopiedPasskey { device: key.device.clone() }).await?;
    }
    Ok(())
}

/// Whether a member has a key that is all that one signs in with.
pub(crate) async fn has_passkey(tx: &mut Tx, member: MemberId) -> ProblemResult<bool> {
    store::has_passkey(tx, member).await.map_err(store_failed)
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
