//! Where everything is: frames of files, events of people, events by time and name. In memory, built from the log.
//!
//! Per event 16 bytes: its time, its name's number, and the same person's event before it, so that a timeline follows a
//! chain through memory and opens only the blocks of what it shows. The event engine's parts take this over.
//!
//! Invariant: holds exactly the events that are acknowledged, or found whole at start; ordinals follow arrivals.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::format::FileKey;
use crate::queue::Fact;

/// A file whose frames can be read.
pub(crate) struct LogFile {
    pub(crate) path: PathBuf,
    pub(crate) id: [u8; 16],
    pub(crate) key: FileKey,
}

/// Where a frame is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameAt {
    pub(crate) sequence: u64,
    pub(crate) file: u32,
    pub(crate) offset: u32,
    pub(crate) length: u32,
    /// The ordinal of its first event.
    first: u32,
}

/// Where an event is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) time: i64,
    pub(crate) frame: FrameAt,
    pub(crate) index: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    time: i64,
    /// One more than the ordinal of the person's event before; 0 for none.
    previous: u32,
    name: u32,
}

/// Events are kept in runs of so many, so that growing never copies them all.
const CHUNK: usize = 1 << 14;

/// A day in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;

/// A map from numbers that we gave out ourselves, which nobody can choose so that they collide.
type Numbered<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}

/// The index of one log.
#[derive(Default)]
pub(crate) struct Index {
    files: Vec<Arc<LogFile>>,
    frames: Vec<FrameAt>,
    chunks: Vec<Vec<Entry>>,
    /// One more than the ordinal of the person's newest arrival.
    people: Numbered<u64, u32>,
    days: BTreeMap<i64, Numbered<u32, u64>>,
}

impl Index {
    /// How many events there are.
    pub(crate) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    pub(crate) fn add_file(&mut self, file: Arc<LogFile>) -> u32 {
        self.files.push(file);
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn file(&self, number: u32) -> Arc<LogFile> {
        Arc::clone(&self.files[number as usize])
    }

    /// Adds a frame and its events, in order of arrival.
    pub(crate) fn add_frame<'a>(&mut self, frame: Frame, facts: impl Iterator<Item = &'a Fact>) {
        let Frame { sequence, file, offset, length } = frame;
        self.frames.push(FrameAt { sequence, file, offset, length, first: ordinal(self.len()) });
        facts.for_each(|fact| self.add(fact));
    }

    fn add(&mut self, fact: &Fact) {
        let after = ordinal(self.len() + 1);
        let previous = self.people.insert(fact.person, after).unwrap_or(0);
        let entry = Entry { time: fact.time, previous, name: fact.name };
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(entry),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(entry);
                self.chunks.push(chunk);
            }
        }
        *self.days.entry(fact.time.div_euclid(DAY)).or_default().entry(fact.name).or_default() += 1;
    }

    fn entry(&self, ordinal: u32) -> Entry {
        self.chunks[ordinal as usize / CHUNK][ordinal as usize % CHUNK]
    }

    /// The newest events of these people, by time and then arrival, of those before `before`.
    pub(crate) fn newest(&self, people: &[u64], before: Option<(i64, u64, u32)>, limit: usize) -> Vec<Position> {
        let before =
            before.map_or((i64::MAX, u32::MAX), |(time, sequence, index)| (time, self.ordinal(sequence, index)));
        let mut people = people.to_vec();
        people.sort_unstable();
        people.dedup();
        let mut newest = BinaryHeap::with_capacity(limit + 1);
        for person in people {
            let mut next = self.people.get(&person).copied().unwrap_or(0);
            while let Some(ordinal) = next.checked_sub(1) {
                let entry = self.entry(ordinal);
                if (entry.time, ordinal) < before {
                    newest.push(Reverse((entry.time, ordinal)));
                    if newest.len() > limit {
                        newest.pop();
                    }
                }
                next = entry.previous;
            }
        }
        newest.into_sorted_vec().into_iter().map(|Reverse((time, ordinal))| self.position(time, ordinal)).collect()
    }

    fn position(&self, time: i64, ordinal: u32) -> Position {
        let frame = self.frames[self.frames.partition_point(|frame| frame.first <= ordinal) - 1];
        Position { time, frame, index: ordinal - frame.first }
    }

    /// The ordinal of an arrival, or of the one that would follow it.
    fn ordinal(&self, sequence: u64, index: u32) -> u32 {
        let at = self.frames.partition_point(|frame| frame.sequence < sequence);
        match self.frames.get(at) {
            Some(frame) if frame.sequence == sequence => frame.first.saturating_add(index),
            Some(frame) => frame.first,
            None => ordinal(self.len()),
        }
    }

    /// How many events of each day and name are timed within `range`.
    pub(crate) fn counts(&self, range: Range<i64>) -> BTreeMap<(i64, u32), u64> {
        let mut counts = BTreeMap::new();
        if range.is_empty() {
            return counts;
        }
        let mut partial = Vec::new();
        for (day, names) in self.days.range(range.start.div_euclid(DAY)..=(range.end - 1).div_euclid(DAY)) {
            let start = day.saturating_mul(DAY);
            if start < range.start || start.saturating_add(DAY) > range.end {
                partial.push(*day);
            } else {
                counts.extend(names.iter().map(|(name, count)| ((*day, *name), *count)));
            }
        }
        if !partial.is_empty() {
            for entry in self.chunks.iter().flatten().filter(|entry| range.contains(&entry.time)) {
                let day = entry.time.div_euclid(DAY);
                if partial.contains(&day) {
                    *counts.entry((day, entry.name)).or_default() += 1;
                }
            }
        }
        counts
    }

    /// The sequence of the last frame; 0 if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.sequence)
    }

    /// Of at most `look` frames behind `after` and up to `end` those that hold an event of one of these names, and the
    /// sequence of the last that was looked at.
    pub(crate) fn following(&self, after: u64, end: u64, names: &[u32], look: usize) -> (u64, Vec<FrameAt>) {
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        let to = self.frames.partition_point(|frame| frame.sequence <= end).min(from.saturating_add(look));
        let looked = self.frames.get(from..to).unwrap_or_default();
        let next = self.frames.get(to).map_or_else(|| ordinal(self.len()), |frame| frame.first);
        let ends = looked.iter().skip(1).map(|frame| frame.first).chain([next]);
        let holds = |frame: &FrameAt, end| (frame.first..end).any(|event| names.contains(&self.entry(event).name));
        let found = looked.iter().zip(ends).filter(|(frame, end)| holds(frame, *end)).map(|(frame, _)| *frame);
        (looked.last().map_or(after, |frame| frame.sequence), found.collect())
    }

    /// Every frame behind `after`, with its file.
    pub(crate) fn behind(&self, after: u64) -> Vec<(Arc<LogFile>, FrameAt)> {
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        self.frames[from..].iter().map(|frame| (self.file(frame.file), *frame)).collect()
    }

    /// Every frame and file.
    pub(crate) fn frames(&self) -> (Vec<Arc<LogFile>>, Vec<FrameAt>) {
        (self.files.clone(), self.frames.clone())
    }
}

/// A frame to be added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) sequence: u64,
    pub(crate) file: u32,
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

/// The index numbers events with 32 bits; the writer refuses more before it comes to that.
fn ordinal(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
