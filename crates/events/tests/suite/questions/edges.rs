//! Where a window, a range and an order end, event by event: random questions come there too seldom.

use std::sync::Arc;

use base::Timestamp;
use events::{Aliases, Answer, Arrival, Event, Known, LogId, Query};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::stream::{self, Dice};
use super::{Events, LAYOUTS, ask};

const MINUTE: i64 = 60_000_000;
const WINDOW: i64 = 15 * MINUTE;
const ORDERS: [&str; 3] = ["ordered", "strict", "any"];

/// Events in order of arrival: whose, at how many microseconds into the range, and which.
fn events(of: &[(u64, i64, &str)]) -> Events {
    let event = |(sequence, (person, time, name)): (u64, &(u64, i64, &str))| {
        let event = Event {
            person: *person,
            company: Some(1),
            time: Timestamp(stream::start() + time),
            name: (*name).to_owned(),
            kind: events::Kind::Track,
            ..stream::event(&mut Dice::new(sequence))
        };
        (Arrival { log: LogId(1), sequence, index: 0 }, event)
    };
    (1..).zip(of).map(event).collect()
}

fn known() -> Known {
    Known::new(TimeZone::UTC, Timestamp(stream::start()))
}

/// The range of every question here: two hours.
fn range() -> Value {
    json!({ "from": Timestamp(stream::start()), "to": Timestamp(stream::start() + 120 * MINUTE) })
}

/// The answer to a question, the same however the events lie in sources.
fn answer(question: &Value, of: &[(u64, i64, &str)], known: &Known) -> Answer {
    let (query, events) = (Query::parse(question, "").unwrap(), events(of));
    let mut answers = LAYOUTS.map(|layout| ask(&query, &events, known, layout)).into_iter();
    let first = answers.next().unwrap();
    assert!(answers.all(|other| other == first), "{question}");
    first
}

/// How many people get how far.
fn funnel(steps: &[&str], exclude: &[&str], order: &str, of: &[(u64, i64, &str)], known: &Known) -> Vec<u64> {
    let selections = |names: &[&str]| names.iter().map(|name| json!({ "event": name })).collect::<Vec<_>>();
    let question = json!({
        "kind": "funnel", "range": range(), "steps": selections(steps), "exclude": selections(exclude),
        "window": "15m", "order": order,
    });
    let Answer::Funnel(funnel) = answer(&question, of, known) else { panic!("no funnel") };
    funnel.steps.iter().map(|step| step.count).collect()
}

#[test]
fn the_end_of_a_window_is_in_it() {
    for order in ORDERS {
        let reached = |time| funnel(&["A", "B"], &[], order, &[(1, 0, "A"), (1, time, "B")], &known());
        assert_eq!(reached(WINDOW), [1, 1], "{order}");
        assert_eq!(reached(WINDOW + 1), [1, 0], "{order}");
        // It is counted from the first step, not from the one before.
        let three = [(1, 0, "A"), (1, WINDOW - 1, "B"), (1, WINDOW + 1, "C")];
        assert_eq!(funnel(&["A", "B", "C"], &[], order, &three, &known()), [1, 1, 0], "{order}");
    }
}

#[test]
fn one_event_takes_one_step() {
    for order in ORDERS {
        let reached = |of: &[(u64, i64, &str)]| funnel(&["A", "A", "A"], &[], order, of, &known());
        assert_eq!(reached(&[(1, 0, "A")]), [1, 0, 0], "{order}");
        assert_eq!(reached(&[(1, 0, "A"), (1, 1, "A")]), [1, 1, 0], "{order}");
        assert_eq!(reached(&[(1, 0, "A"), (1, 0, "A"), (1, 0, "A")]), [1, 1, 1], "{order}");
    }
}

#[test]
fn of_events_at_the_same_time_the_first_to_arrive_is_the_first() {
    for order in ["ordered", "strict"] {
        let reached = |of: &[(u64, i64, &str)]| funnel(&["A", "B"], &[], order, of, &known());
        assert_eq!(reached(&[(1, 5, "A"), (1, 5, "B")]), [1, 1], "{order}");
        assert_eq!(reached(&[(1, 5, "B"), (1, 5, "A")]), [1, 0], "{order}");
        // Also where they lie in different sources, and the one that arrived later has the earlier times.
        let apart = |first, second| {
            let between = std::iter::repeat_n((2, 90, "C"), 16);
            let of: Vec<_> = [(1, 5, first)].into_iter().chain(between).chain([(1, 5, second), (2, 0, "C")]).collect();
            reached(&of)
        };
        assert_eq!(apart("A", "B"), [1, 1], "{order}");
        assert_eq!(apart("B", "A"), [1, 0], "{order}");
    }
}

