//! A part as a source of columns: of each group that may hold what is wanted, the columns that are.
//!
//! First person, time and name tell which rows count; the other columns are then decoded between the first and the last
//! of these only.

mod property;
mod reading;

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt32Type, UInt64Type};

use super::error::PartError;
use super::manifest::Erased;
use super::read::{Group, Page, Part};
use super::schema::Fixed;
use crate::columns::{Column, Columns, Source, Split, Stretch, Wanted};
use crate::error::ReadError;
use reading::Reading;

/// What of a part must not show any more, until it is rewritten.
pub(super) struct Hidden {
    pub(super) erased: Erased,
    pub(super) retained: Option<i64>,
}

/// A part within a snapshot.
pub(super) struct PartSource {
    part: Arc<Part>,
    /// The names of events by their codes.
    names: Arc<Vec<Arc<str>>>,
    hidden: Option<Arc<Hidden>>,
}

/// Rows that count, of those that were read of a group.
struct Chosen {
    /// Between which rows.
    rows: Range<usize>,
    /// Which of them, if not all.
    some: Option<Vec<u32>>,
}

impl PartSource {
    pub(super) const fn new(part: Arc<Part>, names: Arc<Vec<Arc<str>>>, hidden: Option<Arc<Hidden>>) -> Self {
        Self { part, names, hidden }
    }

    fn code(&self, name: &str) -> Option<u32> {
        self.part
            .entry
            .names
            .iter()
            .copied()
            .find(|code| self.names.get(*code as usize).is_some_and(|at| **at == *name))
    }

    /// By code, whether events of that name are wanted; `None` if of every name.
    fn wanted_names(&self, wanted: &Wanted) -> Option<Vec<bool>> {
        let names = wanted.names.as_ref()?;
        let codes: BTreeSet<u32> = names.iter().filter_map(|name| self.code(name)).collect();
        if codes.len() == self.part.entry.names.len() {
            return None;
        }
        let mut flags = vec![false; self.names.len()];
        for code in codes {
            flags[code as usize] = true;
        }
        Some(flags)
    }

    /// Each page of a group, or the whole group if the part does not tell of its pages.
    fn splits_of(&self, at: usize, group: Group) -> Vec<Split> {
        let Some(pages) = self.part.pages(at) else {
            return vec![Split { person: group.people.0, rows: group.rows as u64 }];
        };
        let ends = pages.iter().skip(1).map(|page| page.start).chain([group.rows]);
        let split = |(page, end): (&Page, usize)| Split { person: page.people.0, rows: (end - page.start) as u64 };
        pages.iter().zip(ends).map(split).collect()
    }

    fn read_groups(&self, wanted: &Wanted) -> Result<Columns, PartError> {
        let mut reading = Reading::new(&self.part, wanted);
        let names = self.wanted_names(wanted);
        if names.as_ref().is_some_and(|names| !names.contains(&true)) {
            return Ok(reading.finish(&self.names, Vec::new()));
        }
        let mut stretches = Vec::new();
        for (at, group) in self.part.groups.iter().enumerate() {
            let people = group.people.0 <= *wanted.people.end() && group.people.1 >= *wanted.people.start();
            if people && group.time.0 < wanted.time.end && group.time.1 >= wanted.time.start {
                self.read_group(at, *group, wanted, names.as_deref(), &mut reading, &mut stretches)?;
            }
        }
        Ok(reading.finish(&self.names, stretches))
    }

    fn read_group(
        &self,
        at: usize,
        group: Group,
        wanted: &Wanted,
        names: Option<&[bool]>,
        reading: &mut Reading<'_>,
        stretches: &mut Vec<Stretch>,
    ) -> Result<(), PartError> {
        let whole = wanted.people.contains(&group.people.0) && wanted.people.contains(&group.people.1);
        let person = wanted.columns.has(Column::Person) || !whole || self.hidden.is_some();
        let unfiltered = whole && names.is_none() && self.hidden.is_none();
        let mut first = vec![Fixed::Time as usize, Fixed::Name as usize];
        if person {
            first.insert(0, Fixed::Person as usize);
        }
        // Rows are counted from the first one that is read.
        let read = if whole { 0..group.rows } else { self.part.rows_of(at, &wanted.people) };
        if read.is_empty() {
            return Ok(());
        }
        let batch = if unfiltered {
            self.part.batch(at, read.clone(), &[first.as_slice(), reading.leaves()].concat())?
        } else {
            self.part.batch(at, read.clone(), &first)?
        };
        let broken = || PartError::damaged(&self.part.path, "a column has another type");
        let shift = usize::from(person);
        let people =
            if person { Some(batch.column(0).as_primitive_opt::<UInt64Type>().ok_or_else(broken)?) } else { None };
        let people = people.map(|people| &people.values()[..]);
        let times = &batch.column(shift).as_primitive_opt::<Int64Type>().ok_or_else(broken)?.values()[..];
        let codes = &batch.column(shift + 1).as_primitive_opt::<UInt32Type>().ok_or_else(broken)?.values()[..];
        // Not until the first one: all of them at once are looked at quicker.
        if codes.iter().fold(0, |most, code| most.max(*code)) as usize >= self.names.len() {
            return Err(PartError::damaged(&self.part.path, "a name has no place in the manifest"));
        }
        let chosen = if unfiltered {
            Chosen { rows: 0..read.len(), some: None }
        } else {
            self.choose(wanted, names, people, times, codes)
        };
        let from = reading.rows();
        reading.heads(times, codes, &chosen);
        if wanted.columns.has(Column::Person)
            && let Some(people) = people
        {
            stretch(stretches, people, &chosen, from);
        }
        if chosen.len() == 0 || reading.leaves().is_empty() {
            return Ok(());
        }
        if unfiltered {
            let rest: Vec<usize> = (first.len()..batch.num_columns()).collect();
            let rest = batch.project(&rest).map_err(|error| PartError::damaged(&self.part.path, error))?;
            return self.rest(reading, &rest, &chosen, people, times);
        }
        let rows = read.start + chosen.rows.start..read.start + chosen.rows.end;
        let rest = self.part.batch(at, rows, reading.leaves())?;
        self.rest(reading, &rest, &chosen, people, times)
    }

