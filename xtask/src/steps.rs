//! A long command as steps: a heading for each, the time it took, a summary at the end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// The steps so far.
pub(crate) struct Steps {
    began: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), done: Vec::new() }
    }

    /// Runs one step under its heading. The first that fails ends the command.
    pub(crate) fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        if process::interrupted() {
            bail!("interrupted");
        }
        println!("\n==== {name}");
        let began = Instant::now();
        let value = step().with_context(|| format!("{name} (after {})", seconds(began.elapsed())))?;
        println!("---- {name}: {}", seconds(began.elapsed()));
        self.done.push((name.to_owned(), began.elapsed()));
        Ok(value)
    }

    /// Prints what was done and how long each took.
    pub(crate) fn summary(&self) {
        println!("\n==== {} steps passed in {}", self.done.len(), seconds(self.began.elapsed()));
        for (name, took) in &self.done {
            println!("{:>10}  {name}", seconds(*took));
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
