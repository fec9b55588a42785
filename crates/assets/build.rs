//! Builds the web packages when they are stale and lays their files, each with a gzip beside it, where they are embedded
//! from. A plain `cargo build` in a fresh clone thus yields the whole product; Node is all that it needs besides.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Folder of the package, and what its files are embedded as. A later package may use an earlier one's files.
const PACKAGES: [(&str, &str); 3] =
    [("sdk/browser", "sdk"), ("web/dashboard", "dashboard"), ("web/harbour", "harbour")];
/// What a package makes, and what comes with installing it: no sources.
const NOT_SOURCES: [&str; 4] = ["node_modules", "dist", "screens", "coverage"];
/// Files that gzip does not make smaller.
const PACKED: [&str; 3] = ["woff2", "png", "webp"];

fn main() {
    if let Err(error) = run() {
        eprintln!("{error}");
        exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let out = PathBuf::from(env("OUT_DIR")?).join("web");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    for (folder, name) in PACKAGES {
        let package = root.join(folder);
        watch(&package)?;
        npm(&package, folder)?;
        embed(&package.join("dist"), &out.join(name))?;
    }
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "cargo tells a build script everything in its environment")]
fn env(name: &str) -> Result<String, Box<dyn Error>> {
    std::env::var(name).map_err(|_| format!("{name} is not set: run this through cargo").into())
}

/// Has cargo run this again when a source changes.
fn watch(folder: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !NOT_SOURCES.contains(&name) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    Ok(())
}

fn npm(package: &Path, folder: &str) -> Result<(), Box<dyn Error>> {
    let installed = modified(&package.join("node_modules/.package-lock.json"));
    if installed.is_none() || installed < modified(&package.join("package-lock.json")) {
        run_npm(package, folder, &["ci", "--no-audit", "--no-fund"])?;
    }
    run_npm(package, folder, &["run", "build"])
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

fn run_npm(package: &Path, folder: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let output = Command::new("npm").args(arguments).current_dir(package).output().map_err(|error| {
        format!("npm cannot be run ({error}): install Node.js 20.19 or newer, which brings it; the web files are built with it")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("npm {} failed in {folder}:\n{stdout}\n{stderr}", arguments.join(" ")).into())
}

/// Copies what the browser loads, with a gzip beside each file that gets smaller by it.
fn embed(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            // The npm package's modules and types are not served.
            if name != "esm" && name != "types" {
                embed(&path, &to.join(name))?;
            }
            continue;
        }
        let bytes = fs::read(&path)?;
        let target = to.join(name);
        fs::write(&target, &bytes)?;
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if !PACKED.contains(&extension) {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&bytes)?;
            fs::write(PathBuf::from(format!("{}.gz", target.display())), encoder.finish()?)?;
        }
    }
    Ok(())
}
