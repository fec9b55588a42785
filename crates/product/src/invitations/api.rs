//! `/invitations`, on the dashboard only.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use base::id::InvitationId;
use base::{Code, Personal, Problem, ProblemResult, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Invitation, store};
use crate::App;
use crate::authority::{Can, ManageMembers, ReadMembers, Role};
use crate::extract::Json;
use crate::organisations;
use crate::problem::store_failed;
use crate::sessions::{self, CurrentSession, Peer};

/// An invitation that waits.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
struct InvitationWire {
    id: InvitationId,
    email: String,
    role: Role,
    created_at: Timestamp,
    expires_at: Timestamp,
    /// When it was handed to the mail server; null as long as it was not, or if there is none.
    #[schema(required)]
    sent_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
struct Invitations {
    data: Vec<InvitationWire>,
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitation {
    #[schema(value_type = String)]
    email: Personal<String>,
    role: Role,
}

/// An invitation was made.
#[derive(Serialize, ToSchema)]
struct Invited {
    invitation: InvitationWire,
    /// Without a mail server: what to bring to whom is invited. It is shown this once.
    #[schema(required)]
    link: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Link {
    /// From the link.
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
}

/// What a link invites to.
#[derive(Serialize, ToSchema)]
struct InvitationView {
    /// What the organisation is called.
    organisation: String,
    email: String,
    role: Role,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    /// From the link.
    #[schema(value_type = String, format = Password)]
    pub(super) token: Secret<String>,
    /// What one is called; not used of whom has an account.
    #[schema(value_type = String)]
    pub(super) name: Personal<String>,
    /// Of whom has an account its password, of anybody else the one that it gets. Not looked at when the account's second
    /// factor was just proven in this session.
    #[schema(value_type = String, format = Password)]
    pub(super) password: Secret<String>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, invite))
        .routes(routes!(withdraw))
        .routes(routes!(look))
        .routes(routes!(accept))
}

impl From<Invitation> for InvitationWire {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, email, role, created_at, expires_at, sent_at, .. } = invitation;
        Self { id, email: email.into_open(), role, created_at, expires_at, sent_at }
    }
}

/// Who is invited?
#[utoipa::path(get, path = "/invitations", tag = "members", operation_id = "list_invitations",
    responses((status = 200, body = Invitations)))]
async fn list(
    Can { caller, .. }: Can<ReadMembers>,
    State(app): State<Arc<App>>,
) -> ProblemResult<JsonBody<Invitations>> {
    let rows = store::waiting(caller.organisation_reader(&app), app.clock.now()).await.map_err(store_failed)?;
    let data = rows.into_iter().map(|row| super::open(&app, row).map(InvitationWire::from));
    Ok(JsonBody(Invitations { data: data.collect::<ProblemResult<_>>()? }))
}

/// Invite somebody. An earlier invitation of the address ends.
#[utoipa::path(post, path = "/invitations", tag = "members", operation_id = "invite_member",
    request_body = NewInvitation,
    responses((status = 201, body = Invited), (status = 409, description = "conflict"),
              (status = 429, description = "too_many_requests")))]
async fn invite(
    Can { caller, .. }: Can<ManageMembers>,
    State(app): State<Arc<App>>,
    Json(NewInvitation { email, role }): Json<NewInvitation>,
) -> ProblemResult<(StatusCode, JsonBody<Invited>)> {
    let (invitation, link) = super::invite(&app, &caller, email, role).await?;
    let link = link.map(|link| link.expose().clone());
    Ok((StatusCode::CREATED, JsonBody(Invited { invitation: invitation.into(), link })))
}

/// Withdraw an invitation.
#[utoipa::path(delete, path = "/invitations/{id}", tag = "members", operation_id = "withdraw_invitation",
    params(("id" = String, Path)), responses((status = 204)))]
async fn withdraw(
    Can { caller, .. }: Can<ManageMembers>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<StatusCode> {
    let missing = || Problem::new(Code::NotFound).detail("no such invitation waits");
    let id: InvitationId = id.parse().map_err(|_| missing())?;
    let mut tx = caller.begin_organisation(&app).await?;
    if store::delete(&mut tx, id).await.map_err(store_failed)? == 0 {
        return Err(missing());
    }
    super::record(&app, &mut tx, &caller, "invitation.withdraw", id, json!({})).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What does a link invite to?
#[utoipa::path(post, path = "/invitations/look", tag = "members", operation_id = "look_at_invitation", security(()),
    request_body = Link, responses((status = 200, body = InvitationView), (status = 403, description = "link_invalid")))]
async fn look(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
    Json(Link { token }): Json<Link>,
) -> ProblemResult<JsonBody<InvitationView>> {
    sessions::refuse_cross_site(&app, &method, &headers)?;
    let invitation = super::of_link(&app, &token).await?;
    let organisation = organisations::name_of(&app, invitation.organisation).await?;
    Ok(JsonBody(InvitationView { organisation, email: invitation.email.into_open(), role: invitation.role }))
}

/// Accept an invitation, and be signed in. Who has a second factor proves it, and accepts again.
#[utoipa::path(post, path = "/invitations/accept", tag = "members", operation_id = "accept_invitation", security(()),
    request_body = Acceptance,
    responses((status = 201, body = CurrentSession), (status = 401, description = "invalid_credentials"),
              (status = 403, description = "link_invalid; mfa_required: the cookie is set and the invitation waits, \
                                            prove a second factor and accept again"),
              (status = 429, description = "too_many_requests")))]
async fn accept(
    State(app): State<Arc<App>>,
    peer: Peer,
    method: Method,
    headers: HeaderMap,
    Json(acceptance): Json<Acceptance>,
) -> ProblemResult<Response> {
    sessions::refuse_cross_site(&app, &method, &headers)?;
    let from = sessions::origin(&app, &peer, &headers).await?;
    let begun = super::accept(&app, &from, &acceptance).await?;
    CurrentSession::begun(&app, &from, &begun).await
}
