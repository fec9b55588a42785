//! Hits of several sources, put together person by person.
//!
//! A source has its rows by person and time, and sources mostly follow each other in time: what somebody did lies in one
//! stretch of each, and putting these behind each other is mostly all there is to do.
//!
//! Invariant: somebody's hits are shown in the order of time, then of arrival. Within a source rows are in that order;
//! between hits of different sources at the very same time only arrivals could tell, so that whoever has such is not shown
//! but named.

use super::control::{Control, QueryError};
use super::hits::Hit;

/// One source's hits: of one person after the other, each one's in order.
#[derive(Debug, Default)]
pub(super) struct Run {
    hits: Vec<Hit>,
    /// Each person with the place behind their last hit, ascending.
    people: Vec<(u64, usize)>,
}

/// What is left to merge of a run, behind its next person.
struct Left<'r> {
    hits: &'r [Hit],
    people: std::slice::Iter<'r, (u64, usize)>,
    /// Where the next person's hits begin and end.
    next: (usize, usize),
}

/// Behind every number: of a run that is at its end.
const NOBODY: u128 = u128::MAX;

/// Room that is used again for one after the other.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    hits: Vec<Hit>,
    /// Hits with their run's place, where stretches do not follow each other.
    mixed: Vec<(usize, Hit)>,
    held: usize,
}

/// So many people between two looks at the control.
const OFTEN: usize = 256;

impl Run {
    pub(super) fn push(&mut self, who: u64, hit: Hit) {
        self.hits.push(hit);
        match self.people.last_mut() {
            Some((last, end)) if *last == who => *end = self.hits.len(),
            _ => self.people.push((who, self.hits.len())),
        }
    }

    /// About how many bytes it takes.
    pub(super) const fn bytes(&self) -> usize {
        size_of_val(self.hits.as_slice()) + size_of_val(self.people.as_slice())
    }
}

impl<'r> Left<'r> {
    fn of(run: &'r Run) -> Self {
        Self { hits: &run.hits, people: run.people.iter(), next: (0, 0) }
    }

    /// Whose hits come next.
    fn step(&mut self) -> u128 {
        let Some((who, end)) = self.people.next() else { return NOBODY };
        self.next = (self.next.1, *end);
        u128::from(*who)
    }

    const fn hits(&self) -> &'r [Hit] {
        self.hits.split_at(self.next.1).0.split_at(self.next.0).1
    }
}

/// Shows everybody's hits but of those that only arrivals could put in order, who are the answer. Runs are in the order of
/// their first times.
pub(super) fn merge(
    runs: &[Run],
    scratch: &mut Scratch,
    control: &Control,
    mut show: impl FnMut(u64, &[Hit]) -> Result<(), QueryError>,
) -> Result<Vec<u64>, QueryError> {
    let mut left: Vec<Left<'_>> = runs.iter().filter(|run| !run.hits.is_empty()).map(Left::of).collect();
    let mut next: Vec<u128> = left.iter_mut().map(Left::step).collect();
    let (mut stretches, mut tied, mut count) = (Vec::with_capacity(runs.len()), Vec::new(), 0_usize);
    while let Some(who) = next.iter().min().and_then(|who| u64::try_from(*who).ok()) {
        count += 1;
        if count.is_multiple_of(OFTEN) {
            control.check()?;
        }
        stretches.clear();
        for (place, next) in next.iter_mut().enumerate() {
            if *next == u128::from(who) {
                stretches.push((place, left[place].hits()));
                *next = left[place].step();
            }
        }
        match stretches.as_slice() {
            [(_, hits)] => show(who, hits)?,
            several => match scratch.join(several, control)? {
                Some(hits) => show(who, hits)?,
                None => tied.push(who),
            },
        }
    }
    control.hold(size_of_val(tied.as_slice()))?;
    Ok(tied)
}

