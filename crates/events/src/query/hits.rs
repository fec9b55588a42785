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
struct Owned {
    who: u64,
    hit: Hit,
    /// Needed only where the order of rows does not tell.
    arrival: Arrival,
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
    scattered: Vec<Owned>,
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
    let ties = overlap(&sources) || by_company || !known.aliases.is_empty();
    for (column, wanted) in
        [(Column::Person, true), (Column::Arrival, ties), (Column::Company, by_company), (Column::Kind, gather.all)]
    {
        if wanted {
            gather.matcher.want(column);
        }
    }
    if let Some(field) = gather.breakdown {
        gather.matcher.want_field(field);
    }
    let chunks = chunks(&sources, control);
    let merged = known.merged();
    let state = || State { fold: new(), groups: Groups::default(), scattered: Vec::new(), scratch: Vec::new() };
    let states = each(control, chunks.len(), state, |state, item| {
        let wanted = Wanted {
            people: chunks[item].clone(),
            time: gather.range.from..gather.range.to,
            names: (!gather.all).then(|| gather.matcher.names()),
            columns: gather.matcher.columns,
            properties: gather.matcher.properties(),
        };
        let mut hits = Vec::new();
        // Nobody is split over chunks, so that one may have any number of hits: each source's are held as they come.
        for source in &sources {
            let before = state.bytes() + size_of_val(hits.as_slice());
            let columns = read(source, &wanted)?;
            let read = columns.bytes();
            control.hold(read)?;
            gather.columns(&columns, known, merged, state, &mut hits);
            control.release(read);
            control.hold(state.bytes() + size_of_val(hits.as_slice()) - before)?;
        }
        let held = size_of_val(hits.as_slice());
        let State { fold, groups, scratch, .. } = state;
        fold_sorted(hits, ties, scratch, control, &mut |who, hits| fold.one(who, hits, groups))?;
        control.release(held);
        Ok(())
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
    fn columns<F>(
        &self,
        columns: &Columns,
        known: &Known,
        merged: &NumberSet,
        state: &mut State<F>,
        hits: &mut Vec<Owned>,
    ) {
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
            let arrival = columns.arrival.get(row).copied().unwrap_or(NO_ARRIVAL);
            match self.by {
                By::Company => {
                    let company = columns.company[row];
                    if company != NO_NUMBER {
                        state.scattered.push(Owned { who: company, hit, arrival });
                    }
                }
                By::Person if !merged.is_empty() && merged.contains(Some(number)) => {
                    state.scattered.push(Owned { who: person, hit, arrival });
                }
                By::Person => hits.push(Owned { who: person, hit, arrival }),
            }
        });
    }
}

/// Whether it is something that somebody did, rather than what was said of them.
const fn happened(kind: Kind) -> bool {
    matches!(kind, Kind::Track | Kind::Page | Kind::Screen | Kind::Answer)
}

/// Shows each one's hits in order. Hits of equal time keep their order unless arrivals tell it.
fn fold_sorted(
    mut hits: Vec<Owned>,
    ties: bool,
    scratch: &mut Vec<Hit>,
    control: &Control,
    one: &mut impl FnMut(u64, &[Hit]) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    // Sorting takes half as much again.
    let sorting = size_of_val(hits.as_slice()) / 2;
    control.hold(sorting)?;
    // Stable, and quick with what is sorted in long runs already, which each source is.
    if ties {
        hits.sort_by_key(|owned| (owned.who, owned.hit.time, owned.arrival));
    } else {
        hits.sort_by_key(|owned| (owned.who, owned.hit.time));
    }
    control.release(sorting);
    for of_one in hits.chunk_by(|one, other| one.who == other.who) {
        let before = scratch.capacity();
        scratch.clear();
        scratch.extend(of_one.iter().map(|owned| owned.hit));
        control.hold((scratch.capacity() - before) * size_of::<Hit>())?;
        one(of_one[0].who, scratch)?;
    }
    Ok(())
}

/// Folds what every thread set aside, in the first thread's state.
fn finish<F: Fold>(states: Vec<State<F>>, control: &Control) -> Result<Vec<F>, QueryError> {
    let (mut folds, mut groups, mut scattered) = (Vec::new(), Groups::default(), Vec::new());
    for (place, mut state) in states.into_iter().enumerate() {
        folds.push(state.fold);
        if place == 0 {
            groups = state.groups;
        } else {
            let ids: Vec<u32> = state.groups.all().iter().map(|group| groups.id(group)).collect();
            for owned in &mut state.scattered {
                owned.hit.group = ids.get(owned.hit.group as usize).copied().unwrap_or(0);
            }
        }
        scattered.append(&mut state.scattered);
    }
    if let Some(first) = folds.first_mut() {
        fold_sorted(scattered, true, &mut Vec::new(), control, &mut |who, hits| first.one(who, hits, &groups))?;
    }
    Ok(folds)
}
