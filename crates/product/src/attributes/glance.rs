//! What bytes a text is made of, in one pass. Most values have none of those that addresses, numbers and free text are made
//! of, and need no closer look: it is most of what looking at an event costs.
//!
//! Invariant: whatever [`detect`](super::detect) finds in a text, a glance does not rule out.

/// Free text has more words, or more letters.
pub(super) const WORDS: usize = 8;
pub(super) const LENGTH: usize = 200;
/// The fewest digits of a number that leads to somebody.
pub(super) const DIGITS: usize = 8;
/// A signed token is longer.
pub(super) const TOKEN: usize = 20;
/// The length of a MAC address.
pub(super) const MAC: usize = 17;

/// What was seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Glance {
    marks: u8,
    digits: usize,
    spaces: usize,
}

/// A letter outside of ASCII.
const FOREIGN: u8 = 1;
/// `@`, or what may stand for it.
const AT: u8 = 2;
const DASH: u8 = 4;
const DOT: u8 = 8;
const COLON: u8 = 16;
/// `?` or `#`, as URLs have.
const QUERY: u8 = 32;
const DIGIT: u8 = 64;
const SPACE: u8 = 128;

static MARKS: [u8; 256] = {
    let mut marks = [0; 256];
    let mut byte = 0_u8;
    loop {
        marks[byte as usize] = match byte {
            b'@' | b'%' => AT,
            b'-' => DASH,
            b'.' => DOT,
            b':' => COLON,
            b'?' | b'#' => QUERY,
            b'0'..=b'9' => DIGIT,
            b'\t'..=b'\r' | b' ' => SPACE,
            128.. => FOREIGN,
            _ => 0,
        };
        if byte == u8::MAX {
            break marks;
        }
        byte += 1;
    }
};

impl Glance {
    pub(super) fn at(text: &str) -> Self {
        let mut glance = Self::default();
        for byte in text.bytes() {
            let marks = MARKS[usize::from(byte)];
            glance.marks |= marks;
            glance.digits += usize::from(marks == DIGIT);
            glance.spaces += usize::from(marks == SPACE);
        }
        glance
    }

    const fn has(self, marks: u8) -> bool {
        self.marks & marks != 0
    }

    /// Whether nothing in it leads to somebody, [`super::names_somebody`], for sure.
    pub(super) const fn leads_nowhere(self, text: &str) -> bool {
        let may_be_token = self.has(DOT) && text.len() > TOKEN;
        let may_be_mac = self.has(COLON | DASH) && text.len() >= MAC;
        self.digits < DIGITS && !(self.has(FOREIGN | AT) || may_be_token || may_be_mac)
    }

    /// Whether nothing in it is an address of a machine or part of a URL, for sure.
    pub(super) const fn leads_to_no_machine(self) -> bool {
        !self.has(DOT | COLON | QUERY)
    }

    /// Whether it is no free text, [`super::text_looks_personal`], for sure.
    pub(super) const fn is_short(self, text: &str) -> bool {
        !self.has(FOREIGN) && self.spaces < WORDS && text.len() <= LENGTH
    }
}
