//! What is refused, and where it says so; and that a question ends when it takes too much.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base::Timestamp;
use events::{Control, Known, Query, QueryError};
use serde_json::{Value, json};

use super::stream::Dice;
use super::{Layout, sources, stream};

fn trend(series: &Value) -> Value {
    let range = json!({"from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"});
    json!({"kind": "trend", "range": range, "series": [{"event": "A"}, series]})
}

fn pointers(question: &Value) -> Vec<String> {
    let problems = Query::parse(question, "").expect_err("it is wrong");
    problems.into_iter().map(|problem| problem.pointer).collect()
}

#[test]
fn each_problem_names_its_place() {
    let at = |series: Value| pointers(&trend(&series));
    assert_eq!(at(json!({"event": "A", "measure": "sum"})), ["/series/1/property"]);
    assert_eq!(at(json!({"event": "A", "measure": "total", "property": "amount"})), ["/series/1/property"]);
    assert_eq!(at(json!({"event": "", "measure": "totals"})), ["/series/1/event", "/series/1/measure"]);
    assert_eq!(
        at(json!({"event": "A", "filters": [{"field": "event.a", "op": "gt", "value": "1"}]})),
        ["/series/1/filters/0/value"]
    );
    assert_eq!(at(json!({"event": "A", "filters": [{"event": "B", "within": "1y"}]})), ["/series/1/filters/0/within"]);
    assert_eq!(at(json!({"event": "A", "colour": 1})), ["/series/1/colour"]);

    let mut question = trend(&json!({"event": "A"}));
    question["range"]["to"] = json!("2026-09-01T00:00:00Z");
    assert_eq!(pointers(&question), ["/range/to"]);
    question["range"]["to"] = json!("2028-09-01T00:00:00Z");
    question["interval"] = json!("hour");
    assert_eq!(pointers(&question), ["/interval"]);
    question["interval"] = json!("week");
    question["breakdown"] = json!({"field": "event.plan", "limit": 0});
    assert_eq!(pointers(&question), ["/breakdown/limit"]);
    assert_eq!(pointers(&json!({"kind": "path"})), ["/kind"]);
    assert_eq!(
        pointers(&json!({"kind": "funnel", "range": {}, "steps": [{"event": "A"}], "window": "7"})),
        ["/range/from", "/range/to", "/steps", "/window"]
    );
}

#[test]
fn the_questions_of_the_contract_are_read() {
    let range = json!({"from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"});
    for question in [
        json!({"kind": "trend", "range": range, "interval": "day", "breakdown": null,
            "series": [{"event": "Invoice Sent", "measure": "sum", "property": "amount", "filters": []}]}),
        json!({"kind": "funnel", "range": range, "steps": [{"event": "A", "filters": []}, {"event": "B"}],
            "window": "7d", "order": "strict", "exclude": [], "by": "company"}),
        json!({"kind": "retention", "range": range, "interval": "week", "start": {"event": "A"},
            "return": {"event": "B"}, "periods": 4, "mode": "first_time", "match": "on_or_after"}),
    ] {
        Query::parse(&question, "").unwrap();
    }
}

#[test]
fn a_question_ends_when_it_is_cancelled_or_takes_too_much() {
    let mut dice = Dice::new(3);
    let events = stream::events(&mut dice, 300);
    let known = Known::new(jiff::tz::TimeZone::UTC, Timestamp(stream::start()));
    let query = Query::parse(&trend(&json!({"event": "A", "measure": "companies"})), "").unwrap();
    let run = |control: &Control| query.run(&sources(&events, Layout::Arrived), &known, control);
    assert!(run(&Control::new()).is_ok());
    assert!(matches!(run(&Control::new().memory(16)), Err(QueryError::TooLarge)));
    assert!(matches!(run(&Control::new().time(Duration::ZERO)), Err(QueryError::TooLong)));
    let control = Control::new();
    control.cancel().store(true, Ordering::Relaxed);
    assert!(matches!(run(&control), Err(QueryError::Cancelled)));
    let unknown = trend(&json!({"event": "A", "filters": [{"field": "person.plan", "op": "is_set"}]}));
    let unknown = Query::parse(&unknown, "").unwrap();
    let answer = unknown.run(&sources(&events, Layout::One), &known, &Control::new());
    assert!(matches!(answer, Err(QueryError::Unresolved(field)) if field == "person.plan"));
}
