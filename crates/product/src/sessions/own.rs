//! A member's own sessions: which there are, and ending them.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::id::{OrganisationId, SessionId};
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ABSOLUTE, IDLE, Level, is_over, store};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Can, OwnAccount, SystemTx};
use crate::problem::store_failed;

/// A session of one's own.
#[derive(Serialize, ToSchema)]
struct Session {
    id: SessionId,
    /// Whether it is the one of this request.
    current: bool,
    /// Browser and system.
    device: String,
    organisation: SessionOrganisation,
    level: Level,
    created_at: Timestamp,
    /// To the minute.
    last_used_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct SessionOrganisation {
    id: OrganisationId,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct Sessions {
    data: Vec<Session>,
}

/// How many sessions have ended.
#[derive(Serialize, ToSchema)]
struct Ended {
    ended: u64,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, end_others)).routes(routes!(end))
}

/// Where am I signed in?
#[utoipa::path(get, path = "/sessions", tag = "sessions", operation_id = "list_sessions",
    responses((status = 200, body = Sessions)))]
async fn list(Can { caller, .. }: Can<OwnAccount>, State(app): State<Arc<App>>) -> ProblemResult<JsonBody<Sessions>> {
    let (member, current) = caller.member()?;
    let now = app.clock.now();
    let rows = store::own(&app.main, member, now.minus(IDLE), now.minus(ABSOLUTE)).await.map_err(store_failed)?;
    let data = rows.into_iter().filter(|row| !is_over(&row.found, now)).map(|row| Session {
        id: row.found.id,
        current: row.found.id == current,
        device: row.device,
        organisation: SessionOrganisation { id: row.found.organisation, name: row.organisation_name },
        level: row.found.standing.shown(),
        created_at: row.found.created_at,
        last_used_at: row.found.last_used_at,
    });
    Ok(JsonBody(Sessions { data: data.collect() }))
}

/// End one of one's own sessions.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "sessions", operation_id = "end_session",
    params(("id" = String, Path)), responses((status = 204)))]
async fn end(
    Can { caller, .. }: Can<OwnAccount>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<StatusCode> {
    let missing = || Problem::new(Code::NotFound).detail("there is no such session, or it has ended");
    let (member, _) = caller.member()?;
    let id: SessionId = id.parse().map_err(|_| missing())?;
    let mut tx = SystemTx::begin(&app).await?;
    if store::end_own(&mut tx.0, member, id, app.clock.now()).await.map_err(store_failed)? == 0 {
        return Err(missing());
    }
    let by = By::Caller(&caller);
    let entry = Entry { action: "session.end", object: id.to_string(), detail: json!({}), environment: None, by };
    audit::record(&app, &mut tx.0, entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all of one's own sessions but this one.
#[utoipa::path(delete, path = "/sessions", tag = "sessions", operation_id = "end_other_sessions",
    responses((status = 200, body = Ended)))]
async fn end_others(
    Can { caller, .. }: Can<OwnAccount>,
    State(app): State<Arc<App>>,
) -> ProblemResult<JsonBody<Ended>> {
    let (member, current) = caller.member()?;
    let mut tx = SystemTx::begin(&app).await?;
    let ended = store::end_all(&mut tx.0, member, Some(current), app.clock.now()).await.map_err(store_failed)?;
    let (object, by) = (member.to_string(), By::Caller(&caller));
    let entry = Entry { action: "session.end_others", object, detail: json!({"ended": ended}), environment: None, by };
    audit::record(&app, &mut tx.0, entry).await?;
    tx.commit().await?;
    Ok(JsonBody(Ended { ended }))
}
