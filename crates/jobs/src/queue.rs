//! SQL of the queue.

use std::time::Duration;

use base::id::{EnvironmentId, JobId};
use base::{Clock, Rng, Timestamp};
use serde_json::Value;
use store::{Db, Engine, Executor, Query, Row, Scope, StoreError, StoreResult, Tx, dialect, sql};

use crate::{Job, NewJob, Progress, State};

const COLUMNS: &str = "id, environment_id, kind, payload, state, attempts, done, total, checkpoint, result, error, \
                       created_at, finished_at";

/// Names one run of a job: random, so that a worker knows its own.
pub(crate) type Lease = [u8; 16];

/// Adds a job, durable with the transaction.
pub async fn enqueue(tx: &mut Tx, clock: &dyn Clock, rng: &dyn Rng, job: NewJob) -> StoreResult<JobId> {
    let id = JobId::new(clock, rng);
    sql("INSERT INTO jobs (id, environment_id, kind, payload, state, attempts, due_at, done, created_at) \
         VALUES ($1, $2, $3, $4, 'queued', 0, $5, 0, $6)")
    .bind(id)
    .bind(job.environment)
    .bind(job.kind)
    .bind(job.payload.to_string())
    .bind(job.due_at)
    .bind(clock.now())
    .execute(tx)
    .await?;
    Ok(id)
}

/// Makes sure that a job of this kind waits beside one that runs now, and at the latest until its time: for what comes
/// again and again.
pub async fn ensure(
    tx: &mut Tx,
    engine: Engine,
    clock: &dyn Clock,
    rng: &dyn Rng,
    job: NewJob,
    running: Option<JobId>,
) -> StoreResult<()> {
    dialect::lock(tx, engine, "job", job.kind.as_bytes()).await?;
    let rows =
        sql("SELECT id FROM jobs WHERE kind = $1 AND due_at IS NOT NULL").bind(job.kind).fetch_all(&mut *tx).await?;
    let mut waiting = None;
    for row in &rows {
        let id: JobId = row.get("id")?;
        if running != Some(id) {
            waiting = Some(id);
        }
    }
    let Some(waiting) = waiting else {
        return enqueue(tx, clock, rng, job).await.map(drop);
    };
    sql("UPDATE jobs SET due_at = $2 WHERE id = $1 AND state = 'queued' AND due_at > $2")
        .bind(waiting)
        .bind(job.due_at)
        .execute(tx)
        .await?;
    Ok(())
}

/// A job of an environment.
pub async fn get(on: impl Executor, environment: EnvironmentId, id: JobId) -> StoreResult<Option<Job>> {
    let text = format!("SELECT {COLUMNS} FROM jobs WHERE id = $1 AND environment_id = $2");
    sql(text).bind(id).bind(environment).fetch_optional(on).await?.as_ref().map(read).transpose()
}

/// How many jobs wait or run.
pub async fn unfinished(on: impl Executor) -> StoreResult<u64> {
    sql("SELECT COUNT(*) AS jobs FROM jobs WHERE due_at IS NOT NULL").fetch_one(on).await?.get("jobs")
}

