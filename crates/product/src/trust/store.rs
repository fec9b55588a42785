//! SQL of what checks saw.

use std::collections::BTreeMap;

use base::Timestamp;
use base::id::{EnvironmentId, FindingId};
use serde_json::json;
use store::{Db, Executor, Row, Scope, StoreResult, Tx, sql};

use super::check::Verdict;
use crate::App;

/// The newest run of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) check: String,
    pub(super) verdict: Verdict,
    pub(super) reason: String,
    pub(super) evidence: Vec<String>,
    /// When the first run was that came to this verdict.
    pub(super) since: Timestamp,
    pub(super) checked_at: Timestamp,
    /// When the next run is to be made.
    pub(super) due_at: Timestamp,
}

const COLUMNS: &str = "check_id, verdict, reason, evidence, since, checked_at, due_at";

/// What every check saw last, by its id.
pub(super) async fn all(db: &Db) -> StoreResult<BTreeMap<String, Kept>> {
    let rows = sql(format!("SELECT {COLUMNS} FROM trust_results")).fetch_all(db.read(Scope::System)).await?;
    rows.iter().map(|row| read(row).map(|kept| (kept.check.clone(), kept))).collect()
}

/// What a check saw last.
pub(super) async fn last(on: impl Executor, check: &str) -> StoreResult<Option<Kept>> {
    let query = sql(format!("SELECT {COLUMNS} FROM trust_results WHERE check_id = $1")).bind(check);
    query.fetch_optional(on).await?.as_ref().map(read).transpose()
}

/// Moves the time when a check is due; whether it still stood there.
pub(super) async fn claim(db: &Db, last: &Kept, until: Timestamp) -> StoreResult<bool> {
    let mut tx = db.begin(Scope::System).await?;
    let query = sql("UPDATE trust_results SET due_at = $1 WHERE check_id = $2 AND due_at = $3");
    let moved = query.bind(until).bind(last.check.as_str()).bind(last.due_at).execute(&mut tx).await?;
    tx.commit().await?;
    Ok(moved == 1)
}

fn read(row: &Row) -> StoreResult<Kept> {
    let (verdict, evidence): (String, String) = (row.get("verdict")?, row.get("evidence")?);
    Ok(Kept {
        check: row.get("check_id")?,
        // What cannot be read proves nothing.
        verdict: Verdict::from_name(&verdict).unwrap_or(Verdict::Broken),
        reason: row.get("reason")?,
        evidence: serde_json::from_str(&evidence).unwrap_or_default(),
        since: row.get("since")?,
        checked_at: row.get("checked_at")?,
        due_at: row.get("due_at")?,
    })
}

/// Takes the place of what the check saw before.
pub(super) async fn keep(tx: &mut Tx, kept: &Kept) -> StoreResult<u64> {
    sql("INSERT INTO trust_results (check_id, verdict, reason, evidence, since, checked_at, due_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (check_id) DO UPDATE SET verdict = excluded.verdict, \
         reason = excluded.reason, evidence = excluded.evidence, since = excluded.since, \
         checked_at = excluded.checked_at, due_at = excluded.due_at")
    .bind(kept.check.as_str())
    .bind(kept.verdict.name())
    .bind(kept.reason.as_str())
    .bind(json!(kept.evidence).to_string())
    .bind(kept.since)
    .bind(kept.checked_at)
    .bind(kept.due_at)
    .execute(tx)
    .await
}

/// Records that a check began or ceased to be broken.
pub(super) async fn record_turn(app: &App, tx: &mut Tx, kept: &Kept) -> StoreResult<u64> {
    let kind = if kept.verdict == Verdict::Broken { "trust.broken" } else { "trust.mended" };
    sql("INSERT INTO findings (id, organisation_id, kind, detail, created_at) VALUES ($1, NULL, $2, $3, $4)")
        .bind(FindingId::new(app.clock.as_ref(), app.rng.as_ref()))
        .bind(kind)
        .bind(json!({"check": kept.check, "reason": kept.reason}).to_string())
        .bind(kept.checked_at)
        .execute(tx)
        .await
}

/// The oldest environments: enough to see whether one is apart from another.
pub(super) async fn environments(db: &Db, most: u32) -> StoreResult<Vec<EnvironmentId>> {
    let query = sql("SELECT id FROM environments ORDER BY created_at, id LIMIT $1").bind(i64::from(most));
    query.fetch_all(db.read(Scope::System)).await?.iter().map(|row| row.get("id")).collect()
}
