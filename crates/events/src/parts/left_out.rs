//! How many of a log file's events are in no part: copies, and those who were erased or are too old, left out when they were
//! sealed or since.
//!
//! It is committed with the manifest that leaves them out, so that a file can be accounted for before it is trimmed: what is in
//! parts and what was left out make all of it, or it stays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Of each log, by the first sequence of its files. One of a file that is not known is not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut(BTreeMap<u64, BTreeMap<u64, Of>>);

/// What was left out of a file. Another file may begin at the same sequence: where an older copy of the log was put back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Of {
    /// The id in the file's header.
    file: [u8; 16],
    events: u64,
}

impl LeftOut {
    /// From now on the file that begins at this sequence is known. Nothing of it was left out if it is another one than before;
    /// one whose header cannot be read may be the same.
    pub(crate) fn know(&mut self, log: u64, first: u64, file: Option<[u8; 16]>) {
        let of = self.0.entry(log).or_default().entry(first).or_default();
        if let Some(file) = file.filter(|file| of.file != *file) {
            *of = Of { file, events: 0 };
        }
    }

    /// An event of this frame is in no part, or no more.
    pub(crate) fn add(&mut self, log: u64, sequence: u64) {
        let file = self.0.get_mut(&log).and_then(|files| files.range_mut(..=sequence).next_back());
        if let Some((_, of)) = file {
            of.events += 1;
        }
    }

    /// How many of a file's.
    pub(crate) fn of(&self, log: u64, first: u64, file: [u8; 16]) -> u64 {
        let of = self.0.get(&log).and_then(|files| files.get(&first)).filter(|of| of.file == file);
        of.map_or(0, |of| of.events)
    }

    /// Lets go of files that were trimmed: those up to this sequence.
    pub(crate) fn forget(&mut self, log: u64, upto: u64) {
        if let Some(files) = self.0.get_mut(&log) {
            files.retain(|first, _| *first > upto);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted_to_the_file_that_its_frame_is_in() {
        let mut left_out = LeftOut::default();
        left_out.add(7, 3);
        for first in [1, 5, 9] {
            left_out.know(7, first, Some([1; 16]));
        }
        for sequence in [1, 4, 5, 8, 8, 9, 99] {
            left_out.add(7, sequence);
        }
        left_out.know(7, 5, Some([1; 16]));
        left_out.know(7, 5, None);
        left_out.add(8, 5);
        let counts = |left_out: &LeftOut| [1, 5, 9].map(|first| left_out.of(7, first, [1; 16]));
        assert_eq!((counts(&left_out), left_out.of(8, 5, [1; 16])), ([2, 3, 2], 0));
        assert_eq!(left_out.of(7, 5, [2; 16]), 0, "another file");
        let json = serde_json::to_string(&left_out).unwrap();
        assert_eq!(serde_json::from_str::<LeftOut>(&json).unwrap(), left_out);
        left_out.know(7, 9, Some([2; 16]));
        assert_eq!((left_out.of(7, 9, [2; 16]), counts(&left_out)), (0, [2, 3, 0]), "nothing was left out of it yet");
        left_out.know(7, 9, Some([1; 16]));
        left_out.add(7, 9);
        left_out.add(7, 9);
        left_out.forget(7, 8);
        left_out.add(7, 8);
        assert_eq!(counts(&left_out), [0, 0, 2], "what came from a file that is gone is not counted to the next");
    }
}
