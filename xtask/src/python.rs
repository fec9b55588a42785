//! The Python side of the tests: official client libraries at pinned versions, in an environment of our own.

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Result, anyhow};

use crate::{paths, process};

/// The pinned packages.
const REQUIREMENTS: &str = "tests/clients/requirements.txt";

/// A Python that can make virtual environments.
pub(crate) fn interpreter() -> Result<&'static str> {
    let able = |program: &&str| process::succeeds(program, &["-c", "import ensurepip, venv"]);
    ["python3", "/usr/bin/python3"].into_iter().find(able).ok_or_else(|| anyhow!("no python3 with venv and ensurepip"))
}

/// The environment's own interpreter.
pub(crate) fn program() -> PathBuf {
    folder().join("bin/python")
}

/// Makes the environment, unless it holds just these packages already.
pub(crate) fn install() -> Result<()> {
    let wanted = fs::read(paths::root().join(REQUIREMENTS))?;
    let installed = folder().join("requirements.txt");
    if fs::read(&installed).is_ok_and(|have| have == wanted) {
        println!("up to date: {}", folder().display());
        return Ok(());
    }
    if folder().exists() {
        fs::remove_dir_all(folder())?;
    }
    let root = paths::root();
    process::run(process::command(interpreter()?, &["-m", "venv"], &root).arg(folder()))?;
    let python = program().display().to_string();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS];
    process::run(&mut process::command(&python, &pip, &root))?;
    fs::write(installed, wanted)?;
    Ok(())
}

fn folder() -> PathBuf {
    let target = paths::target();
    let target = if target.is_absolute() { target } else { env::current_dir().unwrap_or_default().join(target) };
    target.join("test/python")
}
