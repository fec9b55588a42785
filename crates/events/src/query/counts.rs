//! How many events of which name happened on which day, in UTC: what an overview shows, without a question.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use base::Timestamp;

use super::chunks::{Sources, chunks, each};
use super::control::{Control, QueryError};
use crate::columns::{ColumnSet, Columns, Properties, Wanted};

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// How many events of a name happened on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// The day's first instant, in UTC.
    pub day: Timestamp,
    pub event: Arc<str>,
    pub count: u64,
}

type Counts = BTreeMap<(i64, Arc<str>), u64>;

/// Events timed within the range by day and name, in that order. Days without events are left out.
pub(crate) fn counts(sources: &Sources, range: &Range<Timestamp>, control: &Control) -> Result<Vec<Count>, QueryError> {
    let time = range.start.micros()..range.end.micros();
    let held = |at: &usize| sources[*at].time().start() < &time.end && sources[*at].time().end() >= &time.start;
    let chunks = chunks(sources, control);
    let pieces: Vec<_> =
        (0..sources.len()).filter(held).flat_map(|at| chunks.iter().map(move |people| (at, people))).collect();
    let counted = each(control, pieces.len(), Counts::new, |counts, piece| {
        let (at, people) = pieces[piece];
        let (people, time) = (people.clone(), time.clone());
        let wanted = Wanted { people, time, names: None, columns: ColumnSet::NONE, properties: Properties::NONE };
        add(counts, &sources[at].read(&wanted)?, &wanted.time);
        Ok(())
    });
    let mut all = Counts::new();
    for ((day, event), count) in counted?.into_iter().flatten() {
        *all.entry((day, event)).or_default() += count;
    }
    let count = |((day, event), count)| Count { day: Timestamp(day), event, count };
    Ok(all.into_iter().map(count).collect())
}

fn add(counts: &mut Counts, columns: &Columns, range: &Range<i64>) {
    // By code, which is a name only within this reading.
    let mut by_code: BTreeMap<(i64, u32), u64> = BTreeMap::new();
    for (time, code) in columns.time.iter().zip(&columns.name.codes).filter(|(time, _)| range.contains(*time)) {
        *by_code.entry((time.div_euclid(DAY), *code)).or_default() += 1;
    }
    for ((day, code), count) in by_code {
        let name = &columns.name.values[code as usize];
        *counts.entry((day.saturating_mul(DAY), Arc::clone(name))).or_default() += count;
    }
}
