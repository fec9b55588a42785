//! What a value says: whether it looks like an e-mail address, a telephone number, an IP address, a bank account or card
//! number, or free text.
//!
//! Looked for in texts only (and in the names and texts within lists and objects), by one pass over the characters:
//! - an e-mail address anywhere in it: `x@y.z`;
//! - a telephone number: 8 to 15 digits after `+`, or grouped by spaces, dashes, dots or brackets in at least three
//!   groups, unless it is a date or time;
//! - an IP address, version 4 or 6, as the whole text;
//! - a card number (13 to 19 digits that pass Luhn's check) or an IBAN (that passes its own);
//! - free text: more than 8 words, or more than 200 characters.

use std::net::IpAddr;

use serde_json::Value;

const WORDS: usize = 8;
const LENGTH: usize = 200;

/// Whether a value looks personal, or something in it does.
pub(super) fn value_looks_personal(value: &Value) -> bool {
    match value {
        Value::String(text) => text_looks_personal(text),
        Value::Array(items) => items.iter().any(value_looks_personal),
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            super::names::class_of(super::Scope::Event, name) == super::Class::Personal
                || text_looks_personal(name)
                || value_looks_personal(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a text looks personal.
pub(crate) fn text_looks_personal(text: &str) -> bool {
    text.chars().count() > LENGTH || text.split_whitespace().count() > WORDS || names_somebody(text)
}

/// Whether a text looks like an address or number that leads to somebody; free text aside.
pub(crate) fn names_somebody(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    has_email(text)
        || (digits >= 8 && (is_phone(text, digits) || is_card(text, digits)))
        || is_iban(text)
        || is_ip(text)
}

fn has_email(text: &str) -> bool {
    let local = |letter: char| letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter);
    text.match_indices('@').any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(local);
        let domain =
            text[at + 1..].split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '.').next();
        let domain = domain.unwrap_or("").trim_end_matches('.');
        before && domain.split('.').count() >= 2 && domain.split('.').all(|label| !label.is_empty())
    }) || text.contains("%40") && has_email(&text.replace("%40", "@"))
}

fn is_phone(text: &str, digits: usize) -> bool {
    let text = text.trim();
    let only = |extra: &str| text.chars().all(|letter| letter.is_ascii_digit() || extra.contains(letter));
    if digits > 15 || !only("+ -./()\u{a0}") {
        return false;
    }
    let groups = text.split(|letter: char| !letter.is_ascii_digit()).filter(|group| !group.is_empty()).count();
    text.starts_with('+') || text.starts_with("00") || text.starts_with('(') || (groups >= 3 && !is_date(text))
}

/// `2026-10-01`, `01.10.2026`, `10/01/2026`: groups of 4, 2 and 2 digits, or 2, 2 and 4.
fn is_date(text: &str) -> bool {
    let lengths: Vec<usize> =
        text.split(|letter: char| !letter.is_ascii_digit()).map(str::len).filter(|length| *length > 0).collect();
    matches!(lengths.as_slice(), [4, 1..=2, 1..=2, ..] | [1..=2, 1..=2, 4, ..])
}

fn is_card(text: &str, digits: usize) -> bool {
    if !(13..=19).contains(&digits) || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ' || byte == b'-') {
        return false;
    }
    let sum: u32 = text
        .bytes()
        .rev()
        .filter(u8::is_ascii_digit)
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0') << (place % 2);
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    // Times in milliseconds are as long and start with 1; cards start with 2 to 6.
    sum.is_multiple_of(10) && matches!(text.trim().as_bytes().first(), Some(b'2'..=b'6'))
}

fn is_iban(text: &str) -> bool {
    let letters: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    if !(15..=34).contains(&letters.len()) || !letters.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let (head, tail) = letters.split_at(4);
    if !head[..2].iter().all(u8::is_ascii_alphabetic) || !head[2..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let remainder = tail.iter().chain(head).fold(0_u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    remainder == 1
}

fn is_ip(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 7 && text.len() <= 45 && text.parse::<IpAddr>().is_ok()
        || text.contains("::") && text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_leads_to_somebody_is_seen() {
        for text in [
            "ana@example.org",
            "Ana <ana.b+c@mail.example.co.uk>, hello",
            "https://x.example/?e=ana%40example.org",
            "+49 170 1234567",
            "0049 170 1234567",
            "(020) 7946 0958",
            "020-7946-0958 ",
            "192.0.2.7",
            "2001:db8::1",
            "DE89 3704 0044 0532 0130 00",
            "4111 1111 1111 1111",
            "I talked to my colleague about this and we both think so",
        ] {
            assert!(text_looks_personal(text), "{text}");
        }
    }

    #[test]
    fn what_products_count_is_left_alone() {
        for text in [
            "pro",
            "Invoice Sent",
            "2026-10-01",
            "2026-10-01T10:00:00.000Z",
            "01.10.2026",
            "10/01/2026",
            "12345678",
            "1790812800000",
            "1.2.3",
            "v2.10.0",
            "EUR",
            "a@b",
            "@home",
            "INV-2026-000123",
            "3f2504e0-4f89-11d3-9a0c",
        ] {
            assert!(!text_looks_personal(text), "{text}");
        }
    }

    #[test]
    fn what_is_inside_a_list_or_object_is_seen() {
        assert!(value_looks_personal(&json!({"a": [1, {"b": "ana@example.org"}]})));
        assert!(value_looks_personal(&json!({"ana@example.org": 1})));
        assert!(value_looks_personal(&json!({"first_name": "Ana"})));
        assert!(!value_looks_personal(&json!({"a": [1, {"b": "x"}]})));
    }

    proptest! {
        #[test]
        fn an_address_is_seen_anywhere(before in "[a-z ]{0,10}", local in "[a-z0-9.]{0,8}[a-z0-9]", domain in "[a-z]{1,8}\\.[a-z]{2,5}", after in "[ ,;)>]{0,1}[a-z ]{0,5}") {
            let text = format!("{before}{local}@{domain}{after}");
            prop_assert!(has_email(&text), "{}", text);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = text_looks_personal(&text);
        }
    }
}
