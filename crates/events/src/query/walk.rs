//! How far one person gets through a funnel, from their events in order.
//!
//! A first step's event opens an attempt; a later first step opens another. The attempt that is measured is the earliest
//! of those that get as far as any does.
//!
//! Invariant: the time it takes grows with the number of hits, not faster, and the control is asked on the way: one
//! person may have as many hits as everybody together.

use super::Order;
use super::control::{Control, QueryError};
use super::hits::Hit;

/// So many hits between two looks at the control.
const OFTEN: usize = 4_096;

/// So many steps at most: a mask has a bit for each.
const MOST: usize = u32::BITS as usize;

/// The steps' masks, and what ends an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    /// How many steps there are: bits 0 to count - 1 of a mask.
    pub(super) count: usize,
    /// The bits of what ends an attempt.
    pub(super) excluded: u32,
    /// How long after its first step an attempt may take a step, in microseconds.
    pub(super) window: i64,
    pub(super) order: Order,
}

/// The measured attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    /// The value of its first event.
    pub(super) group: u32,
    /// When each step was taken.
    pub(super) times: Vec<i64>,
}

/// Where the furthest step is first reached.
#[derive(Debug, Clone, Copy)]
struct Furthest {
    /// How many steps were taken.
    steps: usize,
    /// The hit that takes the last of them.
    end: usize,
    /// The first hit of which an attempt may be open there.
    cut: usize,
}

impl Steps {
    /// The measured attempt; `None` of somebody who did not begin.
    pub(super) fn walk(self, hits: &[Hit], control: &Control) -> Result<Option<Attempt>, QueryError> {
        match self.order {
            Order::Ordered => self.ordered(hits, control),
            Order::Strict => self.strict(hits, control),
            Order::Any => self.any(hits, control),
        }
    }

    const fn all(self) -> u32 {
        (1 << self.count) - 1
    }

    const fn excludes(self, hit: Hit) -> bool {
        hit.mask & self.excluded != 0
    }

    /// In one pass: of each step, the latest first step from which it was reached, since what that one reaches includes
    /// all that earlier ones do from here on. Where the furthest step is first reached, the earliest attempt that
    /// reaches it is the first one that is open there.
    fn ordered(self, hits: &[Hit], control: &Control) -> Result<Option<Attempt>, QueryError> {
        let Some(first) = hits.iter().position(|hit| hit.mask & 1 != 0) else { return Ok(None) };
        let mut latest: [Option<i64>; MOST] = [None; MOST];
        let mut furthest: Option<Furthest> = None;
        let mut cut = 0;
        for (at, hit) in hits.iter().enumerate().skip(first) {
            now_and_then(at, control)?;
            if self.excludes(*hit) {
                latest.fill(None);
                cut = at;
            }
            for step in (0..self.count).rev().filter(|step| hit.mask & 1 << step != 0) {
                let from = match step {
                    0 => Some(hit.time),
                    _ => latest[step - 1].filter(|first| hit.time - first <= self.window),
                };
                if from.is_some() {
                    latest[step] = from;
                    if furthest.is_none_or(|furthest| furthest.steps <= step) {
                        furthest = Some(Furthest { steps: step + 1, end: at, cut });
                    }
                }
            }
        }
        Ok(furthest.and_then(|furthest| {
            let mut taken = 0;
            self.attempt(hits, furthest, 1, |mask| {
                let is_next = taken < furthest.steps && mask & 1 << taken != 0;
                taken += usize::from(is_next);
                is_next
            })
        }))
    }

    /// The hits right behind each start, of which there are at most as many as steps.
    fn strict(self, hits: &[Hit], control: &Control) -> Result<Option<Attempt>, QueryError> {
        let mut best = 0..0;
        for start in 0..hits.len() {
            now_and_then(start, control)?;
            let first = hits[start].time;
            let goes_on = |(step, hit): &(usize, &Hit)| {
                let ends = *step > 0 && self.excludes(**hit) || hit.time - first > self.window;
                hit.mask & 1 << step != 0 && !ends
            };
            let steps = hits[start..].iter().take(self.count).enumerate().take_while(goes_on).count();
            if steps > best.len() {
                best = start..start + steps;
            }
            if steps == self.count {
                break;
            }
        }
        let times: Vec<i64> = hits[best.clone()].iter().map(|hit| hit.time).collect();
        Ok((!times.is_empty()).then(|| Attempt { group: hits[best.start].group, times }))
    }

