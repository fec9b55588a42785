//! Pictures of figures, as SVG.

#![allow(clippy::cast_precision_loss, reason = "coordinates")]

use std::fmt::{Display, Write as _};

use super::report::{MEMORY, thousands};

const COLOURS: [&str; 9] =
    ["#0E7490", "#B45309", "#15803D", "#7C3AED", "#BE123C", "#0B1F33", "#A16207", "#0369A1", "#9D174D"];

struct Picture(String);

impl Picture {
    fn new(width: u32, height: u32, title: &str, what: &str) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"t d\" font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#0B1F33\">\n\
             <title id=\"t\">{title}</title>\n<desc id=\"d\">{what}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#F4F8FA\"/>\n"
        ))
    }

    fn text(&mut self, (x, y): (f64, f64), anchor: &str, text: impl Display) {
        let _ = writeln!(self.0, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        let _ = writeln!(
            self.0,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
        );
    }

    fn line(&mut self, points: &[(f64, f64)], colour: &str, more: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        let _ = writeln!(
            self.0,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" {more}/>"
        );
    }

    fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

/// Three bars a question, in milliseconds, drawn as parts of the second one.
pub(super) fn bars(title: &str, names: [&str; 3], rows: &[(&str, [f64; 3])]) -> String {
    const UNIT: f64 = 360.0;
    let told: Vec<String> = rows
        .iter()
        .map(|(name, values)| format!("{name}: {:.1}, {:.1} and {:.1} ms", values[0], values[1], values[2]))
        .collect();
    let height = 60 + 62 * u32::try_from(rows.len()).unwrap_or(0);
    let mut picture = Picture::new(920, height, title, &format!("{}. {}.", names.join(", "), told.join("; ")));
    for (at, name) in names.iter().enumerate() {
        let x = 120.0 + 220.0 * at as f64;
        picture.bar((x, 16.0), (14.0, 14.0), COLOURS[at]);
        picture.text((x + 20.0, 28.0), "start", name);
    }
    for (row, (name, values)) in rows.iter().enumerate() {
        let top = 50.0 + 62.0 * row as f64;
        picture.text((108.0, top + 28.0), "end", name);
        for (at, value) in values.iter().enumerate() {
            // What is longer than twice the second is cut; its number tells.
            let width = (value / values[1] * UNIT).min(UNIT * 2.0);
            let y = top + 16.0 * at as f64;
            picture.bar((120.0, y), (width.max(1.0), 13.0), COLOURS[at]);
            let number = if *value < 10.0 { format!("{value:.1} ms") } else { format!("{value:.0} ms") };
            picture.text((126.0 + width, y + 11.0), "start", number);
        }
    }
    picture.finish()
}

/// Times in milliseconds over numbers of events, both axes in powers of ten, and memory in MB beside them.
pub(super) fn growth(events: &[u64], lines: &[(&str, Vec<f64>)], memory: &[f64]) -> String {
    let title = "Time and memory over the number of events";
    let what =
        "Each question's time beside a line that grows with the number of events, and the memory that answering took.";
    let mut picture = Picture::new(920, 470, title, what);
    let logs: Vec<f64> = events.iter().map(|events| (*events as f64).log10()).collect();
    let (first, last) = (logs.first().copied().unwrap_or(0.0), logs.last().copied().unwrap_or(1.0));
    let along = |log: f64, left: f64, width: f64| left + (log - first) / (last - first).max(0.1) * width;
    let times: Vec<f64> = lines.iter().flat_map(|(_, times)| times.iter().map(|time| time.log10())).collect();
    let low = times.iter().copied().fold(f64::INFINITY, f64::min).floor();
    let high = times.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
    let up = |log: f64| 420.0 - (log - low) / (high - low).max(0.1) * 360.0;
    picture.text((60.0, 30.0), "start", "time");
    let mut power = low;
    while power <= high {
        let y = up(power);
        picture.line(&[(60.0, y), (480.0, y)], "#C5D3DC", "");
        picture.text((54.0, y + 4.0), "end", format!("{} ms", 10_f64.powf(power)));
        power += 1.0;
    }
    for (log, events) in logs.iter().zip(events) {
        picture.text((along(*log, 60.0, 420.0), 442.0), "middle", format!("{} M", *events as f64 / 1e6));
        picture.text((along(*log, 690.0, 190.0), 442.0), "middle", format!("{} M", *events as f64 / 1e6));
    }
    // From the greatest time of the first size, as many times as there are events.
    let base = lines.iter().filter_map(|(_, times)| times.first()).copied().fold(0.0, f64::max).log10();
    let end = (base + last - first).min(high);
    picture.line(
        &[(60.0, up(base)), (along(first + end - base, 60.0, 420.0), up(end))],
        "#64748B",
        "stroke-dasharray=\"5 4\"",
    );
    picture.text((330.0, 52.0), "start", "dashed: grows with events");
    let mut labels: Vec<(f64, usize)> = Vec::new();
    for (at, (_, times)) in lines.iter().enumerate() {
        let points: Vec<_> =
            logs.iter().zip(times).map(|(log, time)| (along(*log, 60.0, 420.0), up(time.log10()))).collect();
        picture.line(&points, COLOURS[at % COLOURS.len()], "");
        labels.push((points.last().map_or(0.0, |(_, y)| *y), at));
    }
    labels.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let mut free = 0.0_f64;
    for (y, at) in labels {
        free = free.max(y);
        picture.bar((486.0, free - 2.0), (10.0, 3.0), COLOURS[at % COLOURS.len()]);
        let time = lines[at].1.last().copied().unwrap_or_default();
        picture.text((500.0, free + 4.0), "start", format!("{} {time:.0} ms", lines[at].0));
        free += 15.0;
    }
    memory_of(&mut picture, memory, |at| along(logs[at], 690.0, 190.0));
    let largest = events.last().copied().unwrap_or(0);
    picture.text((60.0, 462.0), "start", format!("events, up to {}", thousands(largest)));
    picture.finish()
}

fn memory_of(picture: &mut Picture, memory: &[f64], along: impl Fn(usize) -> f64) {
    let high = memory.iter().copied().fold(MEMORY, f64::max) * 1.05;
    let up = |value: f64| 420.0 - value / high * 360.0;
    picture.text((690.0, 30.0), "start", "memory");
    picture.line(&[(690.0, 420.0), (880.0, 420.0)], "#C5D3DC", "");
    picture.line(&[(690.0, up(MEMORY)), (880.0, up(MEMORY))], "#BE123C", "stroke-dasharray=\"5 4\"");
    picture.text((684.0, up(MEMORY) + 4.0), "end", "2 GB");
    let points: Vec<_> = memory.iter().enumerate().map(|(at, value)| (along(at), up(*value))).collect();
    picture.line(&points, COLOURS[0], "");
    for ((x, y), value) in points.iter().zip(memory) {
        picture.text((*x, y - 6.0), "middle", format!("{value:.0}"));
    }
}
