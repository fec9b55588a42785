//! A PostgreSQL that takes nobody's word: connections over TCP need TLS and a certificate in the role's name, by an
//! authority that was made for this test.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

use super::free_ports;

const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running cluster; ended and removed when dropped.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    server: Child,
    pub(crate) port: u16,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (user, group) = postgres_user();
        chown(folder.path(), Some(user), Some(group)).unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let as_owner = |program: &str| {
            let mut command = Command::new(programs().join(program));
            command.current_dir(folder.path()).uid(user).gid(group);
            command
        };
        let mut initdb = as_owner("initdb");
        initdb.args(["--auth=trust", "--username=postgres", "--locale=C.UTF-8", "--no-sync", "--pgdata", "data"]);
        assert!(initdb.stdout(Stdio::null()).status().unwrap().success());
        let authority = Authority::new("The authority of this test");
        std::fs::write(folder.path().join("ca.pem"), &authority.certificate).unwrap();
        authority.issue(folder.path(), "server", "localhost", (user, group));
        std::fs::write(folder.path().join("other-ca.pem"), Authority::new("Another authority").certificate).unwrap();
        let hba = "local all postgres trust\nhostssl all all 127.0.0.1/32 cert\n";
        std::fs::write(folder.path().join("data/pg_hba.conf"), hba).unwrap();
        let [port] = free_ports();
        let at = folder.path().display();
        let mut server = as_owner("postgres");
        server.args(["-D", "data", "-p", &port.to_string(), "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]);
        for setting in [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={at}/server.pem"),
            format!("ssl_key_file={at}/server.key"),
            format!("ssl_ca_file={at}/ca.pem"),
            format!("unix_socket_directories={at}"),
        ] {
            server.args(["-c", &setting]);
        }
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let cluster = Self { folder, server, port };
        let began = Instant::now();
        while !cluster.psql("select 1") {
            assert!(began.elapsed() < READY_WITHIN, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        // It makes the other roles itself.
        assert!(cluster.psql("create role pilotfish login createdb createrole"));
        for database in ["main", "main_keyring"] {
            assert!(cluster.psql(&format!("create database {database} owner pilotfish")));
        }
        for (file, name) in [("client", "pilotfish"), ("stranger", "somebody_else")] {
            authority.issue(cluster.folder.path(), file, name, (0, 0));
        }
        cluster
    }

    /// The superuser's statement, through the socket.
    pub(crate) fn psql(&self, statement: &str) -> bool {
        let mut psql = Command::new(programs().join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--username=postgres", "--dbname=postgres", "--command", statement]);
        psql.arg("--host").arg(self.folder.path()).args(["--port", &self.port.to_string()]);
        psql.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    /// The main store's URL, with what stands behind it.
    pub(crate) fn url(&self, query: &str) -> String {
        format!("postgres://pilotfish@localhost:{}/main?{query}", self.port)
    }

    /// What proves to the client who the server is.
    pub(crate) fn root(&self, file: &str) -> String {
        format!("sslmode=verify-full&sslrootcert={}/{file}.pem", self.folder.path().display())
    }

    /// What proves to the server who the client is.
    pub(crate) fn client(&self, file: &str) -> String {
        let at = self.folder.path().display();
        format!("sslcert={at}/{file}.pem&sslkey={at}/{file}.key")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.server);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
        let _ = self.server.wait();
    }
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Writes a certificate and its key for somebody.
    fn issue(&self, folder: &Path, file: &str, name: &str, (user, group): (u32, u32)) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.replace('_', "-")]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        std::fs::write(folder.join(format!("{file}.pem")), params.signed_by(&key, &self.issuer).unwrap().pem())
            .unwrap();
        let path = folder.join(format!("{file}.key"));
        std::fs::write(&path, key.serialize_pem()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(user), Some(group)).unwrap();
    }
}

fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is needed for this test");
    let mut programs: Vec<_> = versions.map(|entry| entry.unwrap().path().join("bin")).collect();
    programs.sort();
    programs.pop().unwrap()
}

/// User and group number of the system's user `postgres`.
fn postgres_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find_map(|line| line.strip_prefix("postgres:")).expect("there is no user postgres");
    let mut numbers = user.split(':').skip(1).map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}
