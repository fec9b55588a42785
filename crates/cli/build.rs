//! Says from which commit the program is built, for the trust page. Without git or outside of a repository it says nothing.

use std::process::Command;

/// What the program is made of.
const SOURCES: [&str; 7] =
    ["crates", "migrations", "sdk/browser/src", "web/dashboard/src", "web/harbour/src", "Cargo.toml", "Cargo.lock"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for source in SOURCES {
        println!("cargo::rerun-if-changed=../../{source}");
    }
    // Git writes a line there with every commit that is checked out.
    if let Some(log) = git(&["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    if let Some(commit) = git(&["rev-parse", "HEAD"]) {
        let changed =
            git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|changes| !changes.is_empty());
        let suffix = if changed { " with changes" } else { "" };
        println!("cargo::rustc-env=PILOTFISH_COMMIT={commit}{suffix}");
    }
}

/// What git answers.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
