//! `pilotfish trust install`: the local authority's certificate into the system's trust store (as root) and into the
//! user's NSS database, which Chromium and, by policy, Firefox read.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::args::TrustArgs;

const SYSTEM_FILE: &str = "/usr/local/share/ca-certificates/pilotfish-local-authority.crt";
const NICKNAME: &str = "Pilotfish local authority";

/// Installs the authority wherever this user may, and says where it was put and where it was not.
#[allow(clippy::print_stdout, reason = "tells what was done")]
pub(crate) fn install(args: &TrustArgs) -> Result<(), Failure> {
    let certificate = args.data.join("tls/ca.pem");
    if !certificate.exists() {
        let folder = args.data.display();
        return Err(Failure(format!(
            "{folder} has no local authority yet: start pilotfish serve once, or name --data"
        )));
    }
    let places = [("the system", system(&certificate)), ("this user's browsers", browsers(&certificate))];
    for (place, result) in &places {
        match result {
            Ok(()) => println!("{place}: trusts it now"),
            Err(reason) => println!("{place}: not changed, {reason}"),
        }
    }
    if places.iter().all(|(_, result)| result.is_err()) {
        return Err(Failure("the local authority was put nowhere".to_owned()));
    }
    Ok(())
}

fn system(certificate: &Path) -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(Failure("run it as root for that".to_owned()));
    }
    std::fs::copy(certificate, SYSTEM_FILE).map_err(|error| Failure(format!("{SYSTEM_FILE}: {error}")))?;
    run("update-ca-certificates", Command::new("update-ca-certificates").arg("--fresh"))
}

fn browsers(certificate: &Path) -> Result<(), Failure> {
    let folder = nss_folder()?;
    let database = format!("sql:{}", folder.display());
    if !folder.join("cert9.db").exists() {
        std::fs::create_dir_all(&folder)?;
        run("certutil", Command::new("certutil").args(["-N", "--empty-password", "-d", &database]))?;
    }
    // Replaces an earlier installation's authority of the same name; that there is none is no failure.
    let _ = run("certutil", Command::new("certutil").args(["-D", "-n", NICKNAME, "-d", &database]));
    run(
        "certutil",
        Command::new("certutil").args(["-A", "-n", NICKNAME, "-t", "C,,", "-d", &database, "-i"]).arg(certificate),
    )
}

#[allow(clippy::disallowed_methods, reason = "the binary is the one reader of the environment")]
fn nss_folder() -> Result<PathBuf, Failure> {
    let home = std::env::var_os("HOME").ok_or_else(|| Failure("HOME is not set".to_owned()))?;
    Ok(PathBuf::from(home).join(".pki/nssdb"))
}

fn run(name: &str, command: &mut Command) -> Result<(), Failure> {
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure(format!("{name} is not installed (Debian: ca-certificates, libnss3-tools)"))
        }
        _ => Failure(format!("{name}: {error}")),
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure(format!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
