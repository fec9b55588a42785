//! A program that is asked by lines and answers each with one line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use crate::process;

/// How long a program may take to end once nothing more is asked.
const END: Duration = Duration::from_secs(20);

/// The program. It ends with its owner.
pub(super) struct Talk {
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Talk {
    /// Starts it and waits until it is ready.
    pub(super) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let mut child = process::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("a program without an output")?);
        let mut talk = Self { name, child, input, output };
        let first = talk.line()?;
        if first != "ready" {
            bail!("{name} says {first}");
        }
        Ok(talk)
    }

    /// Asks and waits for the answer.
    pub(super) fn ask(&mut self, question: &str) -> Result<String> {
        if process::interrupted() {
            bail!("interrupted");
        }
        let input = self.input.as_mut().context("it was told to end")?;
        writeln!(input, "{question}").and_then(|()| input.flush()).with_context(|| format!("{} ended", self.name))?;
        self.line().with_context(|| format!("{} was asked: {question}", self.name))
    }

    /// Asks for an answer with its time in seconds.
    pub(super) fn time(&mut self, question: &str) -> Result<(f64, String)> {
        let line = self.ask(question)?;
        let (seconds, answer) = line.split_once('\t').with_context(|| format!("{} answers {line}", self.name))?;
        Ok((seconds.parse()?, answer.to_owned()))
    }

    /// Asks for numbers.
    pub(super) fn numbers(&mut self, question: &str) -> Result<Vec<f64>> {
        let line = self.ask(question)?;
        line.split(' ').map(|word| word.parse().with_context(|| format!("{} answers {line}", self.name))).collect()
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("{} ended", self.name);
        }
        Ok(line.trim_end_matches('\n').to_owned())
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // Both programs end with their input.
        self.input = None;
        let asked = Instant::now();
        while asked.elapsed() < END && !process::interrupted() {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = process::end(&mut self.child, Signal::TERM);
    }
}
