//! On the dashboard only: `/organisation/identity-providers` and `/organisation/sign-in`, what stands there; `/sign-in/{organisation}`
//! and `/sessions/oidc`, signing in; `/account/identities`, one's own.

mod account;
mod configuration;
mod requirement;
mod sign_in;

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base::ProblemResult;
use base::id::IdentityProviderId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::complete;
use super::state::Purpose;
use super::store::Provider;
use crate::App;

pub(crate) use sign_in::{Offered, offered};

/// Which provider it is about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChosenProvider {
    identity_provider: IdentityProviderId,
}

/// Where the browser is to go. It comes back to the redirect URI of the provider.
#[derive(Serialize, ToSchema)]
struct Redirection {
    url: String,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    configuration::router().merge(requirement::router()).merge(sign_in::router()).merge(account::router())
}

async fn redirection(app: &App, headers: &HeaderMap, provider: &Provider, purpose: Purpose) -> ProblemResult<Response> {
    let (url, browser) = complete::begin(app, headers, provider, purpose).await?;
    let cookie = [(header::SET_COOKIE, browser.cookie()?)];
    Ok((StatusCode::CREATED, cookie, JsonBody(Redirection { url })).into_response())
}
