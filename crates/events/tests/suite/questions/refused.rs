//! What is refused, and where it says so; and that a question ends when it takes too much.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base::Timestamp;
use events::{
    Answer, Arrival, Columns, Control, Event, Kind, Known, LogId, Query, QueryError, ReadError, Source, Split, TailRun,
    Wanted,
};
use serde_json::{Value, json};

use super::stream::Dice;
use super::{Events, Layout, sources, stream};

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

/// What is wrong with a question, at which place.
fn problem(question: &Value) -> (String, String) {
    let problems = Query::parse(question, "").expect_err("it is wrong");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    (problem.pointer.clone(), problem.detail.clone())
}

#[test]
fn an_answer_of_too_many_numbers_is_refused() {
    let range = json!({"from": "2026-01-01T00:00:00Z", "to": "2026-07-20T00:00:00Z"});
    let trend = |series: usize, limit: usize, interval: &str, compare: bool| {
        json!({
            "kind": "trend", "range": range, "interval": interval, "series": vec![json!({"event": "A"}); series],
            "breakdown": {"field": "event.plan", "limit": limit}, "compare": compare,
        })
    };
    // 200 days, of which the last may be cut: 202 points.
    let (at, detail) = problem(&trend(10, 98, "day", false));
    assert_eq!(at, "/interval");
    assert!(detail.contains("up to 202000 numbers, more than 200000: take a longer interval, "), "{detail}");
    assert!(Query::parse(&trend(10, 97, "day", false), "").is_ok());
    assert_eq!(problem(&trend(10, 97, "day", true)).0, "/interval");
    assert!(Query::parse(&trend(10, 98, "week", true), "").is_ok());
    assert_eq!(problem(&trend(1, 100, "hour", false)).0, "/interval");
    let mut alone = trend(10, 1, "hour", true);
    alone["breakdown"] = Value::Null;
    assert!(Query::parse(&alone, "").is_ok());

    let retention = |periods: usize| {
        json!({
            "kind": "retention", "range": {"from": "2026-01-01T00:00:00Z", "to": "2029-01-01T00:00:00Z"},
            "interval": "day", "start": {"event": "A"}, "return": {"event": "B"}, "periods": periods,
        })
    };
    assert!(Query::parse(&retention(182), "").is_ok());
    let (at, detail) = problem(&retention(183));
    assert_eq!(at, "/periods");
    assert!(detail.ends_with("take fewer periods, a longer interval or a shorter range"), "{detail}");
}

/// Somebody's events of one name, a second apart.
fn many(person: u64, name: &str, times: std::ops::Range<i64>) -> Events {
    let event = |at: i64| {
        let event = Event {
            person,
            company: Some(1),
            time: Timestamp(stream::start() + at * 1_000_000),
            kind: Kind::Track,
            name: name.to_owned(),
            ..stream::event(&mut Dice::new(0))
        };
        (Arrival { log: LogId(1), sequence: at.cast_unsigned(), index: 0 }, event)
    };
    times.map(event).collect()
}

fn known() -> Known {
    Known::new(jiff::tz::TimeZone::UTC, "2026-11-01T00:00:00Z".parse().unwrap())
}

fn october() -> Value {
    json!({"from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"})
}

fn funnel(order: &str, by: &str) -> Query {
    let question = json!({
        "kind": "funnel", "range": october(), "window": "30d", "order": order, "by": by,
        "steps": [{"event": "A"}, {"event": "B"}],
    });
    Query::parse(&question, "").unwrap()
}

#[test]
fn one_person_with_very_many_events_takes_no_longer_than_a_question_may() {
    let source: Vec<Arc<dyn Source>> = vec![Arc::new(TailRun::of(many(1, "A", 0..200_000)))];
    for (order, by) in [("any", "person"), ("any", "company"), ("ordered", "person"), ("strict", "person")] {
        let query = funnel(order, by);
        let begun = Instant::now();
        let answer = query.run(&source, &known(), &Control::new().time(Duration::from_millis(200)));
        // It does not matter whether it is through by then.
        assert!(matches!(&answer, Ok(Answer::Funnel(_)) | Err(QueryError::TooLong)), "{answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{order} by {by} took {:?}", begun.elapsed());

        let begun = Instant::now();
        let control = Control::new();
        let cancel = control.cancel();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                cancel.store(true, Ordering::Relaxed);
            });
            let answer = query.run(&source, &known(), &control);
            assert!(matches!(&answer, Ok(Answer::Funnel(_)) | Err(QueryError::Cancelled)), "{answer:?}");
        });
        assert!(begun.elapsed() < Duration::from_secs(5), "{order} by {by} took {:?}", begun.elapsed());
    }
}

/// A run that counts how often it is read.
struct Counting(TailRun, Arc<AtomicUsize>);

