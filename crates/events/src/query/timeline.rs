//! What one person did, or what happened in one company: newest first, a page at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::chunks::{Sources, each};
use super::control::{Control, QueryError};
use super::known::Known;
use crate::columns::{Column, ColumnSet, Columns, Properties, Source, Wanted};
use crate::record::{Arrival, Cursor, Event};

/// Whose timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// One person's, by all numbers that they have or had.
    Person(Vec<u64>),
    /// One company's.
    Company(u64),
}

/// A page of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Whose.
    pub of: Subject,
    /// Events of these names only.
    pub names: Option<Vec<Arc<str>>>,
    /// Only what lies before; the page before says where it ended.
    pub before: Option<Cursor>,
    /// At most so many events.
    pub limit: usize,
}

/// A page of a timeline, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub events: Vec<(Arrival, Event)>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// The newest events that were found, oldest first out.
type Newest = BinaryHeap<Reverse<(i64, Arrival, Found)>>;

/// Where an event was found: in which source, and under which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    source: usize,
    person: u64,
}

impl Timeline {
    /// Reads the page from these sources. Sources behind what a page needs are not read.
    pub fn run(&self, sources: &Sources, known: &Known, control: &Control) -> Result<Page, QueryError> {
        let mut order: Vec<usize> = (0..sources.len()).filter(|at| sources[*at].rows() > 0).collect();
        order.sort_by_key(|at| Reverse(*sources[*at].time().end()));
        let newest = each(control, order.len(), Newest::new, |newest, item| {
            let at = order[item];
            let enough = newest.len() > self.limit;
            let oldest = newest.peek().map(|Reverse((time, ..))| *time);
            if enough && oldest.is_some_and(|oldest| *sources[at].time().end() < oldest) {
                return Ok(());
            }
            self.find(sources[at].as_ref(), at, (known, control), newest)
        })?;
        let mut found: Vec<_> = newest.into_iter().flatten().map(|Reverse(found)| found).collect();
        found.sort_unstable_by(|one, other| other.cmp(one));
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more);
        let next = next.map(|(time, arrival, _)| Cursor { time: base::Timestamp(*time), arrival: *arrival });
        Ok(Page { events: self.read(&found, sources, known, control)?, next })
    }

    fn wanted(&self, people: std::ops::RangeInclusive<u64>, columns: ColumnSet, properties: Properties) -> Wanted {
        // The cursor's own instant may hold events before it.
        let end = self.before.map_or(i64::MAX, |before| before.time.micros().saturating_add(1));
        Wanted { people, time: i64::MIN..end, names: self.names.clone(), columns, properties }
    }

    /// Finds the newest events of one source, without reading what they say.
    fn find(
        &self,
        source: &dyn Source,
        at: usize,
        (known, control): (&Known, &Control),
        newest: &mut Newest,
    ) -> Result<(), QueryError> {
        let columns = ColumnSet::NONE.with(Column::Person).with(Column::Arrival);
        match &self.of {
            Subject::Person(numbers) => {
                for number in numbers {
                    let wanted = self.wanted(*number..=*number, columns, Properties::NONE);
                    let columns = source.read(&wanted)?;
                    held(&columns, control, || self.newest(&columns, at, known, newest, |_| true))?;
                }
            }
            Subject::Company(company) => {
                let wanted = self.wanted(0..=u64::MAX, columns.with(Column::Company), Properties::NONE);
                let columns = source.read(&wanted)?;
                let is_of = |row: usize| columns.company[row] == *company;
                held(&columns, control, || self.newest(&columns, at, known, newest, is_of))?;
            }
        }
        Ok(())
    }

    fn newest(
        &self,
        columns: &Columns,
        source: usize,
        known: &Known,
        newest: &mut Newest,
        is_of: impl Fn(usize) -> bool,
    ) {
        let named: Option<Vec<bool>> =
            self.names.as_ref().map(|names| columns.name.values.iter().map(|name| names.contains(name)).collect());
        for (person, rows) in columns.people().filter(|(person, _)| known.person(*person).is_some()) {
            for row in rows.filter(|row| is_of(*row)) {
                let (time, arrival) = (columns.time[row], columns.arrival[row]);
                let before = self.before.is_none_or(|before| (time, arrival) < (before.time.micros(), before.arrival));
                if before && named.as_ref().is_none_or(|named| named[columns.name.codes[row] as usize]) {
                    newest.push(Reverse((time, arrival, Found { source, person })));
                    if newest.len() > self.limit + 1 {
                        newest.pop();
                    }
                }
            }
        }
    }

    /// Reads the events that were found, whole.
    fn read(
        &self,
        found: &[(i64, Arrival, Found)],
        sources: &Sources,
        known: &Known,
        control: &Control,
    ) -> Result<Vec<(Arrival, Event)>, QueryError> {
        let mut places: Vec<Found> = found.iter().map(|(.., place)| *place).collect();
        places.sort_unstable();
        places.dedup();
        let first = found.iter().map(|(time, ..)| *time).min().unwrap_or(0);
        let events = each(control, places.len(), Vec::new, |events, item| {
            let place = places[item];
            let mut wanted = self.wanted(place.person..=place.person, ColumnSet::ALL, Properties::All);
            wanted.time.start = first;
            let columns = sources[place.source].read(&wanted)?;
            held(&columns, control, || {
                for (row, arrival) in columns.arrival.iter().enumerate() {
                    if found
                        .binary_search_by(|(time, found, _)| (columns.time[row], *arrival).cmp(&(*time, *found)))
                        .is_ok()
                        && let Some((arrival, mut event)) = columns.event(place.person, row)
                    {
                        if known.personal_erased.contains(Some(place.person)) {
                            event.sealed.clear();
                        }
                        events.push((arrival, event));
                    }
                }
            })
        })?;
        let mut events: Vec<_> = events.into_iter().flatten().collect();
        events.sort_by_key(|(arrival, event)| Reverse((event.time, *arrival)));
        Ok(events)
    }
}

/// Looks at what was read, which is held meanwhile.
fn held(columns: &Columns, control: &Control, look: impl FnOnce()) -> Result<(), QueryError> {
    control.hold(columns.bytes())?;
    look();
    control.release(columns.bytes());
    Ok(())
}
