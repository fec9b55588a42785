//! The whole path in a real browser: `tests/journey/journey.mjs` against `pilotfish demo`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::Path;
use std::process::Command;

use support::Place;

#[test]
fn a_person_meets_the_flow_answers_the_survey_and_the_team_sees_it() {
    let place = Place::new();
    let server = place.demo_with(&["--people", "300"]);
    let link = server.printed.iter().find_map(|line| line.split_whitespace().find(|word| word.contains("#token=")));
    support::browser::trust(&place);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/journey/journey.mjs");
    let output = Command::new("node")
        .arg(script)
        .env("HOME", place.folder.path())
        .env("SITE", server.url("site"))
        .env("EDGE", server.url("edge"))
        .env("SETUP_LINK", link.expect("a link was printed"))
        .output()
        .expect("node is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 9, "{said}");
}
