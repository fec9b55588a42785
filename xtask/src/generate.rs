//! `cargo xtask gen`: files that are made from the code and committed, so that a change to them is seen in review.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::{paths, process, web};

/// A generated file and the command that prints it.
struct Generated {
    file: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
}

/// The folder of what writes TypeScript from the OpenAPI document.
const OPENAPI: &str = "xtask/openapi";

/// In an order in which a later one may be made from an earlier one.
const ALL: &[Generated] = &[
    Generated {
        file: "docs/generated/error-codes.md",
        program: "cargo",
        arguments: &["run", "--quiet", "--locked", "-p", "base", "--example", "gen_error_codes"],
    },
    Generated {
        file: "docs/generated/database-grants.md",
        program: "cargo",
        arguments: &["run", "--quiet", "--locked", "-p", "store", "--example", "gen_grants"],
    },
    Generated {
        file: "docs/generated/openapi.json",
        program: "cargo",
        arguments: &["run", "--quiet", "--locked", "-p", "product", "--example", "gen_openapi"],
    },
    Generated {
        file: "web/dashboard/src/api/schema.d.ts",
        program: "node",
        arguments: &["xtask/openapi/node_modules/openapi-typescript/bin/cli.js", "docs/generated/openapi.json"],
    },
];

/// Writes every generated file.
pub(crate) fn write() -> Result<()> {
    web::install_in(&paths::root().join(OPENAPI))?;
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

impl Generated {
    fn make(&self) -> Result<Vec<u8>> {
        process::output(&mut process::command(self.program, self.arguments, &paths::root()))
    }
}
