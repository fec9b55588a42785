//! Events of the log that no part holds yet, in memory.

use std::ops::RangeInclusive;

use super::{Columns, Source, Split, Wanted};
use crate::error::ReadError;
use crate::record::{Arrival, Event};

/// A sorted run of events in memory, every column of them.
#[derive(Debug, Default)]
pub struct TailRun {
    columns: Columns,
    time: (i64, i64),
}

/// Rows between places where it may be cut.
const SPLIT: u32 = 4_096;

impl TailRun {
    /// Of events in any order.
    pub fn of(events: Vec<(Arrival, Event)>) -> Self {
        let columns = Columns::build(events);
        let first = columns.time.iter().min().copied().unwrap_or_default();
        let last = columns.time.iter().max().copied().unwrap_or_default();
        Self { columns, time: (first, last) }
    }

    /// The events themselves.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }
}

impl Source for TailRun {
    fn rows(&self) -> u64 {
        self.columns.rows as u64
    }

    fn time(&self) -> RangeInclusive<i64> {
        self.time.0..=self.time.1
    }

    fn splits(&self) -> Vec<Split> {
        let (mut splits, mut start) = (Vec::<Split>::new(), 0);
        for stretch in &self.columns.stretches {
            let rows = u64::from(stretch.end - start);
            match splits.last_mut() {
                Some(last) if last.rows + rows <= u64::from(SPLIT) => last.rows += rows,
                _ => splits.push(Split { person: stretch.person, rows }),
            }
            start = stretch.end;
        }
        splits
    }

    fn may_hold(&self, name: &str) -> bool {
        self.columns.name.values.iter().any(|known| **known == *name)
    }

    fn read(&self, wanted: &Wanted) -> Result<Columns, ReadError> {
        Ok(self.columns.select(wanted))
    }
}
