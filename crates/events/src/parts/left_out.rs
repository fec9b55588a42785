//! How many of a log file's events are in no part: copies, and those who were erased or are too old, left out when they were
//! sealed or since.
//!
//! It is committed with the manifest that leaves them out, so that a file can be accounted for before it is trimmed: what is in
//! parts and what was left out make all of it, or it stays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Of each log, by the first sequence of its files. One of a file that is not known is not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut(BTreeMap<u64, BTreeMap<u64, u64>>);

impl LeftOut {
    /// From now on the file that begins at this sequence is known.
    pub(crate) fn know(&mut self, log: u64, first: u64) {
        self.0.entry(log).or_default().entry(first).or_default();
    }

    /// An event of this frame is in no part, or no more.
    pub(crate) fn add(&mut self, log: u64, sequence: u64) {
        let file = self.0.get_mut(&log).and_then(|files| files.range_mut(..=sequence).next_back());
        if let Some((_, events)) = file {
            *events += 1;
        }
    }

    /// How many of a file's.
    pub(crate) fn of(&self, log: u64, first: u64) -> u64 {
        self.0.get(&log).and_then(|files| files.get(&first)).copied().unwrap_or(0)
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
            left_out.know(7, first);
        }
        for sequence in [1, 4, 5, 8, 8, 9, 99] {
            left_out.add(7, sequence);
        }
        left_out.know(7, 5);
        left_out.add(8, 5);
        let counts = |left_out: &LeftOut| [1, 5, 9].map(|first| left_out.of(7, first));
        assert_eq!((counts(&left_out), left_out.of(8, 5)), ([2, 3, 2], 0));
        let json = serde_json::to_string(&left_out).unwrap();
        assert_eq!(json, r#"{"7":{"1":2,"5":3,"9":2}}"#);
        assert_eq!(serde_json::from_str::<LeftOut>(&json).unwrap(), left_out);
        left_out.forget(7, 8);
        left_out.add(7, 8);
        assert_eq!(counts(&left_out), [0, 0, 2], "what came from a file that is gone is not counted to the next");
    }
}
