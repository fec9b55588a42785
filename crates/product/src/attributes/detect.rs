//! What a value says: whether it looks like an e-mail address, a telephone number, a bank account or card number, a place
//! on the map, a signed token, one of the message's own outside ids, or free text.
//!
//! Looked for in texts and whole numbers, at any depth of lists and objects:
//! - an e-mail address anywhere in a text: `x@y.z`;
//! - a telephone number anywhere in it: 8 to 15 digits after `+`, or in groups as such numbers have, or 10 and more in one
//!   row that is no time; groups and rows only where the name does not explain them as a code or quantity;
//! - a card number (13 to 19 digits that pass Luhn's check), an IBAN (that passes its own), a MAC address, a JSON web token,
//!   latitude and longitude;
//! - free text: more than 8 words, 20 Chinese, Japanese or Korean characters, or 200 characters.
//!
//! Own code: `phonenumber` needs a country to know a national number, which nobody names here, and bincode 1;
//! `rlibphonenumber` is young and one person's. Both judge which numbers are *valid*; here a number that could be one is
//! sealed.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::{Number, Value};
use unicode_normalization::UnicodeNormalization as _;

use super::glance::{DIGITS, Glance, LENGTH, MAC, TOKEN, WORDS};
use super::names::{self, Digits};

const IDEOGRAPHS: usize = 20;
/// The shortest outside id that is looked for within texts and as a number.
const SHORTEST_ID: usize = 4;
/// From this length on an outside id is found within words, too.
const LONG_ID: usize = 8;

const UNEXPLAINED: Digits = Digits { groups: false, row: false };

/// Whether a text has nothing that is looked for in values: no address, number, URL or free text.
pub(crate) fn is_innocent(text: &str) -> bool {
    let glance = Glance::at(text);
    glance.leads_nowhere(text) && glance.is_short(text) && glance.leads_to_no_machine()
}

/// Whether the text of a property of this name looks personal.
pub(super) fn text_of_property_looks_personal(name: &str, text: &str) -> bool {
    is_long(text) || leads_to_somebody(text, &|| names::digits_of(name))
}

