//! Units of work that PostgreSQL broke off because others were changing the same rows (serialization failure, deadlock) and
//! that are simply done again: nothing of them is left.
//!
//! Rows are locked in the order of their keys wherever several are, so this is for what is left over.

use std::time::Duration;

use base::{Code, ProblemResult};

use crate::App;

/// How often a unit of work is begun.
const TRIES: u32 = 6;
/// The longest pause before the second try; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Does a unit of work, again if it was broken off: it opens its own transaction and leaves nothing behind without its
/// commit.
///
/// # Errors
/// What the work says; [`Code::StorageContended`] if it was broken off each time.
pub(crate) async fn retrying<T, F>(app: &App, work: impl Fn() -> F) -> ProblemResult<T>
where
    F: Future<Output = ProblemResult<T>>,
{
    let mut pause = FIRST_PAUSE;
    for again in 1..TRIES {
        match work().await {
            Err(problem) if problem.code == Code::StorageContended => {
                tracing::info!(again, "a unit of work was broken off and is done again");
                tokio::time::sleep(jittered(app, pause)).await;
                pause *= 2;
            }
            done => return done,
        }
    }
    work().await
}

/// Somewhere between half the pause and all of it, so that those who met do not meet again.
fn jittered(app: &App, pause: Duration) -> Duration {
    let [random] = app.rng.bytes::<1>();
    pause / 2 + pause * u32::from(random) / 510
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use ::store::{Scope, dialect};
    use tokio::sync::Barrier;

    use super::*;
    use crate::problem::store_failed;
    use crate::testing::TestApp;

    /// Holds one thing, waits at the first try until the other has held its first too, and then wants the other's.
    async fn crosswise(app: &App, [first, second]: [&[u8]; 2], met: &Barrier, tries: &AtomicU32) -> ProblemResult<()> {
        let lock = async |tx: &mut ::store::Tx, subject| {
            dialect::lock(tx, app.main.engine(), "test", subject).await.map_err(store_failed)
        };
        let mut tx = app.main.begin(Scope::System).await.map_err(store_failed)?;
        lock(&mut tx, first).await?;
        if tries.fetch_add(1, Ordering::SeqCst) < 2 {
            met.wait().await;
        }
        lock(&mut tx, second).await?;
        tx.commit().await.map_err(store_failed)
    }

    #[tokio::test]
    async fn who_met_another_crosswise_does_it_again() {
        let test = TestApp::start_postgres("crosswise").await;
        let (app, met, tries) = (test.app(), Barrier::new(2), AtomicU32::new(0));
        let (one, other) = tokio::join!(
            retrying(app, || crosswise(app, [b"a", b"b"], &met, &tries)),
            retrying(app, || crosswise(app, [b"b", b"a"], &met, &tries)),
        );
        assert_eq!((one, other, tries.into_inner()), (Ok(()), Ok(()), 3), "the database broke one off, once");
        test.finish().await;
    }

    #[tokio::test]
    async fn nobody_tries_for_ever() {
        let test = TestApp::start_embedded("for_ever").await;
        let tries = AtomicU32::new(0);
        let never = || async {
            tries.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(base::Problem::new(Code::StorageContended))
        };
        assert_eq!(retrying(test.app(), never).await.unwrap_err().code, Code::StorageContended);
        assert_eq!(tries.into_inner(), TRIES);
        test.finish().await;
    }
}
