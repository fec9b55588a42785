//! `GET /api/v1/demo/checklist`: which of the demo's five minutes have happened. It goes by what is in the stores since the
//! seeded history ended: somebody met a flow, somebody answered. What leaves no trace of its own is noted when it happens: a
//! member looked at results that hold such an answer; the disk was searched for something that had been entered.

use std::sync::Arc;

use axum::Json as JsonAnswer;
use axum::extract::State;
use base::{ProblemResult, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store;
use crate::App;
use crate::authority::{Actor, Caller, Can, ReadInsights, SystemTx};
use crate::problem::store_failed;

/// When each step happened first; null for what has not happened yet.
#[derive(Debug, Default, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "as times are named on the wire")]
struct DemoChecklist {
    /// Somebody was shown a flow.
    #[schema(required)]
    met_at: Option<Timestamp>,
    /// Somebody answered a survey.
    #[schema(required)]
    answered_at: Option<Timestamp>,
    /// A member looked at the results with that answer in them.
    #[schema(required)]
    seen_at: Option<Timestamp>,
    /// The disk was searched for something that had been entered, which then was opened.
    #[schema(required)]
    searched_at: Option<Timestamp>,
}

/// The operations of this feature.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(checklist))
}

/// What has happened of the demo's five minutes?
#[utoipa::path(get, path = "/demo/checklist", tag = "demo", operation_id = "get_demo_checklist",
    responses((status = 200, body = DemoChecklist)))]
async fn checklist(
    Can { caller, .. }: Can<ReadInsights>,
    State(app): State<Arc<App>>,
) -> ProblemResult<JsonAnswer<DemoChecklist>> {
    let Some(state) = store::find(&app.main).await.map_err(store_failed)? else {
        return Ok(JsonAnswer(DemoChecklist::default()));
    };
    let reader = caller.reader(&app)?;
    Ok(JsonAnswer(DemoChecklist {
        met_at: store::met_flow_after(reader, state.begun_at).await.map_err(store_failed)?,
        answered_at: store::answered_after(reader, state.begun_at).await.map_err(store_failed)?,
        seen_at: state.results_seen_at,
        searched_at: state.searched_at,
    }))
}

/// Notes that a member looked at results in which this answer is the newest, if it is not of the seeded history.
pub(crate) async fn results_were_seen(app: &App, caller: &Caller, newest: Option<Timestamp>) -> ProblemResult<()> {
    let (true, Actor::Member(..), Some(newest)) = (app.demo().is_some(), caller.actor(), newest) else { return Ok(()) };
    let state = store::find(&app.main).await.map_err(store_failed)?;
    if state.is_none_or(|state| state.results_seen_at.is_some() || newest <= state.begun_at) {
        return Ok(());
    }
    let mut tx = SystemTx::begin(app).await?;
    store::set_results_seen(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await
}

/// Notes that the disk was searched for something that had been entered.
pub(super) async fn disk_was_searched(app: &App) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    store::set_searched(&mut tx.0, app.clock.now()).await.map_err(store_failed)?;
    tx.commit().await
}
