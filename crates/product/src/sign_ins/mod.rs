//! Attempts to sign in, as members and their admins see them: every one that was looked at, right or wrong, by which
//! means, from which browser and network, for 30 days; each is in the audit records too. What was refused by a limit
//! was not looked at. What may be an attack is a finding, once a day however long it lasts.
//!
//! Of an address only a keyed hash of its prefix is kept: equal ones are equal networks. Unknown accounts are noted in
//! the same way as known ones, so that the time which that takes tells nothing.

pub(crate) mod api;
pub(crate) mod jobs;
mod store;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use ::store::{StoreResult, Tx};
use axum::http::HeaderMap;
use base::id::{FindingId, MemberId, OrganisationId, SignInId};
use base::{ProblemResult, Timestamp};
use keys::{KeyKind, Owner, hash};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::SystemTx;
use crate::devices::Known;
use crate::problem::{internal, store_failed};
use crate::sessions::{self, ProofKind};
use crate::{members, organisations};

const KEPT: Duration = Duration::from_hours(30 * 24);
/// How long what was reported is not reported again.
const QUIET: Duration = Duration::from_hours(24);

/// Where a request comes from.
pub(crate) struct Origin<'a> {
    pub(crate) address: IpAddr,
    pub(crate) headers: &'a HeaderMap,
    /// The device, if a member has signed in from it.
    pub(crate) known: Option<Known>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SignInOutcome)]
pub(crate) enum Outcome {
    /// It was the right one.
    Right,
    /// It was not.
    Wrong,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Right, Self::Wrong].into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What may be an attack.
pub(crate) struct Found<'a> {
    pub(crate) kind: &'static str,
    /// By what it is known again: that of an attempt, or an id.
    pub(crate) subject: &'a [u8],
    pub(crate) member: Option<MemberId>,
    pub(crate) detail: Value,
}

impl Origin<'_> {
    /// Whether it is a device from which this member has signed in.
    pub(crate) fn is_known_to(&self, member: Option<MemberId>) -> bool {
        self.known.is_some_and(|known| Some(known.member) == member)
    }
}

/// Notes an attempt on an account, known or not.
pub(crate) async fn note(
    app: &App,
    tx: &mut SystemTx,
    from: &Origin<'_>,
    member: Option<MemberId>,
    method: ProofKind,
    outcome: Outcome,
) -> ProblemResult<()> {
    let (_, key) = app.keys.primary(KeyKind::AddressHash, Owner::Installation).map_err(internal)?;
    let row = store::NewSignIn {
        id: SignInId::new(app.clock.as_ref(), app.rng.as_ref()),
        member,
        at: app.clock.now(),
        method,
        outcome,
        device: sessions::device(from.headers),
        known_device: from.is_known_to(member),
        network: hash::address_hash(&key, from.address),
    };
    store::insert(&mut tx.0, &row).await.map_err(store_failed)?;
    let organisation = match home(app, tx, member).await? {
        Some(organisation) => organisation,
        None => organisations::first_id(app, tx).await?,
    };
    let object = member.map_or_else(|| "unknown account".to_owned(), |member| member.to_string());
    let detail = json!({"method": method, "outcome": outcome, "device": row.device, "known_device": row.known_device});
    let by = By::System(organisation);
    audit::record(app, &mut tx.0, Entry { action: "sign_in.try", object, detail, environment: None, by }).await
}

/// A wrong one, by itself.
pub(crate) async fn note_wrong(
    app: &App,
    from: &Origin<'_>,
    member: Option<MemberId>,
    method: ProofKind,
) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    note(app, &mut tx, from, member, method, Outcome::Wrong).await?;
    tx.commit().await
}

/// Reports a finding, unless the same was reported within a day; whether it was, so that its member can be told.
pub(crate) async fn report(app: &App, tx: &mut SystemTx, found: Found<'_>) -> ProblemResult<bool> {
    let Found { kind, subject, member, detail } = found;
    let now = app.clock.now();
    if !store::note_spike(&mut tx.0, subject, now, now.minus(QUIET)).await.map_err(store_failed)? {
        return Ok(false);
    }
    let organisation = home(app, tx, member).await?;
    let finding =
        store::NewFinding { id: FindingId::new(app.clock.as_ref(), app.rng.as_ref()), organisation, kind, detail };
    store::insert_finding(&mut tx.0, &finding, now).await.map_err(store_failed)?;
    tracing::warn!(kind, "somebody may be attacking how members sign in");
    Ok(true)
}

/// Where what happens to a member is recorded. The same is asked for whom nobody knows.
async fn home(app: &App, tx: &mut SystemTx, member: Option<MemberId>) -> ProblemResult<Option<OrganisationId>> {
    let looked_for = member.unwrap_or_else(|| MemberId::new(app.clock.as_ref(), app.rng.as_ref()));
    members::home(tx, looked_for).await
}

/// Forgets what is old.
pub(crate) async fn forget_old(app: &App) -> ProblemResult<()> {
    let (mut tx, now) = (SystemTx::begin(app).await?, app.clock.now());
    store::forget_before(&mut tx.0, now.minus(KEPT)).await.map_err(store_failed)?;
    store::forget_spikes_before(&mut tx.0, now.minus(QUIET)).await.map_err(store_failed)?;
    tx.commit().await
}

/// Forgets a member's.
pub(crate) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    store::forget_of(tx, member).await
}

fn since(now: Timestamp) -> Timestamp {
    now.minus(KEPT)
}
