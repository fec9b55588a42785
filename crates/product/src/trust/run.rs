//! Runs the checks: each by its own clock, in the worker.
//!
//! When a check is due stands in the store, so that a start does not begin anew what another process did a moment ago. Of
//! several workers that see it due one makes it: whoever moves that time first. Two may be at the very first run of a check,
//! which has no such time yet, and at one that takes longer than it should. A check that takes long is made less often: it
//! takes at most a twentieth of the time.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use base::Timestamp;
use futures::FutureExt as _;
use store::{Scope, StoreResult};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::check::{Check, Seen, Unseen, Verdict};
use super::checks::CHECKS;
use super::store::{self as results, Kept};
use crate::App;

/// How often it is looked whether a check is due.
const LOOK: Duration = Duration::from_secs(1);
/// A check that takes longer is broken off.
const LONGEST: Duration = Duration::from_mins(10);
/// The part of its time that a check may take.
const PART: u32 = 20;
/// A check is made this often at least, however long it takes.
const SELDOM: Duration = Duration::from_hours(1);

/// Runs the checks until the process stops.
pub(crate) fn follow(app: &Arc<App>, tracker: &TaskTracker, stop: &CancellationToken) {
    for check in CHECKS {
        let (app, stop) = (Arc::downgrade(app), stop.clone());
        tracker.spawn(async move {
            tokio::select! { () = stop.cancelled() => {}, () = keep_running(app, check) => {} }
        });
    }
}

