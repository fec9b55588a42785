//! The events that a question looks at, gathered for each person or company in the order in which they happened.

use std::sync::Arc;

use targeting::Field;

use super::By;
use super::chunks::{Sources, chunks, each, in_time_order};
use super::control::{Control, QueryError};
use super::groups::{Grouping, Groups};
use super::known::Known;
use super::matcher::{Matcher, visit};
use super::model::Range;
use super::numbers::NumberSet;
use super::runs::{Run, Scratch, merge};
use crate::columns::{Column, Columns, NO_NUMBER, Source, Wanted};
use crate::record::{Arrival, Kind};

/// One event of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) time: i64,
    /// The selections that take it.
    pub(super) mask: u32,
    /// Its value of the breakdown.
    pub(super) group: u32,
}

/// A hit of somebody whose events lie anywhere, or in several sources at the same time.
#[derive(Clone, Copy)]
struct Owned {
    who: u64,
    hit: Hit,
    /// What tells which of two at the same time was first.
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
    scratch: Scratch,
}

impl<F> State<F> {
    /// About how many bytes is set aside.
    fn bytes(&self) -> usize {
        size_of_val(self.scattered.as_slice()) + self.groups.bytes()
    }
}

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
    let state = || State { fold: new(), groups: Groups::default(), scattered: Vec::new(), scratch: Scratch::default() };
    let states = each(control, chunks.len(), state, |state, item| {
        let wanted = Wanted {
            people: chunks[item].clone(),
            time: gather.range.from..gather.range.to,
            names: (!gather.all).then(|| gather.matcher.names()),
            columns: gather.matcher.columns,
            properties: gather.matcher.properties(),
        };
        let runs = gather.chunk(&sources, &wanted, known, state, control)?;
        let State { fold, groups, scratch, .. } = state;
        let tied = merge(&runs, scratch, control, |who, hits| fold.one(who, hits, groups))?;
        control.release(runs.iter().map(Run::bytes).sum());
        drop(runs);
        gather.tied(&tied, &sources, &wanted, known, state, control)?;
        control.release(size_of_val(tied.as_slice()));
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
    /// The hits of a chunk of people, by source, and held; what is scattered is set aside.
    fn chunk(
        &self,
        sources: &Sources,
        wanted: &Wanted,
        known: &Known,
        state: &mut State<impl Fold>,
        control: &Control,
    ) -> Result<Vec<Run>, QueryError> {
        // Nobody is split over chunks, so that one may have any number of hits: each source's are held as they come.
        let mut of_source = |source| {
            let (before, mut run) = (state.bytes(), Run::default());
            let columns = read(source, wanted)?;
            let read = columns.bytes();
            control.hold(read)?;
            let State { groups, scattered, .. } = state;
            self.columns(&columns, known, groups, |who, hit, row, anywhere| {
                if anywhere {
                    scattered.push(Owned { who, hit, arrival: columns.arrival[row] });
                } else {
                    run.push(who, hit);
                }
            });
            control.release(read);
            control.hold(state.bytes() - before + run.bytes())?;
            Ok(run)
        };
        sources.iter().map(&mut of_source).collect()
    }

    /// Folds these people, whose hits only arrivals put in order.
    fn tied(
        &self,
        people: &[u64],
        sources: &Sources,
        wanted: &Wanted,
        known: &Known,
        state: &mut State<impl Fold>,
        control: &Control,
    ) -> Result<(), QueryError> {
        let (Some(first), Some(last)) = (people.first(), people.last()) else { return Ok(()) };
        let columns = wanted.columns.with(Column::Arrival);
        let wanted = Wanted { people: *first..=*last, columns, ..wanted.clone() };
        let mut hits: Vec<Owned> = Vec::new();
        for source in sources {
            let before = state.bytes() + size_of_val(hits.as_slice());
            let columns = read(source, &wanted)?;
            let read = columns.bytes();
            control.hold(read)?;
            self.columns(&columns, known, &mut state.groups, |who, hit, row, anywhere| {
                if !anywhere && people.binary_search(&who).is_ok() {
                    hits.push(Owned { who, hit, arrival: columns.arrival[row] });
                }
            });
            control.release(read);
            control.hold(state.bytes() + size_of_val(hits.as_slice()) - before)?;
        }
        fold_owned(hits, state, control)
    }

    /// Shows each hit with whose it is, its row and whether others of the same person or company may lie anywhere.
    fn columns(
        &self,
        columns: &Columns,
        known: &Known,
        groups: &mut Groups,
        mut show: impl FnMut(u64, Hit, usize, bool),
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
            let group =
                if mask & self.grouped == 0 { 0 } else { grouping.of(row, person, columns, self.breakdown, groups) };
            let hit = Hit { time: columns.time[row], mask, group };
            match self.by {
                By::Company => {
                    let company = columns.company[row];
                    if company != NO_NUMBER {
                        show(company, hit, row, true);
                    }
                }
                By::Person => show(person, hit, row, !merged.is_empty() && merged.contains(Some(number))),
            }
        });
    }
}

/// Whether it is something that somebody did, rather than what was said of them.
const fn happened(kind: Kind) -> bool {
    matches!(kind, Kind::Track | Kind::Page | Kind::Screen | Kind::Answer)
}

/// Shows each one's hits, by when they were, and lets go of them.
fn fold_owned(mut hits: Vec<Owned>, state: &mut State<impl Fold>, control: &Control) -> Result<(), QueryError> {
    // Sorting takes half as much again.
    let sorting = size_of_val(hits.as_slice()) / 2;
    control.hold(sorting)?;
    hits.sort_by_key(|owned| (owned.who, owned.hit.time, owned.arrival));
    control.release(sorting);
    let (mut of_one, mut held) = (Vec::new(), 0);
    for owned in hits.chunk_by(|one, other| one.who == other.who) {
        of_one.clear();
        of_one.extend(owned.iter().map(|owned| owned.hit));
        control.hold(size_of_val(of_one.as_slice()).saturating_sub(held))?;
        held = held.max(size_of_val(of_one.as_slice()));
        state.fold.one(owned[0].who, &of_one, &state.groups)?;
    }
    control.release(held + size_of_val(hits.as_slice()));
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
    fold_owned(scattered, &mut first, control)?;
    folds.insert(0, first.fold);
    Ok(folds)
}
