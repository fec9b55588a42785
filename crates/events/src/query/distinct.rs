//! How many different people or companies there are in each cell of an answer.

use super::control::{Control, QueryError};

/// Whoever was seen in a cell: (group, who, interval).
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<(u32, u64, u32)>);

/// How many different ones each interval of each group has, and each group as a whole.
#[derive(Debug, Default, Clone)]
pub(super) struct Distinct {
    /// By group, then by interval; the last entry is the whole.
    counts: Vec<Vec<u64>>,
    bytes: usize,
}

impl Seen {
    pub(super) fn see(&mut self, group: u32, who: u64, interval: u32) {
        let seen = (group, who, interval);
        if self.0.last() != Some(&seen) {
            self.0.push(seen);
        }
    }

    pub(super) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// Gives groups other numbers.
    pub(super) fn renumber(&mut self, id: impl Fn(usize) -> u32) {
        self.0.iter_mut().for_each(|(group, ..)| *group = id(*group as usize));
    }

    /// How many bytes it takes.
    pub(super) const fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(u32, u64, u32)>()
    }

    /// Leaves out what is there twice.
    pub(super) fn tidy(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
    }

    /// Counts and forgets all of them. Nobody may come again.
    pub(super) fn count_into(&mut self, distinct: &mut Distinct, intervals: usize) {
        self.tidy();
        let mut before = None;
        for (group, who, interval) in self.0.drain(..) {
            distinct.add(group, interval as usize, intervals, 1);
            if before != Some((group, who)) {
                distinct.add(group, intervals, intervals, 1);
            }
            before = Some((group, who));
        }
    }
}

impl Distinct {
    /// So many more in an interval of a group, or in the whole of it where the interval is behind the last.
    pub(super) fn add(&mut self, group: u32, interval: usize, intervals: usize, count: u64) {
        let group = group as usize;
        if self.counts.len() <= group {
            self.counts.resize_with(group + 1, Vec::new);
        }
        if self.counts[group].is_empty() {
            self.counts[group].resize(intervals + 1, 0);
            self.bytes += size_of::<Vec<u64>>() + (intervals + 1) * size_of::<u64>();
        }
        self.counts[group][interval] += count;
    }

    /// About how many bytes it takes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Shows every count.
    pub(super) fn each(&self, mut show: impl FnMut(usize, usize, u64)) {
        for (group, counts) in self.counts.iter().enumerate() {
            counts.iter().enumerate().for_each(|(interval, count)| show(group, interval, *count));
        }
    }

    pub(super) fn get(&self, group: usize, interval: usize) -> u64 {
        self.counts.get(group).and_then(|counts| counts.get(interval)).copied().unwrap_or(0)
    }
}

/// The same for one group and people whose numbers lie close together: a bit for each.
#[derive(Debug, Default)]
pub(super) struct Bits {
    taken: Vec<u64>,
    words: usize,
    first: u64,
}

/// More words than these, and bits would be mostly zeroes …
const WIDEST: usize = 1 << 15;
/// … as they would with more words than these and than two a row, which is what [`Seen`] takes.
const MANY: usize = 1 << 17;

impl Bits {
    /// Room for people from `first` to `last`, who have so many rows; `false` if that is not worth it. It is held before it
    /// is taken.
    pub(super) fn prepare(
        &mut self,
        (first, last): (u64, u64),
        rows: usize,
        intervals: usize,
        control: &Control,
    ) -> Result<bool, QueryError> {
        let words = place(last.saturating_sub(first)) / 64 + 1;
        if words >= WIDEST || words * intervals > MANY.max(rows.saturating_mul(2)) {
            return Ok(false);
        }
        let room = words * intervals;
        self.taken.clear();
        control.hold(room.saturating_sub(self.taken.capacity()) * size_of::<u64>())?;
        self.taken.reserve_exact(room);
        self.taken.resize(room, 0);
        self.first = first;
        self.words = words;
        Ok(true)
    }

    /// How many bytes it takes.
    pub(super) const fn bytes(&self) -> usize {
        self.taken.capacity() * size_of::<u64>()
    }

    #[inline]
    pub(super) fn see(&mut self, who: u64, interval: usize) {
        let at = place(who - self.first);
        self.taken[interval * self.words + at / 64] |= 1 << (at % 64);
    }

    /// Counts and forgets all of them.
    pub(super) fn count_into(&mut self, distinct: &mut Distinct, group: u32, intervals: usize) {
        if self.words == 0 {
            return;
        }
        let mut whole = vec![0_u64; self.words];
        for (interval, words) in self.taken.chunks_exact(self.words).enumerate() {
            let count: u64 = words.iter().map(|word| u64::from(word.count_ones())).sum();
            if count > 0 {
                distinct.add(group, interval, intervals, count);
                whole.iter_mut().zip(words).for_each(|(whole, word)| *whole |= word);
            }
        }
        let count: u64 = whole.iter().map(|word| u64::from(word.count_ones())).sum();
        distinct.add(group, intervals, intervals, count);
        self.taken.clear();
        self.words = 0;
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
