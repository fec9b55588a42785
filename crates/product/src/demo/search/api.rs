//! `POST /api/v1/demo/disk-search`, on the dashboard of a demo.

use std::sync::Arc;
use std::time::Instant;

use axum::Json as JsonAnswer;
use axum::extract::State;
use base::{Code, Personal, Problem, ProblemResult};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::opened::{self, Opened};
use crate::App;
use crate::authority::{Can, ReadPersonal};
use crate::demo::checklist;
use crate::disk::{Needles, Remembered, Scanned, control, scan};
use crate::extract::Json;
use crate::problem::internal;

const SHORTEST: usize = 4;
const LONGEST: usize = 200;

/// What to look for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DiskSearchBody {
    /// 4 to 200 characters, as they were entered.
    #[schema(value_type = String)]
    text: Personal<String>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(super) struct DiskSearch {
    /// How many files were read, to their last byte.
    files: u64,
    bytes: u64,
    /// How often the text stands in them, in whatever form.
    found: u64,
    control: ControlFound,
    /// The value, opened for the caller; null if none of the newest holds the text.
    #[schema(required)]
    opened: Option<Opened>,
    took_ms: u64,
}

/// The same search in a plain file that was written for it and is gone again.
#[derive(Serialize, ToSchema)]
struct ControlFound {
    file: String,
    found: u64,
}

/// The operations of this feature.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(disk_search))
}

/// Look for a text in every byte that this server has on its disk.
#[utoipa::path(post, path = "/demo/disk-search", tag = "demo", operation_id = "search_disk", request_body = DiskSearchBody,
    responses((status = 200, body = DiskSearch)))]
async fn disk_search(
    Can { caller, .. }: Can<ReadPersonal>,
    State(app): State<Arc<App>>,
    Json(body): Json<DiskSearchBody>,
) -> ProblemResult<JsonAnswer<DiskSearch>> {
    let text = body.text.into_open();
    if !(SHORTEST..=LONGEST).contains(&text.chars().count()) {
        let detail = format!("give {SHORTEST} to {LONGEST} characters");
        return Err(Problem::new(Code::InvalidValue).field("/text", detail));
    }
    let began = Instant::now();
    let searched = search(&app, text.clone()).await?;
    let opened = opened::find(&app, &caller, &text).await?;
    if opened.is_some() {
        checklist::disk_was_searched(&app).await?;
    }
    let (scanned, control) = searched;
    Ok(JsonAnswer(DiskSearch {
        files: scanned.files,
        bytes: scanned.bytes,
        found: scanned.found,
        control,
        opened,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}

async fn search(app: &App, text: String) -> ProblemResult<(Scanned, ControlFound)> {
    let demo = app.demo().ok_or(Problem::new(Code::NotFound))?;
    let (data, scratch) = (app.data().to_owned(), demo.scratch.clone());
    let name = format!("pilotfish-control-{}.txt", data_encoding::HEXLOWER.encode(&app.rng.bytes::<8>()));
    let work = tokio::task::spawn_blocking(move || {
        let needles = Needles::of(&text).map_err(internal)?;
        let scanned = scan::everything(&data, &needles, &mut Remembered::default()).map_err(internal)?;
        let (path, found) = control::find(&scratch, &name, &text, &needles).map_err(internal)?;
        Ok((scanned, ControlFound { file: path.display().to_string(), found }))
    });
    work.await.map_err(internal)?
}
