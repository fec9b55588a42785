//! How many letters may be caused in a day: by one member, to one address. Counted on the transaction that causes the
//! letter, so that what is refused counts for nothing; by keyed hashes, so that no address is kept. With a turn of their key
//! it begins anew.

use ::store::{StoreResult, Tx, sql};
use base::{Code, Problem, ProblemResult, Timestamp};
use keys::{Aad, KeyKind, hash};

use crate::App;
use crate::hashed::Hashes;
use crate::problem::store_failed;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Counts a letter of a subject, of whom it may be so many in a day.
///
/// # Errors
/// 429 with the seconds until the next day.
pub(crate) async fn count(app: &App, tx: &mut Tx, subject: &Aad, most: u64) -> ProblemResult<()> {
    if is_within(app, tx, subject, most).await? {
        return Ok(());
    }
    let now = app.clock.now();
    let tomorrow = Timestamp::from_seconds((day(now) + 1) * DAY_SECONDS);
    let problem = Problem::new(Code::TooManyRequests).detail("so many letters were sent today: go on tomorrow");
    Err(problem.retry_after(tomorrow.since(now).as_secs() + 1))
}

/// Counts a letter of a subject, for who goes on without one where there were so many in a day; whether there were not.
pub(crate) async fn is_within(app: &App, tx: &mut Tx, subject: &Aad, most: u64) -> ProblemResult<bool> {
    let subject = Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, subject))?.primary;
    Ok(add(tx, subject, day(app.clock.now())).await.map_err(store_failed)? <= most)
}

/// Forgets what was counted on days that are over.
pub(crate) async fn forget_counts(tx: &mut Tx, now: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM letter_counts WHERE day < $1").bind(day(now)).execute(tx).await
}

/// UTC, counted from 1970.
fn day(time: Timestamp) -> i64 {
    time.seconds().div_euclid(DAY_SECONDS)
}

/// How many it are with this one. Nobody else counts for the subject until the transaction ends.
async fn add(tx: &mut Tx, subject: [u8; 32], day: i64) -> StoreResult<u64> {
    sql("INSERT INTO letter_counts (subject, day, letters) VALUES ($1, $2, 1) \
         ON CONFLICT (subject, day) DO UPDATE SET letters = letter_counts.letters + 1")
    .bind(subject)
    .bind(day)
    .execute(&mut *tx)
    .await?;
    let query = sql("SELECT letters FROM letter_counts WHERE subject = $1 AND day = $2").bind(subject).bind(day);
    query.fetch_one(tx).await?.get("letters")
}
