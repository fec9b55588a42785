//! Public scanners against the doors of the real binary: they find nothing, and each shows that it looked.
//!
//! sslyze, testssl.sh and MDN's HTTP Observatory look at TLS and headers, schemathesis at what the doors' own documents
//! promise, Wapiti for what strangers try. `PILOTFISH_TEST_SCANNERS` and `PILOTFISH_TEST_WAPITI` name the Pythons that
//! have their pinned versions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, NamedGroup, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use support::{OWNER, PASSWORD, Place, Running, free_ports};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scanners").canonicalize().unwrap()
}

/// A program of the environment whose Python a variable names.
fn program(variable: &str, name: &str) -> PathBuf {
    let python = std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run the tests with `cargo xtask test`"));
    PathBuf::from(python).with_file_name(name)
}

/// An installation that any program reaches without knowing of names: the dashboard is `localhost`, the others have the
/// address.
struct Scene {
    place: Place,
    made: Value,
    server: Running,
}

impl Scene {
    fn set(more: &[&str]) -> Self {
        let place = Place::new();
        let made = place.init();
        let [edge, api, dashboard, metrics] = free_ports();
        let mut command = place.with_root_key(&["serve"]);
        for (door, host, port) in
            [("edge", "127.0.0.1", edge), ("api", "127.0.0.1", api), ("dashboard", "localhost", dashboard)]
        {
            command.args([format!("--{door}"), format!("127.0.0.1:{port}")]);
            command.args([format!("--{door}-url"), format!("https://{host}:{port}")]);
        }
        command.args(["--metrics", &format!("127.0.0.1:{metrics}")]).args(more);
        let server = Running::start(&mut command, &place.data().join("tls/ca.pem"));
        Self { place, made, server }
    }

    fn ca(&self) -> String {
        self.place.data().join("tls/ca.pem").display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.folder.path().join(name)
    }

    /// `host:port` of every door.
    fn doors(&self) -> [String; 4] {
        ["edge", "api", "dashboard", "metrics"].map(|door| {
            let url = self.server.url(door);
            url.trim_start_matches("https://").trim_end_matches("/metrics").to_owned()
        })
    }

    fn key(&self) -> &str {
        self.made["api_key"].as_str().unwrap()
    }

    fn environment(&self, what: &str) -> &str {
        self.made["environments"][0][what].as_str().unwrap()
    }

    /// A person of a company, with an event, so that scanners meet somebody.
    async fn with_somebody(self) -> Self {
        let url = format!("{}/v1/batch", self.server.url("edge"));
        let batch = json!({"batch": [
            {"type": "identify", "userId": "user-1", "traits": {"plan": "pro"}},
            {"type": "group", "userId": "user-1", "groupId": "company-1"},
            {"type": "track", "userId": "user-1", "event": "Signed Up"},
        ]});
        let client = self.server.client();
        let sent = client.post(url).basic_auth(self.environment("server_key"), None::<&str>).json(&batch).send().await;
        assert_eq!(sent.unwrap().status(), 200);
        self
    }

    /// The owner's session, as a cookie.
    async fn session(&self) -> String {
        let url = format!("{}/api/v1/sessions", self.server.url("dashboard"));
        let credentials = json!({"email": OWNER, "password": PASSWORD});
        let answer = self.server.client().post(url).json(&credentials).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let cookies = answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let session = cookies.into_iter().find(|cookie| cookie.starts_with("__Host-pilotfish_session")).unwrap();
        session.split(';').next().unwrap().to_owned()
    }

    /// What a credential opens is still open: a scanner that ended its own session has seen nothing since.
    async fn assert_lives(&self, door: &str, credential: [&str; 2]) {
        let [name, value] = credential;
        let url = format!("{}/api/v1/me", self.server.url(door));
        assert_eq!(self.server.client().get(url).header(name, value).send().await.unwrap().status(), 200);
    }

