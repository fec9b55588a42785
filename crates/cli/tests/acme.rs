//! Certificates by ACME: the real binary and Let's Encrypt's own test authority, pebble.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test's own functions")]

mod support;

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use support::{Place, Running, free_ports};

const HOSTS: [&str; 3] = ["in.pilotfish.test", "api.pilotfish.test", "team.pilotfish.test"];
const PATIENCE: Duration = Duration::from_mins(1);

/// Programs that end with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut Command) -> Ended {
    Ended(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("pebble is installed"))
}

/// The authority, and the name server that sends it to this machine for every name.
struct Authority {
    running: Vec<Ended>,
    folder: tempfile::TempDir,
    ports: [u16; 4],
    /// Where it looks for proofs.
    http: u16,
    tls: u16,
    life: Duration,
}

impl Authority {
    /// Its certificates last for so long.
    fn set(life: Duration) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        let [directory, management, dns, names, http, tls] = free_ports();
        let ports = [directory, management, dns, names];
        let mut authority = Self { running: Vec::new(), folder, ports, http, tls, life };
        authority.start();
        authority
    }

    fn start(&mut self) {
        let [directory, management, dns, names] = self.ports;
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{directory}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": self.file("cert.pem"), "privateKey": self.file("key.pem"),
            "httpPort": self.http, "tlsPort": self.tls,
            "certificateValidityPeriod": self.life.as_secs(),
        }});
        std::fs::write(self.file("pebble.json"), config.to_string()).unwrap();
        let mut server = Command::new("pebble-challtestsrv");
        server.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]);
        server.args(["-dns01", &format!("127.0.0.1:{dns}"), "-management", &format!("127.0.0.1:{names}")]);
        let mut pebble = Command::new("pebble");
        pebble.arg("-config").arg(self.file("pebble.json")).args(["-dnsserver", &format!("127.0.0.1:{dns}")]);
        pebble.env("PEBBLE_VA_NOSLEEP", "1");
        self.running = vec![start(&mut server), start(&mut pebble)];
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The root that its certificates lead to: another at each start.
    async fn root(&self) -> CertificateDer<'static> {
        let own = reqwest::Certificate::from_pem(&std::fs::read(self.file("cert.pem")).unwrap()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([own]).build().unwrap();
        let url = format!("https://localhost:{}/roots/0", self.ports[1]);
        let began = Instant::now();
        loop {
            if let Ok(answer) = client.get(&url).send().await {
                return CertificateDer::from_pem_slice(&answer.bytes().await.unwrap()).unwrap();
            }
            assert!(began.elapsed() < PATIENCE, "pebble does not answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A server that asks it; its dashboard is where proofs by TLS are looked for.
    fn serve(&self, place: &Place, more: &[&str]) -> Running {
        let mut command = place.with_root_key(&["serve", "--acme-email", "ops@pilotfish.test"]);
        command.args(["--acme", &format!("https://localhost:{}/dir", self.ports[0])]);
        command.arg("--acme-ca").arg(self.file("cert.pem"));
        command.args(["--edge", "127.0.0.1:0", "--api", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]);
        command.args(["--dashboard", &format!("127.0.0.1:{}", self.tls)]);
        for (door, host) in ["edge", "api", "dashboard"].into_iter().zip(HOSTS) {
            command.args([format!("--{door}-url"), format!("https://{host}")]);
        }
        Running::start(command.args(more), &place.data().join("tls/ca.pem"))
    }

    fn with_http(&self) -> [String; 2] {
        ["--http".to_owned(), format!("127.0.0.1:{}", self.http)]
    }

    /// What the dashboard's door presents under a name to somebody who trusts this root only; `None` if it is refused.
    fn presented(&self, root: &CertificateDer<'static>, host: &str) -> Option<Vec<u8>> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", self.tls)).unwrap());
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).ok()?;
        }
        Some(stream.conn.peer_certificates().unwrap()[0].to_vec())
    }

    /// Waits until a door presents another certificate than this one that the root vouches for.
    async fn wait_for(&self, root: &CertificateDer<'static>, before: Option<&[u8]>) -> Vec<u8> {
        let began = Instant::now();
        loop {
            match self.presented(root, HOSTS[2]) {
                Some(now) if Some(now.as_slice()) != before => return now,
                _ => assert!(began.elapsed() < PATIENCE, "no new certificate"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Nothing of the account and the certificate lies open; only which authority they are of.
fn assert_sealed(place: &Place, certificate: &[u8]) {
    let folder = place.data().join("tls/acme");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let sealed = files.iter().filter(|path| path.extension().is_some_and(|kind| kind == "sealed")).count();
    assert_eq!((sealed, files.len()), (2, 3), "account, certificate and lock: {files:?}");
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        for open in [b"-----BEGIN".as_slice(), b"key_pkcs8", b"pilotfish.test", &certificate[..32]] {
            assert!(!bytes.windows(open.len()).any(|window| window == open), "{}", path.display());
        }
    }
}

const QUARTER: Duration = Duration::from_hours(24 * 90);

#[tokio::test(flavor = "multi_thread")]
async fn names_are_proven_at_the_doors_themselves() {
    let mut authority = Authority::set(QUARTER);
    let root = authority.root().await;
    let place = Place::new();
    let server = authority.serve(&place, &[]);
    let certificate = authority.wait_for(&root, None).await;
    for host in HOSTS {
        assert_eq!(authority.presented(&root, host).as_ref(), Some(&certificate), "{host}");
    }
    assert_eq!(authority.presented(&root, "other.pilotfish.test"), None);
    assert_sealed(&place, &certificate);
    drop(server);
    // It is kept: a start needs nobody.
    authority.running.clear();
    let _server = authority.serve(&place, &[]);
    assert_eq!(authority.presented(&root, HOSTS[0]), Some(certificate));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_proven_at_the_plain_listener_which_does_nothing_else_but_send_on() {
    let authority = Authority::set(QUARTER);
    let root = authority.root().await;
    let place = Place::new();
    let http = authority.with_http();
    let _server = authority.serve(&place, &[http[0].as_str(), http[1].as_str()]);
    authority.wait_for(&root, None).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.tls_certs_only([]).build().unwrap();
    let url = format!("http://127.0.0.1:{}", authority.http);
    let ask = async |path: &str, host: &str| {
        let answer = client.get(format!("{url}{path}")).header("host", host).send().await.unwrap();
        let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location)
    };
    assert_eq!(ask("/a?b", HOSTS[2]).await, (308, Some(format!("https://{}/a?b", HOSTS[2]))));
    assert_eq!(ask("/healthz", "127.0.0.1").await, (421, None));
    assert_eq!(ask("/.well-known/acme-challenge/x", HOSTS[2]).await, (404, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_one_is_there_before_the_old_one_ends_and_a_silent_authority_ends_nothing() {
    let mut authority = Authority::set(Duration::from_secs(30));
    let root = authority.root().await;
    let place = Place::new();
    let _server = authority.serve(&place, &[]);
    let first = authority.wait_for(&root, None).await;
    let second = authority.wait_for(&root, Some(&first)).await;
    assert_ne!(first, second);
    // From now on nobody answers: the next one is due after 18 seconds, and the doors go on with what they have.
    authority.running.clear();
    tokio::time::sleep(Duration::from_secs(21)).await;
    assert_eq!(authority.presented(&root, HOSTS[2]), Some(second));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_not_there_keeps_nobody_from_the_doors() {
    let mut authority = Authority::set(QUARTER);
    authority.running.clear();
    let place = Place::new();
    let _server = authority.serve(&place, &[]);
    let local = CertificateDer::from_pem_file(place.data().join("tls/ca.pem")).unwrap();
    assert!(authority.presented(&local, HOSTS[0]).is_some(), "the local authority's certificate until then");
}
