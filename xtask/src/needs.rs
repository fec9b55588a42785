//! What a machine needs before anything can be built or tested: found out by trying it, installed where we can.
//!
//! On Debian as root the missing packages are installed; anywhere else the run fails and says which they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, anyhow, bail};

use crate::{paths, process, python};

/// Something that is needed: what it is for, Debian's package, and whether it is there.
pub(crate) struct Need {
    what: &'static str,
    package: &'static str,
    present: fn() -> bool,
}

/// To build the product: OpenSSL (for SQLCipher) and other C parts are compiled from source.
pub(crate) const BUILD: &[Need] = &[
    Need { what: "a C compiler", package: "build-essential", present: || process::succeeds("cc", &["--version"]) },
    Need { what: "make", package: "make", present: || process::succeeds("make", &["--version"]) },
    Need {
        what: "perl with its standard modules",
        package: "perl",
        present: || process::succeeds("perl", &["-MFindBin", "-MIPC::Cmd", "-MTime::Piece", "-e", "1"]),
    },
];

/// To test it, on top of that.
pub(crate) const TEST: &[Need] = &[
    Need { what: "PostgreSQL 15 or newer", package: "postgresql", present: || postgres_programs().is_ok() },
    Need { what: "Chromium", package: "chromium", present: || process::succeeds("chromium", &["--version"]) },
    Need { what: "certutil", package: "libnss3-tools", present: || on_path("certutil") },
    Need { what: "age", package: "age", present: || process::succeeds("age", &["--version"]) },
    Need { what: "strace", package: "strace", present: || process::succeeds("strace", &["--version"]) },
    Need { what: "gcore", package: "gdb", present: || on_path("gcore") },
    Need { what: "setpriv", package: "util-linux", present: || process::succeeds("setpriv", &["--version"]) },
    Need { what: "pebble", package: "pebble", present: || on_path("pebble") && on_path("pebble-challtestsrv") },
    Need { what: "oathtool", package: "oathtool", present: || process::succeeds("oathtool", &["--version"]) },
    Need { what: "testssl.sh", package: "testssl.sh", present: || on_path("testssl") },
    Need { what: "Python with venv", package: "python3-venv", present: || python::interpreter().is_ok() },
];

/// Installs what is missing, or says what to install.
pub(crate) fn ensure(needs: &[&[Need]]) -> Result<()> {
    let missing = || needs.iter().copied().flatten().filter(|need| !(need.present)());
    let packages: Vec<&str> = missing().map(|need| need.package).collect();
    if packages.is_empty() {
        println!("nothing is missing");
        return Ok(());
    }
    let list = missing().map(|need| need.what).collect::<Vec<_>>().join(", ");
    println!("missing: {list}");
    if !on_path("apt-get") {
        bail!("install these first ({list}); Debian's packages are {}", packages.join(" "));
    }
    if !rustix::process::geteuid().is_root() {
        bail!("install these first: sudo apt-get install --no-install-recommends {}", packages.join(" "));
    }
    apt_install(&packages)?;
    match missing().map(|need| need.what).collect::<Vec<_>>().as_slice() {
        [] => Ok(()),
        still => bail!("still missing after installing {}: {}", packages.join(" "), still.join(", ")),
    }
}

/// Node.js, which builds the web parts. Debian's may be too old to install, so this one is only checked.
pub(crate) fn ensure_node() -> Result<()> {
    const WANTED: (u32, u32) = (20, 19);
    let (major, minor) = WANTED;
    let advice = format!("install Node.js {major}.{minor} or newer, with npm, and put them on the path");
    let version = process::output(Command::new("node").arg("--version")).map_err(|_| anyhow!("{advice}"))?;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < WANTED {
        bail!("Node.js here is {version}: {advice}");
    }
    if !process::succeeds("npm", &["--version"]) {
        bail!("npm is missing: {advice}");
    }
    Ok(())
}

/// The folder of PostgreSQL's programs, the newest if there are several.
pub(crate) fn postgres_programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        (version >= 15 && programs.join("initdb").exists() && programs.join("postgres").exists())
            .then_some((version, programs))
    });
    versions.max().map(|(_, programs)| programs).ok_or_else(|| anyhow!("PostgreSQL 15 or newer is not installed"))
}

/// Whether a program is on the path; for programs that have no harmless option to try.
fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()))
}

/// Installs packages, with fresh lists when the present ones do not do.
fn apt_install(packages: &[&str]) -> Result<()> {
    let has_cluster = Path::new("/etc/postgresql").exists();
    let apt = |arguments: &[&str]| {
        let mut command = process::command("apt-get", &["-q", "-y", "-o", "DPkg::Lock::Timeout=300"], &paths::root());
        process::run(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install: Vec<&str> = ["install", "--no-install-recommends"].iter().chain(packages).copied().collect();
    if apt(&install).is_err() {
        apt(&["update"])?;
        apt(&install)?;
    }
    if !has_cluster && Path::new("/etc/postgresql").exists() {
        stop_new_clusters()?;
    }
    Ok(())
}

/// Installing PostgreSQL starts a cluster of the system's. Nobody asked for it.
fn stop_new_clusters() -> Result<()> {
    let clusters = process::output(Command::new("pg_lsclusters").arg("--no-header"))?;
    for cluster in String::from_utf8_lossy(&clusters).lines() {
        let mut words = cluster.split_whitespace();
        if let (Some(version), Some(name), Some("online")) = (words.next(), words.next(), words.nth(1)) {
            process::run(&mut process::command("pg_ctlcluster", &[version, name, "stop"], &paths::root()))?;
        }
    }
    Ok(())
}
