//! Letters to members through a real mail server, aiosmtpd, over STARTTLS.
//!
//! `PILOTFISH_TEST_PYTHON` names a Python that has the pinned packages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use support::{OWNER, PASSWORD, Place, Running, free_ports};

const PATIENCE: Duration = Duration::from_mins(1);

/// A mail server that puts what it is given into a folder; ended when dropped.
struct MailServer {
    child: Child,
    port: u16,
    letters: PathBuf,
    certificate: PathBuf,
}

impl MailServer {
    fn start(folder: &Path) -> Self {
        let python = std::env::var("PILOTFISH_TEST_PYTHON")
            .expect("PILOTFISH_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.join("mail.pem"), folder.join("mail.key"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let [port] = free_ports();
        let letters = folder.join("letters");
        let child = Command::new(python)
            .args(["-m", "aiosmtpd", "--nosetuid", "--listen", &format!("localhost:{port}")])
            .arg("--tlscert")
            .arg(&certificate)
            .arg("--tlskey")
            .arg(&key)
            .args(["--class", "aiosmtpd.handlers.Mailbox"])
            .arg(&letters)
            .spawn()
            .unwrap();
        let began = Instant::now();
        while std::net::TcpStream::connect(("localhost", port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "the mail server does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, port, letters, certificate }
    }

    /// The next letter that comes.
    async fn letter(&self) -> String {
        let began = Instant::now();
        loop {
            let entries = std::fs::read_dir(self.letters.join("new")).into_iter().flatten();
            if let Some(path) = entries.flatten().map(|entry| entry.path()).next() {
                let text = std::fs::read_to_string(&path).unwrap();
                std::fs::remove_file(path).unwrap();
                return text;
            }
            assert!(began.elapsed() < PATIENCE, "no letter came");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request at the dashboard with a body.
fn asking(server: &Running, path: &str, body: &Value) -> RequestBuilder {
    let url = format!("{}/api/v1{path}", server.url("dashboard"));
    server.client().post(url).header("content-type", "application/json").body(body.to_string())
}

/// What the link in a letter says after `#token=`. A letter's lines are folded at `=`.
fn token(letter: &str) -> String {
    let text = letter.replace("=\n", "").replace("=3D", "=");
    text.split_once("#token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_comes_by_mail_and_whoever_opens_it_joins() {
    let place = Place::new();
    place.init();
    let mail = MailServer::start(place.folder.path());
    let smtp = format!("smtp://localhost:{}?tls=required", mail.port);
    let certificate = mail.certificate.display().to_string();
    let from = "Pilotfish <pilotfish@example.org>";
    let server = place.serve(&["--smtp", &smtp, "--smtp-ca", &certificate, "--mail-from", from]);
    let signed_in = asking(&server, "/sessions", &json!({"email": OWNER, "password": PASSWORD})).send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let body = json!({"email": "bob@example.org", "role": "editor"});
    let invited = asking(&server, "/invitations", &body).header("cookie", cookie).send().await.unwrap();
    assert_eq!(invited.status(), 201);

    let letter = mail.letter().await;
    for header in ["From: Pilotfish <pilotfish@example.org>", "To: bob@example.org"] {
        assert!(letter.contains(header), "{letter}");
    }
    let body = json!({"token": token(&letter), "name": "Bob", "password": "seven lighthouses in a row"});
    assert_eq!(asking(&server, "/invitations/accept", &body).send().await.unwrap().status(), 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_makes_a_link_for_who_has_forgotten_their_password() {
    let place = Place::new();
    place.init();
    let server = place.serve(&[]);
    let link = |email: &str| place.with_root_key(&["members", "reset-link", "--email", email]).output().unwrap();
    let refused = link("nobody@example.org");
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    let made = link(OWNER);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made = String::from_utf8(made.stdout).unwrap();
    assert!(made.starts_with(&format!("{}/reset#token=", server.url("dashboard"))), "the server's own URL");
    let new = "nine anchors on the wall";
    let body = json!({"token": token(&made), "password": new});
    assert_eq!(asking(&server, "/password-resets/complete", &body).send().await.unwrap().status(), 204);
    for (password, status) in [(PASSWORD, 401), (new, 201)] {
        let body = json!({"email": OWNER, "password": password});
        assert_eq!(asking(&server, "/sessions", &body).send().await.unwrap().status(), status);
    }
}

#[test]
fn a_mail_server_without_tls_or_without_a_sender_is_refused() {
    let place = Place::new();
    place.init();
    for (flags, why) in [
        (["--smtp", "smtp://ana:hunter2@mail.example", "--mail-from", "pilotfish@example.org"], "use smtps://"),
        (["--smtp", "smtps://ana:hunter2@mail.example", "--mail-from", "nobody"], "the sender of mail"),
    ] {
        let (code, said) = place.refused(place.with_root_key(&["serve"]).args(flags));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
    }
    let (code, said) = place.refused(place.with_root_key(&["serve"]).args(["--smtp", "smtps://mail.example"]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--mail-from"), "{said}");
}
