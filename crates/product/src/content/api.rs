//! What can be done with content, the same for every kind. [`kind_routes`] puts it under a kind's own paths.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base::id::EnvironmentId;
use base::{Code, FieldProblem, Problem, ProblemResult};
use serde::Deserialize;
use targeting::ContentKind;

use super::change::{self, Change, Written};
use super::model::ContentId;
use super::store::{self, Content, Page};
use super::wire::{ContentBody, ContentList, ContentWire};
use crate::App;
use crate::answers;
use crate::authority::{Caller, Permission as _, PublishContent, TenantReader};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// What a list may be asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many, 1 to 200.
    limit: Option<u32>,
    /// Those that were deleted in the last 30 days, instead of the others.
    #[serde(default)]
    deleted: bool,
}

pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    kind: ContentKind,
    query: &ListQuery,
) -> ProblemResult<Json<ContentList>> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::new(Code::InvalidValue).detail(format!("limit: 1 to {MAX_LIMIT}")));
    }
    let before = match &query.cursor {
        None => None,
        Some(cursor) => Some(
            parse_id(kind, cursor)
                .map_err(|_| Problem::new(Code::InvalidValue).detail("cursor: take next_cursor of an earlier page"))?,
        ),
    };
    let page = Page {
        kind,
        deleted_since: query.deleted.then(|| app.clock.now().minus(change::RESTORABLE)),
        before: before.map(ContentId::uuid),
        limit: limit + 1,
    };
    let reader = caller.reader(app)?;
    let mut found = store::list(reader, &page).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|last| last.id.to_string());
    let ids: Vec<ContentId> = found.iter().map(|content| content.id).collect();
    let mut figures = answers::figures(reader, &ids).await?;
    let data = found.into_iter().map(|content| {
        let figures = figures.remove(&content.id).unwrap_or_default();
        ContentWire::new(content, None, figures)
    });
    Ok(Json(ContentList { data: data.collect(), next_cursor }))
}

pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    kind: ContentKind,
    body: ContentBody,
) -> ProblemResult<Response> {
    let written = Written::parse(kind, &body.name, &body.definition)?;
    let content = change::create(app, caller, kind, written).await?;
    Ok((StatusCode::CREATED, shown(app, caller.environment()?, content).await?).into_response())
}

pub(crate) async fn get(app: &App, caller: &Caller, id: ContentId) -> ProblemResult<Response> {
    let content = find(app, caller, id).await?;
    shown(app, caller.environment()?, content).await
}

/// A piece of content that is not deleted.
pub(crate) async fn find(app: &App, caller: &Caller, id: ContentId) -> ProblemResult<Content> {
    let found = store::get(caller.reader(app)?, id).await?;
    found.filter(|content| content.deleted_at.is_none()).ok_or_else(|| Problem::new(Code::NotFound))
}

pub(crate) async fn replace(
    app: &App,
    caller: &Caller,
    id: ContentId,
    headers: &HeaderMap,
    body: ContentBody,
) -> ProblemResult<Response> {
    let written = Written::parse(id.kind(), &body.name, &body.definition)?;
    let mut change = Change::begin(app, caller, id, headers, false).await?;
    change.content.name = written.name;
    change.content.draft = written.definition.to_json();
    let content = change.commit("content.edit", false).await?;
    shown(app, caller.environment()?, content).await
}

pub(crate) async fn publish(app: &App, caller: &Caller, id: ContentId, headers: &HeaderMap) -> ProblemResult<Response> {
    let environment = caller.environment()?;
    let mut change = Change::begin(app, caller, id, headers, false).await?;
    let classes = crate::delivery::classes(app, environment).await?;
    change::check(&change.content, |field| classes.of(field))
        .map_err(|errors| Problem { errors, ..Problem::new(Code::NotPublishable) })?;
    if !change::publish(&mut change).await? {
        return shown(app, environment, change.content).await;
    }
    let content = change.commit("content.publish", true).await?;
    shown(app, environment, content).await
}

