//! `cargo xtask bench`: every measurement there is, in release, with the machine it ran on.
//!
//! A measurement is found, not listed: an example `crates/<package>/examples/bench_<name>.rs` (or `bench_<name>/main.rs`),
//! or the script `bench` of a web package. It prints its own table; `docs/benchmarks.md` keeps what was measured when it
//! matters. [`events`] runs beside another engine, and writes its part of that page itself.

mod events;
mod plot;
mod report;
mod talk;

use std::fs;

use anyhow::{Result, bail};

use crate::{machine, needs, paths, process, steps::Steps, web};

enum Bench {
    /// The event engine beside another.
    Events,
    /// An example of a crate: package, example.
    Cargo(String, String),
    /// The script `bench` of a web package.
    Npm(String),
}

impl Bench {
    fn name(&self) -> &str {
        match self {
            Self::Events => "events",
            Self::Cargo(_, example) => example.trim_start_matches("bench_"),
            Self::Npm(package) => package,
        }
    }

    fn run(&self, options: &[&str]) -> Result<()> {
        match self {
            Self::Events => events::run(&events::Options::parse(options)?),
            Self::Npm(package) => {
                web::script(package, "build")?;
                web::script(package, "bench")
            }
            Self::Cargo(package, example) => {
                let arguments = ["run", "--quiet", "--release", "--locked", "-p", package, "--example", example, "--"];
                process::run(process::command("cargo", &arguments, &paths::root()).args(options))
            }
        }
    }
}

/// The measurements that take options.
const WITH_OPTIONS: [&str; 2] = ["events", "ingest"];

/// Runs the measurements whose name contains the first word, or all; only those that are named in full take options.
pub(crate) fn bench(words: &[&str]) -> Result<()> {
    let (wanted, options) = words.split_first().map_or(("", words), |(wanted, options)| (*wanted, options));
    if !options.is_empty() && !WITH_OPTIONS.contains(&wanted) {
        bail!("only {} take options, not {wanted}", WITH_OPTIONS.join(" and "));
    }
    let chosen =
        |bench: &Bench| if options.is_empty() { bench.name().contains(wanted) } else { bench.name() == wanted };
    let benches: Vec<Bench> = find()?.into_iter().filter(chosen).collect();
    if benches.is_empty() && !wanted.is_empty() {
        bail!("no measurement is called {wanted}");
    }
    needs::ensure(&[needs::BUILD])?;
    if benches.iter().any(|bench| matches!(bench, Bench::Npm(_))) {
        needs::ensure_node()?;
        web::install()?;
    }
    machine::print();
    let mut steps = Steps::new();
    for bench in &benches {
        steps.run(bench.name(), || bench.run(options))?;
    }
    steps.summary();
    Ok(())
}

fn find() -> Result<Vec<Bench>> {
    let mut benches = Vec::new();
    for path in paths::files("crates")? {
        let path = paths::relative(&path);
        if let ["crates", package, "examples", file @ ..] = path.split('/').collect::<Vec<_>>().as_slice()
            && let [file] | [file, "main.rs"] = file
            && let example = file.trim_end_matches(".rs")
            && example.starts_with("bench_")
        {
            benches.push(match example {
                events::EXAMPLE => Bench::Events,
                _ => Bench::Cargo((*package).to_owned(), example.to_owned()),
            });
        }
    }
    for package in web::packages()? {
        let manifest = fs::read_to_string(paths::root().join(&package).join("package.json"))?;
        if manifest.contains("\"bench\":") {
            benches.push(Bench::Npm(package));
        }
    }
    Ok(benches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_found_in_files_folders_and_packages() {
        let found = find().unwrap();
        let names: Vec<&str> = found.iter().map(Bench::name).collect();
        for name in ["sync", "ingest", "events", "sdk/browser"] {
            assert_eq!(names.iter().filter(|other| **other == name).count(), 1, "{name}: {names:?}");
        }
    }
}