/// Whether a value under this name looks personal, or something in it does. `counts`: whether the name is one of how many
/// people there are, so that anything but a number says who.
pub(super) fn value_looks_personal(name: &str, counts: bool, value: &Value) -> bool {
    match value {
        Value::String(text) => counts || text_of_property_looks_personal(name, text),
        Value::Number(number) => number_looks_personal(name, number),
        Value::Array(items) => {
            counts || is_place(items) || items.iter().any(|item| value_looks_personal(name, counts, item))
        }
        Value::Object(fields) => fields.iter().any(|(field, value)| {
            // Of its parents, a field's name says with which words it is read: `billing.city`, `products.name`.
            let name = format!("{name}.{field}");
            names::class_of(super::Scope::Event, &name) == super::Class::Personal
                || names_somebody(field)
                || value_looks_personal(&name, names::is_count_of_people(&name), value)
        }),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Whether a text looks personal.
pub(crate) fn text_looks_personal(text: &str) -> bool {
    is_long(text) || names_somebody(text)
}

/// Whether a text looks like an address or number that leads to somebody; free text aside.
pub(crate) fn names_somebody(text: &str) -> bool {
    leads_to_somebody(text, &|| UNEXPLAINED) || has_ip(text)
}

/// Whether a value is or holds one of these outside ids.
pub(super) fn holds_id(value: &Value, own: &[&str]) -> bool {
    match value {
        Value::String(text) => mentions(text, own),
        Value::Number(number) => is_id(number, own),
        Value::Array(items) => items.iter().any(|item| holds_id(item, own)),
        Value::Object(fields) => fields.iter().any(|(name, value)| mentions(name, own) || holds_id(value, own)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Whether a number is one of these outside ids.
pub(super) fn is_id(number: &Number, own: &[&str]) -> bool {
    own.iter().any(|id| id.len() >= SHORTEST_ID && is_numeric(id)) && {
        let number = number.to_string();
        number.len() >= SHORTEST_ID && own.contains(&number.as_str())
    }
}

/// Whether a text may be a number's.
fn is_numeric(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-')
}

/// Whether a text is one of these outside ids, or has one in it: a short one as a word, a long one anywhere. An id of three
/// characters or fewer is found as the whole text only.
pub(crate) fn mentions(text: &str, own: &[&str]) -> bool {
    own.iter().any(|id| {
        let length = id.len();
        if text.len() < length {
            return false;
        }
        if text.len() == length || length < SHORTEST_ID {
            return text.trim().eq_ignore_ascii_case(id);
        }
        let (text, id) = (text.as_bytes(), id.as_bytes());
        text.windows(length).enumerate().any(|(at, window)| {
            let is_apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte.is_ascii());
            window.eq_ignore_ascii_case(id)
                && (length >= LONG_ID
                    || (is_apart(at.checked_sub(1).map(|at| &text[at])) && is_apart(text.get(at + length))))
        })
    })
}

fn is_long(text: &str) -> bool {
    !Glance::at(text).is_short(text) && is_long_closely(text)
}

fn is_long_closely(text: &str) -> bool {
    text.split_whitespace().count() > WORDS
        || text.chars().count() > LENGTH
        || (!text.is_ascii() && text.chars().filter(|letter| is_ideograph(*letter)).count() > IDEOGRAPHS)
}

fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

fn leads_to_somebody(text: &str, explained: &dyn Fn() -> Digits) -> bool {
    !Glance::at(text).leads_nowhere(text) && leads_to_somebody_closely(text, explained)
}

fn leads_to_somebody_closely(text: &str, explained: &dyn Fn() -> Digits) -> bool {
    let text = plainly(text);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    has_email(&text)
        || has_token(&text)
        || (digits >= DIGITS && (has_number(&text, explained) || has_iban(&text) || is_pair_of_degrees(&text)))
        || is_mac(&text)
}

/// A text as it is meant: percent-encoding and compatibility forms (`＠`, `１`) undone.
fn plainly(text: &str) -> Cow<'_, str> {
    let text = if text.contains('%') { crate::ingest::percent_decoded(text) } else { Cow::Borrowed(text) };
    if text.is_ascii() { text } else { Cow::Owned(text.nfkc().collect()) }
}

fn has_email(text: &str) -> bool {
    let local = |letter: char| letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.\"".contains(letter);
    text.match_indices('@').any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(local);
        let domain =
            text[at + 1..].split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '.').next();
        let domain = domain.unwrap_or("").trim_end_matches('.');
        before && domain.split('.').count() >= 2 && domain.split('.').all(|label| !label.is_empty())
    })
}

/// A JSON web token: what it says is in clear for everybody.
fn has_token(text: &str) -> bool {
    let tokens = text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter));
    tokens.filter(|token| token.starts_with("eyJ") && token.len() > TOKEN).any(|token| token.matches('.').count() >= 2)
}

/// Whether a run of digits in a text is a telephone or card number.
fn has_number(text: &str, explained: &dyn Fn() -> Digits) -> bool {
    let text = &without_uuids(text);
    let is_part = |letter: char| letter.is_ascii_digit() || "+ -./()\u{a0}\u{2010}\u{2013}".contains(letter);
    let mut from = 0;
    text.split(|letter: char| !is_part(letter)).any(|run| {
        let (before, after) = (text[..from].chars().next_back(), text[from + run.len()..].chars().next());
        from += run.len() + after.map_or(0, char::len_utf8);
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        // Digits that go on as letters are a code's.
        let starts_inside =
            before.is_some_and(char::is_alphanumeric) && run.starts_with(|letter: char| letter.is_ascii_digit());
        let ends_inside =
            after.is_some_and(char::is_alphanumeric) && run.ends_with(|letter: char| letter.is_ascii_digit());
        digits >= DIGITS
            && !starts_inside
            && !ends_inside
            && (is_phone(run.trim(), digits, explained) || is_card(run.trim(), digits))
    })
}

