//! Child processes that end when we end.
//!
//! Each child leads a process group of its own, so that a Ctrl-C reaches us only; we hand it on to the whole group
//! (cargo and the test programs below it), wait, and kill what is still there. A second Ctrl-C kills at once.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

const POLL: Duration = Duration::from_millis(20);
/// How long a child may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(30);

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

/// Counts Ctrl-C and requests to end from now on, instead of dying of them.
pub(crate) fn listen_for_signals() -> Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        for _ in &mut signals {
            SIGNALS.fetch_add(1, Ordering::SeqCst);
        }
    });
    Ok(())
}

/// Whether somebody asked us to end.
pub(crate) fn interrupted() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0
}

/// A command with its arguments, to be run in the given folder.
pub(crate) fn command(program: &str, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    // What cargo told us of this package. Build scripts look at it, and would run again for a cargo that we start and for
    // one that somebody starts by hand, in turns.
    let of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(of_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Starts a child in a process group of its own.
pub(crate) fn spawn(command: &mut Command) -> Result<Child> {
    command.process_group(0).spawn().with_context(|| format!("cannot start {}", line(command)))
}

/// Prints the command, runs it and waits for it; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", line(command));
    let mut child = spawn(command)?;
    succeeded(wait(&mut child)?, command)
}

/// Like [`run`], hands each line of the standard output to `each`.
pub(crate) fn run_lines(command: &mut Command, mut each: impl FnMut(&str) + Send) -> Result<()> {
    println!("$ {}", line(command));
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let output = child.stdout.take().context("the child has no standard output")?;
    let status = thread::scope(|scope| {
        scope.spawn(move || BufReader::new(output).lines().map_while(Result::ok).for_each(|line| each(&line)));
        wait(&mut child)
    })?;
    succeeded(status, command)
}

/// Runs a command in silence and gives its standard output.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {}", line(command)))?;
    succeeded(output.status, command)?;
    Ok(output.stdout)
}

/// Whether a command can be started and succeeds. Says nothing.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    quietly(Command::new(program).args(arguments))
}

/// Whether this command can be started and succeeds. Says nothing.
pub(crate) fn quietly(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Waits for the child's end; when we are asked to end, ends it first.
pub(crate) fn wait(child: &mut Child) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupted() {
            end(child, Signal::INT)?;
            bail!("interrupted");
        }
        thread::sleep(POLL);
    }
}

/// Asks the child's group to end, and kills it when it does not in time.
pub(crate) fn end(child: &mut Child, signal: Signal) -> Result<ExitStatus> {
    let group = Pid::from_child(child);
    let signals = SIGNALS.load(Ordering::SeqCst);
    if let Some(status) = child.try_wait()? {
        return Ok(status);
    }
    kill_process_group(group, signal)?;
    let asked = Instant::now();
    while asked.elapsed() < GRACE && SIGNALS.load(Ordering::SeqCst) == signals {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(POLL);
    }
    kill_process_group(group, Signal::KILL)?;
    Ok(child.wait()?)
}

fn succeeded(status: ExitStatus, command: &Command) -> Result<()> {
    if status.success() { Ok(()) } else { Err(anyhow!("{} failed ({status})", line(command))) }
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
