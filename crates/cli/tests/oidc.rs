//! An identity provider in a real browser: `tests/journey/oidc.mjs`, Chromium and `oidc-provider`, against the binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{OWNER, PASSWORD, Place};

#[test]
fn members_sign_in_over_a_provider_in_chromium() {
    let place = Place::new();
    place.init();
    let server = place.serve(&[]);
    support::browser::trust(&place);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/journey/oidc.mjs");
    let output = Command::new("node")
        .arg(script)
        .env("HOME", place.folder.path())
        .env("DASHBOARD", server.url("dashboard"))
        .env("EMAIL", OWNER)
        .env("PASSWORD", PASSWORD)
        .output()
        .expect("node is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 6, "{said}");
}
