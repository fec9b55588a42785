//! `/environment/zone`: the time zone in which an environment's hours, days, weeks and months begin. UTC until somebody says
//! otherwise. It changes what questions are answered with from then on, and nothing that is stored.

use std::sync::Arc;

use axum::Json as JsonAnswer;
use axum::extract::State;
use base::{Code, Problem, ProblemResult};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{StoreResult, sql};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Can, InTenant, ManageEnvironment, ReadEnvironment, TenantTx};
use crate::extract::Json;
use crate::problem::{internal, store_failed};

/// An environment's time zone.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnvironmentZone {
    /// IANA name: `Europe/Berlin`.
    zone: String,
}

/// The operations of this feature.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// In which time zone do this environment's days begin?
#[utoipa::path(get, path = "/environment/zone", tag = "analytics", operation_id = "get_zone",
    responses((status = 200, body = EnvironmentZone)))]
async fn get(
    Can { caller, .. }: Can<ReadEnvironment>,
    State(app): State<Arc<App>>,
) -> ProblemResult<JsonAnswer<EnvironmentZone>> {
    let zone = read(caller.reader(&app)?).await.map_err(store_failed)?;
    Ok(JsonAnswer(EnvironmentZone { zone }))
}

/// Set the time zone in which this environment's days begin. It is put on record.
#[utoipa::path(put, path = "/environment/zone", tag = "analytics", operation_id = "set_zone",
    request_body = EnvironmentZone,
    responses((status = 200, body = EnvironmentZone), (status = 422, description = "invalid_value")))]
async fn set(
    Can { caller, .. }: Can<ManageEnvironment>,
    State(app): State<Arc<App>>,
    Json(body): Json<EnvironmentZone>,
) -> ProblemResult<JsonAnswer<EnvironmentZone>> {
    let unknown =
        |_| Problem::new(Code::InvalidValue).field("/zone", "give an IANA name, such as Europe/Berlin or UTC");
    let zone = TimeZone::get(&body.zone).map_err(unknown)?;
    let zone = zone.iana_name().unwrap_or("UTC").to_owned();
    let environment = caller.environment()?;
    let mut tx = caller.begin(&app).await?;
    write(&mut tx, &zone).await.map_err(store_failed)?;
    let entry = Entry {
        action: "environment.set_zone",
        object: environment.to_string(),
        detail: json!({"zone": zone}),
        environment: Some(environment),
        by: By::Caller(&caller),
    };
    audit::record(&app, tx.tx(), entry).await?;
    tx.commit().await.map_err(store_failed)?;
    Ok(JsonAnswer(EnvironmentZone { zone }))
}

/// The zone by which a question is answered.
pub(super) async fn of(on: impl InTenant) -> ProblemResult<(String, TimeZone)> {
    let name = read(on).await.map_err(store_failed)?;
    let zone = TimeZone::get(&name).map_err(internal)?;
    Ok((name, zone))
}

async fn read(on: impl InTenant) -> StoreResult<String> {
    let query = sql("SELECT zone FROM environments WHERE id = $1").bind(on.environment());
    query.fetch_one(on).await?.get("zone")
}

async fn write(tx: &mut TenantTx, zone: &str) -> StoreResult<()> {
    let environment = tx.environment();
    sql("UPDATE environments SET zone = $2 WHERE id = $1").bind(environment).bind(zone).execute(tx).await.map(drop)
}
