//! SQL of content, its versions and the ruleset's number.

use base::id::EnvironmentId;
use base::{ProblemResult, Timestamp};
use serde_json::Value;
use store::{Db, Row, Scope, StoreError, StoreResult, dialect, sql};
use targeting::{ContentKind, Status};
use uuid::Uuid;

use super::model::ContentId;
use crate::authority::{InTenant, TenantReader, TenantTx};
use crate::problem::store_failed;

/// A piece of content as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    pub(crate) id: ContentId,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) draft: Value,
    pub(crate) revision: u64,
    pub(crate) published: Option<Published>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

/// The version that was published last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Published {
    pub(crate) version: u64,
    pub(crate) at: Timestamp,
    pub(crate) definition: Value,
}

/// What a list is asked for.
pub(crate) struct Page {
    pub(crate) kind: ContentKind,
    /// Deleted ones instead of the others.
    pub(crate) deleted_since: Option<Timestamp>,
    /// Older ones than this.
    pub(crate) before: Option<Uuid>,
    pub(crate) limit: u32,
}

const SELECT: &str = "SELECT c.id, c.kind, c.name, c.status, c.draft, c.revision, c.version, c.created_at, \
                      c.updated_at, c.deleted_at, v.published_at, v.definition FROM contents c \
                      LEFT JOIN content_versions v ON v.content_id = c.id AND v.version = c.version";

/// The stored name of a kind.
pub(crate) const fn kind_name(kind: ContentKind) -> &'static str {
    match kind {
        ContentKind::Survey => "survey",
        ContentKind::Flow => "flow",
    }
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Draft => "draft",
        Status::Live => "live",
        Status::Paused => "paused",
    }
}

/// Adds a draft.
pub(super) async fn insert(tx: &mut TenantTx, content: &Content) -> ProblemResult<()> {
    let environment = tx.environment();
    sql("INSERT INTO contents (id, environment_id, kind, name, status, draft, revision, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, 'draft', $5, 1, $6, $6)")
    .bind(content.id.uuid())
    .bind(environment)
    .bind(kind_name(content.id.kind()))
    .bind(content.name.as_str())
    .bind(content.draft.to_string())
    .bind(content.created_at)
    .execute(tx)
    .await
    .map(drop)
    .map_err(store_failed)
}

/// A piece of content of the reader's environment, deleted or not.
pub(crate) async fn get(reader: TenantReader<'_>, id: ContentId) -> ProblemResult<Option<Content>> {
    find(reader, id).await.map_err(store_failed)
}

/// As [`get`], on the transaction that changes it.
pub(super) async fn get_on(tx: &mut TenantTx, id: ContentId) -> ProblemResult<Option<Content>> {
    find(tx, id).await.map_err(store_failed)
}

