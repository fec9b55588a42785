//! What a trend keeps of each group and interval, by measure.

use super::distinct::{Bits, Distinct, Seen};
use super::groups::Groups;
use super::model::Measure;
use super::numbers::NumberSet;
use super::sum::Sum;

/// The cells of one series.
pub(super) struct Cells {
    pub(super) groups: Groups,
    measure: Measure,
    intervals: usize,
    counts: Vec<Vec<u64>>,
    numbers: Vec<Vec<Numbers>>,
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

impl Cells {
    pub(super) fn new(measure: Measure, groups: Groups, intervals: usize) -> Self {
        Self {
            groups,
            measure,
            intervals,
            counts: Vec::new(),
            numbers: Vec::new(),
            distinct: Distinct::default(),
            bits: Bits::default(),
            with_bits: false,
            seen: Seen::default(),
            scattered: Seen::default(),
        }
    }

    /// Before a chunk of people from `first` to `last`.
    pub(super) fn begin(&mut self, first: u64, last: u64, one_group: bool) {
        let counts_people = matches!(self.measure, Measure::People | Measure::PerPerson);
        self.with_bits = counts_people && one_group && self.bits.prepare(first, last, self.intervals);
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

    /// About how much it holds beyond what its answer has.
    pub(super) fn bytes(&self) -> usize {
        let numbers: usize = self.numbers.iter().flatten().map(|cell| cell.all.len() * size_of::<f64>() + 64).sum();
        self.scattered.bytes() + numbers + self.groups.all().len() * 128
    }

    pub(super) fn count(&mut self, group: u32, interval: usize) {
        *cell(&mut self.counts, group, interval, self.intervals) += 1;
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
        let cell = cell(&mut self.numbers, group, interval, self.intervals);
        cell.least = if cell.count == 0 { value } else { cell.least.min(value) };
        cell.greatest = if cell.count == 0 { value } else { cell.greatest.max(value) };
        cell.count += 1;
        if keeps_all {
            cell.all.push(value);
        } else {
            cell.sum.add(value);
        }
    }

    const fn keeps_all(&self) -> bool {
        matches!(self.measure, Measure::Median | Measure::P90 | Measure::P99)
    }

    /// Adds what another thread has.
    pub(super) fn merge(&mut self, mut other: Self) {
        let ids: Vec<u32> = other.groups.all().to_vec().iter().map(|group| self.groups.id(group)).collect();
        let id = |group: usize| ids.get(group).copied().unwrap_or(0);
        for (group, counts) in other.counts.into_iter().enumerate() {
            for (interval, count) in counts.into_iter().enumerate() {
                *cell(&mut self.counts, id(group), interval, self.intervals) += count;
            }
        }
        for (group, numbers) in other.numbers.into_iter().enumerate() {
            for (interval, numbers) in numbers.into_iter().enumerate() {
                cell(&mut self.numbers, id(group), interval, self.intervals).merge(numbers);
            }
        }
        other.distinct.each(|group, interval, count| {
            self.distinct.add(id(group), interval, self.intervals, count);
        });
        other.scattered.renumber(id);
        self.scattered.append(&mut other.scattered);
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

fn cell<T: Default + Clone>(cells: &mut Vec<Vec<T>>, group: u32, interval: usize, intervals: usize) -> &mut T {
    let group = group as usize;
    if cells.len() <= group {
        cells.resize_with(group + 1, || vec![T::default(); intervals]);
    }
    &mut cells[group][interval]
}

fn small(interval: usize) -> u32 {
    u32::try_from(interval).unwrap_or(u32::MAX)
}
