//! `GET /api/v1/me`: who the caller is, and what it can reach; `POST /api/v1/installation/server-key`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base::ProblemResult;
use base::id::{AppId, EnvironmentId, MemberId, OrganisationId};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store;
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Actor, Can, ManageEnvironment, ReadOrganisation, Role};
use crate::members;
use crate::problem::store_failed;

/// Who the caller is, and what it can reach.
#[derive(Serialize, ToSchema)]
struct Me {
    /// The member; absent for an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    member: Option<MeMember>,
    role: Role,
    /// Whether the caller may ask to be shown personal values of end users.
    reads_personal: bool,
    organisation: MeOrganisation,
    apps: Vec<MeApp>,
    /// Where the edge is reached, for tags and SDKs.
    edge_url: String,
    /// Where the REST interface is reached with API keys.
    api_url: String,
    /// Whether this is `pilotfish demo`.
    demo: bool,
    /// Where the demo's app is reached; in a demo only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    demo_site_url: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct MeMember {
    id: MemberId,
    email: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct MeOrganisation {
    id: OrganisationId,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct MeApp {
    id: AppId,
    name: String,
    environments: Vec<MeEnvironment>,
}

#[derive(Serialize, ToSchema)]
struct MeEnvironment {
    id: EnvironmentId,
    name: String,
    /// For browsers; public.
    browser_key: String,
    /// Whether a browser may name a user only with a signed identity token.
    identity_required: bool,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(me)).routes(routes!(add_server_key))
}

/// Those that only sessions have.
pub(crate) fn dashboard_router() -> OpenApiRouter<Arc<App>> {
    super::security::router()
}

/// A server key: it is shown this once.
#[derive(Serialize, ToSchema)]
struct NewServerKey {
    server_key: String,
}

/// Make a key with which the customer's servers send events. It is shown this once, and its making is recorded.
#[utoipa::path(
    post, path = "/installation/server-key", tag = "installation", responses((status = 201, body = NewServerKey))
)]
async fn add_server_key(
    Can { caller, .. }: Can<ManageEnvironment>,
    State(app): State<Arc<App>>,
) -> ProblemResult<(StatusCode, Json<NewServerKey>)> {
    let environment = caller.environment()?;
    let mut tx = caller.begin(&app).await?;
    let key = super::add_server_key(&app, tx.tx(), caller.organisation(), environment).await?;
    let entry = Entry {
        action: "server_key.create",
        object: environment.to_string(),
        detail: json!({}),
        environment: Some(environment),
        by: By::Caller(&caller),
    };
    audit::record(&app, tx.tx(), entry).await?;
    tx.commit().await.map_err(store_failed)?;
    Ok((StatusCode::CREATED, Json(NewServerKey { server_key: key.expose().clone() })))
}

/// Who am I, and what can I reach?
#[utoipa::path(get, path = "/me", tag = "organisation", operation_id = "get_me", responses((status = 200, body = Me)))]
async fn me(Can { caller, .. }: Can<ReadOrganisation>, State(app): State<Arc<App>>) -> ProblemResult<Json<Me>> {
    let (organisation, reader) = (caller.organisation(), caller.organisation_reader(&app));
    let member = match caller.actor() {
        Actor::Member(id, _) => {
            let member = members::get(&app, reader, id).await?;
            let (email, name) = (member.email.open().clone(), member.name.open().clone());
            Some(MeMember { id, email, name })
        }
        Actor::ApiKey(_) => None,
    };
    let environments = store::environments(reader).await.map_err(store_failed)?;
    let apps = store::apps(reader).await.map_err(store_failed)?;
    let apps = apps.into_iter().map(|(id, name)| MeApp { id, name, environments: of_app(&environments, id) }).collect();
    let name = store::name(reader).await.map_err(store_failed)?;
    Ok(Json(Me {
        member,
        role: caller.role(),
        reads_personal: caller.role().reads_personal(),
        organisation: MeOrganisation { id: organisation, name },
        apps,
        edge_url: app.urls.edge.clone(),
        api_url: app.urls.api.clone(),
        demo: app.demo().is_some(),
        demo_site_url: app.demo().map(|demo| demo.site_url.clone()),
    }))
}

fn of_app(environments: &[(store::EnvironmentRow, String)], app: AppId) -> Vec<MeEnvironment> {
    let of_app = environments.iter().filter(|(environment, _)| environment.app == app);
    of_app
        .map(|(environment, browser_key)| MeEnvironment {
            id: environment.id,
            name: environment.name.clone(),
            browser_key: browser_key.clone(),
            identity_required: environment.identity_required,
        })
        .collect()
}
