//! `/organisation/sign-in`: whether members must sign in over a provider, and where they do.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use base::id::IdentityProviderId;
use base::{Code, Problem, ProblemResult};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::{identities, store};
use super::configuration::begin;
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Caller, Can, OrganisationTx, OwnOrganisation, ReadSecurity};
use crate::extract::Json;
use crate::problem::store_failed;
use crate::{members, second_factors};

/// How the organisation's members sign in.
#[derive(Serialize, ToSchema)]
struct OrganisationSignIn {
    /// Whether they must do it over one of its identity providers. Owners get in without, by something else and a second factor that
    /// they had before it was required.
    identity_provider_required: bool,
    /// The page on which they do.
    sign_in_url: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOrganisationSignIn {
    identity_provider_required: bool,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// How do the organisation's members sign in?
#[utoipa::path(get, path = "/organisation/sign-in", tag = "organisation", operation_id = "get_sign_in_rule",
    responses((status = 200, body = OrganisationSignIn)))]
async fn get(
    Can { caller, .. }: Can<ReadSecurity>,
    State(app): State<Arc<App>>,
) -> ProblemResult<JsonBody<OrganisationSignIn>> {
    let reader = caller.organisation_reader(&app);
    let required = store::is_required(reader.db(), reader.organisation()).await.map_err(store_failed)?;
    Ok(answer(&app, &caller, required))
}

/// Have them sign in over a provider, or let them do as they like. Whoever has not is asked to at their next request. An owner decides
/// it, who has signed in over one, and who can get in without should it fail: with a password and a second factor. Factors count for
/// that which are there when it is required, and those that are set up with one of them.
#[utoipa::path(put, path = "/organisation/sign-in", tag = "organisation", operation_id = "set_sign_in_rule",
    request_body = NewOrganisationSignIn,
    responses((status = 200, body = OrganisationSignIn), (status = 409, description = "conflict")))]
async fn set(
    Can { caller, .. }: Can<OwnOrganisation>,
    State(app): State<Arc<App>>,
    Json(NewOrganisationSignIn { identity_provider_required: required }): Json<NewOrganisationSignIn>,
) -> ProblemResult<JsonBody<OrganisationSignIn>> {
    let mut tx = begin(&app, &caller).await?;
    let organisation = tx.organisation();
    if required {
        refuse_unless_ready(&app, &mut tx, &caller).await?;
        store::require(&mut tx, app.clock.now()).await
    } else {
        store::require_no_more(&mut tx).await
    }
    .map_err(store_failed)?;
    let (object, by) = (organisation.to_string(), By::Caller(&caller));
    let detail = json!({"identity_provider_required": required});
    let entry = Entry { action: "organisation.set_sign_in", object, detail, environment: None, by };
    audit::record(&app, tx.tx(), entry).await?;
    tx.commit().await?;
    Ok(answer(&app, &caller, required))
}

/// Refuses to require what would lock everybody out: an owner who requires it gets in without the provider, and the provider works.
async fn refuse_unless_ready(app: &App, tx: &mut OrganisationTx, caller: &Caller) -> ProblemResult<()> {
    let (member, _) = caller.member()?;
    // What they sign in with stays until the transaction ends.
    members::lock(app, tx.tx(), member).await?;
    if !(members::has_password(tx.tx(), member).await? && second_factors::has_factor(tx.tx(), member).await?) {
        let detail =
            "should the provider fail, only owners with a password and a second factor get in: set yours up first";
        return Err(Problem::new(Code::Conflict).detail(detail));
    }
    refuse_unproven(tx, caller, None).await
}

/// Refuses what would leave members with providers alone of which the caller does not know that one works: they have to have signed
/// in over one themselves, other than the one that is about to go, as it is now.
///
/// # Errors
/// 409.
pub(super) async fn refuse_unproven(
    tx: &mut OrganisationTx,
    caller: &Caller,
    but: Option<IdentityProviderId>,
) -> ProblemResult<()> {
    let (member, _) = caller.member()?;
    if identities::has_used(tx, member, but).await.map_err(store_failed)? {
        return Ok(());
    }
    Err(Problem::new(Code::Conflict).detail(match but {
        None => "you have not signed in over an identity provider yet: add one, and link your own identity there first",
        Some(_) => {
            "members must sign in over an identity provider, and you have not signed in over another than this one: link your \
             own identity at another one first, or have an owner take back that they must"
        }
    }))
}

fn answer(app: &App, caller: &Caller, required: bool) -> JsonBody<OrganisationSignIn> {
    JsonBody(OrganisationSignIn {
        identity_provider_required: required,
        sign_in_url: format!("{}/sign-in/{}", app.urls.dashboard, caller.organisation()),
    })
}
