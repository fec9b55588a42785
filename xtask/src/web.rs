//! The TypeScript side: each folder with a `package.json` gets its locked packages; each below `sdk/` and `web/` is a
//! product of ours and is checked too, so it has the scripts `lint`, `build`, `test` and `test:browser`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{paths, process};

/// The folders of our own products.
pub(crate) fn packages() -> Result<Vec<String>> {
    let folders = folders()?.into_iter().map(|folder| paths::relative(&folder));
    Ok(folders.filter(|folder| folder.starts_with("sdk/") || folder.starts_with("web/")).collect())
}

/// Every folder of ours with packages to install.
pub(crate) fn folders() -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for manifest in paths::files("")?.iter().filter(|path| path.ends_with("package.json")) {
        let Some(folder) = manifest.parent() else { continue };
        if !folder.join("package-lock.json").exists() {
            bail!("{} has no package-lock.json: run npm install there and commit it", paths::relative(folder));
        }
        folders.push(folder.to_path_buf());
    }
    Ok(folders)
}

/// Installs the locked packages of every folder, unless they are there already.
pub(crate) fn install() -> Result<()> {
    folders()?.iter().try_for_each(|folder| install_in(folder))
}

/// Installs the locked packages of one folder, unless they are there already.
pub(crate) fn install_in(folder: &Path) -> Result<()> {
    if is_installed(folder) {
        println!("up to date: {}", paths::relative(folder));
        return Ok(());
    }
    println!("in {}:", paths::relative(folder));
    process::run(&mut process::command("npm", &["ci", "--no-audit", "--no-fund"], folder))
}

/// Runs one script of a package.
pub(crate) fn script(package: &str, name: &str) -> Result<()> {
    println!("in {package}:");
    process::run(&mut process::command("npm", &["run", name], &paths::root().join(package)))
}

/// npm writes its own record of what it installed last; it is newer than the lock file when the two agree.
fn is_installed(folder: &Path) -> bool {
    let changed = |file: &str| fs::metadata(folder.join(file)).and_then(|data| data.modified());
    match (changed("node_modules/.package-lock.json"), changed("package-lock.json")) {
        (Ok(installed), Ok(locked)) => installed >= locked,
        _ => false,
    }
}
