//! What must hold of every rule and every fact.

use base::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::facts::{Given, Known};
use super::{oracle, strategies};
use crate::{Conditions, Content, ContentKind, Decision, Outcome, Partial, Place, Rule, Seen, Status, Trigger};

/// 2026-10-01T00:00:00Z
pub(super) const NOW: Timestamp = Timestamp(1_790_812_800_000_000);

fn parse(rule: &Value) -> Rule {
    Rule::parse(rule, Place::Audience, "").unwrap_or_else(|problems| panic!("{rule}: {problems:?}"))
}

/// The same person, before page and locale are known.
fn on_the_server(given: &Given) -> Given {
    Given { page: None, locale: None, ..given.clone() }
}

/// Something that may look like a rule.
fn nearly_a_rule() -> impl Strategy<Value = Value> {
    let keys = ["all", "any", "not", "field", "op", "value", "event", "filters", "count", "within", "x"];
    let words = ["person.a", "page.path", "is", "in", "gt", "between", "matches", "before", "30d", "-1w", "[", "", "a"];
    let leaf = prop_oneof![
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        strategies::json_value(),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let key = prop::sample::select(keys.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_anything_ends_well(value in nearly_a_rule()) {
        for place in [Place::Audience, Place::Segment, Place::Page] {
            match Rule::parse(&value, place, "/audience") {
                Ok(rule) => prop_assert_eq!(&Rule::parse(&json!(rule), place, "").unwrap(), &rule),
                Err(problems) => {
                    prop_assert!(!problems.is_empty() && problems.len() <= 30);
                    prop_assert!(problems.iter().all(|problem| problem.pointer.starts_with("/audience")));
                }
            }
        }
        let _ = Conditions::parse(&value, "");
    }

    #[test]
    fn patterns_that_are_accepted_compile_and_others_say_why(source in r"[\[\](){}|^$.*+?\\a-c0-9,\-&: dwsbB]{1,12}") {
        let rule = json!({"field": "page.path", "op": "matches", "value": source});
        match Rule::parse(&rule, Place::Page, "") {
            Ok(rule) => drop(rule.evaluate(&Known::new(&Given::default(), &rule, NOW))),
            Err(problems) => prop_assert!(!problems[0].detail.contains("too large"), "{source}"),
        }
    }

    #[test]
    fn what_is_written_is_read_again(rule in strategies::rule()) {
        let parsed = parse(&rule);
        let text = serde_json::to_string(&parsed).unwrap();
        let again = parse(&serde_json::from_str(&text).unwrap());
        prop_assert_eq!(&again, &parsed);
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
        prop_assert_eq!(again.mentions(), parsed.mentions());
    }

    #[test]
    fn a_second_evaluator_agrees(rule in strategies::plain_rule(), given in strategies::given()) {
        let parsed = parse(&rule);
        prop_assert_eq!(parsed.evaluate(&Known::new(&given, &parsed, NOW)), oracle::evaluate(&rule, &given));
    }

    #[test]
    fn a_residual_is_true_where_the_rule_is(rule in strategies::rule(), given in strategies::given()) {
        let rule = parse(&rule);
        let whole = rule.evaluate(&Known::new(&given, &rule, NOW));
        let server = on_the_server(&given);
        let partial = rule.partial(&Known::new(&server, &rule, NOW));
        let known = Known::new(&given, &rule, NOW);
        prop_assert_eq!(&partial, &rule.partial(&known), "knowing the page changes nothing");
        match partial {
            Partial::True => prop_assert_eq!(whole, Outcome::True),
            Partial::False => prop_assert_eq!(whole, Outcome::False),
            Partial::Unknown => prop_assert_ne!(whole, Outcome::True),
            Partial::Browser(residual) => {
                prop_assert!(residual.is_client());
                prop_assert_eq!(parse(&json!(residual)), residual.clone());
                let shows = residual.evaluate(&Known::new(&given, &rule, NOW));
                prop_assert_eq!(shows == Outcome::True, whole == Outcome::True);
                let everything_known = given.events.is_some() && !given.personal.values().any(|it| *it == Outcome::Unknown);
                prop_assert!(!everything_known || shows == whole);
            }
        }
    }

    #[test]
    fn a_trace_tells_what_was_decided(rule in strategies::rule(), given in strategies::given()) {
        let rule = parse(&rule);
        let facts = Known::new(&given, &rule, NOW);
        let trace = rule.trace(&facts);
        prop_assert!(!trace.is_open());
        prop_assert_eq!(trace.outcome, rule.evaluate(&facts));
        let server = on_the_server(&given);
        let facts = Known::new(&server, &rule, NOW);
        let trace = rule.trace(&facts);
        let wanted = match rule.partial(&facts) {
            Partial::True => (Outcome::True, false),
            Partial::False => (Outcome::False, false),
            Partial::Unknown => (Outcome::Unknown, false),
            Partial::Browser(_) => (Outcome::Unknown, true),
        };
        prop_assert_eq!((trace.outcome, trace.is_open()), wanted);
    }

    #[test]
    fn an_explanation_tells_what_was_decided(
        rule in strategies::rule(),
        given in strategies::given(),
        seen in prop::array::uniform4(prop::option::of(0..80u64)),
        days in prop::option::of(1..60u16),
        flow in any::<bool>(),
        status in prop::sample::select(vec![Status::Live, Status::Live, Status::Paused]),
    ) {
        let at = |hours: Option<u64>| hours.map(|hours| NOW.minus(std::time::Duration::from_secs(hours * 3600)));
        let [shown_at, completed_at, dismissed_at, last_survey_shown_at] = seen.map(at);
        let seen = Seen { shown_at, completed_at, dismissed_at, last_survey_shown_at };
        let frequency = days.map_or(json!({"kind": "once"}), |days| json!({"kind": "recontact", "days": days}));
        let definition = json!({"audience": rule, "trigger": {"kind": "page"}, "frequency": frequency});
        let conditions = Conditions::parse(&definition, "").unwrap();
        let kind = if flow { ContentKind::Flow } else { ContentKind::Survey };
        prop_assert_eq!(&conditions.trigger, &Trigger::Page { r#where: None });
        let content = Content { id: "srv_1".into(), kind, version: 1, status, conditions };
        let rule = parse(&rule);
        let server = on_the_server(&given);
        let facts = Known::new(&server, &rule, NOW);
        let explanation = content.explain(&facts, &seen);
        let trace = &explanation.trace;
        prop_assert_eq!(trace.outcome == Outcome::True || trace.is_open(), explanation.shown, "{}", json!(explanation));
        match content.decide(&facts, &seen) {
            Decision::Hide(reason) => prop_assert_eq!((false, reason), (explanation.shown, explanation.reason)),
            Decision::Show { .. } => prop_assert!(explanation.shown),
        }
    }
}