impl Scratch {
    /// These stretches together, in order; nothing if hits of two are at the very same time.
    fn join(&mut self, stretches: &[(usize, &[Hit])], control: &Control) -> Result<Option<&[Hit]>, QueryError> {
        let hits = stretches.iter().map(|(_, hits)| hits.len()).sum::<usize>();
        // Of both lists, and half of one for sorting.
        let bytes = hits * (size_of::<Hit>() * 2 + size_of::<usize>() * 2);
        control.hold(bytes.saturating_sub(self.held))?;
        self.held = self.held.max(bytes);
        self.hits.clear();
        let follow = |pair: &[(usize, &[Hit])]| match (pair[0].1.last(), pair[1].1.first()) {
            (Some(last), Some(first)) => last.time < first.time,
            _ => true,
        };
        if stretches.windows(2).all(follow) {
            for (_, hits) in stretches {
                self.hits.extend_from_slice(hits);
            }
            return Ok(Some(&self.hits));
        }
        self.mixed.clear();
        for (place, hits) in stretches {
            self.mixed.extend(hits.iter().map(|hit| (*place, *hit)));
        }
        // Stable: hits of one run at the same time stay in their order.
        self.mixed.sort_by_key(|(_, hit)| hit.time);
        let tied = |pair: &[(usize, Hit)]| pair[0].1.time == pair[1].1.time && pair[0].0 != pair[1].0;
        if self.mixed.windows(2).any(tied) {
            return Ok(None);
        }
        self.hits.extend(self.mixed.iter().map(|(_, hit)| *hit));
        Ok(Some(&self.hits))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn run(hits: &[(u64, i64)], place: u32) -> Run {
        let mut run = Run::default();
        for (who, time) in hits {
            run.push(*who, Hit { time: *time, mask: 1, group: place });
        }
        run
    }

    proptest! {
        #[test]
        fn everybody_is_shown_in_order_or_named(
            mut runs in prop::collection::vec(prop::collection::vec((0..6_u64, 0..40_i64), 0..12), 0..5),
        ) {
            // The last number that there is, too.
            runs.iter_mut().flatten().filter(|(who, _)| *who == 5).for_each(|hit| hit.0 = u64::MAX);
            for run in &mut runs {
                run.sort_unstable();
            }
            let mut expected: BTreeMap<u64, Vec<(i64, u32)>> = BTreeMap::new();
            for (place, hits) in (0..).zip(&runs) {
                for (who, time) in hits {
                    expected.entry(*who).or_default().push((*time, place));
                }
            }
            let (mut shown, mut tied) = (BTreeMap::new(), Vec::new());
            for (who, mut hits) in expected {
                hits.sort_unstable();
                if hits.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1) {
                    tied.push(who);
                } else {
                    shown.insert(who, hits);
                }
            }
            let runs: Vec<Run> = (0..).zip(&runs).map(|(place, hits)| run(hits, place)).collect();
            let mut seen = BTreeMap::new();
            let named = merge(&runs, &mut Scratch::default(), &Control::new(), |who, hits| {
                seen.insert(who, hits.iter().map(|hit| (hit.time, hit.group)).collect::<Vec<_>>());
                Ok(())
            });
            prop_assert_eq!(named.unwrap(), tied);
            prop_assert_eq!(seen, shown);
        }
    }

    #[test]
    fn what_joining_takes_is_held_and_no_more_than_once() {
        let hits = |from: i64| (from..from + 1_000).map(|time| (7, time)).collect::<Vec<_>>();
        let runs = [run(&hits(0), 0), run(&hits(500), 1), run(&hits(5_000), 2)];
        let control = Control::new();
        let mut scratch = Scratch::default();
        for _ in 0..3 {
            let tied = merge(&runs, &mut scratch, &control, |_, _| Ok(())).unwrap();
            assert_eq!(tied, [7]);
            control.release(size_of::<u64>());
        }
        assert!((3_000 * size_of::<Hit>()..3_000 * size_of::<Hit>() * 4).contains(&control.held()));
        let small = Control::new().memory(3_000);
        let merged = merge(&runs, &mut Scratch::default(), &small, |_, _| Ok(()));
        assert!(matches!(merged, Err(QueryError::TooLarge)), "{merged:?}");
    }
}
