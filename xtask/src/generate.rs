//! `cargo xtask gen`: files that are made from the code and committed, so that a change to them is seen in review.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::{paths, process, web};

/// A generated file and what prints it.
struct Generated {
    file: &'static str,
    by: By,
}

enum By {
    /// An example of one of our crates.
    Example(&'static str),
    /// A script, with its arguments.
    Node(&'static [&'static str]),
}

/// The folder of what writes TypeScript from the OpenAPI document.
const OPENAPI: &str = "xtask/openapi";

/// In an order in which a later one may be made from an earlier one.
const ALL: &[Generated] = &[
    Generated { file: "docs/generated/error-codes.md", by: By::Example("gen_error_codes") },
    Generated { file: "docs/generated/database-grants.md", by: By::Example("gen_grants") },
    Generated { file: "docs/generated/openapi.json", by: By::Example("gen_openapi") },
    Generated {
        file: "web/dashboard/src/api/schema.d.ts",
        by: By::Node(&["xtask/openapi/node_modules/openapi-typescript/bin/cli.js", "docs/generated/openapi.json"]),
    },
];

/// Writes every generated file.
pub(crate) fn write() -> Result<()> {
    web::install_in(&paths::root().join(OPENAPI))?;
    build()?;
    for generated in ALL {
        let path = paths::root().join(generated.file);
        fs::create_dir_all(path.parent().context("a generated file lies in a folder")?)?;
        fs::write(path, generated.make()?)?;
        println!("wrote {}", generated.file);
    }
    Ok(())
}

/// Fails when a committed file is not what the code gives now.
pub(crate) fn check() -> Result<()> {
    build()?;
    let mut stale = Vec::new();
    for generated in ALL {
        if fs::read(paths::root().join(generated.file)).ok() != Some(generated.make()?) {
            stale.push(generated.file);
        }
    }
    if !stale.is_empty() {
        bail!("out of date: {}; run `cargo xtask gen` and commit the result", stale.join(", "));
    }
    println!("up to date: {} generated files", ALL.len());
    Ok(())
}

/// Builds the examples, of the whole workspace at once: with the features of dependencies that the tests have too, so that
/// nothing is compiled twice.
fn build() -> Result<()> {
    let examples = ALL.iter().filter_map(|generated| match generated.by {
        By::Example(name) => Some(["--example", name]),
        By::Node(_) => None,
    });
    let mut command = process::command("cargo", &["build", "--locked", "--workspace"], &paths::root());
    process::run(command.args(examples.flatten()))
}

impl Generated {
    fn make(&self) -> Result<Vec<u8>> {
        let root = paths::root();
        match self.by {
            By::Example(name) => {
                let program = paths::target().join("debug/examples").join(name).display().to_string();
                process::output(&mut process::command(&program, &[], &root))
            }
            By::Node(arguments) => process::output(&mut process::command("node", arguments, &root)),
        }
    }
}
