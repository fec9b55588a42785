//! What a trend keeps of each group and interval, by measure.

use super::control::{Control, QueryError};
use super::distinct::{Bits, Distinct, Seen};
use super::groups::Groups;
use super::model::Measure;
use super::numbers::NumberSet;
use super::sum::Sum;

/// The cells of one series.
pub(super) struct Cells {
    pub(super) groups: Groups,
    /// How many of them were there at the beginning.
    known: usize,
    measure: Measure,
    intervals: usize,
    counts: Vec<Vec<u64>>,
    numbers: Vec<Vec<Numbers>>,
    /// About how many bytes these two take.
    taken: usize,
    distinct: Distinct,
    bits: Bits,
    with_bits: bool,
    /// People of the chunk at hand, where bits do not do.
    seen: Seen,
    /// Companies, and people who have several numbers: they may come again in any chunk.
    scattered: Seen,
}

/// Numbers of one cell.
#[derive(Debug, Default, Clone)]
struct Numbers {
    count: u64,
    sum: Sum,
    least: f64,
    greatest: f64,
    /// Each of them, where the measure needs that.
    all: Vec<f64>,
}

/// About what the sum of a cell takes.
const OF_SUM: usize = 128;

impl Cells {
    pub(super) fn new(measure: Measure, groups: Groups, intervals: usize) -> Self {
        Self {
            known: groups.all().len(),
            groups,
            measure,
            intervals,
            counts: Vec::new(),
            numbers: Vec::new(),
            taken: 0,
            distinct: Distinct::default(),
            bits: Bits::default(),
            with_bits: false,
            seen: Seen::default(),
            scattered: Seen::default(),
        }
    }

    /// Before a chunk of people from the first to the last, who have so many rows and are all of one group. What that takes
    /// is held.
    pub(super) fn begin(&mut self, people: (u64, u64), rows: usize, control: &Control) -> Result<(), QueryError> {
        let counts_people = matches!(self.measure, Measure::People | Measure::PerPerson);
        self.with_bits = counts_people && self.bits.prepare(people, rows, self.intervals, control)?;
        Ok(())
    }

    /// Behind it.
    pub(super) fn end(&mut self) {
        if self.with_bits {
            self.bits.count_into(&mut self.distinct, 0, self.intervals);
            self.with_bits = false;
        }
        self.seen.count_into(&mut self.distinct, self.intervals);
        self.scattered.tidy();
    }

    /// About how many bytes it takes, and will when those are counted whom it has seen. It only grows.
    pub(super) fn bytes(&self) -> usize {
        let new = if self.adds_up() { 0 } else { self.groups.all().len() - self.known };
        let distinct = self.distinct.bytes().max(new * (self.intervals + 1) * size_of::<u64>());
        let people = distinct + self.bits.bytes() + self.seen.bytes() + self.scattered.bytes();
        self.taken + people + self.groups.bytes()
    }

    pub(super) fn count(&mut self, group: u32, interval: usize, events: u64) {
        *cell(&mut self.counts, group, interval, self.intervals, &mut self.taken) += events;
    }

    pub(super) fn person(&mut self, group: u32, interval: usize, number: u64, person: u64, merged: &NumberSet) {
        if !merged.is_empty() && merged.contains(Some(number)) {
            self.scattered.see(group, person, small(interval));
        } else if self.with_bits {
            self.bits.see(person, interval);
        } else {
            self.seen.see(group, person, small(interval));
        }
    }

    pub(super) fn company(&mut self, group: u32, interval: usize, company: u64) {
        self.scattered.see(group, company, small(interval));
    }

    pub(super) fn number(&mut self, group: u32, interval: usize, value: f64) {
        let keeps_all = self.keeps_all();
        let cell = cell(&mut self.numbers, group, interval, self.intervals, &mut self.taken);
        if cell.count == 0 && !keeps_all {
            self.taken += OF_SUM;
        }
        cell.least = if cell.count == 0 { value } else { cell.least.min(value) };
        cell.greatest = if cell.count == 0 { value } else { cell.greatest.max(value) };
        cell.count += 1;
        if keeps_all {
            let before = cell.all.capacity();
            cell.all.push(value);
            // Twice: of the whole range they are looked at together.
            self.taken += (cell.all.capacity() - before) * 2 * size_of::<f64>();
        } else {
            cell.sum.add(value);
        }
    }

