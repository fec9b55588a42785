//! Regular expressions that mean the same in Rust and in JavaScript.
//!
//! The language is JavaScript's with the flags `su` (`new RegExp(source, "su")`), as far as it is regular and has one
//! meaning everywhere: literals, `.` (any character, line breaks too), `^`, `$`, `\b`, `|`, `(…)`, `(?:…)`, classes with
//! ranges, `\d \D \w \W \s \S` (the ASCII digits and word characters and the white space of JavaScript), `\n \r \t \f \v`,
//! escaped syntax characters, and `? * + {n} {n,} {n,m}` with a lazy `?`. A match may lie anywhere; case counts; there
//! are no flags. [`translate`] writes it for Rust, where those escapes and some characters mean something else.
//!
//! Refused, with what to write instead: lookaround, back references, named groups, inline flags, `\p`, `\B`, `\x`, `\u`,
//! and what makes a backtracking engine slow: Rust matches in linear time, but a browser would hang, in somebody else's
//! page. A term's *freedom* is how many choices a match of it makes: 0 for what has a fixed form, 1 for alternatives and
//! for a repeat whose count varies; it adds up in a sequence and multiplies in a repeat. What is repeated without bound
//! must have none (`(a+)*`, `(a|b)*` and `(a?)*` are refused, `(?:ab)*` and `[ab]*` are not), and a pattern at most 20.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 512;
/// The most that a pattern may take when compiled, in bytes.
const MAX_COMPILED: usize = 256 * 1024;
const MAX_NESTING: usize = 10;
const MAX_REPEAT: u32 = 1000;
/// How many choices one match may have to make.
const MAX_FREEDOM: u32 = 20;
const MAX_UNBOUNDED: usize = 10;
/// The syntax characters of ECMAScript, which may be escaped; the ones that mean something by themselves.
const SYNTAX: &str = r"^$\.*+?()[]{}|/";
const JS_SPACE: &str =
    r"\t\n\x0B\x0C\r \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}";

/// A compiled pattern; equal when its source is.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(String, Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Pattern {
    /// Checks and compiles; otherwise says what is wrong.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(&translate(source)?)
            .dot_matches_new_line(true)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .build()
            .map_err(|_| "the regular expression is too large: use fewer or smaller repeats".to_owned())?;
        Ok(Self(source.to_owned(), regex))
    }

    pub(crate) fn source(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.1.is_match(text)
    }
}

/// Checks that a pattern is of the common language and writes it for Rust.
fn translate(source: &str) -> Result<String, String> {
    if source.is_empty() || source.len() > MAX_PATTERN {
        return Err(format!("expected a regular expression of 1 to {MAX_PATTERN} bytes"));
    }
    let mut scan = Scan { rest: source.chars().peekable(), out: String::new(), unbounded: 0 };
    scan.alternatives(0)?;
    if scan.rest.next().is_some() {
        return Err(r"a ) closes nothing: write \)".to_owned());
    }
    Ok(scan.out)
}

struct Scan<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    unbounded: usize,
}

/// A repeat; without `most` it has no bound.
#[derive(Clone, Copy)]
struct Repeat {
    least: u32,
    most: Option<u32>,
}