    /// A door's document, in a file.
    async fn document(&self, door: &str) -> PathBuf {
        let url = format!("{}/api/openapi.json", self.server.url(door));
        let text = self.server.client().get(url).send().await.unwrap().text().await.unwrap();
        let path = self.path(&format!("{door}.json"));
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// Runs a scanner, which may not go on for ever, and gives what it printed.
fn run(command: &mut Command, seconds: u32) -> (bool, String) {
    let mut limited = Command::new("timeout");
    limited.arg(seconds.to_string()).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    let output = limited.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

fn sslyze(scene: &Scene, profile: &str) {
    let mut command = Command::new(program("PILOTFISH_TEST_SCANNERS", "sslyze"));
    command.args(["--mozilla_config", profile, "--certinfo_ca_file", &scene.ca()]).args(scene.doors());
    let (_, said) = run(&mut command, 120);
    for door in scene.doors() {
        let line = said.lines().find(|line| line.trim_start().starts_with(&format!("{door}: ")));
        assert_eq!(line.map(str::trim), Some(format!("{door}: OK - Compliant.").as_str()), "{said}");
    }
}

#[test]
fn sslyze_finds_every_door_within_mozillas_intermediate_profile() {
    sslyze(&Scene::set(&[]), "intermediate");
}

#[test]
fn sslyze_finds_every_door_within_mozillas_modern_profile_where_it_is_asked_for() {
    sslyze(&Scene::set(&["--tls-profile", "modern"]), "modern");
}

/// What a client with rustls' groups in this order agrees on with a door.
fn group(scene: &Scene, door: &str, groups: &[&'static dyn rustls::crypto::SupportedKxGroup]) -> Option<NamedGroup> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = groups.to_vec();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(scene.ca()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let host = ServerName::try_from(door.rsplit_once(':').unwrap().0.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), host).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(door).unwrap());
    stream.flush().ok()?;
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).ok()?;
    }
    stream.conn.negotiated_key_exchange_group().map(rustls::crypto::SupportedKxGroup::name)
}

#[test]
fn every_door_agrees_on_a_key_that_a_quantum_computer_does_not_open() {
    use aws_lc_rs::kx_group::{X25519, X25519MLKEM768};
    let scene = Scene::set(&[]);
    for door in scene.doors() {
        assert_eq!(group(&scene, &door, &[X25519MLKEM768]), Some(NamedGroup::X25519MLKEM768), "{door}");
        // As browsers offer it, with a share of each; and alone for those that do not have it.
        assert_eq!(group(&scene, &door, &[X25519MLKEM768, X25519]), Some(NamedGroup::X25519MLKEM768), "{door}");
        assert_eq!(group(&scene, &door, &[X25519]), Some(NamedGroup::X25519), "{door}");
    }
}

/// A certificate of the installation's own authority names no place that says whether it was revoked: its key is in no
/// file, and a new one is made at every start.
const OF_THE_LOCAL_AUTHORITY: &str = "cert_revocation";

#[test]
fn testssl_finds_nothing_of_medium_weight_or_more() {
    let scene = Scene::set(&[]);
    let doors = scene.doors();
    // It mostly waits, so all doors at once.
    std::thread::scope(|scope| {
        for (number, door) in doors.iter().enumerate() {
            let scene = &scene;
            scope.spawn(move || {
                let report = scene.path(&format!("testssl-{number}.json"));
                let mut command = Command::new("testssl");
                command.args(["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none"]);
                // Protocols, ciphers, forward secrecy, preferences, certificate, headers, vulnerabilities.
                command.args(["-p", "-s", "-f", "-P", "-S", "-h", "-U", "--add-ca", &scene.ca(), "--jsonfile"]);
                let (_, said) =
                    run(command.arg(&report).arg(format!("https://{door}")).env("HOME", scene.path("")), 240);
                assert!(said.contains(" Done "), "{door}: {said}");
                let findings = read(&report);
                let findings = findings.as_array().unwrap();
                assert!(findings.len() > 60, "{door}: only {} things were looked at", findings.len());
                let bad: Vec<_> = findings
                    .iter()
                    .filter(|found| ["MEDIUM", "HIGH", "CRITICAL"].contains(&found["severity"].as_str().unwrap()))
                    .filter(|found| found["id"] != OF_THE_LOCAL_AUTHORITY)
                    .collect();
                assert!(bad.is_empty(), "{door}: {bad:?}");
            });
        }
    });
}

#[test]
fn mdns_observatory_gives_the_dashboard_130() {
    let scene = Scene::set(&[]);
    let [_, _, dashboard, _] = scene.doors();
    let mut command = Command::new("node");
    command.arg("observatory.mjs").arg(dashboard).current_dir(folder()).env("NODE_EXTRA_CA_CERTS", scene.ca());
    let (ended_well, said) = run(&mut command, 60);
    assert!(ended_well, "{said}");
    let verdict: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(verdict["failed"], json!([]), "{verdict}");
    assert!(verdict["tests"].as_u64().unwrap() >= 10 && verdict["score"].as_u64().unwrap() >= 130, "{verdict}");
}

/// What schemathesis is to do with a door.
struct Contract<'a> {
    door: &'static str,
    document: &'a Path,
    headers: &'a [[&'a str; 2]],
    /// The credential, by the document's name for its kind.
    credential: [&'a str; 3],
    /// What is not held against this door.
    but_for: &'static str,
    /// Tries per operation and phase.
    tries: &'static str,
    operations: u64,
    cases: u64,
}

