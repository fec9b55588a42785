//! Random questions, as JSON.

use base::Timestamp;
use serde_json::{Value, json};

use super::stream::{Dice, start};

const HOUR: i64 = 3_600_000_000;

pub(crate) fn question(dice: &mut Dice) -> Value {
    match dice.below(3) {
        0 => trend(dice),
        1 => funnel(dice),
        _ => retention(dice),
    }
}

fn range(dice: &mut Dice) -> Value {
    let from = start() + i64::try_from(dice.below(100)).unwrap() * HOUR;
    let to = from + i64::try_from(dice.below(300) + 1).unwrap() * HOUR;
    json!({ "from": Timestamp(from), "to": Timestamp(to) })
}

fn selection(dice: &mut Dice) -> Value {
    let filters: Vec<Value> = (0..dice.below(5) / 3).map(|_| filter(dice)).collect();
    json!({ "event": dice.pick(&["A", "B", "C", "D", "never"]), "filters": filters })
}

fn filter(dice: &mut Dice) -> Value {
    dice.pick(&[
        json!({"field": "event.amount", "op": "gt", "value": 100}),
        json!({"field": "event.amount", "op": "between", "value": [-10, 40.5]}),
        json!({"field": "event.amount", "op": "is_not_set"}),
        json!({"field": "event.plan", "op": "in", "value": ["pro", "Ünï"]}),
        json!({"field": "event.plan", "op": "is_not", "value": "pro"}),
        json!({"field": "event.mixed", "op": "is", "value": 7}),
        json!({"field": "event.mixed", "op": "not_contains", "value": "x"}),
        json!({"field": "event.nowhere", "op": "is_not", "value": 1}),
        json!({"field": "event.nowhere", "op": "is_set"}),
        json!({"field": "page.path", "op": "starts_with", "value": "/p"}),
        json!({"field": "page.path", "op": "is_not_set"}),
        json!({"field": "device.kind", "op": "is_not", "value": "mobile"}),
        json!({"field": "device.browser", "op": "is", "value": "Safari"}),
        json!({"field": "person.plan", "op": "is", "value": "large"}),
        json!({"field": "person.plan", "op": "is_not", "value": "large"}),
        json!({"field": "company.size", "op": "is_set"}),
        json!({"field": "company.size", "op": "is_not", "value": "small"}),
        json!({"event": "B", "count": {"op": "gte", "value": 3}, "within": "5d"}),
        json!({"event": "A", "count": {"op": "lt", "value": 2}}),
        json!({"event": "C", "count": {"op": "is", "value": 0}, "filters": [{"field": "event.plan", "op": "is", "value": "pro"}]}),
    ])
}

fn breakdown(dice: &mut Dice) -> Value {
    if dice.one_in(2) {
        return Value::Null;
    }
    let fields = [
        "event.plan",
        "event.mixed",
        "event.amount",
        "page.path",
        "device.kind",
        "device.browser",
        "person.plan",
        "company.size",
        "event.nowhere",
    ];
    json!({ "field": dice.pick(&fields), "limit": dice.below(4) + 1 })
}

fn trend(dice: &mut Dice) -> Value {
    let series: Vec<Value> = (0..=dice.below(3))
        .map(|_| {
            let measures =
                ["total", "people", "companies", "per_person", "sum", "average", "min", "max", "median", "p90", "p99"];
            let at = usize::try_from(dice.below(11)).unwrap();
            let mut series = selection(dice);
            series["measure"] = json!(measures[at]);
            if at > 3 {
                series["property"] = json!(dice.pick(&["amount", "amount", "mixed", "nowhere"]));
            }
            series
        })
        .collect();
    json!({
        "kind": "trend", "range": range(dice), "interval": dice.pick(&["hour", "day", "week", "month"]),
        "series": series, "breakdown": breakdown(dice), "compare": dice.one_in(4),
    })
}

fn funnel(dice: &mut Dice) -> Value {
    let steps: Vec<Value> = (0..dice.below(3) + 2).map(|_| selection(dice)).collect();
    let exclude: Vec<Value> = (0..dice.below(4) / 3).map(|_| selection(dice)).collect();
    json!({
        "kind": "funnel", "range": range(dice), "steps": steps, "exclude": exclude,
        "window": dice.pick(&["15m", "3h", "1d", "7d"]), "order": dice.pick(&["ordered", "ordered", "strict", "any"]),
        "by": dice.pick(&["person", "person", "company"]), "breakdown": breakdown(dice),
    })
}

fn retention(dice: &mut Dice) -> Value {
    json!({
        "kind": "retention", "range": range(dice), "interval": dice.pick(&["day", "day", "week", "month"]),
        "start": selection(dice), "return": selection(dice), "periods": dice.below(6) + 1,
        "mode": dice.pick(&["first_time", "recurring"]), "match": dice.pick(&["exactly", "on_or_after"]),
    })
}
