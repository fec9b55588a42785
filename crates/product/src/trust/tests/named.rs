//! A test that the page names is a test of the repository, and every promise has its row: the page cannot lie about either.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::trust::checks::CHECKS;
use crate::trust::promises::{CHAPTERS, Promise, Standing};

/// The rows of the two pages, and one of our own.
const ROWS: &str = "UL-1.1a UL-1.1b UL-1.1c UL-1.2 UL-1.3 UL-1.4 UL-1.5 UL-1.6 UL-1.7a UL-1.7b UL-1.7c UL-2.1a UL-2.1b UL-2.2 \
                    UL-2.3 UL-3.1a UL-3.1b UL-3.2 UL-3.3 UL-4.1 UL-4.2 UL-5.1 UL-5.2 UL-5.3 UL-2.2b UL-5.3b UL-1.4b UL-0 UP-0 \
                    UP-1 UP-2 UP-3 UP-4 UP-5 UP-5b UP-6 UP-7 UP-8 UP-9 UP-10 UP-11 UP-12 UP-13 UP-14 UP-15 UP-16 UP-17 UP-18 \
                    UP-19 UP-20 UP-21 UP-22 UP-23 UP-24 UP-25 UP-26 UP-27 UP-28 UP-29 UP-30 UP-32 UP-33 UP-34 UP-35 UP-36 \
                    UP-37 UP-38 UP-31 PF-1";

fn promises() -> impl Iterator<Item = &'static Promise> {
    CHAPTERS.iter().flat_map(|chapter| chapter.promises)
}

#[test]
fn every_promise_has_one_row() {
    let expected: Vec<&str> = ROWS.split_whitespace().collect();
    let (mut rows, mut once): (Vec<&str>, BTreeSet<&str>) = (Vec::new(), BTreeSet::new());
    for promise in promises() {
        assert!(once.insert(promise.id), "{} is there twice", promise.id);
        rows.push(promise.id);
    }
    rows.sort_unstable();
    let mut expected_sorted = expected;
    expected_sorted.sort_unstable();
    assert_eq!(rows, expected_sorted);
    for promised in CHECKS.iter().flat_map(|check| check.promises) {
        assert!(once.contains(promised), "a check shows {promised}, which is nothing");
    }
}

#[test]
fn every_named_test_is_there_and_runs() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut looked_at = 0;
    for test in promises().flat_map(|promise| promise.tests) {
        let source =
            std::fs::read_to_string(root.join(test.file)).unwrap_or_else(|_| panic!("{} is missing", test.file));
        assert!(is_run(&source, test.name), "{} has no test {}", test.file, test.name);
        looked_at += 1;
    }
    assert!(looked_at > 40, "{looked_at}");
}

/// Whether a source has a test of this name that is not left out.
fn is_run(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let rust = |at: usize| {
        let before = &lines[at.saturating_sub(4)..at];
        let attributes: Vec<_> = before.iter().rev().take_while(|line| line.starts_with("#[")).collect();
        let is_test = |line: &&str| {
            line.starts_with("#[app_test]") || line.starts_with("#[test]") || line.starts_with("#[tokio::test")
        };
        attributes.iter().any(|line| is_test(line)) && !attributes.iter().any(|line| line.contains("ignore"))
    };
    lines.iter().enumerate().any(|(at, line)| {
        let function =
            line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ").and_then(|rest| rest.strip_prefix(name));
        let of_rust = function.is_some_and(|rest| rest.starts_with('(')) && rust(at);
        let of_vitest = ["it('", "test('"].iter().any(|call| line.starts_with(&format!("{call}{name}'")));
        of_rust || of_vitest
    })
}

#[test]
fn a_test_that_is_not_there_or_left_out_is_none() {
    assert!(is_run("#[app_test]\nasync fn a(app: TestApp) {}", "a"));
    assert!(is_run("#[test]\n#[allow(x)]\nfn a() {}", "a"));
    assert!(is_run("  it('does so', async () => {", "does so"));
    for not in [
        "fn a() {}",
        "#[test]\n#[ignore]\nfn a() {}",
        "#[test]\nfn ab() {}",
        "// fn a()",
        "#[test]\nfn b() {}\nfn a() {}",
    ] {
        assert!(!is_run(not, "a"), "{not}");
    }
    assert!(!is_run("it.skip('does so', () => {", "does so"));
}

#[test]
fn what_is_said_to_be_kept_has_a_proof() {
    for promise in promises().filter(|promise| promise.standing == Standing::Kept) {
        let proven = !promise.tests.is_empty() || promise.checks().next().is_some();
        assert!(proven, "{} is said to be kept, and nothing shows it", promise.id);
    }
}