fn schemathesis(scene: &Scene, contract: &Contract<'_>) {
    let report = scene.path(&format!("{}-contract.json", contract.door));
    let config = scene.path("schemathesis.toml");
    let key = scene.environment("browser_key");
    let [scheme, kind, secret] = contract.credential;
    let known = format!(
        "[parameters]\nexternal_id = [\"user-1\", \"company-1\"]\nkey = \"{key}\"\n\
         [auth.openapi.{scheme}]\n{kind} = \"{secret}\"\n"
    );
    std::fs::write(&config, known).unwrap();
    let mut command = Command::new(program("PILOTFISH_TEST_SCANNERS", "schemathesis"));
    command.arg("--config-file").arg(&config).arg("run").arg(contract.document);
    command.args(["--url", &scene.server.url(contract.door), "--tls-verify", &scene.ca(), "--no-color"]);
    // Signing out is another test's: what comes after it would see nothing. The id of one's own session stands in the list.
    command.args(["--exclude-path", "/api/v1/sessions/current", "--exclude-path", "/api/v1/sessions/{id}"]);
    command.args(["--checks", "all", "--exclude-checks", contract.but_for, "--continue-on-failure"]);
    command.args(["--generation-deterministic", "--no-shrink", "-n", contract.tries, "--report", "json"]);
    command.arg("--report-json-path").arg(&report);
    for [name, value] in contract.headers {
        command.arg("-H").arg(format!("{name}: {value}"));
    }
    let (ended_well, said) = run(command.current_dir(scene.path("")), 600);
    assert!(ended_well, "{}: {said}", contract.door);
    let report = read(&report);
    let count = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap();
    assert_eq!(count("/operations/tested"), count("/operations/selected"), "{said}");
    assert!(count("/operations/tested") >= contract.operations, "{said}");
    assert!(count("/test_cases/generated") >= contract.cases, "{said}");
    assert_eq!(report["failures"], json!([]));
}

/// Names, definitions and the like have rules that a schema cannot say: what keeps the schema may still be refused.
const SAID_IN_WORDS: &str = "positive_data_acceptance";

