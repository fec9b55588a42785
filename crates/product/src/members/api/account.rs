//! `/account`: oneself.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base::id::{MemberId, OrganisationId};
use base::{Personal, ProblemResult};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::authority::{Can, OwnAccount, Role, SystemTx};
use crate::extract::Json;
use crate::members::{self, check_name, store, team};
use crate::problem::store_failed;
use crate::sessions;

/// Oneself.
#[derive(Serialize, ToSchema)]
struct Account {
    id: MemberId,
    email: String,
    name: String,
    /// Where one may work, in the order of joining.
    organisations: Vec<AccountOrganisation>,
    /// Whether this installation has a mail server.
    mail: bool,
}

#[derive(Serialize, ToSchema)]
struct AccountOrganisation {
    id: OrganisationId,
    name: String,
    role: Role,
    /// Whether the session is in it.
    current: bool,
}

/// What one is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewName {
    #[schema(value_type = String)]
    name: Personal<String>,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(account)).routes(routes!(set_name)).routes(routes!(leave))
}

/// Who am I, and where do I work?
#[utoipa::path(get, path = "/account", tag = "account", operation_id = "get_account",
    responses((status = 200, body = Account)))]
async fn account(Can { caller, .. }: Can<OwnAccount>, State(app): State<Arc<App>>) -> ProblemResult<JsonBody<Account>> {
    let (id, _) = caller.member()?;
    let member = members::get(&app, caller.organisation_reader(&app), id).await?;
    let organisations = store::organisations(&app.main, id).await.map_err(store_failed)?;
    let organisations = organisations.into_iter().map(|(id, name, role)| AccountOrganisation {
        id,
        name,
        role,
        current: id == caller.organisation(),
    });
    Ok(JsonBody(Account {
        id,
        email: member.email.into_open(),
        name: member.name.into_open(),
        organisations: organisations.collect(),
        mail: app.mailer.is_some(),
    }))
}

/// Be called something else.
#[utoipa::path(put, path = "/account/name", tag = "account", operation_id = "set_account_name", request_body = NewName,
    responses((status = 204)))]
async fn set_name(
    Can { caller, .. }: Can<OwnAccount>,
    State(app): State<Arc<App>>,
    Json(NewName { name }): Json<NewName>,
) -> ProblemResult<StatusCode> {
    check_name("/name", name.open())?;
    let (id, _) = caller.member()?;
    let mut tx = SystemTx::begin(&app).await?;
    members::set_name(&app, &mut tx, id, &name).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave the organisation that the session is in; the session ends. An organisation's last owner hands it over first.
#[utoipa::path(delete, path = "/account/membership", tag = "account", operation_id = "leave_organisation",
    responses((status = 204), (status = 409, description = "last_owner")))]
async fn leave(Can { caller, .. }: Can<OwnAccount>, State(app): State<Arc<App>>) -> ProblemResult<Response> {
    let (id, _) = caller.member()?;
    team::remove(&app, &caller, id).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, sessions::forget())]).into_response())
}
