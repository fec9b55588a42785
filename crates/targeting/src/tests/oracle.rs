//! Filters and combinators a second time, from the README alone and by other means: straight on the JSON, truth as a
//! number between 0 and 2. Slow, and without regular expressions.

use base::Timestamp;
use serde_json::Value;

use super::facts::Given;
use super::properties::NOW;
use crate::Outcome;

pub(super) fn evaluate(rule: &Value, given: &Given) -> Outcome {
    match truth(rule, given) {
        0 => Outcome::False,
        1 => Outcome::Unknown,
        _ => Outcome::True,
    }
}

fn truth(rule: &Value, given: &Given) -> u8 {
    let parts = |key: &str| rule[key].as_array().map(|parts| parts.iter().map(|part| truth(part, given)));
    if let Some(parts) = parts("all") {
        return parts.min().unwrap_or(2);
    }
    if let Some(parts) = parts("any") {
        return parts.max().unwrap_or(0);
    }
    if let Some(part) = rule.get("not") {
        return 2 - truth(part, given);
    }
    let field = rule["field"].as_str().unwrap();
    if let Some(outcome) = given.personal.get(field) {
        return match outcome {
            Outcome::False => 0,
            Outcome::Unknown => 1,
            Outcome::True => 2,
        };
    }
    let (scope, name) = field.split_once('.').unwrap();
    let attributes = match scope {
        "person" => &given.person,
        "company" => &given.company,
        _ => &given.device,
    };
    let value = attributes.get(name).unwrap_or(&Value::Null);
    if holds(value, rule["op"].as_str().unwrap(), &rule["value"]) { 2 } else { 0 }
}

fn holds(value: &Value, op: &str, than: &Value) -> bool {
    let opposite = match op {
        "is_not" => "is",
        "not_in" => "in",
        "not_contains" => "contains",
        "is_not_set" => "is_set",
        _ => return positive(value, op, than),
    };
    !positive(value, opposite, than)
}

fn positive(value: &Value, op: &str, than: &Value) -> bool {
    if op == "is_set" {
        return !value.is_null();
    }
    let Value::Array(items) = value else { return one(value, op, than) };
    items.iter().any(|item| one(item, op, than))
}

fn one(value: &Value, op: &str, than: &Value) -> bool {
    let texts = value.as_str().zip(than.as_str());
    let numbers = value.as_f64().zip(than.as_f64());
    let either = |text: fn(&str, &str) -> bool| texts.is_some_and(|(value, than)| text(value, than));
    let compared = |number: fn(&f64, &f64) -> bool| numbers.is_some_and(|(value, than)| number(&value, &than));
    match op {
        "is" => {
            either(|one, two| one == two)
                || compared(|one, two| one.total_cmp(two).is_eq() || *one == 0.0 && *two == 0.0)
                || value.is_boolean() && value == than
        }
        "in" => than.as_array().unwrap().iter().any(|than| one(value, "is", than)),
        "contains" => either(|value, part| value.split(part).count() > 1),
        "starts_with" => either(|value, part| value.strip_prefix(part).is_some()),
        "ends_with" => either(|value, part| value.strip_suffix(part).is_some()),
        "gt" => compared(f64::gt),
        "gte" => compared(f64::ge),
        "lt" => compared(f64::lt),
        "lte" => compared(f64::le),
        "between" => one(value, "gte", &than[0]) && one(value, "lte", &than[1]),
        "before" => either(|value, than| time(value).zip(time(than)).is_some_and(|(value, than)| value < than)),
        "after" => either(|value, than| time(value).zip(time(than)).is_some_and(|(value, than)| value > than)),
        "matches" => either(|value, pattern| match pattern {
            "^a" => value.starts_with('a'),
            "b$" => value.ends_with('b'),
            r"\d" => value.chars().any(|character| character.is_ascii_digit()),
            "^.$" => value.chars().count() == 1,
            _ => value.contains('a') || value.contains('b'),
        }),
        other => panic!("{other}"),
    }
}

/// The few times of the small world.
fn time(text: &str) -> Option<Timestamp> {
    let from_now = |minutes: i64| Some(Timestamp(NOW.micros() + minutes * 60_000_000));
    match text {
        "2026-09-01" => "2026-09-01T00:00:00Z".parse().ok(),
        "2026-09-30T12:00:00.5+02:00" => "2026-09-30T10:00:00.500Z".parse().ok(),
        "-30d" => from_now(-30 * 1440),
        "+1w" => from_now(7 * 1440),
        "-90m" => from_now(-90),
        _ => None,
    }
}
