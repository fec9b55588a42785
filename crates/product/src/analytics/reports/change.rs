//! The life of a report: each function is one unit of work, with its audit record.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use base::id::ReportId;
use base::{Code, Problem, ProblemResult, Timestamp};
use serde_json::{Value, json};

use super::store::{self, Chart, Report};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, TenantTx};
use crate::problem::store_failed;

/// How long a deletion can be undone.
pub(super) const RESTORABLE: Duration = Duration::from_hours(30 * 24);
/// How many reports an environment has at most, with those that can be restored.
const MOST: u64 = 1_000;

/// What a member writes, checked.
pub(super) struct Written {
    pub(super) name: String,
    /// As it was sent.
    pub(super) question: Value,
    pub(super) chart: Chart,
}

/// Makes a report.
pub(super) async fn create(app: &App, caller: &Caller, written: Written) -> ProblemResult<Report> {
    let now = app.clock.now();
    let report = Report {
        id: ReportId::new(app.clock.as_ref(), app.rng.as_ref()),
        name: written.name,
        question: written.question,
        chart: written.chart,
        revision: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let mut tx = caller.begin(app).await?;
    store::forget(&mut tx, now.minus(RESTORABLE)).await.map_err(store_failed)?;
    refuse_full(&mut tx).await?;
    store::insert(&mut tx, &report).await.map_err(store_failed)?;
    record(app, tx, caller, "report.create", &report).await?;
    Ok(report)
}

/// Writes another name, question or chart.
pub(super) async fn replace(
    app: &App,
    caller: &Caller,
    id: ReportId,
    headers: &HeaderMap,
    written: Written,
) -> ProblemResult<Report> {
    let change = |report: &mut Report| {
        report.name = written.name;
        report.question = written.question;
        report.chart = written.chart;
    };
    changed(app, caller, id, headers, ("report.edit", false), change).await
}

/// Takes a report out of view.
pub(super) async fn delete(app: &App, caller: &Caller, id: ReportId, headers: &HeaderMap) -> ProblemResult<()> {
    let now = app.clock.now();
    changed(app, caller, id, headers, ("report.delete", false), |report| report.deleted_at = Some(now)).await.map(drop)
}

/// Brings a deleted report back.
pub(super) async fn restore(app: &App, caller: &Caller, id: ReportId, headers: &HeaderMap) -> ProblemResult<Report> {
    changed(app, caller, id, headers, ("report.restore", true), |report| report.deleted_at = None).await
}

/// What an editor says that it has read, and hears that it has written.
pub(super) fn etag(report: &Report) -> String {
    format!("\"{}\"", report.revision)
}

/// Whether a report can be seen: if it should be deleted, only for as long as it can be restored.
fn visible(report: &Report, deleted: bool, now: Timestamp) -> bool {
    match report.deleted_at {
        None => !deleted,
        Some(at) => deleted && at > now.minus(RESTORABLE),
    }
}

async fn changed(
    app: &App,
    caller: &Caller,
    id: ReportId,
    headers: &HeaderMap,
    (action, deleted): (&'static str, bool),
    change: impl FnOnce(&mut Report),
) -> ProblemResult<Report> {
    let conflict = || Problem::new(Code::Conflict).detail("somebody has changed it since you read it: read it again");
    let mut tx = caller.begin(app).await?;
    let found = store::get(&mut tx, id).await.map_err(store_failed)?;
    let found = found.filter(|report| visible(report, deleted, app.clock.now()));
    let mut report = found.ok_or_else(|| Problem::new(Code::NotFound))?;
    let read = headers.get(header::IF_MATCH).map(|value| value.to_str().unwrap_or_default());
    if read.is_some_and(|read| read != "*" && read != etag(&report)) {
        return Err(conflict());
    }
    change(&mut report);
    report.updated_at = app.clock.now();
    if !store::update(&mut tx, &report).await.map_err(store_failed)? {
        return Err(conflict());
    }
    report.revision += 1;
    record(app, tx, caller, action, &report).await?;
    Ok(report)
}

async fn refuse_full(tx: &mut TenantTx) -> ProblemResult<()> {
    if store::count(tx).await.map_err(store_failed)? < MOST {
        return Ok(());
    }
    let detail = format!("there are {MOST} reports, with those that were deleted in the last 30 days");
    Err(Problem::new(Code::Conflict).detail(detail))
}

/// Writes the record of a change, and makes both durable.
async fn record(
    app: &App,
    mut tx: TenantTx,
    caller: &Caller,
    action: &'static str,
    report: &Report,
) -> ProblemResult<()> {
    let entry = Entry {
        action,
        object: report.id.to_string(),
        detail: json!({"kind": report.question["kind"]}),
        environment: Some(tx.environment()),
        by: By::Caller(caller),
    };
    audit::record(app, tx.tx(), entry).await?;
    tx.commit().await.map_err(store_failed)
}
