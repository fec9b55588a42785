//! `pilotfish trust install`: the local authority's certificate into the system's trust store (as root) and into the
//! user's NSS database, which Chromium and, by policy, Firefox read.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::FolderArgs;
use crate::{Failure, say};

const SYSTEM_FILE: &str = "/usr/local/share/ca-certificates/pilotfish-local-authority.crt";
const NICKNAME: &str = "Pilotfish local authority";

/// Installs the authority wherever this user may, and says where it was put and where it was not.
pub(crate) fn install(args: &FolderArgs) -> Result<(), Failure> {
    let certificate = args.data.join("tls/ca.pem");
    if !certificate.exists() {
        let folder = args.data.display();
        return Err(Failure::Refused(format!(
            "{folder} has no local authority yet: start pilotfish serve once, or name --data"
        )));
    }
    let places = [("the system", system(&certificate)), ("this user's browsers", browsers(&certificate))];
    for (place, result) in &places {
        match result {
            Ok(()) => say(&format!("{place}: trusts it now"))?,
            Err(reason) => say(&format!("{place}: not changed, {reason}"))?,
        }
    }
    if places.iter().all(|(_, result)| result.is_err()) {
        return Err(Failure::Refused("the local authority was put nowhere".to_owned()));
    }
    Ok(())
}

fn system(certificate: &Path) -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(Failure::Refused("run it as root for that".to_owned()));
    }
    copy_for_everybody(certificate, Path::new(SYSTEM_FILE))?;
    run("update-ca-certificates", Command::new("update-ca-certificates").arg("--fresh"))
}

/// A certificate is public, and every user's programs read the system's.
fn copy_for_everybody(certificate: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::copy(certificate, to)
        .and_then(|_| std::fs::set_permissions(to, Permissions::from_mode(0o644)))
        .map_err(|error| Failure::Refused(format!("{}: {error}", to.display())))
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
    let home = std::env::var_os("HOME").ok_or_else(|| Failure::Refused("HOME is not set".to_owned()))?;
    Ok(PathBuf::from(home).join(".pki/nssdb"))
}

fn run(name: &str, command: &mut Command) -> Result<(), Failure> {
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::Refused(format!("{name} is not installed (Debian: ca-certificates, libnss3-tools)"))
        }
        _ => Failure::Refused(format!("{name}: {error}")),
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::Refused(format!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_may_read_the_systems_copy() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, "certificate").unwrap();
        std::fs::set_permissions(&from, Permissions::from_mode(0o600)).unwrap();
        copy_for_everybody(&from, &to).unwrap();
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o644);
    }
}
