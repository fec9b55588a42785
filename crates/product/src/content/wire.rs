//! Content as clients see it.

use base::{FieldProblem, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use targeting::{ContentKind, Status};
use utoipa::ToSchema;

use super::model::ContentId;
use super::store::Content;
use crate::answers::Figures;

/// What is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentBody {
    /// What the team calls it; people don't see it.
    pub(super) name: String,
    /// Audience, trigger, frequency, theme, and questions or steps.
    #[schema(value_type = Object)]
    pub(super) definition: Value,
}

/// A piece of content.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContentWire {
    #[schema(value_type = String)]
    id: ContentId,
    #[schema(value_type = String)]
    kind: ContentKind,
    name: String,
    /// `draft`, `live` or `paused`.
    #[schema(value_type = String)]
    status: Status,
    /// What the next publish publishes.
    #[schema(value_type = Object)]
    draft: Value,
    /// The version that is or was live.
    published: Option<PublishedWire>,
    /// Whether the draft differs from the published version.
    has_changes: bool,
    /// What has to be mended before the draft can be published. Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<FieldProblem>>,
    figures: Figures,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
}

/// A published version.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublishedWire {
    /// 1 for the first.
    version: u64,
    at: Timestamp,
    #[schema(value_type = Object)]
    definition: Value,
}

/// A page of content, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContentList {
    pub(super) data: Vec<ContentWire>,
    /// What `?cursor=` continues with; null at the end.
    pub(super) next_cursor: Option<String>,
}

impl ContentWire {
    pub(super) fn new(content: Content, problems: Option<Vec<FieldProblem>>, figures: Figures) -> Self {
        let has_changes = content.published.as_ref().is_none_or(|published| published.definition != content.draft);
        Self {
            id: content.id,
            kind: content.id.kind(),
            name: content.name,
            status: content.status,
            draft: content.draft,
            published: content.published.map(|published| PublishedWire {
                version: published.version,
                at: published.at,
                definition: published.definition,
            }),
            has_changes,
            problems,
            figures,
            created_at: content.created_at,
            updated_at: content.updated_at,
            deleted_at: content.deleted_at,
        }
    }
}
