//! Every file of `sdk/spec`. A file that nothing here reads fails the run.

use std::fmt::Write;
use std::path::PathBuf;

use base::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::facts::{Given, Known};
use crate::{Outcome, Partial, Place, Rule};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<Case> {
    name: String,
    #[serde(default)]
    side: Option<Side>,
    #[serde(rename = "description")]
    _description: String,
    #[serde(default)]
    now: Option<Timestamp>,
    cases: Vec<Case>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Server,
    Client,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleCase {
    description: String,
    rule: Value,
    facts: Given,
    #[serde(default)]
    now: Option<Timestamp>,
    outcome: Outcome,
    #[serde(default)]
    partial: Option<String>,
    #[serde(default)]
    residual: Option<Value>,
}

fn files<Case: DeserializeOwned>(folder: &str) -> Vec<File<Case>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sdk/spec").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

fn check(failures: &str, cases: usize, least: usize) {
    assert!(failures.is_empty(), "{failures}");
    assert!(cases >= least, "only {cases} cases were found");
}

#[test]
fn rules_do_what_the_vectors_say() {
    let (mut failures, mut cases) = (String::new(), 0);
    for file in files::<RuleCase>("rules") {
        for case in &file.cases {
            cases += 1;
            if let Err(error) = run_rule(&file, case) {
                writeln!(failures, "{}: {}: {error}", file.name, case.description).unwrap();
            }
        }
    }
    check(&failures, cases, 360);
}

fn run_rule(file: &File<RuleCase>, case: &RuleCase) -> Result<(), String> {
    let now = case.now.or(file.now).ok_or("no time")?;
    let side = file.side.ok_or("no side")?;
    let place = if side == Side::Client { Place::Page } else { Place::Audience };
    let rule = Rule::parse(&case.rule, place, "").map_err(|problems| format!("{problems:?}"))?;
    let facts = Known::new(&case.facts, &rule, now);
    expect("outcome", rule.evaluate(&facts), case.outcome)?;
    let partial = rule.partial(&facts);
    if side == Side::Server && case.partial.is_none() {
        let whole = match case.outcome {
            Outcome::True => Partial::True,
            Outcome::False => Partial::False,
            Outcome::Unknown => Partial::Unknown,
        };
        expect("partial", &partial, &whole)?;
    }
    let Some(wanted) = &case.partial else { return Ok(()) };
    let (name, residual) = match partial {
        Partial::True => ("true", None),
        Partial::False => ("false", None),
        Partial::Unknown => ("unknown", None),
        Partial::Browser(residual) => ("browser", Some(residual)),
    };
    expect("partial", name, wanted.as_str())?;
    expect("residual", residual.as_ref().map(|rule| serde_json::to_value(rule).unwrap()), case.residual.clone())?;
    let shows = residual.is_some_and(|rule| rule.evaluate(&facts) == Outcome::True) || name == "true";
    expect("residual's outcome", shows, case.outcome == Outcome::True)
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, is: T, wanted: T) -> Result<(), String> {
    if is == wanted { Ok(()) } else { Err(format!("{what} is {is:?}, not {wanted:?}")) }
}
