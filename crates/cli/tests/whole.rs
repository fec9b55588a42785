//! An installation is made whole or made again, and what was lost of one is noticed and never replaced.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use support::{Place, Running};

#[test]
fn a_first_start_that_was_killed_is_begun_again() {
    let began = Instant::now();
    Place::new().init();
    let whole = began.elapsed();
    let mut killed = 0;
    for step in 0..14_u32 {
        let place = Place::new();
        let mut command = if step % 2 == 0 { place.init_command() } else { place.with_root_key(&["serve"]) };
        for door in ["--edge", "--api", "--dashboard", "--metrics"] {
            if step % 2 != 0 {
                command.args([door, "127.0.0.1:0"]);
            }
        }
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * (step + 1) / 14);
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().signal().is_some());
        let again = place.try_init();
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(again.status.success() || said.contains("holds an installation already"), "step {step}: {said}");
        assert!(!place.data().join("making").exists(), "step {step}");
        assert!(place.serve(&[]).terminate().success());
    }
    assert!(killed > 7, "{killed} were killed before they ended");
}

#[test]
fn what_is_missing_is_named_and_not_made_again() {
    let place = Place::new();
    place.init();
    for name in ["store-keys.json", "keyring.db", "main.db"] {
        let (path, aside) = (place.data().join(name), place.data().join("aside"));
        std::fs::rename(&path, &aside).unwrap();
        let said = place.must_refuse(&mut place.with_root_key(&["serve"]));
        assert!(said.contains(&format!("{name} is missing")) && said.contains("restore its newest copy"), "{said}");
        assert!(!path.exists());
        std::fs::rename(&aside, &path).unwrap();
    }
    place.serve(&[]).terminate();
    // An emptied file is a lost one, though it opens.
    for (name, store) in [("keyring.db", "the keyring"), ("main.db", "the main store")] {
        let (path, copy) = (place.data().join(name), place.data().join("copy"));
        std::fs::copy(&path, &copy).unwrap();
        std::fs::write(&path, b"").unwrap();
        let said = place.must_refuse(&mut place.with_root_key(&["serve"]));
        assert!(said.contains(&format!("{store} is missing or belongs to another installation")), "{said}");
        std::fs::rename(&copy, &path).unwrap();
        for of in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(place.data().join(format!("{name}{of}")));
        }
    }
    place.serve(&[]);
}

#[test]
fn a_folder_that_lost_all_but_its_certificates_is_given_no_new_root_key() {
    let place = Place::new();
    place.init();
    for name in ["store-keys.json", "keyring.db", "main.db"] {
        std::fs::remove_file(place.data().join(name)).unwrap();
    }
    std::fs::remove_dir_all(place.root_key().parent().unwrap()).unwrap();
    let said = place.must_refuse(&mut place.with_root_key(&["serve"]));
    assert!(said.contains("root.key is missing"), "{said}");
    assert!(!place.root_key().exists());
}

#[test]
fn another_installations_keyring_is_refused() {
    let (place, other) = (Place::new(), Place::new());
    place.init();
    other.init();
    std::fs::copy(other.data().join("keyring.db"), place.data().join("keyring.db")).unwrap();
    let said = place.must_refuse(&mut place.with_root_key(&["serve"]));
    assert!(said.contains("keyring.db cannot be opened with its key"), "{said}");
}

#[test]
fn lost_erasable_keys_are_noticed_and_come_back_from_the_escrow() {
    let place = Place::new();
    place.init();
    let (identity, escrow) = (place.folder.path().join("identity"), place.folder.path().join("escrow.age"));
    let made = Command::new("age-keygen").arg("-o").arg(&identity).output().expect("age is installed");
    let said = String::from_utf8(made.stderr).unwrap();
    let recipient = said.trim().rsplit(' ').next().unwrap().to_owned();
    let write = || {
        let mut command = place.with_root_key(&["keys", "escrow", "--recipient", &recipient]);
        command.arg("--out").arg(&escrow).output().unwrap()
    };
    let written = write();
    assert!(String::from_utf8_lossy(&written.stdout).contains("erasable keys of 2 environments"), "{written:?}");
    std::fs::remove_dir_all(place.root_key().with_extension("key.erasable")).unwrap();
    let said = place.must_refuse(&mut place.with_root_key(&["serve"]));
    assert!(said.contains("the erasable keys of env_") && said.contains("are missing"), "{said}");
    std::fs::rename(&escrow, escrow.with_extension("kept")).unwrap();
    let refused = write();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the erasable keys are missing"), "{refused:?}");
    assert!(!escrow.exists());
    let opened = Command::new("age").arg("-d").arg("-i").arg(&identity).arg(escrow.with_extension("kept")).output();
    let json = place.folder.path().join("escrow.json");
    std::fs::write(&json, opened.unwrap().stdout).unwrap();
    let restore = || place.with_root_key(&["keys", "restore"]).arg("--escrow").arg(&json).output().unwrap();
    let restored = restore();
    assert!(restored.status.success(), "{restored:?}");
    place.serve(&[]).terminate();
    assert_eq!(restore().status.code(), Some(1), "nothing is missing");
    std::fs::remove_dir_all(place.root_key().parent().unwrap()).unwrap();
    assert!(restore().status.success());
    place.serve(&[]);
}