#[test]
fn what_ends_an_attempt_may_begin_another() {
    let reached = |of: &[(u64, i64, &str)]| funnel(&["A", "B"], &["A"], "ordered", of, &known());
    assert_eq!(reached(&[(1, 0, "A"), (1, 1, "A"), (1, 2, "B")]), [1, 1]);
    for order in ORDERS {
        let reached = |of: &[(u64, i64, &str)]| funnel(&["A", "B"], &["X"], order, of, &known());
        assert_eq!(reached(&[(1, 0, "A"), (1, 1, "X"), (1, 2, "B")])[..1], [1], "{order}");
        assert_eq!(reached(&[(1, 0, "A"), (1, 1, "X"), (1, 2, "B")])[1], 0, "{order}");
        assert_eq!(reached(&[(1, 0, "A"), (1, 1, "X"), (1, 2, "A"), (1, 3, "B")]), [1, 1], "{order}");
    }
}

#[test]
fn the_end_of_a_range_is_not_in_it_and_its_start_is() {
    let counts = |time| {
        let question = json!({
            "kind": "trend", "range": range(), "interval": "hour",
            "series": [{"event": "A", "measure": "total"}, {"event": "A", "measure": "people"}],
        });
        let Answer::Trend(trend) = answer(&question, &[(1, time, "A")], &known()) else { panic!("no trend") };
        let points = trend.series.iter().map(|series| serde_json::to_value(&series.points).unwrap());
        let points: Vec<Value> = points.map(|points| json!([points[0]["value"], points[1]["value"]])).collect();
        assert_eq!(points[0], points[1]);
        points[0].clone()
    };
    assert_eq!(counts(-1), json!([0, 0]));
    assert_eq!(counts(0), json!([1, 0]));
    assert_eq!(counts(60 * MINUTE - 1), json!([1, 0]));
    assert_eq!(counts(60 * MINUTE), json!([0, 1]));
    assert_eq!(counts(120 * MINUTE - 1), json!([0, 1]));
    assert_eq!(counts(120 * MINUTE), json!([0, 0]));
}

#[test]
fn a_merged_person_is_one_in_every_answer() {
    let mut known = known();
    known.aliases = Arc::new(Aliases::of([(3, 11)].into()));
    let of = [(3, 0, "A"), (11, 1, "B"), (11, 61 * MINUTE, "A")];
    for order in ORDERS {
        assert_eq!(funnel(&["A", "B"], &[], order, &of, &known), [1, 1], "{order}");
    }
    let trend = json!({
        "kind": "trend", "range": range(), "interval": "day", "series": [{"event": "A", "measure": "people"}],
    });
    let Answer::Trend(trend) = answer(&trend, &of, &known) else { panic!("no trend") };
    assert_eq!(serde_json::to_value(&trend.series[0]).unwrap()["total"], 1);
    let retention = json!({
        "kind": "retention", "range": range(), "interval": "day", "periods": 1, "mode": "first_time",
        "match": "exactly", "start": {"event": "A"}, "return": {"event": "B"},
    });
    let Answer::Retention(retention) = answer(&retention, &of, &known) else { panic!("no retention") };
    assert_eq!((retention.cohorts[0].count, retention.cohorts[0].returned.clone()), (1, vec![1]));
}

#[test]
fn seconds_are_whole_numbers_where_they_can_be() {
    let question = json!({
        "kind": "funnel", "range": range(), "steps": [{"event": "A"}, {"event": "B"}], "window": "15m",
    });
    let text = |time| serde_json::to_string(&answer(&question, &[(1, 0, "A"), (1, time, "B")], &known())).unwrap();
    assert_eq!(
        text(10 * MINUTE),
        r#"{"steps":[{"count":1},{"count":1,"median_seconds":600,"median_seconds_from_start":600}],"distribution":[{"from_seconds":600,"to_seconds":600.000001,"count":1}]}"#
    );
    assert!(text(1_500_000).contains(r#""median_seconds":1.5,"#));
}
