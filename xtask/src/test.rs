//! `cargo xtask test`: every check there is, the same for a newcomer and for the test machine.
//!
//! Cheap checks come first. The lints, which compile everything once more, run beside the tests, on what those leave of the
//! processors. A part that is missing fails the run; nothing is skipped. The tests' own closing lines are added up at the
//! very end.

use std::process::Command;

use anyhow::{Result, bail};

use crate::beside::Beside;
use crate::postgres::Postgres;
use crate::{generate, needs, paths, process, python, sizes, steps::Steps, web};

/// Runs everything, or only `cargo test` with the arguments given.
pub(crate) fn test(arguments: &[&str]) -> Result<()> {
    let mut steps = Steps::new();
    steps.run("what this machine needs", || {
        needs::ensure(&[needs::BUILD, needs::TEST])?;
        if web::folders()?.is_empty() { Ok(()) } else { needs::ensure_node() }
    })?;
    steps.run("node packages", web::install)?;
    steps.run("python packages", python::install)?;
    if arguments.is_empty() {
        check_sources(&mut steps)?;
        check_web(&mut steps)?;
        steps.run("generated files", generate::check)?;
    }
    let postgres = steps.run("PostgreSQL", Postgres::start)?;
    let lints = if arguments.is_empty() { Some(steps.run("build", build_and_lint)?) } else { None };
    // One failure does not hide the others: everything runs, and then the first one is told.
    let tests = steps.run("tests", || cargo_test(arguments, &postgres));
    drop(postgres);
    let mut browsers = Vec::new();
    if arguments.is_empty() {
        for package in web::packages()? {
            browsers.push(steps.run(&format!("{package}: browser tests"), || web::script(&package, "test:browser")));
        }
    }
    let lints = lints.map_or(Ok(()), |lints| steps.run("lints", || lints.end()));
    steps.summary();
    let totals = tests?;
    browsers.into_iter().collect::<Result<()>>()?;
    lints?;
    println!("\nall {} test programs together:", totals.programs);
    println!("test result: ok. {} passed; {} failed; {} ignored", totals.passed, totals.failed, totals.ignored);
    Ok(())
}

fn check_sources(steps: &mut Steps) -> Result<()> {
    steps.run("format", || cargo(&["fmt", "--all", "--check"]))?;
    steps.run("sizes", sizes::check)
}

fn check_web(steps: &mut Steps) -> Result<()> {
    for package in web::packages()? {
        for script in ["lint", "build", "test"] {
            steps.run(&format!("{package}: {script}"), || web::script(&package, script))?;
        }
    }
    Ok(())
}

/// Builds the tests, and starts the lints: cargo holds its lock while it builds, not while the tests run.
fn build_and_lint() -> Result<Beside> {
    cargo(&["test", "--workspace", "--locked", "--no-run"])?;
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    Beside::start("lints", "cargo", &lints)
}

fn cargo(arguments: &[&str]) -> Result<()> {
    process::run(&mut process::command("cargo", arguments, &paths::root()))
}

/// What the test programs counted.
#[derive(Default)]
struct Totals {
    programs: usize,
    passed: usize,
    failed: usize,
    ignored: usize,
}

fn cargo_test(arguments: &[&str], postgres: &Postgres) -> Result<Totals> {
    let mut totals = Totals::default();
    let mut command = process::command("cargo", &["test", "--locked"], &paths::root());
    if !names_a_package(arguments) {
        command.args(["--workspace", "--no-fail-fast"]);
    }
    process::run_lines(environment(command.args(arguments), postgres), |line| {
        println!("{line}");
        totals.add(line);
    })?;
    if totals.passed == 0 {
        bail!("no test ran");
    }
    Ok(totals)
}

/// What tests find in their environment.
fn environment<'a>(command: &'a mut Command, postgres: &Postgres) -> &'a mut Command {
    command.env("PILOTFISH_TEST_POSTGRES", postgres.url()).envs(python::programs())
}

fn names_a_package(arguments: &[&str]) -> bool {
    let options = arguments.iter().take_while(|argument| **argument != "--");
    options.copied().any(|option| option == "-p" || option.starts_with("--package"))
}

impl Totals {
    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`; other lines say nothing.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let count = |what: &str| -> Option<usize> {
            let words: Vec<&str> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
            words.iter().position(|word| *word == what).and_then(|index| words.get(index.checked_sub(1)?)?.parse().ok())
        };
        self.programs += 1;
        self.passed += count("passed").unwrap_or(0);
        self.failed += count("failed").unwrap_or(0);
        self.ignored += count("ignored").unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_add_up_over_test_programs() {
        let mut totals = Totals::default();
        totals.add("running 3 tests");
        totals.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s");
        totals
            .add("test result: FAILED. 40 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.10s");
        assert_eq!([totals.programs, totals.passed, totals.failed, totals.ignored], [2, 43, 2, 1]);
    }

    #[test]
    fn a_package_is_named_before_the_dashes_only() {
        assert!(names_a_package(&["-p", "store"]));
        assert!(names_a_package(&["--package=store", "migrations"]));
        assert!(!names_a_package(&["migrations", "--", "-p"]));
    }
}