async fn find(on: impl InTenant, id: ContentId) -> StoreResult<Option<Content>> {
    sql(format!("{SELECT} WHERE c.environment_id = $1 AND c.id = $2 AND c.kind = $3"))
        .bind(on.environment())
        .bind(id.uuid())
        .bind(kind_name(id.kind()))
        .fetch_optional(on)
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// Content of a kind in the reader's environment, newest first.
pub(crate) async fn list(reader: TenantReader<'_>, page: &Page) -> ProblemResult<Vec<Content>> {
    let shown = if page.deleted_since.is_some() { "c.deleted_at > $3" } else { "c.deleted_at IS NULL AND 0 = $3" };
    sql(format!(
        "{SELECT} WHERE c.environment_id = $1 AND c.kind = $2 AND {shown} AND c.id < $4 ORDER BY c.id DESC LIMIT $5"
    ))
    .bind(reader.environment())
    .bind(kind_name(page.kind))
    .bind(page.deleted_since.map_or(0, Timestamp::micros))
    .bind(page.before.unwrap_or(Uuid::max()))
    .bind(page.limit)
    .fetch_all(reader)
    .await
    .and_then(|rows| rows.iter().map(read).collect())
    .map_err(store_failed)
}

/// Writes what has changed of a piece of content; false if somebody else has changed it since it was read.
pub(super) async fn update(tx: &mut TenantTx, content: &Content) -> ProblemResult<bool> {
    let environment = tx.environment();
    let version = content.published.as_ref().map(|published| published.version);
    let changed = sql("UPDATE contents SET name = $4, status = $5, draft = $6, version = $7, updated_at = $8, \
                       deleted_at = $9, revision = revision + 1 WHERE environment_id = $1 AND id = $2 AND revision = $3")
    .bind(environment)
    .bind(content.id.uuid())
    .bind(number(content.revision))
    .bind(content.name.as_str())
    .bind(status_name(content.status))
    .bind(content.draft.to_string())
    .bind(version.map(number))
    .bind(content.updated_at)
    .bind(content.deleted_at)
    .execute(tx)
    .await
    .map_err(store_failed)?;
    Ok(changed == 1)
}

/// Adds a version, which nothing changes after this.
pub(super) async fn insert_version(tx: &mut TenantTx, id: ContentId, published: &Published) -> ProblemResult<()> {
    let environment = tx.environment();
    sql("INSERT INTO content_versions (content_id, version, environment_id, definition, published_at) \
         VALUES ($1, $2, $3, $4, $5)")
    .bind(id.uuid())
    .bind(number(published.version))
    .bind(environment)
    .bind(published.definition.to_string())
    .bind(published.at)
    .execute(tx)
    .await
    .map(drop)
    .map_err(store_failed)
}

/// The definitions of these versions, of those that were published.
pub(super) async fn versions(
    reader: TenantReader<'_>,
    wanted: &[(ContentId, u64)],
) -> StoreResult<Vec<(ContentId, u64, Value)>> {
    let mut found = Vec::with_capacity(wanted.len());
    for wanted in wanted.chunks(500) {
        let text = format!(
            "SELECT v.content_id, v.version, c.kind, v.definition FROM content_versions v \
             JOIN contents c ON c.id = v.content_id \
             WHERE v.environment_id = $1 AND (v.content_id, v.version) IN (VALUES {})",
            dialect::rows(2, wanted.len(), 2)
        );
        let values = wanted.iter().flat_map(|(id, version)| [store::Value::from(id.uuid()), number(*version).into()]);
        for row in sql(text).bind(reader.environment()).bind_all(values).fetch_all(reader).await? {
            found.push((
                ContentId::of(kind(&row)?, row.get("content_id")?),
                row.get("version")?,
                json(&row, "definition")?,
            ));
        }
    }
    Ok(found)
}

/// Makes the next ruleset; its number.
pub(crate) async fn next_ruleset(tx: &mut TenantTx) -> StoreResult<u64> {
    sql("INSERT INTO rulesets (environment_id, number) VALUES ($1, 1) \
         ON CONFLICT (environment_id) DO UPDATE SET number = rulesets.number + 1 RETURNING number")
    .bind(tx.environment())
    .fetch_one(tx)
    .await?
    .get("number")
}

/// The ruleset's number; 0 before the first.
pub(crate) async fn ruleset_number(on: impl InTenant) -> StoreResult<u64> {
    let query = sql("SELECT number FROM rulesets WHERE environment_id = $1").bind(on.environment());
    let row = query.fetch_optional(on).await?;
    row.map_or(Ok(0), |row| row.get("number"))
}

/// The numbers of all rulesets.
pub(crate) async fn ruleset_numbers(db: &Db) -> StoreResult<Vec<(EnvironmentId, u64)>> {
    sql("SELECT environment_id, number FROM rulesets")
        .fetch_all(db.read(Scope::System))
        .await?
        .iter()
        .map(|row| Ok((row.get("environment_id")?, row.get("number")?)))
        .collect()
}

/// The ruleset's number and all live content, as they are at one moment: one statement.
pub(crate) async fn live(on: impl InTenant) -> StoreResult<(u64, Vec<Content>)> {
    let rows = sql("SELECT r.number, c.id, c.kind, c.name, c.status, c.draft, c.revision, c.version, c.created_at, \
                    c.updated_at, c.deleted_at, v.published_at, v.definition FROM rulesets r \
                    LEFT JOIN contents c ON c.environment_id = r.environment_id AND c.status = 'live' \
                    AND c.deleted_at IS NULL \
                    LEFT JOIN content_versions v ON v.content_id = c.id AND v.version = c.version \
                    WHERE r.environment_id = $1 ORDER BY c.id")
    .bind(on.environment())
    .fetch_all(on)
    .await?;
    let number = rows.first().map_or(Ok(0), |row| row.get("number"))?;
    let live = rows.iter().filter(|row| row.get::<Uuid>("id").is_ok());
    Ok((number, live.map(read).collect::<StoreResult<_>>()?))
}

fn read(row: &Row) -> StoreResult<Content> {
    let unknown = |column: &str| StoreError::Decode { column: column.to_owned() };
    let kind = kind(row)?;
    let status = [Status::Draft, Status::Live, Status::Paused];
    let name: String = row.get("status")?;
    let status = status.into_iter().find(|status| status_name(*status) == name).ok_or_else(|| unknown("status"))?;
    let published = match row.get::<Option<u64>>("version")? {
        None => None,
        Some(version) => {
            Some(Published { version, at: row.get("published_at")?, definition: json(row, "definition")? })
        }
    };
    Ok(Content {
        id: ContentId::of(kind, row.get("id")?),
        name: row.get("name")?,
        status,
        draft: json(row, "draft")?,
        revision: row.get("revision")?,
        published,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        deleted_at: row.get("deleted_at")?,
    })
}

fn kind(row: &Row) -> StoreResult<ContentKind> {
    let name: String = row.get("kind")?;
    let kinds = [ContentKind::Survey, ContentKind::Flow];
    let kind = kinds.into_iter().find(|kind| kind_name(*kind) == name);
    kind.ok_or_else(|| StoreError::Decode { column: "kind".to_owned() })
}

fn json(row: &Row, column: &str) -> StoreResult<Value> {
    serde_json::from_str(&row.get::<String>(column)?).map_err(|_| StoreError::Decode { column: column.to_owned() })
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
