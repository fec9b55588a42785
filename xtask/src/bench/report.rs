//! What `cargo xtask bench events` found, as text and pictures in `docs/`.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::events::QUESTIONS;
use super::plot;
use crate::{machine, paths, process};

const DOCUMENT: &str = "docs/benchmarks.md";
/// What a reading process may take.
pub(super) const MEMORY: f64 = 2_048.0;
/// What is noise in a comparison of two sizes.
const NOISE: f64 = 1.2;

/// The times of one question, in seconds.
#[derive(Default)]
pub(super) struct Row {
    pub(super) ours: Vec<f64>,
    pub(super) encrypted: Vec<f64>,
    pub(super) plain: Vec<(String, Vec<f64>)>,
    pub(super) cold: f64,
    pub(super) cold_encrypted: f64,
}

/// A table of `ClickHouse`'s: bytes an event, seconds that it took to load and merge.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) bytes: f64,
    pub(super) seconds: f64,
}

/// The engine with so many events.
#[derive(Default)]
pub(super) struct Size {
    pub(super) events: u64,
    /// Parts, their rows, their bytes, seconds until the first answer.
    pub(super) facts: [f64; 4],
    /// By question, in seconds.
    pub(super) runs: Vec<Vec<f64>>,
    /// The most memory, in MB, of the process that answers and of that which fills.
    pub(super) peak: f64,
    pub(super) fill_peak: f64,
}

/// Both engines.
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    pub(super) version: String,
    pub(super) tables: Vec<Table>,
    pub(super) size: Size,
    /// Microseconds an event: appending, sealing, merging.
    pub(super) writing: [f64; 3],
    /// The most memory, in MB: of the engine while it answers, of `ClickHouse`, of the engine while it was filled.
    pub(super) peaks: [f64; 3],
}

/// The engine at several sizes.
pub(super) struct Growth {
    pub(super) sizes: Vec<Size>,
}

/// The middle one; of an even number, the mean of both.
pub(super) fn median(runs: &[f64]) -> f64 {
    let mut runs = runs.to_vec();
    runs.sort_by(f64::total_cmp);
    let middle = runs.len() / 2;
    match runs.len() % 2 {
        _ if runs.is_empty() => f64::NAN,
        0 => f64::midpoint(runs[middle - 1], runs[middle]),
        _ => runs[middle],
    }
}

impl Row {
    /// The plain table that answers soonest.
    fn best_plain(&self) -> (&str, f64) {
        let tables = self.plain.iter().map(|(name, runs)| (name.as_str(), median(runs)));
        tables.min_by(|(_, one), (_, other)| one.total_cmp(other)).unwrap_or(("", f64::NAN))
    }

    fn ratio(&self) -> f64 {
        median(&self.encrypted) / median(&self.ours)
    }
}

impl Size {
    fn bytes_an_event(&self) -> f64 {
        self.facts[2] / self.facts[1].max(1.0)
    }
}

impl Report {
    pub(super) fn write(&self) -> Result<()> {
        let mut bars = Vec::new();
        for ((name, ..), row) in QUESTIONS.iter().zip(&self.rows) {
            let values = [median(&row.ours), median(&row.encrypted), row.best_plain().1].map(|time| time * 1e3);
            bars.push((*name, values));
        }
        let what = "How long each question takes, as a part of ClickHouse's time on an encrypted disk";
        let picture = plot::bars(what, ["Pilotfish", "ClickHouse, encrypted", "ClickHouse, best plain layout"], &bars);
        fs::write(paths::root().join("docs/benchmarks-events.svg"), picture)?;
        put("events", &self.text()?)
    }

    fn text(&self) -> Result<String> {
        let mut text = format!(
            "`cargo xtask bench events --events {}`, {}: {} events of 200,000 people, 60 names, 90 days, 12 properties; \
             chdb 4.4.0 (ClickHouse {}) in a process of its own, both with 2 threads. Median of {} rounds in which all take turns; \
             answers compared each time.\n\n",
            self.size.events,
            occasion()?,
            thousands(self.size.events),
            self.version,
            self.rows.first().map_or(0, |row| row.ours.len()),
        );
        text.push_str(
            "| question | | Pilotfish | ClickHouse, encrypted | ratio | goal | first, cold | ClickHouse's | best plain layout | ratio |\n\
             |---|---|---|---|---|---|---|---|---|---|\n",
        );
        for ((name, what, goal), row) in QUESTIONS.iter().zip(&self.rows) {
            let (ratio, (plain, plain_time)) = (row.ratio(), row.best_plain());
            let verdict = if ratio >= *goal { "" } else { ", missed" };
            writeln!(
                text,
                "| {name} | {what} | {} | {} | {ratio:.2} | {goal}{verdict} | {} | {} | {}, `{plain}` | {:.2} |",
                ms(median(&row.ours)),
                ms(median(&row.encrypted)),
                ms(row.cold),
                ms(row.cold_encrypted),
                ms(plain_time),
                plain_time / median(&row.ours),
            )?;
        }
        let [parts, .., opening] = self.size.facts;
        let [appending, sealing, merging] = self.writing;
        let [ours, theirs, filling] = self.peaks;
        write!(
            text,
            "\n![A picture of the table](benchmarks-events.svg)\n\n\
             | bytes an event | |\n|---|---|\n| Pilotfish, {parts} parts | {:.1} |\n",
            self.size.bytes_an_event()
        )?;
        for Table { name, bytes, seconds } in &self.tables {
            writeln!(text, "| ClickHouse, `{name}` (written in {seconds:.0} s) | {bytes:.1} |")?;
        }
        writeln!(
            text,
            "\nWriting an event takes {appending:.1} µs until it is durable in the log, {sealing:.1} µs to seal and {merging:.1} µs \
             to merge it. Memory at most: {ours:.0} MB while answering, {filling:.0} MB while writing; ClickHouse {theirs:.0} MB. \
             Opening and the first answer: {opening:.2} s.",
        )?;
        Ok(text)
    }
}

