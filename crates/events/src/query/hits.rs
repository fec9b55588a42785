//! The events that a question looks at, gathered for each person or company in the order in which they happened.

use std::sync::Arc;

use targeting::Field;

use super::By;
use super::chunks::{Sources, chunks, each, in_time_order, overlap};
use super::control::{Control, QueryError};
use super::groups::{Grouping, Groups};
use super::known::Known;
use super::matcher::{Matcher, visit};
use super::model::Range;
use super::numbers::NumberSet;
use crate::columns::{Column, Columns, NO_NUMBER, Source, Wanted};
use crate::record::{Arrival, Kind, LogId};

/// One event of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) time: i64,
    /// The selections that take it.
    pub(super) mask: u32,
    /// Its value of the breakdown.
    pub(super) group: u32,
}

/// A hit and whose it is.
#[derive(Clone, Copy)]
struct Owned<P> {
    who: u64,
    hit: Hit,
    /// What tells which of two at the same time was first.
    place: P,
}

/// What orders hits of the same time.
trait Place: Copy + Ord {
    fn of(columns: &Columns, row: usize, source: u32) -> Self;
}

/// The arrival: always right, but it takes three columns more.
impl Place for Arrival {
    fn of(columns: &Columns, row: usize, _: u32) -> Self {
        columns.arrival.get(row).copied().unwrap_or(NO_ARRIVAL)
    }
}

/// Only which source it came from, in the order of their first times: right but for hits of different sources at the very
/// same time, since within a source rows are in order.
impl Place for u32 {
    fn of(_: &Columns, _: usize, source: u32) -> Self {
        source
    }
}

/// What to gather.
pub(super) struct Gather<'q> {
    pub(super) matcher: Matcher<'q>,
    pub(super) range: Range,
    pub(super) by: By,
    pub(super) breakdown: Option<&'q Field>,
    /// The selections whose events have a value of the breakdown.
    pub(super) grouped: u32,
    /// Whether everything that somebody did is gathered, even if nothing takes it.
    pub(super) all: bool,
}

/// What folds the events of one after the other.
pub(super) trait Fold: Send {
    /// Adds one person or company with all of their events, in order. Groups are those of this state.
    fn one(&mut self, who: u64, hits: &[Hit], groups: &Groups) -> Result<(), QueryError>;
}

/// What one thread has.
struct State<F> {
    fold: F,
    groups: Groups,
    /// Hits of people who have several numbers, and of companies: their events lie anywhere.
    scattered: Vec<Owned<Arrival>>,
    scratch: Vec<Hit>,
}

impl<F> State<F> {
    /// About how many bytes is set aside.
    fn bytes(&self) -> usize {
        size_of_val(self.scattered.as_slice()) + self.groups.bytes()
    }
}

const NO_ARRIVAL: Arrival = Arrival { log: LogId(0), sequence: 0, index: 0 };

/// Folds everybody's events; the answer is what each thread folded.
pub(super) fn fold<F: Fold>(
    mut gather: Gather<'_>,
    sources: &Sources,
    known: &Known,
    control: &Control,
    new: impl Fn() -> F + Sync,
) -> Result<Vec<F>, QueryError> {
    let sources = in_time_order(sources);
    let by_company = gather.by == By::Company;
    let scatters = by_company || !known.aliases.is_empty();
    let overlap = overlap(&sources);
    for (column, wanted) in
        [(Column::Person, true), (Column::Arrival, scatters), (Column::Company, by_company), (Column::Kind, gather.all)]
    {
        if wanted {
            gather.matcher.want(column);
        }
    }
    if let Some(field) = gather.breakdown {
        gather.matcher.want_field(field);
    }
    let chunks = chunks(&sources, control);
    let state = || State { fold: new(), groups: Groups::default(), scattered: Vec::new(), scratch: Vec::new() };
    let states = each(control, chunks.len(), state, |state, item| {
        let mut wanted = Wanted {
            people: chunks[item].clone(),
            time: gather.range.from..gather.range.to,
            names: (!gather.all).then(|| gather.matcher.names()),
            columns: gather.matcher.columns,
            properties: gather.matcher.properties(),
        };
        if !scatters {
            let hits = gather.chunk::<u32>(&sources, &wanted, known, state, control)?;
            if !(overlap && tied(&hits)) {
                return fold_sorted(hits, state, control);
            }
            control.release(size_of_val(hits.as_slice()));
            wanted.columns = wanted.columns.with(Column::Arrival);
        }
        let hits = gather.chunk::<Arrival>(&sources, &wanted, known, state, control)?;
        fold_sorted(hits, state, control)
    })?;
    finish(states, control)
}

fn read(source: &Arc<dyn Source>, wanted: &Wanted) -> Result<Columns, QueryError> {
    let time = source.time();
    let outside = *time.end() < wanted.time.start || wanted.time.end <= *time.start();
    let nameless = wanted.names.as_ref().is_some_and(|names| !names.iter().any(|name| source.may_hold(name)));
    if outside || nameless || source.rows() == 0 { Ok(Columns::default()) } else { Ok(source.read(wanted)?) }
}

