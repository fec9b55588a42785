//! Where the frames of a log are, and which names occur in each: what following and scanning it go by. In memory, built from
//! the log; nothing is kept of an event.
//!
//! Invariant: holds exactly the frames that are acknowledged, or found whole at start, in order.

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

/// The index of one log.
#[derive(Default)]
pub(crate) struct Index {
    files: Vec<Arc<LogFile>>,
    frames: Vec<Frame>,
}

impl Index {
    pub(crate) fn add_file(&mut self, file: Arc<LogFile>) -> u32 {
        self.files.push(file);
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn file(&self, number: u32) -> Arc<LogFile> {
        Arc::clone(&self.files[number as usize])
    }

    /// Adds the frame that follows the last.
    pub(crate) fn add_frame(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    /// The sequence of the last frame; 0 if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.sequence)
    }

    /// Of at most `look` frames behind `after` and up to `end` those that may hold an event of one of these names, and the
    /// sequence of the last that was looked at.
    pub(crate) fn following(&self, after: u64, end: u64, names: NameSet, look: usize) -> (u64, Vec<Frame>) {
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        let to = self.frames.partition_point(|frame| frame.sequence <= end).min(from.saturating_add(look));
        let looked = self.frames.get(from..to).unwrap_or_default();
        let found = looked.iter().filter(|frame| frame.holds.names.touches(names)).copied().collect();
        (looked.last().map_or(after, |frame| frame.sequence), found)
    }

    /// Every frame behind `after`, with its file.
    pub(crate) fn behind(&self, after: u64) -> Vec<(Arc<LogFile>, Frame)> {
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        self.frames[from..].iter().map(|frame| (self.file(frame.file), *frame)).collect()
    }

    /// How many events lie behind `after`, and in how many bytes of their file.
    pub(crate) fn waiting(&self, after: u64) -> (u64, u64) {
        let from = self.frames.partition_point(|frame| frame.sequence <= after);
        let add =
            |(events, bytes), frame: &Frame| (events + u64::from(frame.holds.events), bytes + u64::from(frame.length));
        self.frames[from..].iter().fold((0, 0), add)
    }

    /// Every frame and file.
    pub(crate) fn frames(&self) -> (Vec<Arc<LogFile>>, Vec<Frame>) {
        (self.files.clone(), self.frames.clone())
    }
}
