//! Names as words: `firstName`, `first_name`, `First-Name`, `first.name` and `firstname` are all *first*, *name*.
//!
//! Diacritics are taken off, so that *prénom* and *prenom* are one word. Names without any separator are taken apart where
//! every piece is a word that the rules know, or where they end in one that says enough by itself (`*name`, `*email`).

use std::collections::HashSet;
use std::sync::LazyLock;

use heck::ToSnakeCase as _;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::vocabulary as v;

/// Words to look up.
pub(super) type Set = LazyLock<HashSet<&'static str>>;

/// The set of the words in a text.
pub(super) fn set(text: &'static str) -> HashSet<&'static str> {
    text.split_whitespace().collect()
}

/// The shortest word that a name without separators is taken apart into.
const SHORTEST: usize = 3;
/// The longest word that is taken apart.
const LONGEST: usize = 40;

/// A name's words, in lower case and without diacritics; digits are words of their own.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in without_marks(name).to_snake_case().split('_') {
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_numeric();
            let end = rest.find(|letter: char| letter.is_numeric() != is_digit).unwrap_or(rest.len());
            take_apart(&rest[..end], &mut words);
            rest = &rest[end..];
        }
    }
    words
}

/// In lower case, without separators and diacritics.
pub(super) fn folded(name: &str) -> String {
    let letters = without_marks(name);
    letters.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn without_marks(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    // Compatibility forms are undone too: what looks like `ｅｍａｉｌ` is `email`.
    let letters = name.nfkd().filter(|letter| !is_combining_mark(*letter)).nfkc();
    let mut plain = String::with_capacity(name.len());
    for letter in letters {
        match letter {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'ı' => plain.push('i'),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' => plain.push('d'),
            letter => plain.push(letter),
        }
    }
    plain
}

/// A word, or the known words that it is put together from.
fn take_apart(word: &str, into: &mut Vec<String>) {
    if word.is_ascii() && word.len() > SHORTEST + 1 && word.len() <= LONGEST && !v::is_known(word) {
        if let Some(pieces) = pieces(word) {
            into.extend(pieces.into_iter().map(str::to_owned));
            return;
        }
        let tail = v::TAILS.iter().find_map(|tail| word.strip_suffix(tail).filter(|head| head.len() > 1));
        if let Some(head) = tail {
            take_apart(head, into);
            into.push(word[head.len()..].to_owned());
            return;
        }
    }
    into.push(word.to_owned());
}

/// The known words that a word consists of, the longest first; `None` if it doesn't.
fn pieces(word: &str) -> Option<Vec<&str>> {
    // Where a piece can end, and where it begins then.
    let mut begins: Vec<Option<usize>> = vec![None; word.len() + 1];
    begins[0] = Some(0);
    for end in 1..=word.len() {
        begins[end] = (0..end).find(|begin| {
            let piece = &word[*begin..end];
            let fits = piece.len() >= SHORTEST || (piece == "id" && end == word.len() && *begin > 0);
            begins[*begin].is_some() && fits && (v::is_known(piece) || piece == "id")
        });
    }
    let mut pieces = Vec::new();
    let mut end = word.len();
    while end > 0 {
        let begin = begins[end]?;
        pieces.push(&word[begin..end]);
        end = begin;
    }
    pieces.reverse();
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_the_same_words_however_it_is_written() {
        for name in ["firstName", "first_name", "First-Name", "first.name", "FIRST NAME", "ｆｉｒｓｔName"] {
            assert_eq!(words(name), ["first", "name"], "{name}");
        }
        assert_eq!(words("addressLine1"), ["address", "line", "1"]);
        assert_eq!(words("userID"), ["user", "id"]);
        assert_eq!(words("prénom"), ["prenom"]);
        assert_eq!(words("Straße"), ["strasse"]);
        assert_eq!(words("shippingstreet"), ["shipping", "street"]);
        assert_eq!(words("kontaktemail"), ["kontakt", "email"]);
    }

    #[test]
    fn words_that_only_sound_like_it_stay_whole() {
        for name in ["payment", "tournament", "microphone", "capacity", "package", "android", "paid", "message"] {
            assert_eq!(words(name), [name]);
        }
    }

    proptest! {
        #[test]
        fn no_name_panics(name in "\\PC{0,60}") {
            let _ = (words(&name), folded(&name));
        }
    }
}
