//! Random rules and facts, from a small world, so that they meet.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::facts::{Given, Happened, Page};
use super::properties::NOW;
use crate::Outcome;

const TEXTS: [&str; 7] = ["", "a", "b", "ab", "1", "2026-09-01", "é😀"];

pub(super) fn text() -> impl Strategy<Value = String> {
    prop::sample::select(&TEXTS[..]).prop_map(str::to_owned)
}

fn some_text() -> impl Strategy<Value = String> {
    text().prop_filter("not empty", |text| !text.is_empty())
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-2..3i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from)
    ]
    .prop_filter("finite", |number| !number.is_null())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![3 => text().prop_map(Value::from), 2 => number(), 1 => any::<bool>().prop_map(Value::from)]
}

pub(super) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![3 => scalar(), 1 => Just(Value::Null)];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            3 => vec(inner.clone(), 0..3).prop_map(Value::from),
            1 => btree_map(text(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Operator and value on a field of any type.
fn test() -> impl Strategy<Value = Value> {
    let moments = ["2026-09-01", "2026-09-30T12:00:00.5+02:00", "-30d", "+1w", "-90m"];
    prop_oneof![
        (prop::sample::select(vec!["is", "is_not"]), scalar())
            .prop_map(|(op, value)| json!({"op": op, "value": value})),
        (prop::sample::select(vec!["in", "not_in"]), vec(scalar(), 1..3))
            .prop_map(|(op, value)| json!({"op": op, "value": value})),
        text_test(),
        (prop::sample::select(vec!["gt", "gte", "lt", "lte"]), number())
            .prop_map(|(op, value)| json!({"op": op, "value": value})),
        (-3..1i32, 0..3i32).prop_map(|(low, high)| json!({"op": "between", "value": [low, high]})),
        (prop::sample::select(vec!["before", "after"]), prop::sample::select(moments.to_vec()))
            .prop_map(|(op, value)| json!({"op": op, "value": value})),
        prop::sample::select(vec!["is_set", "is_not_set"]).prop_map(|op| json!({"op": op})),
    ]
}

/// Operator and value on a field that is a text.
fn text_test() -> impl Strategy<Value = Value> {
    let parts = vec!["contains", "not_contains", "starts_with", "ends_with"];
    prop_oneof![
        (prop::sample::select(parts), some_text()).prop_map(|(op, value)| json!({"op": op, "value": value})),
        (prop::sample::select(vec!["is", "is_not"]), text()).prop_map(|(op, value)| json!({"op": op, "value": value})),
        (prop::sample::select(vec!["in", "not_in"]), vec(text(), 1..3))
            .prop_map(|(op, value)| json!({"op": op, "value": value})),
        prop::sample::select(vec!["^a", "b$", r"\d", "^.$", "a|b"])
            .prop_map(|value| json!({"op": "matches", "value": value})),
        prop::sample::select(vec!["is_set", "is_not_set"]).prop_map(|op| json!({"op": op})),
    ]
}

fn filter(field: &'static str, test: Value) -> Value {
    let mut filter = json!({"field": field});
    if let (Value::Object(filter), Value::Object(test)) = (&mut filter, test) {
        filter.extend(test);
    }
    filter
}

fn server_filter() -> impl Strategy<Value = Value> {
    let fields = vec!["person.a", "person.b", "person.email", "company.a"];
    prop_oneof![
        4 => (prop::sample::select(fields), test()).prop_map(|(field, test)| filter(field, test)),
        1 => text_test().prop_map(|test| filter("device.kind", test)),
    ]
}

pub(super) fn client_filter() -> impl Strategy<Value = Value> {
    let fields = vec!["page.path", "page.query.a", "page.query.b", "page.url", "page.host", "locale"];
    (prop::sample::select(fields), text_test()).prop_map(|(field, test)| filter(field, test))
}

fn did() -> impl Strategy<Value = Value> {
    let event_filter = prop_oneof![
        3 => text_test().prop_map(|test| filter("event.a", test)),
        1 => text_test().prop_map(|test| filter("page.path", test)),
    ];
    let count = (prop::sample::select(vec!["is", "gt", "gte", "lt", "lte"]), 1..3u64);
    let window = prop::sample::select(vec!["1m", "30d", "2w"]);
    (some_text(), option::of(vec(event_filter, 0..3)), option::of(count), option::of(window)).prop_map(
        |(event, filters, count, within)| {
            let count = count.map(|(op, value)| json!({"op": op, "value": value}));
            let parts = [("filters", json!(filters)), ("count", json!(count)), ("within", json!(within))];
            let mut did = json!({"event": event});
            for (key, value) in parts {
                if !value.is_null() {
                    did[key] = value;
                }
            }
            did
        },
    )
}

pub(super) fn rule() -> impl Strategy<Value = Value> {
    combined(prop_oneof![4 => server_filter(), 3 => client_filter(), 2 => did()].boxed())
}

/// Rules of filters whose meaning is written down a second time in `oracle`.
pub(super) fn plain_rule() -> impl Strategy<Value = Value> {
    combined(server_filter().boxed())
}

fn combined(leaf: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|parts| json!({"all": parts})),
            vec(inner.clone(), 0..4).prop_map(|parts| json!({"any": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Map<String, Value>> {
    btree_map(prop::sample::select(vec!["a", "b", "kind"]), json_value(), 0..3)
        .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(super) fn outcome() -> impl Strategy<Value = Outcome> {
    prop::sample::select(vec![Outcome::True, Outcome::False, Outcome::Unknown])
}

fn happened() -> impl Strategy<Value = Happened> {
    (some_text(), 0..40u32, attributes()).prop_map(|(event, days, properties)| Happened {
        event,
        time: NOW.minus(std::time::Duration::from_secs(u64::from(days) * 86_400)),
        properties,
        page: None,
        device: Map::new(),
    })
}

pub(super) fn page() -> impl Strategy<Value = Page> {
    let urls = ["https://a.test/", "https://a.test/a?a=a&b=", "https://b.test:8443/ab?a=1#b", "http://x/1?b=b&b=a"];
    prop::sample::select(urls.to_vec()).prop_map(|url| Page { url: url.to_owned() })
}

/// Everything about a person may be known or not; page and locale are.
pub(super) fn given() -> impl Strategy<Value = Given> {
    let events = option::of(vec(happened(), 0..4));
    (attributes(), attributes(), attributes(), option::of(outcome()), events, page(), text()).prop_map(
        |(person, company, device, email, events, page, locale)| Given {
            person,
            company,
            device,
            personal: email.map(|outcome| ("person.email".to_owned(), outcome)).into_iter().collect(),
            events,
            page: Some(page),
            locale: Some(locale),
        },
    )
}
