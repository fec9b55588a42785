//! The checks, one file each.

mod api_keys;
mod at_rest;
mod environments;
mod events;
mod hello;
mod identity;
mod one_process;
mod root_key;
mod sdk;
mod transport;

use std::time::Duration;

pub(super) use at_rest::Canary;
pub(super) use events::{Before, EventsRead};

use super::check::Check;

/// As often as a check is made that costs little.
const OFTEN: Duration = Duration::from_secs(30);

/// Every check.
pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "transport",
        promises: &["UL-4.1"],
        observes: "Shakes hands with every door as a client of today, and offers each what nobody should use any more: old \
                   versions, weak suites, plain HTTP.",
        every: OFTEN,
        look: |app| Box::pin(transport::look(app)),
    },
    Check {
        id: "at_rest",
        promises: &["UL-4.2"],
        observes: "Plants a made-up personal value through the product's own sealing and looks for it in every byte of the \
                   data and the log; looks for database and column files that are not encrypted.",
        every: OFTEN,
        look: |app| Box::pin(at_rest::look(app)),
    },
    Check {
        id: "root_key",
        promises: &["UL-1.1c"],
        observes: "Looks where the root key lies and who may read it, and how old each key is that turns.",
        every: OFTEN,
        look: |app| Box::pin(root_key::look(app)),
    },
    Check {
        id: "stores",
        promises: &["UL-2.1a"],
        observes: "Looks who on this machine may read what the stores hold, and how many processes share it.",
        every: OFTEN,
        look: |app| Box::pin(one_process::look(app)),
    },
    Check {
        id: "environments",
        promises: &["UL-2.1b", "UP-17"],
        observes: "Compares the keys of environments, and asks the database in the name of one for rows of another.",
        every: OFTEN,
        look: |app| Box::pin(environments::look(app)),
    },
    Check {
        id: "sdk",
        promises: &["UL-1.7c"],
        observes: "Fetches every version of the SDK that was ever served from the edge's own door and compares each with the \
                   hash that pages name.",
        every: OFTEN,
        look: |app| Box::pin(sdk::look(app)),
    },
    Check {
        id: "api_keys",
        promises: &["UP-5"],
        observes: "Reads what the store keeps of every key, and tries whether any of it is a key that opens something.",
        every: OFTEN,
        look: |app| Box::pin(api_keys::look(app)),
    },
    Check {
        id: "events",
        promises: &["UP-35"],
        observes: "Reads each file of the event log byte by byte, again when it has changed and once a day, and compares the \
                   events in them with those that were acknowledged; counts what became of every message.",
        every: OFTEN,
        look: |app| Box::pin(events::look(app)),
    },
    Check {
        id: "identity",
        promises: &["PF-1"],
        observes: "Reads of every environment whether a browser may name a user without a signature.",
        every: OFTEN,
        look: |app| Box::pin(identity::look(app)),
    },
];
