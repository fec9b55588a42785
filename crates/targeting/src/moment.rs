//! Times in rules: windows such as `30d`, and moments that are an instant or lie so far from now (`-30d`, `+7d`).
//!
//! A day is 24 hours and a week seven days: a rule means the same in every zone.

use std::fmt;
use std::time::Duration;

use base::Timestamp;

/// A unit of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`, 24 hours
    Day,
    /// `w`, 7 days
    Week,
}

/// A length of time: a positive number of units, such as `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    count: u32,
    unit: Unit,
}

impl Span {
    /// What a text has to look like.
    pub(crate) const ACCEPTED: &'static str = "a whole number and one of m, h, d, w, such as 30d";

    /// Reads `30d`: no sign, no leading zero, not zero.
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, digits) = match text.as_bytes().split_last()? {
            (b'm', digits) => (Unit::Minute, digits),
            (b'h', digits) => (Unit::Hour, digits),
            (b'd', digits) => (Unit::Day, digits),
            (b'w', digits) => (Unit::Week, digits),
            _ => return None,
        };
        if digits.is_empty() || digits.len() > 9 || digits[0] == b'0' || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let count = digits.iter().fold(0, |count: u32, digit| count * 10 + u32::from(digit - b'0'));
        Some(Self { count, unit })
    }

    /// How long it is.
    pub fn duration(self) -> Duration {
        let minutes = match self.unit {
            Unit::Minute => 1,
            Unit::Hour => 60,
            Unit::Day => 24 * 60,
            Unit::Week => 7 * 24 * 60,
        };
        Duration::from_secs(u64::from(self.count) * minutes * 60)
    }

    /// The first instant that still lies within this span before now.
    pub fn start(self, now: Timestamp) -> Timestamp {
        now.minus(self.duration())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minute => 'm',
            Unit::Hour => 'h',
            Unit::Day => 'd',
            Unit::Week => 'w',
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl serde::Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What `before` and `after` compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    At(Timestamp),
    Ago(Span),
    Ahead(Span),
}

impl Moment {
    pub(crate) const ACCEPTED: &'static str =
        "a time with a zone as RFC 3339 (2026-10-01T00:00:00Z), a date (2026-10-01) or a time from now (-30d, +7d)";

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.as_bytes().first()? {
            b'-' => Span::parse(&text[1..]).map(Self::Ago),
            b'+' => Span::parse(&text[1..]).map(Self::Ahead),
            _ => instant(text).map(Self::At),
        }
    }

    pub(crate) const fn is_relative(self) -> bool {
        !matches!(self, Self::At(_))
    }

    pub(crate) fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.minus(span.duration()),
            Self::Ahead(span) => now.plus(span.duration()),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => write!(f, "{at}"),
            Self::Ago(span) => write!(f, "-{span}"),
            Self::Ahead(span) => write!(f, "+{span}"),
        }
    }
}

/// Reads what counts as a time in an attribute: RFC 3339 with a zone, or a date (midnight UTC). Stricter than jiff, so
/// that other languages can do the same: a local time without a zone, a leap second and a number are no times.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || !shaped(bytes.get(..10)?, b"0000-00-00") {
        return None;
    }
    if bytes.len() == 10 {
        return format!("{text}T00:00:00Z").parse().ok();
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') || !shaped(bytes.get(11..19)?, b"00:00:00") || bytes[17] > b'5' {
        return None;
    }
    let mut rest = &bytes[19..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        rest = &fraction[digits..];
    }
    let zoned = matches!(rest, b"Z" | b"z") || shaped(rest, b"+00:00") || shaped(rest, b"-00:00");
    if zoned { text.parse().ok() } else { None }
}

/// Whether a text has this shape, in which 0 stands for any digit.
fn shaped(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() == shape.len()
        && bytes
            .iter()
            .zip(shape)
            .all(|(byte, shape)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_strictly() {
        for text in ["1m", "36h", "30d", "4w", "999999999w"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "d", "0d", "030d", "-3d", "3 d", "3D", "3y", "1.5d", "9999999999d", "３d"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_week_is_seven_days() {
        assert_eq!(Span::parse("1w").unwrap().duration(), Span::parse("7d").unwrap().duration());
        assert_eq!(Span::parse("1d").unwrap().duration(), Duration::from_hours(24));
    }

    #[test]
    fn times_need_a_zone_and_real_digits() {
        for text in ["2026-10-01", "2026-10-01T00:00:00Z", "2026-10-01 02:00:00.000+02:00", "2026-10-01t00:00:00z"] {
            assert_eq!(instant(text).unwrap().to_string(), "2026-10-01T00:00:00Z", "{text}");
        }
        for text in [
            "2026-10-01T00:00:00",
            "2026-10-01T00:00Z",
            "20261001T000000Z",
            "2026-10-01T23:59:60Z",
            "2026-10-01T24:00:00Z",
            "2026-02-30",
            "2026-10-01T00:00:00.Z",
            "2026-10-01T00:00:00Z[UTC]",
            "2026-10-01T00:00:00+0200",
            "1790812800",
            "",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
