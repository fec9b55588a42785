//! `/members`: the team; `/account`: oneself. On the dashboard only.

mod account;
mod team;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    team::router().merge(account::router())
}
