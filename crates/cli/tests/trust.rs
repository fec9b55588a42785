//! Certificates, the local authority, and the escrow, with the tools that people have.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use support::{Place, Running};

/// The user that is nobody, on Debian.
const NOBODY: u32 = 65534;

#[test]
fn the_age_command_opens_the_escrow() {
    let place = Place::new();
    place.init();
    let identity = place.folder.path().join("identity");
    let made = Command::new("age-keygen").arg("-o").arg(&identity).output().expect("age is installed");
    let said = String::from_utf8(made.stderr).unwrap();
    let recipient = said.trim().rsplit(' ').next().unwrap().to_owned();
    let out = place.folder.path().join("escrow.age");
    let escrow = |recipient: &str| {
        let mut command = place.with_root_key(&["keys", "escrow", "--recipient", recipient]);
        command.arg("--out").arg(&out).output().unwrap()
    };
    let wrong = escrow("age1nonsense");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(!out.exists());
    assert!(escrow(&recipient).status.success());
    assert_eq!(escrow(&recipient).status.code(), Some(1), "an escrow is never overwritten");
    let opened = Command::new("age").arg("-d").arg("-i").arg(&identity).arg(&out).output().unwrap();
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    let restored = tempfile::tempdir().unwrap();
    let key = restored.path().join("root.key");
    keys::restore_escrow(&opened.stdout, &key, &place.data(), &base::SystemRng).unwrap();
    let mut command = place.command(&["serve", "--edge", "127.0.0.1:0", "--api", "127.0.0.1:0"]);
    command.args(["--dashboard", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]);
    command.arg("--root-key").arg(format!("file:{}", key.display()));
    Running::start(&mut command, &place.data().join("tls/ca.pem"));
}

#[test]
fn trust_install_reaches_the_browsers_store() {
    let place = Place::new();
    place.init();
    // As an ordinary user: as root it would change the trust store of the machine that runs the tests.
    let chown = |path: &std::path::Path| {
        let of = format!("{NOBODY}:{NOBODY}");
        assert!(Command::new("chown").arg("-R").arg(of).arg(path).status().unwrap().success());
    };
    let mut command = place.command(&["trust", "install"]);
    if rustix::process::geteuid().is_root() {
        chown(place.folder.path());
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("this user's browsers: trusts it now"), "{said}");
    let database = format!("sql:{}", place.folder.path().join(".pki/nssdb").display());
    let listed = Command::new("certutil").args(["-L", "-d", &database]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("Pilotfish local authority"));
}

#[tokio::test]
async fn a_changed_certificate_file_is_presented_without_a_restart() {
    let place = Place::new();
    place.init();
    let (certificate, key) = (place.folder.path().join("own.pem"), place.folder.path().join("own.key"));
    let write = || {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
    };
    let first = write();
    let flags = ["--tls-certificate", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let server = place.serve(&flags);
    let url = format!("{}/healthz", server.url("edge"));
    assert!(trusts(first.clone(), &url).await);
    // What does not load is not presented.
    std::fs::write(&certificate, "nonsense").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(trusts(first.clone(), &url).await);
    let second = write();
    let started = Instant::now();
    while !trusts(second.clone(), &url).await {
        assert!(started.elapsed() < Duration::from_secs(20), "the new certificate was not presented");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(!trusts(first, &url).await);
}

async fn trusts(certificate: reqwest::Certificate, url: &str) -> bool {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().tls_certs_only([certificate]).build().unwrap();
    client.get(url).send().await.is_ok()
}

#[test]
fn the_authority_signs_for_its_own_hosts_only() {
    let place = Place::new();
    place.init();
    let mut command = place.with_root_key(&["serve", "--dashboard-url", "https://team.example.org"]);
    let (code, said) = place.refused(&mut command);
    assert_eq!(code, Some(1));
    assert!(said.contains("may not sign for team.example.org"), "{said}");
}
