//! `/members`: who works here, and what they may do.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::id::MemberId;
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::authority::{Caller, Can, ManageMembers, OwnOrganisation, ReadMembers, Role};
use crate::extract::Json;
use crate::members::store::TeamMember;
use crate::members::{open, store, team};
use crate::problem::store_failed;

/// Whether a member may work here.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MemberState {
    Active,
    Suspended,
}

/// What second factor a member has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MemberMfa {
    None,
    /// One-time codes.
    Any,
    /// A passkey or a security key.
    PhishingResistant,
}

/// Somebody who works here.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberWire {
    id: MemberId,
    email: String,
    name: String,
    role: Role,
    /// Whether it is who asks.
    you: bool,
    state: MemberState,
    mfa: MemberMfa,
    joined_at: Timestamp,
    /// When they last did something here.
    #[schema(required)]
    last_used_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
struct Members {
    data: Vec<MemberWire>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    role: Role,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(set_role))
        .routes(routes!(suspend))
        .routes(routes!(resume))
        .routes(routes!(remove))
        .routes(routes!(hand_over))
}

/// Who works here?
#[utoipa::path(get, path = "/members", tag = "members", operation_id = "list_members",
    responses((status = 200, body = Members)))]
async fn list(Can { caller, .. }: Can<ReadMembers>, State(app): State<Arc<App>>) -> ProblemResult<JsonBody<Members>> {
    Ok(JsonBody(Members { data: read(&app, &caller, None).await? }))
}

/// Give a member another role; their sessions here end. Owners are made and changed by owners only.
#[utoipa::path(put, path = "/members/{id}/role", tag = "members", operation_id = "set_member_role",
    params(("id" = String, Path)), request_body = NewRole,
    responses((status = 200, body = MemberWire), (status = 409, description = "last_owner")))]
async fn set_role(
    Can { caller, .. }: Can<ManageMembers>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Json(NewRole { role }): Json<NewRole>,
) -> ProblemResult<JsonBody<MemberWire>> {
    let id = parse(&id)?;
    team::set_role(&app, &caller, id, role).await?;
    one(&app, &caller, id).await
}

/// Suspend a member: they are signed out here at once, and cannot sign in here until they may work again.
#[utoipa::path(post, path = "/members/{id}/suspend", tag = "members", operation_id = "suspend_member",
    params(("id" = String, Path)),
    responses((status = 200, body = MemberWire), (status = 409, description = "last_owner or conflict")))]
async fn suspend(
    Can { caller, .. }: Can<ManageMembers>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<JsonBody<MemberWire>> {
    let id = parse(&id)?;
    team::set_suspended(&app, &caller, id, true).await?;
    one(&app, &caller, id).await
}

/// Let a suspended member work again.
#[utoipa::path(post, path = "/members/{id}/resume", tag = "members", operation_id = "resume_member",
    params(("id" = String, Path)), responses((status = 200, body = MemberWire)))]
async fn resume(
    Can { caller, .. }: Can<ManageMembers>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<JsonBody<MemberWire>> {
    let id = parse(&id)?;
    team::set_suspended(&app, &caller, id, false).await?;
    one(&app, &caller, id).await
}

/// Remove a member: they are signed out here at once. Who works nowhere else is forgotten.
#[utoipa::path(delete, path = "/members/{id}", tag = "members", operation_id = "remove_member",
    params(("id" = String, Path)), responses((status = 204), (status = 409, description = "last_owner")))]
async fn remove(
    Can { caller, .. }: Can<ManageMembers>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<StatusCode> {
    team::remove(&app, &caller, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hand the organisation over: the member becomes an owner, the caller an admin.
#[utoipa::path(post, path = "/members/{id}/ownership", tag = "members", operation_id = "hand_over_organisation",
    params(("id" = String, Path)),
    responses((status = 200, body = MemberWire), (status = 409, description = "conflict")))]
async fn hand_over(
    Can { caller, .. }: Can<OwnOrganisation>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<JsonBody<MemberWire>> {
    let id = parse(&id)?;
    team::hand_over(&app, &caller, id).await?;
    one(&app, &caller, id).await
}

fn missing() -> Problem {
    Problem::new(Code::NotFound).detail("no such member works here")
}

fn parse(id: &str) -> ProblemResult<MemberId> {
    id.parse().map_err(|_| missing())
}

async fn one(app: &App, caller: &Caller, id: MemberId) -> ProblemResult<JsonBody<MemberWire>> {
    read(app, caller, Some(id)).await?.pop().map(JsonBody).ok_or_else(missing)
}

async fn read(app: &App, caller: &Caller, only: Option<MemberId>) -> ProblemResult<Vec<MemberWire>> {
    let (asks, _) = caller.member()?;
    let rows = store::team(caller.organisation_reader(app), only).await.map_err(store_failed)?;
    rows.iter()
        .map(|row| {
            let (member, membership) = (open(app, &row.sealed)?, row.membership);
            Ok(MemberWire {
                id: membership.member,
                email: member.email.into_open(),
                name: member.name.into_open(),
                role: membership.role,
                you: membership.member == asks,
                state: if membership.suspended_at.is_some() { MemberState::Suspended } else { MemberState::Active },
                mfa: match row {
                    TeamMember { passkeys: true, .. } => MemberMfa::PhishingResistant,
                    TeamMember { totp: true, .. } => MemberMfa::Any,
                    _ => MemberMfa::None,
                },
                joined_at: membership.created_at,
                last_used_at: row.last_used_at,
            })
        })
        .collect()
}
