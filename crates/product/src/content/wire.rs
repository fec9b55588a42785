//! Content as clients see it. The server handles every kind alike and keeps definitions as JSON; the document names each
//! kind's own shapes, which are these with the kind and its definition filled in.

use std::borrow::Cow;

use base::{FieldProblem, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use targeting::{ContentKind, Status};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::change::RESTORABLE;
use super::model::{ContentId, Definition};
use super::store::Content;
use crate::answers::Figures;
use crate::flows::model::Flow as FlowBody;
use crate::surveys::model::Survey as SurveyBody;

/// What is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentBody<D = Value> {
    /// What the team calls it; people don't see it.
    pub(super) name: String,
    /// Audience, trigger, frequency, theme, and questions or steps.
    pub(super) definition: D,
}

/// A piece of content.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContentWire<K = ContentKind, D = Value> {
    #[schema(value_type = String)]
    id: ContentId,
    kind: K,
    name: String,
    status: Status,
    /// What the next publish publishes.
    draft: D,
    /// The version that is or was live.
    #[schema(inline, required)]
    published: Option<PublishedWire<D>>,
    /// Whether the draft differs from the published version.
    has_changes: bool,
    /// What has to be mended before the draft can be published. Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problems: Option<Vec<FieldProblem>>,
    figures: Figures,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    deleted_at: Option<Timestamp>,
    /// Until when its deletion can be undone; of what is deleted only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    restorable_until: Option<Timestamp>,
}

/// A published version.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublishedWire<D = Value> {
    /// 1 for the first.
    version: u64,
    at: Timestamp,
    definition: D,
}

/// A page of content, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContentList<C = ContentWire> {
    pub(super) data: Vec<C>,
    /// What `?cursor=` continues with; null at the end.
    #[schema(required)]
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
            restorable_until: content.deleted_at.map(|at| at.plus(RESTORABLE)),
        }
    }
}

/// Says `survey`.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "a shape: content is of a `ContentKind`")]
pub(crate) enum SurveyKind {
    Survey,
}

/// Says `flow`.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "a shape: content is of a `ContentKind`")]
pub(crate) enum FlowKind {
    Flow,
}

/// Gives a shape a name of its own in the document.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $of:ident<$($part:ty),+>;)+) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $of::<$($part),+>::schema()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                $(schemas.push((<$part>::name().into_owned(), <$part>::schema()));
                <$part>::schemas(schemas);)+
                $of::<$($part),+>::schemas(schemas);
            }
        }
    )+};
}

named! {
    /// What a survey asks, whom, when and how it looks.
    SurveyDefinition = Definition<SurveyBody>;
    /// Where a flow leads, whom, when and how it looks.
    FlowDefinition = Definition<FlowBody>;
    /// A survey.
    Survey = ContentWire<SurveyKind, SurveyDefinition>;
    /// A flow.
    Flow = ContentWire<FlowKind, FlowDefinition>;
    /// A page of surveys.
    SurveyList = ContentList<Survey>;
    /// A page of flows.
    FlowList = ContentList<Flow>;
    /// A survey as it is written.
    SurveyDraft = ContentBody<SurveyDefinition>;
    /// A flow as it is written.
    FlowDraft = ContentBody<FlowDefinition>;
}
