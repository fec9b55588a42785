//! A text in the forms in which it could stand in a file.

use std::collections::BTreeSet;

use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER, HEXUPPER};
use regex::bytes::{Regex, RegexBuilder};

/// The forms of one text, and a pattern that finds any of them.
pub(crate) struct Needles {
    pattern: Regex,
    longest: usize,
}

impl Needles {
    /// Raw, as within JSON, base64 (both alphabets) at each of the three places where its first byte can stand, hex in
    /// either case, UTF-16 in either order.
    pub(crate) fn of(text: &str) -> Result<Self, regex::Error> {
        let bytes = text.as_bytes();
        let mut forms: BTreeSet<Vec<u8>> = BTreeSet::from([bytes.to_vec(), in_json(text)]);
        for place in 0..3 {
            forms.insert(base64(&BASE64, bytes, place));
            forms.insert(base64(&BASE64URL, bytes, place));
        }
        forms.insert(HEXLOWER.encode(bytes).into_bytes());
        forms.insert(HEXUPPER.encode(bytes).into_bytes());
        forms.insert(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.insert(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        let alternatives: Vec<String> = forms.iter().map(|form| literal(form)).collect();
        let pattern = RegexBuilder::new(&alternatives.join("|")).unicode(false).build()?;
        Ok(Self { pattern, longest: forms.iter().map(Vec::len).max().unwrap_or(1) })
    }

    /// The most bytes that one of the forms has.
    pub(crate) const fn longest(&self) -> usize {
        self.longest
    }

    /// How often the forms stand in these bytes, and where the last one ends.
    pub(crate) fn count(&self, bytes: &[u8]) -> (u64, usize) {
        self.pattern.find_iter(bytes).fold((0, 0), |(found, _), one| (found + 1, one.end()))
    }
}

fn literal(form: &[u8]) -> String {
    form.iter().fold(String::with_capacity(form.len() * 4), |pattern, byte| format!("{pattern}\\x{byte:02x}"))
}

/// As it stands within a JSON text: quotation marks and line breaks have a backslash.
fn in_json(text: &str) -> Vec<u8> {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or(&quoted).as_bytes().to_vec()
}

/// The characters of a base64 text that these bytes alone decide, if so many bytes come before them.
fn base64(alphabet: &Encoding, bytes: &[u8], before: usize) -> Vec<u8> {
    let padded = [&vec![0; before], bytes].concat();
    let whole = padded.len() * 8 / 6;
    let shared = (before * 8).div_ceil(6);
    alphabet.encode(&padded).into_bytes()[shared..whole].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str, bytes: &[u8]) -> u64 {
        Needles::of(text).unwrap().count(bytes).0
    }

    proptest! {
        #[test]
        fn a_text_is_found_in_every_form_whatever_stands_around_it(
            text in "\\PC{4,40}", before in proptest::collection::vec(any::<u8>(), 0..7), after in "\\PC{0,9}"
        ) {
            let plain = [&before, text.as_bytes(), after.as_bytes()].concat();
            let mut forms = vec![plain.clone()];
            forms.extend([BASE64.encode(&plain), BASE64URL.encode(&plain)].map(String::into_bytes));
            forms.extend([HEXLOWER.encode(&plain), HEXUPPER.encode(&plain)].map(String::into_bytes));
            forms.push(serde_json::json!({"x": format!("{text}{after}")}).to_string().into_bytes());
            let utf16: Vec<u16> = format!("{after}{text}{after}").encode_utf16().collect();
            forms.push(utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect());
            forms.push(utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect());
            for form in forms {
                prop_assert!(found(&text, &form) >= 1, "{:?}", form);
            }
        }

        #[test]
        fn another_text_is_not_found(text in "[a-m]{6,20}", other in "[n-z]{0,200}") {
            prop_assert_eq!(found(&text, other.as_bytes()), 0);
        }
    }

    #[test]
    fn quotation_marks_do_not_hide_it() {
        let text = "\"it works\"";
        assert_eq!(found(text, serde_json::json!([text]).to_string().as_bytes()), 1);
    }
}
