//! How often an account may be tried. At most 10 guesses are checked in 15 minutes, known or unknown account alike;
//! from the fifth on each must wait longer than the one before. A refusal is a 429 at once and is not counted.
//!
//! An attempt is counted, durably and one at a time, before the password is looked at: parallel guesses do not get
//! past the limit.

use std::time::Duration;

use base::{Code, Problem, ProblemResult};
use store::dialect;

use super::store as sessions_store;
use crate::App;
use crate::authority::SystemTx;
use crate::problem::store_failed;

const WINDOW: Duration = Duration::from_mins(15);
const AT_MOST: usize = 10;
const WITHOUT_DELAY: usize = 4;

/// Counts an attempt of a subject (a keyed hash).
///
/// # Errors
/// 429 with the seconds to wait.
pub(super) async fn count(app: &App, subject: &[u8; 32]) -> ProblemResult<()> {
    let now = app.clock.now();
    let mut tx = SystemTx::begin(app).await?;
    dialect::lock(&mut tx.0, app.main.engine(), subject).await.map_err(store_failed)?;
    let past = sessions_store::attempts(&mut tx.0, subject, now.minus(WINDOW)).await.map_err(store_failed)?;
    let wait = match (past.len(), past.first(), past.last()) {
        (AT_MOST.., Some(first), _) => first.plus(WINDOW).since(now),
        (done, _, Some(last)) => last.plus(delay(done)).since(now),
        _ => Duration::ZERO,
    };
    if wait > Duration::ZERO {
        let seconds = wait.as_millis().div_ceil(1000);
        return Err(Problem::new(Code::TooManyRequests)
            .detail("too many attempts to sign in to this account")
            .retry_after(u64::try_from(seconds).unwrap_or(u64::MAX)));
    }
    let number = i64::try_from(past.len()).unwrap_or(i64::MAX);
    sessions_store::add_attempt(&mut tx.0, subject, now, number, now.minus(WINDOW)).await.map_err(store_failed)?;
    tx.commit().await
}

/// Forgets a subject's attempts: its right password was given.
pub(super) async fn forget(tx: &mut SystemTx, subject: &[u8; 32]) -> ProblemResult<()> {
    sessions_store::forget_attempts(&mut tx.0, subject).await.map_err(store_failed)?;
    Ok(())
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
        let seconds: Vec<u64> = (0..AT_MOST).map(|done| delay(done).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32]);
    }
}
