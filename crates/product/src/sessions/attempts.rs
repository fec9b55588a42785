//! How often an account, and an address, may be tried. Of an account at most 10 guesses are checked in 15 minutes,
//! known or unknown account alike; from the fifth on each must wait longer than the one before. From one address (its
//! prefix) at most 100 are, whatever the accounts ([`AttemptLimits`]). A device from which the account's member has
//! signed in has an allowance of its own, apart from both. A refusal is a 429 at once and is not counted.
//!
//! An attempt is counted, durably and one at a time, before the password is looked at: parallel guesses do not get
//! past the limit. What is too much already is refused by a look, without waiting for those that are being counted. A right password clears the account and takes back what it cost the address, so that an office
//! behind one address signs in as often as it likes. Whoever uses an allowance up is a finding, once a day.

use std::net::IpAddr;
use std::time::Duration;

use base::id::{DeviceId, MemberId};
use base::{Code, Problem, ProblemResult, Timestamp};
use keys::{Aad, KeyKind, hash};
use serde_json::json;
use store::{Executor, Scope, dialect};

use super::standing::ProofKind;
use super::store as sessions_store;
use crate::App;
use crate::authority::SystemTx;
use crate::hashed::Hashes;
use crate::problem::store_failed;
use crate::sign_ins::jobs::{Notice, tell};
use crate::sign_ins::{self, Found};

pub(crate) const WINDOW: Duration = Duration::from_mins(15);

/// How many guesses are looked at in 15 minutes.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// Of one account, and from one known device. Two fifths of them need not wait for each other.
    pub per_account: usize,
    /// From one address's prefix: ten people who have each forgotten their password.
    pub per_address: usize,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self { per_account: 10, per_address: 100 }
    }
}

/// An attempt that has been counted.
pub(crate) struct Attempt {
    account: Hashes<32>,
    /// Not counted for a known device.
    address: Option<Hashes<16>>,
    at: Timestamp,
    number: i64,
}

/// Counts an attempt of an account (a keyed hash; whose it is, if it is anybody's) from an address.
///
/// # Errors
/// 429 with the seconds to wait.
pub(super) async fn count(
    app: &App,
    account: Hashes<32>,
    address: Option<IpAddr>,
    member: Option<MemberId>,
) -> ProblemResult<Attempt> {
    count_and_tell(app, account, address, member, Notice::Guesses {}).await
}

/// Counts a proof of a member who is signed in, as far as the password at least: those from a known device of theirs for
/// themselves, and not of the address.
///
/// # Errors
/// As of [`count`].
pub(super) async fn count_proof(
    app: &App,
    kind: ProofKind,
    member: MemberId,
    device: Option<DeviceId>,
    address: IpAddr,
) -> ProblemResult<Attempt> {
    let notice = if kind == ProofKind::Password { Notice::Guesses {} } else { Notice::CodeGuesses {} };
    let address = device.is_none().then_some(address);
    count_and_tell(app, of_proof(app, member, device)?, address, Some(member), notice).await
}

/// Tells the member, once a day, if the allowance is used up now.
async fn count_and_tell(
    app: &App,
    account: Hashes<32>,
    address: Option<IpAddr>,
    member: Option<MemberId>,
    notice: Notice,
) -> ProblemResult<Attempt> {
    let hashes = |address| Hashes::of(app, KeyKind::AddressHash, |key| hash::address_hash(key, address));
    let (now, number) = (app.clock.now(), i64::from_be_bytes(app.rng.bytes::<8>()));
    let attempt = Attempt { account, address: address.map(hashes).transpose()?, at: now, number };
    look(app, &attempt).await?;
    let mut tx = SystemTx::begin(app).await?;
    // Always the account first: two that wait for each other cannot both hold what the other wants.
    hold(app, &mut tx, &attempt.account.all).await?;
    let of_account = past(&mut tx.0, &attempt.account.all, now).await?;
    let limits = app.attempts;
    refuse_account(&of_account, now, limits)?;
    if let Some(address) = &attempt.address {
        count_address(app, &mut tx, address, &attempt).await?;
    }
    sessions_store::forget_attempts_before(&mut tx.0, now.minus(WINDOW)).await.map_err(store_failed)?;
    let subject = attempt.account.primary.as_slice();
    sessions_store::add_attempt(&mut tx.0, subject, now, number).await.map_err(store_failed)?;
    if of_account.len() + 1 == limits.per_account {
        let detail = json!({ "member": member });
        let found = Found { kind: "sign_in.account_spike", subject, member, detail };
        if sign_ins::report(app, &mut tx, found).await? {
            tell(app, &mut tx, member, notice).await?;
        }
    }
    tx.commit().await?;
    Ok(attempt)
}

/// Refuses what is too much already.
async fn look(app: &App, attempt: &Attempt) -> ProblemResult<()> {
    let reader = app.main.read(Scope::System);
    refuse_account(&past(reader, &attempt.account.all, attempt.at).await?, attempt.at, app.attempts)?;
    if let Some(address) = &attempt.address {
        refuse_address(&past(reader, &address.all, attempt.at).await?, attempt.at, app.attempts)?;
    }
    Ok(())
}