/// Without UUIDs: a stretch of one can look like groups of a number.
fn without_uuids(text: &str) -> Cow<'_, str> {
    if text.len() < 36 || !text.contains('-') {
        return Cow::Borrowed(text);
    }
    let words = text.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-');
    let uuids = words.filter(|word| word.len() == 36 && uuid::Uuid::try_parse(word).is_ok());
    uuids.fold(Cow::Borrowed(text), |text, uuid| Cow::Owned(text.replace(uuid, "uuid")))
}

fn is_phone(run: &str, digits: usize, explained: &dyn Fn() -> Digits) -> bool {
    if digits > 15 {
        return false;
    }
    let run = run.trim_matches(|letter: char| "-./ ".contains(letter));
    let groups: Vec<&str> =
        run.split(|letter: char| !letter.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let international = run.starts_with("00") && !run.starts_with("000") && digits >= 11;
    if run.starts_with('+') || run.starts_with('(') || international {
        return true;
    }
    match groups.as_slice() {
        [row] => is_row(row) && !explained().row,
        [first, second] => {
            // `0170 5550142`, `415-5550142`
            let national = first.starts_with('0') && first.len() >= 2 && digits >= 9 && !run.contains('.');
            (national || (first.len() == 3 && second.len() == 7)) && !explained().groups
        }
        groups => !is_date(groups) && !is_amount(groups) && !is_version(run, groups) && !explained().groups,
    }
}

/// A row of digits that could be a telephone number: 10 to 15, or 9 and more after a 0, and no time. No time begins with a
/// 0: `01705550142` is a number of Germany, not a second of 2024.
fn is_row(row: &str) -> bool {
    if row.starts_with('0') {
        return row.len() >= 9;
    }
    let number: u64 = row.parse().unwrap_or(0);
    let is_time = (1_000_000_000..2_000_000_000).contains(&number)
        || (1_000_000_000_000..2_000_000_000_000).contains(&number)
        || is_compact_date(row);
    row.len() >= 10 && !is_time
}

/// `202610011200`, `20261001120000`: year, month, day, hour, minute, second.
fn is_compact_date(row: &str) -> bool {
    let part = |range: std::ops::Range<usize>| row.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(99);
    matches!(row.len(), 12 | 14)
        && (1990..2100).contains(&part(0..4))
        && (1..=12).contains(&part(4..6))
        && (1..=31).contains(&part(6..8))
        && part(8..10) < 24
        && part(10..12) < 60
}

/// `2026-10-01`, `01.10.2026`, `10/01/2026`: groups of 4, 2 and 2 digits, or 2, 2 and 4.
fn is_date(groups: &[&str]) -> bool {
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    matches!(lengths.as_slice(), [4, 1..=2, 1..=2, ..] | [1..=2, 1..=2, 4, ..])
}

/// `10 000 000`
fn is_amount(groups: &[&str]) -> bool {
    groups[1..].iter().all(|group| group.len() == 3) && groups.last() == Some(&"000")
}

/// `142.0.7444.59`
fn is_version(run: &str, groups: &[&str]) -> bool {
    run.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && !run.starts_with('0')
        && groups.iter().any(|group| group.len() == 1)
}

fn is_card(run: &str, digits: usize) -> bool {
    let groups: Vec<&str> = run.split([' ', '-']).filter(|group| !group.is_empty()).collect();
    if !(13..=19).contains(&digits)
        || is_date(&groups)
        || !run.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ' || byte == b'-')
    {
        return false;
    }
    let sum: u32 = run
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
    sum.is_multiple_of(10) && matches!(run.as_bytes().first(), Some(b'2'..=b'6'))
}

/// A whole number that a telephone or card could have.
pub(super) fn number_looks_personal(name: &str, number: &Number) -> bool {
    let Some(number) = whole(number).filter(|number| *number >= 1_000_000_000) else { return false };
    let row = number.to_string();
    (10..=19).contains(&row.len())
        && (is_card(&row, row.len()) || (row.len() <= 15 && is_row(&row) && !names::digits_of(name).row))
}

fn whole(number: &Number) -> Option<u64> {
    let float = || number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..1e19).contains(float));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within the bounds above")]
    number.as_u64().or_else(|| float().map(|float| float as u64))
}

