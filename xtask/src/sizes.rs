//! `cargo xtask sizes`: how long our files and functions are. Short ones are read in one sitting.
//!
//! Counted is what is written for production: no tests, no examples, nothing generated; a test module at the end of a
//! file does not count. The limits below may be lowered, never raised.

mod rust;

use std::ffi::OsStr;
use std::fs;

use anyhow::{Result, bail};

use crate::paths;

/// Lines that a file may have: in the middle, at nine of ten, at most.
const FILES: Limits = Limits { median: 150, p90: 400, longest: 600 };
/// Lines that a function may have. The middle is not limited.
const FUNCTIONS: Limits = Limits { median: usize::MAX, p90: 40, longest: 80 };

struct Limits {
    median: usize,
    p90: usize,
    longest: usize,
}

/// A file or function and its number of lines.
struct Size {
    name: String,
    lines: usize,
}

/// Prints the figures and the longest ones.
pub(crate) fn print() -> Result<()> {
    let (files, functions) = measure()?;
    files.print("files", &FILES);
    functions.print("functions", &FUNCTIONS);
    Ok(())
}

/// Prints the figures; fails when one is over its limit.
pub(crate) fn check() -> Result<()> {
    let (files, functions) = measure()?;
    files.print("files", &FILES);
    functions.print("functions", &FUNCTIONS);
    let problems = [files.problems("file", &FILES), functions.problems("function", &FUNCTIONS)].concat();
    if problems.is_empty() { Ok(()) } else { bail!("too long:\n{}", problems.join("\n")) }
}

/// Sizes, longest first.
struct Sizes(Vec<Size>);

fn measure() -> Result<(Sizes, Sizes)> {
    let (mut files, mut functions) = (Vec::new(), Vec::new());
    for path in paths::files("")? {
        let name = paths::relative(&path);
        if !is_production(&name) {
            continue;
        }
        let text = || fs::read_to_string(&path);
        let lines = match path.extension().and_then(OsStr::to_str) {
            Some("rs") => rust::measure(&name, &text()?, &mut functions)?,
            Some("ts" | "tsx" | "css") => text()?.lines().count(),
            _ => continue,
        };
        files.push(Size { name, lines });
    }
    Ok((Sizes::new(files), Sizes::new(functions)))
}

/// Tests, examples, benches and generated files may be as long as they like.
fn is_production(name: &str) -> bool {
    const FOLDERS: &[&str] = &["tests", "test", "e2e", "examples", "benches", "fuzz", "generated"];
    const ENDINGS: &[&str] = &["/tests.rs", ".test.ts", ".test.tsx", ".spec.ts", ".config.ts", ".d.ts"];
    !name.split('/').any(|part| FOLDERS.contains(&part)) && !ENDINGS.iter().any(|ending| name.ends_with(ending))
}

impl Sizes {
    fn new(mut sizes: Vec<Size>) -> Self {
        sizes.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.name.cmp(&b.name)));
        Self(sizes)
    }

    /// The lines that `percent` of all do not exceed.
    fn at(&self, percent: usize) -> usize {
        let count = self.0.len();
        let rank = (count * percent).div_ceil(100).max(1);
        count.checked_sub(rank).map_or(0, |index| self.0[index].lines)
    }

    fn print(&self, what: &str, limits: &Limits) {
        let [median, p90, longest] = [self.at(50), self.at(90), self.at(100)];
        let middle = if limits.median == usize::MAX { "none".to_owned() } else { limits.median.to_string() };
        println!(
            "{} {what}: median {median} (limit {middle}), 90 % at most {p90} (limit {}), longest {longest} (limit {})",
            self.0.len(),
            limits.p90,
            limits.longest
        );
        for size in self.0.iter().take(5) {
            println!("{:>8}  {}", size.lines, size.name);
        }
    }

    fn problems(&self, what: &str, limits: &Limits) -> Vec<String> {
        let mut problems = Vec::new();
        if self.at(50) > limits.median {
            problems.push(format!("the median {what} has {} lines, the limit is {}", self.at(50), limits.median));
        }
        if self.at(90) > limits.p90 {
            problems.push(format!(
                "one {what} in ten has more than {} lines, the limit is {}",
                self.at(90),
                limits.p90
            ));
        }
        for size in self.0.iter().filter(|size| size.lines > limits.longest) {
            problems.push(format!("{} has {} lines, the limit is {}", size.name, size.lines, limits.longest));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(lines: impl IntoIterator<Item = usize>) -> Sizes {
        Sizes::new(lines.into_iter().map(|lines| Size { name: format!("f{lines}"), lines }).collect())
    }

    #[test]
    fn percentiles_are_lines_of_a_real_file() {
        let ten = sizes(1..=10);
        assert_eq!([ten.at(50), ten.at(90), ten.at(100)], [5, 9, 10]);
        assert_eq!(sizes([]).at(50), 0);
        assert_eq!(sizes([7]).at(90), 7);
    }

    #[test]
    fn each_limit_is_reported() {
        let limits = Limits { median: 5, p90: 9, longest: 10 };
        assert!(sizes(1..=10).problems("file", &limits).is_empty());
        let problems = sizes(2..=11).problems("file", &limits);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert_eq!(problems[2], "f11 has 11 lines, the limit is 10");
    }

    #[test]
    fn tests_and_generated_files_do_not_count() {
        assert!(is_production("crates/product/src/surveys/api.rs"));
        for name in
            ["crates/a/tests/b.rs", "crates/a/src/b/tests.rs", "sdk/browser/src/a.test.ts", "web/generated/a.ts"]
        {
            assert!(!is_production(name), "{name}");
        }
    }
}
