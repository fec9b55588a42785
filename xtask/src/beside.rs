//! A command that runs beside others, on what they leave of the processors.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Child;

use anyhow::{Context as _, Result, anyhow};
use rustix::process::Signal;

use crate::{paths, process};

/// A command under way; dropping it ends it.
pub(crate) struct Beside {
    child: Child,
    /// Where it writes what it says, so that it does not stand between other lines.
    said: PathBuf,
}

impl Beside {
    /// Starts a command at the lowest priority; `name` is a file's name, too.
    pub(crate) fn start(name: &str, program: &str, arguments: &[&str]) -> Result<Self> {
        fs::create_dir_all(paths::target())?;
        let said = paths::target().join(format!("{name}.txt"));
        let file = File::create(&said).with_context(|| format!("cannot write {}", said.display()))?;
        let mut command = process::command("nice", &["-n", "19", program], &paths::root());
        let child = process::spawn(command.args(arguments).stdout(file.try_clone()?).stderr(file))?;
        Ok(Self { child, said })
    }

    /// Waits for its end and prints what it said; anything but success is an error.
    pub(crate) fn end(mut self) -> Result<()> {
        let status = process::wait(&mut self.child)?;
        print!("{}", fs::read_to_string(&self.said)?);
        if status.success() { Ok(()) } else { Err(anyhow!("it ended with {status}")) }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = process::end(&mut self.child, Signal::TERM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_at_the_end_and_what_is_dropped_ends() {
        Beside::start("beside-good", "true", &[]).unwrap().end().unwrap();
        let error = Beside::start("beside-bad", "sh", &["-c", "exit 3"]).unwrap().end().unwrap_err();
        assert!(error.to_string().contains('3'), "{error}");
        let long = Beside::start("beside-long", "sleep", &["1000"]).unwrap();
        let process = rustix::process::Pid::from_child(&long.child);
        drop(long);
        assert!(rustix::process::test_kill_process(process).is_err(), "it still runs");
    }
}
