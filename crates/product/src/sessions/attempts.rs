//! How often an account, and an address, may be tried. Of an account at most 10 guesses are checked in 15 minutes, known
//! or unknown account alike; from the fifth on each must wait longer than the one before. From one address (its prefix)
//! at most [`PER_ADDRESS`] are, whatever the accounts. A refusal is a 429 at once and is not counted.
//!
//! An attempt is counted, durably and one at a time, before the password is looked at: parallel guesses do not get
//! past the limit. A right password clears the account and takes back what it cost the address, so that an office
//! behind one address signs in as often as it likes.

use std::net::IpAddr;
use std::time::Duration;

use base::id::MemberId;
use base::{Code, Problem, ProblemResult, Timestamp};
use keys::{Aad, KeyKind, hash};
use store::dialect;

use super::store as sessions_store;
use crate::App;
use crate::authority::SystemTx;
use crate::hashed::Hashes;
use crate::problem::store_failed;

pub(crate) const WINDOW: Duration = Duration::from_mins(15);
const PER_ACCOUNT: usize = 10;
/// Guesses from one prefix: ten people who have each forgotten their password.
const PER_ADDRESS: usize = 100;
const WITHOUT_DELAY: usize = 4;

/// An attempt that has been counted.
pub(crate) struct Attempt {
    account: Hashes<32>,
    address: Hashes<16>,
    at: Timestamp,
    number: i64,
}

/// Counts an attempt of an account (a keyed hash) from an address.
///
/// # Errors
/// 429 with the seconds to wait.
pub(super) async fn count(app: &App, account: Hashes<32>, address: IpAddr) -> ProblemResult<Attempt> {
    let address = Hashes::of(app, KeyKind::AddressHash, |key| hash::address_hash(key, address))?;
    let now = app.clock.now();
    let number = i64::from_be_bytes(app.rng.bytes::<8>());
    let attempt = Attempt { account, address, at: now, number };
    let mut tx = SystemTx::begin(app).await?;
    // Always the account first: two that wait for each other cannot both hold what the other wants.
    let past = past(app, &mut tx, &attempt.account.all, now).await?;
    refuse(wait(&past, now), "too many attempts for this account")?;
    let past = self::past(app, &mut tx, &attempt.address.all, now).await?;
    let full = past.len() >= PER_ADDRESS;
    let free = past.first().filter(|_| full).map_or(Duration::ZERO, |first| first.plus(WINDOW).since(now));
    refuse(free, "too many attempts from this address")?;
    sessions_store::forget_attempts_before(&mut tx.0, now.minus(WINDOW)).await.map_err(store_failed)?;
    for subject in [attempt.account.primary.as_slice(), attempt.address.primary.as_slice()] {
        sessions_store::add_attempt(&mut tx.0, subject, now, number).await.map_err(store_failed)?;
    }
    tx.commit().await?;
    Ok(attempt)
}

/// By what proofs of a member who is signed in are counted.
pub(super) fn of_member(app: &App, member: MemberId) -> ProblemResult<Hashes<32>> {
    let context = Aad::new("pilotfish/proof-attempt/v1").bytes(&member.bytes());
    Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, &context))
}

/// Forgets the account's attempts, and this one of the address: the right password was given.
pub(crate) async fn forget(tx: &mut SystemTx, attempt: &Attempt) -> ProblemResult<()> {
    let Attempt { account, address, at, number } = attempt;
    for account in &account.all {
        sessions_store::forget_attempts(&mut tx.0, account).await.map_err(store_failed)?;
    }
    sessions_store::forget_attempt(&mut tx.0, &address.primary, *at, *number).await.map_err(store_failed)?;
    Ok(())
}

/// When a subject tried within the window, under whichever of its hashes, oldest first. Nobody else counts for it until the
/// transaction ends.
async fn past<const N: usize>(
    app: &App,
    tx: &mut SystemTx,
    subject: &[[u8; N]],
    now: Timestamp,
) -> ProblemResult<Vec<Timestamp>> {
    let mut past = Vec::new();
    for hash in subject {
        dialect::lock(&mut tx.0, app.main.engine(), "sign_in", hash).await.map_err(store_failed)?;
        past.extend(sessions_store::attempts(&mut tx.0, hash, now.minus(WINDOW)).await.map_err(store_failed)?);
    }
    past.sort_unstable();
    Ok(past)
}

/// How long an account that was tried at these times must wait.
fn wait(past: &[Timestamp], now: Timestamp) -> Duration {
    match (past.len(), past.first(), past.last()) {
        (PER_ACCOUNT.., Some(first), _) => first.plus(WINDOW).since(now),
        (done, _, Some(last)) => last.plus(delay(done)).since(now),
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
fn delay(done: usize) -> Duration {
    match done.checked_sub(WITHOUT_DELAY) {
        None => Duration::ZERO,
        Some(over) => Duration::from_secs(1 << over.min(8)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_four_do_not_wait_and_later_ones_wait_longer() {
        let seconds: Vec<u64> = (0..PER_ACCOUNT).map(|done| delay(done).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32]);
    }
}
