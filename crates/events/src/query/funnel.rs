//! Funnels: how far people or companies get, and how long it takes them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::answer::{Answer, Bar, FunnelAnswer, FunnelGroup, FunnelStep, Group};
use super::control::QueryError;
use super::groups::Groups;
use super::hits::{Fold, Gather, Hit, fold};
use super::run::Run;
use super::walk::Steps;
use super::{Funnel, Order, Target};

/// What became of everybody of one group.
#[derive(Debug, Default)]
struct Reached {
    /// Per step how many got there or further.
    counts: Vec<u64>,
    /// Per step the times from the step before, in microseconds.
    from_before: Vec<Vec<i64>>,
    /// Per step the times from the first.
    from_start: Vec<Vec<i64>>,
}

struct State<'q> {
    steps: Steps,
    groups: HashMap<Group, Reached, RandomState>,
    with_groups: bool,
    run: &'q Run<'q>,
    /// Everybody with how many steps they took and their group, if they are asked for.
    people: Option<Vec<(u64, usize, Group)>>,
    /// So many bytes are taken that the control does not know of yet.
    taken: usize,
}

/// About what a step of a group takes before there are many times.
const OF_STEP: usize = 128;

/// So many bytes between two looks at the control, which all threads share.
const OFTEN: usize = 4_096;

/// How many bars a distribution has.
const BARS: usize = 20;

impl Fold for State<'_> {
    fn one(&mut self, who: u64, hits: &[Hit], groups: &Groups) -> Result<(), QueryError> {
        let Some(attempt) = self.steps.walk(hits, self.run.control)? else { return Ok(()) };
        let group = if self.with_groups {
            groups.all().get(attempt.group as usize).cloned().unwrap_or(Group::Missing)
        } else {
            Group::Missing
        };
        if let Some(people) = &mut self.people {
            let bytes = size_of::<(u64, usize)>() + group.bytes();
            people.push((who, attempt.times.len(), group));
            return self.take(bytes);
        }
        let new = if self.groups.contains_key(&group) { 0 } else { group.bytes() + self.steps.count * OF_STEP };
        self.take(attempt.times.len() * 16 + new)?;
        let reached = self.groups.entry(group).or_default();
        reached.add(&attempt.times, self.steps.count);
        Ok(())
    }
}

impl State<'_> {
    fn take(&mut self, bytes: usize) -> Result<(), QueryError> {
        self.taken += bytes;
        if self.taken < OFTEN { Ok(()) } else { self.run.control.hold(std::mem::take(&mut self.taken)) }
    }
}

impl Reached {
    fn add(&mut self, times: &[i64], steps: usize) {
        self.resize(steps);
        for (step, time) in times.iter().enumerate() {
            self.counts[step] += 1;
            if let Some(before) = step.checked_sub(1) {
                self.from_before[step].push(time - times[before]);
                self.from_start[step].push(time - times[0]);
            }
        }
    }

    fn resize(&mut self, steps: usize) {
        self.counts.resize(steps, 0);
        self.from_before.resize_with(steps, Vec::new);
        self.from_start.resize_with(steps, Vec::new);
    }

    fn merge(&mut self, other: Self, steps: usize) {
        self.resize(steps);
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.from_before.iter_mut().zip(other.from_before).for_each(|(times, mut more)| times.append(&mut more));
        self.from_start.iter_mut().zip(other.from_start).for_each(|(times, mut more)| times.append(&mut more));
    }

    fn steps(&mut self) -> Vec<FunnelStep> {
        let counts = self.counts.iter().zip(&mut self.from_before).zip(&mut self.from_start);
        counts
            .map(|((count, before), start)| FunnelStep {
                count: *count,
                median_seconds: median(before),
                median_seconds_from_start: median(start),
            })
            .collect()
    }
}

/// In seconds; the mean of the two in the middle.
fn median(micros: &mut [i64]) -> Option<f64> {
    let middle = micros.len() / 2;
    if micros.is_empty() {
        return None;
    }
    let even = micros.len().is_multiple_of(2);
    let (below, high, _) = micros.select_nth_unstable(middle);
    let high = *high;
    let low = if even { below.iter().max().copied().unwrap_or(high) } else { high };
    Some(seconds(low).midpoint(seconds(high)))
}

#[expect(clippy::cast_precision_loss, reason = "a time to convert is shorter than 2^53 microseconds")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// Bars of equal width from the shortest to the longest.
fn distribution(micros: &[i64]) -> Vec<Bar> {
    let (Some(first), Some(last)) = (micros.iter().min(), micros.iter().max()) else { return Vec::new() };
    let bars = i64::try_from(BARS).unwrap_or(1);
    let width = ((last - first) / bars + 1).max(1);
    let mut counts = vec![0; usize::try_from((last - first) / width + 1).unwrap_or(1)];
    for time in micros {
        counts[usize::try_from((time - first) / width).unwrap_or(0)] += 1;
    }
    let bar = |(place, count)| Bar {
        from_seconds: seconds(first + width * place),
        to_seconds: seconds(first + width * (place + 1)),
        count,
    };
    (0..).zip(counts).map(bar).collect()
}

