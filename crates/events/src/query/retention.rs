//! Retention: of those who started in an interval, how many came back in which one after it.

use base::Timestamp;

use super::answer::{Answer, Cohort, RetentionAnswer};
use super::control::QueryError;
use super::groups::Groups;
use super::hits::{Fold, Gather, Hit, fold};
use super::intervals::Intervals;
use super::run::Run;
use super::{By, Match, Mode, Retention, Target};

const START: u32 = 1;
const BACK: u32 = 2;

struct State<'q> {
    retention: &'q Retention,
    intervals: &'q Intervals,
    /// Of each interval how many started, and in how many of them each period saw them again.
    cohorts: Vec<(u64, Vec<u64>)>,
    /// Whom of which cohort and period to gather.
    wanted: Option<(usize, Option<usize>)>,
    people: Vec<u64>,
    run: &'q Run<'q>,
    /// The intervals with a start, and those with a return, of one person.
    starts: Vec<usize>,
    backs: Vec<usize>,
}

impl Fold for State<'_> {
    fn one(&mut self, who: u64, hits: &[Hit], _: &Groups) -> Result<(), QueryError> {
        let (mut starts, mut backs) = (std::mem::take(&mut self.starts), std::mem::take(&mut self.backs));
        starts.clear();
        backs.clear();
        let mut interval = hits.first().map_or(0, |first| self.intervals.at(first.time));
        for hit in hits {
            interval = self.intervals.after(interval, hit.time);
            if hit.mask & START != 0 && starts.last() != Some(&interval) {
                starts.push(interval);
            }
            if hit.mask & BACK != 0 && backs.last() != Some(&interval) {
                backs.push(interval);
            }
        }
        if self.retention.mode == Mode::FirstTime {
            starts.truncate(1);
        }
        for start in &starts {
            self.cohort(who, *start, &backs)?;
        }
        (self.starts, self.backs) = (starts, backs);
        Ok(())
    }
}

impl State<'_> {
    fn cohort(&mut self, who: u64, start: usize, backs: &[usize]) -> Result<(), QueryError> {
        if let Some((cohort, period)) = self.wanted {
            if cohort == start && period.is_none_or(|period| self.came_back(start, period, backs)) {
                self.run.control.hold(size_of::<u64>())?;
                self.people.push(who);
            }
            return Ok(());
        }
        let periods = self.retention.periods;
        let (count, returned) = &mut self.cohorts[start];
        *count += 1;
        returned.resize(periods, 0);
        let last = backs.last().and_then(|last| last.checked_sub(start));
        match (self.retention.matching, last) {
            (_, None) => {}
            (Match::OnOrAfter, Some(last)) => {
                returned.iter_mut().take(last.saturating_add(1)).for_each(|count| *count += 1);
            }
            (Match::Exactly, Some(_)) => {
                for back in &backs[backs.partition_point(|back| *back < start)..] {
                    match returned.get_mut(back - start) {
                        Some(count) => *count += 1,
                        None => break,
                    }
                }
            }
        }
        Ok(())
    }

    fn came_back(&self, start: usize, period: usize, backs: &[usize]) -> bool {
        match self.retention.matching {
            Match::Exactly => backs.binary_search(&(start + period)).is_ok(),
            Match::OnOrAfter => backs.last().is_some_and(|last| *last >= start + period),
        }
    }
}

fn cohorts<'q>(
    retention: &'q Retention,
    intervals: &'q Intervals,
    wanted: Option<(usize, Option<usize>)>,
    run: &'q Run<'q>,
) -> Result<Vec<State<'q>>, QueryError> {
    let gather = Gather {
        matcher: run.matcher(&[&retention.start, &retention.back])?,
        range: retention.range,
        by: By::Person,
        breakdown: None,
        grouped: 0,
        all: false,
    };
    let state = || State {
        retention,
        intervals,
        cohorts: vec![(0, Vec::new()); intervals.len()],
        wanted,
        people: Vec::new(),
        run,
        starts: Vec::new(),
        backs: Vec::new(),
    };
    fold(gather, run.sources, run.known, run.control, state)
}

pub(super) fn answer(retention: &Retention, run: &Run<'_>) -> Result<Answer, QueryError> {
    let intervals = Intervals::of(retention.range, retention.interval, &run.known.zone);
    let states = cohorts(retention, &intervals, None, run)?;
    let cohort = |(place, start): (usize, &i64)| {
        let (mut count, mut returned) = (0, vec![0; retention.periods]);
        for (more, back) in states.iter().map(|state| &state.cohorts[place]) {
            count += more;
            returned.iter_mut().zip(back).for_each(|(count, more)| *count += more);
        }
        (count > 0).then_some(Cohort { time: Timestamp(*start), count, returned })
    };
    Ok(Answer::Retention(RetentionAnswer {
        cohorts: intervals.starts().iter().enumerate().filter_map(cohort).collect(),
    }))
}

pub(super) fn people(retention: &Retention, target: &Target, run: &Run<'_>) -> Result<Vec<u64>, QueryError> {
    let Target::Retention { cohort, period } = target else {
        return Err(QueryError::NoTarget("a retention has cohorts"));
    };
    if period.is_some_and(|period| period >= retention.periods) {
        return Err(QueryError::NoTarget("the retention has fewer periods"));
    }
    let intervals = Intervals::of(retention.range, retention.interval, &run.known.zone);
    let place = intervals.starts().binary_search(&cohort.micros());
    let place = place.map_err(|_| QueryError::NoTarget("no cohort begins at that time"))?;
    let states = cohorts(retention, &intervals, Some((place, *period)), run)?;
    Ok(states.into_iter().flat_map(|state| state.people).collect())
}