#[test]
fn a_wrong_address_or_password_makes_nothing() {
    let place = Place::new();
    let password = place.folder.path().join("short");
    std::fs::write(&password, "short\n").unwrap();
    for (email, file) in [("ana", "password"), (support::OWNER, "short")] {
        let mut command = place.with_root_key(&["init", "--owner-email", email]);
        std::fs::write(place.folder.path().join("password"), support::PASSWORD).unwrap();
        let output = command.arg("--password-file").arg(place.folder.path().join(file)).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(!place.data().exists() && !place.root_key().exists());
    }
}

#[tokio::test]
async fn credentials_that_could_not_be_printed_can_be_had_again() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = place.init_command().stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("everything was made") && said.contains("pilotfish keys issue"), "{said}");
    let issue = |more: &[&str]| place.with_root_key(&["keys", "issue"]).args(more).output().unwrap();
    let issued = issue(&["--kind", "api"]);
    assert!(issued.status.success(), "{issued:?}");
    let key = String::from_utf8(issued.stdout).unwrap().trim().to_owned();
    let server = place.serve(&[]);
    let me = server.client().get(format!("{}/api/v1/me", server.url("api"))).bearer_auth(key).send().await.unwrap();
    let me: serde_json::Value = serde_json::from_str(&me.text().await.unwrap()).unwrap();
    drop(server);
    let environment = me["apps"][0]["environments"][0]["id"].as_str().unwrap();
    let issued = issue(&["--kind", "server", "--environment", environment]);
    assert!(String::from_utf8(issued.stdout).unwrap().starts_with("pfs_"));
    assert_eq!(issue(&["--kind", "server"]).status.code(), Some(2));
    let empty = Place::new();
    assert_eq!(empty.with_root_key(&["keys", "issue", "--kind", "api"]).output().unwrap().status.code(), Some(1));
    assert!(!empty.data().exists());
}

#[test]
fn nothing_is_made_for_a_process_that_cannot_have_its_doors() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    let mut command = place.with_root_key(&["serve", "--edge", &taken.local_addr().unwrap().to_string()]);
    let output = command.args(["--api", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the edge door cannot listen"));
    assert!(!place.data().exists() && !place.root_key().exists());
}

#[test]
fn only_a_process_with_the_dashboard_prints_the_set_up_link() {
    let place = Place::new();
    let with = |role: &str| {
        let server: Running = place.serve(&["--role", role]);
        server.printed.iter().any(|line| line.contains("#token="))
    };
    assert!(!with("edge"));
    assert!(!with("api"));
    assert!(with("dashboard"));
}

#[test]
fn what_cannot_be_meant_is_a_usage_error_and_makes_nothing() {
    let place = Place::new();
    for flags in [
        &["--root-key", "nope"][..],
        &["--log", "a=b=c"],
        &["--edge-url", "http://edge.example.org"],
        &["--dashboard-url", "https://localhost:8444"],
        &["--tls-certificate", "own.pem"],
        &["--keyring-database", "postgres://h/keyring"],
        &["--database", "postgres://h/one", "--keyring-database", "postgres://h/one"],
        &["--database", "postgres://h/one", "--database-file", "file"],
    ] {
        let (code, said) = place.refused(place.command(&["serve"]).args(flags));
        assert_eq!(code, Some(2), "{flags:?}: {said}");
        assert!(!place.data().exists());
    }
    std::fs::write(place.folder.path().join("pilotfish.toml"), "tls_certificate = \"own.pem\"\n").unwrap();
    let (code, said) = place.refused(&mut place.with_root_key(&["serve"]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("given together"), "{said}");
}
