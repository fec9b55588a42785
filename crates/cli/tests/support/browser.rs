//! What a real browser needs to trust a test's installation.

use std::process::Command;

use super::Place;

/// Puts the installation's authority into the NSS database that this test's Chromium reads.
pub(crate) fn trust(place: &Place) {
    let folder = place.folder.path().join(".pki/nssdb");
    std::fs::create_dir_all(&folder).unwrap();
    let database = format!("sql:{}", folder.display());
    let run = |arguments: &[&str]| {
        let output = Command::new("certutil").args(arguments).args(["-d", &database]).output();
        assert!(output.expect("certutil is installed").status.success());
    };
    run(&["-N", "--empty-password"]);
    run(&["-A", "-n", "pilotfish", "-t", "C,,", "-i", place.data().join("tls/ca.pem").to_str().unwrap()]);
}