/// Takes the job of these kinds that is due longest, under a new lease.
pub(crate) async fn take(
    db: &Db,
    kinds: &[&'static str],
    lease: Lease,
    now: Timestamp,
    until: Timestamp,
) -> StoreResult<Option<Job>> {
    let mut tx = db.begin(Scope::System).await?;
    let row = due(kinds, now, dialect::skip_locked(db.engine())).fetch_optional(&mut tx).await?;
    let Some(row) = row else { return Ok(None) };
    let text = format!(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = $2, due_at = $3 WHERE id = $1 \
         RETURNING {COLUMNS}"
    );
    let job = sql(text).bind(row.get::<JobId>("id")?).bind(lease).bind(until).fetch_one(&mut tx).await?;
    let job = read(&job)?;
    tx.commit().await?;
    Ok(Some(job))
}

/// Whether anything of these kinds is due: a look that disturbs no writer.
pub(crate) async fn is_due(db: &Db, kinds: &[&'static str], now: Timestamp) -> StoreResult<bool> {
    Ok(due(kinds, now, "").fetch_optional(db.read(Scope::System)).await?.is_some())
}

fn due(kinds: &[&'static str], now: Timestamp, end: &str) -> Query {
    let kinds_here = dialect::placeholders(2, kinds.len());
    let text =
        format!("SELECT id FROM jobs WHERE due_at <= $1 AND kind IN ({kinds_here}) ORDER BY due_at, id LIMIT 1{end}");
    sql(text).bind(now).bind_all(kinds.iter().copied())
}

/// Extends a lease; false if it was lost.
pub(crate) async fn extend(db: &Db, id: JobId, lease: Lease, until: Timestamp) -> StoreResult<bool> {
    let query = sql("UPDATE jobs SET due_at = $3 WHERE id = $1 AND lease = $2").bind(id).bind(lease).bind(until);
    Ok(query.execute(db.read(Scope::System)).await? == 1)
}

/// Moves a run's state and progress, and perhaps its checkpoint; false if the lease was lost.
pub(crate) async fn advance(
    on: impl Executor,
    id: JobId,
    lease: Lease,
    (state, progress): (State, Progress),
    checkpoint: Option<&Value>,
) -> StoreResult<bool> {
    let query = sql("UPDATE jobs SET state = $3, done = $4, total = $5, checkpoint = COALESCE($6, checkpoint) \
                     WHERE id = $1 AND lease = $2")
    .bind(id)
    .bind(lease)
    .bind(state.name())
    .bind(count(progress.done))
    .bind(progress.total.map(count))
    .bind(checkpoint.map(Value::to_string));
    Ok(query.execute(on).await? == 1)
}

/// What becomes of a job after a run.
pub(crate) enum End<'a> {
    Completed(&'a Value),
    Failed(&'a str),
    /// Another try, not before that time.
    Again(&'a str, Timestamp),
    /// The worker stopped: the run does not count.
    Released,
}

/// Ends a run; false if the lease was lost, and then nothing is changed.
pub(crate) async fn finish(db: &Db, id: JobId, lease: Lease, end: End<'_>, now: Timestamp) -> StoreResult<bool> {
    let query = match end {
        End::Completed(result) => {
            sql("UPDATE jobs SET state = 'completed', lease = NULL, due_at = NULL, error = NULL, \
                                       finished_at = $3, result = $4 WHERE id = $1 AND lease = $2")
            .bind(id)
            .bind(lease)
            .bind(now)
            .bind(result.to_string())
        }
        End::Failed(code) => sql("UPDATE jobs SET state = 'failed', lease = NULL, due_at = NULL, finished_at = $3, \
                                  error = $4 WHERE id = $1 AND lease = $2")
        .bind(id)
        .bind(lease)
        .bind(now)
        .bind(code),
        End::Again(code, at) => sql("UPDATE jobs SET state = 'queued', lease = NULL, due_at = $3, error = $4 \
                                     WHERE id = $1 AND lease = $2")
        .bind(id)
        .bind(lease)
        .bind(at)
        .bind(code),
        End::Released => sql("UPDATE jobs SET state = 'queued', lease = NULL, due_at = $3, attempts = attempts - 1 \
                              WHERE id = $1 AND lease = $2")
        .bind(id)
        .bind(lease)
        .bind(now),
    };
    Ok(query.execute(db.read(Scope::System)).await? == 1)
}

/// The pause before the next try: 2, 4, 8 … seconds, at most an hour, moved by up to a quarter so that jobs which failed
/// together do not come back together.
pub(crate) fn pause(attempts: u32, rng: &dyn Rng) -> Duration {
    let seconds = 2_u64.saturating_pow(attempts.clamp(1, 12)).min(3_600);
    let [random] = rng.bytes::<1>();
    Duration::from_millis(seconds * 1_000 + seconds * 250 * u64::from(random) / 255)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read(row: &Row) -> StoreResult<Job> {
    let unknown = |column: &str| StoreError::Decode { column: column.to_owned() };
    let json = |column: &str| {
        row.get::<Option<String>>(column)?
            .map(|text| serde_json::from_str(&text).map_err(|_| unknown(column)))
            .transpose()
    };
    Ok(Job {
        id: row.get("id")?,
        environment: row.get("environment_id")?,
        kind: row.get("kind")?,
        payload: json("payload")?.unwrap_or_default(),
        state: State::from_name(&row.get::<String>("state")?).ok_or_else(|| unknown("state"))?,
        attempts: row.get("attempts")?,
        progress: Progress { done: row.get("done")?, total: row.get("total")? },
        checkpoint: json("checkpoint")?,
        result: json("result")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
    })
}
