//! The installation's own figures at the metrics door, in Prometheus' text format: for whoever has an API key of an owner or
//! admin of the first organisation, who is the operator: the figures are of all organisations together. Labels are doors, route templates and status codes: nothing of a person, and of no unbounded number.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::routing::get;
use base::{Code, Problem, ProblemResult};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::App;
use crate::authority::{Can, ReadMetrics};
use crate::organisations;

const REQUESTS: &str = "pilotfish_requests_total";
const SECONDS: &str = "pilotfish_request_seconds";
const UNSEALED: &str = "pilotfish_unsealed_events";
/// Upper bounds in seconds: from what a decision may take to what a request may.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 30.0];

/// Begins to count in this process; `None` if another part counts already or buckets cannot be set.
pub fn start() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Full(SECONDS.to_owned()), &BUCKETS).ok()?;
    let handle = builder.install_recorder().ok()?;
    metrics::describe_counter!(REQUESTS, "Requests answered, by door, route and status.");
    metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "Time from headers to answer, by door.");
    metrics::describe_gauge!(
        UNSEALED,
        "Events in the logs that were not in parts when a worker last could look at all of them."
    );
    Some(handle)
}

/// Counts a request.
pub(crate) fn count(door: &'static str, route: &str, status: u16, took: Duration) {
    metrics::counter!(REQUESTS, "door" => door, "route" => route.to_owned(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!(SECONDS, "door" => door).record(took);
}

/// Tells how many events wait to be sealed.
pub(crate) fn unsealed(events: u64) {
    metrics::gauge!(UNSEALED).set(f64::from(u32::try_from(events).unwrap_or(u32::MAX)));
}

/// What the metrics door has.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/metrics", get(figures))
}

async fn figures(
    Can { caller, .. }: Can<ReadMetrics>,
    State(app): State<Arc<App>>,
) -> ProblemResult<([(HeaderName, &'static str); 1], String)> {
    if !organisations::is_first(caller.organisation_reader(&app)).await? {
        return Err(
            Problem::new(Code::Forbidden).detail("these figures are the installation's, not one organisation's")
        );
    }
    let handle = app.figures.as_ref().ok_or_else(|| Problem::new(Code::StorageUnavailable))?;
    handle.run_upkeep();
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()))
}
