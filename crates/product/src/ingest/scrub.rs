//! What is stored nowhere, not even sealed, is taken out of values before anything else looks at them: IP addresses, under
//! whatever name and at any depth, and the query strings, fragments and user names of URLs.

use std::borrow::Cow;

use serde_json::Value;

use super::given::Given;
use super::place::{HIDDEN, without_queries};
use crate::attributes::{self, has_ip, is_ip};

/// A value without it; `None` if it was nothing else.
pub(super) fn scrub<'a>(name: &str, value: Given<'a>, own: &[&str]) -> Option<Given<'a>> {
    match value {
        Given::Text(text) => scrub_text(name, text, own).map(Given::Text),
        Given::Nested(value) => scrub_value(name, *value, own).map(Given::from),
        Given::Null | Given::Bool(_) | Given::Number(_) => Some(value),
    }
}

fn scrub_value(name: &str, value: Value, own: &[&str]) -> Option<Value> {
    match value {
        Value::String(text) => scrub_text(name, text.into(), own).map(|text| Value::String(text.into_owned())),
        Value::Array(items) => {
            let was_empty = items.is_empty();
            let items: Vec<Value> = items.into_iter().filter_map(|item| scrub_value(name, item, own)).collect();
            (was_empty || !items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(field, _)| !attributes::is_dropped(field) && !has_ip(field));
            Some(Value::Object(
                kept.filter_map(|(field, value)| Some((field.clone(), scrub_value(&field, value, own)?))).collect(),
            ))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value),
    }
}

fn scrub_text<'a>(name: &str, text: Cow<'a, str>, own: &[&str]) -> Option<Cow<'a, str>> {
    if attributes::is_innocent(&text) {
        return Some(text);
    }
    let text = without_queries(&text, own).map_or(text, Cow::Owned);
    let may_hold_ip = text.bytes().any(|byte| byte == b'.' || byte == b':') && has_ip(&text);
    if !may_hold_ip || attributes::is_version(name) {
        return Some(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut holds_more = false;
    for word in text.split_inclusive([' ', ',', ';', '=', '|', '\t', '\n']) {
        let bare = word.trim_end_matches([' ', ',', ';', '=', '|', '\t', '\n']);
        if is_ip(bare) {
            kept.push_str(HIDDEN);
            kept.push_str(&word[bare.len()..]);
        } else {
            holds_more |= bare.bytes().any(|byte| byte.is_ascii_alphanumeric()) || !bare.is_ascii();
            kept.push_str(word);
        }
    }
    holds_more.then_some(Cow::Owned(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn scrub(name: &str, value: Value, own: &[&str]) -> Option<Value> {
        super::scrub(name, value.into(), own).map(Given::into_value)
    }

    #[test]
    fn addresses_of_machines_go() {
        for value in [
            json!("203.0.113.7"),
            json!("203.0.113.7:443"),
            json!("203.0.113.0/24"),
            json!("2001:db8::7"),
            json!("[2001:db8::7]:443"),
            json!("::ffff:203.0.113.7"),
            json!("fe80::1%eth0"),
            json!(" 203.0.113.7, 10.0.0.1 "),
            json!(["203.0.113.7", ["2001:db8::7"]]),
        ] {
            assert_eq!(scrub("source", value.clone(), &[]), None, "{value}");
        }
        assert_eq!(
            scrub(
                "a",
                json!({"b": "203.0.113.7", "c": ["x", "::1"], "clientIp": "secret", "d": 1, "203.0.113.7": 2}),
                &[]
            ),
            Some(json!({"c": ["x"], "d": 1}))
        );
        assert_eq!(
            scrub("a", json!("signed in from 203.0.113.7, twice"), &[]),
            Some(json!("signed in from :hidden, twice"))
        );
        assert_eq!(scrub("a", json!("ip=203.0.113.7"), &[]), Some(json!("ip=:hidden")));
    }

    #[test]
    fn what_is_none_stays() {
        for value in [
            json!("1.2.3"),
            json!("12:30:45"),
            json!("std::io"),
            json!([]),
            json!({}),
            json!("a:b"),
            json!(null),
            json!(7),
        ] {
            assert_eq!(scrub("a", value.clone(), &[]), Some(value));
        }
        assert_eq!(scrub("app_version", json!("4.2.0.1"), &[]), Some(json!("4.2.0.1")));
    }

    #[test]
    fn queries_go_at_any_depth() {
        let value = json!({"links": ["https://a.example/x?email=ana", {"to": "/y?z=1"}]});
        assert_eq!(scrub("a", value, &[]), Some(json!({"links": ["https://a.example/x", {"to": "/y"}]})));
    }

    proptest! {
        #[test]
        fn no_address_stays(before in "[a-z ]{0,8}", address: std::net::IpAddr, after in "( [a-z]{1,8})?") {
            let address = address.to_string();
            prop_assume!(address != "::");
            let kept = scrub("a", json!(format!("{before} {address}{after}")), &[]);
            prop_assert!(!kept.unwrap_or_default().to_string().contains(&address));
        }
    }
}
