//! A range that is counted back from now, in a zone: `24h`, `30d`, `12w`, `6m`.

use base::Timestamp;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Span, ToSpan as _, Unit, Zoned, ZonedRound};

/// The longest, in days.
const MAX_DAYS: i64 = 5 * 366;

/// From when to when: so many hours, days, weeks or months with the one that is going on. `None` if the text says nothing like
/// it.
pub(super) fn last(text: &str, now: Timestamp, zone: &TimeZone) -> Option<[Timestamp; 2]> {
    let (number, unit) = counted(text)?;
    let now = jiff::Timestamp::from_microsecond(now.micros()).ok()?.to_zoned(zone.clone());
    let to = floor(&now, unit).ok()?.checked_add(units(unit, 1)).ok()?;
    let from = to.checked_sub(units(unit, number)).ok()?;
    Some([from, to].map(|moment| Timestamp(moment.timestamp().as_microsecond())))
}

/// What is accepted.
pub(super) fn expected() -> String {
    format!("expected a length such as 24h, 30d, 12w or 6m (months), of at most {MAX_DAYS} days")
}

fn counted(text: &str) -> Option<(i64, u8)> {
    let unit = *text.as_bytes().last()?;
    let digits = text.get(..text.len() - 1).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let number: i64 = digits.parse().ok().filter(|number| (1..=1_000_000).contains(number))?;
    let days = match unit {
        b'h' => number / 24,
        b'd' => number,
        b'w' => number * 7,
        b'm' => number * 31,
        _ => return None,
    };
    (days <= MAX_DAYS).then_some((number, unit))
}

fn units(unit: u8, number: i64) -> Span {
    match unit {
        b'h' => number.hours(),
        b'd' => number.days(),
        b'w' => number.weeks(),
        _ => number.months(),
    }
}

/// The beginning of the unit in which a moment lies.
fn floor(moment: &Zoned, unit: u8) -> Result<Zoned, jiff::Error> {
    match unit {
        b'h' => moment.round(ZonedRound::new().smallest(Unit::Hour).mode(RoundMode::Trunc)),
        b'd' => moment.start_of_day(),
        b'w' => {
            let back = i64::from(moment.weekday().to_monday_zero_offset());
            moment.checked_sub(back.days())?.start_of_day()
        }
        _ => moment.first_of_month()?.start_of_day(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_counts_whole_units_of_the_zone_with_the_one_that_goes_on() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-10-28T23:30:00Z");
        for (text, from, to) in [
            ("1d", "2026-10-28T23:00:00Z", "2026-10-29T23:00:00Z"),
            // The clocks went back on the 25th.
            ("7d", "2026-10-22T22:00:00Z", "2026-10-29T23:00:00Z"),
            ("1w", "2026-10-25T23:00:00Z", "2026-11-01T23:00:00Z"),
            ("2m", "2026-08-31T22:00:00Z", "2026-10-31T23:00:00Z"),
            ("2h", "2026-10-28T22:00:00Z", "2026-10-29T00:00:00Z"),
        ] {
            assert_eq!(last(text, now, &berlin), Some([at(from), at(to)]), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_is_none() {
        for text in ["", "d", "0d", "-1d", "7y", "9999d", "7", "+7d", "é"] {
            assert_eq!(last(text, Timestamp(0), &TimeZone::UTC), None, "{text}");
        }
    }
}
