//! The intervals of a range in a zone: where each begins, days of 23 and 25 hours included.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Unit, Zoned};

use super::{Interval, Range};

/// The beginnings of a range's intervals, in microseconds. The first may lie before the range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Intervals {
    starts: Vec<i64>,
    /// About how many there are in a microsecond.
    density: f64,
}

impl Intervals {
    pub(super) fn of(range: Range, interval: Interval, zone: &TimeZone) -> Self {
        let mut starts = Vec::new();
        let first = zoned(range.from, zone).map(|from| start_of(&from, interval));
        let mut local = first.as_ref().map(Zoned::datetime);
        let mut start = first.map_or(range.from, |first| first.timestamp().as_microsecond());
        while start < range.to {
            starts.push(start);
            let next = match (interval, local) {
                // An hour that is repeated is two, so hours go by elapsed time.
                (Interval::Hour, _) => start.checked_add(3_600_000_000),
                (_, Some(at)) => {
                    let following = at.checked_add(match interval {
                        Interval::Month => 1.month(),
                        Interval::Week => 7.days(),
                        Interval::Day | Interval::Hour => 1.day(),
                    });
                    local = following.ok();
                    local.and_then(|at| instant(at, zone))
                }
                (_, None) => None,
            };
            let Some(next) = next.filter(|next| *next > start) else { break };
            start = next;
        }
        if starts.is_empty() {
            starts.push(range.from);
        }
        let density = near(i64::try_from(starts.len()).unwrap_or(1)) / near((range.to - starts[0]).max(1));
        Self { starts, density }
    }

    /// One interval, the whole range.
    pub(super) fn whole(range: Range) -> Self {
        Self { starts: vec![range.from], density: 0.0 }
    }

    pub(super) fn starts(&self) -> &[i64] {
        &self.starts
    }

    pub(super) const fn len(&self) -> usize {
        self.starts.len()
    }

    /// In which interval a time of the range lies. Intervals are about as long as each other: a guess is near.
    #[inline]
    pub(super) fn at(&self, time: i64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a guess; below 0 becomes 0")]
        let guess = (near(time - self.starts[0]) * self.density) as usize;
        let mut at = guess.min(self.starts.len() - 1);
        while at > 0 && self.starts[at] > time {
            at -= 1;
        }
        self.after(at, time)
    }

    /// The same, of a time that is known not to lie before the interval `at`.
    #[inline]
    pub(super) fn after(&self, mut at: usize, time: i64) -> usize {
        while self.starts.get(at + 1).is_some_and(|next| *next <= time) {
            at += 1;
        }
        at
    }
}

#[expect(clippy::cast_precision_loss, reason = "only for a guess")]
const fn near(micros: i64) -> f64 {
    micros as f64
}

/// The range before this one: as many whole intervals earlier if it begins with one, else as long.
pub(super) fn before(range: Range, interval: Interval, zone: &TimeZone) -> Range {
    let count = i32::try_from(Intervals::of(range, interval, zone).len()).unwrap_or(i32::MAX);
    let earlier = zoned(range.from, zone).filter(|from| start_of(from, interval) == *from).and_then(|from| {
        let local = from.datetime();
        let earlier = match interval {
            Interval::Hour => return range.from.checked_sub(i64::from(count) * 3_600_000_000),
            Interval::Day => local.checked_sub(count.days()),
            Interval::Week => local.checked_sub(count.weeks()),
            Interval::Month => local.checked_sub(count.months()),
        };
        instant(earlier.ok()?, zone)
    });
    Range { from: earlier.unwrap_or(range.from - (range.to - range.from)), to: range.from }
}

fn zoned(micros: i64, zone: &TimeZone) -> Option<Zoned> {
    jiff::Timestamp::from_microsecond(micros).ok().map(|at| at.to_zoned(zone.clone()))
}

/// The first instant of a local time; of one that is skipped, the first behind it.
fn instant(local: DateTime, zone: &TimeZone) -> Option<i64> {
    zone.to_ambiguous_timestamp(local).compatible().ok().map(jiff::Timestamp::as_microsecond)
}

/// When the interval began that a time lies in.
fn start_of(at: &Zoned, interval: Interval) -> Zoned {
    let started = match interval {
        Interval::Hour => {
            return at
                .round(jiff::ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc))
                .unwrap_or_else(|_| at.clone());
        }
        Interval::Day => at.start_of_day(),
        Interval::Week => {
            let back = i64::from(at.weekday().since(Weekday::Monday));
            at.date().checked_sub(back.days()).and_then(|monday| monday.to_zoned(at.time_zone().clone()))
        }
        Interval::Month => at.date().first_of_month().to_zoned(at.time_zone().clone()),
    };
    started.unwrap_or_else(|_| at.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> Range {
        let micros = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        Range { from: micros(from), to: micros(to) }
    }

    fn starts(range: Range, interval: Interval, zone: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let text = |micros: &i64| jiff::Timestamp::from_microsecond(*micros).unwrap().to_string();
        Intervals::of(range, interval, &zone).starts().iter().map(text).collect()
    }

    #[test]
    fn days_have_23_and_25_hours_where_clocks_change() {
        let spring = range("2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z");
        let expected = ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"];
        assert_eq!(starts(spring, Interval::Day, "Europe/Berlin"), expected);
        let autumn = range("2026-10-24T22:00:00Z", "2026-10-26T23:00:00Z");
        assert_eq!(starts(autumn, Interval::Day, "Europe/Berlin"), ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"]);
    }

    #[test]
    fn an_hour_that_is_repeated_is_two() {
        let night = range("2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z");
        assert_eq!(starts(night, Interval::Hour, "Europe/Berlin").len(), 3);
    }

    #[test]
    fn weeks_start_on_monday_and_the_first_may_start_before_the_range() {
        let october = range("2026-10-01T00:00:00Z", "2026-10-13T00:00:00Z");
        let expected = ["2026-09-28T00:00:00Z", "2026-10-05T00:00:00Z", "2026-10-12T00:00:00Z"];
        assert_eq!(starts(october, Interval::Week, "UTC"), expected);
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_behind_it() {
        // Clocks in Beirut go from 0:00 to 1:00.
        let days = range("2026-03-27T22:00:00Z", "2026-03-30T21:00:00Z");
        let expected = ["2026-03-27T22:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"];
        assert_eq!(starts(days, Interval::Day, "Asia/Beirut"), expected);
    }

    #[test]
    fn the_period_before_a_month_is_the_month_before() {
        let october = range("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z");
        let september = range("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z");
        assert_eq!(before(october, Interval::Month, &TimeZone::UTC), september);
    }

    #[test]
    fn each_time_is_found_in_its_interval() {
        let year = range("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        for interval in [Interval::Hour, Interval::Day, Interval::Week, Interval::Month] {
            let intervals = Intervals::of(year, interval, &TimeZone::get("America/New_York").unwrap());
            for (at, start) in intervals.starts().iter().enumerate() {
                assert_eq!(intervals.at(*start), at);
                let end = intervals.starts().get(at + 1).copied().unwrap_or(year.to);
                assert_eq!(intervals.at(end - 1), at);
            }
        }
    }
}