async fn keep_running(app: Weak<App>, check: &'static Check) {
    loop {
        {
            let Some(app) = app.upgrade() else { return };
            if let Err(error) = run_if_due(&app, check).await {
                tracing::warn!(check = check.id, %error, "what a trust check saw was not kept: it turns stale");
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Makes a check if it is due.
pub(super) async fn run_if_due(app: &App, check: &Check) -> StoreResult<()> {
    let now = app.clock.now();
    let last = results::last(app.main.read(Scope::System), check.id).await?;
    // A clock that was put back makes nothing wait for the future.
    if last.as_ref().is_some_and(|last| now < last.due_at && last.checked_at <= now) {
        return Ok(());
    }
    // Should this process end meanwhile, another makes it then.
    if let Some(last) = &last
        && !results::claim(&app.main, last, now.plus(check.every)).await?
    {
        return Ok(());
    }
    let began = Instant::now();
    let seen = look(app, check).await;
    keep(app, check, &seen, began.elapsed()).await
}

/// What a check sees; that it could not look, if it could not.
async fn look(app: &App, check: &Check) -> Seen {
    let looked = AssertUnwindSafe((check.look)(app)).catch_unwind();
    let unseen = match tokio::time::timeout(LONGEST, looked).await {
        Ok(Ok(Ok(seen))) => return seen,
        Ok(Ok(Err(unseen))) => unseen,
        Ok(Err(_panic)) => Unseen { plain: "The check ended unexpectedly.", source: None },
        Err(_elapsed) => Unseen {
            plain: "It took too long and was broken off: what it shows is not known, and counts as broken until it is.",
            source: None,
        },
    };
    let error = unseen.source.map(|error| error.to_string());
    tracing::error!(check = check.id, reason = unseen.plain, error, "a trust check could not look");
    let mut seen = Seen::default();
    seen.broken(format!("The check could not be made. {}", unseen.plain));
    seen
}

async fn keep(app: &App, check: &Check, seen: &Seen, took: Duration) -> StoreResult<()> {
    let now = app.clock.now();
    let mut tx = app.main.begin(Scope::System).await?;
    let last = results::last(&mut tx, check.id).await?;
    let verdict = seen.verdict();
    let was = last.as_ref().map_or(Verdict::Kept, |last| last.verdict);
    let kept = Kept {
        check: check.id.to_owned(),
        verdict,
        reason: seen.reason(),
        evidence: seen.evidence().to_vec(),
        since: last.filter(|last| last.verdict == verdict).map_or(now, |last| last.since),
        checked_at: now,
        due_at: due(check, now, took),
    };
    results::keep(&mut tx, &kept).await?;
    if (was == Verdict::Broken) != (verdict == Verdict::Broken) {
        results::record_turn(app, &mut tx, &kept).await?;
        tracing::warn!(check = check.id, verdict = verdict.name(), reason = kept.reason, "a trust check turned");
    }
    tx.commit().await
}

fn due(check: &Check, now: Timestamp, took: Duration) -> Timestamp {
    now.plus(check.every.max((took * PART).min(SELDOM)))
}

#[cfg(test)]
mod tests {
    use app_test::app_test;

    use super::*;
    use crate::testing::TestApp;

    const fn check(look: for<'a> fn(&'a App) -> futures::future::BoxFuture<'a, Result<Seen, Unseen>>) -> Check {
        Check { id: "a_check", promises: &[], observes: "", every: Duration::from_secs(30), look }
    }

    async fn outcome(app: &App, check: &Check) -> (Verdict, String) {
        run_if_due(app, check).await.unwrap();
        let kept = results::last(app.main.read(Scope::System), check.id).await.unwrap().unwrap();
        (kept.verdict, kept.reason)
    }

    #[app_test]
    async fn a_check_that_panics_or_fails_is_broken_and_says_nothing_of_the_cause(app: TestApp) {
        let panics = check(|_| Box::pin(async { panic!("at /secret/path") }));
        let reason = "The check could not be made. The check ended unexpectedly.".to_owned();
        assert_eq!(outcome(app.app(), &panics).await, (Verdict::Broken, reason));
        app.advance(Duration::from_secs(30));
        let fails = check(|_| Box::pin(async { Err(std::io::Error::other("/secret/path").into()) }));
        let reason = "The check could not be made. A file could not be read.".to_owned();
        assert_eq!(outcome(app.app(), &fails).await, (Verdict::Broken, reason));
    }

    #[app_test]
    async fn a_check_is_made_when_it_is_due_and_its_state_has_a_beginning(app: TestApp) {
        let weak = check(|_| {
            Box::pin(async {
                let mut seen = Seen::default();
                seen.weak("so so");
                Ok(seen)
            })
        });
        let kept = check(|_| Box::pin(async { Ok(Seen::default()) }));
        let began = app.app().clock.now();
        assert_eq!(outcome(app.app(), &weak).await.0, Verdict::Weak);
        assert_eq!(outcome(app.app(), &kept).await.0, Verdict::Weak, "it is not due");
        app.advance(Duration::from_secs(30));
        assert_eq!(outcome(app.app(), &weak).await.0, Verdict::Weak);
        let last = results::last(app.app().main.read(Scope::System), "a_check").await.unwrap().unwrap();
        assert_eq!((last.since, last.checked_at), (began, began.plus(Duration::from_secs(30))));
        app.advance(Duration::from_secs(30));
        assert_eq!(outcome(app.app(), &kept).await, (Verdict::Kept, String::new()));
    }

    #[app_test]
    async fn a_check_that_another_worker_makes_is_not_made_twice(app: TestApp) {
        let kept = check(|_| Box::pin(async { Ok(Seen::default()) }));
        assert_eq!(outcome(app.app(), &kept).await.0, Verdict::Kept);
        app.advance(Duration::from_secs(30));
        // While one worker is at it, another looks whether it is due.
        let first = check(|app| {
            Box::pin(async move {
                let second = check(|_| Box::pin(async { panic!("it is made twice") }));
                run_if_due(app, &second).await?;
                Ok(Seen::default())
            })
        });
        assert_eq!(outcome(app.app(), &first).await.0, Verdict::Kept);
        let turns = store::sql("SELECT count(*) AS turns FROM findings WHERE kind = 'trust.broken'");
        let turns = turns.fetch_one(app.app().main.read(Scope::System)).await.unwrap();
        assert_eq!(turns.get::<i64>("turns").unwrap(), 0);
        // Two that saw the same: the time has moved.
        app.advance(Duration::from_secs(30));
        let last = results::last(app.app().main.read(Scope::System), "a_check").await.unwrap().unwrap();
        for first in [true, false] {
            let until = app.app().clock.now().plus(kept.every);
            assert_eq!(results::claim(&app.app().main, &last, until).await.unwrap(), first);
        }
    }

    #[test]
    fn a_check_that_takes_long_is_made_less_often() {
        let check = check(|_| Box::pin(async { Ok(Seen::default()) }));
        let after = |took| due(&check, Timestamp::default(), took).since(Timestamp::default());
        assert_eq!(after(Duration::from_millis(1)), Duration::from_secs(30));
        assert_eq!(after(Duration::from_secs(10)), Duration::from_secs(200));
        assert_eq!(after(Duration::from_mins(9)), SELDOM);
    }
}
