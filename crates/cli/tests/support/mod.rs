//! The real binary on free ports of the loopback, in a folder of its own, and a client that trusts its authority.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests find out where they run"
)]

pub(crate) mod browser;
pub(crate) mod cluster;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_pilotfish");
pub(crate) const OWNER: &str = "ana@example.org";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
const READY_WITHIN: Duration = Duration::from_mins(1);

/// A folder with a data folder and a root key beside it.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn root_key(&self) -> PathBuf {
        self.folder.path().join("keys/root.key")
    }

    /// The binary with a subcommand and this place's flags; nothing of the environment reaches it.
    pub(crate) fn command(&self, subcommand: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(subcommand).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.arg("--data").arg(self.data());
        command
    }

    pub(crate) fn with_root_key(&self, subcommand: &[&str]) -> Command {
        let mut command = self.command(subcommand);
        command.arg("--root-key").arg(format!("file:{}", self.root_key().display()));
        command
    }

    /// `init --json`, and what it printed.
    pub(crate) fn init(&self) -> Value {
        let output = self.try_init();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn try_init(&self) -> Output {
        self.init_command().output().unwrap()
    }

    pub(crate) fn init_command(&self) -> Command {
        let password = self.folder.path().join("password");
        std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
        let mut command = self.with_root_key(&["init", "--json", "--owner-email", OWNER]);
        command.arg("--password-file").arg(password);
        command
    }

    /// What a command says that must fail, and not for its usage.
    #[track_caller]
    pub(crate) fn must_refuse(&self, command: &mut Command) -> String {
        let (code, said) = self.refused(command);
        assert_eq!(code, Some(1), "{said}");
        said
    }

    /// `serve` on free ports, ready.
    pub(crate) fn serve(&self, more: &[&str]) -> Running {
        let mut command = self.with_root_key(&["serve"]);
        for door in ["--edge", "--api", "--dashboard", "--metrics"] {
            command.args([door, "127.0.0.1:0"]);
        }
        Running::start(command.args(more), &self.data().join("tls/ca.pem"))
    }

    /// `serve` with its edge and api at these ports, so that it is found again after it was killed.
    pub(crate) fn serve_at(&self, edge: u16, api: u16) -> Running {
        let mut command = self.with_root_key(&["serve"]);
        command.args(["--edge", &format!("127.0.0.1:{edge}"), "--api", &format!("127.0.0.1:{api}")]);
        command.args(["--dashboard", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]);
        Running::start(&mut command, &self.data().join("tls/ca.pem"))
    }

    /// `demo` on free ports, ready.
    pub(crate) fn demo_with(&self, more: &[&str]) -> Running {
        let mut command = self.with_root_key(&["demo"]);
        for door in ["--edge", "--api", "--dashboard", "--metrics", "--site"] {
            command.args([door, "127.0.0.1:0"]);
        }
        Running::start(command.args(more), &self.data().join("tls/ca.pem"))
    }

    /// `serve` that must not begin: its exit code and what it said.
    #[allow(clippy::unused_self, reason = "reads as what happens at this place")]
    pub(crate) fn refused(&self, command: &mut Command) -> (Option<i32>, String) {
        for door in ["--edge", "--api", "--dashboard", "--metrics"] {
            command.args([door, "127.0.0.1:0"]);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

/// Ports that are free now.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// A serving process; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// What it printed until it was ready.
    pub(crate) printed: Vec<String>,
    pub(crate) started_in: Duration,
    ca: PathBuf,
}

impl Running {
    pub(crate) fn start(command: &mut Command, ca: &Path) -> Self {
        Self::start_with(command, ca, Stdio::piped())
    }

    /// As [`start`](Self::start), with its standard error where the test wants it.
    pub(crate) fn start_with(command: &mut Command, ca: &Path, errors: Stdio) -> Self {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = Vec::new();
        // Its last line before it waits names the root key's escrow, or the set-up link after it.
        while started.elapsed() < READY_WITHIN {
            let Some(line) = lines.next() else {
                let mut said = String::new();
                if let Some(mut errors) = child.stderr.take() {
                    errors.read_to_string(&mut said).unwrap();
                }
                panic!("pilotfish ended before it was ready: {said}");
            };
            printed.push(line.unwrap());
            if printed.last().is_some_and(|line| line == "ready") {
                break;
            }
        }
        let started_in = started.elapsed();
        // Neither pipe may fill up.
        std::thread::spawn(move || lines.for_each(drop));
        if let Some(errors) = child.stderr.take() {
            std::thread::spawn(move || BufReader::new(errors).lines().for_each(drop));
        }
        Self { child, printed, started_in, ca: ca.to_owned() }
    }

    /// The URL of a door, as it was printed.
    pub(crate) fn url(&self, door: &str) -> String {
        let line = self.printed.iter().find(|line| line.trim_start().starts_with(door)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    }

    /// A client that trusts this server's authority and no other.
    pub(crate) fn client(&self) -> reqwest::Client {
        self.client_builder().build().unwrap()
    }

    /// As [`client`](Self::client), over HTTP/1.1 whatever the server offers.
    pub(crate) fn client_over_http1(&self) -> reqwest::Client {
        self.client_builder().http1_only().build().unwrap()
    }

    fn client_builder(&self) -> reqwest::ClientBuilder {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let ca = reqwest::Certificate::from_pem(&std::fs::read(&self.ca).unwrap()).unwrap();
        let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        reqwest::Client::builder()
            .tls_certs_only([ca])
            .resolve("dashboard.localhost", loopback)
            .resolve("localhost", loopback)
    }

    /// Ends it as a loss of power would: it gets no chance to do anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as an operator's service manager does, and waits.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
