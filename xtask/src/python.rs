//! The Python side of tests and measurements: programs at pinned versions, each set in an environment of our own.

use std::path::PathBuf;
use std::{env, fs, thread};

use anyhow::{Result, anyhow};

use crate::{paths, process};

/// Packages that are installed together, every one of them pinned.
struct Environment {
    name: &'static str,
    requirements: &'static str,
    /// Where the tests read its interpreter's path.
    variable: &'static str,
}

const ENVIRONMENTS: &[Environment] = &[
    // The official clients.
    Environment { name: "python", requirements: "tests/clients/requirements.txt", variable: "PILOTFISH_TEST_PYTHON" },
    // sslyze and schemathesis.
    Environment {
        name: "scanners",
        requirements: "tests/scanners/requirements.txt",
        variable: "PILOTFISH_TEST_SCANNERS",
    },
    // moto, which answers as AWS KMS does.
    Environment { name: "kms", requirements: "tests/kms/requirements.txt", variable: "PILOTFISH_TEST_KMS" },
    // Wapiti wants older versions of what the other scanners need.
    Environment { name: "wapiti", requirements: "tests/scanners/wapiti.txt", variable: "PILOTFISH_TEST_WAPITI" },
];

/// What measurements run beside; tests need none of it.
const BENCH: Environment =
    Environment { name: "bench", requirements: "tests/bench/requirements.txt", variable: "PILOTFISH_BENCH_PYTHON" };

/// A Python that can make virtual environments.
pub(crate) fn interpreter() -> Result<&'static str> {
    let able = |program: &&str| process::succeeds(program, &["-c", "import ensurepip, venv"]);
    ["python3", "/usr/bin/python3"].into_iter().find(able).ok_or_else(|| anyhow!("no python3 with venv and ensurepip"))
}

/// The environments' interpreters, by the variable that names each.
pub(crate) fn programs() -> impl Iterator<Item = (&'static str, PathBuf)> {
    ENVIRONMENTS.iter().map(|environment| (environment.variable, environment.folder().join("bin/python")))
}

/// Makes the environments that do not hold just their packages already, all at a time: they mostly wait for downloads.
pub(crate) fn install() -> Result<()> {
    thread::scope(|scope| {
        let installing: Vec<_> = ENVIRONMENTS.iter().map(|each| scope.spawn(|| each.install())).collect();
        installing.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow!("installing packages panicked"))?)
    })
}

/// Makes the environment of measurements; its interpreter.
pub(crate) fn install_bench() -> Result<PathBuf> {
    BENCH.install()?;
    Ok(BENCH.folder().join("bin/python"))
}

impl Environment {
    fn install(&self) -> Result<()> {
        let (root, folder) = (paths::root(), self.folder());
        let wanted = fs::read(root.join(self.requirements))?;
        let installed = folder.join("requirements.txt");
        if fs::read(&installed).is_ok_and(|have| have == wanted) {
            println!("up to date: {}", folder.display());
            return Ok(());
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        process::run(process::command(interpreter()?, &["-m", "venv"], &root).arg(&folder))?;
        let python = folder.join("bin/python").display().to_string();
        let pip = ["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--requirement"];
        process::run(process::command(&python, &pip, &root).arg(self.requirements))?;
        fs::write(installed, wanted)?;
        Ok(())
    }

    fn folder(&self) -> PathBuf {
        let target = paths::target();
        let target = if target.is_absolute() { target } else { env::current_dir().unwrap_or_default().join(target) };
        target.join("test").join(self.name)
    }
}
