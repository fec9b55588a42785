//! Harbour's server: the customer's side of the demo, at a door of its own.
//!
//! It serves the app's files and plays its back end, which knows the demo's users and signs their identity. It stands
//! where a customer stands: [`Customer`] is all that it has, and nothing in it leads to the product's stores.

mod page;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use base::{Clock, ProblemResult, Rng, Secret};

use crate::authority::TenantReader;
use crate::organisations::{self, Tenant};
use crate::static_files::missing;
use crate::{App, identity_tokens};
use session::Users;

/// What a customer has.
struct Customer {
    /// Harbour's own address.
    url: String,
    /// Where Pilotfish's edge is.
    edge_url: String,
    /// The page, but for its nonce.
    page: String,
    /// What identities are signed with.
    identity_secret: Secret<Vec<u8>>,
    users: Users,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// Harbour's routes, installed with what its environment's settings show.
pub(super) async fn router(app: &App, tenant: &Tenant, url: &str) -> ProblemResult<Router<Arc<App>>> {
    let (path, integrity) = app.sdk.current().ok_or_else(missing)?;
    let browser_key = organisations::browser_key(TenantReader::new(app, tenant)).await?;
    let users = Users::read()?;
    let tag = page::Tag { source: format!("{}{path}", app.urls.edge), integrity, browser_key: &browser_key };
    let customer = Customer {
        url: url.to_owned(),
        edge_url: app.urls.edge.clone(),
        page: page::prepare(&tag, users.demo())?,
        identity_secret: identity_tokens::secret(app, TenantReader::new(app, tenant)).await?,
        users,
        clock: app.clock.clone(),
        rng: app.rng.clone(),
    };
    Ok(Router::new()
        .route("/", get(page::page))
        .route("/{*path}", get(page::page))
        .route("/favicon.svg", get(page::icon))
        .route("/assets/{*path}", get(page::asset))
        .route("/session", post(session::sign_in))
        .with_state(Arc::new(customer)))
}
