//! SQL of reports.

use base::Timestamp;
use base::id::ReportId;
use serde_json::Value;
use store::{Row, StoreError, StoreResult, sql};
use uuid::Uuid;

use crate::authority::{InTenant, TenantReader, TenantTx};

/// A report as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    pub(super) id: ReportId,
    pub(super) name: String,
    pub(super) question: Value,
    pub(super) chart: Chart,
    pub(super) revision: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) deleted_at: Option<Timestamp>,
}

/// How an answer is shown first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportChart)]
pub(super) enum Chart {
    /// As lines.
    #[default]
    Line,
    /// As bars.
    Bar,
    /// As a table.
    Table,
}

impl Chart {
    const ALL: [(&'static str, Self); 3] = [("line", Self::Line), ("bar", Self::Bar), ("table", Self::Table)];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, chart)| *chart == self).map_or("line", |(name, _)| name)
    }
}

const COLUMNS: &str = "id, name, question, chart, revision, created_at, updated_at, deleted_at";

pub(super) async fn insert(tx: &mut TenantTx, report: &Report) -> StoreResult<()> {
    let environment = tx.environment();
    sql("INSERT INTO reports (id, environment_id, name, question, chart, revision, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, 1, $6, $6)")
    .bind(report.id)
    .bind(environment)
    .bind(report.name.as_str())
    .bind(report.question.to_string())
    .bind(report.chart.name())
    .bind(report.created_at)
    .execute(tx)
    .await
    .map(drop)
}

/// A report of the environment, deleted or not.
pub(super) async fn get(on: impl InTenant, id: ReportId) -> StoreResult<Option<Report>> {
    sql(format!("SELECT {COLUMNS} FROM reports WHERE environment_id = $1 AND id = $2"))
        .bind(on.environment())
        .bind(id)
        .fetch_optional(on)
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// A page of reports, newest first; those that were deleted since a time instead of the others, if one is given.
pub(super) async fn list(
    reader: TenantReader<'_>,
    deleted_since: Option<Timestamp>,
    before: Option<ReportId>,
    limit: u32,
) -> StoreResult<Vec<Report>> {
    let shown = if deleted_since.is_some() { "deleted_at > $2" } else { "deleted_at IS NULL AND 0 = $2" };
    let text = format!(
        "SELECT {COLUMNS} FROM reports WHERE environment_id = $1 AND {shown} AND id < $3 ORDER BY id DESC LIMIT $4"
    );
    let query = sql(text)
        .bind(reader.environment())
        .bind(deleted_since.map_or(0, Timestamp::micros))
        .bind(before.map_or(Uuid::max(), |id| id.0))
        .bind(limit);
    query.fetch_all(reader).await?.iter().map(read).collect()
}

/// Forgets reports that were deleted before a time.
pub(super) async fn forget(tx: &mut TenantTx, deleted_before: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM reports WHERE environment_id = $1 AND deleted_at < $2")
        .bind(tx.environment())
        .bind(deleted_before)
        .execute(tx)
        .await
}

/// How many reports there are, deleted ones too.
pub(super) async fn count(tx: &mut TenantTx) -> StoreResult<u64> {
    sql("SELECT COUNT(*) AS reports FROM reports WHERE environment_id = $1")
        .bind(tx.environment())
        .fetch_one(tx)
        .await?
        .get("reports")
}

/// Writes what has changed; false if somebody else has changed it since it was read.
pub(super) async fn update(tx: &mut TenantTx, report: &Report) -> StoreResult<bool> {
    let environment = tx.environment();
    let changed = sql("UPDATE reports SET name = $4, question = $5, chart = $6, updated_at = $7, deleted_at = $8, \
                       revision = revision + 1 WHERE environment_id = $1 AND id = $2 AND revision = $3")
    .bind(environment)
    .bind(report.id)
    .bind(i64::try_from(report.revision).unwrap_or(i64::MAX))
    .bind(report.name.as_str())
    .bind(report.question.to_string())
    .bind(report.chart.name())
    .bind(report.updated_at)
    .bind(report.deleted_at)
    .execute(tx)
    .await?;
    Ok(changed == 1)
}

fn read(row: &Row) -> StoreResult<Report> {
    let unknown = |column: &str| StoreError::Decode { column: column.to_owned() };
    let chart: String = row.get("chart")?;
    let chart = Chart::ALL.iter().find(|(name, _)| *name == chart).ok_or_else(|| unknown("chart"))?.1;
    Ok(Report {
        id: row.get("id")?,
        name: row.get("name")?,
        question: serde_json::from_str(&row.get::<String>("question")?).map_err(|_| unknown("question"))?,
        chart,
        revision: row.get("revision")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        deleted_at: row.get("deleted_at")?,
    })
}