impl Source for Counting {
    fn rows(&self) -> u64 {
        self.0.rows()
    }

    fn time(&self) -> RangeInclusive<i64> {
        self.0.time()
    }

    fn splits(&self) -> Vec<Split> {
        self.0.splits()
    }

    fn may_hold(&self, name: &str) -> bool {
        self.0.may_hold(name)
    }

    fn read(&self, wanted: &Wanted) -> Result<Columns, ReadError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.read(wanted)
    }
}

#[test]
fn no_more_sources_are_read_than_there_is_memory_for() {
    let reads = Arc::new(AtomicUsize::new(0));
    let counting = |at: i64| -> Arc<dyn Source> {
        // The least number, so that there is one chunk.
        let events = many(0, "A", at * 1_000..(at + 1) * 1_000);
        Arc::new(Counting(TailRun::of(events), Arc::clone(&reads)))
    };
    let sources: Vec<_> = (0..40).map(counting).collect();
    let trend = |measure: &str| {
        let series = json!([{"event": "A", "measure": measure}]);
        Query::parse(&json!({"kind": "trend", "range": october(), "series": series}), "").unwrap()
    };
    let retention = json!({
        "kind": "retention", "range": october(), "start": {"event": "A"}, "return": {"event": "A"}, "periods": 2,
    });
    let questions =
        [funnel("any", "person"), funnel("strict", "company"), Query::parse(&retention, "").unwrap(), trend("people")];
    for query in questions {
        reads.store(0, Ordering::Relaxed);
        let answer = query.run(&sources, &known(), &Control::new().memory(100_000));
        assert!(matches!(answer, Err(QueryError::TooLarge)), "{query:?} {answer:?}");
        let reads = reads.load(Ordering::Relaxed);
        assert!(reads < 10, "{query:?} read {reads} sources");
    }
}

#[test]
fn what_is_gathered_about_people_is_held() {
    // 3,000 people, each on another day.
    let events: Events =
        (0..3_000_i64).flat_map(|who| many(who.cast_unsigned(), "A", who * 80..who * 80 + 1)).collect();
    let source: Vec<Arc<dyn Source>> = vec![Arc::new(TailRun::of(events))];
    let trend = |breakdown: Value| {
        let question = json!({
            "kind": "trend", "range": october(), "interval": "hour", "breakdown": breakdown,
            "series": [{"event": "A", "measure": "people"}],
        });
        Query::parse(&question, "").unwrap()
    };
    // What is read takes 12 bytes a row and 16 a person; bits 47 words an hour.
    for (breakdown, memory) in [(Value::Null, 200_000), (json!({"field": "event.plan"}), 140_000)] {
        let query = trend(breakdown);
        assert!(query.run(&source, &known(), &Control::new()).is_ok());
        let answer = query.run(&source, &known(), &Control::new().memory(memory));
        assert!(matches!(answer, Err(QueryError::TooLarge)), "{answer:?}");
    }
    let question = json!({
        "kind": "trend", "range": october(), "series": [{"event": "A", "filters": [{"event": "A", "count": {"op": "gte", "value": 1}}]}],
    });
    let did = Query::parse(&question, "").unwrap();
    assert!(did.run(&source, &known(), &Control::new()).is_ok());
    let answer = did.run(&source, &known(), &Control::new().memory(100_000));
    assert!(matches!(answer, Err(QueryError::TooLarge)), "{answer:?}");
}

#[test]
fn values_of_a_breakdown_are_held_with_their_texts() {
    // 3,000 values of 100 letters.
    let mut events: Events = (0..3_000_i64).flat_map(|who| many(who.cast_unsigned(), "A", who..who + 1)).collect();
    for (at, (_, event)) in events.iter_mut().enumerate() {
        event.properties.insert("page".to_owned(), json!(format!("{at:0>100}")));
    }
    let source: Vec<Arc<dyn Source>> = vec![Arc::new(TailRun::of(events))];
    let breakdown = json!({"field": "event.page"});
    let trend = json!({
        "kind": "trend", "range": october(), "interval": "month", "breakdown": breakdown, "series": [{"event": "A"}],
    });
    let funnel = json!({
        "kind": "funnel", "range": october(), "window": "1d", "breakdown": breakdown,
        "steps": [{"event": "A"}, {"event": "B"}],
    });
    for question in [trend, funnel] {
        let query = Query::parse(&question, "").unwrap();
        assert!(query.run(&source, &known(), &Control::new().memory(3_000_000)).is_ok());
        // What is read takes less.
        let answer = query.run(&source, &known(), &Control::new().memory(1_000_000));
        assert!(matches!(answer, Err(QueryError::TooLarge)), "{answer:?}");
    }
}
