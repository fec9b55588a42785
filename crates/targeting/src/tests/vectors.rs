//! Every file of `sdk/spec`. A file that nothing here reads fails the run.

use std::fmt::Write;
use std::path::PathBuf;

use base::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::facts::{Given, Known};
use crate::{Conditions, Content, ContentKind, Decision, Outcome, Partial, Place, Rule, Seen, Status};

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrequencyCase {
    description: String,
    kind: ContentKind,
    frequency: Value,
    seen: SeenGiven,
    #[serde(default)]
    now: Option<Timestamp>,
    decision: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "they are the wire's")]
struct SeenGiven {
    shown_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    dismissed_at: Option<Timestamp>,
    last_survey_shown_at: Option<Timestamp>,
}

#[test]
fn content_is_shown_as_often_as_the_vectors_say() {
    let (mut failures, mut cases) = (String::new(), 0);
    for file in files::<FrequencyCase>("frequency") {
        for case in &file.cases {
            cases += 1;
            let now = case.now.or(file.now).unwrap();
            let SeenGiven { shown_at, completed_at, dismissed_at, last_survey_shown_at } = case.seen;
            let seen = Seen { shown_at, completed_at, dismissed_at, last_survey_shown_at };
            let conditions = json!({"frequency": case.frequency, "trigger": {"kind": "page"}});
            let content = Content {
                id: "srv_1".to_owned(),
                kind: case.kind,
                version: 1,
                status: Status::Live,
                conditions: Conditions::parse(&conditions, "").unwrap(),
            };
            let given = Given::default();
            let decision = match content.decide(&Known::new(&given, &Rule::All([].into()), now), &seen) {
                Decision::Show { goes_on: true, .. } => json!("goes_on"),
                Decision::Show { .. } => json!("show"),
                Decision::Hide(reason) => serde_json::to_value(reason).unwrap(),
            };
            if decision != case.decision {
                writeln!(failures, "{}: {}: {decision}", file.name, case.description).unwrap();
            }
        }
    }
    check(&failures, cases, 30);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidCase {
    description: String,
    place: String,
    rule: Value,
    problems: Vec<ProblemGiven>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProblemGiven {
    pointer: String,
    detail: String,
}

#[test]
fn what_is_invalid_is_refused_with_place_and_advice() {
    let (mut failures, mut cases) = (String::new(), 0);
    for file in files::<InvalidCase>("invalid") {
        for case in &file.cases {
            cases += 1;
            let place = match case.place.as_str() {
                "audience" => Place::Audience,
                "segment" => Place::Segment,
                _ => Place::Page,
            };
            let problems = Rule::parse(&case.rule, place, "/audience").err().unwrap_or_default();
            let as_given = problems.len() == case.problems.len()
                && problems.iter().zip(&case.problems).all(|(problem, given)| {
                    problem.pointer == format!("/audience{}", given.pointer) && problem.detail.contains(&given.detail)
                });
            if !as_given {
                writeln!(failures, "{}: {}: {problems:#?}", file.name, case.description).unwrap();
            }
        }
    }
    check(&failures, cases, 85);
}

#[test]
fn every_folder_of_vectors_is_run() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sdk/spec");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["README.md", "frequency", "invalid", "rules"]);
}
