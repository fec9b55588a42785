//! `/organisation/security`, on the dashboard only: what an organisation asks of its members' sessions. Limits can be made
//! shorter than everybody's, never longer.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::Json as JsonBody;
use axum::extract::State;
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, SecurityRow};
use crate::App;
use crate::audit::{self, By, Entry};
use crate::authority::{Can, ManageSecurity, ReadSecurity};
use crate::extract::Json;
use crate::problem::store_failed;
use crate::sessions::{ABSOLUTE, IDLE, RequireMfa};

const GRACE_DAYS: RangeInclusive<u32> = 0..=90;
const SHORTEST_IDLE_MINUTES: u32 = 5;
const HOURS_PER_DAY: u64 = 24;

/// What the organisation asks of its members' sessions.
#[derive(Serialize, ToSchema)]
struct Security {
    require_mfa: RequireMfa,
    /// How long a member may go without: from when it was required, or from their joining.
    grace_days: u32,
    /// When that ends for who worked here before it was required; null if nothing is.
    #[schema(required)]
    grace_until: Option<Timestamp>,
    /// After how many minutes without a request a session ends.
    idle_minutes: u32,
    /// After how many hours a session ends, however busy.
    absolute_hours: u32,
}

/// The same, to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSecurity {
    require_mfa: RequireMfa,
    /// 0 to 90.
    grace_days: u32,
    /// 5 to 30.
    idle_minutes: u32,
    /// 1 to 12.
    absolute_hours: u32,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// What does the organisation ask of its members' sessions?
#[utoipa::path(get, path = "/organisation/security", tag = "organisation", operation_id = "get_security",
    responses((status = 200, body = Security)))]
async fn get(Can { caller, .. }: Can<ReadSecurity>, State(app): State<Arc<App>>) -> ProblemResult<JsonBody<Security>> {
    let reader = caller.organisation_reader(&app);
    let row = store::security(reader.db(), reader.organisation()).await.map_err(store_failed)?;
    Ok(JsonBody(row.into()))
}

/// Ask something else of them. Nobody asks for more than their own session has proven.
#[utoipa::path(put, path = "/organisation/security", tag = "organisation", operation_id = "set_security",
    request_body = NewSecurity,
    responses((status = 200, body = Security), (status = 409, description = "conflict"),
              (status = 422, description = "invalid_value")))]
async fn set(
    Can { caller, .. }: Can<ManageSecurity>,
    State(app): State<Arc<App>>,
    Json(new): Json<NewSecurity>,
) -> ProblemResult<JsonBody<Security>> {
    check(&new)?;
    if caller.standing()?.proven() < new.require_mfa.level() {
        let detail = "sign in with such a second factor yourself first, so that you do not lock yourself out";
        return Err(Problem::new(Code::Conflict).detail(detail));
    }
    let NewSecurity { require_mfa, grace_days, idle_minutes, absolute_hours } = new;
    let mut tx = caller.begin_organisation(&app).await?;
    let (organisation, now) = (tx.organisation(), app.clock.now());
    let before = store::security(tx.tx(), organisation).await.map_err(store_failed)?;
    let required_at = match require_mfa {
        RequireMfa::Off => None,
        same if same == before.require_mfa => before.required_at,
        RequireMfa::Any => before.any_required_at.or(Some(now)),
        RequireMfa::PhishingResistant => Some(now),
    };
    // Who had to have something already has no more time for it.
    let any_required_at = required_at.and(before.any_required_at.or(Some(now)));
    let row = SecurityRow { require_mfa, required_at, any_required_at, grace_days, idle_minutes, absolute_hours };
    store::set_security(&mut tx, &row).await.map_err(store_failed)?;
    let detail = json!({"require_mfa": require_mfa, "grace_days": grace_days, "idle_minutes": idle_minutes,
                        "absolute_hours": absolute_hours});
    let (object, by) = (caller.organisation().to_string(), By::Caller(&caller));
    let entry = Entry { action: "organisation.set_security", object, detail, environment: None, by };
    audit::record(&app, tx.tx(), entry).await?;
    tx.commit().await?;
    Ok(JsonBody(row.into()))
}

fn check(new: &NewSecurity) -> ProblemResult<()> {
    let minutes = SHORTEST_IDLE_MINUTES..=u32::try_from(IDLE.as_secs() / 60).unwrap_or(u32::MAX);
    let hours = 1..=u32::try_from(ABSOLUTE.as_secs() / 3_600).unwrap_or(u32::MAX);
    for (pointer, value, range) in [
        ("/grace_days", new.grace_days, GRACE_DAYS),
        ("/idle_minutes", new.idle_minutes, minutes),
        ("/absolute_hours", new.absolute_hours, hours),
    ] {
        if !range.contains(&value) {
            let detail = format!("give a number from {} to {}", range.start(), range.end());
            return Err(Problem::new(Code::InvalidValue).field(pointer, detail));
        }
    }
    Ok(())
}

impl From<SecurityRow> for Security {
    fn from(row: SecurityRow) -> Self {
        let SecurityRow { require_mfa, required_at, grace_days, idle_minutes, absolute_hours, .. } = row;
        let grace = Duration::from_hours(HOURS_PER_DAY * u64::from(grace_days));
        let grace_until = required_at.map(|since| since.plus(grace));
        Self { require_mfa, grace_days, grace_until, idle_minutes, absolute_hours }
    }
}
