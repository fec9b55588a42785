//! Passkeys in a real browser: `tests/journey/passkeys.mjs`, Chromium with a virtual authenticator, against the binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{OWNER, PASSWORD, Place};

#[test]
fn chromium_makes_a_passkey_and_signs_in_without_a_password() {
    let place = Place::new();
    place.init();
    let server = place.serve(&[]);
    support::browser::trust(&place);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/journey/passkeys.mjs");
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
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 4, "{said}");
}
