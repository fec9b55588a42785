//! `cargo xtask bench events`: the event engine beside `ClickHouse`, asked the same questions in turns, and how the
//! engine's answers grow with the number of events.
//!
//! Both are programs of their own: the example `bench_events` of the crate `events`, and `tests/bench/events.py`, which
//! runs chdb in its own process. Every answer of one has to be the other's, or the run fails. A goal that is missed does
//! not fail it: the table says so.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::report::{Growth, Report, Row, Size, Table};
use super::talk::Talk;
use crate::{needs, paths, process, python};

/// The example that is the engine's side.
pub(super) const EXAMPLE: &str = "bench_events";

/// A question: its name, what it is in words, how many times as fast as `ClickHouse` it should be.
pub(super) const QUESTIONS: [(&str, &str, f64); 9] = [
    ("trend", "events of one name a day", 2.0),
    ("unique", "people a day and over the range", 2.0),
    ("funnel", "3 steps within 7 days", 1.3),
    ("retention", "12 weeks after the first week", 1.3),
    ("breakdown", "a trend by 40 countries, 10 shown", 1.0),
    ("text", "a trend filtered by a text", 1.0),
    ("number", "a trend filtered by a number", 1.0),
    ("did", "people a day who did A 3 times in 30 days", 1.0),
    ("timeline", "one person's newest 50 events", 1.0),
];

/// The table that we are measured against: on an encrypted disk, in our order.
const ENCRYPTED: &str = "encrypted";
/// Tables on a plain disk, in orders that suit one question or another.
const PLAIN: [&str; 3] = ["by_person", "by_event_time", "by_event_person"];

const ROUNDS: u64 = 9;
/// Numbers of events that growth is measured at.
const SIZES: [u64; 5] = [1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000];

/// What to measure.
pub(crate) struct Options {
    events: Option<u64>,
    growth: bool,
}

impl Options {
    /// Reads `[--events N] [--growth]`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { events: None, growth: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--growth" => options.growth = true,
                "--events" => {
                    let number = words.next().context("--events wants a number")?;
                    options.events = Some(number.replace(['_', ','], "").parse().context("--events wants a number")?);
                }
                other => bail!("bench events takes --events N and --growth, not {other}"),
            }
        }
        if options.events.is_some_and(|events| events < 10_000) {
            bail!("fewer than 10,000 events measure nothing");
        }
        Ok(options)
    }
}

/// Measures, prints and writes the report.
pub(crate) fn run(options: &Options) -> Result<()> {
    needs::ensure(&[needs::BUILD])?;
    let build = ["build", "--release", "--locked", "-p", "events", "--example", EXAMPLE];
    process::run(&mut process::command("cargo", &build, &paths::root()))?;
    let folder = Folder::new()?;
    if options.growth {
        let most = options.events.unwrap_or(SIZES[SIZES.len() - 1]);
        let sizes = SIZES.iter().copied().filter(|size| *size < most).chain([most]);
        Growth { sizes: sizes.map(|events| size(&folder.0, events)).collect::<Result<_>>()? }.write()
    } else {
        beside(&folder.0, options.events.unwrap_or(10_000_000))?.write()
    }
}

/// A folder for data that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let folder = std::path::absolute(paths::target().join("bench-events"))?;
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn engine() -> PathBuf {
    paths::target().join("release/examples").join(EXAMPLE)
}

/// Fills a folder; microseconds an event for appending, sealing and merging, and the most memory that it took, in MB.
fn fill(data: &Path, events: u64, export: Option<&Path>) -> Result<[f64; 4]> {
    let program = engine().display().to_string();
    let mut command = process::command(&program, &["fill"], &paths::root());
    command.arg(data).arg(events.to_string()).args(export);
    let mut last = String::new();
    process::run_lines(&mut command, |line| line.clone_into(&mut last))?;
    let numbers = last.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    numbers.try_into().map_err(|_| anyhow::anyhow!("filling says {last}"))
}

fn serve(data: &Path) -> Result<Talk> {
    let program = engine().display().to_string();
    Talk::start("the engine", process::command(&program, &["serve"], &paths::root()).arg(data))
}

