//! What a member knows a device by: the browser and the system that it says it is. No more of a user agent is kept.

use axum::http::{HeaderMap, header};

use crate::ingest::agent;

/// `Firefox on Linux`, or as much of it as is known.
pub(crate) fn of(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let agent = agent(text);
    match (agent.browser, agent.system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "unknown device".to_owned(),
    }
}