pub(crate) async fn pause(app: &App, caller: &Caller, id: ContentId, headers: &HeaderMap) -> ProblemResult<Response> {
    let mut change = Change::begin(app, caller, id, headers, false).await?;
    match change.content.status {
        targeting::Status::Paused => return shown(app, caller.environment()?, change.content).await,
        targeting::Status::Draft => {
            return Err(Problem::new(Code::Conflict).detail("it was never published, so there is nothing to pause"));
        }
        targeting::Status::Live => change.content.status = targeting::Status::Paused,
    }
    let content = change.commit("content.pause", true).await?;
    shown(app, caller.environment()?, content).await
}

pub(crate) async fn delete(
    app: &App,
    caller: &Caller,
    id: ContentId,
    headers: &HeaderMap,
) -> ProblemResult<StatusCode> {
    let mut change = Change::begin(app, caller, id, headers, false).await?;
    let was_live = change.content.status == targeting::Status::Live;
    if was_live {
        if !PublishContent::ROLES.contains(&caller.role()) {
            return Err(Problem::new(Code::Forbidden).detail("it is live: only who may publish can delete it"));
        }
        change.content.status = targeting::Status::Paused;
    }
    change.content.deleted_at = Some(app.clock.now());
    change.commit("content.delete", was_live).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn restore(app: &App, caller: &Caller, id: ContentId, headers: &HeaderMap) -> ProblemResult<Response> {
    let mut change = Change::begin(app, caller, id, headers, true).await?;
    change.content.deleted_at = None;
    let content = change.commit("content.restore", false).await?;
    shown(app, caller.environment()?, content).await
}

/// The id in a path; what is not one of this kind names nothing.
pub(crate) fn parse_id(kind: ContentKind, text: &str) -> ProblemResult<ContentId> {
    let id = text.parse::<ContentId>().ok().filter(|id| id.kind() == kind);
    id.ok_or_else(|| Problem::new(Code::NotFound))
}

async fn shown(app: &App, environment: EnvironmentId, content: Content) -> ProblemResult<Response> {
    let classes = crate::delivery::classes(app, environment).await?;
    let problems: Vec<FieldProblem> = change::check(&content, |field| classes.of(field)).err().unwrap_or_default();
    let figures = answers::figures(TenantReader::new(app, environment), &[content.id])
        .await?
        .remove(&content.id)
        .unwrap_or_default();
    let etag = HeaderValue::try_from(change::etag(&content)).map_err(crate::problem::internal)?;
    Ok(([(header::ETAG, etag)], Json(ContentWire::new(content, Some(problems), figures))).into_response())
}

/// Declares the routes of a kind: the operations are the same, the paths and the document's words are its own.
macro_rules! kind_routes {
    ($kind:ident, $list:ident, $draft:ident, $path:literal, $tag:literal, $one:literal) => {
        mod routes {
            use std::sync::Arc;

            use axum::Json as JsonAnswer;
            use axum::extract::{Path, State};
            use axum::http::{HeaderMap, StatusCode};
            use axum::response::Response;
            use base::ProblemResult;
            use targeting::ContentKind;
            use utoipa_axum::router::OpenApiRouter;
            use utoipa_axum::routes;

            use crate::App;
            use crate::authority::{Can, EditContent, PublishContent, ReadContent};
            use crate::content::api;
            use crate::content::wire::{$draft, $kind, $list, ContentBody, ContentList};
            use crate::extract::{Json, Query};

            const KIND: ContentKind = ContentKind::$kind;

            /// The operations of this kind of content.
            pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
                OpenApiRouter::new()
                    .routes(routes!(list, create))
                    .routes(routes!(get, replace, delete))
                    .routes(routes!(publish))
                    .routes(routes!(pause))
                    .routes(routes!(restore))
            }

            #[doc = concat!("List ", $tag, ", newest first.")]
            #[utoipa::path(get, path = $path, tag = $tag, operation_id = concat!("list_", $tag),
                params(api::ListQuery), responses((status = 200, body = $list)))]
            async fn list(
                Can { caller, .. }: Can<ReadContent>,
                State(app): State<Arc<App>>,
                Query(query): Query<api::ListQuery>,
            ) -> ProblemResult<JsonAnswer<ContentList>> {
                api::list(&app, &caller, KIND, &query).await
            }

            #[doc = concat!("Make a ", $one, "'s draft.")]
            #[utoipa::path(post, path = $path, tag = $tag, operation_id = concat!("create_", $one),
                request_body = $draft, responses((status = 201, body = $kind)))]
            async fn create(
                Can { caller, .. }: Can<EditContent>,
                State(app): State<Arc<App>>,
                Json(body): Json<ContentBody>,
            ) -> ProblemResult<Response> {
                api::create(&app, &caller, KIND, body).await
            }

            #[doc = concat!("Read a ", $one, ". The answer's `ETag` is for `If-Match`.")]
            #[utoipa::path(get, path = concat!($path, "/{id}"), tag = $tag, operation_id = concat!("get_", $one),
                params(("id" = String, Path)), responses((status = 200, body = $kind)))]
            async fn get(
                Can { caller, .. }: Can<ReadContent>,
                State(app): State<Arc<App>>,
                Path(id): Path<String>,
            ) -> ProblemResult<Response> {
                api::get(&app, &caller, api::parse_id(KIND, &id)?).await
            }

            #[doc = concat!("Replace a ", $one, "'s name and draft. With `If-Match`, only what was read.")]
            #[utoipa::path(put, path = concat!($path, "/{id}"), tag = $tag, operation_id = concat!("replace_", $one),
                params(("id" = String, Path)), request_body = $draft,
                responses((status = 200, body = $kind), (status = 409, description = "conflict")))]
            async fn replace(
                Can { caller, .. }: Can<EditContent>,
                State(app): State<Arc<App>>,
                Path(id): Path<String>,
                headers: HeaderMap,
                Json(body): Json<ContentBody>,
            ) -> ProblemResult<Response> {
                api::replace(&app, &caller, api::parse_id(KIND, &id)?, &headers, body).await
            }

            #[doc = concat!("Delete a ", $one, ". It can be restored for 30 days.")]
            #[utoipa::path(delete, path = concat!($path, "/{id}"), tag = $tag,
                operation_id = concat!("delete_", $one), params(("id" = String, Path)), responses((status = 204)))]
            async fn delete(
                Can { caller, .. }: Can<EditContent>,
                State(app): State<Arc<App>>,
                Path(id): Path<String>,
                headers: HeaderMap,
            ) -> ProblemResult<StatusCode> {
                api::delete(&app, &caller, api::parse_id(KIND, &id)?, &headers).await
            }

            #[doc = concat!("Put a ", $one, "'s draft live.")]
            #[utoipa::path(post, path = concat!($path, "/{id}/publish"), tag = $tag,
                operation_id = concat!("publish_", $one), params(("id" = String, Path)),
                responses((status = 200, body = $kind), (status = 422, description = "not_publishable")))]
            async fn publish(
                Can { caller, .. }: Can<PublishContent>,
                State(app): State<Arc<App>>,
                Path(id): Path<String>,
                headers: HeaderMap,
            ) -> ProblemResult<Response> {
                api::publish(&app, &caller, api::parse_id(KIND, &id)?, &headers).await
            }

            #[doc = concat!("Stop showing a ", $one, ".")]
            #[utoipa::path(post, path = concat!($path, "/{id}/pause"), tag = $tag,
                operation_id = concat!("pause_", $one), params(("id" = String, Path)),
                responses((status = 200, body = $kind)))]
            async fn pause(
                Can { caller, .. }: Can<PublishContent>,
                State(app): State<Arc<App>>,
                Path(id): Path<String>,
                headers: HeaderMap,
            ) -> ProblemResult<Response> {
                api::pause(&app, &caller, api::parse_id(KIND, &id)?, &headers).await
            }

            #[doc = concat!("Bring a deleted ", $one, " back, paused or as a draft.")]
            #[utoipa::path(post, path = concat!($path, "/{id}/restore"), tag = $tag,
                operation_id = concat!("restore_", $one), params(("id" = String, Path)),
                responses((status = 200, body = $kind)))]
            async fn restore(
                Can { caller, .. }: Can<EditContent>,
                State(app): State<Arc<App>>,
                Path(id): Path<String>,
                headers: HeaderMap,
            ) -> ProblemResult<Response> {
                api::restore(&app, &caller, api::parse_id(KIND, &id)?, &headers).await
            }
        }


    };
}
pub(crate) use kind_routes;