/// Both engines, in turns.
fn beside(folder: &Path, events: u64) -> Result<Report> {
    let python = python::install_bench()?.display().to_string();
    let (data, other, rows) = (folder.join("data"), folder.join("clickhouse"), folder.join("rows"));
    let filled = fill(&data, events, Some(&rows))?;
    fs::create_dir_all(&other)?;
    println!("ClickHouse loads the events");
    let mut theirs = process::command(&python, &["tests/bench/events.py"], &paths::root());
    let mut theirs = Talk::start("ClickHouse", theirs.arg(&other).arg(&rows))?;
    let mut ours = serve(&data)?;
    let mut rows: Vec<Row> = QUESTIONS.iter().map(|_| Row::default()).collect();
    for ((question, ..), row) in QUESTIONS.iter().zip(&mut rows) {
        theirs.ask(&format!("cold {} {}", data.display(), other.display()))?;
        row.cold = ours.time(&format!("{question} 0"))?.0;
        row.cold_encrypted = theirs.time(&format!("{ENCRYPTED} {question} 0"))?.0;
    }
    for round in 0..ROUNDS {
        println!("round {} of {ROUNDS}", round + 1);
        for ((question, ..), row) in QUESTIONS.iter().zip(&mut rows) {
            ask(question, round, row, &mut ours, &mut theirs)?;
        }
    }
    let facts = ours.numbers("facts")?;
    let (version, tables) = tables(&theirs.ask("facts")?)?;
    let [appending, sealing, merging, fill_peak] = filled;
    Ok(Report {
        rows,
        version,
        tables,
        size: Size { events, facts: facts.try_into().map_err(|_| anyhow::anyhow!("no facts"))?, ..Size::default() },
        writing: [appending, sealing, merging],
        peaks: [ours.numbers("peak")?[0], theirs.numbers("peak")?[0], fill_peak],
    })
}

/// One question of one round, to everybody.
fn ask(question: &str, round: u64, row: &mut Row, ours: &mut Talk, theirs: &mut Talk) -> Result<()> {
    let asked = |theirs: &mut Talk, table: &str| theirs.time(&format!("{table} {question} {round}"));
    // Who comes first takes turns, too.
    let (own, other);
    if round.is_multiple_of(2) {
        own = ours.time(&format!("{question} {round}"))?;
        other = asked(theirs, ENCRYPTED)?;
    } else {
        other = asked(theirs, ENCRYPTED)?;
        own = ours.time(&format!("{question} {round}"))?;
    }
    same(question, ENCRYPTED, &own.1, &other.1)?;
    row.ours.push(own.0);
    row.encrypted.push(other.0);
    for (place, table) in PLAIN.iter().enumerate() {
        let (seconds, answer) = asked(theirs, table)?;
        same(question, table, &own.1, &answer)?;
        row.plain.resize_with(PLAIN.len(), || (String::new(), Vec::new()));
        (*table).clone_into(&mut row.plain[place].0);
        row.plain[place].1.push(seconds);
    }
    Ok(())
}

fn same(question: &str, table: &str, ours: &str, theirs: &str) -> Result<()> {
    if ours == theirs {
        return Ok(());
    }
    let differs = ours.split(' ').zip(theirs.split(' ')).position(|(one, other)| one != other);
    bail!("{question}: the answers differ from ClickHouse's table {table} at {differs:?}\n{ours}\n{theirs}")
}

/// `VERSION TABLE=BYTES/SECONDS…`
fn tables(line: &str) -> Result<(String, Vec<Table>)> {
    let mut words = line.split(' ');
    let version = words.next().unwrap_or_default().to_owned();
    let tables = words.map(|word| {
        let (name, figures) = word.split_once('=').context("a table without figures")?;
        let (bytes, seconds) = figures.split_once('/').context("a table without seconds")?;
        Ok(Table { name: name.to_owned(), bytes: bytes.parse()?, seconds: seconds.parse()? })
    });
    Ok((version, tables.collect::<Result<_>>()?))
}

/// The engine alone, with so many events.
fn size(folder: &Path, events: u64) -> Result<Size> {
    let data = folder.join("data");
    let [.., fill_peak] = fill(&data, events, None)?;
    let mut ours = serve(&data)?;
    let mut runs = vec![Vec::new(); QUESTIONS.len()];
    for round in 0..ROUNDS {
        for ((question, ..), runs) in QUESTIONS.iter().zip(&mut runs) {
            runs.push(ours.time(&format!("{question} {round}"))?.0);
        }
    }
    let facts = ours.numbers("facts")?.try_into().map_err(|_| anyhow::anyhow!("no facts"))?;
    let peak = ours.numbers("peak")?[0];
    drop(ours);
    fs::remove_dir_all(&data)?;
    Ok(Size { events, facts, runs, peak, fill_peak })
}
