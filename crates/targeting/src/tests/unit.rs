//! What neither a vector nor a property says.

use serde_json::{Value, json};

use super::facts::{Given, Known};
use super::properties::NOW;
use crate::{
    Class, Conditions, Content, ContentKind, Filter, Mentions, Outcome, Place, PredicateHash, Reason, Rule, Ruleset,
    Scope, Seen, Status,
};

fn parse(rule: &Value) -> Rule {
    Rule::parse(rule, Place::Audience, "").unwrap()
}

fn given(facts: Value) -> Given {
    serde_json::from_value(facts).unwrap()
}

fn content(id: &str, definition: &Value) -> Content {
    let conditions = Conditions::parse(definition, "").unwrap();
    Content { id: id.to_owned(), kind: ContentKind::Survey, version: 1, status: Status::Live, conditions }
}

fn hash(filter: &Value) -> PredicateHash {
    Filter::parse(filter, Place::Audience, "").unwrap().predicate()
}

#[test]
fn a_predicate_keeps_its_name_for_ever() {
    let email = json!({"field": "person.email", "op": "ends_with", "value": "@acme.test"});
    assert_eq!(hash(&email).to_string(), "e3e1899eede740667f27172f7cbf14a3");
    assert_eq!("e3e1899eede740667f27172f7cbf14a3".parse(), Ok(hash(&email)));
    assert_eq!("xyz".parse::<PredicateHash>(), Err(()));
}

#[test]
fn a_predicate_is_named_by_its_meaning() {
    let is = |value: Value| hash(&json!({"field": "person.x", "op": "is", "value": value}));
    assert_eq!(is(json!(1)), is(json!(1.0)));
    assert_eq!(is(json!(0)), is(json!(-0.0)));
    assert_ne!(is(json!(1)), is(json!("1")));
    let keys_turned = json!({"value": 1, "op": "is", "field": "person.x"});
    assert_eq!(hash(&keys_turned), is(json!(1)));
    let before = |value: &str| hash(&json!({"field": "person.x", "op": "before", "value": value}));
    assert_eq!(before("2026-10-01"), before("2026-10-01T02:00:00+02:00"));
    assert_ne!(
        hash(&json!({"field": "person.x", "op": "is_set"})),
        hash(&json!({"field": "person.y", "op": "is_set"}))
    );
}