/// Folds a funnel; either into steps or into who took how many.
fn walk<'q>(funnel: &'q Funnel, run: &'q Run<'q>, people: bool) -> Result<Vec<State<'q>>, QueryError> {
    let selections: Vec<_> = funnel.steps.iter().chain(&funnel.exclude).collect();
    let (count, all) = (funnel.steps.len(), (1_u32 << selections.len()) - 1);
    let every_step = (1_u32 << count) - 1;
    let steps = Steps { count, excluded: all & !every_step, window: funnel.window, order: funnel.order };
    let gather = Gather {
        matcher: run.matcher(&selections)?,
        range: funnel.range,
        by: funnel.by,
        breakdown: run.breakdown(funnel.breakdown.as_ref())?,
        grouped: if funnel.order == Order::Any { every_step } else { 1 },
        all: funnel.order == Order::Strict,
    };
    let with_groups = funnel.breakdown.is_some();
    let state =
        || State { steps, groups: HashMap::default(), with_groups, run, people: people.then(Vec::new), taken: 0 };
    fold(gather, run.sources, run.known, run.control, state)
}

pub(super) fn answer(funnel: &Funnel, run: &Run<'_>) -> Result<Answer, QueryError> {
    let count = funnel.steps.len();
    let mut groups: HashMap<Group, Reached> = HashMap::new();
    for state in walk(funnel, run, false)? {
        for (group, reached) in state.groups {
            groups.entry(group).or_default().merge(reached, count);
        }
    }
    let mut ranked: Vec<_> = groups.into_iter().collect();
    let mut breakdown = Vec::new();
    if let Some(limit) = funnel.breakdown.as_ref().map(|breakdown| breakdown.limit) {
        ranked.sort_by(|(one, of_one), (other, of_other)| (of_other.counts[0], one).cmp(&(of_one.counts[0], other)));
        let mut rest = Reached::default();
        for (_, reached) in ranked.split_off(limit.min(ranked.len())) {
            rest.merge(reached, count);
        }
        if !rest.counts.is_empty() {
            ranked.push((Group::Other, rest));
        }
        let group =
            |(value, reached): &mut (Group, Reached)| FunnelGroup { value: value.clone(), steps: reached.steps() };
        breakdown = ranked.iter_mut().map(group).collect();
    }
    let mut whole = Reached::default();
    whole.resize(count);
    for (_, reached) in ranked {
        whole.merge(reached, count);
    }
    let distribution = whole.from_start.last().map(|times| distribution(times)).unwrap_or_default();
    Ok(Answer::Funnel(FunnelAnswer { steps: whole.steps(), distribution, breakdown }))
}

pub(super) fn people(funnel: &Funnel, target: &Target, run: &Run<'_>) -> Result<Vec<u64>, QueryError> {
    let Target::Funnel { step, dropped, breakdown } = target else {
        return Err(QueryError::NoTarget("a funnel has steps"));
    };
    if *step >= funnel.steps.len() {
        return Err(QueryError::NoTarget("the funnel has fewer steps"));
    }
    let states = walk(funnel, run, true)?;
    let everybody: Vec<_> = states.into_iter().flat_map(|state| state.people.unwrap_or_default()).collect();
    let top = match (breakdown, &funnel.breakdown) {
        (Some(Group::Other), Some(breakdown)) => largest(&everybody, breakdown.limit),
        _ => Vec::new(),
    };
    let is_of = |group: &Group| match breakdown {
        None => true,
        Some(Group::Other) => !top.contains(group),
        Some(wanted) => group == wanted,
    };
    let got_there = |taken: usize| if *dropped { taken == step + 1 } else { taken > *step };
    let chosen = everybody.into_iter().filter(|(_, taken, group)| got_there(*taken) && is_of(group));
    Ok(chosen.map(|(who, ..)| who).collect())
}

/// The values that stand by themselves.
fn largest(everybody: &[(u64, usize, Group)], limit: usize) -> Vec<Group> {
    let mut counts: HashMap<&Group, u64> = HashMap::new();
    for (.., group) in everybody {
        *counts.entry(group).or_default() += 1;
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_by(|(one, of_one), (other, of_other)| (of_other, one).cmp(&(of_one, other)));
    ranked.into_iter().take(limit).map(|(group, _)| group.clone()).collect()
}
