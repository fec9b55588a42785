//! Signing in, in a real browser against the binary: `tests/journey/passkeys.mjs`, Chromium with a virtual authenticator, and
//! `tests/journey/signing.mjs`, a team from its first member to the second factor that everybody has to have.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{OWNER, PASSWORD, Place};

/// Runs a script of `tests/journey`, which says so many times what held.
fn run(place: &Place, script: &str, environment: &[(&str, &str)], steps: usize) {
    support::browser::trust(place);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/journey").join(script);
    let mut command = Command::new("node");
    command.arg(script).env("HOME", place.folder.path()).envs(environment.iter().copied());
    let output = command.output().expect("node is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), steps, "{said}");
}

#[test]
fn chromium_makes_a_passkey_and_signs_in_without_a_password() {
    let place = Place::new();
    place.init();
    let server = place.serve(&[]);
    let dashboard = server.url("dashboard");
    run(&place, "passkeys.mjs", &[("DASHBOARD", &dashboard), ("EMAIL", OWNER), ("PASSWORD", PASSWORD)], 4);
}

#[test]
fn a_team_signs_in_proves_more_and_asks_it_of_everybody() {
    let place = Place::new();
    let server = place.serve(&[]);
    let mut words = server.printed.iter().flat_map(|line| line.split_whitespace());
    let link = words.find(|word| word.contains("#token=")).expect("a link was printed");
    run(&place, "signing.mjs", &[("SETUP_LINK", link)], 12);
}