    /// The other columns, of the rows between the first and the last that count.
    fn rest(
        &self,
        reading: &mut Reading<'_>,
        batch: &RecordBatch,
        chosen: &Chosen,
        people: Option<&[u64]>,
        times: &[i64],
    ) -> Result<(), PartError> {
        let bare = |row: usize| match (&self.hidden, people) {
            (Some(hidden), Some(people)) => hidden.erased.personal.contains(&people[row]),
            _ => false,
        };
        let added = reading.columns(batch, chosen, times, &bare);
        added.ok_or_else(|| PartError::damaged(&self.part.path, "a column has another type"))
    }

    fn choose(
        &self,
        wanted: &Wanted,
        names: Option<&[bool]>,
        people: Option<&[u64]>,
        times: &[i64],
        codes: &[u32],
    ) -> Chosen {
        let rows = people.map_or(0..times.len(), |people| {
            let start = people.partition_point(|person| person < wanted.people.start());
            start..people.partition_point(|person| person <= wanted.people.end()).max(start)
        });
        if names.is_none() && self.hidden.is_none() {
            return Chosen { rows, some: None };
        }
        let hidden = |row: usize| {
            self.hidden.as_ref().is_some_and(|hidden| {
                let old = hidden.retained.is_some_and(|before| times[row] < before);
                old || people.is_some_and(|people| hidden.erased.whole.contains(&people[row]))
            })
        };
        let some = match names {
            Some(names) if self.hidden.is_none() => named(names, codes, rows.clone()),
            _ => {
                let is_named = |row: usize| names.is_none_or(|names| names[codes[row] as usize]);
                let some = rows.clone().filter(|row| is_named(*row) && !hidden(*row));
                some.filter_map(|row| u32::try_from(row).ok()).collect()
            }
        };
        if some.len() == rows.len() {
            return Chosen { rows, some: None };
        }
        let rows = match (some.first(), some.last()) {
            (Some(first), Some(last)) => *first as usize..*last as usize + 1,
            _ => 0..0,
        };
        Chosen { rows, some: Some(some) }
    }
}

impl Chosen {
    fn len(&self) -> usize {
        self.some.as_ref().map_or(self.rows.len(), Vec::len)
    }

    /// The rows that count, each by its place among those that were read.
    fn each(&self, mut f: impl FnMut(usize)) {
        match &self.some {
            Some(some) => some.iter().for_each(|row| f(*row as usize)),
            None => self.rows.clone().for_each(f),
        }
    }
}

/// Of these rows those whose name is wanted, by its code.
fn named(names: &[bool], codes: &[u32], rows: Range<usize>) -> Vec<u32> {
    const AT_ONCE: usize = 64;
    // A table that every byte has a place in needs no check of each row; larger codes are asked one by one.
    let mut table = [0_u64; 256];
    table.iter_mut().zip(names).for_each(|(place, wanted)| *place = u64::from(*wanted));
    let small = names.len() <= table.len();
    let mut some = Vec::with_capacity(rows.len() / 8);
    for (at, codes) in codes[rows.clone()].chunks(AT_ONCE).enumerate() {
        let wanted = |code: &u32| {
            if small {
                table[(code & 0xff) as usize]
            } else {
                u64::from(names.get(*code as usize).copied().unwrap_or(false))
            }
        };
        let mut mask = codes.iter().rev().fold(0, |mask, code| mask << 1 | wanted(code));
        let first = u32::try_from(rows.start + at * AT_ONCE).unwrap_or(u32::MAX);
        while mask != 0 {
            some.push(first + mask.trailing_zeros());
            mask &= mask - 1;
        }
    }
    some
}

/// Adds the stretches of people in a group to those before.
fn stretch(stretches: &mut Vec<Stretch>, people: &[u64], chosen: &Chosen, from: usize) {
    let mut end = u32::try_from(from).unwrap_or(u32::MAX);
    chosen.each(|row| {
        let person = people[row];
        end += 1;
        match stretches.last_mut() {
            Some(last) if last.person == person => last.end = end,
            _ => stretches.push(Stretch { person, end }),
        }
    });
}

impl Source for PartSource {
    fn rows(&self) -> u64 {
        self.part.entry.rows
    }

    fn time(&self) -> RangeInclusive<i64> {
        self.part.entry.bounds.time.0..=self.part.entry.bounds.time.1
    }

    fn splits(&self) -> Vec<Split> {
        self.part.groups.iter().enumerate().flat_map(|(at, group)| self.splits_of(at, *group)).collect()
    }

    fn may_hold(&self, name: &str) -> bool {
        self.code(name).is_some()
    }

    fn read(&self, wanted: &Wanted) -> Result<Columns, ReadError> {
        Ok(self.read_groups(wanted)?)
    }
}
