//! Where the frames of a log are, and which names occur in each: what following and scanning it go by. In memory, built from
//! the log; nothing is kept of an event.
//!
//! Invariant: holds exactly the frames that are acknowledged, or found whole at start, in order, but for those that were
//! trimmed. Whoever asks for these is told, and never given less than they asked for.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use crate::format::FileKey;

/// A file whose frames can be read.
pub(crate) struct LogFile {
    pub(crate) path: PathBuf,
    pub(crate) id: [u8; 16],
    pub(crate) key: FileKey,
}

/// Where a frame is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) sequence: u64,
    pub(crate) file: u32,
    pub(crate) offset: u32,
    pub(crate) length: u32,
    /// What is in it.
    pub(crate) holds: Holds,
}

/// A frame with the file that it is in.
pub(crate) type Found = (Arc<LogFile>, Frame);

/// What the events of a frame are, roughly.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Holds {
    pub(crate) events: u32,
    pub(crate) names: NameSet,
}

impl Holds {
    /// One more event, of the name of this code.
    pub(crate) const fn add(&mut self, name: u32) {
        self.events += 1;
        self.names.add(name);
    }
}

impl FromIterator<u32> for Holds {
    fn from_iter<I: IntoIterator<Item = u32>>(names: I) -> Self {
        let mut holds = Self::default();
        names.into_iter().for_each(|name| holds.add(name));
        holds
    }
}

/// About which names the events of a frame have: a name that it does not touch does not occur. Names whose codes are 64 apart
/// are not told from each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NameSet(u64);

impl NameSet {
    const fn add(&mut self, code: u32) {
        self.0 |= 1 << (code % 64);
    }

