//! A process that appends until it is done or killed, and notes what was acknowledged. Started by other tests as this
//! test binary again, so that real faults meet it: signals, limits, `strace` injecting errors.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base::SystemClock;
use events::Options;

use crate::support::{ENVIRONMENT, environment, event, open};

/// What a child is to do, in the file `plan` of its working folder: first number, batches, batch size, tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) first: u64,
    pub(crate) batches: u64,
    pub(crate) size: u64,
    pub(crate) tasks: u64,
}

/// A child's working folder.
pub(crate) struct Stage(pub(crate) tempfile::TempDir);

impl Stage {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// The child's command behind `wrapper`.
    pub(crate) fn command(&self, plan: Plan, wrapper: &[&str]) -> Command {
        let Plan { first, batches, size, tasks } = plan;
        std::fs::write(self.0.path().join("plan"), format!("{first} {batches} {size} {tasks}")).unwrap();
        let program = std::env::current_exe().unwrap();
        let test = ["--exact", "child::append_as_planned", "--ignored", "--nocapture", "--test-threads=1"];
        let mut command = match wrapper.split_first() {
            None => Command::new(program),
            Some((wrapper, arguments)) => {
                let mut command = Command::new(wrapper);
                command.args(arguments).arg(program);
                command
            }
        };
        command.args(test).current_dir(self.0.path());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command
    }

    /// The numbers that children said were acknowledged, each as often as it was.
    pub(crate) fn acknowledged(&self) -> Vec<u64> {
        let mut text = String::new();
        if let Ok(mut file) = File::open(self.0.path().join("acknowledged")) {
            file.read_to_string(&mut text).unwrap();
        }
        // A line that the kill cut short was not said.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().filter(|line| !line.ends_with(CUT)).map(|line| line.parse().unwrap()).collect()
    }
}

/// What ends a line that a kill cut short.
const CUT: char = '?';

/// Where a child notes what was acknowledged, behind what those before it noted.
pub(crate) fn notes() -> File {
    let mut notes = OpenOptions::new().append(true).create(true).open("acknowledged").unwrap();
    notes.write_all(format!("{CUT}\n").as_bytes()).unwrap();
    notes
}

#[test]
#[ignore = "run by other tests, as a process of its own"]
fn append_as_planned() {
    let Ok(plan) = std::fs::read_to_string("plan") else { return };
    let numbers: Vec<u64> = plan.split(' ').map(|number| number.parse().unwrap()).collect();
    let &[first, batches, size, tasks] = &numbers[..] else { panic!("no plan: {plan}") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(act(Plan { first, batches, size, tasks }));
}

async fn act(plan: Plan) {
    use base::Clock;
    let (log, _) = open(Path::new("data"), Arc::new(SystemClock), Options { roll_bytes: 20_000, ..Options::default() });
    let log = Arc::new(log);
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..plan.tasks {
        let log = Arc::clone(&log);
        tasks.spawn(async move {
            let mut said = notes();
            for batch in (task..plan.batches).step_by(usize::try_from(plan.tasks).unwrap()) {
                let numbers = plan.first + batch * plan.size..plan.first + (batch + 1) * plan.size;
                let events: Vec<_> = numbers.clone().map(|number| event(number, SystemClock.now())).collect();
                // As a client does: again until it is acknowledged, a few times.
                for _ in 0..4 {
                    if log.append(environment(ENVIRONMENT), events.clone()).await.is_ok() {
                        let lines: Vec<_> = numbers.map(|number| number.to_string()).collect();
                        said.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
                        break;
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    log.shutdown().await;
}
