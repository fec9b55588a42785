//! How well personal data is told from ordinary properties: two lists, in `corpus/`, with what has to become of each pair.

use serde_json::Value;

use super::super::scrub::scrub;
use crate::attributes::{self, Class, Scope, Sighting};
use crate::people::Written;

const OWN: [&str; 3] = ["u-4711", "device-4711", "acme-4711"];

/// What becomes of an event's property.
fn outcome(name: &str, value: Value) -> &'static str {
    if attributes::is_dropped(name) {
        return "dropped";
    }
    let Some(value) = scrub(name, value.into(), &OWN) else { return "dropped" };
    if attributes::judge(Scope::Event, name, &value, &OWN, Sighting::Trusted).is_err() {
        return "refused";
    }
    let rule = attributes::rule_of(Scope::Event, name);
    match (attributes::treat(rule, name, value, &OWN), rule.class) {
        (Written::Personal(_), _) => "sealed",
        (_, Class::Pseudonymous) => "pseudonymous",
        _ => "plain",
    }
}

/// The pairs of a list: how many there are, and how many must not be in clear. Each has to become what it says.
fn measure(list: &str) -> (usize, usize) {
    let pairs = list.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let parts: Vec<&str> = line.split('\t').collect();
        let [name, value, expected] = parts[..] else { panic!("{line}") };
        (name, value, expected, outcome(name, serde_json::from_str(value).unwrap()))
    });
    let pairs: Vec<_> = pairs.collect();
    let wrong: Vec<_> = pairs.iter().filter(|(_, _, expected, found)| expected != found).collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), pairs.len());
    (pairs.len(), pairs.iter().filter(|(_, _, _, found)| ["sealed", "dropped"].contains(found)).count())
}

#[test]
fn what_is_personal_is_sealed_and_what_is_ordinary_is_not() {
    let (personal, kept_back) = measure(include_str!("corpus/personal.tsv"));
    let (ordinary, kept_back_wrongly) = measure(include_str!("corpus/ordinary.tsv"));
    assert!(personal >= 150 && ordinary >= 150, "{personal} {ordinary}");
    #[expect(clippy::cast_precision_loss, reason = "hundreds")]
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    let recall = share(kept_back, personal);
    let precision = share(kept_back, kept_back + kept_back_wrongly);
    println!(
        "recall {recall:.3}: {kept_back} of {personal} personal pairs; precision {precision:.3}: {kept_back_wrongly} of \
         {ordinary} ordinary pairs are kept back too"
    );
    assert!((recall - 1.0).abs() < f64::EPSILON, "recall {recall}");
    assert!(precision >= 0.96, "precision {precision}");
    assert!(share(kept_back_wrongly, ordinary) <= 0.04, "{kept_back_wrongly} of {ordinary} ordinary ones are sealed");
}