impl Growth {
    pub(super) fn write(&self) -> Result<()> {
        let lines: Vec<(&str, Vec<f64>)> = QUESTIONS
            .iter()
            .enumerate()
            .map(|(at, (name, ..))| (*name, self.sizes.iter().map(|size| median(&size.runs[at]) * 1e3).collect()))
            .collect();
        let events: Vec<u64> = self.sizes.iter().map(|size| size.events).collect();
        let memory: Vec<f64> = self.sizes.iter().map(|size| size.peak).collect();
        fs::write(paths::root().join("docs/benchmarks-growth.svg"), plot::growth(&events, &lines, &memory))?;
        put("events growth", &self.text()?)
    }

    fn text(&self) -> Result<String> {
        let most = self.sizes.last().map_or(0, |size| size.events);
        let mut text = format!("`cargo xtask bench events --growth --events {most}`, {}.\n\n| events |", occasion()?);
        for (name, ..) in QUESTIONS {
            write!(text, " {name} |")?;
        }
        text.push_str(" memory | while writing | bytes an event | parts | opening |\n|---|");
        text.push_str(&"---|".repeat(QUESTIONS.len() + 5));
        text.push('\n');
        for size in &self.sizes {
            write!(text, "| {} |", thousands(size.events))?;
            for runs in &size.runs {
                write!(text, " {} |", ms(median(runs)))?;
            }
            let [parts, .., opening] = size.facts;
            let (peak, filling, bytes) = (size.peak, size.fill_peak, size.bytes_an_event());
            writeln!(text, " {peak:.0} MB | {filling:.0} MB | {bytes:.1} | {parts} | {opening:.2} s |")?;
        }
        writeln!(text, "\n{}\n\n![How times and memory grow](benchmarks-growth.svg)", self.verdict())?;
        Ok(text)
    }

    /// Whether the largest size takes at most its share of the time of each smaller one, and memory stays within limits.
    fn verdict(&self) -> String {
        let Some((last, smaller)) = self.sizes.split_last() else { return String::new() };
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let share = |size: &Size| last.events as f64 / size.events as f64;
        let worse = QUESTIONS.iter().enumerate().filter(|(at, _)| {
            let time = |size: &Size| median(&size.runs[*at]);
            // The smallest sizes are not what a large one grows from: what is fixed in them would hide what grows.
            smaller.iter().rev().take(2).any(|size| time(last) > time(size) * share(size) * NOISE)
        });
        let worse: Vec<&str> = worse.map(|(_, (name, ..))| *name).collect();
        let time = if worse.is_empty() {
            "No question's time grows faster than the number of events".to_owned()
        } else {
            format!("The time of {} grows faster than the number of events", worse.join(", "))
        };
        let within = last.peak < MEMORY;
        format!("{time}; memory {} 2 GB.", if within { "stays under" } else { "goes over" })
    }
}

fn ms(seconds: f64) -> String {
    let ms = seconds * 1e3;
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

/// A number with commas.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// When, on which code and on which machine.
fn occasion() -> Result<String> {
    let read = |program: &str, arguments: &[&str]| -> Result<String> {
        let output = process::output(Command::new(program).args(arguments).current_dir(paths::root()))?;
        Ok(String::from_utf8(output)?.trim().to_owned())
    };
    let date = read("date", &["-u", "+%-d %B %Y"])?;
    let commit = read("git", &["rev-parse", "--short", "HEAD"])?;
    let changed = !read("git", &["status", "--porcelain", "--", "crates/events", "Cargo.lock"])?.is_empty();
    let changed = if changed { " with changes" } else { "" };
    Ok(format!("{date}, commit `{commit}`{changed}, {}", machine::line()))
}

/// Prints a text and puts it between its marks in the document.
fn put(mark: &str, text: &str) -> Result<()> {
    println!("\n{text}");
    let path = paths::root().join(DOCUMENT);
    let document = fs::read_to_string(&path)?;
    let [begin, end] = ["begin", "end"].map(|what| format!("<!-- bench {mark}: {what} -->\n"));
    let (before, rest) = document.split_once(&begin).with_context(|| format!("{DOCUMENT} has no {begin}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("{DOCUMENT} has no {end}"))?;
    fs::write(&path, format!("{before}{begin}{text}{end}{after}"))?;
    println!("written to {DOCUMENT}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0]) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn thousands_have_commas() {
        assert_eq!([7, 1_000, 10_000_000].map(thousands), ["7", "1,000", "10,000,000"]);
    }

    #[test]
    fn growth_beyond_the_number_of_events_is_told() {
        let size =
            |events, time, peak| Size { events, runs: vec![vec![time]; QUESTIONS.len()], peak, ..Size::default() };
        let fine = Growth { sizes: vec![size(10, 1.0, 100.0), size(100, 9.0, 1_000.0)] };
        assert_eq!(
            fine.verdict(),
            "No question's time grows faster than the number of events; memory stays under 2 GB."
        );
        let bad = Growth { sizes: vec![size(10, 1.0, 100.0), size(100, 13.0, 3_000.0)] };
        assert!(bad.verdict().starts_with("The time of trend, unique") && bad.verdict().contains("goes over"));
    }
}
