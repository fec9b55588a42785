//! How many people met a piece of content, for lists: people, each counted once however often they met it, and somebody
//! who was anonymous first and identified later once as well.

use std::collections::HashMap;

use base::ProblemResult;
use serde::Serialize;
use store::{StoreResult, dialect, sql};
use targeting::ContentKind;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::authority::TenantReader;
use crate::content::model::ContentId;
use crate::problem::store_failed;

/// How many people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(crate) struct Figures {
    /// Were shown it.
    pub(crate) shown: u64,
    /// Came to its end.
    pub(crate) completed: u64,
    /// Closed it before that, and did not come to its end another time.
    pub(crate) dismissed: u64,
}

/// The figures of each; who has none was shown to nobody.
pub(crate) async fn figures(reader: TenantReader<'_>, ids: &[ContentId]) -> ProblemResult<HashMap<ContentId, Figures>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    select(reader, ids).await.map_err(store_failed)
}

async fn select(reader: TenantReader<'_>, ids: &[ContentId]) -> StoreResult<HashMap<ContentId, Figures>> {
    let text = format!(
        "SELECT content_id, COUNT(*) AS shown, COUNT(completed_at) AS completed, \
                COUNT(CASE WHEN completed_at IS NULL THEN dismissed_at END) AS dismissed FROM encounters \
         WHERE environment_id = $1 AND content_id IN ({}) GROUP BY content_id",
        dialect::placeholders(2, ids.len())
    );
    let kinds: HashMap<Uuid, ContentKind> = ids.iter().map(|id| (id.uuid(), id.kind())).collect();
    let rows = sql(text).bind(reader.environment()).bind_all(ids.iter().map(|id| id.uuid())).fetch_all(reader).await?;
    let mut figures = HashMap::new();
    for row in rows {
        let id: Uuid = row.get("content_id")?;
        let Some(kind) = kinds.get(&id) else { continue };
        let figure =
            Figures { shown: row.get("shown")?, completed: row.get("completed")?, dismissed: row.get("dismissed")? };
        figures.insert(ContentId::of(*kind, id), figure);
    }
    Ok(figures)
}
