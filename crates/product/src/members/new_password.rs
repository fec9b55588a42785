//! Whether a new password may be used, as NIST SP 800-63B-4 says: by its length, and by what it is made of; there are no rules
//! on its characters.
//!
//! Refused is what is in the list of common and breached passwords that comes with the binary (`common_passwords.txt`, with
//! its licences), what is made of words that everybody can guess of this member, and either with little added; and what
//! repeats itself or counts up.

use std::collections::BTreeSet;

use base::{Code, Personal, Problem, ProblemResult, Secret};
use unicode_normalization::UnicodeNormalization as _;

/// Lower case, in the order of their bytes, none shorter than [`SHORTEST_WITH_MORE`].
const COMMON: &str = include_str!("common_passwords.txt");
/// The shortest password that is the only factor.
const SHORTEST_ALONE: usize = 15;
/// The shortest one beside a second factor; also how much must be left when what anybody can guess is taken away.
const SHORTEST_WITH_MORE: usize = 8;
const LONGEST: usize = 256;
/// The longest entry of the list that is looked for inside of a password.
const LONGEST_COMMON: usize = 32;
/// A word that is shorter says nothing about a member.
const SHORTEST_WORD: usize = 3;

/// What anybody can guess of a member, and whether the password is all that they sign in with.
pub(crate) struct About {
    words: BTreeSet<Vec<char>>,
    alone: bool,
}

impl About {
    /// Of a member with this address and name, who signs in with the password alone.
    pub(crate) fn new(email: &Personal<String>, name: &Personal<String>) -> Self {
        let mut about = Self { words: BTreeSet::new(), alone: true };
        about.add("pilotfish");
        about.add(email.open());
        about.add(name.open());
        about
    }

    /// Of somebody who belongs to this organisation.
    pub(crate) fn of_organisation(mut self, name: &str) -> Self {
        self.add(name);
        self
    }

    /// Of somebody who has a second factor.
    pub(crate) fn beside_a_factor(mut self) -> Self {
        self.alone = false;
        self
    }

    fn add(&mut self, text: &str) {
        let text = normalised(text);
        let parts = text.split(|c: &char| !c.is_alphanumeric()).map(<[char]>::to_vec);
        self.words.extend(parts.chain([text.clone()]).filter(|word| word.len() >= SHORTEST_WORD));
    }
}

/// Whether a password is long enough to be all that somebody signs in with.
pub(crate) fn does_alone(password: &Secret<String>) -> bool {
    password.expose().chars().count() >= SHORTEST_ALONE
}

/// Whether a password may be taken.
///
/// # Errors
/// 422 at `/password`, with what to do.
pub(crate) fn check_new(password: &Secret<String>, about: &About) -> ProblemResult<()> {
    let refused = |detail: String| Err(refusal(detail));
    let shortest = if about.alone { SHORTEST_ALONE } else { SHORTEST_WITH_MORE };
    let length = password.expose().chars().count();
    if !(shortest..=LONGEST).contains(&length) {
        return Err(wrong_length(shortest));
    }
    let text = normalised(password.expose());
    if is_common(&text) {
        return refused("this password is known from breaches and is tried first: use another one".to_owned());
    }
    if period(&text) < SHORTEST_WITH_MORE || steps(&text) < SHORTEST_WITH_MORE {
        return refused("this password repeats itself or counts up: use a few words in a row".to_owned());
    }
    let rest = without_guessable(&text, about);
    if rest.len() < text.len() && steps(&rest) < SHORTEST_WITH_MORE {
        return refused(
            "this password is a common one, or a name that has to do with you, with little added: use a few other words"
                .to_owned(),
        );
    }
    Ok(())
}

/// A password is too short to be all that its member signs in with.
pub(super) fn too_short_alone() -> Problem {
    wrong_length(SHORTEST_ALONE)
}

fn wrong_length(shortest: usize) -> Problem {
    refusal(format!("use {shortest} to {LONGEST} characters; a few words in a row are good"))
}

fn refusal(detail: String) -> Problem {
    Problem::new(Code::InvalidValue).field("/password", detail)
}

