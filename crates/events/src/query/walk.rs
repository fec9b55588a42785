//! How far one person gets through a funnel: a pure function of their events in order.
//!
//! A first step's event opens an attempt; a later first step opens another. The attempt that is measured is the earliest
//! of those that get as far as any does.

use super::Order;
use super::hits::Hit;

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

impl Steps {
    /// The measured attempt; `None` of somebody who did not begin.
    pub(super) fn walk(self, hits: &[Hit]) -> Option<Attempt> {
        match self.order {
            Order::Ordered => self.ordered(hits),
            Order::Strict => self.best(hits, 1, |start| self.strict(hits, start)),
            Order::Any => self.best(hits, self.all(), |start| self.any(hits, start)),
        }
    }

    const fn all(self) -> u32 {
        (1 << self.count) - 1
    }

    const fn excludes(self, hit: Hit) -> bool {
        hit.mask & self.excluded != 0
    }

    /// The earliest of the attempts that get furthest.
    fn best(self, hits: &[Hit], first: u32, attempt: impl Fn(usize) -> Vec<i64>) -> Option<Attempt> {
        let mut best: Option<Attempt> = None;
        for (start, hit) in hits.iter().enumerate().filter(|(_, hit)| hit.mask & first != 0) {
            let times = attempt(start);
            let furthest = times.len() == self.count;
            if best.as_ref().is_none_or(|best| times.len() > best.times.len()) {
                best = Some(Attempt { group: hit.group, times });
            }
            if furthest {
                break;
            }
        }
        best
    }

    fn strict(self, hits: &[Hit], start: usize) -> Vec<i64> {
        let mut times = vec![hits[start].time];
        for hit in hits[start + 1..].iter().take(self.count - 1) {
            let step = 1 << times.len();
            if self.excludes(*hit) || hit.mask & step == 0 || hit.time - times[0] > self.window {
                break;
            }
            times.push(hit.time);
        }
        times
    }

    fn any(self, hits: &[Hit], start: usize) -> Vec<i64> {
        let mut left = self.all();
        left &= !lowest(hits[start].mask & left);
        let mut times = vec![hits[start].time];
        for hit in &hits[start + 1..] {
            if left == 0 || self.excludes(*hit) || hit.time - times[0] > self.window {
                break;
            }
            if hit.mask & left != 0 {
                left &= !lowest(hit.mask & left);
                times.push(hit.time);
            }
        }
        times
    }

    /// In one pass: of each step, the latest first step from which it was reached, since what that one reaches includes
    /// all that earlier ones do from here on. Where the furthest step is first reached, the earliest attempt that
    /// reaches it is the first one that is open there.
    fn ordered(self, hits: &[Hit]) -> Option<Attempt> {
        let mut latest: Vec<Option<i64>> = vec![None; self.count];
        let mut furthest: Option<(usize, usize)> = None;
        let mut cut = 0;
        let mut opened_at = 0;
        for (at, hit) in hits.iter().enumerate() {
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
                    if furthest.is_none_or(|(reached, _)| reached < step) {
                        furthest = Some((step, at));
                        opened_at = cut;
                    }
                }
            }
        }
        let (step, end) = furthest?;
        let open = |hit: &Hit| hit.mask & 1 != 0 && hits[end].time - hit.time <= self.window;
        let start = opened_at + hits[opened_at..=end].iter().position(open)?;
        let mut times = vec![hits[start].time];
        for hit in &hits[start + 1..=end] {
            if times.len() <= step && hit.mask & 1 << times.len() != 0 {
                times.push(hit.time);
            }
        }
        Some(Attempt { group: hits[start].group, times })
    }
}

const fn lowest(mask: u32) -> u32 {
    mask & mask.wrapping_neg()
}
