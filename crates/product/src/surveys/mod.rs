//! Surveys: content that asks. What they share with flows is in [`crate::content`]; here is what is asked
//! ([`model`]), and what came back ([`results`]).

pub(crate) mod model;
mod results;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

crate::content::kind_routes!(Survey, SurveyList, SurveyDraft, "/surveys", "surveys", "survey");

/// The operations of surveys.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    routes::router().merge(results::router())
}