    /// In one pass, as [`Self::ordered`]: of each set of steps that are left to an open attempt, the latest one to which
    /// they are, since it lasts longest. A later attempt has all left that an earlier one has, so that there are never
    /// more sets than steps.
    fn any(self, hits: &[Hit], control: &Control) -> Result<Option<Attempt>, QueryError> {
        // The earliest first, each with when it began.
        let mut open: Vec<(u32, i64)> = Vec::with_capacity(self.count);
        let mut furthest: Option<Furthest> = None;
        let mut cut = 0;
        for (at, hit) in hits.iter().enumerate() {
            now_and_then(at, control)?;
            if self.excludes(*hit) {
                open.clear();
                cut = at;
            }
            open.retain(|(_, first)| hit.time - first <= self.window);
            for (left, _) in &mut open {
                *left &= !lowest(hit.mask & *left);
            }
            if hit.mask & self.all() != 0 {
                open.push((self.all() & !lowest(hit.mask & self.all()), hit.time));
            }
            open.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    earlier.1 = later.1;
                }
                same
            });
            let steps = open.first().map_or(0, |(left, _)| self.count - left.count_ones() as usize);
            if steps > furthest.map_or(0, |furthest| furthest.steps) {
                furthest = Some(Furthest { steps, end: at, cut });
            }
            if steps == self.count {
                break;
            }
        }
        Ok(furthest.and_then(|furthest| {
            let mut left = self.all();
            self.attempt(hits, furthest, self.all(), |mask| {
                let takes = mask & left != 0;
                left &= !lowest(mask & left);
                takes
            })
        }))
    }

    /// The first attempt that is open where the furthest step is reached, with the hits that take its steps.
    fn attempt(
        self,
        hits: &[Hit],
        Furthest { end, cut, .. }: Furthest,
        first: u32,
        mut takes: impl FnMut(u32) -> bool,
    ) -> Option<Attempt> {
        let opens = |hit: &Hit| hit.mask & first != 0 && hits[end].time - hit.time <= self.window;
        let start = cut + hits[cut..=end].iter().position(opens)?;
        let times = hits[start..=end].iter().filter(|hit| takes(hit.mask)).map(|hit| hit.time).collect();
        Some(Attempt { group: hits[start].group, times })
    }
}

/// Looks at the control once in so many hits.
fn now_and_then(at: usize, control: &Control) -> Result<(), QueryError> {
    if at % OFTEN == OFTEN - 1 { control.check() } else { Ok(()) }
}

const fn lowest(mask: u32) -> u32 {
    mask & mask.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    const ORDERS: [Order; 3] = [Order::Ordered, Order::Strict, Order::Any];

    fn hits(of: impl IntoIterator<Item = (i64, u32)>) -> Vec<Hit> {
        (0..).zip(of).map(|(group, (time, mask))| Hit { time, mask, group }).collect()
    }

    /// Attempt by attempt, as `docs/analytics.md` has it.
    fn slowly(steps: Steps, hits: &[Hit]) -> Option<Attempt> {
        let mut best: Option<Attempt> = None;
        for start in 0..hits.len() {
            let ends = |hit: &Hit| steps.excludes(*hit) || hit.time - hits[start].time > steps.window;
            let (mut left, mut times) = (steps.all(), Vec::new());
            for (at, hit) in hits.iter().enumerate().skip(start) {
                let takes = if steps.order == Order::Any { lowest(hit.mask & left) } else { hit.mask & lowest(left) };
                let over = at > start && (ends(hit) || steps.order == Order::Strict && takes == 0);
                if over || left == 0 || at == start && takes == 0 {
                    break;
                }
                if takes != 0 {
                    left &= !takes;
                    times.push(hit.time);
                }
            }
            if times.len() > best.as_ref().map_or(0, |best| best.times.len()) {
                best = Some(Attempt { group: hits[start].group, times });
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

        #[test]
        fn one_pass_measures_the_attempt_that_trying_them_all_does(
            count in 2..5_usize,
            window in 0..9_i64,
            gaps in prop::collection::vec((0..4_i64, 0..64_u32), 0..24),
        ) {
            let mut time = 0;
            let hits = hits(gaps.into_iter().map(|(gap, mask)| {
                time += gap;
                // Few of several steps, and fewer that end an attempt.
                (time, if mask < 48 { 1 << (mask % 5) & ((1 << count) - 1) } else { mask & ((1 << (count + 1)) - 1) })
            }));
            for order in ORDERS {
                let steps = Steps { count, excluded: 1 << count, window, order };
                prop_assert_eq!(steps.walk(&hits, &Control::new()).unwrap(), slowly(steps, &hits), "{:?}", order);
            }
        }
    }

    /// Somebody who does the first step over and over, and never the second.
    fn stuck() -> Vec<Hit> {
        hits((0..500_000).map(|time| (time, 1)))
    }

    #[test]
    fn somebody_with_very_many_hits_takes_a_moment() {
        let hits = stuck();
        for order in ORDERS {
            let begun = Instant::now();
            let attempt = Steps { count: 2, excluded: 0, window: i64::MAX, order }.walk(&hits, &Control::new());
            assert_eq!(attempt.unwrap().unwrap(), Attempt { group: 0, times: vec![0] });
            assert!(begun.elapsed() < Duration::from_secs(20), "{order:?} took {:?}", begun.elapsed());
        }
    }

    #[test]
    fn it_ends_on_the_way_when_time_is_over_or_nobody_waits() {
        let hits = stuck();
        for order in ORDERS {
            let steps = Steps { count: 2, excluded: 0, window: i64::MAX, order };
            let begun = Instant::now();
            let late = steps.walk(&hits, &Control::new().time(Duration::from_millis(1)));
            assert!(matches!(late, Err(QueryError::TooLong)), "{order:?} {late:?}");
            let cancelled = Control::new();
            cancelled.cancel().store(true, Ordering::Relaxed);
            let cancelled = steps.walk(&hits, &cancelled);
            assert!(matches!(cancelled, Err(QueryError::Cancelled)), "{order:?} {cancelled:?}");
            assert!(begun.elapsed() < Duration::from_secs(1), "{order:?} took {:?}", begun.elapsed());
        }
    }
}
