//! How long it takes to decide 50 live pieces of content for one person: `cargo run --release -p targeting --example
//! bench_decide`. Prints the time per decision of all 50, without and with a trace, and of compiling the ruleset.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a program to look at, not part of the product")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use base::Timestamp;
use serde_json::{Value, json};
use targeting::{
    Conditions, Content, ContentKind, CounterHash, Decision, Did, Fact, Facts, Field, Outcome, PredicateHash, Ruleset,
    Scope, Seen, Status,
};

const CONTENTS: u16 = 50;
const ROUNDS: usize = 20_000;
const NOW: Timestamp = Timestamp(1_790_812_800_000_000);

/// One person's row, as a `sync` would have it.
struct Row {
    person: HashMap<String, Value>,
    company: HashMap<String, Value>,
    outcomes: HashMap<PredicateHash, Outcome>,
    counters: HashMap<CounterHash, u64>,
}

impl Facts for Row {
    fn attribute(&self, field: &Field) -> Fact<'_> {
        let attributes = match field.scope() {
            Scope::Person if field.name() == "email" => return Fact::Personal,
            Scope::Person => &self.person,
            Scope::Company => &self.company,
            Scope::Device => return Fact::Text("desktop"),
            Scope::Event | Scope::Page | Scope::Locale => return Fact::Unknown,
        };
        attributes.get(field.name()).map_or(Fact::Missing, Fact::Value)
    }

    fn outcome(&self, predicate: PredicateHash) -> Outcome {
        self.outcomes.get(&predicate).copied().unwrap_or(Outcome::Unknown)
    }

    fn did(&self, did: &Did) -> Option<u64> {
        self.counters.get(&did.counter()).copied()
    }

    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Seven conditions of every sort; about a third of the fifty are for this person.
fn definition(index: u16) -> Value {
    json!({
        "audience": {"all": [
            {"any": [
                {"field": "person.plan", "op": "in", "value": ["pro", "team", "enterprise"]},
                {"field": "company.size", "op": "gte", "value": 100 + index},
            ]},
            {"field": "person.title", "op": "matches", "value": format!("^[A-Z][a-z]+ {}", ["lead", "dev", "l"][usize::from(index % 3)])},
            {"not": {"field": "person.email", "op": "ends_with", "value": "@pilotfish.test"}},
            {"field": "person.signed_up_at", "op": "before", "value": "-7d"},
            {"event": "Invoice Sent", "count": {"op": "gte", "value": 2}, "within": "30d"},
            {"field": "page.path", "op": "starts_with", "value": "/invoices"},
            {"field": "device.kind", "op": "is", "value": "desktop"},
        ]},
        "trigger": {"kind": "page", "where": {"field": "page.path", "op": "is_not", "value": "/settings"}},
        "frequency": if index.is_multiple_of(2) { json!({"kind": "once"}) } else { json!({"kind": "recontact", "days": 90}) },
    })
}

fn compile() -> Ruleset {
    let content = |index: u16| Content {
        id: format!("srv_{index}"),
        kind: if index.is_multiple_of(2) { ContentKind::Flow } else { ContentKind::Survey },
        version: 1,
        status: Status::Live,
        conditions: Conditions::parse(&definition(index), "").expect("a valid definition"),
    };
    Ruleset::new(1, (0..CONTENTS).map(content).collect())
}

fn attributes(value: Value) -> HashMap<String, Value> {
    serde_json::from_value(value).expect("an object")
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 1000).min(times.len() - 1)];
    println!("{what:<34} median {:>9.1?}  p99 {:>9.1?}  p99.9 {:>9.1?}", at(500), at(990), at(999));
}

fn main() {
    let compiling: Vec<_> = (0..100).map(|_| time(compile)).collect();
    let ruleset = compile();
    let row = Row {
        person: attributes(json!({"plan": "pro", "title": "Team lead", "signed_up_at": "2026-08-01T09:00:00Z"})),
        company: attributes(json!({"size": 40})),
        outcomes: ruleset.mentions().predicates.keys().map(|hash| (*hash, Outcome::False)).collect(),
        counters: ruleset.mentions().counters.keys().map(|hash| (*hash, 3)).collect(),
    };
    let decide =
        || ruleset.decide(&row, |_| Seen::default()).filter(|(_, it)| matches!(it, Decision::Show { .. })).count();
    let explain = || ruleset.contents().iter().filter(|content| content.explain(&row, &Seen::default()).shown).count();
    println!("{} of {CONTENTS} are shown", decide());
    assert_eq!(decide(), explain(), "a decision and its explanation agree");
    print("compile 50", compiling);
    print("decide 50 for one person", (0..ROUNDS).map(|_| time(decide)).collect());
    print("explain 50 for one person", (0..ROUNDS / 10).map(|_| time(explain)).collect());
}

fn time<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}
