//! A throw-away PostgreSQL for the tests: its own folder, its own port, gone afterwards.
//!
//! Tests connect as a role that may create databases and is *not* a superuser, since superusers bypass row-level
//! security. The superuser is reachable only through the socket, in a folder that only its owner can enter. The server
//! ends with us even when we are killed (`setpriv --pdeathsig`); a folder that was left behind is removed by the next run.

use std::fs::{self, File, Permissions};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use crate::{needs, paths, process};

const PREFIX: &str = "pilotfish-test-postgres-";
/// Nothing here needs to outlive a crash, and many tests run at once.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 300
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
jit = off
log_timezone = 'UTC'
timezone = 'UTC'
";

/// The processes that have a role in the databases.
const ROLES: [&str; 4] = ["edge", "api", "dashboard", "worker"];

/// A running server; dropping it stops it and removes its folder.
pub(crate) struct Postgres {
    folder: PathBuf,
    server: Option<Child>,
    url: String,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub(crate) fn start() -> Result<Self> {
        remove_leftovers();
        let folder = env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let mut postgres = Self { folder, server: None, url: String::new() };
        postgres.make_cluster()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        postgres.serve(port)?;
        postgres.make_role(port)?;
        Ok(postgres)
    }

    /// What `PILOTFISH_TEST_POSTGRES` is set to.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn make_cluster(&self) -> Result<()> {
        if rustix::process::geteuid().is_root() {
            let (user, group) = postgres_user()?;
            chown(&self.folder, Some(user), Some(group))?;
        }
        // The role's password is checked by the server, so that an unoptimised client need not compute SCRAM.
        let options = ["--auth-local=trust", "--auth-host=password", "--username=postgres", "--encoding=UTF8"];
        let mut initdb = self.as_owner("initdb")?;
        initdb.args(options).args(["--locale=C.UTF-8", "--no-sync"]).arg("--pgdata").arg(self.folder.join("data"));
        process::output(&mut initdb)?;
        let mut settings = File::options().append(true).open(self.folder.join("data/postgresql.conf"))?;
        settings.write_all(SETTINGS.as_bytes())?;
        writeln!(settings, "unix_socket_directories = '{}'", self.folder.display())?;
        Ok(())
    }

    fn serve(&mut self, port: u16) -> Result<()> {
        let log = File::create(self.folder.join("log"))?;
        log.set_permissions(Permissions::from_mode(0o600))?;
        let mut command = self.as_owner("postgres")?;
        command.arg("-D").arg(self.folder.join("data")).args(["-p", &port.to_string()]);
        self.server = Some(process::spawn(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log))?);
        let ready = self.folder.join(format!(".s.PGSQL.{port}"));
        let began = Instant::now();
        while !ready.exists() || !process::quietly(&mut self.psql(port, "select 1")?) {
            let ended =
                self.server.as_mut().is_none_or(|server| server.try_wait().is_ok_and(|status| status.is_some()));
            if ended || began.elapsed() > Duration::from_mins(1) || process::interrupted() {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("PostgreSQL does not start:\n{log}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn make_role(&mut self, port: u16) -> Result<()> {
        let password = random_hex()?;
        let role = format!("create role pilotfish login createdb nosuperuser nobypassrls password '{password}'");
        // What must never serve, for the test that it is refused.
        let unfenced = format!("create role pilotfish_unfenced login nosuperuser bypassrls password '{password}'");
        // The owner of the databases may not make roles: they are made as an operator's superuser makes them.
        let file = paths::root().join("deploy/postgresql/roles.sql");
        let roles = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut statements = vec![role, unfenced, roles, "create database pilotfish owner pilotfish".to_owned()];
        for name in ROLES {
            // One to log in for each.
            let login = format!("pilotfish_test_{name}");
            statements.push(format!(
                "create role {login} login nosuperuser nobypassrls password '{password}'; grant pilotfish_{name} to {login}"
            ));
        }
        for statement in statements {
            process::output(&mut self.psql(port, &statement)?)?;
        }
        self.url = format!("postgres://pilotfish:{password}@127.0.0.1:{port}/pilotfish");
        Ok(())
    }

    /// A statement of the superuser's, through the socket.
    fn psql(&self, port: u16, statement: &str) -> Result<Command> {
        let mut psql = Command::new(needs::postgres_programs()?.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--username=postgres", "--dbname=postgres", "--command", statement]);
        psql.arg("--host").arg(&self.folder).args(["--port", &port.to_string()]).current_dir(&self.folder);
        Ok(psql)
    }

    /// One of PostgreSQL's programs, run by the cluster's owner: root may not be it.
    fn as_owner(&self, program: &str) -> Result<Command> {
        let mut command = Command::new("setpriv");
        command.current_dir(&self.folder).args(["--pdeathsig", "QUIT"]);
        if rustix::process::geteuid().is_root() {
            command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
        }
        command.arg(needs::postgres_programs()?.join(program));
        Ok(command)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server
            && let Err(error) = process::end(server, Signal::INT)
        {
            eprintln!("cannot stop PostgreSQL: {error:#}");
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// `cargo xtask postgres`: the same server, for runs of `cargo test` by hand and for a look at it with psql.
pub(crate) fn serve() -> Result<()> {
    needs::ensure(&[needs::TEST])?;
    let mut postgres = Postgres::start()?;
    println!("\nexport PILOTFISH_TEST_POSTGRES='{}'\n\nCtrl-C stops it.", postgres.url());
    match &mut postgres.server {
        Some(server) => while_running(server),
        None => Ok(()),
    }
}

fn while_running(server: &mut Child) -> Result<()> {
    while !process::interrupted() {
        if let Some(status) = server.try_wait()? {
            bail!("PostgreSQL has ended ({status})");
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Removes the folders of runs that were killed.
fn remove_leftovers() {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix(PREFIX) else { continue };
        if !Path::new("/proc").join(owner).exists() {
            // Another user's cannot be removed by us, and need not be.
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// User and group number of the system's user `postgres`.
fn postgres_user() -> Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let user = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let mut numbers = user.context("there is no user postgres")?.split(':').skip(1);
    let mut number = || numbers.next().context("/etc/passwd is cut off")?.parse().context("/etc/passwd is odd");
    Ok((number()?, number()?))
}

fn random_hex() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
