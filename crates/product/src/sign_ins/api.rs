//! `/account/sign-ins` and `/organisation/sign-ins`, on the dashboard only.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use ::store::Scope;
use axum::Json as JsonBody;
use axum::extract::State;
use base::id::{MemberId, SignInId};
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Page, SignIn};
use super::{Outcome, since};
use crate::App;
use crate::authority::{Caller, Can, OwnAccount, ReadSecurity};
use crate::extract::Query;
use crate::members;
use crate::problem::store_failed;
use crate::sessions::ProofKind;

const PER_PAGE: u32 = 50;

/// An attempt to sign in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignIn)]
struct SignInWire {
    id: SignInId,
    at: Timestamp,
    member: SignInMember,
    method: ProofKind,
    outcome: Outcome,
    /// Browser and system.
    device: String,
    /// Whether the member had signed in from it before.
    known_device: bool,
    /// Equal texts are equal networks; the address is not kept.
    network: String,
}

#[derive(Serialize, ToSchema)]
struct SignInMember {
    id: MemberId,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct SignIns {
    data: Vec<SignInWire>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    next_cursor: Option<SignInId>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageFrom {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(own)).routes(routes!(all))
}

/// Who tried to sign in as me, in the last 30 days?
#[utoipa::path(get, path = "/account/sign-ins", tag = "account", operation_id = "list_own_sign_ins", params(PageFrom),
    responses((status = 200, body = SignIns)))]
async fn own(
    Can { caller, .. }: Can<OwnAccount>,
    State(app): State<Arc<App>>,
    Query(from): Query<PageFrom>,
) -> ProblemResult<JsonBody<SignIns>> {
    let (member, _) = caller.member()?;
    let page = page(&app, &from)?;
    let rows = store::of_member(app.main.read(Scope::System), member, &page).await.map_err(store_failed)?;
    shown(&app, &caller, rows).await
}

/// Who tried to sign in as somebody who works here, in the last 30 days?
#[utoipa::path(get, path = "/organisation/sign-ins", tag = "organisation", operation_id = "list_sign_ins",
    params(PageFrom), responses((status = 200, body = SignIns)))]
async fn all(
    Can { caller, .. }: Can<ReadSecurity>,
    State(app): State<Arc<App>>,
    Query(from): Query<PageFrom>,
) -> ProblemResult<JsonBody<SignIns>> {
    let page = page(&app, &from)?;
    let rows = store::of_organisation(caller.organisation_reader(&app), &page).await.map_err(store_failed)?;
    shown(&app, &caller, rows).await
}

/// One more than is shown tells whether there is another page.
fn page(app: &App, from: &PageFrom) -> ProblemResult<Page> {
    let parse = |text: &String| {
        text.parse::<SignInId>().map_err(|_| Problem::new(Code::InvalidRequest).detail("no such cursor"))
    };
    let before = from.cursor.as_ref().map(parse).transpose()?;
    Ok(Page { before, limit: PER_PAGE + 1, since: since(app.clock.now()) })
}

async fn shown(app: &App, caller: &Caller, mut rows: Vec<SignIn>) -> ProblemResult<JsonBody<SignIns>> {
    let more = rows.len() > PER_PAGE as usize;
    rows.truncate(PER_PAGE as usize);
    let next_cursor = rows.last().filter(|_| more).map(|last| last.id);
    let mut names = BTreeMap::new();
    for row in &rows {
        if let Entry::Vacant(place) = names.entry(row.member) {
            match members::get(app, caller.organisation_reader(app), row.member).await {
                // Removed since the list was read.
                Err(problem) if problem.code == Code::NotFound => {}
                member => {
                    place.insert(member?.name.into_open());
                }
            }
        }
    }
    let data = rows.into_iter().filter_map(|row| {
        let name = names.get(&row.member)?.clone();
        Some(SignInWire {
            id: row.id,
            at: row.at,
            member: SignInMember { id: row.member, name },
            method: row.method,
            outcome: row.outcome,
            device: row.device,
            known_device: row.known_device,
            network: data_encoding::HEXLOWER.encode(&row.network[..4]),
        })
    });
    Ok(JsonBody(SignIns { data: data.collect(), next_cursor }))
}
