//! When a message happened, corrected for its sender's clock as Segment does: `received - (sentAt - timestamp)`. Without
//! `sentAt` the message's own time counts. Never later than received; at most 5 years before.

use std::time::Duration;

use base::Timestamp;

const OLDEST: Duration = Duration::from_hours(5 * 366 * 24);

/// Why a time is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MomentError {
    #[error("timestamp is not a time as RFC 3339, such as 2026-10-01T00:00:00Z")]
    NotATime,
    #[error("timestamp is more than 5 years old")]
    TooOld,
}

/// When it happened.
pub(crate) fn happened(
    timestamp: Option<&str>,
    sent_at: Option<Timestamp>,
    received: Timestamp,
) -> Result<Timestamp, MomentError> {
    let Some(text) = timestamp else { return Ok(received) };
    let stated = read(text).ok_or(MomentError::NotATime)?;
    let at = match sent_at {
        Some(sent) => Timestamp(received.micros().saturating_sub(sent.micros().saturating_sub(stated.micros()))),
        None => stated,
    };
    if at < received.minus(OLDEST) {
        return Err(MomentError::TooOld);
    }
    Ok(at.min(received))
}

/// RFC 3339, also without an offset (UTC then), or a number of seconds or milliseconds since 1970.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Ok(number) = text.parse::<f64>() {
        let seconds = if number.abs() > 1e11 { number / 1e3 } else { number };
        #[expect(clippy::cast_possible_truncation, reason = "saturates; bounds are checked by the caller")]
        return number.is_finite().then_some(Timestamp((seconds * 1e6) as i64));
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOW: &str = "2026-10-01T12:00:00Z";

    #[test]
    fn a_wrong_clock_is_corrected() {
        let at = happened(Some("2031-01-01T00:00:00Z"), read("2031-01-01T00:01:00Z"), time(NOW)).unwrap();
        assert_eq!(at, time("2026-10-01T11:59:00Z"));
    }

    #[test]
    fn without_a_time_of_sending_the_stated_one_counts_but_not_beyond_now() {
        let stated = |text| happened(Some(text), None, time(NOW));
        assert_eq!(stated("2026-09-30T14:00:00+02:00"), Ok(time("2026-09-30T12:00:00Z")));
        assert_eq!(stated("2026-09-30T12:00:00"), Ok(time("2026-09-30T12:00:00Z")));
        assert_eq!(stated("1790769600000"), Ok(Timestamp::from_seconds(1_790_769_600)));
        assert_eq!(stated("2026-10-02T00:00:00Z"), Ok(time(NOW)));
        assert_eq!(stated("2021-10-02T00:00:00Z"), Ok(time("2021-10-02T00:00:00Z")));
        assert_eq!(stated("2021-01-01T00:00:00Z"), Err(MomentError::TooOld));
        assert_eq!(stated("yesterday"), Err(MomentError::NotATime));
    }

    proptest! {
        #[test]
        fn no_text_panics(timestamp in "\\PC{0,30}", sent_at in "\\PC{0,30}") {
            let _ = happened(Some(&timestamp), read(&sent_at), time(NOW));
        }
    }
}
