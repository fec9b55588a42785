//! One's own second factors, under `/account`, on the dashboard only. All of them ask for a proof of the last ten minutes.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use base::{Code, Problem, ProblemResult, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, State as TotpState};
use super::{changed, recovery, totp};
use crate::App;
use crate::authority::{Can, SecureAccount};
use crate::extract::Json;
use crate::members;
use crate::problem::store_failed;
use crate::sessions::{self, Level};

/// What an authenticator app is given. It counts once a code of it has been given.
#[derive(Serialize, ToSchema)]
struct NewTotp {
    /// To be typed: base 32.
    secret: String,
    /// `otpauth://…`, to be shown as a QR code.
    uri: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OneTimeCode {
    /// Six digits.
    #[schema(value_type = String, format = Password)]
    code: Secret<String>,
}

/// Codes for when everything else is lost: each is good once, and they are shown this once.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Empty if nothing changed about them.
    recovery_codes: Vec<String>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(begin_totp, remove_totp))
        .routes(routes!(confirm_totp))
        .routes(routes!(renew_codes))
}

/// Begin to set up one-time codes.
#[utoipa::path(post, path = "/account/totp", tag = "account", operation_id = "begin_totp",
    responses((status = 201, body = NewTotp)))]
async fn begin_totp(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
) -> ProblemResult<(StatusCode, JsonBody<NewTotp>)> {
    let (id, _) = caller.member()?;
    let member = members::get(&app, caller.organisation_reader(&app), id).await?;
    let mut tx = caller.begin_account(&app).await?;
    let new = totp::begin(&app, &mut tx, id, &member.email).await?;
    tx.commit().await?;
    let body = NewTotp { secret: new.secret.expose().clone(), uri: new.uri.expose().clone() };
    Ok((StatusCode::CREATED, JsonBody(body)))
}

/// Give the first one-time code: from now on they are asked for. All other sessions end.
#[utoipa::path(post, path = "/account/totp/confirm", tag = "account", operation_id = "confirm_totp",
    request_body = OneTimeCode,
    responses((status = 200, body = RecoveryCodes), (status = 403, description = "invalid_proof"),
              (status = 409, description = "conflict")))]
async fn confirm_totp(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
    Json(OneTimeCode { code }): Json<OneTimeCode>,
) -> ProblemResult<JsonBody<RecoveryCodes>> {
    let (member, session) = caller.member()?;
    let mut tx = caller.begin_account(&app).await?;
    totp::confirm(&app, &mut tx, member, &code).await?;
    let recovery_codes = super::added(&app, &mut tx, &caller, "account.add_totp").await?;
    sessions::raise(&app, &mut tx.0, session, Level::Mfa).await?;
    tx.commit().await?;
    Ok(JsonBody(RecoveryCodes { recovery_codes }))
}

/// Remove one-time codes. All other sessions end.
#[utoipa::path(delete, path = "/account/totp", tag = "account", operation_id = "remove_totp",
    responses((status = 204), (status = 409, description = "conflict")))]
async fn remove_totp(Can { caller, .. }: Can<SecureAccount>, State(app): State<Arc<App>>) -> ProblemResult<StatusCode> {
    let (member, _) = caller.member()?;
    let mut tx = caller.begin_account(&app).await?;
    if store::remove_totp(&mut tx.0, member, TotpState::Confirmed).await.map_err(store_failed)? == 0 {
        return Err(Problem::new(Code::NotFound).detail("you have no one-time codes"));
    }
    store::remove_totp(&mut tx.0, member, TotpState::Pending).await.map_err(store_failed)?;
    super::removed(&app, &mut tx, &caller, "account.remove_totp").await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes; the old ones end.
#[utoipa::path(post, path = "/account/recovery-codes", tag = "account", operation_id = "renew_recovery_codes",
    responses((status = 201, body = RecoveryCodes), (status = 409, description = "conflict")))]
async fn renew_codes(
    Can { caller, .. }: Can<SecureAccount>,
    State(app): State<Arc<App>>,
) -> ProblemResult<(StatusCode, JsonBody<RecoveryCodes>)> {
    let (member, _) = caller.member()?;
    let mut tx = caller.begin_account(&app).await?;
    if !store::has_factor(&mut tx.0, member).await.map_err(store_failed)? {
        return Err(Problem::new(Code::Conflict).detail("set up a second factor first: recovery codes stand in for it"));
    }
    let codes = recovery::renew(&app, &mut tx, member).await?;
    changed(&app, &mut tx, &caller, "account.renew_recovery_codes").await?;
    tx.commit().await?;
    let recovery_codes = codes.iter().map(|code| code.expose().clone()).collect();
    Ok((StatusCode::CREATED, JsonBody(RecoveryCodes { recovery_codes })))
}