impl Scan<'_> {
    /// Up to the end or to a closing parenthesis; returns the freedom within.
    fn alternatives(&mut self, depth: usize) -> Result<u32, String> {
        if depth > MAX_NESTING {
            return Err(format!("groups nest at most {MAX_NESTING} deep"));
        }
        let (mut most, mut branch) = (0, 0);
        while let Some(next) = self.rest.next_if(|next| *next != ')') {
            if next == '|' {
                self.out.push('|');
                most = branch.max(most).max(1);
                branch = 0;
            } else {
                branch += self.term(next, depth)?;
            }
            if branch > MAX_FREEDOM {
                return Err(SLOW.to_owned());
            }
        }
        Ok(branch.max(most))
    }

    fn term(&mut self, first: char, depth: usize) -> Result<u32, String> {
        let mut freedom = 0;
        match first {
            '^' | '$' => {
                self.out.push(first);
                return self.no_repeat().map(|()| 0);
            }
            '(' => freedom = self.group(depth)?,
            '[' => self.class()?,
            '\\' => {
                if self.escape()? {
                    return self.no_repeat().map(|()| 0);
                }
            }
            '*' | '+' | '?' => {
                return Err(format!(r"{first} repeats nothing: write \{first} for the character itself"));
            }
            '{' | '}' | ']' => return Err(format!(r"write \{first} for the character {first}")),
            '.' => self.out.push('.'),
            literal => self.literal(literal),
        }
        match self.repeat()? {
            None => Ok(freedom),
            Some(Repeat { most: None, .. }) if freedom > 0 => Err(SLOW.to_owned()),
            Some(Repeat { most: None, .. }) => {
                self.unbounded += 1;
                if self.unbounded > MAX_UNBOUNDED {
                    return Err(format!("at most {MAX_UNBOUNDED} repeats without bound"));
                }
                Ok(1)
            }
            Some(Repeat { most: Some(most), least }) => {
                let varies = u32::from(most != least);
                let freedom = freedom.saturating_mul(most).saturating_add(varies);
                if freedom > MAX_FREEDOM { Err(SLOW.to_owned()) } else { Ok(freedom) }
            }
        }
    }

    fn group(&mut self, depth: usize) -> Result<u32, String> {
        if self.rest.next_if_eq(&'?').is_some() && self.rest.next() != Some(':') {
            return Err("of groups only (…) and (?:…) are accepted: no lookaround, names or inline flags".to_owned());
        }
        self.out.push_str("(?:");
        let freedom = self.alternatives(depth + 1)?;
        if self.rest.next() != Some(')') {
            return Err(r"a ( is not closed: write \( for the character itself".to_owned());
        }
        self.out.push(')');
        Ok(freedom)
    }

    /// After a backslash outside of a class; returns whether it asserts something about a place.
    fn escape(&mut self) -> Result<bool, String> {
        match self.rest.next() {
            Some('b') => {
                self.out.push_str(r"(?-u:\b)");
                return Ok(true);
            }
            Some(escaped) if SYNTAX.contains(escaped) => self.literal(escaped),
            Some(escaped) => match shorthand(escaped) {
                Some((inverse, set)) => {
                    self.out.push_str(if inverse { "[^" } else { "[" });
                    self.out.push_str(set);
                    self.out.push(']');
                }
                None => {
                    self.control(escaped)?;
                }
            },
            None => return Err(r"a \ at the end escapes nothing: write \\".to_owned()),
        }
        Ok(false)
    }

    /// `\n` and its like, in and out of classes; refuses every other escape.
    fn control(&mut self, escaped: char) -> Result<char, String> {
        let character = match escaped {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\x0C',
            'v' => '\x0B',
            '0'..='9' | 'k' => return Err(format!(r"\{escaped}: back references are not accepted")),
            'p' | 'P' => return Err(format!(r"\{escaped} differs between browsers: list the characters in a class")),
            'x' | 'u' | 'c' => return Err(format!(r"\{escaped} is not accepted: write the character itself")),
            _ => {
                return Err(format!(
                    r"\{escaped} is not accepted: only {SYNTAX} may be escaped, and b d D w W s S n r t f v"
                ));
            }
        };
        self.literal(character);
        Ok(character)
    }

    fn literal(&mut self, literal: char) {
        // Of ASCII punctuation only < and > mean something when escaped.
        if literal.is_ascii_punctuation() && !matches!(literal, '<' | '>') {
            self.out.push('\\');
        }
        self.out.push(literal);
    }

    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.peek() == Some(&']') {
            return Err(r"an empty class: write \] for the character ]".to_owned());
        }
        loop {
            let Some(next) = self.rest.next() else {
                return Err(r"a [ is not closed: write \[ for the character itself".to_owned());
            };
            if next == ']' {
                self.out.push(']');
                return Ok(());
            }
            let low = self.member(next)?;
            if self.rest.peek() == Some(&'-') {
                self.range(low)?;
            }
        }
    }

    /// A `-` after a member of a class: a range, or the last character of the class.
    fn range(&mut self, low: Option<char>) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        ahead.next();
        if ahead.peek() == Some(&']') {
            return Ok(());
        }
        self.rest.next();
        self.out.push('-');
        let next = self.rest.next().ok_or("a [ is not closed")?;
        match (low, self.member(next)?) {
            (Some(low), Some(high)) if low <= high => Ok(()),
            (Some(low), Some(high)) => {
                Err(format!("the range {low}-{high} is empty: its ends are the wrong way round"))
            }
            _ => Err(r"a range needs a character at both ends: write \- for the character -".to_owned()),
        }
    }

    /// One member of a class: a character, or `None` for a set such as `\d`.
    fn member(&mut self, first: char) -> Result<Option<char>, String> {
        match first {
            '[' => Err(r"write \[ for the character [ in a class".to_owned()),
            '&' | '-' if self.rest.peek() == Some(&first) => Err(format!(r"{first}{first} in a class is not accepted")),
            '\\' => match self.rest.next() {
                Some(escaped) if SYNTAX.contains(escaped) || escaped == '-' => {
                    self.literal(escaped);
                    Ok(Some(escaped))
                }
                Some('b') => Err(r"\b in a class is not accepted".to_owned()),
                Some(escaped) => match shorthand(escaped) {
                    Some((inverse, set)) => {
                        self.out.push_str(if inverse { "[^" } else { "[" });
                        self.out.push_str(set);
                        self.out.push(']');
                        Ok(None)
                    }
                    None => self.control(escaped).map(Some),
                },
                None => Err("a [ is not closed".to_owned()),
            },
            literal => {
                self.literal(literal);
                Ok(Some(literal))
            }
        }
    }

    fn repeat(&mut self) -> Result<Option<Repeat>, String> {
        let repeat = match self.rest.peek() {
            Some('*' | '+') => Repeat { least: 0, most: None },
            Some('?') => Repeat { least: 0, most: Some(1) },
            Some('{') => {
                self.rest.next();
                let repeat = self.bounds()?;
                self.after_repeat()?;
                return Ok(Some(repeat));
            }
            _ => return Ok(None),
        };
        self.out.extend(self.rest.next());
        self.after_repeat()?;
        Ok(Some(repeat))
    }

    fn after_repeat(&mut self) -> Result<(), String> {
        self.out.extend(self.rest.next_if_eq(&'?'));
        self.no_repeat()
    }

    fn no_repeat(&mut self) -> Result<(), String> {
        match self.rest.peek() {
            Some(repeat @ ('*' | '+' | '?' | '{')) => {
                Err(format!(r"{repeat} repeats nothing: write \{repeat} for the character itself"))
            }
            _ => Ok(()),
        }
    }

    fn bounds(&mut self) -> Result<Repeat, String> {
        let least = self.number()?;
        let most = if self.rest.next_if_eq(&',').is_none() {
            Some(least)
        } else if self.rest.peek() == Some(&'}') {
            None
        } else {
            Some(self.number()?)
        };
        if self.rest.next() != Some('}') || most.is_some_and(|most| most < least) {
            return Err(BOUNDS.to_owned());
        }
        let most_text = most.map_or_else(String::new, |most| most.to_string());
        self.out.extend(["{", &least.to_string(), ",", &most_text, "}"]);
        Ok(Repeat { least, most })
    }

    fn number(&mut self) -> Result<u32, String> {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse().ok().filter(|number| *number <= MAX_REPEAT).ok_or_else(|| BOUNDS.to_owned())
    }
}

const SLOW: &str = "this can hang a browser: what is repeated without bound may not itself contain |, ?, *, + or {n,m} (a \
                    class such as [ab] is fine), and all of them together allow at most 20 choices";
const BOUNDS: &str = r"expected {n}, {n,} or {n,m} with numbers up to 1000; write \{ for the character {";

/// `\d` and its like: whether it is the inverse, and the set for Rust.
fn shorthand(escaped: char) -> Option<(bool, &'static str)> {
    let set = match escaped.to_ascii_lowercase() {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => JS_SPACE,
        _ => return None,
    };
    Some((escaped.is_ascii_uppercase(), set))
}

#[cfg(test)]
mod tests;
