//! `/account/devices`, on the dashboard only.

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use base::id::DeviceId;
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{LIFE, store};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Can, OwnAccount, SystemTx};
use crate::problem::store_failed;

/// A device that one has signed in from.
#[derive(Serialize, ToSchema)]
#[allow(clippy::struct_field_names, reason = "what it says of itself, as in sessions and sign-ins")]
struct Device {
    id: DeviceId,
    /// Browser and system.
    device: String,
    /// Whether it is the one of this request.
    current: bool,
    created_at: Timestamp,
    /// When somebody last signed in from it.
    last_used_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct Devices {
    data: Vec<Device>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(forget))
}

/// From where have I signed in?
#[utoipa::path(get, path = "/account/devices", tag = "account", operation_id = "list_devices",
    responses((status = 200, body = Devices)))]
async fn list(
    Can { caller, .. }: Can<OwnAccount>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> ProblemResult<JsonBody<Devices>> {
    let (member, _) = caller.member()?;
    let here = super::of(&app, &headers).await?.map(|known| known.id);
    let rows = store::own(&app.main, member, app.clock.now().minus(LIFE)).await.map_err(store_failed)?;
    let data = rows.into_iter().map(|row| Device {
        id: row.id,
        device: row.device,
        current: here == Some(row.id),
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    });
    Ok(JsonBody(Devices { data: data.collect() }))
}

/// Have a device forgotten: from then on it is a stranger's.
#[utoipa::path(delete, path = "/account/devices/{id}", tag = "account", operation_id = "forget_device",
    params(("id" = String, Path)), responses((status = 204)))]
async fn forget(
    Can { caller, .. }: Can<OwnAccount>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> ProblemResult<StatusCode> {
    let missing = || Problem::new(Code::NotFound).detail("there is no such device");
    let (member, _) = caller.member()?;
    let id: DeviceId = id.parse().map_err(|_| missing())?;
    let mut tx = SystemTx::begin(&app).await?;
    if store::remove(&mut tx.0, member, id).await.map_err(store_failed)? == 0 {
        return Err(missing());
    }
    let (object, by) = (id.to_string(), By::Caller(&caller));
    let entry = Entry { action: "device.forget", object, detail: json!({}), environment: None, by };
    audit::record(&app, &mut tx.0, entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
