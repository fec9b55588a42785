//! `/account`: oneself.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base::id::{MemberId, OrganisationId};
use base::{Personal, ProblemResult, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Can, OwnAccount, Role, SecureAccount};
use crate::extract::Json;
use crate::members::{self, check_name, store, team};
use crate::passkeys::api::PasskeyWire;
use crate::problem::store_failed;
use crate::{passkeys, second_factors, sessions};

/// Oneself.
#[derive(Serialize, ToSchema)]
struct Account {
    id: MemberId,
    email: String,
    name: String,
    /// Where one may work, in the order of joining.
    organisations: Vec<AccountOrganisation>,
    /// Null of whom has no password.
    #[schema(required)]
    password_changed_at: Option<Timestamp>,
    /// One-time codes; null without.
    #[schema(required)]
    totp: Option<AccountTotp>,
    passkeys: Vec<PasskeyWire>,
    /// How many recovery codes are left.
    recovery_codes_left: u64,
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

/// One-time codes of an authenticator app.
#[derive(Serialize, ToSchema)]
struct AccountTotp {
    since: Timestamp,
}

/// The new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

/// What one is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewName {
    #[schema(value_type = String)]
    name: Personal<String>,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(account))
        .routes(routes!(set_name))
        .routes(routes!(set_password))
        .routes(routes!(leave))
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
        password_changed_at: store::password_changed_at(&app.main, id).await.map_err(store_failed)?,
        totp: second_factors::totp_since(&app, id).await?.map(|since| AccountTotp { since }),
        passkeys: passkeys::list(&app, id).await?.into_iter().map(PasskeyWire::from).collect(),
        recovery_codes_left: second_factors::codes_left(&app, id).await?,
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
    let mut tx = caller.begin_account(&app).await?;
    members::set_name(&app, &mut tx, id, &name).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Choose another password. All other sessions end.
#[utoipa::path(put, path = "/account/password", tag = "account", operation_id = "set_account_password",
    request_body = NewPassword, responses((status = 204), (status = 422, description = "invalid_value")))]
async fn set_password(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
    Json(NewPassword { password }): Json<NewPassword>,
) -> ProblemResult<StatusCode> {
    let (id, session) = caller.member()?;
    // It takes a while, and nobody waits for a transaction meanwhile.
    let new = members::prepare_password(&app, id, &password).await?;
    let mut tx = caller.begin_account(&app).await?;
    members::set_password(&app, &mut tx, id, new, Some(session)).await?;
    let (object, by) = (id.to_string(), By::Caller(&caller));
    let entry = Entry { action: "account.set_password", object, detail: json!({}), environment: None, by };
    audit::record(&app, &mut tx.0, entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave the organisation that the session is in; the session ends. An organisation's last owner hands it over first.
#[utoipa::path(delete, path = "/account/membership", tag = "account", operation_id = "leave_organisation",
    responses((status = 204), (status = 409, description = "last_owner")))]
async fn leave(Can { caller, .. }: Can<SecureAccount>, State(app): State<Arc<App>>) -> ProblemResult<Response> {
    let (id, _) = caller.member()?;
    team::remove(&app, &caller, id).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, sessions::forget())]).into_response())
}
