//! Flows: content that leads, over one or more pages. What they share with surveys is in [`crate::content`]; here are
//! their steps ([`model`]), and how far people came ([`results`]).

pub(crate) mod model;
mod results;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

crate::content::kind_routes!(Flow, FlowList, FlowDraft, "/flows", "flows", "flow");

/// The operations of flows.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    routes::router().merge(results::router())
}