fn has_iban(text: &str) -> bool {
    let words: Vec<&str> =
        text.split_whitespace().map(|word| word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric())).collect();
    words.iter().enumerate().any(|(at, first)| {
        let first = first.as_bytes();
        if first.len() < 4
            || !first[..2].iter().all(u8::is_ascii_alphabetic)
            || !first[2..4].iter().all(u8::is_ascii_digit)
        {
            return false;
        }
        let mut letters = Vec::new();
        words[at..].iter().take_while(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric())).any(|word| {
            letters.extend_from_slice(word.as_bytes());
            is_iban(&letters)
        })
    })
}

fn is_iban(letters: &[u8]) -> bool {
    if !(15..=34).contains(&letters.len()) {
        return false;
    }
    let (head, tail) = letters.split_at(4);
    let remainder = tail.iter().chain(head).fold(0_u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    remainder == 1
}

/// `52.5200, 13.4050`: latitude and longitude, to a hundred metres or better.
fn is_pair_of_degrees(text: &str) -> bool {
    let text = text.trim().trim_start_matches("geo:");
    let parts = text.split([',', ';', ' ']).filter(|part| !part.is_empty());
    let exact = |part: &str| part.split_once('.').is_some_and(|(_, decimals)| decimals.len() >= 3);
    let degrees: Vec<Option<f64>> = parts.map(|part| part.parse().ok().filter(|_| exact(part))).collect();
    matches!(degrees.as_slice(), [Some(one), Some(two)] if one.abs() <= 180.0 && two.abs() <= 180.0)
}

/// The same, as a list of two numbers.
fn is_place(items: &[Value]) -> bool {
    let degrees = |value: &Value| {
        let text = value.as_number().filter(|number| number.is_f64())?.to_string();
        let exact = text.split_once('.').is_some_and(|(_, decimals)| decimals.len() >= 3);
        (exact && value.as_f64()?.abs() <= 180.0).then_some(())
    };
    matches!(items, [one, two] if degrees(one).is_some() && degrees(two).is_some())
}

fn is_mac(text: &str) -> bool {
    let text = text.trim();
    text.len() == MAC
        && [':', '-'].iter().any(|separator| {
            text.split(*separator).count() == 6
                && text
                    .split(*separator)
                    .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
        })
}

/// An IP address at the beginning of a text up to a space: with brackets, a port, a prefix length or a zone.
pub(crate) fn is_ip(word: &str) -> bool {
    let word = word.trim_matches(|letter: char| "\"'<>(),;".contains(letter)).trim_end_matches('.');
    if word.len() < 3 || word == "::" || !word.bytes().any(|byte| byte == b'.' || byte == b':') {
        return false;
    }
    let inner = word.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(word, |(inner, _)| inner);
    let inner = inner.split(['/', '%']).next().unwrap_or(inner);
    let with_port = inner.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    inner.parse::<IpAddr>().is_ok() || with_port.is_some_and(|(host, _)| host.parse::<std::net::Ipv4Addr>().is_ok())
}

/// Whether an IP address stands in a text.
pub(crate) fn has_ip(text: &str) -> bool {
    text.split([' ', ',', ';', '=', '|', '\t', '\n']).any(is_ip)
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