fn normalised(text: &str) -> Vec<char> {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

fn is_common(text: &[char]) -> bool {
    let text: String = text.iter().collect();
    // Lines cannot be indexed without walking them; this walks bytes to the line around the middle of what is left.
    let (mut low, mut high) = (0, COMMON.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let begin =
            COMMON.as_bytes()[low..middle].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let end = COMMON[begin..].find('\n').map_or(COMMON.len(), |at| begin + at);
        match COMMON[begin..end].cmp(text.as_str()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = begin,
        }
    }
    false
}

/// After how many characters a text begins again; all of them, if it does not.
fn period(text: &[char]) -> usize {
    (1..text.len()).find(|period| text[*period..] == text[..text.len() - period]).unwrap_or(text.len())
}

/// How many characters do not follow from those before them: in `aaaa` one does not, nor in `4321`.
fn steps(text: &[char]) -> usize {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let follows =
        text.windows(3).filter(|three| step(&three[..2]) == step(&three[1..]) && step(&three[1..]).abs() <= 1);
    text.len() - follows.count()
}

/// What is left of a text without entries of the list and words about the member, the longest first at each place.
fn without_guessable(text: &[char], about: &About) -> Vec<char> {
    let mut rest = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let longest = (SHORTEST_WORD..=(text.len() - at).min(LONGEST_COMMON)).rev().find(|length| {
            let part = &text[at..at + length];
            about.words.contains(part) || (*length >= SHORTEST_WITH_MORE && is_common(part))
        });
        if let Some(length) = longest {
            at += length;
        } else {
            rest.push(text[at]);
            at += 1;
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn about() -> About {
        let personal = |text: &str| Personal::new(text.to_owned());
        About::new(&personal("ana.lighthouse@harbour-works.example"), &personal("Ana Sørensen"))
            .of_organisation("Kontor")
    }

    fn refusal(password: &str) -> Option<String> {
        let refused = check_new(&Secret::new(password.to_owned()), &about()).err()?;
        assert_eq!(refused.errors[0].pointer, "/password");
        Some(refused.errors[0].detail.clone())
    }

    #[test]
    fn the_list_is_in_order_and_every_entry_is_found() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() > 20_000);
        assert!(lines.is_sorted() && lines.iter().all(|line| line.chars().count() >= SHORTEST_WITH_MORE));
        assert!(lines.iter().all(|line| is_common(&normalised(line))));
        for absent in ["", "a", "zzzzzzzzzzzzzzzzz", "correct horse", "\u{10ffff}"] {
            assert!(!is_common(&normalised(absent)), "{absent}");
        }
    }

    #[test]
    fn long_passwords_without_rules_are_taken() {
        for password in [
            "correct horse battery staple",
            "seven lighthouses in a row",
            "ñandú öfter 水曜日 пример",
            "xkq wvz jjf pmh t",
        ] {
            assert_eq!(refusal(password), None, "{password}");
        }
    }

    #[test]
    fn what_can_be_guessed_is_refused() {
        for (password, why) in [
            ("fourteen chars", "use 15 to 256"),
            ("password12345678", "common one"),
            ("PassWord12345678!", "common one"),
            ("aaaaaaaaaaaaaaaaaaaa", "repeats itself"),
            ("abcabcabcabcabcabc", "repeats itself"),
            ("abcdefghijklmnopqrst", "counts up"),
            ("987654321098765432", "counts up"),
            ("qwertyuiopasdfgh", "common one"),
            ("ana.lighthouse2026", "has to do with you"),
            ("sørensenkontor2026", "has to do with you"),
            ("pilotfishpilotfish", "has to do with you"),
            ("Harbour-Works 2026!", "has to do with you"),
        ] {
            let said = refusal(password).unwrap_or_else(|| panic!("{password} was taken"));
            assert!(said.contains(why), "{password}: {said}");
            assert!(!said.contains(password));
        }
        let long = "correct horse ".repeat(19);
        assert!(refusal(&long).unwrap().contains("256"));
    }

    #[test]
    fn beside_a_second_factor_eight_characters_do_unless_they_are_common() {
        let about = about().beside_a_factor();
        let check = |password: &str| check_new(&Secret::new(password.to_owned()), &about);
        assert!(check("vq7 lmrw").is_ok());
        for password in ["vq7 lmr", "password", "iloveyou", "kontor12"] {
            assert!(check(password).is_err(), "{password}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = check_new(&Secret::new(text), &about());
        }
    }
}