    const fn keeps_all(&self) -> bool {
        matches!(self.measure, Measure::Median | Measure::P90 | Measure::P99)
    }

    /// Adds what another thread has.
    pub(super) fn merge(&mut self, mut other: Self) {
        let ids: Vec<u32> = other.groups.all().iter().map(|group| self.groups.id(group)).collect();
        let id = |group: usize| ids.get(group).copied().unwrap_or(0);
        for (group, counts) in other.counts.into_iter().enumerate() {
            for (interval, count) in counts.into_iter().enumerate() {
                *cell(&mut self.counts, id(group), interval, self.intervals, &mut self.taken) += count;
            }
        }
        for (group, numbers) in other.numbers.into_iter().enumerate() {
            for (interval, numbers) in numbers.into_iter().enumerate() {
                cell(&mut self.numbers, id(group), interval, self.intervals, &mut self.taken).merge(numbers);
            }
        }
        other.distinct.each(|group, interval, count| {
            self.distinct.add(id(group), interval, self.intervals, count);
        });
        other.scattered.renumber(id);
        self.scattered.append(&mut other.scattered);
    }

    /// Whether groups can be added up: people and companies cannot, who may be in several.
    pub(super) const fn adds_up(&self) -> bool {
        !matches!(self.measure, Measure::People | Measure::PerPerson | Measure::Companies)
    }

    /// The same with these groups, and what is in none of them together.
    pub(super) fn closed(self, groups: Groups) -> Self {
        let mut closed = Self::new(self.measure, groups, self.intervals);
        closed.merge(self);
        closed
    }

    /// When everything was seen.
    pub(super) fn finish(&mut self) {
        self.scattered.count_into(&mut self.distinct, self.intervals);
    }

    /// Whether a group has any event.
    pub(super) fn has(&self, group: usize) -> bool {
        self.counts.get(group).is_some_and(|counts| counts.iter().any(|count| *count > 0))
            || self.numbers.get(group).is_some_and(|numbers| numbers.iter().any(|cell| cell.count > 0))
            || self.distinct.get(group, self.intervals) > 0
    }

    pub(super) fn value(&mut self, group: usize, interval: usize) -> f64 {
        let count = self.counts.get(group).and_then(|counts| counts.get(interval)).copied().unwrap_or(0);
        let distinct = self.distinct.get(group, interval);
        let numbers = self.numbers.get_mut(group).and_then(|numbers| numbers.get_mut(interval));
        value(self.measure, count, distinct, numbers.unwrap_or(&mut Numbers::default()))
    }

    /// Over the whole range.
    pub(super) fn total(&mut self, group: usize) -> f64 {
        let count = self.counts.get(group).map_or(0, |counts| counts.iter().sum());
        let distinct = self.distinct.get(group, self.intervals);
        let mut whole = Numbers::default();
        for numbers in self.numbers.get(group).into_iter().flatten() {
            whole.merge(numbers.clone());
        }
        value(self.measure, count, distinct, &mut whole)
    }
}

impl Numbers {
    fn merge(&mut self, mut other: Self) {
        if other.count > 0 {
            self.least = if self.count == 0 { other.least } else { self.least.min(other.least) };
            self.greatest = if self.count == 0 { other.greatest } else { self.greatest.max(other.greatest) };
        }
        self.count += other.count;
        self.sum.merge(&other.sum);
        self.all.append(&mut other.all);
    }

    /// The value of which at least so many per cent are not above it.
    fn percentile(&mut self, percent: usize) -> Option<f64> {
        let place = (self.all.len() * percent).div_ceil(100).checked_sub(1)?;
        Some(*self.all.select_nth_unstable_by(place, f64::total_cmp).1)
    }

    fn median(&mut self) -> Option<f64> {
        let middle = self.all.len() / 2;
        if self.all.is_empty() {
            return None;
        }
        let even = self.all.len().is_multiple_of(2);
        let (below, high, _) = self.all.select_nth_unstable_by(middle, f64::total_cmp);
        let high = *high;
        let low = below.iter().copied().max_by(f64::total_cmp).filter(|_| even).unwrap_or(high);
        Some(low.midpoint(high))
    }
}

