//! The binary `pilotfish`. It alone reads the environment, the configuration file and the command line, and puts the
//! parts together. Exit codes: 0 done, 1 refused or failed (the reason is on standard error), 2 usage.

mod args;
mod config;
mod control;
mod demo;
mod events_command;
mod grants_command;
mod init;
mod keys_command;
mod logging;
mod mail;
mod members_command;
mod open;
mod root_key;
mod sabotage;
mod serve;
mod serving;
mod sockets;
mod tls;
mod trust;
mod urls;

use std::io::Write as _;
use std::process::ExitCode;

use args::{Cli, Command, EventsCommand, GrantCommand, KeysCommand, MembersCommand, MigrateArgs, TrustCommand};
use product::Databases;
use sockets::Sockets;

/// Taking in events is many small allocations: this allocator does it with a fifth less processor time than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the end of the process waits for connections to be closed.
const CLOSES_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Why a command failed, for people.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It could not be done.
    #[error("{0}")]
    Refused(String),
    /// It was asked for in a way that cannot be meant.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// The failure of something, with its causes.
    fn of(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::Refused(text)
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(_) => ExitCode::FAILURE,
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

/// Makes a [`Failure`] of what can say why it failed.
macro_rules! failures {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self { Self::of(&error) }
        }
    )+};
}

failures!(
    std::io::Error,
    keys::EscrowError,
    keys::ProviderError,
    product::OpenError,
    product::doors::CertificateError,
    product::doors::ServeError,
    store::StoreError
);

impl From<base::Problem> for Failure {
    fn from(problem: base::Problem) -> Self {
        let mut text = problem.detail.unwrap_or_else(|| problem.code.title().to_owned());
        for field in problem.errors {
            text = format!("{}: {}", field.pointer.trim_start_matches('/'), field.detail);
        }
        Self::Refused(text)
    }
}

fn main() -> ExitCode {
    // What is written is for this user alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    if let Err(error) = keys::harden_process() {
        complain(&format!("cannot keep this process's memory to itself: {error}"));
        return ExitCode::FAILURE;
    }
    open_files();
    let cli = match config::read() {
        Ok(cli) => cli,
        Err(config::ConfigError::Usage(error)) => error.exit(),
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::from(2);
        }
    };
    match begin(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn begin(cli: Cli) -> Result<(), Failure> {
    let sockets = Sockets::passed()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Refused(format!("the runtime did not start: {error}")))?;
    runtime.block_on(async {
        let done = Box::pin(run(cli, sockets)).await;
        // Who does not let go of a connection keeps no process from its end.
        let _ = tokio::time::timeout(CLOSES_WITHIN, store::closed()).await;
        done
    })
}

/// As many open files as this user may have: each connection is one, and what is left over is for the stores.
fn open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // A limit that stays lower only means that fewer connections are accepted at a time.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

async fn run(cli: Cli, sockets: Sockets) -> Result<(), Failure> {
    match cli.command {
        Command::Init(args) => init::run(args).await,
        Command::Migrate(args) => migrate(&args).await,
        Command::Serve(args) => serve::run(*args, None, sockets).await,
        Command::Demo(args) => demo::run(*args, sockets).await,
        Command::DemoSabotage { command } => sabotage::run(&command),
        Command::Keys { command: KeysCommand::Escrow(args) } => keys_command::escrow(&args),
        Command::Keys { command: KeysCommand::Restore(args) } => keys_command::restore(&args),
        Command::Keys { command: KeysCommand::Issue(args) } => keys_command::issue(&args).await,
        Command::Keys { command: KeysCommand::List(args) } => keys_command::list(&args).await,
        Command::Keys { command: KeysCommand::Rotate(args) } => keys_command::rotate(&args).await,
        Command::Keys { command: KeysCommand::Grant { command } } => match command {
            GrantCommand::Edge(args) => grants_command::edge(&args).await,
            GrantCommand::List(args) => grants_command::list(&args).await,
            GrantCommand::Revoke(args) => grants_command::revoke(&args).await,
        },
        Command::Events { command: EventsCommand::Verify(args) } => events_command::verify(&args).await,
        Command::Members { command: MembersCommand::ResetLink(args) } => members_command::reset_link(&args).await,
        Command::Trust { command: TrustCommand::Install(args) } => trust::install(&args),
    }
}

/// Brings the databases to this release's schema.
async fn migrate(args: &MigrateArgs) -> Result<(), Failure> {
    let Databases::Postgres { main, keyring } = open::databases(&args.database)? else {
        return Err(Failure::Usage(
            "migrate: name the databases with --database: embedded stores migrate at start".to_owned(),
        ));
    };
    product::migrate(&main, &keyring).await?;
    Ok(say("both databases have this release's schema")?)
}

/// Prints on standard output, which may be closed or full.
fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Says on standard error why it ends. If nobody can be told, the exit code still says it.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "pilotfish: {text}");
}