impl Gather<'_> {
    /// The hits of a chunk of people, in order, and held; what is scattered is set aside.
    fn chunk<P: Place>(
        &self,
        sources: &Sources,
        wanted: &Wanted,
        known: &Known,
        state: &mut State<impl Fold>,
        control: &Control,
    ) -> Result<Vec<Owned<P>>, QueryError> {
        let mut hits = Vec::new();
        // Nobody is split over chunks, so that one may have any number of hits: each source's are held as they come.
        for (place, source) in (0..).zip(sources) {
            let before = state.bytes() + size_of_val(hits.as_slice());
            let columns = read(source, wanted)?;
            let read = columns.bytes();
            control.hold(read)?;
            self.columns(&columns, place, known, state, &mut hits);
            control.release(read);
            control.hold(state.bytes() + size_of_val(hits.as_slice()) - before)?;
        }
        sort(&mut hits, control)?;
        Ok(hits)
    }

    fn columns<F, P: Place>(
        &self,
        columns: &Columns,
        source: u32,
        known: &Known,
        state: &mut State<F>,
        hits: &mut Vec<Owned<P>>,
    ) {
        let merged: &NumberSet = known.merged();
        let bound = self.matcher.bind(columns);
        if !self.all && !bound.may_match() {
            return;
        }
        let mut grouping = Grouping::new(self.breakdown, columns, known);
        visit(columns, &bound, known, self.range, self.all, |number, person, row, mask| {
            if mask == 0 && !happened(columns.kind[row]) {
                return;
            }
            let group = if mask & self.grouped == 0 {
                0
            } else {
                grouping.of(row, person, columns, self.breakdown, &mut state.groups)
            };
            let hit = Hit { time: columns.time[row], mask, group };
            let set_aside = |who| Owned { who, hit, place: Arrival::of(columns, row, source) };
            match self.by {
                By::Company => {
                    let company = columns.company[row];
                    if company != NO_NUMBER {
                        state.scattered.push(set_aside(company));
                    }
                }
                By::Person if !merged.is_empty() && merged.contains(Some(number)) => {
                    state.scattered.push(set_aside(person));
                }
                By::Person => hits.push(Owned { who: person, hit, place: P::of(columns, row, source) }),
            }
        });
    }
}

/// Whether it is something that somebody did, rather than what was said of them.
const fn happened(kind: Kind) -> bool {
    matches!(kind, Kind::Track | Kind::Page | Kind::Screen | Kind::Answer)
}

/// By whose they are and when they were. Quick with what is sorted in long runs already, which each source is.
fn sort<P: Place>(hits: &mut [Owned<P>], control: &Control) -> Result<(), QueryError> {
    // Sorting takes half as much again.
    let sorting = size_of_val(hits) / 2;
    control.hold(sorting)?;
    hits.sort_by_key(|owned| (owned.who, owned.hit.time, owned.place));
    control.release(sorting);
    Ok(())
}

/// Whether somebody has hits of different sources at the very same time.
fn tied(hits: &[Owned<u32>]) -> bool {
    hits.windows(2).any(|pair| {
        let [one, other] = [pair[0], pair[1]];
        one.hit.time == other.hit.time && one.who == other.who && one.place != other.place
    })
}

/// Shows each one's hits, which are sorted, and lets go of them.
fn fold_sorted<P: Place>(
    hits: Vec<Owned<P>>,
    state: &mut State<impl Fold>,
    control: &Control,
) -> Result<(), QueryError> {
    let State { fold, groups, scratch, .. } = state;
    for of_one in hits.chunk_by(|one, other| one.who == other.who) {
        let before = scratch.capacity();
        scratch.clear();
        scratch.extend(of_one.iter().map(|owned| owned.hit));
        control.hold((scratch.capacity() - before) * size_of::<Hit>())?;
        fold.one(of_one[0].who, scratch, groups)?;
    }
    control.release(size_of_val(hits.as_slice()));
    Ok(())
}

/// Folds what every thread set aside, in the first thread's state.
fn finish<F: Fold>(states: Vec<State<F>>, control: &Control) -> Result<Vec<F>, QueryError> {
    let mut states = states.into_iter();
    let Some(mut first) = states.next() else { return Ok(Vec::new()) };
    let (mut folds, mut scattered) = (Vec::new(), std::mem::take(&mut first.scattered));
    for mut state in states {
        let ids: Vec<u32> = state.groups.all().iter().map(|group| first.groups.id(group)).collect();
        for owned in &mut state.scattered {
            owned.hit.group = ids.get(owned.hit.group as usize).copied().unwrap_or(0);
        }
        scattered.append(&mut state.scattered);
        folds.push(state.fold);
    }
    sort(&mut scattered, control)?;
    fold_sorted(scattered, &mut first, control)?;
    folds.insert(0, first.fold);
    Ok(folds)
}
