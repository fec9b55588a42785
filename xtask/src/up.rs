//! `cargo xtask up`: from a fresh clone to a running Pilotfish, in the foreground.

use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Result, bail};
use rustix::process::Signal;

use crate::{needs, paths, process, steps::Steps, web};

/// What is started.
const COMMAND: &str = "demo";
/// Where the data goes, below the root of the repository.
const DATA: &str = "pilotfish-data";
/// The doors that the command opens: name, port, address.
const DOORS: &[(&str, u16, &str)] = &[
    ("dashboard", 8444, "https://dashboard.localhost:8444"),
    ("harbour", 8446, "https://localhost:8446"),
    ("edge", 8443, "https://localhost:8443"),
    ("api", 8445, "https://localhost:8445"),
];

/// Sets up what is missing, builds, serves until Ctrl-C.
pub(crate) fn up() -> Result<()> {
    let mut steps = Steps::new();
    steps.run("what this machine needs", || {
        needs::ensure(&[needs::BUILD])?;
        if web::packages()?.is_empty() { Ok(()) } else { needs::ensure_node() }
    })?;
    steps.run("release build", || {
        let build = ["build", "--release", "--locked", "-p", "pilotfish"];
        process::run(&mut process::command("cargo", &build, &paths::root()))
    })?;
    check_ports()?;
    println!("\n==== pilotfish {COMMAND}");
    let program = paths::target().join("release/pilotfish");
    let began = Instant::now();
    let mut server = process::spawn(
        process::command(&env::current_dir()?.join(program).display().to_string(), &[COMMAND], &paths::root())
            .args(["--data", &format!("./{DATA}")]),
    )?;
    let outcome = wait_until_ready(&mut server, began).and_then(|ready| {
        if ready {
            print_where_to_look(began.elapsed());
        }
        wait_until_stopped(&mut server)
    });
    process::end(&mut server, Signal::INT)?;
    outcome
}

/// Somebody else's door would look like ours.
fn check_ports() -> Result<()> {
    for (name, port, _) in DOORS {
        if let Err(error) = TcpListener::bind(("127.0.0.1", *port)) {
            bail!("the {name}'s port {port} cannot be had ({error}): is another Pilotfish running?");
        }
    }
    Ok(())
}

/// Waits until every door is open; false when we were asked to end before.
fn wait_until_ready(server: &mut Child, began: Instant) -> Result<bool> {
    const LIMIT: Duration = Duration::from_mins(2);
    let open = |port: u16| TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_secs(1)).is_ok();
    while !DOORS.iter().all(|(_, port, _)| open(*port)) {
        if process::interrupted() {
            return Ok(false);
        }
        if let Some(status) = server.try_wait()? {
            bail!("pilotfish {COMMAND} ended before it was ready ({status}); its reason is above");
        }
        if began.elapsed() > LIMIT {
            bail!("pilotfish {COMMAND} is not ready after {} s", LIMIT.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(true)
}

fn print_where_to_look(took: Duration) {
    println!("\nPilotfish is ready ({:.1} s).", took.as_secs_f64());
    for (name, _, address) in DOORS {
        println!("  {name:<10} {address}");
    }
    println!(
        "  {:<10} ./{DATA}/tls/ca.pem signed all of these; `pilotfish trust install` makes browsers trust it",
        "authority"
    );
    println!("First: the set-up link that the server printed above makes you the owner, and its Home takes you on.");
    println!("Then: Harbour, the demo's app, where you meet what the team sees.");
    println!("Ctrl-C stops it.");
}

fn wait_until_stopped(server: &mut Child) -> Result<()> {
    while !process::interrupted() {
        if let Some(status) = server.try_wait()? {
            bail!("pilotfish {COMMAND} has ended ({status})");
        }
        thread::sleep(Duration::from_millis(100));
    }
    println!("\nstopping");
    Ok(())
}
