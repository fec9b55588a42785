//! `GET /setup` and `POST /setup`, on the dashboard only: the installation's first owner.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base::id::MemberId;
use base::{Code, Personal, Problem, ProblemResult, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store;
use crate::App;
use crate::authority::{Role, SystemTx};
use crate::extract::Json;
use crate::problem::store_failed;
use crate::sessions::Level;
use crate::{members, sessions};

/// Whether the installation waits for its owner.
#[derive(Serialize, ToSchema)]
struct SetupState {
    needed: bool,
}

/// The first owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Setup {
    /// From the one-time link.
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
    #[schema(value_type = String)]
    email: Personal<String>,
    #[schema(value_type = String)]
    name: Personal<String>,
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
    /// What the organisation is called.
    organisation: String,
}

/// The owner, signed in.
#[derive(Serialize, ToSchema)]
struct SetUp {
    member: MemberId,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(state, set_up))
}

/// Does the installation wait for its owner?
#[utoipa::path(get, path = "/setup", tag = "installation", operation_id = "get_setup", security(()), responses((status = 200, body = SetupState)))]
async fn state(State(app): State<Arc<App>>) -> ProblemResult<JsonBody<SetupState>> {
    let needed = !store::has_owner(&app.main).await.map_err(store_failed)?;
    Ok(JsonBody(SetupState { needed }))
}

/// Become the owner, by the one-time link.
#[utoipa::path(
    post, path = "/setup", tag = "installation", security(()), request_body = Setup,
    responses((status = 201, body = SetUp), (status = 403, description = "setup_link_invalid"),
              (status = 409, description = "already_set_up"))
)]
async fn set_up(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
    Json(setup): Json<Setup>,
) -> ProblemResult<Response> {
    sessions::refuse_cross_site(&app, &method, &headers)?;
    if store::has_owner(&app.main).await.map_err(store_failed)? {
        return Err(Problem::new(Code::AlreadySetUp));
    }
    members::check_name("/organisation", &setup.organisation)?;
    let refused = || Problem::new(Code::SetupLinkInvalid).detail("start pilotfish again to be given a new link");
    let hashes = super::token_hashes(&app, &setup.token)?;
    if !store::is_setup_token(&app.main, &hashes.all, app.clock.now()).await.map_err(store_failed)? {
        return Err(refused());
    }
    // Only the link's holder makes us hash, and nobody waits for a transaction meanwhile.
    let Setup { email, name, password, .. } = &setup;
    let owner = members::prepare(&app, email, name, password, &setup.organisation).await?;
    let mut tx = SystemTx::begin(&app).await?;
    if !store::take_setup_token(&mut tx.0, &hashes.all, app.clock.now()).await.map_err(store_failed)? {
        return Err(refused());
    }
    let organisation = store::first_organisation(&mut tx.0).await.map_err(store_failed)?;
    store::name_organisation(&mut tx.0, organisation, setup.organisation.trim()).await.map_err(store_failed)?;
    let member = members::insert(&app, &mut tx, organisation, Role::Owner, owner).await?;
    super::record(&app, &mut tx, organisation, "installation.set_owner").await?;
    let begun = sessions::begin(&app, &mut tx, member, organisation, &headers, Level::Password).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, sessions::cookie(&begun.token)?)], JsonBody(SetUp { member }))
        .into_response())
}