#[tokio::test(flavor = "multi_thread")]
async fn the_api_does_what_its_document_says() {
    let scene = Scene::set(&[]).with_somebody().await;
    let document = scene.document("api").await;
    let contract = Contract {
        door: "api",
        document: &document,
        headers: &[["Pilotfish-Environment", scene.environment("id")]],
        credential: ["api_key", "bearer", scene.key()],
        but_for: SAID_IN_WORDS,
        tries: "10",
        operations: 35,
        cases: 4_000,
    };
    schemathesis(&scene, &contract);
    scene.assert_lives("api", ["Authorization", &format!("Bearer {}", scene.key())]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboards_interface_does_what_its_document_says() {
    let scene = Scene::set(&[]).with_somebody().await;
    let document = scene.document("dashboard").await;
    let session = scene.session().await;
    let contract = Contract {
        door: "dashboard",
        document: &document,
        headers: &[["Pilotfish-Environment", scene.environment("id")]],
        credential: ["session", "api_key", session.split_once('=').unwrap().1],
        but_for: SAID_IN_WORDS,
        tries: "10",
        operations: 38,
        cases: 4_000,
    };
    schemathesis(&scene, &contract);
    scene.assert_lives("dashboard", ["Cookie", &session]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_does_what_scanners_are_told_of_it() {
    let scene = Scene::set(&[]).with_somebody().await;
    let contract = Contract {
        door: "edge",
        document: &folder().join("edge.json"),
        headers: &[],
        credential: ["key", "bearer", scene.environment("server_key")],
        // Segment's clients send what they like: what cannot be read is left out, and the rest is kept.
        but_for: "positive_data_acceptance,negative_data_rejection",
        tries: "10",
        operations: 38,
        cases: 1_500,
    };
    schemathesis(&scene, &contract);
}

/// What Wapiti tries, but for its lists of files of other products, what asks the internet, `spring4shell`, which takes
/// every 400 for a finding, and `ldap`, which takes it for one that a NUL is refused.
const ATTACKS: &str = "backup,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,https_redirect,methods,\
                       permanentxss,redirect,shellshock,sql,ssrf,timesql,upload,xss,xxe";

fn wapiti(scene: &Scene, door: &str, document: &Path, credential: [&str; 2], pages: u64) {
    let (url, report) = (scene.server.url(door), scene.path(&format!("{door}-wapiti.json")));
    let mut command = Command::new(program("PILOTFISH_TEST_WAPITI", "python"));
    command.arg(folder().join("wapiti.py"));
    command.args(["-u", &format!("{url}/"), "-m", ATTACKS, "--verify-ssl", "0", "-t", "15", "--no-bugreport"]);
    command.args(["--max-scan-time", "60", "--max-attack-time", "10", "-f", "json", "-o"]).arg(&report);
    command.arg("--store-session").arg(scene.path("session")).arg("--store-config").arg(scene.path("config"));
    command.arg("--swagger").arg(document).args(["-x", &format!("{url}/api/v1/sessions/current")]);
    let [name, value] = credential;
    command.args([
        "-H",
        &format!("{name}: {value}"),
        "-H",
        &format!("Pilotfish-Environment: {}", scene.environment("id")),
    ]);
    let (ended_well, said) = run(command.env("HOME", scene.path("")), 240);
    assert!(ended_well, "{said}");
    let report = read(&report);
    for kind in ["vulnerabilities", "anomalies"] {
        let found: Vec<_> = report[kind].as_object().unwrap().iter().filter(|(_, all)| **all != json!([])).collect();
        assert!(found.is_empty(), "{door}: {found:?}");
    }
    assert!(report["infos"]["crawled_pages_nbr"].as_u64().unwrap() >= pages, "{}", report["infos"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wapiti_finds_nothing_on_the_dashboard() {
    let scene = Scene::set(&[]).with_somebody().await;
    let document = scene.document("dashboard").await;
    let session = scene.session().await;
    wapiti(&scene, "dashboard", &document, ["Cookie", &session], 40);
    scene.assert_lives("dashboard", ["Cookie", &session]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wapiti_finds_nothing_on_the_api_and_the_edge() {
    let scene = Scene::set(&[]).with_somebody().await;
    let document = scene.document("api").await;
    let bearer = format!("Bearer {}", scene.key());
    wapiti(&scene, "api", &document, ["Authorization", &bearer], 30);
    scene.assert_lives("api", ["Authorization", &bearer]).await;
    let bearer = format!("Bearer {}", scene.environment("server_key"));
    wapiti(&scene, "edge", &folder().join("edge.json"), ["Authorization", &bearer], 20);
}
