//! Logs go to standard error: for people on a terminal, one JSON object a line otherwise.
//!
//! The product's own lines hold no personal value by construction ([`base::Personal`] does not print). Libraries are
//! held to warnings, since what they say below that may quote requests.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::Failure;

const OUR_TARGETS: [&str; 10] =
    ["pilotfish", "base", "keys", "kms", "store", "events", "jobs", "targeting", "product", "pilotfish::access"];

/// Starts logging at a level for all of ours, or by a filter as `RUST_LOG` has.
pub(crate) fn start(filter: &str) -> Result<(), Failure> {
    let directives = if filter.contains('=') {
        filter.to_owned()
    } else {
        let ours: Vec<String> = OUR_TARGETS.iter().map(|target| format!("{target}={filter}")).collect();
        format!("warn,{}", ours.join(","))
    };
    let filter = EnvFilter::try_new(directives).map_err(|error| Failure::Usage(format!("--log: {error}")))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    if std::io::stderr().is_terminal() {
        builder.compact().init();
    } else {
        builder.json().flatten_event(true).init();
    }
    Ok(())
}
