//! The commands around the code, as `cargo xtask …`: one way for a newcomer, a maintainer and the test machine alike.
//!
//! Each command is a file of its own. Invariants: a command that lacks something installs it or says what to install,
//! and never goes on without it; nothing is left running when a command ends, however it ends
//! (short of being killed outright).
#![allow(clippy::print_stdout, reason = "a command line program prints")]
#![allow(clippy::disallowed_methods, reason = "this binary reads the environment")]

mod bench;
mod beside;
mod generate;
mod machine;
mod needs;
mod paths;
mod postgres;
mod process;
mod python;
mod sizes;
mod steps;
mod test;
mod up;
mod web;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask up                sets up what is missing, builds the release and serves it; Ctrl-C stops it
cargo xtask test              sets up what is missing and runs every check there is
cargo xtask test ARGS…        only `cargo test ARGS…`, with the test database: -p CRATE, a FILTER, -- --nocapture
cargo xtask bench [NAME]      runs the measurements, or those whose name contains NAME
cargo xtask bench events [--events N] [--growth]
                              the event engine beside ClickHouse, or with more and more events; writes docs/benchmarks.md
cargo xtask bench ingest [--sustained]
                              ingest beside a bare endpoint, or the whole product for five minutes
cargo xtask bench ingest --target URL --protocol segment --key-file FILE [--ca FILE] …
                              any server that speaks it, under the same load
cargo xtask gen [--check]     writes the generated files, or fails when one is out of date
cargo xtask sizes [--check]   prints how long files and functions are, or fails when they are too long
cargo xtask postgres          runs the tests' throw-away PostgreSQL and prints its address; Ctrl-C stops it";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = process::listen_for_signals().and_then(|()| match words.as_slice() {
        ["up"] => up::up(),
        ["test", rest @ ..] => test::test(rest),
        ["bench", rest @ ..] => bench::bench(rest),
        ["gen"] => generate::write(),
        ["gen", "--check"] => generate::check(),
        ["sizes"] => sizes::print(),
        ["sizes", "--check"] => sizes::check(),
        ["postgres"] => postgres::serve(),
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