async fn count_address(app: &App, tx: &mut SystemTx, address: &Hashes<16>, attempt: &Attempt) -> ProblemResult<()> {
    hold(app, tx, &address.all).await?;
    let past = past(&mut tx.0, &address.all, attempt.at).await?;
    refuse_address(&past, attempt.at, app.attempts)?;
    let subject = address.primary.as_slice();
    sessions_store::add_attempt(&mut tx.0, subject, attempt.at, attempt.number).await.map_err(store_failed)?;
    if past.len() + 1 == app.attempts.per_address {
        let detail = json!({ "network": data_encoding::HEXLOWER.encode(&subject[..4]) });
        let found = Found { kind: "sign_in.address_spike", subject, member: None, detail };
        sign_ins::report(app, tx, found).await?;
    }
    Ok(())
}

/// By what attempts from a device that an account's member has signed in from are counted.
pub(super) fn of_device(app: &App, device: DeviceId) -> ProblemResult<Hashes<32>> {
    let context = Aad::new("pilotfish/device-attempt/v1").bytes(&device.bytes());
    Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, &context))
}

/// By what attempts with a passkey are counted: the id that it says it has.
pub(super) fn of_passkey(app: &App, said: &str) -> ProblemResult<Hashes<32>> {
    let context = Aad::new("pilotfish/passkey-attempt/v1").text(said);
    Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, &context))
}

fn of_proof(app: &App, member: MemberId, device: Option<DeviceId>) -> ProblemResult<Hashes<32>> {
    let device = device.map_or([0; 16], DeviceId::bytes);
    let context = Aad::new("pilotfish/proof-attempt/v1").bytes(&member.bytes()).bytes(&device);
    Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, &context))
}

/// Forgets the account's attempts, and this one of the address: the right password was given.
pub(crate) async fn forget(tx: &mut SystemTx, attempt: &Attempt) -> ProblemResult<()> {
    let Attempt { account, address, at, number } = attempt;
    for account in &account.all {
        sessions_store::forget_attempts(&mut tx.0, account).await.map_err(store_failed)?;
    }
    if let Some(address) = address {
        sessions_store::forget_attempt(&mut tx.0, &address.primary, *at, *number).await.map_err(store_failed)?;
    }
    Ok(())
}

/// Nobody else counts for a subject until the transaction ends.
async fn hold<const N: usize>(app: &App, tx: &mut SystemTx, subject: &[[u8; N]]) -> ProblemResult<()> {
    for hash in subject {
        dialect::lock(&mut tx.0, app.main.engine(), "sign_in", hash).await.map_err(store_failed)?;
    }
    Ok(())
}

/// When a subject tried within the window, under whichever of its hashes, oldest first.
async fn past<const N: usize>(on: impl Executor, subject: &[[u8; N]], now: Timestamp) -> ProblemResult<Vec<Timestamp>> {
    sessions_store::attempts(on, subject, now.minus(WINDOW)).await.map_err(store_failed)
}

fn refuse_account(past: &[Timestamp], now: Timestamp, limits: AttemptLimits) -> ProblemResult<()> {
    refuse(wait(past, now, limits), "too many attempts for this account")
}

fn refuse_address(past: &[Timestamp], now: Timestamp, limits: AttemptLimits) -> ProblemResult<()> {
    let full = past.len() >= limits.per_address;
    let free = past.first().filter(|_| full).map_or(Duration::ZERO, |first| first.plus(WINDOW).since(now));
    refuse(free, "too many attempts from this address")
}

/// How long an account that was tried at these times must wait.
fn wait(past: &[Timestamp], now: Timestamp, limits: AttemptLimits) -> Duration {
    match (past.len(), past.first(), past.last()) {
        (done, Some(first), _) if done >= limits.per_account => first.plus(WINDOW).since(now),
        (done, _, Some(last)) => last.plus(delay(done, limits)).since(now),
        _ => Duration::ZERO,
    }
}

fn refuse(wait: Duration, detail: &'static str) -> ProblemResult<()> {
    if wait.is_zero() {
        return Ok(());
    }
    let seconds = wait.as_millis().div_ceil(1000);
    Err(Problem::new(Code::TooManyRequests).detail(detail).retry_after(u64::try_from(seconds).unwrap_or(u64::MAX)))
}

/// How long the next attempt must wait after so many.
fn delay(done: usize, limits: AttemptLimits) -> Duration {
    match done.checked_sub(limits.per_account * 2 / 5) {
        None => Duration::ZERO,
        Some(over) => Duration::from_secs(1 << over.min(8)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_four_do_not_wait_and_later_ones_wait_longer() {
        let limits = AttemptLimits::default();
        let seconds: Vec<u64> = (0..limits.per_account).map(|done| delay(done, limits).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32]);
    }
}