#[test]
fn numbers_survive_to_the_last_bit() {
    for text in ["0.1", "1e300", "123456789.123456789", "9007199254740993", "-2.2250738585072014e-308", "5e-324"] {
        let rule = format!(r#"{{"field":"person.x","op":"is","value":{text}}}"#);
        let rule = parse(&serde_json::from_str(&rule).unwrap());
        assert_eq!(parse(&serde_json::from_str(&serde_json::to_string(&rule).unwrap()).unwrap()), rule, "{text}");
    }
}

#[test]
fn personal_attributes_are_not_asked_about_time_from_now_or_in_events() {
    let rule = parse(&json!({"all": [
        {"field": "person.born", "op": "before", "value": "-30d"},
        {"field": "person.born", "op": "before", "value": "2026-01-01"},
        {"field": "person.seen", "op": "before", "value": "-30d"},
        {"not": {"event": "A", "filters": [{"field": "event.to", "op": "is", "value": "x"}]}},
    ]}));
    let class = |field: &crate::Field| match field.name() {
        "born" | "to" => Class::Personal,
        _ => Class::Plain,
    };
    let pointers: Vec<_> = rule.check(class, "/audience").into_iter().map(|problem| problem.pointer).collect();
    assert_eq!(pointers, ["/audience/all/0/value", "/audience/all/3/not/filters/0/field"]);
    assert_eq!(rule.check(|_| Class::Unregistered, ""), []);
}

#[test]
fn an_outcome_is_computed_from_the_value_in_the_clear() {
    let filter = json!({"field": "person.email", "op": "ends_with", "value": "@acme.test"});
    let filter = Filter::parse(&filter, Place::Audience, "").unwrap();
    assert!(filter.holds(Some(&json!("ana@acme.test")), NOW));
    assert!(!filter.holds(Some(&json!("ana@other.test")), NOW));
    assert!(!filter.holds(None, NOW));
}

#[test]
fn a_number_is_judged_as_the_value_that_it_is() {
    let numbers = [-7.5, -0.0, 0.0, 1.0, 2.0, 2.5, 9_007_199_254_740_992.0, 1e300];
    let operands = [
        (&["is", "is_not", "gt", "gte", "lt", "lte"][..], json!(2)),
        (&["is", "is_not"], json!("2")),
        (&["in", "not_in"], json!([0, 2.5, "x"])),
        (&["between"], json!([0, 2])),
        (&["contains", "not_contains", "starts_with", "ends_with", "matches"], json!("2")),
        (&["before", "after"], json!("2026-10-01")),
        (&["is_set", "is_not_set"], Value::Null),
    ];
    for (op, value) in operands.iter().flat_map(|(ops, value)| ops.iter().map(move |op| (op, value))) {
        let mut filter = json!({"field": "person.x", "op": op, "value": value});
        if value.is_null() {
            filter.as_object_mut().unwrap().remove("value");
        }
        let filter = Filter::parse(&filter, Place::Audience, "").unwrap();
        for number in numbers {
            assert_eq!(
                filter.holds_number(number),
                filter.holds(Some(&json!(number)), NOW),
                "{op} {value} of {number}"
            );
        }
    }
}

#[test]
fn rules_mention_what_must_be_kept() {
    let rules = [
        json!({"any": [{"event": "A", "count": {"op": "gte", "value": 1}}, {"not": {"event": "A", "count": {"op": "lt", "value": 9}}}]}),
        json!({"all": [{"event": "A", "within": "30d"}, {"event": "B", "filters": [{"field": "event.x", "op": "is", "value": 1}]}]}),
        json!({"all": [{"field": "person.x", "op": "is_set"}, {"field": "person.x", "op": "is_set"}, {"field": "page.path", "op": "is", "value": "/"}]}),
    ];
    let mut mentions = Mentions::default();
    for rule in &rules {
        mentions.add(&parse(rule));
    }
    assert_eq!(mentions.counters.len(), 3, "a count is not part of a counter; window and filters are");
    assert_eq!(mentions.events().into_iter().collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(mentions.fields.iter().map(ToString::to_string).collect::<Vec<_>>(), ["person.x", "page.path"]);
    assert!(mentions.predicates.values().all(|filter| filter.field().scope() == Scope::Person));
    assert_eq!(mentions.predicates.len(), 1);
}

#[test]
fn a_ruleset_names_the_events_of_audiences_and_triggers() {
    let counted =
        json!({"audience": {"event": "Counted"}, "trigger": {"kind": "manual"}, "frequency": {"kind": "always"}});
    let waited =
        json!({"audience": null, "trigger": {"kind": "event", "event": "Waited for"}, "frequency": {"kind": "once"}});
    let ruleset = Ruleset::new(7, vec![content("srv_1", &counted), content("srv_2", &waited)]);
    assert_eq!(ruleset.events().iter().map(String::as_str).collect::<Vec<_>>(), ["Counted", "Waited for"]);
    assert_eq!((ruleset.number(), ruleset.mentions().counters.len()), (7, 1));
}

#[test]
fn an_explanation_names_reason_and_facts_but_nothing_personal() {
    let definition = json!({
        "audience": {"all": [
            {"field": "person.plan", "op": "is", "value": "pro"},
            {"field": "person.email", "op": "is", "value": "ana@acme.test"},
            {"field": "page.path", "op": "is", "value": "/x"},
        ]},
        "trigger": {"kind": "page", "where": null},
        "frequency": {"kind": "recontact", "days": 90},
    });
    let facts = given(json!({"person": {"plan": "pro"}, "personal": {"person.email": "unknown"}}));
    let content = content("srv_1", &definition);
    let rule = content.conditions.audience.clone().unwrap();
    let explanation = content.explain(&Known::new(&facts, &rule, NOW), &Seen::default());
    assert_eq!(
        json!(explanation),
        json!({"shown": false, "reason": "audience_unknown", "trace": {"kind": "content", "outcome": "unknown", "parts": [
            {"kind": "status", "status": "live", "outcome": "true"},
            {"kind": "frequency", "frequency": {"kind": "recontact", "days": 90}, "outcome": "true"},
            {"kind": "audience", "outcome": "unknown", "parts": [{"kind": "all", "outcome": "unknown", "parts": [
                {"kind": "filter", "field": "person.plan", "op": "is", "expected": "pro", "fact": "value", "actual": "pro", "outcome": "true"},
                {"kind": "filter", "field": "person.email", "op": "is", "fact": "personal", "outcome": "unknown"},
                {"kind": "filter", "field": "page.path", "op": "is", "expected": "/x", "fact": "unknown", "outcome": "unknown", "decided": "browser"},
            ]}]},
            {"kind": "trigger", "on": "page", "outcome": "true"},
        ]}})
    );
}

#[test]
fn the_reason_is_the_first_that_says_no() {
    let definition = |audience: Value, trigger: Value| json!({"audience": audience, "trigger": trigger, "frequency": {"kind": "once"}});
    let page = |path: &str| json!({"field": "page.path", "op": "is", "value": path});
    let here = given(json!({"page": {"url": "https://a.test/here"}}));
    let nowhere = given(json!({}));
    let on = |rule: Value| json!({"kind": "page", "where": rule});
    let shown = Seen { shown_at: Some(NOW), ..Seen::default() };
    let cases = [
        (definition(json!(null), on(json!(null))), &nowhere, Seen::default(), true, Reason::Eligible),
        (definition(json!(null), on(page("/here"))), &nowhere, Seen::default(), true, Reason::InBrowser),
        (definition(json!(null), on(page("/here"))), &here, Seen::default(), true, Reason::Eligible),
        (definition(json!(null), on(page("/there"))), &here, Seen::default(), false, Reason::Trigger),
        (definition(page("/there"), on(json!(null))), &here, Seen::default(), false, Reason::Audience),
        (definition(page("/there"), on(json!(null))), &nowhere, Seen::default(), true, Reason::InBrowser),
        (definition(json!({"any": []}), json!({"kind": "manual"})), &here, Seen::default(), false, Reason::Audience),
        (
            definition(json!({"event": "A"}), json!({"kind": "manual"})),
            &here,
            Seen::default(),
            false,
            Reason::AudienceUnknown,
        ),
        (definition(json!({"any": []}), json!({"kind": "manual"})), &here, shown, false, Reason::Frequency),
        (definition(json!(null), json!({"kind": "manual"})), &here, Seen::default(), true, Reason::InBrowser),
    ];
    for (definition, facts, seen, shown, reason) in cases {
        let content = content("srv_1", &definition);
        let explanation = content.explain(&Known::new(facts, &Rule::All([].into()), NOW), &seen);
        assert_eq!((explanation.shown, explanation.reason), (shown, reason), "{definition}");
        let paused = Content { status: Status::Paused, ..content };
        let explanation = paused.explain(&Known::new(facts, &Rule::All([].into()), NOW), &seen);
        assert_eq!((explanation.shown, explanation.reason), (false, Reason::Paused));
    }
}

#[test]
fn definitions_are_refused_with_every_place() {
    let definition = json!({
        "audience": {"field": "person.x", "op": "iss", "value": 1},
        "trigger": {"kind": "page", "were": null},
        "frequency": {"kind": "recontact", "days": 0},
        "questions": [],
    });
    let problems = Conditions::parse(&definition, "/definition").unwrap_err();
    let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/definition/audience/op", "/definition/trigger/were", "/definition/frequency/days"]);
    assert!(problems[1].detail.contains("did you mean \"where\"?"));
    let problems = Conditions::parse(&json!({"trigger": {"kind": "pages"}}), "").unwrap_err();
    assert_eq!(problems[0].pointer, "/trigger/kind");
    assert_eq!(problems[1].pointer, "/frequency");
}

#[test]
fn size_and_depth_have_ends() {
    let leaf = json!({"field": "person.x", "op": "is", "value": "x".repeat(1024)});
    let nested = |depth: usize| (0..depth).fold(leaf.clone(), |rule, _| json!({"not": rule}));
    assert!(Rule::parse(&nested(10), Place::Audience, "").is_ok());
    assert!(Rule::parse(&nested(11), Place::Audience, "").unwrap_err()[0].detail.contains("too deep"));
    let small = json!({"field": "person.x", "op": "is_set"});
    let wide = |width: usize, leaf: &Value| json!({"all": vec![leaf.clone(); width]});
    assert!(Rule::parse(&wide(299, &small), Place::Audience, "").is_ok());
    let problems = Rule::parse(&wide(5000, &small), Place::Audience, "").unwrap_err();
    assert_eq!((problems.len(), problems[0].pointer.as_str()), (1, "/all/299"));
    let problems = Rule::parse(&wide(70, &leaf), Place::Audience, "").unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].detail.contains("too large"));
    let long = json!({"field": "person.x", "op": "is", "value": "x".repeat(1025)});
    assert!(Rule::parse(&long, Place::Audience, "").is_err());
    let faulty = json!({"field": "person.x", "op": "is"});
    assert_eq!(Rule::parse(&wide(100, &faulty), Place::Audience, "").unwrap_err().len(), 30);
}

#[test]
fn a_missing_value_is_not_the_same_as_an_unknown_one() {
    let rule = parse(&json!({"field": "person.email", "op": "is_not_set"}));
    let missing = given(json!({}));
    let sealed = given(json!({"personal": {"person.email": "unknown"}}));
    assert_eq!(rule.evaluate(&Known::new(&missing, &rule, NOW)), Outcome::True);
    assert_eq!(rule.evaluate(&Known::new(&sealed, &rule, NOW)), Outcome::Unknown);
}