/// 0 where there is nothing to measure.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn value(measure: Measure, count: u64, distinct: u64, numbers: &mut Numbers) -> f64 {
    match measure {
        Measure::Total => count as f64,
        Measure::People | Measure::Companies => distinct as f64,
        Measure::PerPerson => count as f64 / distinct.max(1) as f64,
        Measure::Sum => numbers.sum.value(),
        Measure::Average => numbers.sum.value() / numbers.count.max(1) as f64,
        Measure::Min => numbers.least,
        Measure::Max => numbers.greatest,
        Measure::Median => numbers.median().unwrap_or(0.0),
        Measure::P90 => numbers.percentile(90).unwrap_or(0.0),
        Measure::P99 => numbers.percentile(99).unwrap_or(0.0),
    }
}

/// A cell; what more it takes is added to `taken`.
fn cell<'c, T: Default + Clone>(
    cells: &'c mut Vec<Vec<T>>,
    group: u32,
    interval: usize,
    intervals: usize,
    taken: &mut usize,
) -> &'c mut T {
    let group = group as usize;
    if cells.len() <= group {
        *taken += (group + 1 - cells.len()) * (size_of::<Vec<T>>() + intervals * size_of::<T>());
        cells.resize_with(group + 1, || vec![T::default(); intervals]);
    }
    &mut cells[group][interval]
}

fn small(interval: usize) -> u32 {
    u32::try_from(interval).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Group;

    fn cells(measure: Measure, intervals: usize) -> Cells {
        Cells::new(measure, Groups::default(), intervals)
    }

    #[test]
    fn what_cells_take_is_counted() {
        let nobody = NumberSet::default();
        // Bits: 1,000 words an interval.
        let mut people = cells(Measure::People, 100);
        people.begin((1, 64_000), 1_000_000, &Control::new()).unwrap();
        assert!(people.bytes() >= 1_000 * 100 * 8, "{}", people.bytes());
        people.person(0, 3, 17, 17, &nobody);
        people.end();
        // Each group's counts of people.
        let mut people = cells(Measure::People, 100);
        (0..1_000).for_each(|group| people.person(group, 7, 5, 5, &nobody));
        assert!(people.bytes() >= 1_000 * 16, "who was seen: {}", people.bytes());
        // What counting them takes is counted before that is done.
        let mut companies = cells(Measure::Companies, 100);
        for company in 0..1_000 {
            let group = companies.groups.id(&Group::Value(company.to_string()));
            companies.company(group, 7, company);
        }
        assert!(companies.bytes() >= 1_000 * (16 + 101 * 8), "{}", companies.bytes());
        let before = companies.bytes();
        companies.finish();
        assert!(companies.bytes() < before + 101 * 8 * 100, "{before} became {}", companies.bytes());
        people.end();
        assert!(people.bytes() >= 1_000 * (16 + 101 * 8), "{}", people.bytes());
        let mut events = cells(Measure::Total, 100);
        (0..1_000).for_each(|group| events.count(group, 7, 1));
        assert!(events.bytes() >= 1_000 * 100 * 8, "{}", events.bytes());
        let mut medians = cells(Measure::Median, 1);
        (0..1_000).for_each(|value| medians.number(0, 0, f64::from(value)));
        assert!(medians.bytes() >= 1_000 * 8 * 2, "{}", medians.bytes());
        let mut groups = cells(Measure::Total, 1);
        groups.groups.id(&Group::Value("x".repeat(10_000)));
        assert!(groups.bytes() >= 2 * 10_000, "{}", groups.bytes());
    }

    #[test]
    fn bits_are_held_before_they_are_taken() {
        let mut people = cells(Measure::People, 100);
        let small = Control::new().memory(500_000);
        assert!(matches!(people.begin((1, 64_000), 1_000_000, &small), Err(QueryError::TooLarge)));
        assert_eq!(people.bytes(), 0);
        // Few rows are not worth so many bits: they are listed.
        people.begin((1, 1_000_000), 10, &Control::new()).unwrap();
        assert_eq!(people.bytes(), 0);
    }
}