    const fn touches(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl FromIterator<u32> for NameSet {
    fn from_iter<I: IntoIterator<Item = u32>>(codes: I) -> Self {
        let mut names = Self::default();
        codes.into_iter().for_each(|code| names.add(code));
        names
    }
}

/// Frames up to here are in parts only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IsTrimmed(pub(crate) u64);

/// Events, and the bytes of their frames.
type Sum = (u64, u64);

/// The index of one log.
#[derive(Default)]
pub(crate) struct Index {
    files: VecDeque<Arc<LogFile>>,
    /// The number of the first of them.
    first: u32,
    frames: Vec<Frame>,
    /// What was added up to each frame and with it, so that what lies behind one is told without looking at the frames there.
    sums: Vec<Sum>,
    /// What was added up to the first of them.
    forgotten: Sum,
    /// Every frame up to this sequence is forgotten.
    trimmed: u64,
}

impl Index {
    pub(crate) fn add_file(&mut self, file: Arc<LogFile>) -> u32 {
        self.files.push_back(file);
        self.last_file()
    }

    fn last_file(&self) -> u32 {
        self.first + u32::try_from(self.files.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn file(&self, number: u32) -> Arc<LogFile> {
        Arc::clone(&self.files[(number - self.first) as usize])
    }

    /// Adds the frame that follows the last.
    pub(crate) fn add_frame(&mut self, frame: Frame) {
        let (events, bytes) = self.sum(self.frames.len());
        self.sums.push((events + u64::from(frame.holds.events), bytes + u64::from(frame.length)));
        self.frames.push(frame);
    }

    /// What was added before the frame at a place.
    fn sum(&self, at: usize) -> Sum {
        at.checked_sub(1).map_or(self.forgotten, |before| self.sums[before])
    }

    /// Lets go of frames that were trimmed, and of files that have no others.
    pub(crate) fn forget(&mut self, upto: u64) {
        if upto <= self.trimmed {
            return;
        }
        self.trimmed = upto;
        let gone = self.frames.partition_point(|frame| frame.sequence <= upto);
        self.forgotten = self.sum(gone);
        self.frames.drain(..gone);
        self.sums.drain(..gone);
        self.frames.shrink_to(self.frames.len() * 2);
        self.sums.shrink_to(self.sums.len() * 2);
        // Into the last file more may be written.
        let keep = self.frames.first().map_or_else(|| self.last_file(), |frame| frame.file);
        while self.first < keep {
            self.files.pop_front();
            self.first += 1;
        }
    }

    /// Up to which sequence frames are in parts only.
    pub(crate) const fn trimmed(&self) -> u64 {
        self.trimmed
    }

    /// The sequence of the last frame; 0 if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.frames.last().map_or(self.trimmed, |frame| frame.sequence)
    }

    /// Of at most `look` frames behind `after` and up to `end` those that may hold an event of one of these names, and the
    /// sequence of the last that was looked at.
    pub(crate) fn following(
        &self,
        after: u64,
        end: u64,
        names: NameSet,
        look: usize,
    ) -> Result<(u64, Vec<Found>), IsTrimmed> {
        if after < self.trimmed {
            return Err(IsTrimmed(self.trimmed));
        }
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        let to = self.frames.partition_point(|frame| frame.sequence <= end).min(from.saturating_add(look));
        let looked = self.frames.get(from..to).unwrap_or_default();
        let found = looked.iter().filter(|frame| frame.holds.names.touches(names));
        let upto = looked.last().map_or(after, |frame| frame.sequence);
        Ok((upto, found.map(|frame| (self.file(frame.file), *frame)).collect()))
    }

    /// Every frame behind `after`, with its file.
    pub(crate) fn behind(&self, after: u64) -> Result<Vec<Found>, IsTrimmed> {
        if after < self.trimmed {
            return Err(IsTrimmed(self.trimmed));
        }
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        Ok(self.frames[from..].iter().map(|frame| (self.file(frame.file), *frame)).collect())
    }

    /// How many events the frames have that lie between these two; nothing if one of them is not known here.
    pub(crate) fn between(&self, after: u64, before: u64) -> Option<u64> {
        if after < self.trimmed || self.last() + 1 < before {
            return None;
        }
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        let to = self.frames.partition_point(|frame| frame.sequence < before);
        Some(self.sum(to.max(from)).0 - self.sum(from).0)
    }

    /// How many events lie behind `after`, and in how many bytes of their file.
    pub(crate) fn waiting(&self, after: u64) -> (u64, u64) {
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        let (all, before) = (self.sum(self.frames.len()), self.sum(from));
        (all.0 - before.0, all.1 - before.1)
    }
}

#[cfg(test)]
mod tests {
    use base::Secret;

    use super::*;

    fn file(number: u8) -> Arc<LogFile> {
        let key = FileKey::new([number; 16], &Secret::new([number; 32]));
        Arc::new(LogFile { path: PathBuf::from(number.to_string()), id: [number; 16], key })
    }

    #[test]
    fn what_was_trimmed_is_forgotten_and_never_given_for_nothing() {
        let mut index = Index::default();
        let files: Vec<_> = (0..4).map(file).collect();
        for (number, file) in files.iter().enumerate() {
            assert_eq!(index.add_file(Arc::clone(file)) as usize, number);
            // The last has no frame yet.
            for sequence in (number * 2 + 1..=number * 2 + 2).filter(|sequence| *sequence <= 6) {
                let (file, holds) = (u32::try_from(number).unwrap(), Holds { events: 1, names: NameSet(1) });
                index.add_frame(Frame { sequence: sequence as u64, file, offset: 0, length: 10, holds });
            }
        }
        let numbers = |index: &Index, after| {
            let frames = index.behind(after)?;
            Ok(frames.into_iter().map(|(file, frame)| (file.id[0], frame.sequence)).collect::<Vec<_>>())
        };
        index.forget(2);
        assert_eq!(Arc::strong_count(&files[0]), 1, "its file is let go");
        assert_eq!(numbers(&index, 1), Err(IsTrimmed(2)));
        assert_eq!(numbers(&index, 2), Ok(vec![(1, 3), (1, 4), (2, 5), (2, 6)]));
        let following =
            |index: &Index, after| index.following(after, 9, NameSet(1), 2).map(|(upto, frames)| (upto, frames.len()));
        assert_eq!((following(&index, 0), following(&index, 2)), (Err(IsTrimmed(2)), Ok((4, 2))));
        assert_eq!(
            [(1, 4), (2, 6), (2, 7), (6, 7), (2, 8)].map(|(after, before)| index.between(after, before)),
            [None, Some(3), Some(4), Some(0), None]
        );
        index.forget(1);
        assert_eq!((index.trimmed(), index.waiting(0)), (2, (4, 40)), "it never goes back");
        index.forget(6);
        assert_eq!((index.last(), following(&index, 6)), (6, Ok((6, 0))), "the log goes on from there");
        assert_eq!((Arc::strong_count(&files[2]), Arc::strong_count(&files[3])), (1, 2), "the last file stays");
        index.add_frame(Frame { sequence: 7, file: 3, offset: 0, length: 10, holds: Holds::default() });
        assert_eq!(numbers(&index, 6), Ok(vec![(3, 7)]));
    }
}
